/* Plays one script; see play.h. */
#include "play.h"

#include <string.h>

enum { PIECES_MAX = 64 };

/* An observer has one context; block and instruction records each go to their own digest. */
static void on_block(void *context, const struct assay_state *entry)
{
    struct play_side *side = context;
    digest_block(&side->blocks, entry);
    if (side->watcher != NULL) {
        side->watcher->block(side->watcher->context, entry);
    }
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct play_side *side = context;
    digest_instruction(&side->instructions, record);
    if (side->watcher != NULL) {
        side->watcher->instruction(side->watcher->context, record);
    }
}

/* Keeps what is told of a program that died, hung or answered garbage: the first of it. */
static void note(struct play *play, const struct play_side *side, int result)
{
    if (engine_is_broken(result) && play->trouble == NULL) {
        const char *trouble = engine_trouble(side->engine);
        play->trouble = arena_copy(play->arena, trouble != NULL ? trouble : engine_error_name(result));
    }
}

static void observe(struct play *play, struct play_side *side)
{
    struct assay_observer observer = {.context = side};
    observer.block = engine_has(side->engine, ASSAY_FEATURE_BLOCKS) ? on_block : NULL;
    observer.instruction = engine_has(side->engine, ASSAY_FEATURE_INSTRUCTIONS) ? on_instruction : NULL;
    if (side->engine->features != 0 && side->engine->machine->observe(side->machine, &observer) != 0) {
        compare_words(&play->differences, "observe", "done", side->engine->name);
    }
}

bool play_both_have(const struct play *play, uint64_t feature)
{
    return engine_has(play->side[0].engine, feature) && engine_has(play->side[1].engine, feature);
}

/* Loads on both sides; false unless both admit the program. */
static bool load(struct play *play)
{
    int result[2];
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        side->machine = NULL;
        result[i] = side->engine->machine->load(play->script->program, &side->machine);
        note(play, side, result[i]);
        side->memory = arena_take(play->arena, guest_size(play->script->program));
        if (result[i] == 0 && play->flavour == FLAVOUR_OBSERVED) {
            observe(play, side);
        }
    }
    play->load = result[0];
    const char *name[2];
    for (size_t i = 0; i < 2; i++) {
        name[i] = result[i] == 0 ? "admitted" : result[i] > 0 ? reject_name(result[i]) : engine_error_name(result[i]);
        name[i] = name[i] == NULL ? "an unknown reason" : name[i];
    }
    compare_words(&play->differences, "load", name[0], name[1]);
    return result[0] == 0 && result[1] == 0;
}

static void unload(struct play *play)
{
    for (size_t i = 0; i < 2; i++) {
        if (play->side[i].machine != NULL) {
            play->side[i].engine->machine->unload(play->side[i].machine);
            play->side[i].machine = NULL;
        }
    }
}

/*
 * Both engines are asked for the memory and it is compared; the step's own changes are kept if
 * wanted.
 */
static void compare_memory(struct play *play, struct vector_step *step)
{
    const struct assay_program *program = play->script->program;
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        int result = guest_read(side->engine, side->machine, program, side->memory);
        note(play, side, result);
        if (result != 0) {
            compare_words(&play->differences, "read", "done", side->engine->name);
        }
    }
    compare_guests(&play->differences, program, play->side[0].memory, play->side[1].memory);
    if (play->keeps_memory) {
        step->memory_count = guest_runs(play->arena, program, play->before, play->side[0].memory, &step->memory);
        memcpy(play->before, play->side[0].memory, guest_size(program));
    }
}

static const char *result_word(int result)
{
    return result == 0 ? "done" : engine_error_name(result);
}

/* Runs the whole first step of one side in pieces; the result is the engine's. */
static int run_pieces(struct play *play, struct play_side *side, const struct vector_step *step)
{
    uint64_t length = play->piece;
    bool by_blocks = (length & 1) != 0 && engine_has(side->engine, ASSAY_FEATURE_BLOCKS);
    struct vector_step piece = *step;
    for (unsigned pieces = 0;; pieces++) {
        piece.until = (struct assay_until){0};
        if (pieces < PIECES_MAX) {
            piece.until.blocks = by_blocks ? length : 0;
            piece.until.instructions = by_blocks ? 0 : length;
        }
        int result = step_execute(side->engine, side->machine, &piece, &side->stop);
        if (result != 0 || side->stop.exit != ASSAY_EXIT_STOPPED || play->differences.count > 0) {
            return result;
        }
        piece.kind = STEP_RESUME;
        piece.state = side->stop.state;
    }
}

