/*
 * play.h - one script on two engines, everything compared after every step.
 *
 * A script is a program and what the harness does with its machine: runs, resumes and writes, each of which may
 * depend on how the first engine has stopped before. It is played in one of three flavours: in production;
 * observed, where the records of both engines are digested and compared; and split, where the first run is cut
 * into pieces by `until` and must end as the whole did. The script looks at nothing but the first engine's stops,
 * so that playing it again does the same.
 */
#ifndef ASSAY_NATIVE_PLAY_H
#define ASSAY_NATIVE_PLAY_H

#include "compare.h"
#include "digest.h"
#include "vector.h"

enum flavour { FLAVOUR_PRODUCTION, FLAVOUR_OBSERVED, FLAVOUR_SPLIT, FLAVOUR_COUNT };

struct play;

struct play_script {
    const struct assay_program *program;
    size_t step_max;
    /* What comes after the steps done so far; false: nothing. */
    bool (*next)(void *context, struct play *play, struct vector_step *step);
    void *context;
};

struct play_side {
    const struct assay_engine *engine;
    struct assay_machine *machine;
    struct assay_stop stop;
    uint8_t *memory;
    struct digest blocks, instructions;
    const struct assay_observer *watcher; /* told the records too; NULL: nobody */
};

struct play {
    struct play_side side[2];
    const struct play_script *script;
    enum flavour flavour;
    struct arena *arena;
    uint64_t piece;           /* how many records a piece of a split run has */
    bool keeps_memory;        /* the changed bytes of each step are wanted, to write the case */
    uint8_t *before;          /* then: the memory of the first engine at the start of the step */
    int load;                 /* result of the first engine */
    struct vector_step *step; /* with the outcomes of the first engine */
    size_t step_count;
    struct differences differences;
    bool cut;            /* an observed run had more records than its engine could tell */
    const char *trouble; /* what a program that is an engine did: it died, hung or answered garbage; NULL: nothing */
};

/* Storage in the arena; play_program does the rest. */
struct play *play_new(const struct assay_engine *const engine[2], struct arena *arena, const struct play_script *script,
                      enum flavour flavour);
void play_program(struct play *play);
bool play_both_have(const struct play *play, uint64_t feature);

/* Adds what differs between the stops of `other` and those of the same program in production. */
void play_compare_flavours(struct play *other, const struct play *production);

#endif
