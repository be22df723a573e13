/*
 * kernel_input.h - inputs of the targets codec, invocation and chain: what a case of the kernel asks for.
 *
 * README.md has the formats.
 */
#ifndef ASSAY_FUZZ_KERNEL_INPUT_H
#define ASSAY_FUZZ_KERNEL_INPUT_H

#include "bytes.h"
#include "kernel_case.h"
#include "tags.h"

enum { CODEC_TYPES = 5, CODEC_HASHES = 7, CODEC_QUESTIONS = CODEC_TYPES + 1 + CODEC_HASHES };

/* `source` begins behind the tag. What is read points into it. */
void codec_input_read(struct source source, struct kernel_case *input);
void invocation_input_read(struct arena *arena, struct source source, struct kernel_case *input);
void chain_input_read(struct arena *arena, struct source source, struct kernel_case *input);

/* An input of the target that the case belongs to. */
void kernel_input_write(struct text *sink, const struct kernel_case *input);

#endif
