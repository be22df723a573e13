/*
 * Host code for instructions that compute from a register and an immediate.
 *
 * Immediates of at most four bytes are sign-extended, which is just what the host does with its own.
 */
#include "emit.h"

/* to = from op immediate; what needs a second register goes through the destination itself. */
static void arithmetic(struct fast_emit *e, const struct fast_insn *i, enum x64_alu op)
{
    fast_emit_move(e, fast_emit_reg(i->ra), fast_emit_reg(i->rb));
    x64_alu_imm(&e->at, X64_64, op, fast_emit_reg(i->ra), (int32_t)i->x);
}

static void add(struct fast_emit *e, const struct fast_insn *i, enum x64_width width)
{
    enum x64_reg to = fast_emit_reg(i->ra), from = fast_emit_reg(i->rb);
    if (to == from) {
        x64_alu_imm(&e->at, width, X64_ADD, to, (int32_t)i->x);
    } else {
        x64_lea(&e->at, width, to, from, (int32_t)i->x);
    }
}

/* ra = the condition of comparing rb with the immediate, as 0 or 1. */
static void compare(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_alu_imm(&e->at, X64_64, X64_CMP, fast_emit_reg(i->rb), (int32_t)i->x);
    fast_emit_condition(e, condition, fast_emit_reg(i->ra));
}

static void shift_64(struct fast_emit *e, const struct fast_insn *i, enum x64_shift op)
{
    fast_emit_move(e, fast_emit_reg(i->ra), fast_emit_reg(i->rb));
    x64_shift_imm(&e->at, X64_64, op, fast_emit_reg(i->ra), i->x & 63);
}

/* isa/result_32 */
static void shift_32(struct fast_emit *e, const struct fast_insn *i, enum x64_shift op)
{
    enum x64_reg to = fast_emit_reg(i->ra);
    if (to != fast_emit_reg(i->rb)) {
        x64_mov(&e->at, X64_32, to, fast_emit_reg(i->rb));
    }
    x64_shift_imm(&e->at, X64_32, op, to, i->x & 31);
    x64_movsxd(&e->at, to, to);
}

/* The immediate shifted by a register: the count is saved first, as the destination may be that register. */
static void shift_immediate(struct fast_emit *e, const struct fast_insn *i, enum x64_width width, enum x64_shift op)
{
    enum x64_reg to = fast_emit_reg(i->ra);
    x64_mov(&e->at, X64_32, SCRATCH, fast_emit_reg(i->rb));
    x64_mov_imm(&e->at, to, i->x);
    x64_shift_cl(&e->at, width, op, to);
    if (width == X64_32) {
        x64_movsxd(&e->at, to, to);
    }
}

static void conditional_move(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_mov_imm(&e->at, SCRATCH, i->x);
    x64_test(&e->at, X64_64, fast_emit_reg(i->rb), fast_emit_reg(i->rb));
    x64_cmov(&e->at, condition, fast_emit_reg(i->ra), SCRATCH);
}

static void load_immediate(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_constant(e, fast_emit_reg(i->ra), i->x);
}

/* ra = X - rb, computed in the scratch register as ra may be rb. */
static void subtract_from(struct fast_emit *e, const struct fast_insn *i, enum x64_width width)
{
    enum x64_reg to = fast_emit_reg(i->ra), from = fast_emit_reg(i->rb);
    x64_mov_imm(&e->at, SCRATCH, i->x);
    x64_alu(&e->at, width, X64_SUB, SCRATCH, from);
    if (width == X64_64) {
        x64_mov(&e->at, X64_64, to, SCRATCH);
    } else {
        x64_movsxd(&e->at, to, SCRATCH);
    }
}

void fast_emit_load_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    load_immediate(e, i);
}

void fast_emit_load_imm(struct fast_emit *e, const struct fast_insn *i)
{
    load_immediate(e, i);
}

void fast_emit_add_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    add(e, i, X64_32);
    x64_movsxd(&e->at, fast_emit_reg(i->ra), fast_emit_reg(i->ra));
}

void fast_emit_and_imm(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_AND);
}

void fast_emit_xor_imm(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_XOR);
}

void fast_emit_or_imm(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_OR);
}

void fast_emit_mul_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    x64_imul_imm(&e->at, X64_32, fast_emit_reg(i->ra), fast_emit_reg(i->rb), (int32_t)i->x);
    x64_movsxd(&e->at, fast_emit_reg(i->ra), fast_emit_reg(i->ra));
}

void fast_emit_set_lt_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_BELOW);
}

void fast_emit_set_lt_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_LESS);
}

void fast_emit_shlo_l_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_32(e, i, X64_SHL);
}

void fast_emit_shlo_r_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_32(e, i, X64_SHR);
}

void fast_emit_shar_r_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_32(e, i, X64_SAR);
}

void fast_emit_rot_r_32_imm(struct fast_emit *e, const struct fast_insn *i)
{
    shift_32(e, i, X64_ROR);
}

void fast_emit_neg_add_imm_32(struct fast_emit *e, const struct fast_insn *i)
{
    subtract_from(e, i, X64_32);
}

void fast_emit_set_gt_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_ABOVE);
}

void fast_emit_set_gt_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_GREATER);
}

void fast_emit_shlo_l_imm_alt_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_32, X64_SHL);
}

void fast_emit_shlo_r_imm_alt_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_32, X64_SHR);
}

void fast_emit_shar_r_imm_alt_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_32, X64_SAR);
}

void fast_emit_rot_r_32_imm_alt(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_32, X64_ROR);
}

void fast_emit_shlo_l_imm_alt_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_64, X64_SHL);
}

void fast_emit_shlo_r_imm_alt_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_64, X64_SHR);
}

void fast_emit_shar_r_imm_alt_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_64, X64_SAR);
}

void fast_emit_rot_r_64_imm_alt(struct fast_emit *e, const struct fast_insn *i)
{
    shift_immediate(e, i, X64_64, X64_ROR);
}

void fast_emit_cmov_iz_imm(struct fast_emit *e, const struct fast_insn *i)
{
    conditional_move(e, i, X64_EQUAL);
}

void fast_emit_cmov_nz_imm(struct fast_emit *e, const struct fast_insn *i)
{
    conditional_move(e, i, X64_NOT_EQUAL);
}

void fast_emit_add_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    add(e, i, X64_64);
}

void fast_emit_mul_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    x64_imul_imm(&e->at, X64_64, fast_emit_reg(i->ra), fast_emit_reg(i->rb), (int32_t)i->x);
}

void fast_emit_shlo_l_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_64(e, i, X64_SHL);
}

void fast_emit_shlo_r_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_64(e, i, X64_SHR);
}

void fast_emit_shar_r_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_64(e, i, X64_SAR);
}

void fast_emit_neg_add_imm_64(struct fast_emit *e, const struct fast_insn *i)
{
    subtract_from(e, i, X64_64);
}

void fast_emit_rot_r_64_imm(struct fast_emit *e, const struct fast_insn *i)
{
    if (e->cpu->bmi2) {
        x64_rorx(&e->at, X64_64, fast_emit_reg(i->ra), fast_emit_reg(i->rb), i->x & 63);
    } else {
        shift_64(e, i, X64_ROR);
    }
}
