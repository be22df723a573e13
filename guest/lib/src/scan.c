/* sscanf: what each conversion may take is found first, then read as strtol and strtod do. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 1200 /* letters of a number that are looked at */

struct conversion {
    bool is_ignored;
    size_t width;
    char length; /* b hh, h, l, or 0; ll, j, z and t are l */
    char kind;
    const char *set; /* behind [ */
};

static const char *read_conversion(const char *at, struct conversion *found)
{
    *found = (struct conversion){false, 0, 0, 0, NULL};
    if (*at == '*') {
        found->is_ignored = true;
        at++;
    }
    while (isdigit((unsigned char)*at))
        found->width = found->width * 10 + (size_t)(*at++ - '0');
    for (; *at != 0 && strchr("hljzt", *at) != NULL; at++)
        found->length = *at != 'h' ? 'l' : found->length == 'h' ? 'b' : 'h';
    found->kind = *at;
    if (*at++ != '[')
        return at - (found->kind == 0);
    found->set = at;
    at += *at == '^';
    at += *at == ']';
    at += strcspn(at, "]");
    return at + (*at == ']');
}

static bool is_in_set(const char *set, char letter)
{
    bool is_inverted = *set == '^', found = false;
    const char *first = set + is_inverted;
    for (const char *at = first; *at != 0 && (*at != ']' || at == first); at++) {
        if (at[1] == '-' && at[2] != ']' && at[2] != 0) {
            found |= (unsigned char)at[0] <= (unsigned char)letter && (unsigned char)letter <= (unsigned char)at[2];
            at += 2;
        } else {
            found |= *at == letter;
        }
    }
    return found != is_inverted;
}

static size_t digits_at(const char *at, size_t most, int base)
{
    size_t size = 0;
    for (; size < most; size++) {
        unsigned char letter = (unsigned char)at[size];
        if (!isxdigit(letter) || (base <= 10 && !(isdigit(letter) && letter < '0' + base)))
            break;
    }
    return size;
}

/* Sign, prefix and digits; *is_whole says whether that is a number. */
static size_t integer_at(const char *at, size_t most, int base, bool *is_whole)
{
    size_t size = most > 0 && (*at == '-' || *at == '+'), digits;
    bool has_prefix = size + 1 < most && at[size] == '0' && tolower((unsigned char)at[size + 1]) == 'x';
    if (has_prefix && (base == 0 || base == 16)) {
        size += 2;
        base = 16;
    }
    if (base == 0)
        base = size < most && at[size] == '0' ? 8 : 10;
    digits = digits_at(at + size, most - size, base);
    *is_whole = digits > 0;
    return size + digits;
}

static size_t word_at(const char *at, size_t most, const char *word)
{
    size_t size = 0;
    while (size < most && word[size] != 0 && tolower((unsigned char)at[size]) == word[size])
        size++;
    return size;
}

static size_t infinity_at(const char *at, size_t most, bool *is_whole)
{
    size_t size = word_at(at, most, tolower((unsigned char)*at) == 'n' ? "nan" : "infinity");
    *is_whole = size == 3 || size == 8;
    return size;
}

static size_t real_at(const char *at, size_t most, bool *is_whole)
{
    size_t size = most > 0 && (*at == '-' || *at == '+'), digits, more, sign;
    bool has_prefix = size + 1 < most && at[size] == '0' && tolower((unsigned char)at[size + 1]) == 'x';
    if (size < most && isalpha((unsigned char)at[size]))
        return size + infinity_at(at + size, most - size, is_whole);
    size += has_prefix ? 2 : 0;
    digits = digits_at(at + size, most - size, has_prefix ? 16 : 10);
    size += digits;
    if (size < most && at[size] == '.') {
        more = digits_at(at + size + 1, most - size - 1, has_prefix ? 16 : 10);
        digits += more;
        size += more + 1;
    }
    *is_whole = digits > 0;
    if (digits > 0 && size < most && tolower((unsigned char)at[size]) == (has_prefix ? 'p' : 'e')) {
        sign = size + 1 < most && (at[size + 1] == '-' || at[size + 1] == '+');
        more = digits_at(at + size + 1 + sign, most - size - 1 - sign, 10);
        *is_whole = more > 0;
        size += 1 + sign + more;
    }
    return size;
}

