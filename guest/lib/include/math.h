/*
 * What is exact, or rounded once, of double. There are no powers, exponentials, logarithms and angles: nothing says
 * what their last bit is. The numbers of long double have no arithmetic at all.
 */
#ifndef ASSAY_MATH_H
#define ASSAY_MATH_H

#include <assay/language.h>

typedef double double_t;
typedef float float_t;

#define HUGE_VAL __builtin_huge_val()
#define HUGE_VALF __builtin_huge_valf()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

#define FP_NAN 0
#define FP_INFINITE 1
#define FP_ZERO 2
#define FP_SUBNORMAL 3
#define FP_NORMAL 4
#define fpclassify(number) __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, number)
#define isnan(number) __builtin_isnan(number)
#define isinf(number) __builtin_isinf(number)
#define isfinite(number) __builtin_isfinite(number)
#define isnormal(number) __builtin_isnormal(number)
#define signbit(number) __builtin_signbit(number)

ASSAY_C_BEGIN

double fabs(double number);
double copysign(double number, double sign);
double trunc(double number);
double floor(double number);
double ceil(double number);
double round(double number);
double rint(double number);
double sqrt(double number);
double fmod(double number, double divisor);
double ldexp(double number, int exponent);
double scalbn(double number, int exponent);
double frexp(double number, int *exponent);
double modf(double number, double *whole);
double fmin(double a, double b);
double fmax(double a, double b);

ASSAY_C_END

#endif
