/*
 * Random code. Regular: well-formed instructions of all opcodes, jumps mostly to blocks,
 * addresses mostly on pages. Irregular: bytes and bitmasks of any kind, or regular code with
 * some of it changed.
 */
#include "random.h"

#include <string.h>

enum { COUNT_MAX = 220 };

static const struct instruction *pick(struct random *random, const struct draft *draft)
{
    for (;;) {
        const struct instruction *picked = &instruction_table[random_below(random, INSTRUCTION_COUNT)];
        if (draft->favourite_count > 0 && !random_chance(random, 16)) {
            picked = instruction_of(draft->favourite[random_below(random, draft->favourite_count)]);
        }
        bool ends_all = picked->byte == OP_trap || picked->byte == OP_sbrk;
        bool is_dynamic = picked->byte == OP_jump_ind || picked->byte == OP_load_imm_jump_ind;
        if (!(ends_all && !random_chance(random, 10)) && !(is_dynamic && draft->forward)) {
            return picked;
        }
    }
}

static void choose_favourites(struct random *random, struct draft *draft)
{
    draft->favourite_count = random_chance(random, 4) ? 1 + random_below(random, RANDOM_FAVOURITE_MAX) : 0;
    for (size_t i = 0; i < draft->favourite_count; i++) {
        draft->favourite[i] = instruction_table[random_below(random, INSTRUCTION_COUNT)].byte;
    }
}

static bool has_offset(const struct instruction *instruction)
{
    return instruction->form == FORM_one_offset || instruction->form == FORM_one_reg_imm_offset ||
           instruction->form == FORM_two_reg_one_offset;
}

static unsigned immediate_size(struct random *random)
{
    static const unsigned size[] = {4, 4, 4, 4, 3, 2, 1, 0};
    return size[random_below(random, 8)];
}

/* Any nibble or byte now and then: 13 and above are φ12. */
static uint8_t source(struct random *random)
{
    return (uint8_t)(random_chance(random, 12) ? random_below(random, 16) : random_below(random, 13));
}

/* r9 and above are for addresses, and seldom overwritten. */
static uint8_t target(struct random *random)
{
    return (uint8_t)(random_chance(random, 40) ? random_below(random, 16) : random_below(random, 9));
}

static uint8_t base(struct random *random)
{
    if (random_chance(random, 24)) {
        return (uint8_t)random_below(random, 13);
    }
    return (uint8_t)(random_chance(random, 16) ? 11 + random_below(random, 2) : 10);
}

/* Mostly on the page that nearly every program has, else anywhere near a page's edge. */
static uint64_t address(struct random *random)
{
    static const uint64_t page[] = {0x10000, 0x10000, 0x11000, 0x12000, 0x20000, 0, 0xfffff000, 0x80000000};
    if (!random_chance(random, 24)) {
        return page[0] + random_below(random, 4089);
    }
    return page[random_below(random, 8)] + 4086 + random_below(random, 12);
}

static uint64_t displacement(struct random *random)
{
    switch (random_below(random, 32)) {
    case 0:
        return random_edge(random);
    case 1:
        return 0 - random_below(random, 64);
    case 2:
        return 2040 + random_below(random, 4096);
    default:
        return random_below(random, 2040);
    }
}

/* Where a jump at `position` goes. */
static uint32_t jump_target(struct random *random, const struct draft *draft, uint32_t position)
{
    uint32_t found = draft->code_size == 0 ? 0 : (uint32_t)random_below(random, draft->code_size);
    if (draft->block_count > 0 && !random_chance(random, 24)) {
        found = draft->block[random_below(random, draft->block_count)];
    }
    if (draft->forward && found <= position) { /* the first block behind, or the end */
        found = (uint32_t)draft->code_size;
        for (size_t i = 0; i < draft->block_count; i++) {
            if (draft->block[i] > position && draft->block[i] < found) {
                found = draft->block[i];
            }
        }
    }
    return found;
}

/* It compares a register with an immediate, and reads that register. */
static bool is_branch_on_immediate(const struct instruction *instruction)
{
    return instruction->form == FORM_one_reg_imm_offset && instruction->byte != OP_load_imm_jump;
}

/* Operands of an instruction at `position` whose sizes are already chosen. */
static void fill(struct random *random, const struct draft *draft, const struct instruction *instruction,
                 uint32_t position, struct operands *operands)
{
    uint8_t byte = instruction->byte;
    const struct access *access = access_of(byte);
    operands->lo = target(random);
    operands->hi = source(random);
    operands->third = random_chance(random, 40) ? (uint8_t)random_next(random) : target(random);
    operands->x = random_edge(random);
    operands->y = random_edge(random);
    if (instruction->form == FORM_three_reg) {
        operands->lo = source(random);
    }
    if (access != NULL && access->base == OPERAND_NONE) {
        operands->x = address(random);
    }
    if (is_branch_on_immediate(instruction) || (access != NULL && access->source == OPERAND_A)) {
        operands->lo = source(random);
    }
    if (access != NULL && access->base == OPERAND_A) {
        operands->lo = base(random);
        operands->x = displacement(random);
    }
    if (access != NULL && access->base == OPERAND_B) {
        operands->hi = base(random);
        operands->x = displacement(random);
    }
    if (byte == OP_jump_ind && !random_chance(random, 8)) {
        operands->lo = 9;
        operands->x = 2 * random_below(random, 4);
    }
    if (byte == OP_load_imm_jump_ind && !random_chance(random, 8)) {
        operands->hi = 9;
        operands->y = 2 * random_below(random, 4);
    }
    if (has_offset(instruction)) {
        operands->y = (uint64_t)jump_target(random, draft, position) - position;
    }
}

