/*
 * Operations of the host, one after the other: silent ones (test 0), slots copied and dropped (test 1), types
 * compared (test 2). The native twin does in plain C what they come to.
 */
#include "common/program.h"

enum { FREE_SLOT = 100 };

#ifdef ASSAY_NATIVE
static volatile uint64_t register_a0;

static uint64_t silent(uint64_t value)
{
    register_a0 = value;
    return register_a0;
}

static void copy_and_drop(void)
{
    register_a0 = 0;
}

static uint64_t compare(void)
{
    register_a0 = 1;
    return register_a0;
}
#else
static uint64_t silent(uint64_t value)
{
    return assay_operate(64, value, 0, 0, 0);
}

static void copy_and_drop(void)
{
    assay_copy(ASSAY_GAS, FREE_SLOT);
    assay_drop(FREE_SLOT);
}

static uint64_t compare(void)
{
    return assay_same_type(ASSAY_GAS, ASSAY_GAS);
}
#endif

RUN(test, iterations)
{
    uint64_t digest = MIX_START;
    for (uint64_t i = 0; i < iterations; i++) {
        if (test == 0) {
            digest = mix(digest, silent(i));
        } else if (test == 1) {
            copy_and_drop();
            digest = mix(digest, i);
        } else {
            digest = mix(digest, compare());
        }
    }
    return digest;
}

SELF_TEST()
{
    if (silent(12345) != 12345) {
        return 1;
    }
    copy_and_drop();
    return compare() != 1 ? 2 : 0;
}
