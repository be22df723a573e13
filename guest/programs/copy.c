/*
 * Copying memory: by bytes (test 0), by words (test 1), overlapping upward (test 2), and all distances and
 * sizes below 64 (test 3).
 */
#include "common/program.h"

enum { SIZE = 65536 };

static uint8_t from[SIZE], to[SIZE];

__attribute__((noinline)) static void by_bytes(uint8_t *target, const uint8_t *source, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
        __asm__ volatile("" : : : "memory"); /* one byte at a time, whatever the compiler thinks */
    }
}

static void fill(uint64_t seed)
{
    for (size_t i = 0; i < SIZE; i += 8) {
        store_le64(from + i, next_random(&seed));
    }
}

static uint64_t small_ones(void)
{
    uint64_t digest = MIX_START;
    for (size_t size = 0; size < 64; size++) {
        for (size_t distance = 0; distance < 16; distance++) {
            memmove(from + distance, from, size);
            memcpy(to + distance, from + size, size);
            digest = mix(digest, load_le64(to + distance) ^ load_le64(from + size));
        }
    }
    return digest;
}

RUN(test, iterations)
{
    uint64_t digest = MIX_START;
    fill(1);
    for (uint64_t i = 0; i < iterations; i++) {
        if (test == 0) {
            by_bytes(to, from, SIZE);
        } else if (test == 1) {
            memcpy(to, from, SIZE);
        } else if (test == 2) {
            memmove(from + 8, from, SIZE - 8);
        } else {
            digest = mix(digest, small_ones());
        }
        from[i % SIZE]++;
        digest = mix(digest, load_le64(to + (i * 8) % SIZE));
    }
    return mix_bytes(mix_bytes(digest, to, 256), from, 256);
}

SELF_TEST()
{
    fill(2);
    by_bytes(to, from, SIZE);
    if (!same_bytes(to, from, SIZE) || memcmp(to, from, SIZE) != 0) {
        return 1;
    }
    memset(to, 0x5a, 1000);
    if (to[999] != 0x5a || to[1000] != from[1000] || memcmp(to, from, 1001) == 0) {
        return 2;
    }
    memmove(from + 3, from, 100);
    memcpy(to, from + 3, 100);
    return from[3] == from[0] || to[99] == from[102] ? 0 : 3;
}
