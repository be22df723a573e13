/*
 * How much is kept for the next program: windows, executable memory, Images with their code and idle machines.
 *
 * Memory that is kept saves most of a small program's time, and must not grow with the programs that were run. So each
 * of the three has its share of one bound, in MiB, that the environment variable ASSAY_FAST_KEEP_MIB may change; 0
 * keeps nothing. Before anything is refused for lack of memory, all that is kept and idle is given back.
 */
#include "machine.h"

#include <stdlib.h>

enum { KEEP_MIB = 48, KEEP_MIB_MAX = 1 << 20 };

static const size_t UNKNOWN = SIZE_MAX;

static size_t limit_bytes = SIZE_MAX;
static void (*shed_more)(void);

static size_t read_limit(void)
{
    const char *given = getenv("ASSAY_FAST_KEEP_MIB");
    char *end = NULL;
    unsigned long mib = given == NULL ? KEEP_MIB : strtoul(given, &end, 10);
    if (given != NULL && (end == given || *end != '\0' || mib > KEEP_MIB_MAX)) {
        mib = KEEP_MIB;
    }
    return (size_t)mib << 20;
}

size_t fast_budget_share(enum fast_budget_part part)
{
    static const uint8_t parts_of_four[] = {
        [FAST_BUDGET_WINDOWS] = 1, [FAST_BUDGET_CODE] = 1, [FAST_BUDGET_IMAGES] = 2};
    size_t limit = __atomic_load_n(&limit_bytes, __ATOMIC_RELAXED);
    if (limit == UNKNOWN) {
        limit = read_limit();
        __atomic_store_n(&limit_bytes, limit, __ATOMIC_RELAXED);
    }
    return limit / 4 * parts_of_four[part];
}

void fast_budget_on_shed(void (*more)(void))
{
    shed_more = more;
}

void fast_budget_shed(void)
{
    if (shed_more != NULL) {
        shed_more();
    }
    fast_mem_drop_kept();
    fast_arena_drop_kept();
}
