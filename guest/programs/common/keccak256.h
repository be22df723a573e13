/* Keccak-256 as first submitted, with the padding byte 0x01; its permutation is that of FIPS 202. */
#ifndef GUEST_KECCAK256_H
#define GUEST_KECCAK256_H

#include "program.h"

enum { KECCAK_LANES = 25, KECCAK_RATE = 136, KECCAK_ROUNDS = 24 };

static const uint64_t keccak_constant[KECCAK_ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* The lane that each step of rho and pi moves to, and by how much it is rotated. */
static const uint8_t keccak_lane[KECCAK_ROUNDS] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                   15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
static const uint8_t keccak_count[KECCAK_ROUNDS] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                                    27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t keccak_rotate(uint64_t value, unsigned count)
{
    return value << count | value >> (64 - count);
}

static void keccak_permute(uint64_t a[KECCAK_LANES])
{
    for (int round = 0; round < KECCAK_ROUNDS; round++) {
        uint64_t c[5];
        for (int x = 0; x < 5; x++) {
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ keccak_rotate(c[(x + 1) % 5], 1);
            for (int y = 0; y < KECCAK_LANES; y += 5) {
                a[x + y] ^= d;
            }
        }
        uint64_t moved = a[1];
        for (int i = 0; i < KECCAK_ROUNDS; i++) {
            uint64_t kept = a[keccak_lane[i]];
            a[keccak_lane[i]] = keccak_rotate(moved, keccak_count[i]);
            moved = kept;
        }
        for (int y = 0; y < KECCAK_LANES; y += 5) {
            uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
            for (int x = 0; x < 5; x++) {
                a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        a[0] ^= keccak_constant[round];
    }
}

static void keccak256(const uint8_t *data, size_t size, uint8_t digest[32])
{
    uint64_t a[KECCAK_LANES] = {0};
    for (; size >= KECCAK_RATE; size -= KECCAK_RATE, data += KECCAK_RATE) {
        for (int i = 0; i < KECCAK_RATE / 8; i++) {
            a[i] ^= load_le64(data + 8 * i);
        }
        keccak_permute(a);
    }
    uint8_t last[KECCAK_RATE] = {0};
    for (size_t i = 0; i < size; i++) {
        last[i] = data[i];
    }
    last[size] = 0x01;
    last[KECCAK_RATE - 1] |= 0x80;
    for (int i = 0; i < KECCAK_RATE / 8; i++) {
        a[i] ^= load_le64(last + 8 * i);
    }
    keccak_permute(a);
    for (int i = 0; i < 4; i++) {
        store_le64(digest + 8 * i, a[i]);
    }
}

#endif
