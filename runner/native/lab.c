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
    }
}

static int do_step(struct lab *lab, const struct vector_step *step)
{
    if (step->kind == STEP_WRITE) {
        const struct memory_run *run = &step->write;
        return lab->engine->machine->write(lab->machine, run->address, run->data.data, run->data.size);
    }
    return step_execute(lab->engine, lab->machine, step, &lab->stop);
}

static bool observe(struct lab *lab, const struct assay_observer *observer)
{
    if (observer != NULL && lab->result == 0) {
        lab->result = lab->engine->machine->observe(lab->machine, observer);
    }
    return lab->result == 0;
}

bool lab_run(struct lab *lab, size_t step, const struct vector_step *changed, const struct assay_observer *observer)
{
    const struct assay_program *program = &lab->vector->program;
    lab_close(lab);
    memset(&lab->stop, 0, sizeof lab->stop);
    lab->result = lab->engine->machine->load(program, &lab->machine);
    for (size_t i = 0; i < step && lab->result == 0; i++) {
        int result = do_step(lab, &lab->vector->step[i]);
        lab->result = lab->vector->step[i].refused ? 0 : result;
    }
    if (!observe(lab, observer)) {
        return false;
    }
    lab->result = do_step(lab, changed != NULL ? changed : &lab->vector->step[step]);
    return guest_read(lab->engine, lab->machine, program, lab->image) == 0 && lab->result == 0;
}

static const char *word(int result)
{
    const char *name = result > 0 ? reject_name(result) : NULL;
    return result == 0 ? "done" : name != NULL ? name : engine_error_name(result);
}

void lab_compare(const struct lab *expected, const struct lab *got, struct differences *differences)
{
    compare_words(differences, "result", word(expected->result), word(got->result));
    if (expected->result == 0 && got->result == 0) {
        compare_stops(differences, &expected->stop, &got->stop);
        compare_guests(differences, &expected->vector->program, expected->image, got->image);
    }
}

struct search {
    const char *command, *id;
    lab_fn *then;
    void *context;
    int code;
    bool found;
};

static bool visit(void *context, const struct vector_item *item)
{
    struct search *search = context;
    bool is_wanted = item->id != NULL && strcmp(item->id, search->id) == 0;
    if (!item->is_readable && (is_wanted || item->id == NULL)) {
        complain("%s: %s: byte %zu: %s", search->command, item->file, item->error.offset, item->error.message);
    }
    if (is_wanted && item->vector != NULL) {
        search->found = true;
        search->code = search->then(search->context, item->vector);
    }
    return !search->found;
}

int lab_with_case(const char *command, const char *id, char *const *file, size_t file_count, lab_fn *then,
                  void *context)
{
    struct search search = {.command = command, .id = id, .then = then, .context = context};
    vector_walk(file, file_count, visit, &search);
    if (!search.found) {
        complain("%s: no readable case %s in the files named; ids are area/subject/behaviour", command, id);
        return CODE_VECTORS;
    }
    return search.code;
}
