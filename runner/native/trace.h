/* trace.h - the part of trace that plays cases of the kernel. */
#ifndef ASSAY_NATIVE_TRACE_H
#define ASSAY_NATIVE_TRACE_H

#include "kernel_case.h"

/* Prints the records [from, from + count) of every step, or of one (`step`, NULL: all); returns an exit code. */
int trace_kernel(const struct assay_engine *engine, const struct kernel_case *vector, uint64_t from, uint64_t count,
                 const uint64_t *step);

#endif
