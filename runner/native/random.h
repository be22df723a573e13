/*
 * random.h - random programs. Program number `index` is a pure function of (seed, index,
 * shape).
 */
#ifndef ASSAY_NATIVE_RANDOM_H
#define ASSAY_NATIVE_RANDOM_H

#include "encode.h"
#include "native.h"

enum shape { SHAPE_REGULAR, SHAPE_IRREGULAR, SHAPE_MIXED };

struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* 0..bound-1 */
bool random_chance(struct random *random, unsigned one_in);
uint64_t random_edge(struct random *random); /* a register value near an edge, or any */
/*
 * Registers as a program of this generator likes them: page addresses and jump addresses where
 * it uses them.
 */
void random_registers(struct random *random, uint64_t reg[ASSAY_REGISTER_COUNT]);

/* Where the pages of programs are; the first ones are what most programs have. */
enum { RANDOM_PAGES = 10, RANDOM_TABLE_MAX = 16 };
extern const uint32_t random_page[RANDOM_PAGES];

struct random_program {
    struct assay_program program;
    struct assay_state start;
    struct assay_until until; /* bounds a run that its gas does not bound */
    enum shape shape;         /* regular or irregular */
    struct random plan;       /* decides what the caller does with the machine */
};

void random_make(struct arena *arena, uint64_t seed, uint64_t index, enum shape shape, struct random_program *made);

/* Shared by the two shapes. */

enum { RANDOM_CODE_MAX = 4096, RANDOM_BLOCK_MAX = 256, RANDOM_FAVOURITE_MAX = 6 };

/* Code being made, before it becomes a blob. */
struct draft {
    uint8_t code[RANDOM_CODE_MAX];
    uint8_t start[RANDOM_CODE_MAX]; /* 1 where an instruction starts */
    size_t code_size;
    uint32_t block[RANDOM_BLOCK_MAX]; /* positions that are likely to begin blocks */
    size_t block_count;
    /* Some programs are made of few opcodes: what only shows in company, or alone, shows there. */
    uint8_t favourite[RANDOM_FAVOURITE_MAX];
    size_t favourite_count;
    bool forward; /* no jump goes back: it ends however much gas it has */
};

void random_regular_code(struct random *random, struct draft *draft);
void random_irregular_code(struct random *random, struct draft *draft);
void random_damage_blob(struct random *random, struct bytes *blob);

#endif
