/*
 * Host code for instructions that compute from two registers: sums, products, logic, shifts, comparisons.
 *
 * Any of the three registers may be the same one. The scratch register takes whatever would be overwritten too early.
 */
#include "emit.h"

enum order { IN_ORDER, COMMUTES };

/* rd = ra op rb */
static void arithmetic(struct fast_emit *e, const struct fast_insn *i, enum x64_width width, enum x64_alu op,
                       enum order order)
{
    enum x64_reg d = fast_emit_reg(i->rd), a = fast_emit_reg(i->ra), b = fast_emit_reg(i->rb);
    if (d == b && d != a && order == COMMUTES) {
        x64_alu(&e->at, width, op, d, a);
    } else if (d == b && d != a) {
        x64_mov(&e->at, X64_64, SCRATCH, b);
        x64_mov(&e->at, X64_64, d, a);
        x64_alu(&e->at, width, op, d, SCRATCH);
    } else {
        fast_emit_move(e, d, a);
        x64_alu(&e->at, width, op, d, b);
    }
}

static void add(struct fast_emit *e, const struct fast_insn *i, enum x64_width width)
{
    enum x64_reg d = fast_emit_reg(i->rd), a = fast_emit_reg(i->ra), b = fast_emit_reg(i->rb);
    if (d == a || d == b) {
        arithmetic(e, i, width, X64_ADD, COMMUTES);
    } else {
        x64_lea_sum(&e->at, width, d, a, b);
    }
}

static void multiply(struct fast_emit *e, const struct fast_insn *i, enum x64_width width)
{
    enum x64_reg d = fast_emit_reg(i->rd), a = fast_emit_reg(i->ra), b = fast_emit_reg(i->rb);
    if (d == b) {
        x64_imul(&e->at, width, d, a);
    } else {
        fast_emit_move(e, d, a);
        x64_imul(&e->at, width, d, b);
    }
}

static void extend(struct fast_emit *e, const struct fast_insn *i)
{
    x64_movsxd(&e->at, fast_emit_reg(i->rd), fast_emit_reg(i->rd));
}

/* Through cl, which is the scratch register (isa/count_mask is the host's own rule). */
static void shift_by_cl(struct fast_emit *e, const struct fast_insn *i, enum x64_width width, enum x64_shift op)
{
    enum x64_reg d = fast_emit_reg(i->rd);
    x64_mov(&e->at, X64_32, SCRATCH, fast_emit_reg(i->rb));
    fast_emit_move(e, d, fast_emit_reg(i->ra));
    x64_shift_cl(&e->at, width, op, d);
}

static void shift(struct fast_emit *e, const struct fast_insn *i, enum x64_width width, enum x64_shift op,
                  enum x64_shiftx opx)
{
    if (e->cpu->bmi2) {
        x64_shiftx(&e->at, width, opx, fast_emit_reg(i->rd), fast_emit_reg(i->ra), fast_emit_reg(i->rb));
    } else {
        shift_by_cl(e, i, width, op);
    }
    if (width == X64_32) {
        extend(e, i);
    }
}

static void compare(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_alu(&e->at, X64_64, X64_CMP, fast_emit_reg(i->ra), fast_emit_reg(i->rb));
    fast_emit_condition(e, condition, fast_emit_reg(i->rd));
}

static void conditional_move(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_test(&e->at, X64_64, fast_emit_reg(i->rb), fast_emit_reg(i->rb));
    x64_cmov(&e->at, condition, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
}

/* rd = rb if it compares so with ra, else ra. */
static void choose(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    enum x64_reg a = fast_emit_reg(i->ra), b = fast_emit_reg(i->rb);
    x64_mov(&e->at, X64_64, SCRATCH, a);
    x64_alu(&e->at, X64_64, X64_CMP, b, a);
    x64_cmov(&e->at, condition, SCRATCH, b);
    x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), SCRATCH);
}

/* rd = ra op ~rb */
static void with_inverse(struct fast_emit *e, const struct fast_insn *i, enum x64_alu op)
{
    x64_mov(&e->at, X64_64, SCRATCH, fast_emit_reg(i->rb));
    x64_unary(&e->at, X64_64, X64_NOT, SCRATCH);
    x64_alu(&e->at, X64_64, op, SCRATCH, fast_emit_reg(i->ra));
    x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), SCRATCH);
}

/* rdx:rax = ra * rb with rax and rdx saved; the upper half ends in the scratch register. */
static void multiply_upper(struct fast_emit *e, const struct fast_insn *i, enum x64_unary op, bool corrects)
{
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_1, X64_RAX);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_2, X64_RDX);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_3, fast_emit_reg(i->ra));
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_4, fast_emit_reg(i->rb));
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, FRAME_SAVE_3);
    x64_unary_mem(&e->at, X64_64, op, X64_RSP, FRAME_SAVE_4);
    if (corrects) { /* a negative ra stands for ra - 2^64 */
        x64_load(&e->at, X64_64, SCRATCH, X64_RSP, FRAME_SAVE_3);
        x64_shift_imm(&e->at, X64_64, X64_SAR, SCRATCH, 63);
        x64_alu_mem(&e->at, X64_64, X64_AND, SCRATCH, X64_RSP, FRAME_SAVE_4);
        x64_alu(&e->at, X64_64, X64_SUB, X64_RDX, SCRATCH);
    }
    x64_mov(&e->at, X64_64, SCRATCH, X64_RDX);
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, FRAME_SAVE_1);
    x64_load(&e->at, X64_64, X64_RDX, X64_RSP, FRAME_SAVE_2);
    x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), SCRATCH);
}

