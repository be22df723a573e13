/*
 * What the programs of this folder share. Endpoint 0 runs inputs argument0, argument0 + 1, ... (argument1 of them) and
 * gives a digest of every byte that the library made of them; as a program of the host it does the same.
 */
#ifndef LIBRARIES_COMMON_H
#define LIBRARIES_COMMON_H

#include <assay/guest.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 3000

static uint64_t state, digest;
static unsigned char input[ROOM];
static size_t input_size;

static inline uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * 0x9e3779b97f4a7c15 >> 11) % below;
}

static inline void note(uint64_t value)
{
    digest = (digest ^ value) * 0xff51afd7ed558ccd;
    digest ^= digest >> 31;
}

static inline void note_bytes(const void *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++)
        note(((const unsigned char *)bytes)[n]);
    note(size);
}

/* Bytes that repeat: copies of what is there already, runs, and new ones of a few or of all kinds. */
static inline void make_input(size_t most)
{
    uint64_t kinds = draw(2) ? 256 : 1 + draw(20);
    size_t end = draw(most);
    input_size = 0;
    while (input_size < end) {
        size_t size = 1 + draw(40), from = input_size ? draw(input_size) : 0;
        int way = input_size ? (int)draw(4) : 3;
        unsigned char letter = (unsigned char)(draw(kinds) + 48);
        for (; size > 0 && input_size < end; size--)
            input[input_size++] = way == 0 ? letter : way == 1 ? input[from++] : (unsigned char)(draw(kinds) + 48);
    }
}

/* What a program does with one input. */
static void one(void);

ASSAY_ENDPOINT(0, go)
{
    digest = 0;
    for (uint64_t n = 0; n < argument1; n++) {
        state = (argument0 + n + 1) * 0x9e3779b97f4a7c15;
        one();
    }
    return digest;
}

#ifdef ASSAY_NATIVE
#include <stdio.h>

int main(int count, char **given)
{
    printf("%llu\n", (unsigned long long)go(strtoul(given[1], 0, 10), strtoul(given[2], 0, 10), 0, 0));
    return count != 3;
}
#endif

#endif
