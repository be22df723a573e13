/* What a compiler calls for 128-bit integers: division always, shifts and products where it is to be small. */
#include <assay/guest.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

uint128 __udivmodti4(uint128 value, uint128 divisor, uint128 *rest);
uint128 __udivti3(uint128 value, uint128 divisor);
uint128 __umodti3(uint128 value, uint128 divisor);
int128 __divti3(int128 value, int128 divisor);
int128 __modti3(int128 value, int128 divisor);
int128 __divmodti4(int128 value, int128 divisor, int128 *rest);
int128 __ashlti3(int128 value, int amount);
int128 __lshrti3(int128 value, int amount);
int128 __ashrti3(int128 value, int amount);
int128 __multi3(int128 a, int128 b);
int128 __muloti4(int128 a, int128 b, int *overflow);

#define HALF UINT64_C(0x100000000)

static uint64_t high(uint128 value)
{
    return (uint64_t)(value >> 64);
}

static uint128 pair(uint64_t high, uint64_t low)
{
    return (uint128)high << 64 | low;
}

/* One digit of 32 bits of a quotient: at most two more than right as guessed, then corrected. The divisor has its
 * top bit set (Knuth, The Art of Computer Programming, 4.3.1, algorithm D). */
static uint64_t digit(uint64_t top, uint64_t next, uint64_t divisor)
{
    uint64_t first = divisor >> 32, second = divisor % HALF;
    uint64_t guess = top / first, rest = top % first;
    while (guess >= HALF || guess * second > (rest << 32 | next)) {
        guess--;
        rest += first;
        if (rest >= HALF)
            break;
    }
    return guess;
}

/* value / divisor, where the high half of the value is less than the divisor. */
static uint64_t divided_by_64(uint128 value, uint64_t divisor, uint64_t *rest)
{
    int shift = __builtin_clzll(divisor);
    uint64_t top, low, first, second;
    divisor <<= shift;
    value <<= shift;
    top = high(value);
    low = (uint64_t)value;
    first = digit(top, low >> 32, divisor);
    top = (top << 32 | low >> 32) - first * divisor;
    second = digit(top, low % HALF, divisor);
    *rest = ((top << 32 | low % HALF) - second * divisor) >> shift;
    return first << 32 | second;
}

/* value / divisor, bit by bit: the divisor has more than 64 bits, so that there are few. */
static uint64_t divided_by_128(uint128 value, uint128 divisor, uint128 *rest)
{
    int shift = __builtin_clzll(high(divisor)) - (high(value) ? __builtin_clzll(high(value)) : 64);
    uint64_t quotient = 0;
    for (; shift >= 0; shift--) {
        quotient <<= 1;
        if (value >= divisor << shift) {
            value -= divisor << shift;
            quotient |= 1;
        }
    }
    *rest = value;
    return quotient;
}

/* A division by zero is undefined in C; here it traps as nothing else does. */
uint128 __udivmodti4(uint128 value, uint128 divisor, uint128 *rest)
{
    uint64_t low = (uint64_t)divisor, first, second, left;
    if (divisor == 0)
        assay_panic();
    if (high(divisor))
        return divided_by_128(value, divisor, rest);
    first = high(value) / low;
    second = divided_by_64(pair(high(value) % low, (uint64_t)value), low, &left);
    *rest = left;
    return pair(first, second);
}

uint128 __udivti3(uint128 value, uint128 divisor)
{
    uint128 rest;
    return __udivmodti4(value, divisor, &rest);
}

uint128 __umodti3(uint128 value, uint128 divisor)
{
    uint128 rest;
    __udivmodti4(value, divisor, &rest);
    return rest;
}

static uint128 magnitude(int128 value)
{
    return value < 0 ? -(uint128)value : (uint128)value;
}

int128 __divmodti4(int128 value, int128 divisor, int128 *rest)
{
    uint128 left;
    uint128 quotient = __udivmodti4(magnitude(value), magnitude(divisor), &left);
    *rest = (int128)(value < 0 ? -left : left);
    return (int128)((value < 0) != (divisor < 0) ? -quotient : quotient);
}

int128 __divti3(int128 value, int128 divisor)
{
    int128 rest;
    return __divmodti4(value, divisor, &rest);
}

int128 __modti3(int128 value, int128 divisor)
{
    int128 rest;
    __divmodti4(value, divisor, &rest);
    return rest;
}

/* The halves by hand: a shift of the whole would call these functions again. */

int128 __ashlti3(int128 value, int amount)
{
    uint64_t low = (uint64_t)value, top = high((uint128)value);
    if (amount >= 64)
        return (int128)pair(low << (amount - 64), 0);
    if (amount == 0)
        return value;
    return (int128)pair(top << amount | low >> (64 - amount), low << amount);
}

int128 __lshrti3(int128 value, int amount)
{
    uint64_t low = (uint64_t)value, top = high((uint128)value);
    if (amount >= 64)
        return (int128)pair(0, top >> (amount - 64));
    if (amount == 0)
        return value;
    return (int128)pair(top >> amount, low >> amount | top << (64 - amount));
}

int128 __ashrti3(int128 value, int amount)
{
    uint64_t low = (uint64_t)value, top = high((uint128)value);
    uint64_t sign = (uint64_t)((int64_t)top >> 63);
    if (amount >= 64)
        return (int128)pair(sign, (uint64_t)((int64_t)top >> (amount - 64)));
    if (amount == 0)
        return value;
    return (int128)pair((uint64_t)((int64_t)top >> amount), low >> amount | top << (64 - amount));
}

static uint128 product(uint64_t a, uint64_t b)
{
    uint64_t top;
    __asm__("mulhu %0, %1, %2" : "=r"(top) : "r"(a), "r"(b));
    return pair(top, a * b);
}

int128 __multi3(int128 a, int128 b)
{
    uint64_t low_a = (uint64_t)a, low_b = (uint64_t)b;
    uint128 low = product(low_a, low_b);
    return (int128)pair(high(low) + high((uint128)a) * low_b + low_a * high((uint128)b), (uint64_t)low);
}

int128 __muloti4(int128 a, int128 b, int *overflow)
{
    const int128 least = (int128)((uint128)1 << 127);
    int128 result = __multi3(a, b);
    *overflow = (a == -1 && b == least) || (b == -1 && a == least) || (a != 0 && b != -1 && result / a != b);
    return result;
}
