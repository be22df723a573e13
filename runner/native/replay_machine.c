/* Cases of the machine: every stop, every given page and the records that the case has. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One flavour of a case. */
struct play {
    struct attempt *attempt;
    const struct vector_case *vector;
    const struct vector_step *expected;
    uint64_t blocks, instructions; /* records of this step so far */
    bool blocks_differ, instructions_differ;
    struct code_view code;
};

static void on_block(void *context, const struct assay_state *entry)
{
    struct play *play = context;
    const struct vector_step *step = play->expected;
    uint64_t i = play->blocks++;
    if (step->has_blocks && !play->blocks_differ && i < step->block_count) {
        char prefix[40];
        size_t before = play->attempt->differences.count;
        snprintf(prefix, sizeof prefix, "blocks[%llu].", (unsigned long long)i);
        compare_states(&play->attempt->differences, prefix, &step->block[i], entry);
        play->blocks_differ = play->attempt->differences.count != before;
    }
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct play *play = context;
    const struct vector_step *step = play->expected;
    uint64_t i = play->instructions++;
    if (record->pc < play->code.code_size) {
        play->attempt->executed[play->code.code[record->pc]]++;
    }
    if (step->has_instructions && !play->instructions_differ && i < step->instruction_count) {
        char prefix[40];
        size_t before = play->attempt->differences.count;
        snprintf(prefix, sizeof prefix, "instructions[%llu].", (unsigned long long)i);
        compare_steps(&play->attempt->differences, prefix, &step->instruction[i], record);
        play->instructions_differ = play->attempt->differences.count != before;
    }
}

/* An instruction that ends in a trap, panic or fault has no record; it was executed all the same. */
static void cover_exit(struct play *play, const struct assay_stop *stop)
{
    bool is_inside =
        stop->exit == ASSAY_EXIT_TRAP || stop->exit == ASSAY_EXIT_PANIC || stop->exit == ASSAY_EXIT_PAGE_FAULT;
    if (is_inside && play->code.code != NULL && code_is_executable(&play->code, stop->state.pc)) {
        play->attempt->executed[play->code.code[stop->state.pc]]++;
    }
}

static void observe(struct play *play, struct assay_machine *machine)
{
    const struct assay_engine *engine = play->attempt->engine;
    struct assay_observer observer = {.context = play};
    if (engine_has(engine, ASSAY_FEATURE_BLOCKS)) {
        observer.block = on_block;
    }
    if (engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS)) {
        observer.instruction = on_instruction;
    }
    int result = engine->machine->observe(machine, &observer);
    if (!attempt_failed(play->attempt, result) && result != 0) {
        play->attempt->trouble = engine_error_name(result);
    }
}

/* A reply that was cut carries the first RECORD_MAX records of a kind. */
static uint64_t due(const struct assay_engine *engine, uint64_t count)
{
    return engine_records_cut(engine) && count > RECORD_MAX ? RECORD_MAX : count;
}

static void compare_record_counts(struct play *play, const struct vector_step *step)
{
    const struct assay_engine *engine = play->attempt->engine;
    struct differences *differences = &play->attempt->differences;
    if (step->has_blocks && engine_has(engine, ASSAY_FEATURE_BLOCKS)) {
        compare_counts(differences, "blocks", due(engine, step->block_count), play->blocks);
    }
    if (step->has_instructions && engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS)) {
        compare_counts(differences, "instructions", due(engine, step->instruction_count), play->instructions);
    }
}

static const char *result_name(int result)
{
    return result == 0 ? "done" : engine_error_name(result);
}

/* One run or resume; `memory` is what memory must be and is brought up to date. */
static void run_step(struct play *play, struct assay_machine *machine, const struct vector_step *step, uint8_t *memory)
{
    struct assay_stop stop;
    struct attempt *attempt = play->attempt;
    play->expected = step;
    play->blocks = play->instructions = 0;
    play->blocks_differ = play->instructions_differ = false;
    int result = step_execute(attempt->engine, machine, step, &stop);
    if (attempt_failed(attempt, result)) {
        return;
    }
    compare_words(&attempt->differences, step->kind == STEP_RUN ? "run" : "resume", step->refused ? "refused" : "done",
                  result_name(result));
    if (result != 0 || step->refused) {
        return;
    }
    compare_stops(&attempt->differences, &step->stop, &stop);
    for (size_t i = 0; i < step->memory_count; i++) {
        guest_apply(&play->vector->program, memory, &step->memory[i]);
    }
    if (attempt->observed) {
        compare_record_counts(play, step);
        cover_exit(play, &stop);
    }
}

