/* The digits of a number, all of them: every double is a decimal fraction that ends. */
#ifndef DECIMAL_H
#define DECIMAL_H

#include "real.h"

/* 767 digits are the most that a double has; a carry may add one before them. */
#define DECIMAL_ROOM 800

/* digits[0] . digits[1] digits[2] ... * 10^exponent, as letters; the first is not 0 unless the number is. */
struct decimal {
    int count, exponent;
    char digits[DECIMAL_ROOM];
};

/* The digits of a finite number or 0. */
void decimal_of(struct decimal *decimal, struct real number);

/* Leaves `count` digits, rounded to the nearest, ties to even; none or less leave what one carries. */
void decimal_round(struct decimal *decimal, int count);

#endif
