/*
 * The target machine: a program is loaded, run, resumed and written to; after every step both engines are compared in
 * stop and memory, and at the end in all blocks and instructions.
 */
#include "target.h"

#include "feedback.h"
#include "limits.h"

#include <string.h>

/* A script out of an input; the limits are found in production and kept for the flavours that follow. */
struct machine_script {
    struct play_script script;
    const struct machine_input *input;
    bool is_whole; /* no limits */
    size_t limited, limit_count;
    struct assay_until until[LIMIT_STEPS];
};

/* ---- limits -------------------------------------------------------------------------------- */

static bool is_bounded(const struct vector_step *step)
{
    return step->state.gas <= LIMIT_GAS || (step->until.blocks != 0 && step->until.blocks <= LIMIT_BLOCKS) ||
           (step->until.instructions != 0 && step->until.instructions <= LIMIT_INSTRUCTIONS);
}

/* Whether the first engine, told to stop at the limits, stops before; the steps so far are done again for that. */
static bool ends_soon(const struct play *play, const struct vector_step *step)
{
    const struct assay_engine *engine = play->side[0].engine;
    struct assay_machine *machine = NULL;
    struct vector_step bounded = *step;
    struct assay_stop stop = {0};
    bounded.until = (struct assay_until){LIMIT_BLOCKS, LIMIT_INSTRUCTIONS};
    if (engine->machine->load(play->script->program, &machine) != 0) {
        return true;
    }
    for (size_t i = 0; i < play->step_count; i++) {
        const struct memory_run *run = &play->step[i].write;
        if (play->step[i].kind == STEP_WRITE) {
            engine->machine->write(machine, run->address, run->data.data, run->data.size);
        } else {
            step_execute(engine, machine, &play->step[i], &stop);
        }
    }
    int result = step_execute(engine, machine, &bounded, &stop);
    engine->machine->unload(machine);
    return result != 0 || stop.exit != ASSAY_EXIT_STOPPED;
}

/* What ends the step at the latest. */
static struct assay_until bound(struct machine_script *machine, const struct play *play, const struct vector_step *step)
{
    size_t index = play->step_count;
    if (machine->is_whole || index < machine->limit_count) {
        return machine->is_whole ? step->until : machine->until[index];
    }
    struct assay_until until = step->until;
    if (!is_bounded(step) && !ends_soon(play, step)) {
        until = (struct assay_until){LIMIT_BLOCKS, LIMIT_INSTRUCTIONS};
        machine->limited++;
    }
    for (; machine->limit_count <= index; machine->limit_count++) {
        machine->until[machine->limit_count] = until;
    }
    return until;
}

/* ---- the script ---------------------------------------------------------------------------- */

/* What a resume goes on with: the registers at the last stop. */
static const uint64_t *registers_before(const struct play *play)
{
    static const uint64_t zero[ASSAY_REGISTER_COUNT] = {0};
    for (size_t i = play->step_count; i > 0; i--) {
        const struct vector_step *step = &play->step[i - 1];
        if (step->kind != STEP_WRITE && !step->refused) {
            return step->stop.state.reg;
        }
    }
    return zero;
}

static bool next(void *context, struct play *play, struct vector_step *step)
{
    struct machine_script *machine = context;
    if (play->step_count == machine->input->step_count) {
        return false;
    }
    const struct machine_step *given = &machine->input->step[play->step_count];
    *step = (struct vector_step){.kind = given->kind, .until = given->until, .write = given->write};
    if (given->kind == STEP_WRITE) {
        return true;
    }
    if (given->kind == STEP_RESUME) {
        memcpy(step->state.reg, registers_before(play), sizeof step->state.reg);
    }
    for (unsigned i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        step->state.reg[i] = (given->changed >> i & 1) != 0 ? given->reg[i] : step->state.reg[i];
    }
    step->state.pc = given->pc;
    step->state.gas = given->gas;
    step->until = bound(machine, play, step);
    play->piece = machine->input->piece;
    return true;
}

/* Ascending, as vector files have them; equal addresses stay, to be refused. */
static void sort_pages(struct arena *arena, struct assay_program *program)
{
    struct assay_page *page = arena_list(arena, program->page_count + 1, sizeof *page);
    for (size_t i = 0; i < program->page_count; i++) {
        size_t at = i;
        for (; at > 0 && page[at - 1].address > program->page[i].address; at--) {
            page[at] = page[at - 1];
        }
        page[at] = program->page[i];
    }
    program->page = page;
}

