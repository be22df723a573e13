/*
 * Arithmetic of float and double on random and special numbers, as a guest, which has software for it, and as a program
 * of the host, which has hardware: every bit must be equal. Endpoint 0 takes the number of the test, a seed, and how
 * many times. A NaN is a NaN: nothing says which.
 */
#define _GNU_SOURCE
#include <assay/guest.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

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

static void note_text(const char *text)
{
    for (; *text != 0; text++)
        note((unsigned char)*text);
    note(0);
}

static void note_double(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    note((bits & INT64_MAX) > 0x7ff0000000000000 ? 1 : bits);
}

static void note_float(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    note((bits & INT32_MAX) > 0x7f800000 ? 1 : bits);
}

static uint64_t word(void)
{
    uint64_t high = draw(UINT64_MAX);
    return high << 32 ^ draw(UINT64_MAX);
}

/* Bits of a number: any, special, of few bits, next to one of few bits, or with an exponent near to another's. */
static uint64_t any(int precision, int size)
{
    static uint64_t last;
    uint64_t top = UINT64_C(1) << (size - 1), one = UINT64_C(1) << (precision - 1), all = 2 * top - 1;
    uint64_t infinity = (top / one - 1) * one, bits = word() & all;
    uint64_t sign = draw(2) ? top : 0;
    uint64_t special[] = {0, 1, one - 1, one, one + 1, infinity - 1, infinity, infinity + 1, infinity / 2 - one / 2};
    switch (draw(8)) {
    case 0:
        bits = special[draw(sizeof special / sizeof special[0])] | sign;
        break;
    case 1:
        bits &= ~(one - 1) | one >> draw((uint64_t)precision);
        break;
    case 2:
        bits = (bits & ~(one - 1)) + draw(7) - 3;
        break;
    case 3:
        bits = (bits & (one - 1)) | (last & ~(one - 1));
        break;
    case 4:
        bits = ((bits & (one - 1)) | (last & ~(one - 1))) + (draw(60) - 30) * one;
        break;
    case 5:
        bits = (last ^ sign) + draw(5) - 2;
        break;
    case 6: /* from 2^-40 to 2^130, as integers are */
        bits = (bits & (top | (one - 1))) | (infinity / one / 2 - 40 + draw(170)) * one;
        break;
    default:
        break;
    }
    last = bits & all;
    return last;
}

