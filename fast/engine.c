/* The one public symbol: the engine's table of functions (assay.h). */
#include "kernel/kernel.h"
#include "machine/machine.h"

extern const struct assay_engine assay_fast;

ASSAY_EXPORT const struct assay_engine assay_fast = {
    .size = sizeof(struct assay_engine),
    .abi = ASSAY_ABI,
    .name = "fast",
    .version = ASSAY_VERSION,
    .features = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS,
    .revisions = UINT64_C(1) << ASSAY_REVISION_1,
    .profiles = UINT64_C(1) << ASSAY_PROFILE_JAR,
    .machine = &fast_load_level,
    .codec = &fast_codec_level,
    .invocation = &fast_world_level,
    .chain = &fast_chain_level,
};
