/*
 * Host code for division and remainder.
 *
 * The host traps on a divisor of zero and on an overflow; the guest does not. So zero, at the width of the operation,
 * and for signed operations -1, are looked for before the host divides (isa/divide_by_zero, isa/divide_overflow). rax
 * and rdx, which the host divides with, hold guest registers and are put back before the result is written.
 */
#include "emit.h"

enum sign { UNSIGNED, SIGNED };
enum result { QUOTIENT, REMAINDER };

/* scratch = what a division by zero gives */
static void by_zero(struct fast_emit *e, enum x64_reg dividend, enum x64_width width, enum result result)
{
    if (result == QUOTIENT) {
        x64_mov_imm(&e->at, SCRATCH, UINT64_MAX);
    } else if (width == X64_64) {
        x64_mov(&e->at, X64_64, SCRATCH, dividend);
    } else {
        x64_movsxd(&e->at, SCRATCH, dividend);
    }
}

/* scratch = what a division by -1 gives: the negative, which also is right for the most negative dividend. */
static void by_minus_one(struct fast_emit *e, enum x64_reg dividend, enum x64_width width, enum result result)
{
    if (result == REMAINDER) {
        x64_mov_imm(&e->at, SCRATCH, 0);
        return;
    }
    x64_mov(&e->at, width, SCRATCH, dividend);
    x64_unary(&e->at, width, X64_NEG, SCRATCH);
    if (width == X64_32) {
        x64_movsxd(&e->at, SCRATCH, SCRATCH);
    }
}

/* scratch = dividend divided by scratch, both harmless */
static void by_host(struct fast_emit *e, enum x64_reg dividend, enum x64_width width, enum sign sign,
                    enum result result)
{
    enum x64_reg half = result == QUOTIENT ? X64_RAX : X64_RDX;
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_1, X64_RAX);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_2, X64_RDX);
    if (dividend != X64_RAX) {
        x64_mov(&e->at, width, X64_RAX, dividend);
    }
    if (sign == SIGNED) {
        x64_sign_extend_rax(&e->at, width);
    } else {
        x64_alu(&e->at, X64_32, X64_XOR, X64_RDX, X64_RDX);
    }
    x64_unary(&e->at, width, sign == SIGNED ? X64_IDIV : X64_DIV, SCRATCH);
    if (width == X64_64) {
        x64_mov(&e->at, X64_64, SCRATCH, half);
    } else {
        x64_movsxd(&e->at, SCRATCH, half);
    }
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, FRAME_SAVE_1);
    x64_load(&e->at, X64_64, X64_RDX, X64_RSP, FRAME_SAVE_2);
}

static void divide(struct fast_emit *e, const struct fast_insn *i, enum x64_width width, enum sign sign,
                   enum result result)
{
    enum x64_reg dividend = fast_emit_reg(i->ra);
    x64_mov(&e->at, width, SCRATCH, fast_emit_reg(i->rb));
    x64_test(&e->at, width, SCRATCH, SCRATCH);
    uint8_t *not_zero = x64_jcc_short(&e->at, X64_NOT_EQUAL);
    by_zero(e, dividend, width, result);
    uint8_t *zero_done = x64_jmp_short(&e->at), *minus_one_done = NULL;
    x64_patch_short(not_zero, e->at);
    if (sign == SIGNED) {
        x64_alu_imm(&e->at, width, X64_CMP, SCRATCH, -1);
        uint8_t *ordinary = x64_jcc_short(&e->at, X64_NOT_EQUAL);
        by_minus_one(e, dividend, width, result);
        minus_one_done = x64_jmp_short(&e->at);
        x64_patch_short(ordinary, e->at);
    }
    by_host(e, dividend, width, sign, result);
    x64_patch_short(zero_done, e->at);
    if (minus_one_done != NULL) {
        x64_patch_short(minus_one_done, e->at);
    }
    x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), SCRATCH);
}

void fast_emit_div_u_32(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_32, UNSIGNED, QUOTIENT);
}

void fast_emit_div_s_32(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_32, SIGNED, QUOTIENT);
}

void fast_emit_rem_u_32(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_32, UNSIGNED, REMAINDER);
}

void fast_emit_rem_s_32(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_32, SIGNED, REMAINDER);
}

void fast_emit_div_u_64(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_64, UNSIGNED, QUOTIENT);
}

void fast_emit_div_s_64(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_64, SIGNED, QUOTIENT);
}

void fast_emit_rem_u_64(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_64, UNSIGNED, REMAINDER);
}

void fast_emit_rem_s_64(struct fast_emit *e, const struct fast_insn *i)
{
    divide(e, i, X64_64, SIGNED, REMAINDER);
}
