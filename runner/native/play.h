/*
 * play.h - one random program on two engines, everything compared after every step.
 *
 * A program is played in one of three flavours: in production; observed, where the records of
 * both engines are digested and compared; and split, where the first run is cut into pieces by
 * `until` and must end as the whole did. What the harness does between the steps is decided by
 * the program's plan and the stops of the first engine, so that playing it again does the same.
 */
#ifndef ASSAY_NATIVE_PLAY_H
#define ASSAY_NATIVE_PLAY_H

#include "compare.h"
#include "digest.h"
#include "random.h"

enum { PLAY_STEP_MAX = 12 };

enum flavour { FLAVOUR_PRODUCTION, FLAVOUR_OBSERVED, FLAVOUR_SPLIT, FLAVOUR_COUNT };

struct play_side {
    const struct assay_engine *engine;
    struct assay_machine *machine;
    struct assay_stop stop;
    uint8_t *memory;
    struct digest blocks, instructions;
};

struct play {
    struct play_side side[2];
    struct random_program *made;
    enum flavour flavour;
    struct arena *arena;
    struct random plan;
    bool keeps_memory;                      /* the changed bytes of each step are wanted, to write the case */
    uint8_t *before;                        /* then: the memory of the first engine at the start of the step */
    int load;                               /* result of the first engine */
    struct vector_step step[PLAY_STEP_MAX]; /* with the outcomes of the first engine */
    size_t step_count;
    struct differences differences;
    bool cut;            /* an observed run had more records than its engine could tell */
    const char *trouble; /* what a program that is an engine did: it died, hung or answered garbage; NULL: nothing */
};

/* Storage in the arena; play_program does the rest. */
struct play *play_new(const struct assay_engine *const engine[2], struct arena *arena, struct random_program *made,
                      enum flavour flavour);
void play_program(struct play *play);

/* Adds what differs between the stops of `other` and those of the same program in production. */
void play_compare_flavours(struct play *other, const struct play *production);

#endif
