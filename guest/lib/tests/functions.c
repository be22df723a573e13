/*
 * Every function of the guests' C library with random arguments, as a guest and as a program of the host, whose own
 * library it then uses: the digests must be equal. Endpoint 0 takes the number of the test and a seed.
 */
#define _GNU_SOURCE
#include <assay/guest.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROUNDS 40

static uint64_t state, digest;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x9e3779b97f4a7c15 % below;
}

static void note(uint64_t value)
{
    digest = (digest ^ value) * 0xff51afd7ed558ccd;
    digest ^= digest >> 31;
}

static void note_bytes(const void *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++)
        note(((const unsigned char *)bytes)[n]);
}

static void note_order(int order)
{
    note((uint64_t)((order > 0) - (order < 0)));
}

/* Where a pointer points, from a start; NULL is a number of its own. */
static void note_place(const void *place, const void *start)
{
    note(place == NULL ? 77777 : (uint64_t)((const char *)place - (const char *)start));
}

static char a[160], b[160], c[400];

/* Text of few letters, so that parts are found; bytes from 128 on among them. */
static char *text(char *into, size_t most)
{
    static const char letters[] = "aabABb \t.\xe4\xff";
    size_t size = draw(most);
    for (size_t n = 0; n < size; n++)
        into[n] = letters[draw(sizeof letters - 1)];
    into[size] = 0;
    return into;
}

static void texts(void)
{
    text(a, 60);
    text(b, draw(2) ? 4 : 60);
    if (draw(3) == 0)
        memcpy(b, a, sizeof a);
}

#define TEST(name) static void test_##name(void)

