/*
 * What every guest program has: two endpoints, and a native twin from the same file.
 *
 *   endpoint 0   run(test, iterations): the work that is measured; returns a 64-bit digest of its outcome
 *   endpoint 1   self_test(): 0 when all known answers hold, else the number of the first that does not, from
 * 1
 *
 * With ASSAY_NATIVE defined the file is a program for the host: `./twin ENDPOINT TEST ITERATIONS` prints the
 * same result in hex.
 */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef ASSAY_NATIVE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN(test, iterations) static uint64_t run(uint64_t test, uint64_t iterations)
#define SELF_TEST() static uint64_t self_test(void)

static uint64_t run(uint64_t test, uint64_t iterations);
static uint64_t self_test(void);

#ifdef ASSAY_TWIN
uint64_t twin(uint64_t test, uint64_t iterations);

uint64_t twin(uint64_t test, uint64_t iterations)
{
    return iterations == UINT64_MAX ? self_test() : run(test, iterations);
}
#else
int main(int argument_count, char **arguments)
{
    if (argument_count != 4) {
        fprintf(stderr, "give an endpoint, a test and a number of iterations\n");
        return 2;
    }
    uint64_t test = strtoull(arguments[2], NULL, 0), iterations = strtoull(arguments[3], NULL, 0);
    uint64_t result = strtoull(arguments[1], NULL, 0) == 0 ? run(test, iterations) : self_test();
    printf("0x%" PRIx64 "\n", result);
    return 0;
}
#endif
#else
#include <assay/guest.h>

#define RUN(test, iterations)                                                                                          \
    static uint64_t run(uint64_t test, uint64_t iterations);                                                           \
    ASSAY_ENDPOINT(0, run_endpoint)                                                                                    \
    {                                                                                                                  \
        (void)argument2;                                                                                               \
        (void)argument3;                                                                                               \
        return run(argument0, argument1);                                                                              \
    }                                                                                                                  \
    static uint64_t run(uint64_t test, uint64_t iterations)

#define SELF_TEST()                                                                                                    \
    static uint64_t self_test(void);                                                                                   \
    ASSAY_ENDPOINT(1, self_test_endpoint)                                                                              \
    {                                                                                                                  \
        (void)argument0;                                                                                               \
        (void)argument1;                                                                                               \
        (void)argument2;                                                                                               \
        (void)argument3;                                                                                               \
        return self_test();                                                                                            \
    }                                                                                                                  \
    static uint64_t self_test(void)
#endif

/* The product of two words; the compiler makes two instructions of it. */
__extension__ typedef unsigned __int128 wide;

/* FNV-1a, over words: what a result is told by. */
static inline uint64_t mix(uint64_t digest, uint64_t value)
{
    return (digest ^ value) * 0x100000001b3u;
}

static const uint64_t MIX_START = 0xcbf29ce484222325u;

static inline uint64_t mix_bytes(uint64_t digest, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        digest = mix(digest, data[i]);
    }
    return digest;
}

/* A generator for test data: xorshift64*. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

static inline uint32_t load_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t load_le64(const uint8_t *at)
{
    return load_le32(at) | (uint64_t)load_le32(at + 4) << 32;
}

static inline uint32_t load_be32(const uint8_t *at)
{
    return (uint32_t)at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

static inline void store_le64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static inline void store_be32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static inline int same_bytes(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint8_t differences = 0;
    for (size_t i = 0; i < size; i++) {
        differences |= (uint8_t)(a[i] ^ b[i]);
    }
    return differences == 0;
}

#endif
