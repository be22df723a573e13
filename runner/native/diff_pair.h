/*
 * Two engines beside each other on one case: what is asked of them, what they share, and what is found.
 *
 *   diff.c          the command: which cases, and one line of output for each
 *   diff_machine.c  a case of the machine: load, production, observed
 *   diff_records.c  the first record that differs, of a run of any length
 *   diff_gas.c      where there are no records: the least budget of gas with which a difference shows
 *   diff_broken.c   where an engine dies, hangs or answers garbage
 *   diff_kernel.c   a case of the kernel
 */
#ifndef ASSAY_NATIVE_DIFF_PAIR_H
#define ASSAY_NATIVE_DIFF_PAIR_H

#include "divergence.h"
#include "lab.h"
#include "ladder.h"

/* An engine pair on one case; what is found, and what it took. */
struct diff {
    const struct assay_engine *engine[2]; /* the first one's answers are "expected" */
    bool has_step, has_level;             /* only this step; only this level of records */
    uint64_t asked_step;
    enum level asked_level;
    struct arena arena;
    struct divergence found;
    struct text unseen; /* a JSON list without its brackets */
    uint64_t records;   /* of the expected side, in the steps compared */
    uint64_t runs;      /* how often both engines ran */
    /* The machine level. */
    const struct vector_case *vector;
    struct lab lab[2];
    struct ladder ladder[2][2];    /* by side and level */
    const struct vector_step *cut; /* what is done in the step's place: the same, up to where a side breaks; NULL */
    bool uncut;                    /* cutting a run short changes what an engine does: it is run whole */
    bool has_last;
    struct assay_stop last; /* with which both ended the step before */
    bool has_stops;
    struct assay_stop production[2]; /* of the step compared last */
    struct differences flavour[2];   /* production against observed of the same engine */
};

/* Names something that could not be compared, once. */
void diff_unseen(struct diff *diff, const char *what);

bool diff_has_level(const struct assay_engine *engine, enum level level);
bool diff_both_have(const struct diff *diff, enum level level);

/* A step of the case, or what is done in its place. */
struct vector_step diff_step(const struct diff *diff, size_t step);
/* Runs a step of the machine in production on both sides and compares. */
void diff_production(struct diff *diff, size_t step, const struct vector_step *changed,
                     struct differences *differences);
/* How many blocks are paid for with that budget, by whichever side can tell; false when neither can. */
bool diff_count_blocks(struct diff *diff, size_t step, uint64_t gas, uint64_t *count);

/* {"failure": "hung", "message": ...} of a result of which lab_is_failure() holds */
void diff_write_failure(struct text *text, const struct assay_engine *engine, int result);
/*
 * Cuts the time that an engine has for one request, while it is searched for where it breaks; returns what it was,
 * which is to be given back.
 */
double diff_hurry(const struct assay_engine *engine);
void diff_hurry_no_more(const struct assay_engine *engine, double seconds);

#endif
