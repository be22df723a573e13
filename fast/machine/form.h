/*
 * Operands: a template a format says where each field lies, and one function fills an instruction from it.
 *
 * With a template that the compiler knows, little of that function is left: so compile.c has a copy for each opcode.
 */
#ifndef FAST_FORM_H
#define FAST_FORM_H

#include "machine.h"

/* Where a register's number lies in the first four bytes, and the length of imm_x if it is a field. */
struct fast_form_field {
    uint8_t shift, mask;
};

#define FAST_FIELD_NONE {0, 0}
#define FAST_FIELD_LOW {8, 15}
#define FAST_FIELD_HIGH {12, 15}
#define FAST_FIELD_B2 {16, 255}
#define FAST_LENGTH_B1_LOW {8, 7}
#define FAST_LENGTH_B1_HIGH {12, 7}
#define FAST_LENGTH_B2_LOW {16, 7}

enum {
    FAST_FORM_X_NONE,
    FAST_FORM_X_FIELD,
    FAST_FORM_X_REST,
    FAST_FORM_X_EIGHT
}; /* where the length of imm_x comes from */
enum { FAST_FORM_NOTHING, FAST_FORM_IMMEDIATE, FAST_FORM_OFFSET }; /* what follows imm_x */

struct fast_form {
    struct fast_form_field a, b, d, x_length;
    uint8_t x, second;
    uint8_t operands; /* bytes between the opcode and the first immediate */
};

#define FAST_FORM_no_args                                                                                              \
    {FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_NONE, FAST_FORM_NOTHING, 0}
#define FAST_FORM_one_imm                                                                                              \
    {FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_REST, FAST_FORM_NOTHING, 0}
#define FAST_FORM_one_reg_ext_imm                                                                                      \
    {FAST_FIELD_LOW, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_EIGHT, FAST_FORM_NOTHING, 1}
#define FAST_FORM_two_imm                                                                                              \
    {FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_LENGTH_B1_LOW, FAST_FORM_X_FIELD, FAST_FORM_IMMEDIATE, 1}
#define FAST_FORM_one_offset                                                                                           \
    {FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_NONE, FAST_FORM_OFFSET, 0}
#define FAST_FORM_one_reg_one_imm                                                                                      \
    {FAST_FIELD_LOW, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_REST, FAST_FORM_NOTHING, 1}
#define FAST_FORM_one_reg_two_imm                                                                                      \
    {FAST_FIELD_LOW, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_LENGTH_B1_HIGH, FAST_FORM_X_FIELD, FAST_FORM_IMMEDIATE, 1}
#define FAST_FORM_one_reg_imm_offset                                                                                   \
    {FAST_FIELD_LOW, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_LENGTH_B1_HIGH, FAST_FORM_X_FIELD, FAST_FORM_OFFSET, 1}
#define FAST_FORM_two_reg                                                                                              \
    {FAST_FIELD_HIGH, FAST_FIELD_NONE, FAST_FIELD_LOW, FAST_FIELD_NONE, FAST_FORM_X_NONE, FAST_FORM_NOTHING, 1}
#define FAST_FORM_two_reg_one_imm                                                                                      \
    {FAST_FIELD_LOW, FAST_FIELD_HIGH, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_REST, FAST_FORM_NOTHING, 1}
#define FAST_FORM_two_reg_one_offset                                                                                   \
    {FAST_FIELD_LOW, FAST_FIELD_HIGH, FAST_FIELD_NONE, FAST_FIELD_NONE, FAST_FORM_X_NONE, FAST_FORM_OFFSET, 1}
#define FAST_FORM_two_reg_two_imm                                                                                      \
    {FAST_FIELD_LOW, FAST_FIELD_HIGH, FAST_FIELD_NONE, FAST_LENGTH_B2_LOW, FAST_FORM_X_FIELD, FAST_FORM_IMMEDIATE, 2}
#define FAST_FORM_three_reg                                                                                            \
    {FAST_FIELD_LOW, FAST_FIELD_HIGH, FAST_FIELD_B2, FAST_FIELD_NONE, FAST_FORM_X_NONE, FAST_FORM_NOTHING, 2}

static inline unsigned fast_form_bits(struct fast_form_field field, uint32_t head)
{
    return head >> field.shift & field.mask;
}

static inline uint8_t fast_form_register(struct fast_form_field field, uint32_t head)
{
    unsigned value = fast_form_bits(field, head);
    return (uint8_t)(value < FAST_register_last ? value : FAST_register_last);
}

/* isa/sign_extension, for 0 to 4 bytes: shifted to the top of 64 bits in two steps, as 0 bytes are a shift by 64. */
static inline uint64_t fast_form_immediate(const uint8_t *bytes, unsigned length)
{
    uint32_t raw;
    memcpy(&raw, bytes, 4);
    unsigned half = 32 - 4 * length;
    return (uint64_t)((int64_t)((uint64_t)raw << half << half) >> half >> half);
}

static inline unsigned fast_form_length(unsigned value)
{
    return value < FAST_immediate_max ? value : FAST_immediate_max;
}

/* Nothing here checks bounds: the code is padded with zeros (blob.c). */
static inline void fast_form_decode(struct fast_form form, const struct fast_program *program, uint32_t pc,
                                    struct fast_insn *insn)
{
    const uint8_t *code = program->code + pc;
    uint32_t head;
    memcpy(&head, code, 4);
    uint32_t npc = fast_isa_next(program, pc);
    unsigned l = npc - pc - 1;
    unsigned rest = l > form.operands ? l - form.operands : 0;
    unsigned x_length = fast_form_length(form.x == FAST_FORM_X_REST ? rest : fast_form_bits(form.x_length, head));
    unsigned second_length = fast_form_length(rest > x_length ? rest - x_length : 0);
    const uint8_t *x = code + 1 + form.operands;
    insn->pc = pc;
    insn->npc = npc;
    insn->opcode = code[0];
    insn->ra = fast_form_register(form.a, head);
    insn->rb = fast_form_register(form.b, head);
    insn->rd = fast_form_register(form.d, head);
    insn->x = fast_form_immediate(x, x_length);
    insn->y = 0;
    insn->target = 0;
    if (form.second != FAST_FORM_NOTHING) {
        uint64_t second = fast_form_immediate(x + x_length, second_length);
        insn->y = form.second == FAST_FORM_IMMEDIATE ? second : 0;
        insn->target = form.second == FAST_FORM_OFFSET ? pc + second : 0;
    } else if (form.x == FAST_FORM_X_EIGHT) {
        memcpy(&insn->x, x, 8);
    }
}

#endif
