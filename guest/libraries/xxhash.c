/* All four hashes, at once and in pieces. */
#include "common.h"
#include <xxhash.h>

static void one(void)
{
    uint64_t seed = draw(UINT64_MAX);
    XXH32_state_t *small = XXH32_createState();
    XXH64_state_t *large = XXH64_createState();
    XXH3_state_t *third = XXH3_createState();
    XXH128_hash_t wide;
    make_input(ROOM);
    note(XXH32(input, input_size, (uint32_t)seed));
    note(XXH64(input, input_size, seed));
    note(XXH3_64bits(input, input_size));
    note(XXH3_64bits_withSeed(input, input_size, seed));
    wide = XXH3_128bits_withSeed(input, input_size, seed);
    note(wide.low64);
    note(wide.high64);
    XXH32_reset(small, (uint32_t)seed);
    XXH64_reset(large, seed);
    XXH3_64bits_reset_withSeed(third, seed);
    for (size_t at = 0, size; at < input_size; at += size) {
        size = 1 + draw(input_size - at);
        XXH32_update(small, input + at, size);
        XXH64_update(large, input + at, size);
        XXH3_64bits_update(third, input + at, size);
    }
    note(XXH32_digest(small));
    note(XXH64_digest(large));
    note(XXH3_64bits_digest(third));
    XXH32_freeState(small);
    XXH64_freeState(large);
    XXH3_freeState(third);
}
