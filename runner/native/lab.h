/*
 * lab.h - one case of a vector file on one engine, run again and again from its beginning to a
 * chosen step.
 */
#ifndef ASSAY_NATIVE_LAB_H
#define ASSAY_NATIVE_LAB_H

#include "compare.h"
#include "native.h"
#include "vector.h"

struct lab {
    const struct assay_engine *engine;
    const struct vector_case *vector;
    struct assay_machine *machine;
    uint8_t *image; /* memory after the last lab_run */
    struct assay_stop stop;
    int result; /* of the last load or step; 0: done */
};

void lab_init(struct lab *lab, const struct assay_engine *engine, const struct vector_case *vector,
              struct arena *arena);
void lab_close(struct lab *lab);

/*
 * Loads afresh, does the steps before `step` and runs that one as `changed` says (NULL: as the
 * case says), with the observer (NULL: production). False when the engine refuses; lab->result
 * says what it returned.
 */
bool lab_run(struct lab *lab, size_t step, const struct vector_step *changed, const struct assay_observer *observer);

/* Compares stop and memory of two labs, or their refusals. */
void lab_compare(const struct lab *expected, const struct lab *got, struct differences *differences);

/* What to do with the case that was asked for; returns an exit code. */
typedef int lab_fn(void *context, const struct vector_case *vector);

/*
 * Finds the case `id` in the files and hands it on; CODE_VECTORS after a complaint when there
 * is none.
 */
int lab_with_case(const char *command, const char *id, char *const *file, size_t file_count, lab_fn *then,
                  void *context);

#endif
