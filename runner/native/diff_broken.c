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
    bool by_gas, is_observed;
    struct assay_stop stop; /* of the longest run that it outlived */
    bool is_cut;            /* that run was cut short: it would have gone on */
};

static void ignore_block(void *context, const struct assay_state *entry)
{
    (void)context;
    (void)entry;
}

static void ignore_instruction(void *context, const struct assay_step *record)
{
    (void)context;
    (void)record;
}

/* Runs the step in the flavour in which it broke. */
static void probe_run(const struct probe *probe, const struct vector_step *changed)
{
    const struct assay_engine *engine = probe->diff->engine[probe->side];
    struct assay_observer observer = {
        .block = diff_has_level(engine, LEVEL_L1) ? ignore_block : NULL,
        .instruction = diff_has_level(engine, LEVEL_L0) ? ignore_instruction : NULL,
    };
    lab_run(&probe->diff->lab[probe->side], probe->step, changed, probe->is_observed ? &observer : NULL);
}

static bool outlives(struct probe *probe, uint64_t limit)
{
    struct lab *lab = &probe->diff->lab[probe->side];
    struct vector_step changed = probe->diff->vector->step[probe->step];
    if (probe->by_gas) {
        changed.state.gas = limit;
    } else {
        changed.until = (struct assay_until){.instructions = limit};
    }
    probe_run(probe, &changed);
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

/* The state in which the step begins; a resume goes on where the step before has stopped. */
static void write_start(const struct probe *probe)
{
    const struct vector_step *step = &probe->diff->vector->step[probe->step];
    struct assay_state state = step->state;
    if (step->kind == STEP_RESUME) {
        state.pc = probe->diff->last.state.pc;
    }
    if (step->kind == STEP_RUN || probe->diff->has_last) {
        write_state(&probe->diff->found.before, &state);
    }
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
    } else {
        write_start(probe);
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

static void search(struct probe *probe)
{
    if (!diff_has_level(probe->diff->engine[probe->side], LEVEL_L0) || !by_instructions(probe)) {
        probe->by_gas = true;
        by_gas(probe);
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
    bool is_search = has_step && lab[side].result != ASSAY_ERROR_UNSUPPORTED;
    if (!is_search || diff->vector->step[step].kind == STEP_WRITE) {
        return;
    }
    double was = diff_hurry(diff->engine[side]);
    struct probe probe = {.diff = diff, .step = step, .side = side, .is_observed = flavours == FLAVOUR_OBSERVED};
    probe_run(&probe, NULL);
    found->repeats = lab_is_failure(lab[side].result);
    if (found->repeats) {
        search(&probe);
    }
    diff_hurry_no_more(diff->engine[side], was);
}