/* One that says its records were cut, although the other one has fewer than would be: it hides what it did. */
static void check_cut(struct play *play, const struct play_side *side, const struct play_side *other,
                      const uint64_t before[2])
{
    bool is_cut = engine_records_cut(side->engine);
    uint64_t blocks = other->blocks.count - before[0], instructions = other->instructions.count - before[1];
    if (is_cut && !engine_records_cut(other->engine) && blocks <= RECORD_MAX && instructions <= RECORD_MAX) {
        compare_words(&play->differences, "records", "all of them", "the first 65536");
    }
    play->cut = play->cut || is_cut;
}

static void execute(struct play *play, struct vector_step *step)
{
    int result[2];
    uint64_t before[2][2];
    bool splits = play->flavour == FLAVOUR_SPLIT && play->step_count == 1 && step->until.blocks == 0 &&
                  step->until.instructions == 0;
    splits = splits && play_both_have(play, ASSAY_FEATURE_INSTRUCTIONS);
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        before[i][0] = side->blocks.count;
        before[i][1] = side->instructions.count;
        result[i] =
            splits ? run_pieces(play, side, step) : step_execute(side->engine, side->machine, step, &side->stop);
        note(play, side, result[i]);
    }
    check_cut(play, &play->side[0], &play->side[1], before[1]);
    check_cut(play, &play->side[1], &play->side[0], before[0]);
    compare_words(&play->differences, step->kind == STEP_RUN ? "run" : "resume", result_word(result[0]),
                  result_word(result[1]));
    step->refused = result[0] != 0;
    step->stop = play->side[0].stop;
    if (result[0] == 0 && result[1] == 0) {
        compare_stops(&play->differences, &play->side[0].stop, &play->side[1].stop);
    }
    compare_memory(play, step);
}

static void write_memory(struct play *play, struct vector_step *step)
{
    const struct memory_run *run = &step->write;
    int result[2];
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        result[i] = side->engine->machine->write(side->machine, run->address, run->data.data, run->data.size);
        note(play, side, result[i]);
    }
    step->refused = result[0] != 0;
    compare_words(&play->differences, "write", result_word(result[0]), result_word(result[1]));
    compare_memory(play, step);
}

static void compare_records(struct play *play)
{
    const struct play_side *left = &play->side[0], *right = &play->side[1];
    if (play_both_have(play, ASSAY_FEATURE_BLOCKS)) {
        compare_counts(&play->differences, "blocks", left->blocks.count, right->blocks.count);
        compare_numbers(&play->differences, "digest of blocks", left->blocks.value, right->blocks.value);
    }
    if (play_both_have(play, ASSAY_FEATURE_INSTRUCTIONS)) {
        compare_counts(&play->differences, "instructions", left->instructions.count, right->instructions.count);
        compare_numbers(&play->differences, "digest of instructions", left->instructions.value,
                        right->instructions.value);
    }
}

static void play_steps(struct play *play)
{
    const struct play_script *script = play->script;
    size_t max = play->flavour == FLAVOUR_SPLIT ? 1 : script->step_max;
    while (play->step_count < max && play->differences.count == 0) {
        struct vector_step *step = &play->step[play->step_count];
        if (!script->next(script->context, play, step)) {
            return;
        }
        play->step_count++;
        if (step->kind == STEP_WRITE) {
            write_memory(play, step);
        } else {
            execute(play, step);
        }
    }
}

void play_program(struct play *play)
{
    if (load(play)) {
        if (play->keeps_memory) {
            play->before = arena_take(play->arena, guest_size(play->script->program));
            guest_start(play->script->program, play->before);
        }
        play_steps(play);
        if (play->flavour == FLAVOUR_OBSERVED && !play->cut) {
            compare_records(play);
        }
    }
    unload(play);
}

struct play *play_new(const struct assay_engine *const engine[2], struct arena *arena, const struct play_script *script,
                      enum flavour flavour)
{
    struct play *play = arena_take(arena, sizeof *play);
    play->side[0].engine = engine[0];
    play->side[1].engine = engine[1];
    play->script = script;
    play->step = arena_list(arena, script->step_max, sizeof *play->step);
    play->flavour = flavour;
    play->arena = arena;
    return play;
}

void play_compare_flavours(struct play *other, const struct play *production)
{
    size_t count = other->flavour == FLAVOUR_SPLIT ? 1 : production->step_count;
    for (size_t i = 0; i < count && i < other->step_count && other->differences.count == 0; i++) {
        if (production->step[i].kind != STEP_WRITE && !production->step[i].refused) {
            compare_stops(&other->differences, &production->step[i].stop, &other->step[i].stop);
        }
    }
}
