/*
 * Two engines on a case of the machine, step by step. Production comes first: loads, refusals, stops and memory. Then
 * both run observed, and the first record that differs is looked for. Where only production code differs there is no
 * record to compare, and gas is bisected.
 */
#include "diff_machine.h"

#include "diff_broken.h"
#include "diff_gas.h"
#include "diff_records.h"

#include <stdlib.h>
#include <string.h>

/* ---- does it do the same again ------------------------------------------------------------ */

/* Whether an engine ends the step again as it just has. */
static bool is_steady(struct diff *diff, size_t side, size_t step)
{
    struct lab *lab = &diff->lab[side];
    struct lab before = *lab;
    size_t size = guest_size(&lab->vector->program);
    before.image = memory_resize(NULL, size);
    memcpy(before.image, lab->image, size);
    lab_run(lab, step, NULL, NULL);
    struct differences differences = {0};
    lab_compare(&before, lab, &differences);
    free(before.image);
    if (differences.count > 0) {
        diff->found.kind = DIVERGENCE_UNSTEADY;
        diff->found.flavours = FLAVOUR_PRODUCTION;
        diff->found.differences = differences;
        text_format(&diff->found.message, "the engine %s ends the same step in two ways", lab->engine->name);
        if (before.result == 0 && lab->result == 0) {
            write_stop(&diff->found.expected, &before.stop);
            write_stop(&diff->found.got, &lab->stop);
        }
    }
    return differences.count == 0;
}

/* ---- load --------------------------------------------------------------------------------- */

static const char *load_word(int result)
{
    return result == 0 ? "admitted" : lab_word(result);
}

/* Loads on both sides; true: both admit it, and its steps can be compared. */
static bool compare_load(struct diff *diff)
{
    struct divergence *found = &diff->found;
    for (size_t side = 0; side < 2; side++) {
        lab_load(&diff->lab[side]);
    }
    diff->runs++;
    for (size_t side = 0; side < 2; side++) {
        if (lab_is_failure(diff->lab[side].result)) {
            diff_broken(diff, false, 0, side, FLAVOUR_PRODUCTION);
            return false;
        }
    }
    int left = diff->lab[0].result, right = diff->lab[1].result;
    if (left != right) {
        found->kind = DIVERGENCE_LOAD;
        found->flavours = FLAVOUR_PRODUCTION;
        text_string(&found->expected, load_word(left));
        text_string(&found->got, load_word(right));
        compare_words(&found->differences, "load", load_word(left), load_word(right));
    }
    return left == 0 && right == 0;
}

/* ---- a step ------------------------------------------------------------------------------- */

/* One side refuses what the other one does. */
static void report_result(struct diff *diff, const struct differences *differences)
{
    struct divergence *found = &diff->found;
    found->kind = DIVERGENCE_RESULT;
    found->flavours = FLAVOUR_PRODUCTION;
    found->differences = *differences;
    text_string(&found->expected, lab_word(diff->lab[0].result));
    text_string(&found->got, lab_word(diff->lab[1].result));
}

/* The ends differ and the records, if there are any, do not. */
static void report_end(struct diff *diff, size_t step, enum flavours flavours, const struct differences *differences)
{
    struct divergence *found = &diff->found;
    struct differences stops = {0};
    compare_stops(&stops, &diff->lab[0].stop, &diff->lab[1].stop);
    found->kind = stops.count > 0 ? DIVERGENCE_STOP : DIVERGENCE_MEMORY;
    found->flavours = flavours;
    found->differences = *differences;
    write_stop(&found->expected, &diff->lab[0].stop);
    write_stop(&found->got, &diff->lab[1].stop);
    if (flavours != FLAVOUR_PRODUCTION) {
        diff_last_record(diff, step);
    }
}

/* Both have done the step in production, and `production` is how they differ. */
static void compare_observed(struct diff *diff, size_t step, const struct differences *production)
{
    struct differences observed = {0};
    enum flavours flavours = production->count > 0 ? FLAVOUR_BOTH : FLAVOUR_OBSERVED;
    bool has_records = diff_both_have(diff, LEVEL_L0) || diff_both_have(diff, LEVEL_L1);
    if (has_records && diff_records(diff, step, &observed)) {
        diff->found.flavours = diff->found.kind == DIVERGENCE_BROKEN ? diff->found.flavours : flavours;
    } else if (observed.count > 0) {
        report_end(diff, step, flavours, &observed);
    } else if (production->count > 0) {
        diff_gas(diff, step, production);
    }
}

