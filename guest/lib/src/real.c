/* Arithmetic of numbers taken apart. */
#include "real_arithmetic.h"

__extension__ typedef unsigned __int128 uint128;

static const struct real not_a_number = {REAL_NAN, false, 0, 0};

/* A fraction that is not 0 with its top bit where it belongs. */
static struct real normal(bool is_negative, int exponent, uint64_t fraction)
{
    int shift = __builtin_clzll(fraction);
    return (struct real){REAL_FINITE, is_negative, exponent - shift, fraction << shift};
}

static bool is_smaller(struct real a, struct real b)
{
    return a.exponent != b.exponent ? a.exponent < b.exponent : a.fraction < b.fraction;
}

/* The sum of two finite numbers. */
static struct real sum(struct real a, struct real b)
{
    uint64_t low;
    if (is_smaller(a, b))
        return sum(b, a);
    /* One bit of room for a carry; the last ten are empty, as no format has more than 53. */
    low = real_shifted(b.fraction >> 1, a.exponent - b.exponent);
    if (a.is_negative == b.is_negative)
        return normal(a.is_negative, a.exponent + 1, (a.fraction >> 1) + low);
    if (a.fraction >> 1 == low)
        return (struct real){REAL_ZERO, false, 0, 0};
    return normal(a.is_negative, a.exponent + 1, (a.fraction >> 1) - low);
}

struct real real_add(struct real a, struct real b)
{
    if (a.kind == REAL_NAN || b.kind == REAL_NAN)
        return not_a_number;
    if (a.kind == REAL_INFINITE)
        return b.kind == REAL_INFINITE && a.is_negative != b.is_negative ? not_a_number : a;
    if (b.kind == REAL_INFINITE)
        return b;
    if (a.kind == REAL_ZERO && b.kind == REAL_ZERO)
        a.is_negative &= b.is_negative;
    if (b.kind == REAL_ZERO)
        return a;
    return a.kind == REAL_ZERO ? b : sum(a, b);
}

struct real real_multiply(struct real a, struct real b)
{
    bool is_negative = a.is_negative != b.is_negative;
    uint128 product = (uint128)a.fraction * b.fraction;
    enum real_kind most = a.kind > b.kind ? a.kind : b.kind, least = a.kind > b.kind ? b.kind : a.kind;
    if (most == REAL_NAN || (most == REAL_INFINITE && least == REAL_ZERO))
        return not_a_number;
    if (most == REAL_INFINITE)
        return (struct real){REAL_INFINITE, is_negative, 0, 0};
    if (least == REAL_ZERO)
        return (struct real){REAL_ZERO, is_negative, 0, 0};
    return normal(is_negative, a.exponent + b.exponent + 1, (uint64_t)(product >> 64) | ((uint64_t)product != 0));
}

struct real real_divide(struct real a, struct real b)
{
    bool is_negative = a.is_negative != b.is_negative;
    uint128 dividend = (uint128)(a.fraction >> 1) << 64;
    uint64_t quotient;
    if (a.kind == REAL_NAN || b.kind == REAL_NAN || (a.kind == b.kind && a.kind != REAL_FINITE))
        return not_a_number;
    if (a.kind == REAL_INFINITE || b.kind == REAL_ZERO)
        return (struct real){REAL_INFINITE, is_negative, 0, 0};
    if (a.kind == REAL_ZERO || b.kind == REAL_INFINITE)
        return (struct real){REAL_ZERO, is_negative, 0, 0};
    quotient = (uint64_t)(dividend / b.fraction);
    quotient |= (uint128)quotient * b.fraction != dividend;
    return normal(is_negative, a.exponent - b.exponent, quotient);
}

/* The bits of the root of value, one after the other, and whether something is left. */
struct real real_root(struct real value)
{
    uint128 left = 0;
    uint64_t root = 0;
    int half = (value.exponent - (value.exponent & 1)) / 2;
    /* The fraction, 1 to 4, times 2^126: its root has 64 bits. */
    uint128 radicand = (uint128)value.fraction << (63 + (value.exponent & 1));
    if (value.kind == REAL_FINITE && value.is_negative)
        return not_a_number;
    if (value.kind != REAL_FINITE)
        return value.kind == REAL_INFINITE && value.is_negative ? not_a_number : value;
    for (int n = 0; n < 64; n++) {
        left = left << 2 | (uint64_t)(radicand >> 126);
        radicand <<= 2;
        root <<= 1;
        if (left >= ((uint128)root << 1 | 1)) {
            left -= (uint128)root << 1 | 1;
            root |= 1;
        }
    }
    return normal(false, half, root | (left != 0));
}

struct real real_from_integer(bool is_negative, uint64_t high, uint64_t low)
{
    if (high == 0 && low == 0)
        return (struct real){REAL_ZERO, false, 0, 0};
    if (high == 0)
        return normal(is_negative, 63, low);
    int shift = __builtin_clzll(high);
    uint128 value = ((uint128)high << 64 | low) << shift;
    return (struct real){REAL_FINITE, is_negative, 127 - shift, (uint64_t)(value >> 64) | ((uint64_t)value != 0)};
}

/* Towards 0, as a number of `bits` bits; what does not fit becomes the nearest that does, and a NaN the largest. */
uint128 real_to_integer(struct real number, int bits, bool is_signed)
{
    uint128 most = ~(uint128)0 >> (128 - bits + is_signed), value;
    bool is_negative = number.kind != REAL_NAN && number.is_negative;
    if (number.kind == REAL_ZERO || (number.kind == REAL_FINITE && number.exponent < 0))
        return 0;
    if (is_negative && !is_signed)
        return 0;
    if (number.kind != REAL_FINITE || number.exponent >= bits - is_signed)
        return is_negative ? ~most : most;
    value = number.exponent < 63 ? number.fraction >> (63 - number.exponent)
                                 : (uint128)number.fraction << (number.exponent - 63);
    return is_negative ? -value : value;
}
