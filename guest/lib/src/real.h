/*
 * A floating-point number taken apart, and put together again with the one rounding that there is here: to the
 * nearest, ties to even (IEEE 754). Nothing in this file computes with floating-point numbers.
 */
#ifndef REAL_H
#define REAL_H

#include <stdbool.h>
#include <stdint.h>

enum real_kind { REAL_ZERO, REAL_FINITE, REAL_INFINITE, REAL_NAN };

/* If finite: fraction * 2^(exponent - 63), with the fraction's top bit set. */
struct real {
    enum real_kind kind;
    bool is_negative;
    int exponent;
    uint64_t fraction;
};

struct real_format {
    int precision; /* bits of the fraction, with the one that is not written */
    int size;      /* bits in all */
};

#define REAL_DOUBLE ((struct real_format){53, 64})
#define REAL_SINGLE ((struct real_format){24, 32})

static inline int real_bias(struct real_format format)
{
    return (1 << (format.size - format.precision - 1)) - 1;
}

static inline uint64_t real_infinity(struct real_format format)
{
    return (uint64_t)(2 * real_bias(format) + 1) << (format.precision - 1);
}

static inline uint64_t real_nan(struct real_format format)
{
    return real_infinity(format) | UINT64_C(1) << (format.precision - 2);
}

/* Shifted right; the lowest bit of the result also says whether a bit was lost. */
static inline uint64_t real_shifted(uint64_t fraction, int amount)
{
    if (amount > 63)
        return fraction != 0;
    return fraction >> amount | ((fraction & ((UINT64_C(1) << amount) - 1)) != 0);
}

static inline struct real real_of(uint64_t bits, struct real_format format)
{
    int written = format.precision - 1, biased = (int)(bits >> written) & (2 * real_bias(format) + 1);
    uint64_t low = bits & ((UINT64_C(1) << written) - 1);
    struct real found = {REAL_FINITE, bits >> (format.size - 1) & 1, biased - real_bias(format), 0};
    if (biased == 2 * real_bias(format) + 1) {
        found.kind = low ? REAL_NAN : REAL_INFINITE;
    } else if (biased > 0) {
        found.fraction = UINT64_C(1) << 63 | low << (63 - written);
    } else if (low == 0) {
        found.kind = REAL_ZERO;
    } else {
        int shift = __builtin_clzll(low);
        found.fraction = low << shift;
        found.exponent = 64 - shift - real_bias(format) - written;
    }
    return found;
}

/* The nearest number of a format. Bits that a fraction lost before must be in its lowest one (real_shifted). */
static inline uint64_t real_rounded(struct real number, struct real_format format)
{
    int dropped = 64 - format.precision, biased = number.exponent + real_bias(format);
    uint64_t half = UINT64_C(1) << (dropped - 1), fraction = number.fraction, low, bits;
    if (biased > 2 * real_bias(format))
        return real_infinity(format);
    if (biased < 1) {
        fraction = real_shifted(fraction, 1 - biased);
        biased = 1;
    }
    low = fraction & (2 * half - 1);
    bits = fraction >> dropped;
    bits += low > half || (low == half && bits & 1);
    return ((uint64_t)(biased - 1) << (format.precision - 1)) + bits; /* a carry goes to the exponent */
}

static inline uint64_t real_bits(struct real number, struct real_format format)
{
    uint64_t sign = (uint64_t)number.is_negative << (format.size - 1);
    switch (number.kind) {
    case REAL_ZERO:
        return sign;
    case REAL_INFINITE:
        return sign | real_infinity(format);
    case REAL_NAN:
        return real_nan(format);
    default:
        return sign | real_rounded(number, format);
    }
}

#endif
