/*
 * limits.h - what an execution may cost, so that one that does not end is a find and not a long program.
 *
 * An input beyond a limit is not left out: what it asks for is cut down to the limit before anything runs.
 */
#ifndef ASSAY_FUZZ_LIMITS_H
#define ASSAY_FUZZ_LIMITS_H

#include "kernel_case.h"

enum {
    LIMIT_INPUT = 1024 * 1024,  /* bytes of an input; what is behind is not read */
    LIMIT_PAGES = 256,          /* 1 MiB of mapped memory */
    LIMIT_STEPS = 64,           /* steps of a machine or World, events of a chain */
    LIMIT_GAS = 50000,          /* of a run or an event */
    LIMIT_BLOCKS = 5000,        /* of a run with more gas, which is stopped after so many */
    LIMIT_INSTRUCTIONS = 50000, /* likewise */
};

/* Each returns how many values it has cut down. `bytes` are changed where they stand. */
size_t limit_gas(uint64_t *gas);
size_t limit_image(struct arena *arena, struct assay_bytes bytes);
size_t limit_world(struct arena *arena, struct assay_bytes bytes);
size_t limit_kernel(struct arena *arena, struct kernel_case *input);
/* A revision that the engine lacks becomes the first one that it has. NULL: no engine is called. */
size_t limit_revision(const struct assay_engine *engine, struct kernel_case *input);

#endif
