/*
 * Where an engine dies, hangs or answers garbage. If it counts instructions, the step is cut short after ever
 * other numbers of them; else, and where the cut step does not break it, the budget of gas is bisected: what is
 * named then is the block that breaks it, the first one that it does not outlive when it is paid for.
 */
#include "diff_broken.h"

#include "diff_records.h"
#include "pipe.h"

#include <string.h>

/* Whether an engine outlives the step, cut short after so many instructions or with so much gas. */
struct probe {
    struct diff *diff;
    size_t step, side;
    bool by_gas, is_observed;
    struct assay_stop stop; /* of the longest run that it outlived */
    bool is_cut;            /* that run was cut short: it would have gone on */
    uint64_t outlived;      /* the limit of the run to compare the records of */
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

/* ---- what differs before it breaks ------------------------------------------------------- */

/*
 * Runs the step on both sides up to a place that the broken one outlives, and compares the records: what differs
 * there comes before the break.
 */
static bool differs_before(struct probe *probe, const struct vector_step *cut)
{
    struct diff *diff = probe->diff;
    struct divergence broken = diff->found;
    struct differences ends = {0}, ignored = {0};
    bool has_records = diff_both_have(diff, LEVEL_L0) || diff_both_have(diff, LEVEL_L1);
    bool has_done = true;
    diff->found = (struct divergence){0};
    diff->cut = cut;
    for (size_t i = 0; i < 2; i++) {
        has_done = lab_run(&diff->lab[i], probe->step, cut, NULL) && has_done;
        diff->production[i] = diff->lab[i].stop;
    }
    diff->has_stops = has_done;
    compare_stops(&ends, &diff->production[0], &diff->production[1]);
    bool shows = has_done && has_records && diff_records(diff, probe->step, &ignored) &&
                 (diff->found.kind == DIVERGENCE_INSTRUCTION || diff->found.kind == DIVERGENCE_BLOCK);
    diff->cut = NULL;
    if (!shows) {
        divergence_clear(&diff->found);
    }
    if (!shows && has_done && ends.count > 0) { /* the same records, and another end */
        shows = true;
        diff->found.kind = DIVERGENCE_STOP;
        diff->found.differences = ends;
        write_stop(&diff->found.expected, &diff->production[0]);
        write_stop(&diff->found.got, &diff->production[1]);
    }
    if (shows) {
        divergence_clear(&broken);
        diff->found.flavours = probe->is_observed ? FLAVOUR_OBSERVED : FLAVOUR_BOTH;
    } else {
        diff->found = broken;
        diff->has_stops = false;
    }
    return shows;
}

/* The same up to the limit that it outlived. */
static bool differs_until(struct probe *probe)
{
    struct vector_step cut = probe->diff->vector->step[probe->step];
    if (probe->outlived == 0) {
        return false;
    }
    if (probe->by_gas) {
        cut.state.gas = probe->outlived;
    } else if (cut.until.instructions == 0 || probe->outlived < cut.until.instructions) {
        cut.until.instructions = probe->outlived;
    }
    return differs_before(probe, &cut);
}

/* ---- the search ---------------------------------------------------------------------------- */

static void count_instruction(void *context, const struct assay_step *record)
{
    uint64_t *count = context;
    (void)record;
    ++*count;
}

/* How many instructions the step has on the other side; UINT64_MAX - 1 when that cannot tell. */
static uint64_t count_on_other(const struct probe *probe)
{
    uint64_t count = 0;
    struct assay_observer observer = {.context = &count, .instruction = count_instruction};
    struct lab *other = &probe->diff->lab[1 - probe->side];
    bool tells = diff_has_level(other->engine, LEVEL_L0) && lab_run(other, probe->step, NULL, &observer) &&
                 !engine_records_cut(other->engine);
    return tells ? count : UINT64_MAX - 1;
}

/*
 * Doubles the number of instructions until it breaks; false when the end of the step comes first, or it goes on behind
 * the end of the other side, which then is what differs.
 */
static bool by_instructions(struct probe *probe, uint64_t most)
{
    struct divergence *found = &probe->diff->found;
    uint64_t limit = 1, survived = 0;
    while (outlives(probe, limit)) {
        probe->outlived = survived = limit;
        if (!probe->is_cut || limit >= most || limit > UINT64_MAX / 2) {
            return false;
        }
        limit = 2 * limit < most ? 2 * limit : most;
    }
    uint64_t deadly = first_deadly(probe, survived + 1, limit);
    probe->outlived = deadly - 1;
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
    probe->by_gas = true;
    if (other->result == 0 && other->stop.state.gas <= most && !outlives(probe, most - other->stop.state.gas)) {
        most -= other->stop.state.gas; /* what the step costs is enough to break it */
    }
    found->by = "gas";
    found->has_gas = true;
    found->gas = first_deadly(probe, 0, most);
    probe->outlived = found->gas > 0 ? found->gas - 1 : 0;
    if (found->gas > 0 && outlives(probe, found->gas - 1)) {
        write_stop(&found->before, &probe->stop);
        found->has_index = diff_count_blocks(probe->diff, probe->step, found->gas - 1, &found->index);
    }
}

/* An engine that a program loops in for ever is not at its place when it is ended: it has passed the other's end. */
static void search(struct probe *probe)
{
    if (diff_has_level(probe->diff->engine[probe->side], LEVEL_L0)) {
        if (by_instructions(probe, count_on_other(probe) + 1)) {
            differs_until(probe);
            return;
        }
        if (probe->is_cut && (differs_until(probe) || by_instructions(probe, UINT64_MAX))) {
            return;
        }
    }
    by_gas(probe);
    differs_until(probe);
}

/* Whether there is an instruction to look for: what breaks in a read or a write breaks after or before the guest. */
static bool is_in_guest(const char *request)
{
    return request == NULL || strcmp(request, "run") == 0 || strcmp(request, "resume") == 0;
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
    found->during = engine_request(diff->engine[side]);
    bool is_read = found->during != NULL && strcmp(found->during, "read") == 0;
    bool is_search = has_step && diff->cut == NULL && lab[side].result != ASSAY_ERROR_UNSUPPORTED &&
                     diff->vector->step[step].kind != STEP_WRITE;
    if (!is_search || !(is_read || is_in_guest(found->during))) {
        return;
    }
    double was = diff_hurry(diff->engine[side]);
    struct probe probe = {.diff = diff, .step = step, .side = side, .is_observed = flavours == FLAVOUR_OBSERVED};
    probe_run(&probe, NULL);
    found->repeats = lab_is_failure(lab[side].result);
    lab[0].is_blind = lab[1].is_blind = true;
    if (found->repeats && is_read) {
        differs_before(&probe, &diff->vector->step[step]);
    } else if (found->repeats) {
        search(&probe);
    }
    lab[0].is_blind = lab[1].is_blind = false;
    diff_hurry_no_more(diff->engine[side], was);
}

/* ---- unload ------------------------------------------------------------------------------ */

/* Does the whole case on one side and unloads; false when that breaks it, and then its failure is written. */
static bool unloads(struct diff *diff, size_t side, bool is_observed, struct text *failure)
{
    struct lab *lab = &diff->lab[side];
    size_t steps = diff->vector->step_count;
    if (steps > 0) {
        probe_run(&(struct probe){.diff = diff, .step = steps - 1, .side = side, .is_observed = is_observed}, NULL);
    } else {
        lab_load(lab);
    }
    lab_close(lab);
    diff->runs++;
    if (lab->ending != 0 && failure->size == 0) {
        diff_write_failure(failure, lab->engine, lab->ending);
    }
    return lab->ending == 0;
}

void diff_unload(struct diff *diff)
{
    struct divergence *found = &diff->found;
    struct text *text[2] = {&found->expected, &found->got};
    for (size_t side = 0; side < 2 && found->kind == DIVERGENCE_NONE; side++) {
        const struct pipe *pipe = pipe_of(diff->engine[side]);
        if (pipe == NULL || !pipe->wants_ends) {
            continue;
        }
        bool is_production = !unloads(diff, side, false, text[side]);
        bool is_observed = diff->engine[side]->features != 0 && !unloads(diff, side, true, text[side]);
        if (is_production || is_observed) {
            found->kind = DIVERGENCE_BROKEN;
            found->has_step = false;
            found->flavours =
                (is_production ? FLAVOUR_PRODUCTION : 0u) | (is_observed ? (unsigned)FLAVOUR_OBSERVED : 0u);
            found->during = "unload";
            found->repeats = is_production && is_observed ? true : !unloads(diff, side, is_observed, text[side]);
            text_string(text[1 - side], "unloaded");
        }
    }
}
