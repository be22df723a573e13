/*
 * Where an engine dies, hangs or answers garbage. If it counts instructions, the step is cut short after ever
 * other numbers of them; else, and where the cut step does not break it, the budget of gas is bisected: what is
 * named then is the block that breaks it, the first one that it does not outlive when it is paid for.
 */
#include "diff_broken.h"

/* Whether an engine outlives the step, cut short after so many instructions or with so much gas. */
struct probe {
    struct diff *diff;
    size_t step, side;
    bool by_gas;
    struct assay_stop stop; /* of the longest run that it outlived */
    bool is_cut;            /* that run was cut short: it would have gone on */
};

static bool outlives(struct probe *probe, uint64_t limit)
{
    struct lab *lab = &probe->diff->lab[probe->side];
    struct vector_step changed = probe->diff->vector->step[probe->step];
    if (probe->by_gas) {
        changed.state.gas = limit;
    } else {
        changed.until = (struct assay_until){.instructions = limit};
    }
    lab_run(lab, probe->step, &changed, NULL);
    probe->diff->runs++;
    if (lab_is_failure(lab->result)) {
        return false;
    }
    probe->stop = lab->stop;
    probe->is_cut = lab->stop.exit == (probe->by_gas ? ASSAY_EXIT_OUT_OF_GAS : ASSAY_EXIT_STOPPED);
    return true;
}

/* The first limit that it does not outlive, given that it does not outlive `most`, or 0 when none breaks it. */
static uint64_t first_deadly(struct probe *probe, uint64_t least, uint64_t most)
{
    while (least < most) {
        uint64_t middle = least + (most - least) / 2;
        if (outlives(probe, middle)) {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    return most;
}

/* Doubles the number of instructions until it breaks; false when the end of the step comes first. */
static bool by_instructions(struct probe *probe)
{
    struct divergence *found = &probe->diff->found;
    uint64_t limit = 1, survived = 0;
    while (outlives(probe, limit)) {
        if (!probe->is_cut || limit > UINT64_MAX / 2) {
            return false;
        }
        survived = limit;
        limit *= 2;
    }
    uint64_t deadly = first_deadly(probe, survived + 1, limit);
    found->by = "instructions";
    found->has_index = true;
    found->index = deadly - 1;
    if (deadly > 1) {
        outlives(probe, deadly - 1);
        write_stop(&found->before, &probe->stop);
    } else if (probe->diff->vector->step[probe->step].kind == STEP_RUN) {
        write_state(&found->before, &probe->diff->vector->step[probe->step].state);
    }
    return true;
}

static void by_gas(struct probe *probe)
{
    struct divergence *found = &probe->diff->found;
    const struct vector_step *step = &probe->diff->vector->step[probe->step];
    const struct lab *other = &probe->diff->lab[1 - probe->side];
    uint64_t most = step->state.gas;
    if (other->result == 0 && other->stop.state.gas <= most && !outlives(probe, most - other->stop.state.gas)) {
        most -= other->stop.state.gas; /* what the step costs is enough to break it */
    }
    found->by = "gas";
    found->has_gas = true;
    found->gas = first_deadly(probe, 0, most);
    if (found->gas > 0 && outlives(probe, found->gas - 1)) {
        write_stop(&found->before, &probe->stop);
        found->has_index = diff_count_blocks(probe->diff, probe->step, found->gas - 1, &found->index);
    }
}

static void search(struct diff *diff, size_t step, size_t side)
{
    struct probe probe = {.diff = diff, .step = step, .side = side};
    if (!diff_has_level(diff->engine[side], LEVEL_L0) || !by_instructions(&probe)) {
        probe.by_gas = true;
        by_gas(&probe);
    }
}

void diff_broken(struct diff *diff, bool has_step, size_t step, size_t side, enum flavours flavours)
{
    struct divergence *found = &diff->found;
    struct lab *lab = diff->lab;
    found->kind = DIVERGENCE_BROKEN;
    found->flavours = flavours;
    found->has_step = has_step;
    found->step = step;
    struct text *text[2] = {&found->expected, &found->got};
    for (size_t i = 0; i < 2; i++) {
        if (lab_is_failure(lab[i].result)) {
            diff_write_failure(text[i], diff->engine[i], lab[i].result);
        } else if (lab[i].result != 0) {
            text_string(text[i], lab_word(lab[i].result));
        } else if (has_step) {
            write_stop(text[i], &lab[i].stop);
        } else {
            text_string(text[i], "admitted");
        }
    }
    bool is_search = has_step && flavours != FLAVOUR_OBSERVED && lab[side].result != ASSAY_ERROR_UNSUPPORTED;
    if (!is_search || diff->vector->step[step].kind == STEP_WRITE) {
        return;
    }
    double was = diff_hurry(diff->engine[side]);
    lab_run(&lab[side], step, NULL, NULL);
    found->repeats = lab_is_failure(lab[side].result);
    if (found->repeats) {
        search(diff, step, side);
    }
    diff_hurry_no_more(diff->engine[side], was);
}
