/* The instruction stream: where instructions start, where blocks start, what the operands are (isa.md). */
#include "machine.h"

enum flow { FLOW_NEXT, FLOW_ENDS };

bool ref_isa_is_opcode(uint8_t byte)
{
    switch (byte) {
#define INSN(name, number, form, flow) case number:
#include "machine/isa.def"
#undef INSN
        return true;
    default:
        return false;
    }
}

/* isa/terminators */
bool ref_isa_is_terminator(uint8_t byte)
{
    switch (byte) {
#define INSN(name, number, form, flow)                                                                                 \
    case number:                                                                                                       \
        return FLOW_##flow == FLOW_ENDS;
#include "machine/isa.def"
#undef INSN
    default:
        return false;
    }
}

/* isa/skip */
uint64_t ref_isa_next(const struct ref_blob *blob, uint64_t pc)
{
    for (uint64_t skip = 0; skip < REF_skip_max; skip++) {
        uint64_t i = pc + 1 + skip;
        if (i >= blob->code_len || ref_blob_start(blob, i)) {
            return i;
        }
    }
    return pc + 1 + REF_skip_max;
}

/* isa/executable */
bool ref_isa_is_executable(const struct ref_blob *blob, uint64_t pc)
{
    return ref_blob_start(blob, pc) && ref_isa_is_opcode(blob->code[pc]);
}

/* isa/block_starts */
void ref_isa_mark_block_starts(const struct ref_blob *blob, uint8_t *in_p)
{
    if (ref_isa_is_executable(blob, 0)) {
        in_p[0] = 1;
    }
    for (uint64_t i = 0; i < blob->code_len; i++) {
        if (!ref_isa_is_executable(blob, i) || !ref_isa_is_terminator(blob->code[i])) {
            continue;
        }
        uint64_t next = ref_isa_next(blob, i);
        if (ref_blob_start(blob, next)) {
            in_p[next] = 1;
        }
    }
}

bool ref_isa_begins_block(const struct ref_blob *blob, const uint8_t *in_p, uint64_t pc)
{
    return ref_isa_is_executable(blob, pc) && in_p[pc] != 0;
}

/* isa/register_clamp */
static uint8_t clamp(unsigned field)
{
    return (uint8_t)(field > REF_register_last ? REF_register_last : field);
}

static uint64_t at_most_4(uint64_t length)
{
    return length > REF_immediate_max ? REF_immediate_max : length;
}

/* max(0, a - b) */
static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* `length` bytes at `at`, little-endian, 0 beyond the end of code. */
static uint64_t read_code(const struct ref_blob *blob, uint64_t at, uint64_t length)
{
    uint64_t value = 0;
    for (uint64_t i = length; i > 0; i--) {
        value = value << 8 | ref_blob_code(blob, at + i - 1);
    }
    return value;
}

/* isa/sign_extension */
static uint64_t read_immediate(const struct ref_blob *blob, uint64_t at, uint64_t length)
{
    if (length == 0) {
        return 0;
    }
    return ref_number_sign_extend(read_code(blob, at, length), (unsigned)(8 * length));
}

/* What the formats read: the blob, l, b1 and b2, and the instruction being filled in. */
struct source {
    const struct ref_blob *blob;
    uint64_t l;
    uint8_t b1, b2;
    struct ref_insn *insn;
};

static void read_lo_as_ra_hi_as_rb(const struct source *s)
{
    s->insn->ra = clamp(s->b1 % 16);
    s->insn->rb = clamp(s->b1 / 16);
}

/* isa/offset_target: the sum wraps where it is negative, which lands far beyond any code. */
static void read_target(const struct source *s, uint64_t at, uint64_t length)
{
    s->insn->target = s->insn->pc + read_immediate(s->blob, at, length);
}

/* isa/form/no_args */
static void decode_no_args(const struct source *s)
{
    (void)s;
}

/* isa/form/one_imm */
static void decode_one_imm(const struct source *s)
{
    s->insn->x = read_immediate(s->blob, s->insn->pc + 1, at_most_4(s->l));
}

