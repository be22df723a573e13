/*
 * bytes.h - reading and writing the inputs of the targets.
 *
 * Reading never fails: what lies beyond the end is zero, and a size that is too large is what is left. So a fuzzer
 * that changes any byte still has an input.
 */
#ifndef ASSAY_FUZZ_BYTES_H
#define ASSAY_FUZZ_BYTES_H

#include "native.h"

struct source {
    const uint8_t *data;
    size_t size, at;
};

uint8_t source_byte(struct source *source);
uint64_t source_fixed(struct source *source, unsigned size); /* little-endian */
uint64_t source_number(struct source *source);               /* LEB128 */
size_t source_count(struct source *source);                  /* at most as many as there are bytes left */
struct assay_bytes source_take(struct source *source, size_t size);
struct assay_bytes source_bytes(struct source *source); /* a number, and as many bytes */
struct assay_bytes source_rest(struct source *source);

void sink_byte(struct text *sink, unsigned value);
void sink_fixed(struct text *sink, uint64_t value, unsigned size);
void sink_number(struct text *sink, uint64_t value);
void sink_raw(struct text *sink, const uint8_t *data, size_t size);
void sink_bytes(struct text *sink, const uint8_t *data, size_t size);

#endif
