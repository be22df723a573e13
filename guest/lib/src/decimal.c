/* A double as a decimal: an integer times a power of 2, or times a power of 5 and with a decimal point in it. */
#include "decimal.h"
#include <string.h>

#define LIMB 1000000000u
#define LIMB_DIGITS 9
#define LIMBS 90 /* 53 bits times 5^1074 have 767 digits, times 2^971 have 309 */

struct limbs {
    int count;
    uint32_t limb[LIMBS]; /* the lowest first */
};

static void multiply(struct limbs *value, uint32_t factor)
{
    uint64_t carry = 0;
    for (int n = 0; n < value->count; n++) {
        carry += (uint64_t)value->limb[n] * factor;
        value->limb[n] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    for (; carry > 0; carry /= LIMB)
        value->limb[value->count++] = (uint32_t)(carry % LIMB);
}

static void multiply_by_power(struct limbs *value, uint32_t base, int step, int exponent)
{
    uint32_t power = 1;
    for (int n = 0; n < step; n++)
        power *= base;
    for (; exponent >= step; exponent -= step)
        multiply(value, power);
    for (; exponent > 0; exponent--)
        multiply(value, base);
}

static void write_digits(struct decimal *decimal, const struct limbs *value)
{
    char all[LIMBS * LIMB_DIGITS];
    int end = value->count * LIMB_DIGITS, start = 0;
    for (int n = 0; n < value->count; n++) {
        uint32_t limb = value->limb[n];
        for (int digit = 1; digit <= LIMB_DIGITS; digit++, limb /= 10)
            all[end - n * LIMB_DIGITS - digit] = (char)('0' + limb % 10);
    }
    while (all[start] == '0')
        start++;
    decimal->exponent = end - start - 1;
    while (all[end - 1] == '0')
        end--;
    decimal->count = end - start;
    memcpy(decimal->digits, all + start, (size_t)decimal->count);
}

void decimal_of(struct decimal *decimal, struct real number)
{
    struct limbs value = {0, {0}};
    int zeros, exponent;
    if (number.kind == REAL_ZERO) {
        *decimal = (struct decimal){.count = 1, .digits = "0"};
        return;
    }
    zeros = __builtin_ctzll(number.fraction);
    exponent = number.exponent - 63 + zeros;
    for (uint64_t left = number.fraction >> zeros; left > 0; left /= LIMB)
        value.limb[value.count++] = (uint32_t)(left % LIMB);
    if (exponent >= 0)
        multiply_by_power(&value, 2, 29, exponent);
    else
        multiply_by_power(&value, 5, 13, -exponent);
    write_digits(decimal, &value);
    if (exponent < 0)
        decimal->exponent += exponent;
}

static bool rounds_up(const struct decimal *decimal, int count)
{
    char next = decimal->digits[count];
    if (next != '5')
        return next > '5';
    return count + 1 < decimal->count || (count > 0 && (decimal->digits[count - 1] - '0') % 2 == 1);
}

void decimal_round(struct decimal *decimal, int count)
{
    bool up;
    if (count >= decimal->count)
        return;
    up = count >= 0 && rounds_up(decimal, count);
    decimal->count = count > 0 ? count : 0;
    while (up && decimal->count > 0 && decimal->digits[decimal->count - 1] == '9')
        decimal->count--;
    if (up && decimal->count > 0) {
        decimal->digits[decimal->count - 1]++;
    } else if (up) { /* nothing but nines, or no digit at all: 1 of the next power */
        decimal->digits[decimal->count++] = '1';
        decimal->exponent++;
    } else {
        while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
            decimal->count--;
        if (decimal->count == 0)
            *decimal = (struct decimal){.count = 1, .digits = "0"};
    }
}
