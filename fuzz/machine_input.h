/*
 * machine_input.h - inputs of the target machine: a program, and what is done with its machine.
 *
 * README.md has the format.
 */
#ifndef ASSAY_FUZZ_MACHINE_INPUT_H
#define ASSAY_FUZZ_MACHINE_INPUT_H

#include "blob.h"
#include "bytes.h"
#include "tags.h"
#include "vector.h"

struct machine_step {
    enum step_kind kind;
    uint64_t pc, gas;
    uint16_t changed; /* bit r: reg[r] counts; the others are 0 in a run, and in a resume what they were */
    uint64_t reg[ASSAY_REGISTER_COUNT];
    struct assay_until until;
    struct memory_run write;
};

struct machine_input {
    bool has_parts; /* else the blob is what it is */
    struct blob_parts parts;
    struct assay_program program;
    uint64_t piece; /* not 0: also played split into pieces of so many records */
    struct machine_step *step;
    size_t step_count;
};

/* `data` begins behind the tag. What is read points into it. */
void machine_input_read(struct arena *arena, struct source source, struct machine_input *input);
void machine_input_write(struct text *sink, const struct machine_input *input);
/* What a vector asks for, without what it expects. */
void machine_input_of(struct arena *arena, const struct vector_case *vector, struct machine_input *input);

#endif
