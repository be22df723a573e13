/*
 * diff.h - the first difference of two engines on one case: what it is, and the two engines beside each other.
 *
 *   diff.c          the command: which cases, and one line of output for each
 *   diff_machine.c  a case of the machine: load, production, observed
 *   diff_records.c  the first record that differs, of a run of any length
 *   diff_gas.c      where there are no records: the least budget of gas with which a difference shows
 *   diff_broken.c   where an engine dies, hangs or answers garbage
 *   diff_kernel.c   a case of the kernel
 */
#ifndef ASSAY_NATIVE_DIFF_H
#define ASSAY_NATIVE_DIFF_H

#include "compare.h"
#include "lab.h"
#include "ladder.h"

enum divergence_kind {
    DIVERGENCE_NONE,
    DIVERGENCE_INSTRUCTION,
    DIVERGENCE_BLOCK,
    DIVERGENCE_EVENT,
    DIVERGENCE_STOP,
    DIVERGENCE_GAS,
    DIVERGENCE_RESULT,
    DIVERGENCE_MEMORY,
    DIVERGENCE_DUMP,
    DIVERGENCE_STATE,
    DIVERGENCE_ROOT,
    DIVERGENCE_LOAD,
    DIVERGENCE_UNSTEADY,
    DIVERGENCE_BROKEN,
    DIVERGENCE_KINDS
};

enum flavours { FLAVOUR_PRODUCTION = 1, FLAVOUR_OBSERVED = 2, FLAVOUR_BOTH = 3 };

/* What is not known is left empty: a text without characters, a number whose flag is false. */
struct divergence {
    enum divergence_kind kind;
    bool has_step;
    size_t step;
    enum flavours flavours; /* in which the engines differ */
    bool has_index;
    uint64_t index; /* of the record, within the step */
    const char *by; /* "gas" or "instructions": what was bisected; NULL: nothing */
    bool has_gas;
    uint64_t gas;                      /* the least budget with which the difference shows */
    bool repeats;                      /* of a broken engine: it breaks again when asked again */
    struct text before, expected, got; /* JSON */
    struct text message;
    struct differences differences;
    struct differences poor; /* of DIVERGENCE_GAS: with the least budget */
};

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
    struct ladder ladder[2][2]; /* by side and level */
    bool has_stops;
    struct assay_stop production[2]; /* of the step compared last */
    struct differences flavour[2];   /* production against observed of the same engine */
};

/* Each fills in `found`, or leaves its kind at DIVERGENCE_NONE. */
void diff_machine(struct diff *diff, const struct vector_case *vector);
void diff_kernel(struct diff *diff, const struct kernel_case *vector);

void divergence_clear(struct divergence *found);
/* "divergence": {...} or null */
void divergence_write(struct text *text, const struct divergence *found);
/* Names something that could not be compared, once. */
void diff_unseen(struct diff *diff, const char *what);

/* ---- parts of the machine level ------------------------------------------------------------ */

/* Runs the step in production on both sides and compares. */
void diff_production(struct diff *diff, size_t step, const struct vector_step *changed,
                     struct differences *differences);

bool diff_has_level(const struct assay_engine *engine, enum level level);
bool diff_both_have(const struct diff *diff, enum level level);

/*
 * Runs the step observed on both sides and compares the records; true when one differs, and then `found` is
 * filled in. Else `differences` are those of stops and memory. Sets `found` to broken when an engine breaks.
 */
bool diff_records(struct diff *diff, size_t step, struct differences *differences);
/* The last record of the step, as "before"; nothing when there is none. */
void diff_last_record(struct diff *diff, size_t step);

/* Production differs, by `production`, and no record shows it. */
void diff_gas(struct diff *diff, size_t step, const struct differences *production);
/* How many blocks are paid for with that budget, by whichever side can tell; false when neither can. */
bool diff_count_blocks(struct diff *diff, size_t step, uint64_t gas, uint64_t *count);

/* Side `side` has failed in the step; finds out where. */
void diff_broken(struct diff *diff, bool has_step, size_t step, size_t side, enum flavours flavours);

/* ---- how an engine fails ------------------------------------------------------------------- */

/* {"failure": "hung", "message": ...} of a result of which lab_is_failure() holds */
void diff_write_failure(struct text *text, const struct assay_engine *engine, int result);
/*
 * Cuts the time that an engine has for one request, while it is searched for where it breaks; returns what it was,
 * which is to be given back.
 */
double diff_hurry(const struct assay_engine *engine);
void diff_hurry_no_more(const struct assay_engine *engine, double seconds);

#endif
