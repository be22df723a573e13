/*
 * Two engines on a case of the kernel.
 */
#ifndef ASSAY_NATIVE_DIFF_KERNEL_H
#define ASSAY_NATIVE_DIFF_KERNEL_H

#include "diff_pair.h"

/* Fills in `found`, or leaves its kind at DIVERGENCE_NONE. */
void diff_kernel(struct diff *diff, const struct kernel_case *vector);

#endif
