/*
 * kernel_answer.h - what one step of a kernel case has led to: a list of named values.
 *
 * The expected side, out of a vector, and what an engine answers have the same form, so that one comparison
 * does for replay and for two engines beside each other.
 */
#ifndef ASSAY_NATIVE_KERNEL_ANSWER_H
#define ASSAY_NATIVE_KERNEL_ANSWER_H

#include "compare.h"
#include "kernel_case.h"

enum value_kind {
    VALUE_WORD, /* `word`, or when that is NULL a number that the contract has no word for */
    VALUE_NUMBER,
    VALUE_BYTES,
    VALUE_HASH, /* `bytes` is the hash of an encoded value */
};

struct kernel_value {
    const char *name; /* "outcome", "r7", "dump" */
    enum value_kind kind;
    const char *word;
    uint64_t number;
    struct assay_bytes bytes;
};

enum { ANSWER_MAX = 32 };

struct kernel_answer {
    size_t count;
    struct kernel_value value[ANSWER_MAX];
};

void answer_word(struct kernel_answer *answer, const char *name, const char *word);
/* A number that has a word, or has none when an engine makes it up. */
void answer_named(struct kernel_answer *answer, const char *name, const char *word, uint64_t number);
void answer_number(struct kernel_answer *answer, const char *name, uint64_t number);
void answer_registers(struct kernel_answer *answer, const uint64_t reg[ASSAY_REGISTER_COUNT]);
void answer_bytes(struct kernel_answer *answer, const char *name, const uint8_t *data, size_t size);
void answer_hash(struct kernel_answer *answer, const char *name, const uint8_t hash[HASH_BYTES]);
const struct kernel_value *answer_find(const struct kernel_answer *answer, const char *name); /* NULL: none */

/* What the vector expects of its opening (decode, admit, hash, world, genesis), or of a step. */
void expect_opening(const struct kernel_case *vector, struct kernel_answer *answer);
void expect_step(const struct kernel_case *vector, size_t step, struct kernel_answer *answer);

/*
 * Adds a difference for every value that both have and that is not the same. When only one of them says in one
 * word how it went, the other one's outcome stands against that word as "result".
 */
void answer_compare(struct differences *differences, const struct kernel_answer *expected,
                    const struct kernel_answer *got);

/* Whether a value tells how a step went, and not what it has left behind: dump, state, root, records. */
bool answer_is_result(const char *name);
void answer_write_value(struct text *text, const struct kernel_value *value);    /* as JSON */
void answer_write_result(struct text *text, const struct kernel_answer *answer); /* {"outcome": "halt", ...} */

void hash_bytes(const uint8_t *data, size_t size, uint8_t hash[HASH_BYTES]); /* BLAKE2b-256 */

#endif
