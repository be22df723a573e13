/*
 * Where there are no records: the least budget of gas with which a difference shows.
 */
#ifndef ASSAY_NATIVE_DIFF_GAS_H
#define ASSAY_NATIVE_DIFF_GAS_H

#include "diff_pair.h"

/* Production differs and no record shows it. */
void diff_gas(struct diff *diff, size_t step);

#endif