TEST(memcpy)
{
    texts();
    size_t size = draw(100), to = draw(9), from = draw(9);
    note_place(memcpy(c + to, a + from, size), c);
    note_bytes(c, 120);
}
TEST(memmove)
{
    texts();
    size_t size = draw(90), to = draw(60), from = draw(60);
    note_place(memmove(a + to, a + from, size), a);
    note_bytes(a, 160);
}
TEST(memset)
{
    size_t size = draw(90), to = draw(9);
    note_place(memset(a + to, (int)draw(600) - 300, size), a);
    note_bytes(a, 120);
}
TEST(memcmp)
{
    texts();
    note_order(memcmp(a, b, draw(70)));
    b[draw(60)]++;
    note_order(memcmp(a, b, 60));
}
TEST(memchr)
{
    texts();
    size_t size = draw(60);
    note_place(memchr(a, (int)draw(512) - 256, size), a);
    note_place(memchr(a, 'a', size), a);
}
TEST(memrchr)
{
    texts();
    note_place(memrchr(a, 'b', draw(60)), a);
    note_place(memrchr(a, 256 + 'A', draw(60)), a);
}
TEST(memmem)
{
    texts();
    size_t size = draw(60);
    note_place(memmem(a, size, b, draw(5)), a);
}
TEST(strlen)
{
    texts();
    note(strlen(a));
    note(strlen(b));
}
TEST(strnlen)
{
    texts();
    note(strnlen(a, draw(60)));
}
TEST(strcpy)
{
    texts();
    note_place(strcpy(c, a), c);
    note_bytes(c, 80);
}
TEST(strncpy)
{
    texts();
    note_place(strncpy(c, a, draw(90)), c);
    note_bytes(c, 100);
}
TEST(stpcpy)
{
    texts();
    note_place(stpcpy(c, a), c);
    note_bytes(c, 80);
}
TEST(strcat)
{
    texts();
    strcpy(c, a);
    note_place(strcat(c, b), c);
    note_bytes(c, 130);
}
TEST(strncat)
{
    texts();
    strcpy(c, a);
    note_place(strncat(c, b, draw(60)), c);
    note_bytes(c, 130);
}
TEST(strcmp)
{
    texts();
    note_order(strcmp(a, b));
    note_order(strcmp(b, a));
    note_order(strcoll(a, b));
}
TEST(strncmp)
{
    texts();
    note_order(strncmp(a, b, draw(8)));
}
TEST(strcasecmp)
{
    texts();
    note_order(strcasecmp(a, b));
    note_order(strncasecmp(a, b, draw(9)));
}
TEST(strxfrm)
{
    texts();
    size_t n = draw(60);
    memset(c, 1, 99);
    note(strxfrm(c, a, n));
    if (strlen(a) < n)
        note_bytes(c, n);
}
TEST(strchr)
{
    texts();
    note_place(strchr(a, "ab\xff"[draw(4)]), a);
    note_place(strchrnul(a, 'B'), a);
}
TEST(strrchr)
{
    texts();
    note_place(strrchr(a, "ab\xff"[draw(4)]), a);
}
TEST(strspn)
{
    texts();
    note(strspn(a, "abA"));
    note(strspn(a, b));
    note(strcspn(a, ". "));
    note(strcspn(a, b));
}
TEST(strpbrk)
{
    texts();
    note_place(strpbrk(a, b), a);
    note_place(strpbrk(a, ".\t"), a);
}
TEST(strstr)
{
    texts();
    b[draw(5)] = 0;
    note_place(strstr(a, b), a);
    note_place(strstr(a, a + strlen(a) / 2), a);
}
TEST(strtok)
{
    char *place;
    texts();
    strcpy(c, a);
    for (char *at = strtok(a, " ."); at != NULL; at = strtok(NULL, draw(2) ? " \t" : "b"))
        note_place(at, a);
    for (char *at = strtok_r(c, "a", &place); at != NULL; at = strtok_r(NULL, "a", &place))
        note_place(at, c);
    note_bytes(a, 60);
}
TEST(strdup)
{
    texts();
    char *one = strdup(a), *two = strndup(a, draw(60));
    note_bytes(one, strlen(one) + 1);
    note_bytes(two, strlen(two) + 1);
    free(one);
    free(two);
}
TEST(strerror)
{
    static const int known[] = {0,      EPERM,  ENOENT, EINTR,  EIO,  EBADF,  EAGAIN, ENOMEM, EACCES,
                                EFAULT, EEXIST, EINVAL, ENOSPC, EDOM, ERANGE, ENOSYS, EILSEQ, EOVERFLOW};
    const char *said = strerror(known[draw(sizeof known / sizeof known[0])]);
    note_bytes(said, strlen(said));
}
TEST(ctype)
{
    for (int n = -1; n < 256; n++) {
        note((uint64_t)(!isalnum(n) + !isalpha(n) * 2 + !isblank(n) * 4 + !iscntrl(n) * 8 + !isdigit(n) * 16));
        note((uint64_t)(!isgraph(n) + !islower(n) * 2 + !isprint(n) * 4 + !ispunct(n) * 8 + !isspace(n) * 16));
        note((uint64_t)(!isupper(n) + !isxdigit(n) * 2));
        note((uint64_t)(tolower(n) + 1000 * toupper(n)));
    }
}

static void number(void)
{
    static const char *const starts[] = {"", " ", "\t\n -", "+", "-", "0x", "-0X", "0", "x", "- 1", "0xg"};
    static const char *const ends[] = {"",
                                       "z",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "18446744073709551615",
                                       "18446744073709551616",
                                       "ffffffffffffffff",
                                       "7fffffffffffffff1",
                                       "777",
                                       "08",
                                       " 1"};
    char middle[24];
    for (size_t n = 0; n < sizeof middle; n++)
        middle[n] = "0123456789abcdefzZF"[draw(19)];
    middle[draw(2) ? draw(sizeof middle) : 0] = 0;
    middle[sizeof middle - 1] = 0;
    strcpy(a, starts[draw(11)]);
    strcat(a, middle);
    strcat(a, ends[draw(11)]);
}
TEST(strtol)
{
    static const int bases[] = {0, 2, 8, 10, 16, 36, 7};
    int base = bases[draw(7)];
    char *end;
    number();
    errno = 0;
    note((uint64_t)strtol(a, &end, base));
    note_place(end, a);
    note((uint64_t)errno);
    note((uint64_t)strtoll(a, NULL, base));
}
TEST(strtoul)
{
    static const int bases[] = {0, 2, 8, 10, 16, 36, 7};
    int base = bases[draw(7)];
    char *end;
    number();
    errno = 0;
    note(strtoul(a, &end, base));
    note_place(end, a);
    note((uint64_t)errno);
    note(strtoull(a, NULL, base));
}
TEST(atoi)
{
    snprintf(a, 99, " %d", (int)draw(UINT64_MAX));
    note((uint64_t)(atoi(a) + 3 * atol(a) + atoll(a)));
}
TEST(div)
{
    int64_t x = (int64_t)draw(UINT64_MAX), y = (int64_t)draw(1000) - 2000;
    div_t i = div((int)x, (int)y);
    ldiv_t l = ldiv(x, y);
    lldiv_t ll = lldiv(x, y);
    note((uint64_t)(i.quot + 3 * i.rem) + (uint64_t)(l.quot ^ l.rem) + (uint64_t)(ll.quot ^ ll.rem));
    note((uint64_t)(labs(y) + llabs(y) + abs((int)y)));
}