/* Forward code must not be sent back by an offset whose high bytes were cut off. */
static unsigned offset_size(struct random *random, bool forward)
{
    return forward || !random_chance(random, 8) ? 4 : immediate_size(random);
}

void random_regular_code(struct random *random, struct draft *draft)
{
    const struct instruction *instruction[COUNT_MAX];
    struct operands operands[COUNT_MAX];
    uint32_t position[COUNT_MAX];
    size_t count = 1 + random_below(random, random_chance(random, 8) ? COUNT_MAX : 48);
    uint8_t bytes[ENCODED_MAX];
    draft->forward = random_chance(random, 4);
    choose_favourites(random, draft);
    for (size_t i = 0; i < count; i++) { /* sizes first: they fix every position */
        instruction[i] = pick(random, draft);
        operands[i] = (struct operands){.x_size = immediate_size(random), .y_size = immediate_size(random)};
        /* An address, or what is added to one: a short immediate would cut it. */
        if (access_of(instruction[i]->byte) != NULL && !random_chance(random, 24)) {
            operands[i].x_size = (unsigned)(3 + random_below(random, 2));
        }
        if (has_offset(instruction[i])) {
            operands[i].y_size = offset_size(random, draft->forward);
        }
        position[i] = (uint32_t)draft->code_size;
        bool begins = i == 0 || instruction[i - 1]->ends;
        if (begins && draft->block_count < RANDOM_BLOCK_MAX) {
            draft->block[draft->block_count++] = position[i];
        }
        draft->start[draft->code_size] = 1;
        draft->code_size += encode(instruction[i], &operands[i], bytes);
    }
    for (size_t i = 0; i < count; i++) {
        fill(random, draft, instruction[i], position[i], &operands[i]);
        size_t size = encode(instruction[i], &operands[i], bytes);
        memcpy(draft->code + position[i], bytes, size);
    }
}

static void change_some(struct random *random, struct draft *draft)
{
    draft->forward = false;
    for (uint64_t changes = 1 + random_below(random, 6); changes > 0 && draft->code_size > 0; changes--) {
        size_t at = random_below(random, draft->code_size);
        switch (random_below(random, 4)) {
        case 0:
            draft->start[at] ^= 1;
            break;
        case 1:
            draft->code[at] = (uint8_t)random_next(random);
            break;
        case 2:
            draft->code[at] = instruction_table[random_below(random, INSTRUCTION_COUNT)].byte;
            break;
        default:
            draft->code_size = at;
            break;
        }
    }
}

static void random_bytes(struct random *random, struct draft *draft)
{
    static const unsigned one_in[] = {1, 1, 2, 2, 3, 4, 6, 12, 40, 0};
    unsigned density = one_in[random_below(random, sizeof one_in / sizeof *one_in)];
    bool knows_opcodes = !random_chance(random, 4);
    choose_favourites(random, draft);
    draft->code_size = random_below(random, random_chance(random, 6) ? 600 : 80);
    for (size_t i = 0; i < draft->code_size; i++) {
        draft->start[i] = density != 0 && random_chance(random, density);
        draft->code[i] = (uint8_t)random_next(random);
        if (draft->start[i] == 1 && knows_opcodes && !random_chance(random, 6)) {
            draft->code[i] = pick(random, draft)->byte;
        } else if (random_chance(random, 3)) {
            draft->code[i] = (uint8_t)random_below(random, 8);
        }
        if (draft->start[i] == 1 && draft->block_count < RANDOM_BLOCK_MAX) {
            draft->block[draft->block_count++] = (uint32_t)i;
        }
    }
    if (draft->code_size > 0 && !random_chance(random, 8)) {
        draft->start[0] = 1;
        draft->code[0] = pick(random, draft)->byte;
    }
}

void random_irregular_code(struct random *random, struct draft *draft)
{
    if (random_chance(random, 2)) {
        random_regular_code(random, draft);
        change_some(random, draft);
    } else {
        random_bytes(random, draft);
    }
}

/* `blob` has room for one byte more. */
void random_damage_blob(struct random *random, struct bytes *blob)
{
    static const uint8_t entry_size[] = {0, 5, 8, 255};
    switch (random_below(random, 6)) {
    case 0:
        blob->size = random_below(random, blob->size + 1);
        break;
    case 1:
        blob->data[blob->size++] = (uint8_t)random_next(random);
        break;
    case 2:
        blob->data[4] = entry_size[random_below(random, sizeof entry_size)];
        break;
    case 3:
        blob->data[blob->size - 1] |= 0x80;
        break;
    case 4:
        blob->data[random_below(random, 9)] = (uint8_t)random_next(random);
        break;
    default:
        memset(blob->data, 0xff, random_below(random, 10));
        break;
    }
}
