/* Reads and writes inputs of the target machine; see machine_input.h. */
#include "machine_input.h"

#include <string.h>

enum {
    HEAD_RAW = 1,       /* the blob is given as it is */
    HEAD_OTHER = 2,     /* mem_cycles is a number of its own */
    HEAD_CYCLES = 2,    /* where the index of mem_cycles is */
    HEAD_SPLIT = 16,    /* also played split */
    STEP_KINDS = 3,     /* low part of the first byte of a step */
    STEP_BLOCKS = 0x40, /* until.blocks follows */
    STEP_INSNS = 0x80,  /* until.instructions follows */
    CYCLES_UNIT = 25,   /* gas/mem_cycles: 25, 50, 75 or 100 */
    REGISTER_MASK = 0x1fff,
};

/* ---- reading ------------------------------------------------------------------------------- */

static void read_blob(struct arena *arena, struct source *source, bool is_raw, struct machine_input *input)
{
    struct assay_bytes blob;
    if (is_raw) {
        blob = source_bytes(source);
    } else {
        input->has_parts = true;
        input->parts.entry_size = 1 + (source_byte(source) & 3);
        input->parts.table = source_bytes(source);
        input->parts.code = source_bytes(source);
        input->parts.starts = source_bytes(source);
        blob = blob_join(arena, &input->parts);
    }
    input->program.blob = blob.data;
    input->program.blob_size = blob.size;
}

static void read_pages(struct arena *arena, struct source *source, struct assay_program *program)
{
    size_t count = source_count(source);
    struct assay_page *page = arena_list(arena, count, sizeof *page);
    for (size_t i = 0; i < count; i++) {
        page[i].address = (uint32_t)source_fixed(source, 4);
        page[i].access = ASSAY_ACCESS_RO + (source_byte(source) & 1u);
        struct assay_bytes data = source_bytes(source);
        page[i].data = data.data;
        page[i].size = data.size;
    }
    program->page = page;
    program->page_count = count;
}

static void read_step(struct source *source, struct machine_step *step)
{
    uint8_t first = source_byte(source);
    step->kind = (enum step_kind)((first & 0x3f) % STEP_KINDS);
    if (step->kind == STEP_WRITE) {
        step->write.address = (uint32_t)source_fixed(source, 4);
        struct assay_bytes data = source_bytes(source);
        step->write.data = (struct bytes){(uint8_t *)(uintptr_t)data.data, data.size};
        return;
    }
    step->pc = step->kind == STEP_RUN ? source_number(source) : 0;
    step->gas = source_number(source);
    step->until.blocks = (first & STEP_BLOCKS) != 0 ? source_number(source) : 0;
    step->until.instructions = (first & STEP_INSNS) != 0 ? source_number(source) : 0;
    step->changed = source_fixed(source, 2) & REGISTER_MASK;
    for (unsigned i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        step->reg[i] = (step->changed >> i & 1) != 0 ? source_fixed(source, 8) : 0;
    }
}

