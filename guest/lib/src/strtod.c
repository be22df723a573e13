/*
 * Text to floating-point numbers, correctly rounded: the digits are an integer, a power of ten is another, and 64 bits
 * of their quotient with a word on the rest are all that rounding needs. Integers are long enough for any number.
 */
#include "real_arithmetic.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define LIMBS 140       /* of 32 bits: 10^1191 has 3,957 bits, and its quotient 64 more */
#define MOST_DIGITS 790 /* 768 decide; what follows counts as one more digit, if it is not 0 */
#define LARGEST 400     /* more digits before the point, or zeros behind it, than any double has */
#define EXPONENT_MAX 1000000000000000

struct integer {
    int count;
    uint32_t limb[LIMBS]; /* the lowest first */
};

/* value * factor + more */
static void multiply_add(struct integer *value, uint32_t factor, uint32_t more)
{
    uint64_t carry = more;
    for (int n = 0; n < value->count; n++) {
        carry += (uint64_t)value->limb[n] * factor;
        value->limb[n] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0)
        value->limb[value->count++] = (uint32_t)carry;
}

static void multiply_by_ten(struct integer *value, long times)
{
    for (; times >= 9; times -= 9)
        multiply_add(value, 1000000000, 0);
    for (; times > 0; times--)
        multiply_add(value, 10, 0);
}

static void shift_left(struct integer *value, int amount)
{
    for (int n = 0; n < value->count; n++)
        value->limb[value->count + amount / 32 - 1 - n] = value->limb[value->count - 1 - n];
    for (int n = 0; n < amount / 32; n++)
        value->limb[n] = 0;
    value->count += amount / 32;
    multiply_add(value, (uint32_t)1 << amount % 32, 0);
}

static int bits_of(const struct integer *value)
{
    return 32 * value->count - __builtin_clz(value->limb[value->count - 1]);
}

static bool is_less(const struct integer *a, const struct integer *b)
{
    if (a->count != b->count)
        return a->count < b->count;
    for (int n = a->count - 1; n >= 0; n--)
        if (a->limb[n] != b->limb[n])
            return a->limb[n] < b->limb[n];
    return false;
}

static void subtract(struct integer *a, const struct integer *b)
{
    uint64_t borrow = 0;
    for (int n = 0; n < a->count; n++) {
        uint64_t left = (uint64_t)a->limb[n] - (n < b->count ? b->limb[n] : 0) - borrow;
        a->limb[n] = (uint32_t)left;
        borrow = left >> 63;
    }
    while (a->count > 0 && a->limb[a->count - 1] == 0)
        a->count--;
}

/* a / b, bit by bit: a finite number whose lowest bit also says whether there is a rest. */
static struct real quotient(struct integer *a, struct integer *b)
{
    struct real found = {REAL_FINITE, false, bits_of(a) - bits_of(b), 0};
    if (found.exponent > 0)
        shift_left(b, found.exponent);
    else
        shift_left(a, -found.exponent);
    if (is_less(a, b)) {
        multiply_add(a, 2, 0);
        found.exponent--;
    }
    for (int n = 0; n < 64; n++) {
        found.fraction <<= 1;
        if (!is_less(a, b)) {
            subtract(a, b);
            found.fraction |= 1;
        }
        multiply_add(a, 2, 0);
    }
    found.fraction |= a->count > 0;
    return found;
}

static int digit_of(char letter, bool is_hexadecimal)
{
    if (isdigit((unsigned char)letter))
        return letter - '0';
    return is_hexadecimal && isxdigit((unsigned char)letter) ? tolower((unsigned char)letter) - 'a' + 10 : -1;
}

/* The number behind e or p, or 0 when there is none. */
static const char *read_exponent(const char *at, char letter, long *exponent)
{
    const char *digits = at + 1;
    bool is_negative = false;
    *exponent = 0;
    if (tolower((unsigned char)*at) != letter)
        return at;
    if (*digits == '+' || *digits == '-')
        is_negative = *digits++ == '-';
    if (!isdigit((unsigned char)*digits))
        return at;
    for (; isdigit((unsigned char)*digits); digits++)
        if (*exponent < EXPONENT_MAX)
            *exponent = *exponent * 10 + (*digits - '0');
    if (is_negative)
        *exponent = -*exponent;
    return digits;
}

static struct real beyond(bool is_large)
{
    return (struct real){REAL_FINITE, false, is_large ? 5000 : -5000, UINT64_C(1) << 63};
}

static struct real from_decimal(struct integer *digits, long count, long exponent)
{
    struct integer one = {1, {1}};
    if (digits->count == 0)
        return (struct real){REAL_ZERO, false, 0, 0};
    if (count + exponent > LARGEST || count + exponent < -LARGEST)
        return beyond(count + exponent > 0);
    multiply_by_ten(exponent > 0 ? digits : &one, exponent > 0 ? exponent : -exponent);
    return quotient(digits, &one);
}

