/* Cases of the kernel on the first engine beside each other one; see target.h. */
#include "target.h"

#include "feedback.h"
#include "kernel_play.h"

#include <string.h>

struct pair {
    const struct kernel_case *input;
    struct kernel_play play[2];
    struct kernel_answer answer[2];
    struct differences differences;
    bool is_of_host;
};

static const char *failure_word(int failure)
{
    return failure == 0 ? "done" : engine_error_name(failure);
}

static void keep_trouble(const struct pair *pair, struct verdict *verdict)
{
    for (size_t side = 0; side < 2; side++) {
        const char *trouble = engine_trouble(pair->play[side].engine);
        if (engine_is_broken(pair->play[side].failure) && trouble != NULL) {
            memcpy(verdict->trouble, trouble, strnlen(trouble, sizeof verdict->trouble - 1));
        }
    }
}

/* Compares what both have just done; false: they differ, or one of them cannot go on. */
static bool agrees(struct pair *pair)
{
    int left = pair->play[0].failure, right = pair->play[1].failure;
    if (left != 0 || right != 0) {
        pair->is_of_host = result_is_of_host(left) && result_is_of_host(right);
        compare_words(&pair->differences, "failure", failure_word(left), failure_word(right));
        return false;
    }
    answer_compare(&pair->differences, &pair->answer[0], &pair->answer[1]);
    return pair->differences.count == 0;
}

/* The step in which they differ, or where the case ends. */
static size_t play_pair(struct pair *pair, const struct assay_engine *const engine[2], bool is_observed)
{
    bool goes_on = true;
    size_t step = 0;
    for (size_t side = 0; side < 2; side++) {
        kernel_play_init(&pair->play[side], engine[side], pair->input, is_observed);
        pair->play[side].has_state = is_observed;
        goes_on = kernel_play_open(&pair->play[side], &pair->answer[side]) && goes_on;
    }
    goes_on = agrees(pair) && goes_on;
    for (; step < pair->input->step_count && goes_on; step++) {
        for (size_t side = 0; side < 2; side++) {
            kernel_play_step(&pair->play[side], step, &pair->answer[side]);
        }
        goes_on = agrees(pair);
        for (size_t i = 0; is_observed && i < pair->play[0].records.count; i++) {
            feedback_record(kernel_record(&pair->play[0].records, i));
        }
    }
    return step == 0 ? 0 : step - 1;
}

static void run_pair(struct pair *pair, const struct assay_engine *const engine[2], bool is_observed,
                     struct verdict *verdict)
{
    size_t step = play_pair(pair, engine, is_observed);
    keep_trouble(pair, verdict);
    if (pair->is_of_host) {
        verdict_skip(verdict, SKIP_HOST);
    }
    verdict_take(verdict, &pair->differences, engine[1], is_observed ? FLAVOUR_OBSERVED : FLAVOUR_PRODUCTION, step);
    for (size_t side = 0; side < 2; side++) {
        kernel_play_close(&pair->play[side]);
    }
}

static void run_flavours(const struct assay_engine *const engine[2], const struct kernel_case *input,
                         struct verdict *verdict)
{
    if (kernel_lack(engine[0], input) != NULL || kernel_lack(engine[1], input) != NULL) {
        verdict_skip(verdict, SKIP_LACKS_LEVEL);
        return;
    }
    struct pair production = {.input = input}, observed = {.input = input};
    run_pair(&production, engine, false, verdict);
    if (input->step_count == 0 || verdict->kind == VERDICT_DIFFERED) {
        return;
    }
    if (!kernel_is_observable(engine[0], input) || !kernel_is_observable(engine[1], input)) {
        verdict_skip(verdict, SKIP_LACKS_RECORDS);
        return;
    }
    run_pair(&observed, engine, true, verdict);
}

void kernel_pairs(const struct engines *engines, const struct kernel_case *input, struct verdict *verdict)
{
    for (size_t i = 1; i < engines->count && verdict->kind != VERDICT_DIFFERED; i++) {
        const struct assay_engine *const engine[2] = {engines->engine[0], engines->engine[i]};
        run_flavours(engine, input, verdict);
    }
}
