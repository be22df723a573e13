/*
 * Operands: a template a format says where each field lies, and one function fills an instruction from it.
 *
 * In: a program and a position with a valid opcode. Out: struct fast_insn. Nothing here checks bounds: the code is
 * padded with zeros (blob.c).
 */
#include "fast.h"

#include <string.h>

/* Which nibble or byte names a register. */
enum field { NO, LO, HI, B2 };

/* Where the length of imm_x comes from: what is left of the instruction, eight bytes, or a length field. */
enum length { LEN_NONE, LEN_REST, LEN_EIGHT, LEN_B1_LOW, LEN_B1_HIGH, LEN_B2_LOW };

/* What follows imm_x. */
enum second { NOTHING, IMMEDIATE, OFFSET };

struct form {
    enum field a, b, d;
    enum length x;
    enum second second;
    uint8_t operands; /* bytes between the opcode and the first immediate */
};

static const struct form form_no_args = {NO, NO, NO, LEN_NONE, NOTHING, 0};
static const struct form form_one_imm = {NO, NO, NO, LEN_REST, NOTHING, 0};
static const struct form form_one_reg_ext_imm = {LO, NO, NO, LEN_EIGHT, NOTHING, 1};
static const struct form form_two_imm = {NO, NO, NO, LEN_B1_LOW, IMMEDIATE, 1};
static const struct form form_one_offset = {NO, NO, NO, LEN_NONE, OFFSET, 0};
static const struct form form_one_reg_one_imm = {LO, NO, NO, LEN_REST, NOTHING, 1};
static const struct form form_one_reg_two_imm = {LO, NO, NO, LEN_B1_HIGH, IMMEDIATE, 1};
static const struct form form_one_reg_imm_offset = {LO, NO, NO, LEN_B1_HIGH, OFFSET, 1};
static const struct form form_two_reg = {HI, NO, LO, LEN_NONE, NOTHING, 1};
static const struct form form_two_reg_one_imm = {LO, HI, NO, LEN_REST, NOTHING, 1};
static const struct form form_two_reg_one_offset = {LO, HI, NO, LEN_NONE, OFFSET, 1};
static const struct form form_two_reg_two_imm = {LO, HI, NO, LEN_B2_LOW, IMMEDIATE, 2};
static const struct form form_three_reg = {LO, HI, B2, LEN_NONE, NOTHING, 2};

#define INSN(name, byte, form, flow) [byte] = &form_##form,
static const struct form *const form_of[256] = {
#include "isa.def"
};
#undef INSN

#define INSN(name, byte, form, flow) [byte] = FAST_OPCODE_##flow,
const uint8_t fast_opcode_class[256] = {
#include "isa.def"
};
#undef INSN

static uint8_t register_field(enum field field, unsigned b1, unsigned b2)
{
    unsigned value = field == LO ? b1 & 15u : field == HI ? b1 >> 4 : field == B2 ? b2 : 0;
    return (uint8_t)(value < FAST_register_last ? value : FAST_register_last);
}

/* isa/sign_extension, for 0 to 4 bytes */
static uint64_t immediate(const uint8_t *bytes, unsigned length)
{
    uint32_t raw;
    memcpy(&raw, bytes, 4);
    if (length == 0) {
        return 0;
    }
    unsigned unused = 32 - 8 * length;
    return (uint64_t)(int64_t)((int32_t)(raw << unused) >> unused);
}

static unsigned min4(unsigned value)
{
    return value < FAST_immediate_max ? value : FAST_immediate_max;
}

static unsigned length_of_x(const struct form *form, unsigned b1, unsigned b2, unsigned rest)
{
    switch (form->x) {
    case LEN_REST:
        return min4(rest);
    case LEN_B1_LOW:
        return min4(b1 & 7u);
    case LEN_B1_HIGH:
        return min4(b1 >> 4 & 7u);
    case LEN_B2_LOW:
        return min4(b2 & 7u);
    case LEN_NONE:
    case LEN_EIGHT:
        break;
    }
    return 0;
}

void fast_decode(const struct fast_program *program, uint32_t pc, struct fast_insn *insn)
{
    const uint8_t *code = program->code + pc;
    const struct form *form = form_of[code[0]];
    unsigned b1 = code[1], b2 = code[2];
    uint32_t npc = fast_next(program, pc);
    unsigned l = npc - pc - 1;
    unsigned rest = l > form->operands ? l - form->operands : 0;
    unsigned x_length = length_of_x(form, b1, b2, rest);
    unsigned second_length = min4(rest > x_length ? rest - x_length : 0);
    const uint8_t *x = code + 1 + form->operands;
    insn->pc = pc;
    insn->npc = npc;
    insn->opcode = code[0];
    insn->ra = register_field(form->a, b1, b2);
    insn->rb = register_field(form->b, b1, b2);
    insn->rd = register_field(form->d, b1, b2);
    insn->x = immediate(x, x_length);
    if (form->x == LEN_EIGHT) {
        memcpy(&insn->x, x, 8);
    }
    insn->y = form->second == IMMEDIATE ? immediate(x + x_length, second_length) : 0;
    insn->target = form->second == OFFSET ? pc + immediate(x + x_length, second_length) : 0;
}

/* How the 29 instructions that touch memory name their address and value. */
void fast_decode_access(const struct fast_insn *insn, struct fast_access *access)
{
    static const uint8_t load_width[7] = {1, 1, 2, 2, 4, 4, 8};
    unsigned op = insn->opcode;
    *access = (struct fast_access){.base = -1, .source = -1, .disp = insn->x, .value = insn->y};
    if (op >= 30 && op <= 33) { /* store_imm_* */
        access->width = 1u << (op - 30);
        access->is_store = true;
    } else if (op >= 52 && op <= 58) { /* load_* */
        access->width = load_width[op - 52];
    } else if (op >= 59 && op <= 62) { /* store_* */
        access->width = 1u << (op - 59);
        access->is_store = true;
        access->source = insn->ra;
    } else if (op >= 70 && op <= 73) { /* store_imm_ind_* */
        access->width = 1u << (op - 70);
        access->is_store = true;
        access->base = insn->ra;
    } else if (op >= 120 && op <= 123) { /* store_ind_* */
        access->width = 1u << (op - 120);
        access->is_store = true;
        access->base = insn->rb;
        access->source = insn->ra;
    } else if (op >= 124 && op <= 130) { /* load_ind_* */
        access->width = load_width[op - 124];
        access->base = insn->rb;
    }
}
