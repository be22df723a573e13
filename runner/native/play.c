/* Plays one random program; see play.h. */
#include "play.h"

#include <string.h>

enum { PIECES_MAX = 64, RESUMES_MAX = 4 };

/* An observer has one context; block and instruction records each go to their own digest. */
static void on_block(void *context, const struct assay_state *entry)
{
    struct play_side *side = context;
    digest_block(&side->blocks, entry);
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct play_side *side = context;
    digest_instruction(&side->instructions, record);
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

static bool both_have(const struct play *play, uint64_t feature)
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
        result[i] = side->engine->machine->load(&play->made->program, &side->machine);
        note(play, side, result[i]);
        side->memory = arena_take(play->arena, guest_size(&play->made->program));
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
    const struct assay_program *program = &play->made->program;
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
static int run_pieces(struct play *play, struct play_side *side, const struct vector_step *step, uint64_t length)
{
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

static void execute(struct play *play, struct vector_step *step)
{
    int result[2];
    uint64_t length = 1 + random_below(&play->plan, 40);
    bool splits = play->flavour == FLAVOUR_SPLIT && play->step_count == 1 && step->until.blocks == 0;
    splits = splits && both_have(play, ASSAY_FEATURE_INSTRUCTIONS);
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        result[i] = splits ? run_pieces(play, side, step, length)
                           : step_execute(side->engine, side->machine, step, &side->stop);
        note(play, side, result[i]);
        play->cut = play->cut || engine_records_cut(side->engine);
    }
    compare_words(&play->differences, step->kind == STEP_RUN ? "run" : "resume", result_word(result[0]),
                  result_word(result[1]));
    step->refused = result[0] != 0;
    step->stop = play->side[0].stop;
    if (result[0] == 0 && result[1] == 0) {
        compare_stops(&play->differences, &play->side[0].stop, &play->side[1].stop);
    }
    compare_memory(play, step);
}

/* The harness writes a few bytes somewhere on a page. */
static void write_step(struct play *play)
{
    const struct assay_program *program = &play->made->program;
    const struct assay_page *page = &program->page[random_below(&play->plan, program->page_count)];
    uint32_t offset = (uint32_t)random_below(&play->plan, PAGE_BYTES);
    uint32_t size = 1 + (uint32_t)random_below(&play->plan, PAGE_BYTES - offset < 16 ? PAGE_BYTES - offset : 16);
    struct vector_step *step = &play->step[play->step_count++];
    *step = (struct vector_step){.kind = STEP_WRITE, .write = {.address = page->address + offset}};
    step->write.data = (struct bytes){arena_take(play->arena, size), size};
    for (uint32_t i = 0; i < size; i++) {
        step->write.data.data[i] = (uint8_t)random_next(&play->plan);
    }
    for (size_t i = 0; i < 2; i++) {
        struct play_side *side = &play->side[i];
        int result = side->engine->machine->write(side->machine, step->write.address, step->write.data.data, size);
        note(play, side, result);
        compare_words(&play->differences, "write", "done", result_word(result));
    }
    compare_memory(play, step);
}

static bool may_resume(const struct assay_stop *stop)
{
    return stop->exit == ASSAY_EXIT_HOST_CALL || stop->exit == ASSAY_EXIT_ECALL ||
           stop->exit == ASSAY_EXIT_OUT_OF_GAS || stop->exit == ASSAY_EXIT_STOPPED;
}

/* Chooses what follows a stop; false when the program is over. */
static bool plan_step(struct play *play, struct vector_step *step)
{
    const struct assay_stop *stop = &play->side[0].stop;
    struct random *plan = &play->plan;
    *step = (struct vector_step){.kind = STEP_RESUME, .state = stop->state};
    if (!may_resume(stop)) {
        if (!random_chance(plan, 16)) {
            return false;
        }
        if (random_chance(plan, 2)) { /* a new run of a used machine */
            step->kind = STEP_RUN;
            step->state.pc = play->made->start.pc;
            random_registers(plan, step->state.reg);
        } /* else a resume that must be refused */
    }
    step->state.gas = random_below(plan, random_chance(plan, 4) ? 100 : 4000);
    for (uint64_t changes = random_below(plan, 4); changes > 0; changes--) {
        step->state.reg[random_below(plan, ASSAY_REGISTER_COUNT)] = random_edge(plan);
    }
    if (play->step[0].until.blocks != 0 && random_chance(plan, 2)) {
        step->state.gas = UINT64_MAX - random_below(plan, 3);
        step->until.blocks = 1 + random_below(plan, 100);
    }
    if (random_chance(plan, 16) && both_have(play, ASSAY_FEATURE_INSTRUCTIONS)) {
        step->until.instructions = 1 + random_below(plan, 20);
    }
    return true;
}

static void compare_records(struct play *play)
{
    const struct play_side *left = &play->side[0], *right = &play->side[1];
    if (both_have(play, ASSAY_FEATURE_BLOCKS)) {
        compare_counts(&play->differences, "blocks", left->blocks.count, right->blocks.count);
        compare_numbers(&play->differences, "digest of blocks", left->blocks.value, right->blocks.value);
    }
    if (both_have(play, ASSAY_FEATURE_INSTRUCTIONS)) {
        compare_counts(&play->differences, "instructions", left->instructions.count, right->instructions.count);
        compare_numbers(&play->differences, "digest of instructions", left->instructions.value,
                        right->instructions.value);
    }
}

static void play_steps(struct play *play)
{
    struct vector_step *step = &play->step[play->step_count++];
    *step = (struct vector_step){.kind = STEP_RUN, .state = play->made->start, .until = play->made->until};
    if (step->until.blocks != 0 && !both_have(play, ASSAY_FEATURE_BLOCKS)) {
        step->until.blocks = 0; /* then only little gas ends a loop */
        step->state.gas %= 2000;
    }
    execute(play, step);
    for (unsigned i = 0; i < RESUMES_MAX && play->differences.count == 0; i++) {
        struct vector_step next;
        if (play->flavour == FLAVOUR_SPLIT || !plan_step(play, &next)) {
            return;
        }
        if (play->made->program.page_count > 0 && random_chance(&play->plan, 3)) {
            write_step(play);
        }
        play->step[play->step_count++] = next;
        execute(play, &play->step[play->step_count - 1]);
    }
}

void play_program(struct play *play)
{
    play->plan = play->made->plan;
    if (load(play)) {
        if (play->keeps_memory) {
            play->before = arena_take(play->arena, guest_size(&play->made->program));
            guest_start(&play->made->program, play->before);
        }
        play_steps(play);
        if (play->flavour == FLAVOUR_OBSERVED && !play->cut) {
            compare_records(play);
        }
    }
    unload(play);
}

struct play *play_new(const struct assay_engine *const engine[2], struct arena *arena, struct random_program *made,
                      enum flavour flavour)
{
    struct play *play = arena_take(arena, sizeof *play);
    play->side[0].engine = engine[0];
    play->side[1].engine = engine[1];
    play->made = made;
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
