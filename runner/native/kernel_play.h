/*
 * kernel_play.h - one case of the kernel on one engine, step by step.
 *
 * First comes the opening: what the codec is asked, or the World or chain that the steps then act on.
 */
#ifndef ASSAY_NATIVE_KERNEL_PLAY_H
#define ASSAY_NATIVE_KERNEL_PLAY_H

#include "kernel_answer.h"

/* The records (L2) of a step. */
struct kernel_records {
    struct text text; /* one after the other */
    size_t *end;      /* where each of them ends in it */
    size_t count, room;
};

struct kernel_play {
    const struct assay_engine *engine;
    const struct kernel_case *vector;
    bool is_observed; /* gives records; without it the engine runs its production code */
    bool has_state;   /* answers hold a chain's whole State as well */
    bool is_cut;      /* step `cut_step` gets another budget of gas */
    size_t cut_step;
    uint64_t cut_gas;
    struct assay_world *world;
    struct assay_chain *chain;
    struct kernel_records records; /* of the last step */
    struct arena arena;            /* what the last answer points at */
    bool has_result;               /* the last step has a result, whatever came after it */
    int failure;                   /* < 0: the engine or its host failed, and there is no answer */
};

/* The level that a case needs, and whether an engine has it; NULL, or in words what is missing. */
const char *kernel_lack(const struct assay_engine *engine, const struct kernel_case *vector);
/* Whether the case leaves records that the engine gives. */
bool kernel_is_observable(const struct assay_engine *engine, const struct kernel_case *vector);

void kernel_play_init(struct kernel_play *play, const struct assay_engine *engine, const struct kernel_case *vector,
                      bool is_observed);
/* Closes the World or chain; the last answer lives on. 0, or how a program broke in that. */
int kernel_play_end(struct kernel_play *play);
void kernel_play_close(struct kernel_play *play);
/* Does the opening; true: the steps can follow. The answer lives until the next call. */
bool kernel_play_open(struct kernel_play *play, struct kernel_answer *answer);
void kernel_play_step(struct kernel_play *play, size_t step, struct kernel_answer *answer);

struct assay_bytes kernel_record(const struct kernel_records *records, size_t index);

#endif
