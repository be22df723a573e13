/*
 * ledger.h - what was executed, counted where the death of the process does not lose it.
 *
 * ASSAY_FUZZ_LEDGER names a file that is mapped and counted in; whoever watches reads it as `struct ledger`. Without
 * it nothing is kept.
 */
#ifndef ASSAY_FUZZ_LEDGER_H
#define ASSAY_FUZZ_LEDGER_H

#include "target.h"

struct ledger {
    uint64_t magic; /* LEDGER_MAGIC: the file is one */
    uint64_t verdicts[VERDICT_KINDS];
    uint64_t skipped[SKIP_REASONS];
    uint64_t limited; /* inputs of which something was cut down */
};

#define LEDGER_MAGIC UINT64_C(0x3172676c7a7566) /* "fuzlgr1" */

void ledger_open(void);
void ledger_count(const struct verdict *verdict);

#endif
