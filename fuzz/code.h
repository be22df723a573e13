/*
 * code.h - code being changed: what is put in or taken out moves the targets of jumps along.
 */
#ifndef ASSAY_FUZZ_CODE_H
#define ASSAY_FUZZ_CODE_H

#include "blob.h"

enum { CODE_MAX = 16384, CODE_TABLE_MAX = 256 };

struct code {
    uint8_t byte[CODE_MAX];
    uint8_t start[CODE_MAX]; /* 1 where an instruction starts */
    size_t size;
    uint32_t table[CODE_TABLE_MAX];
    size_t table_size;
    unsigned entry_size;
};

/* False: the code or its jump table is too large to be changed here. */
bool code_load(struct code *code, const struct blob_parts *parts);
void code_store(const struct code *code, struct arena *arena, struct blob_parts *parts);

/* Where the instruction behind the one at `at` starts; the end of the code when there is none. */
size_t code_next(const struct code *code, size_t at);
size_t code_count(const struct code *code);
size_t code_nth(const struct code *code, size_t index); /* where the n-th instruction starts; the end beyond them */

/* Puts `size` bytes with their start bits in place of `removed` bytes at `at`; false when there is no room. */
bool code_replace(struct code *code, size_t at, size_t removed, const uint8_t *byte, const uint8_t *start, size_t size);

#endif