static void write_memory(struct play *play, struct assay_machine *machine, const struct vector_step *step,
                         uint8_t *memory)
{
    const struct memory_run *run = &step->write;
    int result = play->attempt->engine->machine->write(machine, run->address, run->data.data, run->data.size);
    if (attempt_failed(play->attempt, result)) {
        return;
    }
    compare_words(&play->attempt->differences, "write", "done", result_name(result));
    guest_apply(&play->vector->program, memory, run);
}

static void run_steps(struct play *play, struct assay_machine *machine, uint8_t *memory, uint8_t *got)
{
    struct attempt *attempt = play->attempt;
    const struct vector_case *vector = play->vector;
    for (size_t i = 0; i < vector->step_count && attempt->trouble == NULL; i++) {
        const struct vector_step *step = &vector->step[i];
        attempt->step = i;
        if (step->kind == STEP_WRITE) {
            write_memory(play, machine, step, memory);
        } else {
            run_step(play, machine, step, memory);
        }
        if (attempt->trouble != NULL) {
            return;
        }
        int result = guest_read(attempt->engine, machine, &vector->program, got);
        if (attempt_failed(attempt, result)) {
            return;
        }
        compare_words(&attempt->differences, "read", "done", result_name(result));
        if (result == 0) {
            compare_guests(&attempt->differences, &vector->program, memory, got);
        }
        if (attempt->differences.count > 0) {
            return;
        }
    }
}

static const char *load_name(int load)
{
    const char *name = reject_name(load);
    if (load == LOAD_ADMITTED) {
        return "admitted";
    }
    return name != NULL ? name : engine_error_name(load);
}

static void play_case(struct attempt *attempt)
{
    const struct assay_machine_level *level = attempt->engine->machine;
    const struct vector_case *vector = attempt->item->vector;
    struct play play = {.attempt = attempt, .vector = vector};
    struct assay_machine *machine = NULL;
    int load = level->load(&vector->program, &machine);
    if (attempt_failed(attempt, load)) {
        return;
    }
    compare_words(&attempt->differences, "load", load_name(vector->load), load_name(load));
    if (load == LOAD_ADMITTED && vector->load == LOAD_ADMITTED) {
        uint8_t *memory = memory_resize(NULL, 2 * guest_size(&vector->program));
        guest_start(&vector->program, memory);
        if (attempt->observed) {
            code_view(vector->program.blob, vector->program.blob_size, &play.code);
            observe(&play, machine);
        }
        run_steps(&play, machine, memory, memory + guest_size(&vector->program));
        free(memory);
    }
    if (load == LOAD_ADMITTED) {
        level->unload(machine);
        if (attempt->trouble == NULL && attempt->differences.count == 0) {
            attempt_failed(attempt, engine_end_failure(attempt->engine));
        }
    }
}

/* ---- what an engine has ------------------------------------------------------------------ */

static const char *lacks(const struct attempt *attempt)
{
    return attempt->engine->machine == NULL ? "the engine lacks the level machine" : NULL;
}

static const char *lacks_records(const struct attempt *attempt)
{
    const struct vector_case *vector = attempt->item->vector;
    for (size_t i = 0; i < vector->step_count; i++) {
        if (vector->step[i].has_blocks && !engine_has(attempt->engine, ASSAY_FEATURE_BLOCKS)) {
            return "the case has L1 records and the engine lacks the feature blocks";
        }
        if (vector->step[i].has_instructions && !engine_has(attempt->engine, ASSAY_FEATURE_INSTRUCTIONS)) {
            return "the case has L0 records and the engine lacks the feature instructions";
        }
    }
    return NULL;
}

static bool has_records(const struct attempt *attempt)
{
    const struct vector_case *vector = attempt->item->vector;
    for (size_t i = 0; i < vector->step_count; i++) {
        if (vector->step[i].has_blocks || vector->step[i].has_instructions) {
            return true;
        }
    }
    return false;
}

static bool is_observable(const struct attempt *attempt)
{
    return attempt->engine->features != 0;
}

const struct player machine_player = {
    .lacks = lacks,
    .lacks_records = lacks_records,
    .has_records = has_records,
    .is_observable = is_observable,
    .play = play_case,
};
