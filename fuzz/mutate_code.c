/* Changes of code: instructions, operands, start bits, jump tables, and operations of the kernel; see mutate.h. */
#include "code.h"
#include "encode.h"
#include "mutate.h"

#include <string.h>

enum { BLOCK_MAX = 24 };

struct editor {
    struct random *random;
    struct code *code, *other; /* other: NULL, or code of another input */
};

/* ---- making instructions --------------------------------------------------------------------- */

static const uint8_t kernel_ops[] = {
#define OP(name, number) number,
#include "kernel/kernel.def"
};

static uint64_t small_or_edge(struct random *random)
{
    return random_chance(random, 3) ? random_edge(random) : random_below(random, 40);
}

static unsigned bytes_for(uint64_t value)
{
    unsigned size = 0;
    while (size < 4 &&
           (size == 0 ? value != 0 : (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size)) != value)) {
        size++;
    }
    return size;
}

/* An instruction with operands that mean something; returns its size. */
static size_t make(struct editor *editor, size_t at, uint8_t byte[ENCODED_MAX])
{
    struct random *random = editor->random;
    const struct instruction *instruction = &instruction_table[random_below(random, INSTRUCTION_COUNT)];
    struct operands operands = {
        .lo = (uint8_t)random_below(random, random_chance(random, 32) ? 16 : ASSAY_REGISTER_COUNT),
        .hi = (uint8_t)random_below(random, random_chance(random, 32) ? 16 : ASSAY_REGISTER_COUNT),
        .third = (uint8_t)random_below(random, random_chance(random, 32) ? 256 : ASSAY_REGISTER_COUNT),
    };
    operands.x = small_or_edge(random);
    operands.x_size = random_chance(random, 4) ? (unsigned)random_below(random, 5) : bytes_for(operands.x);
    bool jumps = instruction->form == FORM_one_offset || instruction->form == FORM_two_reg_one_offset ||
                 instruction->form == FORM_one_reg_imm_offset;
    operands.y = small_or_edge(random);
    if (jumps && !random_chance(random, 8)) {
        operands.y = code_nth(editor->code, random_below(random, code_count(editor->code) + 1)) - at;
    }
    operands.y_size = jumps ? 2 + (unsigned)random_below(random, 2) : bytes_for(operands.y);
    return encode(instruction, &operands, byte);
}

static void put(struct editor *editor, size_t at, size_t removed, const uint8_t *byte, size_t size)
{
    uint8_t start[BLOCK_MAX * ENCODED_MAX] = {1};
    code_replace(editor->code, at, removed, byte, start, size);
}

static size_t any_instruction(struct editor *editor)
{
    size_t count = code_count(editor->code);
    return count == 0 ? editor->code->size : code_nth(editor->code, random_below(editor->random, count));
}

/* ---- edits ----------------------------------------------------------------------------------- */

static void insert(struct editor *editor)
{
    uint8_t byte[ENCODED_MAX];
    size_t at = random_chance(editor->random, 8) ? editor->code->size : any_instruction(editor);
    put(editor, at, 0, byte, make(editor, at, byte));
}

static void replace(struct editor *editor)
{
    uint8_t byte[ENCODED_MAX];
    size_t at = any_instruction(editor);
    if (at < editor->code->size) {
        put(editor, at, code_next(editor->code, at) - at, byte, make(editor, at, byte));
    }
}

static void delete_some(struct editor *editor)
{
    size_t at = any_instruction(editor), end = at;
    for (uint64_t i = random_below(editor->random, 3) + 1; i > 0 && end < editor->code->size; i--) {
        end = code_next(editor->code, end);
    }
    if (end > at) {
        code_replace(editor->code, at, end - at, NULL, NULL, 0);
    }
}

/* Instructions of some code, from `at` on; they are put in elsewhere. */
static void copy(struct editor *editor, const struct code *from)
{
    uint8_t byte[BLOCK_MAX * ENCODED_MAX], start[BLOCK_MAX * ENCODED_MAX];
    size_t count = code_count(from);
    if (count == 0) {
        return;
    }
    size_t at = code_nth(from, random_below(editor->random, count)), end = at;
    for (uint64_t i = random_below(editor->random, BLOCK_MAX) + 1; i > 0 && end < from->size; i--) {
        size_t next = code_next(from, end);
        end = next - at > sizeof byte ? end : next;
    }
    memcpy(byte, from->byte + at, end - at);
    memcpy(start, from->start + at, end - at);
    code_replace(editor->code, any_instruction(editor), 0, byte, start, end - at);
}

static void copy_own(struct editor *editor)
{
    copy(editor, editor->code);
}

static void copy_other(struct editor *editor)
{
    copy(editor, editor->other != NULL ? editor->other : editor->code);
}

static void move(struct editor *editor)
{
    uint8_t byte[64], start[64];
    size_t at = any_instruction(editor), size = at < editor->code->size ? code_next(editor->code, at) - at : 0;
    if (size == 0 || size > sizeof byte) {
        return;
    }
    memcpy(byte, editor->code->byte + at, size);
    memcpy(start, editor->code->start + at, size);
    code_replace(editor->code, at, size, NULL, NULL, 0);
    code_replace(editor->code, any_instruction(editor), 0, byte, start, size);
}

static void other_opcode(struct editor *editor)
{
    size_t at = any_instruction(editor);
    if (at < editor->code->size) {
        const struct instruction *now = instruction_of(editor->code->byte[at]);
        const struct instruction *next = &instruction_table[random_below(editor->random, INSTRUCTION_COUNT)];
        for (unsigned tries = 0; now != NULL && tries < 20 && next->form != now->form; tries++) {
            next = &instruction_table[random_below(editor->random, INSTRUCTION_COUNT)];
        }
        editor->code->byte[at] = next->byte;
    }
}

