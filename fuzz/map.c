/* Where the cells of feedback.h are counted: in the map of whichever fuzzer the target is built for. */
#include "feedback.h"

#include <stdlib.h>
#include <string.h>

enum { CELLS = 8192 };

static bool is_wanted(void)
{
    const char *wanted = getenv("ASSAY_FUZZ_FEEDBACK");
    return wanted == NULL || strcmp(wanted, "0") != 0;
}

#ifdef ASSAY_FUZZ_AFL

/* As the instrumentation does it for edges: AFL++ gives each of these a place in its map. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

static uint32_t place[CELLS];
static bool is_on;

__attribute__((constructor(2))) static void take_places(void)
{
    is_on = is_wanted();
    if (is_on) {
        __sanitizer_cov_trace_pc_guard_init(place, place + CELLS);
    }
}

__attribute__((no_sanitize("coverage"))) void feedback_hit(uint32_t cell)
{
    if (is_on) {
        __sanitizer_cov_trace_pc_guard(&place[cell % CELLS]);
    }
}

#else

/* libFuzzer counts what lies in this section. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counter[CELLS];

__attribute__((no_sanitize("coverage"))) void feedback_hit(uint32_t cell)
{
    static int wanted = -1;
    if (wanted < 0) {
        wanted = is_wanted();
    }
    counter[cell % CELLS] += wanted > 0;
}

#endif
