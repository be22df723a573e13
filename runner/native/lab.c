/* Runs a case on an engine as often as it takes; every run begins with a fresh machine. */
#include "lab.h"

#include <string.h>

void lab_init(struct lab *lab, const struct assay_engine *engine, const struct vector_case *vector, struct arena *arena)
{
    *lab = (struct lab){.engine = engine, .vector = vector};
    lab->image = arena_take(arena, guest_size(&vector->program));
}

void lab_close(struct lab *lab)
{
    if (lab->machine != NULL) {
        lab->engine->machine->unload(lab->machine);
        lab->machine = NULL;
        lab->ending = engine_end_failure(lab->engine);
    }
}

bool lab_is_failure(int result)
{
    return result < 0 && result != ASSAY_ERROR_ARGUMENT;
}

static int do_step(struct lab *lab, const struct vector_step *step)
{
    if (step->kind == STEP_WRITE) {
        const struct memory_run *run = &step->write;
        return lab->engine->machine->write(lab->machine, run->address, run->data.data, run->data.size);
    }
    return step_execute(lab->engine, lab->machine, step, &lab->stop);
}

/* ---- pieces ------------------------------------------------------------------------------ */

/* Hands records on and counts them. */
struct counter {
    const struct assay_observer *inner;
    uint64_t blocks, instructions;
};

static void on_block(void *context, const struct assay_state *entry)
{
    struct counter *counter = context;
    counter->blocks++;
    counter->inner->block(counter->inner->context, entry);
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct counter *counter = context;
    counter->instructions++;
    counter->inner->instruction(counter->inner->context, record);
}

static struct assay_observer counting(struct counter *counter)
{
    struct assay_observer observer = {.context = counter};
    if (counter->inner->block != NULL) {
        observer.block = on_block;
    }
    if (counter->inner->instruction != NULL) {
        observer.instruction = on_instruction;
    }
    return observer;
}

static uint64_t least(uint64_t limit, uint64_t piece)
{
    return limit == 0 || piece < limit ? piece : limit;
}

/* Takes `done` records off a limit; true: it is used up. */
static bool use_up(uint64_t *limit, uint64_t done)
{
    bool is_limited = *limit != 0;
    *limit -= is_limited ? done : 0;
    return is_limited && *limit == 0;
}

/* A run or resume as many short ones, each of which leaves few records. */
static int do_pieces(struct lab *lab, const struct vector_step *step, struct counter *counter)
{
    struct vector_step piece = *step;
    struct assay_until left = step->until;
    for (;;) {
        counter->blocks = counter->instructions = 0;
        piece.until = left;
        if (counter->inner->instruction != NULL) {
            piece.until.instructions = least(left.instructions, LAB_PIECE);
        } else {
            piece.until.blocks = least(left.blocks, LAB_PIECE);
        }
        int result = do_step(lab, &piece);
        bool is_used_up = use_up(&left.blocks, counter->blocks);
        is_used_up = use_up(&left.instructions, counter->instructions) || is_used_up;
        if (result != 0 || lab->stop.exit != ASSAY_EXIT_STOPPED || is_used_up) {
            return result;
        }
        piece.kind = STEP_RESUME;
        piece.state = lab->stop.state;
    }
}

/* ---- a run ------------------------------------------------------------------------------- */

void lab_load(struct lab *lab)
{
    lab_close(lab);
    memset(&lab->stop, 0, sizeof lab->stop);
    lab->result = lab->engine->machine->load(&lab->vector->program, &lab->machine);
    lab->is_loaded = lab->result == 0;
    lab->machine = lab->is_loaded ? lab->machine : NULL;
}

/* Begins the case and does the steps before `step`; a refusal among them is nothing to stop at. */
static void prepare(struct lab *lab, size_t step)
{
    lab_load(lab);
    for (size_t i = 0; i < step && lab->result == 0; i++) {
        int result = do_step(lab, &lab->vector->step[i]);
        lab->result = result == ASSAY_ERROR_ARGUMENT ? 0 : result;
    }
}

static void run_observed(struct lab *lab, size_t step, const struct vector_step *done,
                         const struct assay_observer *observer)
{
    struct counter counter = {.inner = observer};
    struct assay_observer counted = counting(&counter);
    prepare(lab, step);
    if (lab->result == 0) {
        lab->result = lab->engine->machine->observe(lab->machine, lab->in_pieces ? &counted : observer);
    }
    if (lab->result == 0) {
        lab->result = lab->in_pieces && done->kind != STEP_WRITE ? do_pieces(lab, done, &counter) : do_step(lab, done);
    }
}

bool lab_run(struct lab *lab, size_t step, const struct vector_step *changed, const struct assay_observer *observer)
{
    const struct vector_step *done = changed != NULL ? changed : &lab->vector->step[step];
    if (observer != NULL) {
        run_observed(lab, step, done, observer);
    } else {
        prepare(lab, step);
        lab->result = lab->result == 0 ? do_step(lab, done) : lab->result;
    }
    lab->memory = 0;
    if (lab->is_loaded && !lab->is_blind && !lab_is_failure(lab->result)) {
        lab->memory = guest_read(lab->engine, lab->machine, &lab->vector->program, lab->image);
        lab->result = lab_is_failure(lab->memory) ? lab->memory : lab->result;
    }
    return lab->result == 0;
}

const char *lab_word(int result)
{
    const char *name = result > 0 ? reject_name(result) : NULL;
    return result == 0 ? "done" : name != NULL ? name : engine_error_name(result);
}

void lab_compare(const struct lab *expected, const struct lab *got, struct differences *differences)
{
    compare_words(differences, "result", lab_word(expected->result), lab_word(got->result));
    if (expected->result == 0 && got->result == 0) {
        compare_stops(differences, &expected->stop, &got->stop);
    }
    if (!expected->is_loaded || !got->is_loaded || expected->result != got->result) {
        return;
    }
    if (expected->is_blind || got->is_blind) {
        return;
    }
    compare_words(differences, "memory", lab_word(expected->memory), lab_word(got->memory));
    if (expected->memory == 0 && got->memory == 0) {
        compare_guests(differences, &expected->vector->program, expected->image, got->image);
    }
}
