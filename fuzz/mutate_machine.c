/* Changes of inputs of the target machine; see mutate.h. */
#include "machine_input.h"
#include "mutate.h"

#include <string.h>

enum { ADDED_PAGES = 8, ADDED_STEPS = 4 };

struct change {
    struct mutation *mutation;
    struct random *random;
    struct machine_input *input, *other;
};

uint64_t mutate_gas(struct random *random, uint64_t gas)
{
    switch (random_below(random, 6)) {
    case 0:
        return gas + 1;
    case 1:
        return gas == 0 ? 0 : gas - 1;
    case 2:
        return random_below(random, 200);
    case 3:
        return gas / 2;
    case 4:
        return random_below(random, 4000);
    default:
        return random_chance(random, 8) ? random_edge(random) : 4000;
    }
}

/* ---- code ------------------------------------------------------------------------------------ */

static void change_code(struct change *change)
{
    struct machine_input *input = change->input;
    if (!input->has_parts) { /* raw: mostly as bytes */
        struct assay_bytes blob = {input->program.blob, input->program.blob_size}, nothing = {0};
        if (!blob_split(&change->mutation->arena, blob, &input->parts)) {
            blob = mutate_bytes(change->mutation, blob, nothing);
            input->program.blob = blob.data;
            input->program.blob_size = blob.size;
            return;
        }
        input->has_parts = true;
    }
    const struct blob_parts *other = change->other->has_parts ? &change->other->parts : NULL;
    mutate_code(change->mutation, other, false, &input->parts);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static const struct assay_page *any_other_page(const struct change *change)
{
    size_t count = change->other->program.page_count;
    return count == 0 ? NULL : &change->other->program.page[random_below(change->random, count)];
}

static void add_page(struct change *change, struct assay_page *page, size_t *count)
{
    const struct assay_page *other = any_other_page(change);
    struct assay_page added = {.address = random_page[random_below(change->random, RANDOM_PAGES)]};
    added.access = ASSAY_ACCESS_RO + (uint32_t)random_below(change->random, 2);
    page[(*count)++] = other != NULL && random_chance(change->random, 2) ? *other : added;
}

static void change_page(struct change *change, struct assay_page *page)
{
    struct random *random = change->random;
    switch (random_below(random, 4)) {
    case 0:
        page->access ^= ASSAY_ACCESS_RO ^ ASSAY_ACCESS_RW;
        break;
    case 1:
        page->address = random_page[random_below(random, RANDOM_PAGES)];
        break;
    case 2:
        page->address += random_chance(random, 2) ? PAGE_BYTES : (uint32_t)-PAGE_BYTES;
        break;
    default: {
        struct assay_bytes data =
            mutate_bytes(change->mutation, (struct assay_bytes){page->data, page->size}, (struct assay_bytes){0});
        page->data = data.data;
        page->size = data.size < PAGE_BYTES ? data.size : PAGE_BYTES;
    }
    }
}

static void change_pages(struct change *change)
{
    struct assay_program *program = &change->input->program;
    size_t count = program->page_count;
    struct assay_page *page = arena_list(&change->mutation->arena, count + ADDED_PAGES, sizeof *page);
    if (count > 0) {
        memcpy(page, program->page, count * sizeof *page);
    }
    if (count == 0 || random_chance(change->random, 4)) {
        add_page(change, page, &count);
    } else if (random_chance(change->random, 4)) {
        size_t at = random_below(change->random, count--);
        memmove(page + at, page + at + 1, (count - at) * sizeof *page);
    } else {
        change_page(change, &page[random_below(change->random, count)]);
    }
    program->page = page;
    program->page_count = count;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void change_registers(struct random *random, struct machine_step *step)
{
    for (uint64_t count = 1 + random_below(random, 3); count > 0; count--) {
        unsigned reg = (unsigned)random_below(random, ASSAY_REGISTER_COUNT);
        step->changed |= (uint16_t)(1u << reg);
        step->reg[reg] = random_chance(random, 4) ? step->reg[reg] + random_below(random, 17) - 8 : random_edge(random);
    }
}

static void change_until(struct random *random, struct machine_step *step)
{
    step->until.blocks = random_chance(random, 2) ? 0 : 1 + random_below(random, 20);
    step->until.instructions = random_chance(random, 2) ? 0 : 1 + random_below(random, 60);
}

static void change_write(struct change *change, struct machine_step *step)
{
    struct assay_bytes data = {step->write.data.data, step->write.data.size}, nothing = {0};
    data = mutate_bytes(change->mutation, data, nothing);
    step->write.data = (struct bytes){(uint8_t *)(uintptr_t)data.data, data.size};
    if (random_chance(change->random, 3)) {
        step->write.address = random_page[random_below(change->random, RANDOM_PAGES)] +
                              (uint32_t)random_below(change->random, PAGE_BYTES);
    }
}

static void change_step(struct change *change, struct machine_step *step)
{
    struct random *random = change->random;
    if (step->kind == STEP_WRITE) {
        change_write(change, step);
        return;
    }
    switch (random_below(random, 6)) {
    case 0:
        change_until(random, step);
        break;
    case 1:
        step->pc = random_chance(random, 4) ? random_edge(random) : random_below(random, 64);
        break;
    case 2:
    case 3:
        step->gas = mutate_gas(random, step->gas);
        break;
    default:
        change_registers(random, step);
    }
}

static void add_step(struct change *change, struct machine_step *step, size_t *count)
{
    struct machine_input *other = change->other;
    struct machine_step added = {.kind = (enum step_kind)random_below(change->random, 3), .gas = 4000};
    if (other->step_count > 0 && random_chance(change->random, 3)) {
        added = other->step[random_below(change->random, other->step_count)];
    } else if (added.kind == STEP_WRITE) {
        added.write.address = random_page[random_below(change->random, 4)];
        change_write(change, &added);
    }
    step[(*count)++] = added;
}

static void change_steps(struct change *change)
{
    struct machine_input *input = change->input;
    size_t count = input->step_count;
    struct machine_step *step = arena_list(&change->mutation->arena, count + ADDED_STEPS, sizeof *step);
    if (count > 0) {
        memcpy(step, input->step, count * sizeof *step);
    }
    if (count == 0 || random_chance(change->random, 4)) {
        add_step(change, step, &count);
    } else if (count > 1 && random_chance(change->random, 6)) {
        size_t at = random_below(change->random, count--);
        memmove(step + at, step + at + 1, (count - at) * sizeof *step);
    } else {
        change_step(change, &step[random_below(change->random, count)]);
    }
    input->step = step;
    input->step_count = count;
}

static void change_head(struct change *change)
{
    struct random *random = change->random;
    if (random_chance(random, 2)) {
        change->input->program.mem_cycles = 25 * (1 + (uint32_t)random_below(random, 4));
    } else {
        change->input->piece = random_chance(random, 2) ? 0 : 1 + random_below(random, 40);
    }
}

void mutate_machine(struct mutation *mutation, struct source source, struct text *sink)
{
    static void (*const changes[])(struct change *) = {change_code, change_code,  change_code,  change_code,
                                                       change_code, change_pages, change_steps, change_steps};
    struct machine_input input, other;
    struct change change = {mutation, &mutation->random, &input, &other};
    machine_input_read(&mutation->arena, source, &input);
    machine_input_read(&mutation->arena, (struct source){mutation->other.data, mutation->other.size, 0}, &other);
    for (uint64_t count = 1 + random_below(&mutation->random, 3); count > 0; count--) {
        if (random_chance(&mutation->random, 24)) {
            change_head(&change);
        } else {
            changes[random_below(&mutation->random, sizeof changes / sizeof *changes)](&change);
        }
    }
    machine_input_write(sink, &input);
}