static void compare_run(struct diff *diff, size_t step)
{
    struct differences production;
    diff_production(diff, step, NULL, &production);
    for (size_t side = 0; side < 2; side++) {
        diff->production[side] = diff->lab[side].stop;
        if (lab_is_failure(diff->lab[side].result)) {
            diff_broken(diff, true, step, side, FLAVOUR_PRODUCTION);
            return;
        }
    }
    diff->has_stops = diff->lab[0].result == 0 && diff->lab[1].result == 0;
    if (production.count > 0 && !(is_steady(diff, 0, step) && is_steady(diff, 1, step))) {
        return;
    }
    if (!diff->has_stops) {
        if (production.count > 0) {
            report_result(diff, &production);
        }
        return;
    }
    compare_observed(diff, step, &production);
}

static void compare_write(struct diff *diff, size_t step)
{
    struct differences differences;
    diff_production(diff, step, NULL, &differences);
    diff->has_stops = false;
    for (size_t side = 0; side < 2; side++) {
        if (lab_is_failure(diff->lab[side].result)) {
            diff_broken(diff, true, step, side, FLAVOUR_PRODUCTION);
            return;
        }
    }
    if (differences.count == 0) {
        return;
    }
    report_result(diff, &differences);
    if (diff->lab[0].result == diff->lab[1].result) {
        diff->found.kind = DIVERGENCE_MEMORY;
    }
}

/* ---- a case ------------------------------------------------------------------------------- */

static void note_unseen(struct diff *diff)
{
    if (!diff->has_level && !diff_both_have(diff, LEVEL_L0)) {
        diff_unseen(diff, "instructions");
    }
    if (!diff->has_level && !diff_both_have(diff, LEVEL_L1)) {
        diff_unseen(diff, "blocks");
    }
}

/* What a resume does not give is as the first engine has left it: only engines are compared, not the vector's values.
 */
static void go_on_from(struct vector_step *step, const struct assay_state *last)
{
    if (step->kind != STEP_RESUME) {
        return;
    }
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        bool is_listed = (step->listed >> i & 1) != 0;
        step->state.reg[i] = is_listed ? step->state.reg[i] : last->reg[i];
    }
    step->state.gas = step->has_gas ? step->state.gas : last->gas;
}

/* The case again, with resumes that can be completed. */
static struct vector_case *own_copy(struct diff *diff, const struct vector_case *vector)
{
    struct vector_case *own = arena_take(&diff->arena, sizeof *own);
    *own = *vector;
    own->step = arena_list(&diff->arena, vector->step_count, sizeof *own->step);
    for (size_t step = 0; step < vector->step_count; step++) {
        own->step[step] = vector->step[step];
    }
    return own;
}

void diff_machine(struct diff *diff, const struct vector_case *vector)
{
    struct vector_case *own = own_copy(diff, vector);
    vector = own;
    diff->vector = vector;
    for (size_t side = 0; side < 2; side++) {
        lab_init(&diff->lab[side], diff->engine[side], vector, &diff->arena);
    }
    note_unseen(diff);
    bool goes_on = compare_load(diff);
    for (size_t step = 0; step < vector->step_count && goes_on; step++) {
        if (diff->has_step && diff->asked_step != step) {
            continue;
        }
        if (diff->has_last) {
            go_on_from(&own->step[step], &diff->last.state);
        }
        if (vector->step[step].kind == STEP_WRITE) {
            compare_write(diff, step);
        } else {
            compare_run(diff, step);
        }
        diff->found.has_step = true;
        diff->found.step = step;
        goes_on = diff->found.kind == DIVERGENCE_NONE;
        if (diff->has_stops) {
            diff->has_last = true;
            diff->last = diff->production[0];
        }
    }
    if (goes_on && !diff->has_step) {
        diff_unload(diff);
    }
    for (size_t side = 0; side < 2; side++) {
        lab_close(&diff->lab[side]);
        ladder_free(&diff->ladder[side][LEVEL_L0]);
        ladder_free(&diff->ladder[side][LEVEL_L1]);
    }
}