static struct real from_hexadecimal(uint64_t digits, long exponent)
{
    struct real number = real_from_integer(false, 0, digits);
    if (number.kind == REAL_ZERO)
        return number;
    if (exponent > 5000 || exponent < -5000)
        return beyond(exponent > 0);
    number.exponent += (int)exponent;
    return number;
}

/* Digits with a point and an exponent; `at` itself when there is no digit. */
static const char *read_decimal(const char *at, struct real *number)
{
    struct integer digits = {0, {0}};
    long count = 0, dropped = 0, exponent = 0;
    const char *start = at;
    bool has_point = false, has_digit = false, has_rest = false;
    for (; isdigit((unsigned char)*at) || (*at == '.' && !has_point); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        has_digit = true;
        dropped -= has_point;
        if (count == MOST_DIGITS) {
            has_rest |= *at != '0';
            dropped++;
        } else if (count > 0 || *at != '0') {
            multiply_add(&digits, 10, (uint32_t)(*at - '0'));
            count++;
        }
    }
    if (!has_digit)
        return start;
    at = read_exponent(at, 'e', &exponent);
    if (has_rest) {
        multiply_add(&digits, 10, 1);
        dropped--;
        count++;
    }
    *number = from_decimal(&digits, count, exponent + dropped);
    return at;
}

/* What follows 0x. */
static const char *read_hexadecimal(const char *at, struct real *number)
{
    uint64_t digits = 0;
    long dropped = 0, exponent = 0;
    const char *start = at;
    bool has_point = false, has_digit = false;
    for (; digit_of(*at, true) >= 0 || (*at == '.' && !has_point); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        has_digit = true;
        dropped -= 4 * has_point;
        if (digits >> 60 == 0) {
            digits = digits << 4 | (uint64_t)digit_of(*at, true);
        } else {
            digits |= *at != '0'; /* below all that decides */
            dropped += 4;
        }
    }
    if (!has_digit)
        return start;
    at = read_exponent(at, 'p', &exponent);
    *number = from_hexadecimal(digits, exponent + dropped);
    return at;
}

/* inf, infinity, nan, nan(letters) */
static const char *read_word(const char *at, struct real *number)
{
    const char *end = at + 3;
    if (strncasecmp(at, "inf", 3) == 0) {
        number->kind = REAL_INFINITE;
        return strncasecmp(at, "infinity", 8) == 0 ? at + 8 : end;
    }
    if (strncasecmp(at, "nan", 3) != 0)
        return at;
    number->kind = REAL_NAN;
    if (*end == '(') {
        const char *last = end + 1;
        while (isalnum((unsigned char)*last) || *last == '_')
            last++;
        end = *last == ')' ? last + 1 : end;
    }
    return end;
}

static struct real read_real(const char *text, char **end)
{
    struct real number = {REAL_ZERO, false, 0, 0};
    const char *at = text, *last;
    bool is_negative = false;
    while (isspace((unsigned char)*at))
        at++;
    if (*at == '-' || *at == '+')
        is_negative = *at++ == '-';
    last = at;
    if (at[0] == '0' && tolower((unsigned char)at[1]) == 'x')
        last = read_hexadecimal(at + 2, &number);
    if (last <= at + 2 && last != at)
        last = at;
    if (last == at)
        last = read_decimal(at, &number);
    if (last == at)
        last = read_word(at, &number);
    number.is_negative = is_negative && last != at;
    if (end != NULL)
        *end = (char *)(uintptr_t)(last == at ? text : last);
    return number;
}

/* Whether rounding changes a number that is less than any normal one, even if this format had more exponents. */
static bool is_too_small(struct real number, struct real found, struct real_format format)
{
    int least = 1 - real_bias(format);
    bool is_exact = found.kind == REAL_FINITE && found.exponent == number.exponent && found.fraction == number.fraction;
    bool is_lifted = number.exponent == least - 1 && -number.fraction <= UINT64_C(1) << (63 - format.precision);
    return number.exponent < least && !is_exact && !is_lifted;
}

/* The bits of the number; errno says what the format cannot hold. */
static uint64_t fitted(struct real number, struct real_format format)
{
    uint64_t bits = real_bits(number, format);
    struct real found = real_of(bits, format);
    if (number.kind == REAL_FINITE && (found.kind == REAL_INFINITE || is_too_small(number, found, format)))
        errno = ERANGE;
    return bits;
}

double strtod(const char *restrict text, char **restrict end)
{
    uint64_t bits = fitted(read_real(text, end), REAL_DOUBLE);
    double number;
    __builtin_memcpy(&number, &bits, sizeof number);
    return number;
}

float strtof(const char *restrict text, char **restrict end)
{
    uint32_t bits = (uint32_t)fitted(read_real(text, end), REAL_SINGLE);
    float number;
    __builtin_memcpy(&number, &bits, sizeof number);
    return number;
}

double atof(const char *text)
{
    return strtod(text, NULL);
}