/* One byte of the operands: a register, or a part of an immediate at an edge. */
static void operand(struct editor *editor)
{
    static const uint8_t edge[] = {0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 0x7f, 0x80, 0xfe, 0xff};
    struct random *random = editor->random;
    size_t at = any_instruction(editor);
    size_t end = at < editor->code->size ? code_next(editor->code, at) : at;
    if (end - at < 2) {
        return;
    }
    size_t place = at + 1 + random_below(random, end - at - 1);
    uint8_t *byte = &editor->code->byte[place];
    switch (random_below(random, 4)) {
    case 0:
        *byte = (uint8_t)((*byte & 0xf0) | random_below(random, ASSAY_REGISTER_COUNT));
        break;
    case 1:
        *byte = (uint8_t)((*byte & 0x0f) | random_below(random, ASSAY_REGISTER_COUNT) << 4);
        break;
    case 2:
        *byte = edge[random_below(random, sizeof edge)];
        break;
    default:
        *byte = (uint8_t)(*byte + (random_chance(random, 2) ? 1 : 255));
    }
}

/* An immediate gets a byte more or less. */
static void resize(struct editor *editor)
{
    size_t at = any_instruction(editor), end = at < editor->code->size ? code_next(editor->code, at) : at;
    uint8_t byte = random_chance(editor->random, 2) ? 0 : 0xff, start = 0;
    if (end == at) {
        return;
    }
    if (end - at > 1 && random_chance(editor->random, 2)) {
        code_replace(editor->code, end - 1, 1, NULL, NULL, 0);
    } else {
        code_replace(editor->code, end, 0, &byte, &start, 1);
    }
}

/* Wrong on purpose: a bit set or cleared, and mostly near an instruction's start. */
static void start_bit(struct editor *editor)
{
    if (editor->code->size > 0) {
        size_t near = any_instruction(editor) + random_below(editor->random, 4);
        size_t at = near < editor->code->size ? near : random_below(editor->random, editor->code->size);
        editor->code->start[at] ^= 1;
    }
}

static void jump_table(struct editor *editor)
{
    struct code *code = editor->code;
    struct random *random = editor->random;
    uint32_t target = random_chance(random, 8) ? (uint32_t)random_edge(random)
                                               : (uint32_t)code_nth(code, random_below(random, code_count(code) + 1));
    if (random_chance(random, 8)) {
        code->entry_size = 1 + (unsigned)random_below(random, 4);
    } else if (code->table_size > 0 && random_chance(random, 4)) {
        code->table_size--;
    } else if (code->table_size > 0 && random_chance(random, 2)) {
        code->table[random_below(random, code->table_size)] = target;
    } else if (code->table_size < CODE_TABLE_MAX) {
        code->table[code->table_size++] = target;
    }
}

static size_t load_immediate(uint8_t *byte, unsigned reg, uint64_t value)
{
    struct operands operands = {.lo = (uint8_t)reg, .x = value, .x_size = bytes_for(value)};
    return encode(instruction_of(OP_load_imm), &operands, byte);
}

/* An operation of the kernel: registers r7 to r12 as far as it may look at them, and the call. */
static void kernel_operation(struct editor *editor)
{
    static const uint8_t slots[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 15, 16, 17, 20, 31, 32, 60, 61, 62, 63, 255};
    struct random *random = editor->random;
    size_t size = 0;
    uint8_t byte[BLOCK_MAX * ENCODED_MAX];
    uint8_t start[BLOCK_MAX * ENCODED_MAX] = {0};
    for (unsigned reg = 7; reg < 13; reg++) {
        if (reg > 9 && random_chance(random, 2)) {
            continue;
        }
        uint64_t value = random_chance(random, 3)   ? 0x10000 + 8 * random_below(random, 64)
                         : random_chance(random, 8) ? random_edge(random)
                                                    : slots[random_below(random, sizeof slots)];
        start[size] = 1;
        size += load_immediate(byte + size, reg, value);
    }
    uint64_t op =
        random_chance(random, 32) ? random_below(random, 64) : kernel_ops[random_below(random, sizeof kernel_ops)];
    struct operands operands = {.x = op, .x_size = bytes_for(op)};
    start[size] = 1;
    size += encode(instruction_of(OP_ecalli), &operands, byte + size);
    code_replace(editor->code, any_instruction(editor), 0, byte, start, size);
}

/* ---- choosing -------------------------------------------------------------------------------- */

static void (*const edits[])(struct editor *editor) = {
    insert,  insert,       replace, delete_some, copy_own, copy_other, copy_other, move,
    operand, other_opcode, operand, resize,      operand,  start_bit,  jump_table,
};

bool mutate_code(struct mutation *mutation, const struct blob_parts *other, bool for_kernel, struct blob_parts *parts)
{
    struct code *code = arena_take(&mutation->arena, sizeof *code);
    struct code *second = arena_take(&mutation->arena, sizeof *second);
    if (!code_load(code, parts)) {
        return false;
    }
    bool has_other = other != NULL && code_load(second, other);
    struct editor editor = {&mutation->random, code, has_other ? second : NULL};
    for (uint64_t count = 1 + random_below(&mutation->random, 4); count > 0; count--) {
        if (for_kernel && random_chance(&mutation->random, 3)) {
            kernel_operation(&editor);
        } else {
            edits[random_below(&mutation->random, sizeof edits / sizeof *edits)](&editor);
        }
    }
    code_store(code, &mutation->arena, parts);
    return true;
}
