/*
 * The first record that differs, of a run of any length.
 */
#ifndef ASSAY_NATIVE_DIFF_RECORDS_H
#define ASSAY_NATIVE_DIFF_RECORDS_H

#include "diff_pair.h"

/*
 * Runs the step observed on both sides and compares the records; true when one differs, and then `found` is
 * filled in. Else `differences` are those of stops and memory. Sets `found` to broken when an engine breaks.
 */
bool diff_records(struct diff *diff, size_t step, struct differences *differences);
/* The last record of the step, as "before"; nothing when there is none. */
void diff_last_record(struct diff *diff, size_t step);

#endif
