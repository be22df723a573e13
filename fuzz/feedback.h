/*
 * feedback.h - what the guest does, as coverage. Code that `fast` emits is not instrumented, and which opcode follows
 * which is no edge of any compiler: so cells of these crosses are counted in the fuzzer's own map.
 *
 *   opcode after opcode, opcode and exit, what a block costs,
 *   operation of the kernel, how it ended, what it changed, and the classes of its operands
 *
 * ASSAY_FUZZ_FEEDBACK=0 leaves them out, to measure what they are worth.
 */
#ifndef ASSAY_FUZZ_FEEDBACK_H
#define ASSAY_FUZZ_FEEDBACK_H

#include "play.h"

/* Counts a cell; whoever links the targets says where. */
void feedback_hit(uint32_t cell);

/* Follows one run of a program; the observer is told what the first engine does. */
struct feedback {
    struct code_view code;
    uint32_t last; /* opcode */
    uint64_t gas;  /* at the block before */
    bool is_first_block;
};

struct assay_observer feedback_observer(struct feedback *feedback, const struct assay_program *program);
void feedback_stop(const struct feedback *feedback, const struct assay_stop *stop);
/* A record of the kernel (chain/record), encoded. */
void feedback_record(struct assay_bytes record);

#endif