static int by_value(const void *x, const void *y)
{
    uint32_t first, second;
    memcpy(&first, x, 4);
    memcpy(&second, y, 4);
    return first < second ? -1 : first > second;
}
TEST(qsort)
{
    static uint32_t items[100];
    size_t count = draw(100);
    for (size_t n = 0; n < count; n++)
        items[n] = (uint32_t)draw(150);
    qsort(items, count, 4, by_value);
    note_bytes(items, 4 * count);
}
TEST(qsort_of_bytes)
{
    static unsigned char items[60][7];
    size_t count = draw(60);
    for (size_t n = 0; n < count; n++)
        for (size_t at = 0; at < 7; at++)
            items[n][at] = (unsigned char)(at < 4 ? n * 37 >> at : draw(256));
    for (size_t n = 0; n < count; n++) { /* each its own key */
        uint32_t key = (uint32_t)(n * 2654435761u);
        memcpy(items[n], &key, 4);
    }
    qsort(items, count, 7, by_value);
    note_bytes(items, 7 * count);
}
TEST(bsearch)
{
    static uint32_t items[64];
    uint32_t key = (uint32_t)draw(200);
    size_t count = draw(64);
    for (size_t n = 0; n < count; n++)
        items[n] = (uint32_t)(3 * n);
    note_place(bsearch(&key, items, count, 4, by_value), items);
}
TEST(malloc)
{
    static struct {
        unsigned char *at, fill;
        size_t size;
    } held[16];
    for (int step = 0; step < 60; step++) {
        size_t n = draw(16), size = draw(4) ? draw(90) : draw(900);
        for (size_t k = 0; k < held[n].size; k++)
            note(held[n].at[k] == held[n].fill);
        switch (draw(4)) {
        case 0:
            free(held[n].at);
            held[n].at = malloc(size);
            break;
        case 1: {
            size_t kept = size < held[n].size ? size : held[n].size;
            held[n].at = realloc(held[n].at, size + 1);
            for (size_t k = 0; k < kept; k++)
                note(held[n].at[k] == held[n].fill);
            break;
        }
        case 2:
            free(held[n].at);
            held[n].at = aligned_alloc(64, size = (size + 63) / 64 * 64);
            note((uintptr_t)held[n].at % 64);
            break;
        default:
            free(held[n].at);
            held[n].at = calloc(size, 1);
            for (size_t k = 0; k < size; k++)
                note(held[n].at[k]);
        }
        note((uintptr_t)held[n].at % 16);
        held[n].size = size;
        held[n].fill = (unsigned char)step;
        memset(held[n].at, step, size);
    }
}
TEST(malloc_of_too_much)
{
    volatile size_t much = SIZE_MAX - draw(4096);
    errno = 0;
    note(malloc(much) == NULL);
    note(calloc(much, 16) == NULL);
    note((uint64_t)errno);
}

static void print(const char *format, ...)
{
    va_list arguments;
    size_t size = draw(3) ? sizeof c : draw(12);
    memset(c, '#', sizeof c);
    va_start(arguments, format);
    note((uint64_t)vsnprintf(c, size, format, arguments));
    va_end(arguments);
    note_bytes(c, 100);
}

