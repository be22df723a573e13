/*
 * Two engines on a case of the machine.
 */
#ifndef ASSAY_NATIVE_DIFF_MACHINE_H
#define ASSAY_NATIVE_DIFF_MACHINE_H

#include "diff_pair.h"

/* Fills in `found`, or leaves its kind at DIVERGENCE_NONE. */
void diff_machine(struct diff *diff, const struct vector_case *vector);

#endif
