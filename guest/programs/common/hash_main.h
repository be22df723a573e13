/*
 * The endpoints of a guest that hashes: HASH(data, size, digest) gives 32 bytes; `known` are answers from the
 * algorithm's own description. run(size, iterations) hashes `size` bytes, at most 65,536, again and again.
 */
#include "program.h"

enum { DATA_MAX = 65536 };

static uint8_t hashed[DATA_MAX];

static size_t text_size(const char *text)
{
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}

RUN(test, iterations)
{
    size_t size = (size_t)(test < DATA_MAX ? test : DATA_MAX);
    uint8_t digest[32] = {0};
    for (size_t i = 0; i < size; i++) {
        hashed[i] = (uint8_t)(i * 7 + 3);
    }
    for (uint64_t i = 0; i < iterations; i++) {
        for (size_t k = 0; k < 32 && k < size; k++) {
            hashed[k] ^= digest[k];
        }
        HASH(hashed, size, digest);
    }
    return mix_bytes(MIX_START, digest, 32);
}

SELF_TEST()
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint8_t digest[32];
        HASH((const uint8_t *)known[i].text, text_size(known[i].text), digest);
        if (!same_bytes(digest, known[i].digest, 32)) {
            return i + 1;
        }
    }
    return 0;
}
