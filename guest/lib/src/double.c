/* What a compiler calls for double, and for a change between double and float. */
#define REAL double
#define BITS uint64_t
#define FORMAT REAL_DOUBLE
#define NAME(name, end) __##name##df##end
#define FROM(name) __##name##df
#include "real_functions.h"

double __extendsfdf2(float number);
float __truncdfsf2(double number);

double __extendsfdf2(float number)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    return put_together(real_of(bits, REAL_SINGLE));
}

float __truncdfsf2(double number)
{
    uint32_t bits = (uint32_t)real_bits(taken_apart(number), REAL_SINGLE);
    float smaller;
    __builtin_memcpy(&smaller, &bits, sizeof bits);
    return smaller;
}