/* A format of random flags, width and precision, with this length and conversion. */
static const char *format(const char *conversion)
{
    char *at = a;
    *at++ = '<';
    *at++ = '%';
    for (const char *flag = "-+ #0"; *flag != 0; flag++)
        if (draw(3) == 0 && (conversion[strlen(conversion) - 1] != 's' || *flag == '-'))
            *at++ = *flag;
    if (draw(2))
        at += sprintf(at, "%d", (int)draw(25));
    if (draw(2))
        at += sprintf(at, ".%d", (int)draw(25));
    sprintf(at, "%s>", conversion);
    return a;
}

static uint64_t any(void)
{
    static const uint64_t edges[] = {0,   1,         7,          8,          9,         10,        255,
                                     256, INT32_MAX, 1ull << 31, UINT32_MAX, INT64_MAX, 1ull << 63};
    uint64_t value = draw(2) ? edges[draw(13)] : draw(UINT64_MAX) >> draw(64);
    return draw(3) ? value : -value;
}

#define PRINT(conversion, type)                                                                                        \
    do {                                                                                                               \
        type value = (type)any();                                                                                      \
        print(format(conversion), value);                                                                              \
    } while (0)

TEST(printf_signed)
{
    PRINT(draw(2) ? "d" : "i", int);
    PRINT("hhd", int);
    PRINT("hi", int);
    PRINT("ld", long);
    PRINT("lld", long long);
    PRINT("jd", intmax_t);
    PRINT("td", ptrdiff_t);
}
TEST(printf_unsigned)
{
    static const char *const kinds[] = {"u", "x", "X", "o"};
    static const char *const lengths[] = {"l", "ll", "z", "j"};
    char conversion[8];
    const char *kind = kinds[draw(4)];
    PRINT(kind, unsigned);
    PRINT(strcat(strcpy(conversion, "hh"), kind), unsigned);
    PRINT(strcat(strcpy(conversion, "h"), kind), unsigned);
    PRINT(strcat(strcpy(conversion, lengths[draw(4)]), kind), unsigned long);
}
TEST(printf_text)
{
    int one = (int)draw(256), two = (int)draw(9), three = (int)draw(9) - 4, width = (int)draw(40) - 20;
    uint64_t x = any(), y = any();
    text(b, 40);
    print(format("s"), b);
    print("%c%%%-5c|%5c", 'x', one, 'y');
    print("%p %p|%20p|%-20p|", (void *)0, (void *)0x1234, (void *)(uintptr_t)(x | 1), (void *)0);
    print("%*d|%-*d|%.*d|%.*s", width, 5, two, 6, three, 7, three, b);
    print("%" PRIu64 " %" PRId32 " %" PRIx64 " %" PRIX8 " %" PRIuPTR, x, (int32_t)y, y, one, x);
}
TEST(sprintf)
{
    int x = (int)any();
    unsigned y = (unsigned)any();
    note((uint64_t)sprintf(c, "%s-%d-%x", text(b, 30), x, y));
    note_bytes(c, strlen(c));
    note((uint64_t)snprintf(NULL, 0, "%lu", any()));
}

static jmp_buf place;
_Noreturn static void leave(int depth)
{
    if (depth == 0)
        longjmp(place, (int)draw(4));
    leave(depth - 1);
}
TEST(setjmp)
{
    volatile int turns = 0;
    switch (setjmp(place)) {
    case 0:
        turns = turns + 1;
        leave((int)draw(6));
    case 1:
        note(1);
        break;
    default:
        note(5);
        turns = turns + 1;
        if (turns < 4)
            leave((int)draw(6));
    }
    note((uint64_t)turns);
}
TEST(assert)
{
    assert(draw(5) < 5);
    static_assert(CHAR_BIT == 8 && INT_MAX == 2147483647 && LONG_MAX == INT64_MAX, "limits");
    note((uint64_t)UCHAR_MAX + (uint64_t)SHRT_MAX + UINT_MAX + (uint64_t)LLONG_MIN + (uint64_t)EXIT_FAILURE +
         (getenv("") == NULL));
}

#define ROW(name) test_##name,
static void (*const tests[])(void) = {
#include "list.h"
};
#undef ROW

ASSAY_ENDPOINT(0, go)
{
    state = argument1 * 0x9e3779b97f4a7c15 | 1;
    digest = 0;
    for (int round = 0; round < ROUNDS; round++)
        tests[argument0]();
    return digest;
}
