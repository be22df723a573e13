/* A number-theoretic transform of 1,024 elements modulo 2^64 - 2^32 + 1, there and back. */
#include "common/program.h"

enum { COUNT_LOG = 10, COUNT = 1 << COUNT_LOG };

static const uint64_t MODULUS = 0xffffffff00000001u;

static uint64_t element[COUNT];

static inline uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum = a + b;
    return sum < a || sum >= MODULUS ? sum - MODULUS : sum;
}

static inline uint64_t subtract(uint64_t a, uint64_t b)
{
    return a >= b ? a - b : a + (MODULUS - b);
}

/* 2^64 is 2^32 - 1 and 2^96 is -1. */
static inline uint64_t multiply(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64);
    uint64_t top = high >> 32, middle = high & 0xffffffff;
    uint64_t value = low >= top ? low - top : low + (MODULUS - top);
    return add(value >= MODULUS ? value - MODULUS : value, (middle << 32) - middle);
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;
    for (; exponent != 0; exponent >>= 1) {
        if ((exponent & 1) != 0) {
            result = multiply(result, base);
        }
        base = multiply(base, base);
    }
    return result;
}

static void reverse(uint64_t *list)
{
    for (uint32_t i = 0, j = 0; i < COUNT; i++) {
        if (i < j) {
            uint64_t kept = list[i];
            list[i] = list[j];
            list[j] = kept;
        }
        uint32_t bit = COUNT >> 1;
        for (; (j & bit) != 0; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
    }
}

static void transform(uint64_t *list, uint64_t root)
{
    reverse(list);
    for (uint32_t size = 2; size <= COUNT; size *= 2) {
        uint64_t step = power(root, COUNT / size);
        for (uint32_t start = 0; start < COUNT; start += size) {
            uint64_t factor = 1;
            for (uint32_t k = 0; k < size / 2; k++) {
                uint64_t even = list[start + k], odd = multiply(list[start + k + size / 2], factor);
                list[start + k] = add(even, odd);
                list[start + k + size / 2] = subtract(even, odd);
                factor = multiply(factor, step);
            }
        }
    }
}

/* 7 generates the multiplicative group. */
static uint64_t root_of_unity(void)
{
    return power(7, (MODULUS - 1) >> COUNT_LOG);
}

RUN(test, iterations)
{
    uint64_t seed = test + 1, root = root_of_unity(), digest = MIX_START;
    for (uint32_t i = 0; i < COUNT; i++) {
        element[i] = next_random(&seed) % MODULUS;
    }
    for (uint64_t i = 0; i < iterations; i++) {
        transform(element, root);
        digest = mix(digest, element[i % COUNT]);
    }
    return digest;
}

SELF_TEST()
{
    uint64_t root = root_of_unity();
    if (power(root, COUNT) != 1 || power(root, COUNT / 2) != MODULUS - 1) {
        return 1;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        element[i] = i * i + 1;
    }
    transform(element, root);
    transform(element, power(root, COUNT - 1));
    uint64_t scale = power(COUNT, MODULUS - 2);
    for (uint32_t i = 0; i < COUNT; i++) {
        if (multiply(element[i], scale) != (uint64_t)i * i + 1) {
            return 2;
        }
    }
    return 0;
}
