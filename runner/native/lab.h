/*
 * lab.h - one case of a vector file on one engine, run again and again from its beginning to a
 * chosen step.
 */
#ifndef ASSAY_NATIVE_LAB_H
#define ASSAY_NATIVE_LAB_H

#include "compare.h"
#include "native.h"
#include "vector.h"

enum { LAB_PIECE = 16384 }; /* records of one piece; PROTOCOL.md lets an engine keep no more than 65,536 */

struct lab {
    const struct assay_engine *engine;
    const struct vector_case *vector;
    struct assay_machine *machine;
    uint8_t *image; /* memory after the last lab_run */
    struct assay_stop stop;
    int result;     /* of the last load or step; 0: done */
    int memory;     /* of reading memory after it; 0: `image` holds it */
    bool is_loaded; /* the result is that of a step */
    int ending;     /* how the program broke when it was last asked to unload; 0: it did not */
    bool is_blind;  /* memory is not read after a run: reading it breaks the engine */
    bool in_pieces; /* observed runs are cut into pieces: the engine keeps only so many records of one */
};

void lab_init(struct lab *lab, const struct assay_engine *engine, const struct vector_case *vector,
              struct arena *arena);
void lab_close(struct lab *lab);

/* Loads afresh; lab->result says how that went. */
void lab_load(struct lab *lab);

/*
 * Loads afresh, does the steps before `step` and does that one as `changed` says (NULL: as the
 * case says), with the observer (NULL: production). False when the engine refuses or fails;
 * lab->result says what it returned.
 */
bool lab_run(struct lab *lab, size_t step, const struct vector_step *changed, const struct assay_observer *observer);

/* Compares stop and memory of two labs, or their refusals. */
void lab_compare(const struct lab *expected, const struct lab *got, struct differences *differences);

/* Whether a result is neither one that the specification defines nor a refusal. */
bool lab_is_failure(int result);
/* A result in one word: "done", "refused", "blob/truncated", or why the engine failed. */
const char *lab_word(int result);

#endif
