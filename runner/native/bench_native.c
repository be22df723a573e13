/* The kernels in C, as a compiler would have them, and the yardsticks. */
#include "bench.h"

#include <string.h>

uint64_t native_arithmetic(uint8_t *memory)
{
    uint64_t sum = 1, step = 0x1234567, mixed = 0;
    (void)memory;
    for (uint64_t left = ARITHMETIC_ROUNDS; left != 0; left--) {
        sum += step;
        mixed ^= sum;
        uint64_t product = mixed * 0x01000193;
        step -= product;
        sum += product >> 7;
        mixed |= sum & ~product;
    }
    return sum;
}

uint64_t native_sieve(uint8_t *memory)
{
    uint64_t primes = 0;
    for (unsigned round = 0; round < SIEVE_ROUNDS; round++) {
        memset(memory, 0, SIEVE_SIZE);
        for (uint64_t i = 2; i * i < SIEVE_SIZE; i++) {
            for (uint64_t k = i * i; memory[i] == 0 && k < SIEVE_SIZE; k += i) {
                memory[k] = 1;
            }
        }
        for (uint64_t i = 2; i < SIEVE_SIZE; i++) {
            primes += 1u - memory[i];
        }
    }
    return primes;
}

uint64_t native_copy(uint8_t *memory)
{
    uint64_t sum = 0;
    for (unsigned round = 0; round < COPY_ROUNDS; round++) {
        for (size_t i = 0; i < COPY_SIZE; i += 32) {
            uint64_t word = 0;
            for (size_t k = 0; k < 32; k += 8) {
                memcpy(&word, memory + i + k, 8);
                memcpy(memory + COPY_SIZE + i + k, &word, 8);
            }
            sum += word;
        }
    }
    return sum;
}

static uint32_t rotate_right(uint32_t value, unsigned count)
{
    return value >> count | value << (32 - count);
}

uint64_t native_hash(uint8_t *memory)
{
    uint32_t a = 0x61707865, b = 0x3320646e, c = 0x79622d32, d = 0x6b206574;
    (void)memory;
    for (unsigned round = 0; round < HASH_ROUNDS; round++) {
        a += b;
        d = rotate_right(d ^ a, 16);
        c += d;
        b = rotate_right(b ^ c, 20);
        a += b;
        d = rotate_right(d ^ a, 24);
        c += d;
        b = rotate_right(b ^ c, 25);
    }
    return (uint64_t)(int64_t)(int32_t)a;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a + b;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    return a ^ b;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return a - b;
}

static uint64_t mix_inverted(uint64_t a, uint64_t b)
{
    return ~(a ^ b);
}

typedef uint64_t call_fn(uint64_t a, uint64_t b);

uint64_t native_calls(uint8_t *memory)
{
    static call_fn *const volatile table[4] = {add, mix, subtract, mix_inverted};
    uint64_t result = 0, step = 0x9e3779b;
    (void)memory;
    for (uint64_t left = CALL_ROUNDS; left != 0; left--) {
        result = table[left & 3](result, step);
        step += left;
        result = table[0](result, step);
        step += left;
    }
    return result;
}

uint64_t native_host_calls(uint8_t *memory)
{
    static call_fn *const volatile count = add;
    uint64_t result = 0;
    (void)memory;
    for (unsigned round = 0; round < HOST_ROUNDS; round++) {
        result = count(result, 1);
    }
    return result;
}

uint64_t native_chain(uint64_t rounds, uint64_t start)
{
    uint64_t value = start;
    for (uint64_t left = rounds; left != 0; left--) {
        value += value >> 1; /* no compiler has a closed form for this */
    }
    return value;
}
