/*
 * compare.h - what two runs are compared by: stops, memory images and records, and the list of
 * differences.
 */
#ifndef ASSAY_NATIVE_COMPARE_H
#define ASSAY_NATIVE_COMPARE_H

#include "native.h"
#include "vector.h"

enum { DIFFERENCE_MAX = 16, DIFFERENCE_BYTES = 32, DIFFERENCE_TEXT = 160 };

struct difference {
    char field[64];
    char expected[DIFFERENCE_TEXT]; /* as JSON */
    char got[DIFFERENCE_TEXT];
};

/* The first DIFFERENCE_MAX differences; `count` counts on. */
struct differences {
    size_t count;
    struct difference item[DIFFERENCE_MAX];
};

/* A new one, for the caller to fill in. */
struct difference *differences_add(struct differences *differences, const char *field);

/* Each adds one difference if the two are not equal. */
void compare_numbers(struct differences *differences, const char *field, uint64_t expected, uint64_t got);
void compare_counts(struct differences *differences, const char *field, uint64_t expected, uint64_t got);
void compare_words(struct differences *differences, const char *field, const char *expected, const char *got);

/* `prefix` stands before the name of each field, such as "blocks[3]." */
void compare_states(struct differences *differences, const char *prefix, const struct assay_state *expected,
                    const struct assay_state *got);
void compare_steps(struct differences *differences, const char *prefix, const struct assay_step *expected,
                   const struct assay_step *got);
void compare_stops(struct differences *differences, const struct assay_stop *expected, const struct assay_stop *got);
/* Images: the given pages one after the other. A run of differing bytes is one difference. */
void compare_images(struct differences *differences, const struct assay_program *program, const uint8_t *expected,
                    const uint8_t *got);

/* , "differences": [...] */
void write_differences(struct text *text, const struct differences *differences);
void write_state(struct text *text, const struct assay_state *state);  /* {"pc", "gas", "regs": [13]} */
void write_record(struct text *text, const struct assay_step *record); /* {"pc", "regs": [13], "store"} */
void write_stop(struct text *text, const struct assay_stop *stop);     /* {"exit", "argument", "pc", ...} */

/* ---- memory images ----------------------------------------------------------------------- */

size_t image_size(const struct assay_program *program);
void image_start(const struct assay_program *program, uint8_t *image); /* as loaded */
void image_apply(const struct assay_program *program, uint8_t *image, const struct memory_run *run);
int image_read(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
               uint8_t *image);
int image_restore(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
                  const uint8_t *image);
/* The maximal runs in which two images differ, with the bytes of `after`; stored in the arena. */
size_t image_runs(struct arena *arena, const struct assay_program *program, const uint8_t *before, const uint8_t *after,
                  struct memory_run **run);

/* ---- steps ------------------------------------------------------------------------------- */

/* Runs or resumes; `step` is no write. The result is the engine's. */
int step_execute(const struct assay_engine *engine, struct assay_machine *machine, const struct vector_step *step,
                 struct assay_stop *stop);

#endif