void machine_input_read(struct arena *arena, struct source source, struct machine_input *input)
{
    *input = (struct machine_input){0};
    uint8_t head = source_byte(&source);
    input->program.mem_cycles = CYCLES_UNIT * (1 + (head >> HEAD_CYCLES & 3u));
    if ((head & HEAD_OTHER) != 0) {
        input->program.mem_cycles = (uint32_t)source_number(&source);
    }
    input->piece = (head & HEAD_SPLIT) != 0 ? source_number(&source) : 0;
    read_blob(arena, &source, (head & HEAD_RAW) != 0, input);
    read_pages(arena, &source, &input->program);
    input->step_count = source_count(&source);
    input->step = arena_list(arena, input->step_count, sizeof *input->step);
    for (size_t i = 0; i < input->step_count; i++) {
        read_step(&source, &input->step[i]);
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_head(struct text *sink, const struct machine_input *input)
{
    uint32_t cycles = input->program.mem_cycles, index = cycles / CYCLES_UNIT - 1;
    bool is_usual = cycles % CYCLES_UNIT == 0 && index < 4;
    sink_byte(sink, (input->has_parts ? 0u : HEAD_RAW) | (is_usual ? index << HEAD_CYCLES : HEAD_OTHER) |
                        (input->piece != 0 ? HEAD_SPLIT : 0u));
    if (!is_usual) {
        sink_number(sink, cycles);
    }
    if (input->piece != 0) {
        sink_number(sink, input->piece);
    }
}

static void write_blob(struct text *sink, const struct machine_input *input)
{
    const struct blob_parts *parts = &input->parts;
    if (!input->has_parts) {
        sink_bytes(sink, input->program.blob, input->program.blob_size);
        return;
    }
    sink_byte(sink, parts->entry_size - 1);
    sink_bytes(sink, parts->table.data, parts->table.size);
    sink_bytes(sink, parts->code.data, parts->code.size);
    sink_bytes(sink, parts->starts.data, parts->starts.size);
}

static void write_step(struct text *sink, const struct machine_step *step)
{
    unsigned until = (step->until.blocks != 0 ? STEP_BLOCKS : 0u) | (step->until.instructions != 0 ? STEP_INSNS : 0u);
    sink_byte(sink, (unsigned)step->kind | (step->kind == STEP_WRITE ? 0 : until));
    if (step->kind == STEP_WRITE) {
        sink_fixed(sink, step->write.address, 4);
        sink_bytes(sink, step->write.data.data, step->write.data.size);
        return;
    }
    if (step->kind == STEP_RUN) {
        sink_number(sink, step->pc);
    }
    sink_number(sink, step->gas);
    if (step->until.blocks != 0) {
        sink_number(sink, step->until.blocks);
    }
    if (step->until.instructions != 0) {
        sink_number(sink, step->until.instructions);
    }
    sink_fixed(sink, step->changed, 2);
    for (unsigned i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        if ((step->changed >> i & 1) != 0) {
            sink_fixed(sink, step->reg[i], 8);
        }
    }
}

void machine_input_write(struct text *sink, const struct machine_input *input)
{
    text_raw(sink, TAG_MACHINE);
    write_head(sink, input);
    write_blob(sink, input);
    sink_number(sink, input->program.page_count);
    for (size_t i = 0; i < input->program.page_count; i++) {
        const struct assay_page *page = &input->program.page[i];
        sink_fixed(sink, page->address, 4);
        sink_byte(sink, page->access - ASSAY_ACCESS_RO);
        sink_bytes(sink, page->data, page->size);
    }
    sink_number(sink, input->step_count);
    for (size_t i = 0; i < input->step_count; i++) {
        write_step(sink, &input->step[i]);
    }
}

/* ---- out of a vector ----------------------------------------------------------------------- */

void machine_input_of(struct arena *arena, const struct vector_case *vector, struct machine_input *input)
{
    static const uint64_t zero[ASSAY_REGISTER_COUNT] = {0};
    const uint64_t *before = zero; /* what a resume goes on with */
    *input = (struct machine_input){.program = vector->program, .step_count = vector->step_count};
    struct assay_bytes blob = {vector->program.blob, vector->program.blob_size};
    input->has_parts = blob_split(arena, blob, &input->parts);
    input->step = arena_list(arena, vector->step_count, sizeof *input->step);
    for (size_t i = 0; i < vector->step_count; i++) {
        const struct vector_step *given = &vector->step[i];
        struct machine_step *step = &input->step[i];
        const uint64_t *base = given->kind == STEP_RUN ? zero : before;
        *step = (struct machine_step){.kind = given->kind, .until = given->until, .write = given->write};
        if (given->kind == STEP_WRITE) {
            continue;
        }
        step->pc = given->kind == STEP_RUN ? given->state.pc : 0;
        step->gas = given->state.gas;
        for (unsigned r = 0; r < ASSAY_REGISTER_COUNT; r++) {
            step->reg[r] = given->state.reg[r];
            step->changed |= (uint16_t)((given->state.reg[r] != base[r]) << r);
        }
        before = given->refused ? before : given->stop.state.reg;
    }
}
