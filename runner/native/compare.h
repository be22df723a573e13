/*
 * compare.h - what two runs are compared by: stops, guest memory and records, and the list of
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
/* Memory of a guest. A run of differing bytes is one difference. */
void compare_guests(struct differences *differences, const struct assay_program *program, const uint8_t *expected,
                    const uint8_t *got);

/* , "differences": [...] */
void write_differences(struct text *text, const struct differences *differences);
void write_named_differences(struct text *text, const char *name, const struct differences *differences);
void write_state(struct text *text, const struct assay_state *state);  /* {"pc", "gas", "regs": [13]} */
void write_record(struct text *text, const struct assay_step *record); /* {"pc", "regs": [13], "store"} */
void write_stop(struct text *text, const struct assay_stop *stop);     /* {"exit", "argument", "pc", ...} */

/* ---- guest memory -------------------------------------------------------------------------- */

/* The given pages of a program one after the other, 4096 bytes each. */

size_t guest_size(const struct assay_program *program);
void guest_start(const struct assay_program *program, uint8_t *memory); /* as loaded */
void guest_apply(const struct assay_program *program, uint8_t *memory, const struct memory_run *run);
int guest_read(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
               uint8_t *memory);
int guest_restore(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
                  const uint8_t *memory);
/* The maximal runs in which two memories differ, with the bytes of `after`; stored in the arena. */
size_t guest_runs(struct arena *arena, const struct assay_program *program, const uint8_t *before, const uint8_t *after,
                  struct memory_run **run);

/* ---- steps ------------------------------------------------------------------------------- */

/* Runs or resumes; `step` is no write. The result is the engine's. */
int step_execute(const struct assay_engine *engine, struct assay_machine *machine, const struct vector_step *step,
                 struct assay_stop *stop);

#endif
