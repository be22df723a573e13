/* Fixed-width arithmetic without undefined behaviour. */
#include "machine.h"

int64_t ref_number_signed_64(uint64_t value)
{
    if (value <= INT64_MAX) {
        return (int64_t)value;
    }
    return -(int64_t)(UINT64_MAX - value) - 1;
}

int32_t ref_number_signed_32(uint64_t value)
{
    return (int32_t)ref_number_signed_64(ref_number_extend_32(value));
}

uint64_t ref_number_sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    uint64_t low = value & (sign | (sign - 1));
    return (low ^ sign) - sign;
}

uint64_t ref_number_extend_32(uint64_t value)
{
    return ref_number_sign_extend(value, 32);
}

uint64_t ref_number_shift_right_signed(uint64_t value, unsigned count)
{
    if (ref_number_signed_64(value) >= 0) {
        return value >> count;
    }
    return ~(~value >> count);
}

uint64_t ref_number_rotate_right_64(uint64_t value, unsigned count)
{
    if (count == 0) {
        return value;
    }
    return value >> count | value << (64 - count);
}

uint32_t ref_number_rotate_right_32(uint32_t value, unsigned count)
{
    if (count == 0) {
        return value;
    }
    return value >> count | value << (32 - count);
}

unsigned ref_number_count_ones(uint64_t value)
{
    unsigned count = 0;
    for (; value != 0; value >>= 1) {
        count += (unsigned)(value & 1);
    }
    return count;
}

unsigned ref_number_leading_zeros(uint64_t value, unsigned width)
{
    unsigned count = 0;
    while (count < width && (value >> (width - 1 - count) & 1) == 0) {
        count++;
    }
    return count;
}

unsigned ref_number_trailing_zeros(uint64_t value, unsigned width)
{
    unsigned count = 0;
    while (count < width && (value >> count & 1) == 0) {
        count++;
    }
    return count;
}

/* Long multiplication in base 2^32. */
uint64_t ref_number_multiply_upper(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
    uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
    uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
    uint64_t carry = a_low * b_high + (middle & UINT32_MAX);
    return a_high * b_high + (middle >> 32) + (carry >> 32);
}
