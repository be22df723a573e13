/* Plays random programs; see random_script.h. */
#include "random_script.h"

enum { RESUMES_MAX = 4, STEP_MAX = 12 };

struct random_script {
    struct play_script script;
    const struct random_program *made;
    struct random plan;
    unsigned resumes;
    bool has_next; /* `next` comes after the write that was decided together with it */
    struct vector_step next;
};

/* The harness writes a few bytes somewhere on a page. */
static void plan_write(struct random_script *random, struct play *play, struct vector_step *step)
{
    const struct assay_program *program = random->script.program;
    const struct assay_page *page = &program->page[random_below(&random->plan, program->page_count)];
    uint32_t offset = (uint32_t)random_below(&random->plan, PAGE_BYTES);
    uint32_t size = 1 + (uint32_t)random_below(&random->plan, PAGE_BYTES - offset < 16 ? PAGE_BYTES - offset : 16);
    *step = (struct vector_step){.kind = STEP_WRITE, .write = {.address = page->address + offset}};
    step->write.data = (struct bytes){arena_take(play->arena, size), size};
    for (uint32_t i = 0; i < size; i++) {
        step->write.data.data[i] = (uint8_t)random_next(&random->plan);
    }
}

static bool may_resume(const struct assay_stop *stop)
{
    return stop->exit == ASSAY_EXIT_HOST_CALL || stop->exit == ASSAY_EXIT_ECALL ||
           stop->exit == ASSAY_EXIT_OUT_OF_GAS || stop->exit == ASSAY_EXIT_STOPPED;
}

/* Chooses what follows a stop; false when the program is over. */
static bool plan_resume(struct random_script *random, const struct play *play, struct vector_step *step)
{
    const struct assay_stop *stop = &play->side[0].stop;
    struct random *plan = &random->plan;
    *step = (struct vector_step){.kind = STEP_RESUME, .state = stop->state};
    if (!may_resume(stop)) {
        if (!random_chance(plan, 16)) {
            return false;
        }
        if (random_chance(plan, 2)) { /* a new run of a used machine */
            step->kind = STEP_RUN;
            step->state.pc = random->made->start.pc;
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
    if (random_chance(plan, 16) && play_both_have(play, ASSAY_FEATURE_INSTRUCTIONS)) {
        step->until.instructions = 1 + random_below(plan, 20);
    }
    return true;
}

static void first_run(const struct random_script *random, const struct play *play, struct vector_step *step)
{
    *step = (struct vector_step){.kind = STEP_RUN, .state = random->made->start, .until = random->made->until};
    if (step->until.blocks != 0 && !play_both_have(play, ASSAY_FEATURE_BLOCKS)) {
        step->until.blocks = 0; /* then only little gas ends a loop */
        step->state.gas %= 2000;
    }
}

static bool next(void *context, struct play *play, struct vector_step *step)
{
    struct random_script *random = context;
    if (play->step_count == 0) {
        first_run(random, play, step);
    } else if (random->has_next) {
        *step = random->next;
        random->has_next = false;
    } else if (random->resumes++ == RESUMES_MAX || !plan_resume(random, play, step)) {
        return false;
    } else if (random->script.program->page_count > 0 && random_chance(&random->plan, 3)) {
        random->next = *step;
        random->has_next = true;
        plan_write(random, play, step);
        return true;
    }
    play->piece = 1 + random_below(&random->plan, 40);
    return true;
}

struct play *random_play(const struct assay_engine *const engine[2], struct arena *arena,
                         const struct random_program *made, enum flavour flavour, bool keeps_memory)
{
    struct random_script *random = arena_take(arena, sizeof *random);
    random->script = (struct play_script){&made->program, STEP_MAX, next, random};
    random->made = made;
    random->plan = made->plan;
    struct play *play = play_new(engine, arena, &random->script, flavour);
    play->keeps_memory = keeps_memory;
    play_program(play);
    return play;
}
