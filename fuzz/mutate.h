/*
 * mutate.h - changes of inputs by somebody who knows their format.
 *
 * A change is a function of its seed, so that the same seed makes the same input. What is no input of a target is
 * made one, and what is too large to be understood is changed as bytes.
 */
#ifndef ASSAY_FUZZ_MUTATE_H
#define ASSAY_FUZZ_MUTATE_H

#include "blob.h"
#include "bytes.h"
#include "random.h"

enum { MUTATED_MAX = 256 * 1024 };

/* What changes are drawn from; `other` is another input of the same target, which may be empty. */
struct mutation {
    struct random random;
    struct arena arena;
    struct assay_bytes other; /* behind its tag */
};

/* Changes an input; `sink` is emptied first. */
void mutate_input(struct mutation *mutation, const uint8_t *data, size_t size, struct text *sink);

/* Of one target each: the input behind the tag, and where the changed one goes, with its tag. */
void mutate_machine(struct mutation *mutation, struct source source, struct text *sink);
void mutate_invocation(struct mutation *mutation, struct source source, struct text *sink);
void mutate_chain(struct mutation *mutation, struct source source, struct text *sink);
void mutate_codec(struct mutation *mutation, struct source source, struct text *sink);
void mutate_text(struct mutation *mutation, struct source source, struct text *sink);

/* Changes code and jump table; `for_kernel`: operations of the kernel are put in too. True: something changed. */
bool mutate_code(struct mutation *mutation, const struct blob_parts *other, bool for_kernel, struct blob_parts *parts);
/* An encoded value of enum assay_type, changed; of an Image also its code. */
struct assay_bytes mutate_value(struct mutation *mutation, uint32_t type, struct assay_bytes value,
                                struct assay_bytes other);
/* Any bytes, changed here and there. */
struct assay_bytes mutate_bytes(struct mutation *mutation, struct assay_bytes bytes, struct assay_bytes other);

/* Amounts of gas: small, about what a block costs, and one beside what it was. */
uint64_t mutate_gas(struct random *random, uint64_t gas);

/* Leaves something out of an input: the candidate of that number. False: there are no more. */
bool shrink_input(const uint8_t *data, size_t size, size_t candidate, struct text *sink);

#endif