static double any_double(void)
{
    uint64_t bits = any(53, 64);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static float any_float(void)
{
    uint32_t bits = (uint32_t)any(24, 32);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t any_integer(void)
{
    uint64_t value = word();
    value >>= draw(64);
    value <<= draw(40);
    if (draw(3) == 0)
        value = -value;
    return draw(3) ? value : value + (UINT64_C(1) << draw(64));
}

static int128 any_wide(void)
{
    uint128 value = any_integer();
    value <<= draw(65);
    return (int128)(draw(2) ? value ^ any_integer() : value);
}

#define TEST(name) static void test_##name(void)

#define ARITHMETIC(type, operator, name)                                                                               \
    TEST(type##_##name)                                                                                                \
    {                                                                                                                  \
        type a = any_##type(), b = any_##type();                                                                       \
        note_##type(a operator b);                                                                                     \
    }

#define TO_INTEGER(type, integer, name, least, most)                                                                   \
    TEST(type##_to_##name)                                                                                             \
    {                                                                                                                  \
        type number = any_##type();                                                                                    \
        if (number > (type)(least) && number < (type)(most)) {                                                         \
            note((uint64_t)(integer)number);                                                                           \
            note((uint64_t)((uint128)(integer)number >> 64));                                                          \
        }                                                                                                              \
    }

#define FROM_INTEGER(type, integer, name, value)                                                                       \
    TEST(type##_from_##name)                                                                                           \
    {                                                                                                                  \
        integer given = (integer)(value);                                                                              \
        note_##type((type)given);                                                                                      \
    }

#define ALL(type)                                                                                                      \
    ARITHMETIC(type, +, add)                                                                                           \
    ARITHMETIC(type, -, subtract)                                                                                      \
    ARITHMETIC(type, *, multiply)                                                                                      \
    ARITHMETIC(type, /, divide)                                                                                        \
    TEST(type##_compare)                                                                                               \
    {                                                                                                                  \
        type a = any_##type(), b = any_##type();                                                                       \
        note((uint64_t)((a == b) + 2 * (a != b) + 4 * (a < b) + 8 * (a <= b) + 16 * (a > b) + 32 * (a >= b)));         \
        note((uint64_t)(__builtin_isunordered(a, b) + 2 * __builtin_isless(a, b) + 4 * !(a < b)));                     \
        note_##type(-a);                                                                                               \
    }                                                                                                                  \
    TO_INTEGER(type, int, int, -0x1p31, 0x1p31)                                                                        \
    TO_INTEGER(type, int64_t, long, -0x1p63, 0x1p63)                                                                   \
    TO_INTEGER(type, int128, wide, -0x1p127, 0x1p127)                                                                  \
    TO_INTEGER(type, unsigned, unsigned, -1, 0x1p32)                                                                   \
    TO_INTEGER(type, uint64_t, unsigned_long, -1, 0x1p64)                                                              \
    TO_INTEGER(type, uint128, unsigned_wide, -1, 0x1p128)                                                              \
    FROM_INTEGER(type, int, int, any_integer())                                                                        \
    FROM_INTEGER(type, int64_t, long, any_integer())                                                                   \
    FROM_INTEGER(type, int128, wide, any_wide())                                                                       \
    FROM_INTEGER(type, unsigned, unsigned, any_integer())                                                              \
    FROM_INTEGER(type, uint64_t, unsigned_long, any_integer())                                                         \
    FROM_INTEGER(type, uint128, unsigned_wide, any_wide())

ALL(double)
ALL(float)

TEST(narrow_and_widen)
{
    double large = any_double();
    float small = any_float();
    if (draw(3) == 0) { /* within the range of float */
        large = (double)small;
        large += large * (double)(int64_t)draw(9) * 0x1p-29;
    }
    note_float((float)large);
    note_double((double)small);
}

TEST(rounding)
{
    double number = any_double();
    if (draw(3) == 0)
        number = (double)(int64_t)draw(4000) / 4 - 500;
    note_double(trunc(number));
    note_double(floor(number));
    note_double(ceil(number));
    note_double(round(number));
    note_double(rint(number));
    note_double(fabs(number));
}

TEST(square_root)
{
    double number = any_double();
    note_double(sqrt(draw(8) ? fabs(number) : number));
}

TEST(remainder_of_division)
{
    double a = any_double(), b = any_double();
    note_double(fmod(a, b));
}

TEST(parts_of_numbers)
{
    double a = any_double(), b = any_double(), whole = 0;
    int exponent = 0;
    note_double(copysign(a, b));
    note_double(modf(a, &whole));
    note_double(whole);
    note_double(frexp(a, &exponent));
    note(isfinite(a) ? (uint64_t)exponent : 0);
    exponent = (int)draw(4200) - 2100;
    note_double(ldexp(a, exponent));
    note_double(scalbn(a, draw(2) ? 100000 : -100000));
    if (!isnan(a)) {
        note_double(fmin(a, NAN));
        note_double(fmax(NAN, a));
    }
    if (a < b || a > b) { /* nothing says which zero is less */
        note_double(fmin(a, b));
        note_double(fmax(a, b));
    }
    note((uint64_t)(isnan(a) + 2 * isinf(a) * isinf(a) + 4 * !!isfinite(a) + 8 * !!isnormal(a)));
    note((uint64_t)fpclassify(a) + (isnan(a) ? 0 : 8 * (uint64_t)!!signbit(a)));
}

static char made[1500];

/* A number as people and programs write them, long and short, and what is nearly one. */
static void any_text(void)
{
    static const char *const starts[] = {"", "", "-", "+", " ", "\t-", "0x", "-0X", "0", "0.", "."};
    static const char *const known[] = {"inf",
                                        "-INFINITY",
                                        "nan",
                                        "+NaN(12_a)",
                                        "nan(",
                                        "infinit",
                                        "0x",
                                        "0x.p1",
                                        ".",
                                        "e5",
                                        "1e",
                                        "1e+",
                                        "0x1p-",
                                        "",
                                        "2.2250738585072011e-308",
                                        "2.2250738585072012e-308",
                                        "2.2250738585072014e-308",
                                        "4.9406564584124654e-324",
                                        "2.4703282292062327e-324",
                                        "2.4703282292062328e-324",
                                        "1.7976931348623157e308",
                                        "1.7976931348623158e308",
                                        "1.7976931348623159e308",
                                        "0x1.fffffffffffff8p1023",
                                        "0x1.fffffffffffff7p1023",
                                        "0x0.8p-1074",
                                        "0x0.80000000001p-1074",
                                        "0x1.00000000000008p0",
                                        "0x1.000000000000080001p0",
                                        "9007199254740993",
                                        "9007199254740992.9999999999999999999",
                                        "0e99999999999",
                                        "1e-99999999999",
                                        "1e99999999999999999999"};
    size_t size, count;
    int kind = (int)draw(6);
    strcpy(made, starts[draw(11)]);
    if (kind == 0) {
        strcpy(made, known[draw(sizeof known / sizeof known[0])]);
    } else if (kind == 1) {
        double number = any_double();
        snprintf(made, sizeof made, draw(2) ? "%.17g" : "%.30e", number);
    } else if (kind == 2) { /* half way between two doubles, or a bit off */
        double number = any_double();
        snprintf(made, sizeof made, "%.1100f", isfinite(number) ? fmod(number, 1e18) : 0.5);
        size = strlen(made);
        while (size > 3 && made[size - 1] == '0')
            size--;
        strcpy(made + size, draw(2) ? "5" : draw(2) ? "49999" : "50000000000001");
    } else {
        size = strlen(made);
        count = draw(draw(4) ? 22 : 900);
        for (size_t n = 0; n < count; n++)
            made[size + n] = "01234567890123456789..abcdef"[draw(kind == 3 ? 28 : draw(4) ? 20 : 21)];
        made[size + count] = 0;
        if (draw(2)) {
            char letter = "eEpP"[draw(4)];
            int exponent = draw(2) ? (int)draw(40) - 20 : (int)draw(800) - 400;
            sprintf(made + size + count, "%c%d", letter, exponent);
        }
    }
}

TEST(text_to_double)
{
    char *end;
    any_text();
    errno = 0;
    note_double(strtod(made, &end));
    note((uint64_t)(end - made));
    note((uint64_t)errno);
    note_double(atof(made));
}

TEST(text_to_float)
{
    char *end;
    any_text();
    errno = 0;
    note_float(strtof(made, &end));
    note((uint64_t)(end - made));
    note((uint64_t)errno);
}

/* A format of random flags, width and precision. */
static void any_format(char *format, const char *conversions)
{
    *format++ = '%';
    for (const char *flag = "-+ #0"; *flag != 0; flag++)
        if (draw(4) == 0)
            *format++ = *flag;
    if (draw(2))
        format += sprintf(format, "%d", (int)draw(40));
    if (draw(3))
        format += sprintf(format, ".%d", (int)(draw(4) ? draw(20) : draw(400)));
    *format++ = conversions[draw(strlen(conversions))];
    strcpy(format, draw(8) ? "" : ">");
}

TEST(double_to_text)
{
    static char written[1500];
    char format[32];
    size_t size;
    double number = any_double();
    if (draw(4) == 0) {
        number = (double)(int64_t)draw(2000000) - 900000;
        number /= (double)(1 << draw(12));
    }
    if (isnan(number))
        number = 0.5;
    any_format(format, "efgEFGgg");
    size = draw(4) ? sizeof written : draw(30);
    memset(written, 0, sizeof written);
    note((uint64_t)snprintf(written, size, format, number));
    note_text(written);
    written[0] = 0;
    snprintf(written, sizeof written, "%s %g %d %.1f", "a", number, 7, 0.25);
    note_text(written);
}

TEST(double_to_hexadecimal)
{
    static char written[500];
    char format[32];
    double number = any_double();
    any_format(format, "aA");
    note((uint64_t)snprintf(written, sizeof written, format, isnan(number) ? 1 : number));
    note_text(written);
}

TEST(scan_of_reals)
{
    static const char *const texts[] = {"1e",  "1e+", "-",     "+.",   ".5.5", "0x1p3", "inf", "infi",
                                        "nan", "-1",  "12345", "1e5x", "",     "  7",   "1.e2"};
    double first = -1;
    float second = -2;
    int third = -3, count;
    if (draw(2))
        any_text();
    else
        strcpy(made, texts[draw(sizeof texts / sizeof texts[0])]);
    if (strpbrk(made, "xX") != NULL && !isxdigit((unsigned char)strpbrk(made, "xX")[1]))
        return;
    for (char *at = made; *at != 0; at++) /* glibc takes 1e+ and 0x. for numbers, as C does not */
        if (strchr("eEpP", *at) != NULL && !isdigit((unsigned char)at[1 + (at[1] == '+' || at[1] == '-')]))
            *at = 'z';
    count = sscanf(made, "%lg%n", &first, &third);
    note((uint64_t)count);
    note_double(first);
    note((uint64_t)third);
    if (strpbrk(made, "eEpPxX") != NULL)
        return;
    strcat(made, " 8,");
    note((uint64_t)sscanf(made, third % 2 ? "%4f ,%d" : "%*7e%f", &second, &third));
    note_float(second);
    note((uint64_t)third);
}

TEST(scan_of_integers)
{
    static const char *const formats[] = {"%d %i",  "%3d%4i",  "%hhd,%hd", "%ld%%%lld", "%u-%x",    "%o %*d%X", "%p%n",
                                          "y%dy%d", "%jd %zu", "%5x:%2o",  "%d,%d",     "%*d %hhx", "%n%d"};
    static const char *const parts[] = {
        "0", "-1", "077", "0x1F", "99999999999999999999", " ", ",", "%", "y", "-", "+5", "12", "08",
        ":", "",   "abc", "-0X9"};
    long first = 0x1111111111111111, second = 0x2222222222222222;
    made[0] = 0;
    for (uint64_t n = draw(6); n > 0; n--)
        strcat(made, parts[draw(sizeof parts / sizeof parts[0])]);
    note((uint64_t)sscanf(made, formats[draw(sizeof formats / sizeof formats[0])], &first, &second));
    note((uint64_t)first);
    note((uint64_t)second);
}

TEST(scan_of_letters)
{
    static const char *const formats[] = {"%s %s",    "%3s%c", "%[a-c]%s", "%[^a-b ]%c", "%*s%s",     "%5[]x-z]%[b]",
                                          "%[^]a]%n", "%c%c",  " %c %c",   "a%s%[c-]",   "%2[ab]%5s", "%*[ab]%[^b]"};
    char first[80] = "first", second[80] = "second";
    size_t size = draw(12);
    for (size_t n = 0; n < size; n++)
        made[n] = "abcxz ]-\t"[draw(9)];
    made[size] = 0;
    note((uint64_t)sscanf(made, formats[draw(sizeof formats / sizeof formats[0])], first, second));
    note_text(first);
    for (size_t n = 0; n < 20; n++)
        note((unsigned char)second[n]);
}

#define ROW(name) test_##name,
static void (*const tests[])(void) = {
#include "reals_list.h"
};
#undef ROW

ASSAY_ENDPOINT(0, go)
{
    state = argument1 * 0x9e3779b97f4a7c15 | 1;
    digest = 0;
    for (uint64_t round = 0; round < argument2; round++)
        tests[argument0]();
    return digest;
}
