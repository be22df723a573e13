/*
 * ladder.h - a run of any length in at most 4,096 digests.
 *
 * Records of a window are chained into a digest, and the digest is kept every `stride` records.
 * When the ladder is full every other rung goes and the stride doubles. Because each digest
 * holds all records before it, the first rung at which two ladders differ is found by
 * bisection.
 */
#ifndef ASSAY_NATIVE_LADDER_H
#define ASSAY_NATIVE_LADDER_H

#include "digest.h"
#include "native.h"

enum { RUNG_MAX = 4096 };

enum level { LEVEL_L0, LEVEL_L1 };

struct ladder {
    enum level level;
    uint64_t first; /* index of the first record of the window */
    uint64_t end;   /* index behind its last one */
    uint64_t seen;  /* records so far, of the whole run */
    uint64_t stride;
    struct digest digest; /* of the records of the window */
    size_t rung_count;
    uint64_t rung[RUNG_MAX];
    /*
     * With stride 1 at first and a window of at most RUNG_MAX, the records themselves are kept
     * as well.
     */
    bool keeps;
    struct assay_state *block;      /* L1 */
    struct assay_step *instruction; /* L0 */
};

void ladder_start(struct ladder *ladder, enum level level, uint64_t first, uint64_t end);
void ladder_free(struct ladder *ladder);
/* Takes a record in; the context is the ladder, of that level. */
void ladder_block(void *context, const struct assay_state *entry);
void ladder_instruction(void *context, const struct assay_step *record);
/* The observer that fills it. */
struct assay_observer ladder_observer(struct ladder *ladder);

/*
 * The window, [*first, *end), in which the first differing record of two runs lies, or false
 * when they are equal. A run that ends earlier differs at its end.
 */
bool ladder_compare(struct ladder *left, struct ladder *right, uint64_t *first, uint64_t *end);

#endif
