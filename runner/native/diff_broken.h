/*
 * Where an engine dies, hangs or answers garbage.
 */
#ifndef ASSAY_NATIVE_DIFF_BROKEN_H
#define ASSAY_NATIVE_DIFF_BROKEN_H

#include "diff_pair.h"

/* Side `side` has failed in the step; finds out where. */
void diff_broken(struct diff *diff, bool has_step, size_t step, size_t side, enum flavours flavours);
/* All steps agree: looks whether a side breaks when it is asked to unload, and reports that. */
void diff_unload(struct diff *diff);

#endif