static void store_integer(const struct conversion *conversion, void *target, uint64_t value)
{
    size_t size = conversion->length == 'b'                              ? 1
                  : conversion->length == 'h'                            ? sizeof(short)
                  : conversion->length == 'l' || conversion->kind == 'p' ? sizeof(long)
                                                                         : sizeof(int);
    memcpy(target, &value, size); /* the low bytes come first */
}

static int base_of(char kind)
{
    return kind == 'i' ? 0 : kind == 'o' ? 8 : kind == 'x' || kind == 'X' || kind == 'p' ? 16 : 10;
}

/* Reads a number into its target; gives how many letters it took, 0 when there is no number. */
static size_t scan_number(const char *at, const struct conversion *conversion, void *target)
{
    char text[LONGEST + 1];
    size_t most = strnlen(at, conversion->width > 0 && conversion->width < LONGEST ? conversion->width : LONGEST);
    bool is_real = strchr("eEfFgGaA", conversion->kind) != NULL, is_whole = false;
    size_t size = is_real ? real_at(at, most, &is_whole) : integer_at(at, most, base_of(conversion->kind), &is_whole);
    if (!is_whole)
        return 0;
    memcpy(text, at, size);
    text[size] = 0;
    if (conversion->is_ignored)
        return size;
    if (!is_real && (conversion->kind == 'd' || conversion->kind == 'i'))
        store_integer(conversion, target, (uint64_t)strtol(text, NULL, base_of(conversion->kind)));
    else if (!is_real)
        store_integer(conversion, target, strtoul(text, NULL, base_of(conversion->kind)));
    else if (conversion->length == 'l')
        *(double *)target = strtod(text, NULL);
    else
        *(float *)target = strtof(text, NULL);
    return size;
}

/* Reads letters: %c, %s and %[. */
static size_t scan_letters(const char *at, const struct conversion *conversion, char *target)
{
    size_t most = conversion->width > 0 ? conversion->width : conversion->kind == 'c' ? 1 : SIZE_MAX, size = 0;
    while (size < most && at[size] != 0 && (conversion->kind != 's' || !isspace((unsigned char)at[size])) &&
           (conversion->kind != '[' || is_in_set(conversion->set, at[size])))
        size++;
    if (size == 0 || (conversion->kind == 'c' && size < most))
        return 0;
    if (!conversion->is_ignored) {
        memcpy(target, at, size);
        if (conversion->kind != 'c')
            target[size] = 0;
    }
    return size;
}

struct scan {
    const char *text, *at;
    int count;
};

/* White space takes as much as there is, another letter itself; false ends it all. */
static bool take_letter(struct scan *scan, const char **format)
{
    bool is_blank = isspace((unsigned char)**format), is_percent = **format == '%';
    *format += is_percent;
    while ((is_blank || is_percent) && isspace((unsigned char)*scan->at))
        scan->at++;
    if (!is_blank && *scan->at != **format)
        return false;
    scan->at += !is_blank;
    *format += 1;
    return true;
}

static bool convert(struct scan *scan, const struct conversion *conversion, void *target)
{
    bool has_letters = conversion->kind == 'c' || conversion->kind == 's' || conversion->kind == '[';
    size_t size;
    while (conversion->kind != 'c' && conversion->kind != '[' && isspace((unsigned char)*scan->at))
        scan->at++;
    size = has_letters ? scan_letters(scan->at, conversion, target) : scan_number(scan->at, conversion, target);
    scan->at += size;
    scan->count += size > 0 && !conversion->is_ignored;
    return size > 0;
}

int vsscanf(const char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT format, va_list arguments)
{
    struct scan scan = {text, text, 0};
    struct conversion conversion;
    const char *next = format;
    bool goes_on = true;
    while (goes_on && *next != 0) {
        void *target;
        if (*next != '%' || next[1] == '%') {
            goes_on = take_letter(&scan, &next);
            continue;
        }
        next = read_conversion(next + 1, &conversion);
        target = conversion.is_ignored ? NULL : va_arg(arguments, void *);
        if (conversion.kind != 'n')
            goes_on = convert(&scan, &conversion, target);
        else if (!conversion.is_ignored)
            store_integer(&conversion, target, (uint64_t)(scan.at - text));
    }
    return !goes_on && *scan.at == 0 && scan.count == 0 ? EOF : scan.count;
}

int sscanf(const char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT format, ...)
{
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}
