#include "diff_pair.h"

#include "pipe.h"

#include <string.h>

void diff_unseen(struct diff *diff, const char *what)
{
    if (diff->unseen.size == 0 || strstr(diff->unseen.data, what) == NULL) {
        text_format(&diff->unseen, "%s\"%s\"", diff->unseen.size == 0 ? "" : ", ", what);
    }
}

/* ---- levels of records ---------------------------------------------------------------------- */

bool diff_has_level(const struct assay_engine *engine, enum level level)
{
    return engine_has(engine, level == LEVEL_L0 ? ASSAY_FEATURE_INSTRUCTIONS : ASSAY_FEATURE_BLOCKS);
}

bool diff_both_have(const struct diff *diff, enum level level)
{
    bool is_asked = !diff->has_level || diff->asked_level == level;
    return is_asked && diff_has_level(diff->engine[0], level) && diff_has_level(diff->engine[1], level);
}

/* ---- a step of the machine ------------------------------------------------------------------ */

struct vector_step diff_step(const struct diff *diff, size_t step)
{
    return diff->cut != NULL ? *diff->cut : diff->vector->step[step];
}

void diff_production(struct diff *diff, size_t step, const struct vector_step *changed, struct differences *differences)
{
    for (size_t side = 0; side < 2; side++) {
        lab_run(&diff->lab[side], step, changed, NULL);
    }
    diff->runs++;
    *differences = (struct differences){0};
    lab_compare(&diff->lab[0], &diff->lab[1], differences);
}

static void on_block(void *context, const struct assay_state *entry)
{
    uint64_t *count = context;
    (void)entry;
    ++*count;
}

bool diff_count_blocks(struct diff *diff, size_t step, uint64_t gas, uint64_t *count)
{
    struct assay_observer observer = {.context = count, .block = on_block};
    struct vector_step changed = diff->vector->step[step];
    changed.state.gas = gas;
    for (size_t i = 0; i < 2; i++) {
        if (diff_has_level(diff->engine[i], LEVEL_L1) && !engine_records_cut(diff->engine[i])) {
            *count = 0;
            if (lab_run(&diff->lab[i], step, &changed, &observer) && !engine_records_cut(diff->engine[i])) {
                return true;
            }
        }
    }
    return false;
}

/* ---- how an engine fails ------------------------------------------------------------------- */

enum { PATIENCE = 2 }; /* seconds of one request while searching */

double diff_hurry(const struct assay_engine *engine)
{
    struct pipe *pipe = pipe_of(engine);
    if (pipe == NULL) {
        return 0;
    }
    double was = pipe->seconds;
    pipe->seconds = was > PATIENCE ? PATIENCE : was;
    return was;
}

void diff_hurry_no_more(const struct assay_engine *engine, double seconds)
{
    struct pipe *pipe = pipe_of(engine);
    if (pipe != NULL) {
        pipe->seconds = seconds;
    }
}

static const char *failure_name(int result)
{
    switch (result) {
    case ENGINE_DIED:
        return "died";
    case ENGINE_HUNG:
        return "hung";
    case ENGINE_GARBAGE:
        return "garbage";
    case ASSAY_ERROR_MEMORY:
        return "memory";
    case ASSAY_ERROR_UNSUPPORTED:
        return "unsupported";
    default:
        return "host";
    }
}

void diff_write_failure(struct text *text, const struct assay_engine *engine, int result)
{
    const char *trouble = engine_trouble(engine);
    text_format(text, "{\"failure\": \"%s\", \"message\": ", failure_name(result));
    text_string(text, trouble != NULL ? trouble : engine_error_name(result));
    text_raw(text, "}");
}
