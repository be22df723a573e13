/*
 * encode.h - puts instructions and blobs together, for random programs and for the kernels of
 * bench.
 */
#ifndef ASSAY_NATIVE_ENCODE_H
#define ASSAY_NATIVE_ENCODE_H

#include "native.h"

enum { ENCODED_MAX = 16 };

/*
 * `lo` and `hi` are the nibbles of the register byte, `x` the first immediate, `y` the last one
 * or the offset.
 */
struct operands {
    uint8_t lo, hi, third;
    unsigned x_size, y_size; /* 0..4 */
    uint64_t x, y;
};

/* Writes one instruction and returns its size, which depends on the form and the sizes only. */
size_t encode(const struct instruction *instruction, const struct operands *operands, uint8_t at[ENCODED_MAX]);

/* The blob of this code; start[i] is 1 where an instruction starts. */
struct bytes encode_blob(struct arena *arena, const uint8_t *code, const uint8_t *start, size_t code_size,
                         const uint32_t *table, size_t table_size, unsigned entry_size);

#endif
