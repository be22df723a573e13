/*
 * Where no record shows a difference, gas is the clock: the budget of the step is bisected until one more unit
 * of gas makes the difference. With the budget below, both stop at the entry of the block that goes wrong.
 */
#include "diff_gas.h"

/* The budget with which the step surely shows its difference: what it used, if that is enough. */
static uint64_t enough_gas(struct diff *diff, size_t step)
{
    struct vector_step changed = diff->vector->step[step];
    struct differences differences;
    uint64_t all = changed.state.gas, used = 0;
    for (size_t i = 0; i < 2; i++) {
        uint64_t left = diff->production[i].state.gas;
        used = left <= all && all - left > used ? all - left : used;
    }
    changed.state.gas = used;
    diff_production(diff, step, &changed, &differences);
    return differences.count > 0 ? used : all;
}

static void write_side(struct text *text, const struct lab *lab)
{
    if (lab->result == 0) {
        write_stop(text, &lab->stop);
    } else if (lab_is_failure(lab->result)) {
        diff_write_failure(text, lab->engine, lab->result);
    } else {
        text_string(text, lab_word(lab->result));
    }
}

void diff_gas(struct diff *diff, size_t step)
{
    struct divergence *found = &diff->found;
    struct vector_step changed = diff->vector->step[step];
    uint64_t least = 0, most = enough_gas(diff, step); /* below `least` they agree, with `most` they do not */
    while (least < most) {
        uint64_t middle = least + (most - least) / 2;
        changed.state.gas = middle;
        diff_production(diff, step, &changed, &found->differences);
        if (found->differences.count == 0) {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    found->kind = DIVERGENCE_GAS;
    found->flavours = FLAVOUR_PRODUCTION;
    found->by = "gas";
    found->has_gas = true;
    found->gas = most;
    if (most > 0) {
        changed.state.gas = most - 1;
        diff_production(diff, step, &changed, &found->differences);
        write_stop(&found->before, &diff->lab[0].stop);
        found->has_index = diff_count_blocks(diff, step, most - 1, &found->index);
    }
    changed.state.gas = most;
    diff_production(diff, step, &changed, &found->differences);
    write_side(&found->expected, &diff->lab[0]);
    write_side(&found->got, &diff->lab[1]);
}
