/*
 * Operands: a template a format says where each field lies, and one function fills an instruction from it.
 *
 * With a template that the compiler knows, little of that function is left: so compile.c has a copy for each opcode.
 */
#ifndef FAST_FORM_H
#define FAST_FORM_H

#include "machine.h"

/* Where a register's number lies in the first four bytes, and the length of imm_x if it is a field. */
struct field {
    uint8_t shift, mask;
};

#define FIELD_NONE {0, 0}
#define FIELD_LOW {8, 15}
#define FIELD_HIGH {12, 15}
#define FIELD_B2 {16, 255}
#define LENGTH_B1_LOW {8, 7}
#define LENGTH_B1_HIGH {12, 7}
#define LENGTH_B2_LOW {16, 7}

enum { X_NONE, X_FIELD, X_REST, X_EIGHT }; /* where the length of imm_x comes from */
enum { NOTHING, IMMEDIATE, OFFSET };       /* what follows imm_x */

struct form {
    struct field a, b, d, x_length;
    uint8_t x, second;
    uint8_t operands; /* bytes between the opcode and the first immediate */
};

#define FORM_no_args {FIELD_NONE, FIELD_NONE, FIELD_NONE, FIELD_NONE, X_NONE, NOTHING, 0}
#define FORM_one_imm {FIELD_NONE, FIELD_NONE, FIELD_NONE, FIELD_NONE, X_REST, NOTHING, 0}
#define FORM_one_reg_ext_imm {FIELD_LOW, FIELD_NONE, FIELD_NONE, FIELD_NONE, X_EIGHT, NOTHING, 1}
#define FORM_two_imm {FIELD_NONE, FIELD_NONE, FIELD_NONE, LENGTH_B1_LOW, X_FIELD, IMMEDIATE, 1}
#define FORM_one_offset {FIELD_NONE, FIELD_NONE, FIELD_NONE, FIELD_NONE, X_NONE, OFFSET, 0}
#define FORM_one_reg_one_imm {FIELD_LOW, FIELD_NONE, FIELD_NONE, FIELD_NONE, X_REST, NOTHING, 1}
#define FORM_one_reg_two_imm {FIELD_LOW, FIELD_NONE, FIELD_NONE, LENGTH_B1_HIGH, X_FIELD, IMMEDIATE, 1}
#define FORM_one_reg_imm_offset {FIELD_LOW, FIELD_NONE, FIELD_NONE, LENGTH_B1_HIGH, X_FIELD, OFFSET, 1}
#define FORM_two_reg {FIELD_HIGH, FIELD_NONE, FIELD_LOW, FIELD_NONE, X_NONE, NOTHING, 1}
#define FORM_two_reg_one_imm {FIELD_LOW, FIELD_HIGH, FIELD_NONE, FIELD_NONE, X_REST, NOTHING, 1}
#define FORM_two_reg_one_offset {FIELD_LOW, FIELD_HIGH, FIELD_NONE, FIELD_NONE, X_NONE, OFFSET, 1}
#define FORM_two_reg_two_imm {FIELD_LOW, FIELD_HIGH, FIELD_NONE, LENGTH_B2_LOW, X_FIELD, IMMEDIATE, 2}
#define FORM_three_reg {FIELD_LOW, FIELD_HIGH, FIELD_B2, FIELD_NONE, X_NONE, NOTHING, 2}

static inline unsigned field_of(struct field field, uint32_t head)
{
    return head >> field.shift & field.mask;
}

static inline uint8_t register_of(struct field field, uint32_t head)
{
    unsigned value = field_of(field, head);
    return (uint8_t)(value < FAST_register_last ? value : FAST_register_last);
}

/* isa/sign_extension, for 0 to 4 bytes: shifted to the top of 64 bits in two steps, as 0 bytes are a shift by 64. */
static inline uint64_t immediate(const uint8_t *bytes, unsigned length)
{
    uint32_t raw;
    memcpy(&raw, bytes, 4);
    unsigned half = 32 - 4 * length;
    return (uint64_t)((int64_t)((uint64_t)raw << half << half) >> half >> half);
}

static inline unsigned min4(unsigned value)
{
    return value < FAST_immediate_max ? value : FAST_immediate_max;
}

/* Nothing here checks bounds: the code is padded with zeros (blob.c). */
static inline void decode_as(struct form form, const struct fast_program *program, uint32_t pc, struct fast_insn *insn)
{
    const uint8_t *code = program->code + pc;
    uint32_t head;
    memcpy(&head, code, 4);
    uint32_t npc = fast_isa_next(program, pc);
    unsigned l = npc - pc - 1;
    unsigned rest = l > form.operands ? l - form.operands : 0;
    unsigned x_length = min4(form.x == X_REST ? rest : field_of(form.x_length, head));
    unsigned second_length = min4(rest > x_length ? rest - x_length : 0);
    const uint8_t *x = code + 1 + form.operands;
    insn->pc = pc;
    insn->npc = npc;
    insn->opcode = code[0];
    insn->ra = register_of(form.a, head);
    insn->rb = register_of(form.b, head);
    insn->rd = register_of(form.d, head);
    insn->x = immediate(x, x_length);
    insn->y = 0;
    insn->target = 0;
    if (form.second != NOTHING) {
        uint64_t second = immediate(x + x_length, second_length);
        insn->y = form.second == IMMEDIATE ? second : 0;
        insn->target = form.second == OFFSET ? pc + second : 0;
    } else if (form.x == X_EIGHT) {
        memcpy(&insn->x, x, 8);
    }
}

#endif