/* mulx multiplies by rdx, which is a guest register of its own and has to be lent. */
static void multiply_upper_bmi2(struct fast_emit *e, const struct fast_insn *i)
{
    enum x64_reg a = fast_emit_reg(i->ra), b = fast_emit_reg(i->rb);
    if (a == X64_RDX || b == X64_RDX) {
        x64_mulx(&e->at, SCRATCH, SCRATCH, a == X64_RDX ? b : a);
    } else {
        x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_2, X64_RDX);
        x64_mov(&e->at, X64_64, X64_RDX, a);
        x64_mulx(&e->at, SCRATCH, SCRATCH, b);
        x64_load(&e->at, X64_64, X64_RDX, X64_RSP, FRAME_SAVE_2);
    }
    x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), SCRATCH);
}

void fast_emit_add_32(struct fast_emit *e, const struct fast_insn *i)
{
    add(e, i, X64_32);
    extend(e, i);
}

void fast_emit_sub_32(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_32, X64_SUB, IN_ORDER);
    extend(e, i);
}

void fast_emit_mul_32(struct fast_emit *e, const struct fast_insn *i)
{
    multiply(e, i, X64_32);
    extend(e, i);
}

void fast_emit_shlo_l_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_32, X64_SHL, X64_SHLX);
}

void fast_emit_shlo_r_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_32, X64_SHR, X64_SHRX);
}

void fast_emit_shar_r_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_32, X64_SAR, X64_SARX);
}

void fast_emit_shlo_l_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_64, X64_SHL, X64_SHLX);
}

void fast_emit_shlo_r_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_64, X64_SHR, X64_SHRX);
}

void fast_emit_shar_r_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift(e, i, X64_64, X64_SAR, X64_SARX);
}

void fast_emit_add_64(struct fast_emit *e, const struct fast_insn *i)
{
    add(e, i, X64_64);
}

void fast_emit_sub_64(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_64, X64_SUB, IN_ORDER);
}

void fast_emit_mul_64(struct fast_emit *e, const struct fast_insn *i)
{
    multiply(e, i, X64_64);
}

void fast_emit_and(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_64, X64_AND, COMMUTES);
}

void fast_emit_xor(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_64, X64_XOR, COMMUTES);
}

void fast_emit_or(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_64, X64_OR, COMMUTES);
}

void fast_emit_mul_upper_s_s(struct fast_emit *e, const struct fast_insn *i)
{
    multiply_upper(e, i, X64_IMUL, false);
}

void fast_emit_mul_upper_u_u(struct fast_emit *e, const struct fast_insn *i)
{
    if (e->cpu->bmi2) {
        multiply_upper_bmi2(e, i);
    } else {
        multiply_upper(e, i, X64_MUL, false);
    }
}

void fast_emit_mul_upper_s_u(struct fast_emit *e, const struct fast_insn *i)
{
    multiply_upper(e, i, X64_MUL, true);
}

void fast_emit_set_lt_u(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_BELOW);
}

void fast_emit_set_lt_s(struct fast_emit *e, const struct fast_insn *i)
{
    compare(e, i, X64_LESS);
}

void fast_emit_cmov_iz(struct fast_emit *e, const struct fast_insn *i)
{
    conditional_move(e, i, X64_EQUAL);
}

void fast_emit_cmov_nz(struct fast_emit *e, const struct fast_insn *i)
{
    conditional_move(e, i, X64_NOT_EQUAL);
}

void fast_emit_rot_l_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_by_cl(e, i, X64_64, X64_ROL);
}

void fast_emit_rot_l_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_by_cl(e, i, X64_32, X64_ROL);
    extend(e, i);
}

void fast_emit_rot_r_64(struct fast_emit *e, const struct fast_insn *i)
{
    shift_by_cl(e, i, X64_64, X64_ROR);
}

void fast_emit_rot_r_32(struct fast_emit *e, const struct fast_insn *i)
{
    shift_by_cl(e, i, X64_32, X64_ROR);
    extend(e, i);
}

void fast_emit_and_inv(struct fast_emit *e, const struct fast_insn *i)
{
    if (e->cpu->bmi1) {
        x64_andn(&e->at, fast_emit_reg(i->rd), fast_emit_reg(i->rb), fast_emit_reg(i->ra));
    } else {
        with_inverse(e, i, X64_AND);
    }
}

void fast_emit_or_inv(struct fast_emit *e, const struct fast_insn *i)
{
    with_inverse(e, i, X64_OR);
}

void fast_emit_xnor(struct fast_emit *e, const struct fast_insn *i)
{
    arithmetic(e, i, X64_64, X64_XOR, COMMUTES);
    x64_unary(&e->at, X64_64, X64_NOT, fast_emit_reg(i->rd));
}

void fast_emit_max(struct fast_emit *e, const struct fast_insn *i)
{
    choose(e, i, X64_GREATER);
}

void fast_emit_max_u(struct fast_emit *e, const struct fast_insn *i)
{
    choose(e, i, X64_ABOVE);
}

void fast_emit_min(struct fast_emit *e, const struct fast_insn *i)
{
    choose(e, i, X64_LESS);
}

void fast_emit_min_u(struct fast_emit *e, const struct fast_insn *i)
{
    choose(e, i, X64_BELOW);
}
