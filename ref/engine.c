/* The one public symbol: the engine's table (assay.h). */
#include "kernel/kernel.h"

extern const struct assay_engine assay_ref;

ASSAY_EXPORT const struct assay_engine assay_ref = {
    .size = sizeof(struct assay_engine),
    .abi = ASSAY_ABI,
    .name = "ref",
    .version = ASSAY_VERSION,
    .features = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS,
    .revisions = UINT64_C(1) << ASSAY_REVISION_1,
    .profiles = UINT64_C(1) << ASSAY_PROFILE_JAR,
    .machine = &ref_machine_level,
    .codec = &ref_codec_level,
    .invocation = &ref_invocation_level,
    .chain = &ref_chain_level,
};
