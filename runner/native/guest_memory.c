/* Guest memory as the harness holds it, the given pages one after the other; and one step of a case. */
#include "compare.h"

#include <string.h>

enum { READ_PAGES = 16 }; /* of one request: a reply of an engine that is a program stays small */

size_t guest_size(const struct assay_program *program)
{
    return program->page_count * PAGE_BYTES;
}

void guest_start(const struct assay_program *program, uint8_t *memory)
{
    memset(memory, 0, guest_size(program));
    for (size_t i = 0; i < program->page_count; i++) {
        const struct assay_page *page = &program->page[i];
        if (page->size > 0) {
            memcpy(memory + i * PAGE_BYTES, page->data, page->size < PAGE_BYTES ? page->size : PAGE_BYTES);
        }
    }
}

void guest_apply(const struct assay_program *program, uint8_t *memory, const struct memory_run *run)
{
    for (size_t i = 0; i < run->data.size; i++) {
        uint64_t address = (uint64_t)run->address + i;
        const struct assay_page *page = vector_page_at(program, address);
        if (page != NULL) {
            memory[(size_t)(page - program->page) * PAGE_BYTES + (address - page->address)] = run->data.data[i];
        }
    }
}

/* How many pages from page `first` on lie side by side, so that one request can ask for all. */
static size_t neighbours(const struct assay_program *program, size_t first)
{
    const struct assay_page *page = program->page;
    size_t count = 1;
    while (count < READ_PAGES && first + count < program->page_count &&
           page[first + count].address == (uint64_t)page[first].address + count * PAGE_BYTES) {
        count++;
    }
    return count;
}

int guest_read(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
               uint8_t *memory)
{
    for (size_t i = 0; i < program->page_count;) {
        size_t count = neighbours(program, i);
        int result =
            engine->machine->read(machine, program->page[i].address, memory + i * PAGE_BYTES, count * PAGE_BYTES);
        if (result != 0) {
            return result;
        }
        i += count;
    }
    return 0;
}

int guest_restore(const struct assay_engine *engine, struct assay_machine *machine, const struct assay_program *program,
                  const uint8_t *memory)
{
    for (size_t i = 0; i < program->page_count; i++) {
        int result = engine->machine->write(machine, program->page[i].address, memory + i * PAGE_BYTES, PAGE_BYTES);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static bool continues(const struct memory_run *run, uint64_t address)
{
    return run->data.size > 0 && (uint64_t)run->address + run->data.size == address;
}

size_t guest_runs(struct arena *arena, const struct assay_program *program, const uint8_t *before, const uint8_t *after,
                  struct memory_run **run)
{
    size_t size = guest_size(program), changed = 0;
    for (size_t i = 0; i < size; i++) {
        changed += before[i] != after[i];
    }
    uint8_t *data = arena_take(arena, changed);
    *run = arena_list(arena, changed, sizeof **run);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        if (before[i] == after[i]) {
            continue;
        }
        uint64_t address = (uint64_t)program->page[i / PAGE_BYTES].address + i % PAGE_BYTES;
        if (count == 0 || !continues(&(*run)[count - 1], address)) {
            (*run)[count++] = (struct memory_run){.address = (uint32_t)address, .data = {data, 0}};
        }
        *data++ = after[i];
        (*run)[count - 1].data.size++;
    }
    return count;
}

int step_execute(const struct assay_engine *engine, struct assay_machine *machine, const struct vector_step *step,
                 struct assay_stop *stop)
{
    const struct assay_until *until = step->until.blocks == 0 && step->until.instructions == 0 ? NULL : &step->until;
    memset(stop, 0, sizeof *stop);
    if (step->kind == STEP_RUN) {
        return engine->machine->run(machine, &step->state, until, stop);
    }
    return engine->machine->resume(machine, &step->state, until, stop);
}
