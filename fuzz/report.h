/* report.h - a verdict in words. */
#ifndef ASSAY_FUZZ_REPORT_H
#define ASSAY_FUZZ_REPORT_H

#include "target.h"

extern const char *const verdict_name[VERDICT_KINDS];
extern const char *const flavour_name[FLAVOUR_COUNT];

/* Members of a JSON object, without its braces. */
void report_write(struct text *text, const struct target *target, const struct engines *engines,
                  const struct verdict *verdict);

#endif