/* isa/form/one_reg_ext_imm */
static void decode_one_reg_ext_imm(const struct source *s)
{
    s->insn->ra = clamp(s->b1 % 16);
    s->insn->x = read_code(s->blob, s->insn->pc + 2, 8);
}

/* isa/form/two_imm */
static void decode_two_imm(const struct source *s)
{
    uint64_t at = s->insn->pc + 2;
    uint64_t x_length = at_most_4(s->b1 % 8);
    s->insn->x = read_immediate(s->blob, at, x_length);
    s->insn->y = read_immediate(s->blob, at + x_length, at_most_4(less(s->l, x_length + 1)));
}

/* isa/form/one_offset */
static void decode_one_offset(const struct source *s)
{
    read_target(s, s->insn->pc + 1, at_most_4(s->l));
}

/* isa/form/one_reg_one_imm */
static void decode_one_reg_one_imm(const struct source *s)
{
    s->insn->ra = clamp(s->b1 % 16);
    s->insn->x = read_immediate(s->blob, s->insn->pc + 2, at_most_4(less(s->l, 1)));
}

/* isa/form/one_reg_two_imm */
static void decode_one_reg_two_imm(const struct source *s)
{
    uint64_t at = s->insn->pc + 2;
    uint64_t x_length = at_most_4(s->b1 / 16 % 8);
    s->insn->ra = clamp(s->b1 % 16);
    s->insn->x = read_immediate(s->blob, at, x_length);
    s->insn->y = read_immediate(s->blob, at + x_length, at_most_4(less(s->l, x_length + 1)));
}

/* isa/form/one_reg_imm_offset */
static void decode_one_reg_imm_offset(const struct source *s)
{
    uint64_t at = s->insn->pc + 2;
    uint64_t x_length = at_most_4(s->b1 / 16 % 8);
    s->insn->ra = clamp(s->b1 % 16);
    s->insn->x = read_immediate(s->blob, at, x_length);
    read_target(s, at + x_length, at_most_4(less(s->l, x_length + 1)));
}

/* isa/form/two_reg */
static void decode_two_reg(const struct source *s)
{
    s->insn->rd = clamp(s->b1 % 16);
    s->insn->ra = clamp(s->b1 / 16);
}

/* isa/form/two_reg_one_imm */
static void decode_two_reg_one_imm(const struct source *s)
{
    read_lo_as_ra_hi_as_rb(s);
    s->insn->x = read_immediate(s->blob, s->insn->pc + 2, at_most_4(less(s->l, 1)));
}

/* isa/form/two_reg_one_offset */
static void decode_two_reg_one_offset(const struct source *s)
{
    read_lo_as_ra_hi_as_rb(s);
    read_target(s, s->insn->pc + 2, at_most_4(less(s->l, 1)));
}

/* isa/form/two_reg_two_imm */
static void decode_two_reg_two_imm(const struct source *s)
{
    uint64_t at = s->insn->pc + 3;
    uint64_t x_length = at_most_4(s->b2 % 8);
    read_lo_as_ra_hi_as_rb(s);
    s->insn->x = read_immediate(s->blob, at, x_length);
    s->insn->y = read_immediate(s->blob, at + x_length, at_most_4(less(s->l, x_length + 2)));
}

/* isa/form/three_reg */
static void decode_three_reg(const struct source *s)
{
    read_lo_as_ra_hi_as_rb(s);
    s->insn->rd = clamp(s->b2);
}

typedef void form_fn(const struct source *source);

#define INSN(name, byte, form, flow) [byte] = decode_##form,
static form_fn *const decode_form[256] = {
#include "machine/isa.def"
};
#undef INSN

struct ref_insn ref_isa_decode(const struct ref_blob *blob, uint64_t pc)
{
    struct ref_insn insn = {.pc = pc, .npc = ref_isa_next(blob, pc), .opcode = ref_blob_code(blob, pc)};
    struct source source = {
        .blob = blob,
        .l = insn.npc - pc - 1,
        .b1 = ref_blob_code(blob, pc + 1),
        .b2 = ref_blob_code(blob, pc + 2),
        .insn = &insn,
    };
    decode_form[insn.opcode](&source);
    return insn;
}