static void prepare(struct arena *arena, struct source source, bool is_whole, struct machine_input *input,
                    struct machine_script *machine)
{
    machine_input_read(arena, source, input);
    *machine = (struct machine_script){.input = input, .is_whole = is_whole};
    if (!is_whole) {
        input->step_count = input->step_count < LIMIT_STEPS ? input->step_count : LIMIT_STEPS;
        machine->limited = input->program.page_count > LIMIT_PAGES;
        input->program.page_count = input->program.page_count < LIMIT_PAGES ? input->program.page_count : LIMIT_PAGES;
    }
    sort_pages(arena, &input->program);
    machine->script = (struct play_script){&input->program, input->step_count, next, machine};
}

/* ---- playing ------------------------------------------------------------------------------- */

/* One flavour on two engines; false: they differ, or it says nothing. */
static bool agrees(struct play *play, const struct play *production, const struct assay_engine *other,
                   struct verdict *verdict)
{
    play_program(play);
    if (production != NULL) {
        play_compare_flavours(play, production);
    }
    if (play->trouble != NULL) {
        memcpy(verdict->trouble, play->trouble, strnlen(play->trouble, sizeof verdict->trouble - 1));
    }
    if (play->cut) {
        verdict_skip(verdict, SKIP_CUT_RECORDS);
    }
    size_t step = play->step_count == 0 ? 0 : play->step_count - 1;
    return !verdict_take(verdict, &play->differences, other, play->flavour, step);
}

static void play_pair(const struct assay_engine *const pair[2], struct arena *arena, struct machine_script *machine,
                      struct verdict *verdict)
{
    struct play *production = play_new(pair, arena, &machine->script, FLAVOUR_PRODUCTION);
    if (!agrees(production, NULL, pair[1], verdict) || production->load != 0) {
        if (result_is_of_host(production->load)) {
            verdict_skip(verdict, SKIP_HOST);
        }
        return;
    }
    uint64_t records = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS;
    if (!play_both_have(production, records)) {
        verdict_skip(verdict, SKIP_LACKS_RECORDS);
    }
    enum flavour last = machine->input->piece != 0 ? FLAVOUR_SPLIT : FLAVOUR_OBSERVED;
    for (enum flavour flavour = FLAVOUR_OBSERVED; flavour <= last; flavour++) {
        struct feedback feedback;
        struct assay_observer watcher = feedback_observer(&feedback, machine->script.program);
        struct play *other = play_new(pair, arena, &machine->script, flavour);
        other->side[0].watcher = flavour == FLAVOUR_OBSERVED ? &watcher : NULL;
        if (!agrees(other, production, pair[1], verdict)) {
            return;
        }
        feedback_stop(&feedback, &other->side[0].stop);
    }
}

static void play(const struct engines *engines, struct arena *arena, struct source source, struct verdict *verdict)
{
    struct machine_input input;
    struct machine_script machine;
    prepare(arena, source, false, &input, &machine);
    for (size_t i = 1; i < engines->count && verdict->kind != VERDICT_DIFFERED; i++) {
        const struct assay_engine *const pair[2] = {engines->engine[0], engines->engine[i]};
        play_pair(pair, arena, &machine, verdict);
    }
    verdict->limited = machine.limited;
}

static void show(const struct assay_engine *engine, struct arena *arena, struct source source, bool is_whole,
                 struct text *text)
{
    struct machine_input input;
    struct machine_script machine;
    const struct assay_engine *const pair[2] = {engine, engine};
    prepare(arena, source, is_whole, &input, &machine);
    struct play *played = play_new(pair, arena, &machine.script, FLAVOUR_PRODUCTION);
    played->keeps_memory = true;
    play_program(played);
    struct vector_case vector = {.id = "fuzz/find/input", .program = input.program, .load = played->load};
    vector.step = played->step;
    vector.step_count = played->step_count;
    vector_write_case(text, &vector);
}

const struct target target_machine = {.name = "machine", .tag = TAG_MACHINE, .play = play, .show = show};
