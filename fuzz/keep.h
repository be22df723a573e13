/*
 * keep.h - inputs on which engines differ, kept by the target itself, so that the fuzzer goes on behind a find.
 *
 * ASSAY_FUZZ_FINDS names the folder. Of differences in the same fields a few inputs are kept.
 */
#ifndef ASSAY_FUZZ_KEEP_H
#define ASSAY_FUZZ_KEEP_H

#include "target.h"

/* False: there is no such folder, or nothing can be written; then the fuzzer must keep the input. */
bool keep_input(const struct verdict *verdict, const uint8_t *data, size_t size);

#endif
