/* Keccak-256 as first submitted, with the padding byte 0x01; its permutation is that of FIPS 202. */
#include "common/program.h"

enum { LANES = 25, RATE = 136, ROUNDS = 24 };

static const uint64_t round_constant[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* The lane that each step of rho and pi moves to, and by how much it is rotated. */
static const uint8_t step_lane[ROUNDS] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t step_count[ROUNDS] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t rotate(uint64_t value, unsigned count)
{
    return value << count | value >> (64 - count);
}

static void permute(uint64_t a[LANES])
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t c[5];
        for (int x = 0; x < 5; x++) {
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        }
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
            for (int y = 0; y < LANES; y += 5) {
                a[x + y] ^= d;
            }
        }
        uint64_t moved = a[1];
        for (int i = 0; i < ROUNDS; i++) {
            uint64_t kept = a[step_lane[i]];
            a[step_lane[i]] = rotate(moved, step_count[i]);
            moved = kept;
        }
        for (int y = 0; y < LANES; y += 5) {
            uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
            for (int x = 0; x < 5; x++) {
                a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
            }
        }
        a[0] ^= round_constant[round];
    }
}

static void keccak256(const uint8_t *data, size_t size, uint8_t digest[32])
{
    uint64_t a[LANES] = {0};
    for (; size >= RATE; size -= RATE, data += RATE) {
        for (int i = 0; i < RATE / 8; i++) {
            a[i] ^= load_le64(data + 8 * i);
        }
        permute(a);
    }
    uint8_t last[RATE] = {0};
    for (size_t i = 0; i < size; i++) {
        last[i] = data[i];
    }
    last[size] = 0x01;
    last[RATE - 1] |= 0x80;
    for (int i = 0; i < RATE / 8; i++) {
        a[i] ^= load_le64(last + 8 * i);
    }
    permute(a);
    for (int i = 0; i < 4; i++) {
        store_le64(digest + 8 * i, a[i]);
    }
}

#define HASH keccak256

#include "common/hash_known.h"

static const struct known_answer known[] = {
    {"",
     {0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
      0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}},
    {"abc",
     {0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f, 0xc7, 0xd4, 0x7b, 0xa8, 0x26, 0xc8, 0xd6, 0x67,
      0xc0, 0xd1, 0xe6, 0xe3, 0x3a, 0x64, 0xa0, 0x36, 0xec, 0x44, 0xf5, 0x8f, 0xa1, 0x2d, 0x6c, 0x45}},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     {0x45, 0xd3, 0xb3, 0x67, 0xa6, 0x90, 0x4e, 0x6e, 0x8d, 0x50, 0x2e, 0xe0, 0x49, 0x99, 0xa7, 0xc2,
      0x76, 0x47, 0xf9, 0x1f, 0xa8, 0x45, 0xd4, 0x56, 0x52, 0x5f, 0xd3, 0x52, 0xae, 0x3d, 0x73, 0x71}},
};

#include "common/hash_main.h"
