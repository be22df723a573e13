/* kernel_write.h - writes cases of the kernel in the form of vectors/README.md. */
#ifndef ASSAY_NATIVE_KERNEL_WRITE_H
#define ASSAY_NATIVE_KERNEL_WRITE_H

#include "kernel_case.h"

/*
 * Plays what the case asks for on the engine, and adds it with what the engine answers as one line of a vector file,
 * without comma or newline. Images stand in it as bytes.
 */
void kernel_write_case(struct text *text, const struct assay_engine *engine, const struct kernel_case *vector);

#endif
