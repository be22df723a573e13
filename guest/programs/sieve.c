/* The sieve of Eratosthenes: how many primes lie below `test`, which is at most 1,000,000. */
#include "common/program.h"

enum { LIMIT = 1000000 };

static uint8_t composite[LIMIT];

static uint64_t count_primes(uint32_t limit)
{
    for (uint32_t i = 0; i < limit; i++) {
        composite[i] = 0;
    }
    uint64_t count = 0;
    for (uint32_t i = 2; i < limit; i++) {
        if (composite[i]) {
            continue;
        }
        count++;
        for (uint64_t multiple = (uint64_t)i * i; multiple < limit; multiple += i) {
            composite[multiple] = 1;
        }
    }
    return count;
}

RUN(test, iterations)
{
    uint64_t digest = MIX_START;
    for (uint64_t i = 0; i < iterations; i++) {
        digest = mix(digest, count_primes((uint32_t)(test < LIMIT ? test : LIMIT)));
    }
    return digest;
}

SELF_TEST()
{
    if (count_primes(1000) != 168) {
        return 1;
    }
    return count_primes(100000) != 9592 ? 2 : 0;
}
