/*
 * What a compiler calls for the arithmetic of one type: double.c and single.c include this with REAL the type, BITS
 * the integer of its size, FORMAT, and NAME(add, 3) for __adddf3 or __addsf3. Each has its prototype here: no header
 * of C has one.
 */
#include "real_arithmetic.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

static struct real taken_apart(REAL number)
{
    BITS bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    return real_of(bits, FORMAT);
}

static REAL put_together(struct real found)
{
    BITS bits = (BITS)real_bits(found, FORMAT);
    REAL number;
    __builtin_memcpy(&number, &bits, sizeof bits);
    return number;
}

static struct real negative(struct real number)
{
    number.is_negative = !number.is_negative;
    return number;
}

#define ARITHMETIC(name, result)                                                                                       \
    REAL NAME(name, 3)(REAL first, REAL second);                                                                       \
    REAL NAME(name, 3)(REAL first, REAL second)                                                                        \
    {                                                                                                                  \
        struct real a = taken_apart(first), b = taken_apart(second);                                                   \
        return put_together(result);                                                                                   \
    }

ARITHMETIC(add, real_add(a, b))
ARITHMETIC(sub, real_add(a, negative(b)))
ARITHMETIC(mul, real_multiply(a, b))
ARITHMETIC(div, real_divide(a, b))

/* The sign of a NaN changes, too. */
REAL NAME(neg, 2)(REAL number);
REAL NAME(neg, 2)(REAL number)
{
    BITS bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    bits ^= (BITS)1 << (8 * sizeof bits - 1);
    __builtin_memcpy(&number, &bits, sizeof bits);
    return number;
}

/* -1, 0 or 1; `unordered` if one is a NaN. */
static long compared(REAL first, REAL second, long unordered)
{
    BITS a, b, top = (BITS)1 << (8 * sizeof a - 1), infinity = (BITS)real_infinity(FORMAT);
    __builtin_memcpy(&a, &first, sizeof a);
    __builtin_memcpy(&b, &second, sizeof b);
    if ((a & ~top) > infinity || (b & ~top) > infinity)
        return unordered;
    if (((a | b) & ~top) == 0 || a == b)
        return 0;
    if ((a ^ b) & top)
        return a & top ? -1 : 1;
    return (a < b) != (a >= top) ? -1 : 1;
}

#define COMPARISON(name, unordered)                                                                                    \
    long NAME(name, 2)(REAL first, REAL second);                                                                       \
    long NAME(name, 2)(REAL first, REAL second)                                                                        \
    {                                                                                                                  \
        return compared(first, second, unordered);                                                                     \
    }

COMPARISON(eq, 1)
COMPARISON(ne, 1)
COMPARISON(lt, 1)
COMPARISON(le, 1)
COMPARISON(gt, -1)
COMPARISON(ge, -1)

long NAME(unord, 2)(REAL first, REAL second);
long NAME(unord, 2)(REAL first, REAL second)
{
    return compared(first, second, 2) == 2;
}

#define FROM_SIGNED(name, type)                                                                                        \
    REAL FROM(name)(type value);                                                                                       \
    REAL FROM(name)(type value)                                                                                        \
    {                                                                                                                  \
        uint128 magnitude = value < 0 ? -(uint128)value : (uint128)value;                                              \
        return put_together(real_from_integer(value < 0, (uint64_t)(magnitude >> 64), (uint64_t)magnitude));           \
    }

#define FROM_UNSIGNED(name, type)                                                                                      \
    REAL FROM(name)(type value);                                                                                       \
    REAL FROM(name)(type value)                                                                                        \
    {                                                                                                                  \
        return put_together(real_from_integer(false, (uint64_t)((uint128)value >> 64), (uint64_t)value));              \
    }

FROM_SIGNED(floatsi, int)
FROM_SIGNED(floatdi, int64_t)
FROM_SIGNED(floatti, int128)
FROM_UNSIGNED(floatunsi, unsigned)
FROM_UNSIGNED(floatundi, uint64_t)
FROM_UNSIGNED(floatunti, uint128)

#define TO_INTEGER(name, integer, type, bits, is_signed)                                                               \
    type NAME(name, integer)(REAL number);                                                                             \
    type NAME(name, integer)(REAL number)                                                                              \
    {                                                                                                                  \
        return (type)real_to_integer(taken_apart(number), bits, is_signed);                                            \
    }

TO_INTEGER(fix, si, int, 32, true)
TO_INTEGER(fix, di, int64_t, 64, true)
TO_INTEGER(fix, ti, int128, 128, true)
TO_INTEGER(fixuns, si, unsigned, 32, false)
TO_INTEGER(fixuns, di, uint64_t, 64, false)
TO_INTEGER(fixuns, ti, uint128, 128, false)
