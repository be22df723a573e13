/* The functions of <math.h> whose results are exact, or rounded once. */
#include "real_arithmetic.h"
#include <math.h>

static uint64_t bits_of(double number)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double number;
    __builtin_memcpy(&number, &bits, sizeof number);
    return number;
}

static struct real taken_apart(double number)
{
    return real_of(bits_of(number), REAL_DOUBLE);
}

static double put_together(struct real found)
{
    return of_bits(real_bits(found, REAL_DOUBLE));
}

double fabs(double number)
{
    return of_bits(bits_of(number) << 1 >> 1);
}

double copysign(double number, double sign)
{
    return of_bits((bits_of(number) << 1 >> 1) | (bits_of(sign) >> 63 << 63));
}

double trunc(double number)
{
    int exponent = (int)(bits_of(number) >> 52 & 2047) - 1023;
    if (exponent < 0)
        return copysign(0, number);
    return exponent >= 52 ? number : of_bits(bits_of(number) >> (52 - exponent) << (52 - exponent));
}

double floor(double number)
{
    double whole = trunc(number);
    return whole > number ? whole - 1 : whole;
}

double ceil(double number)
{
    double whole = trunc(number);
    return whole < number ? copysign(whole + 1, number) : whole;
}

double round(double number)
{
    double whole = trunc(number);
    return fabs(number - whole) >= 0.5 ? whole + copysign(1, number) : whole;
}

double rint(double number)
{
    double whole = trunc(number), rest = fabs(number - whole);
    bool is_odd = fmod(whole, 2) != 0;
    return rest > 0.5 || (rest == 0.5 && is_odd) ? whole + copysign(1, number) : whole;
}

double sqrt(double number)
{
    return put_together(real_root(taken_apart(number)));
}

/* Subtracts the divisor, shifted, as often as it goes: exact. */
double fmod(double number, double divisor)
{
    struct real a = taken_apart(number), b = taken_apart(divisor);
    int steps = a.exponent - b.exponent;
    uint64_t left = a.fraction >> 1, part = b.fraction >> 1;
    if (a.kind == REAL_NAN || b.kind == REAL_NAN || a.kind == REAL_INFINITE || b.kind == REAL_ZERO)
        return NAN;
    if (a.kind == REAL_ZERO || b.kind == REAL_INFINITE || steps < 0)
        return number;
    for (; steps >= 0; steps--) {
        left -= left >= part ? part : 0;
        left <<= steps > 0;
    }
    if (left == 0)
        return copysign(0, number);
    int shift = __builtin_clzll(left);
    return put_together((struct real){REAL_FINITE, a.is_negative, b.exponent + 1 - shift, left << shift});
}

double ldexp(double number, int exponent)
{
    struct real found = taken_apart(number);
    int bounded = exponent > 5000 ? 5000 : exponent < -5000 ? -5000 : exponent;
    if (found.kind == REAL_FINITE)
        found.exponent += bounded;
    return found.kind == REAL_NAN ? number : put_together(found);
}

double scalbn(double number, int exponent)
{
    return ldexp(number, exponent);
}

double frexp(double number, int *exponent)
{
    struct real found = taken_apart(number);
    *exponent = found.kind == REAL_FINITE ? found.exponent + 1 : 0;
    found.exponent = -1;
    return found.kind == REAL_NAN ? number : put_together(found);
}

double modf(double number, double *whole)
{
    *whole = trunc(number);
    return isinf(number) ? copysign(0, number) : copysign(number - *whole, number);
}

double fmin(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? b : a;
    return a < b || (a == b && signbit(a)) ? a : b;
}

double fmax(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? b : a;
    return a > b || (a == b && !signbit(a)) ? a : b;
}
