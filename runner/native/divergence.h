/*
 * The first difference of two engines on one case: what it is, and how it is written.
 */
#ifndef ASSAY_NATIVE_DIVERGENCE_H
#define ASSAY_NATIVE_DIVERGENCE_H

#include "compare.h"

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
    const char *during;                /* the request in which it broke; NULL: it is not a program */
    struct text before, expected, got; /* JSON */
    struct text message;
    struct differences differences;
    struct differences poor; /* of DIVERGENCE_GAS: with the least budget */
};

void divergence_clear(struct divergence *found);
/* "divergence": {...} or null */
void divergence_write(struct text *text, const struct divergence *found);

#endif
