/* Cases of the kernel: every verdict, result, dump and root, and observed the records as well. */
#include "kernel_play.h"
#include "replay.h"

static const char *lacks(const struct attempt *attempt)
{
    return kernel_lack(attempt->engine, attempt->item->kernel);
}

static bool is_observable(const struct attempt *attempt)
{
    return kernel_is_observable(attempt->engine, attempt->item->kernel);
}

static bool has_records(const struct attempt *attempt)
{
    return attempt->item->kernel->step_count > 0;
}

static const char *lacks_records(const struct attempt *attempt)
{
    return has_records(attempt) && !is_observable(attempt) ? "the case has L2 records and the engine gives none" : NULL;
}

/* Compares an answer; true: go on. */
static bool check(struct attempt *attempt, const struct kernel_play *play, const struct kernel_answer *expected,
                  const struct kernel_answer *got)
{
    if (attempt_failed(attempt, play->failure)) {
        return false;
    }
    answer_compare(&attempt->differences, expected, got);
    return attempt->differences.count == 0;
}

static void play_case(struct attempt *attempt)
{
    const struct kernel_case *vector = attempt->item->kernel;
    struct kernel_answer expected, got;
    struct kernel_play play;
    kernel_play_init(&play, attempt->engine, vector, attempt->observed);
    play.has_state = true;
    attempt->step = 0;
    bool has_steps = kernel_play_open(&play, &got);
    expect_opening(vector, &expected);
    bool goes_on = check(attempt, &play, &expected, &got) && has_steps;
    for (size_t i = 0; i < vector->step_count && goes_on; i++) {
        attempt->step = i;
        kernel_play_step(&play, i, &got);
        expect_step(vector, i, &expected);
        goes_on = check(attempt, &play, &expected, &got);
        if (goes_on && attempt->observed && engine_records_cut(attempt->engine)) { /* no case has so many */
            compare_words(&attempt->differences, "records", "all of them", "the first 65536");
            goes_on = false;
        }
    }
    int failure = kernel_play_end(&play);
    if (attempt->trouble == NULL && attempt->differences.count == 0) {
        attempt_failed(attempt, failure);
    }
    kernel_play_close(&play);
}

const struct player kernel_player = {
    .lacks = lacks,
    .lacks_records = lacks_records,
    .has_records = has_records,
    .is_observable = is_observable,
    .play = play_case,
};
