/* Host code for instructions that compute one register from another (isa.md, format two_reg). */
#include "emit.h"

/* A processor without the instruction leaves the work to C. */
static void count(struct fast_emit *e, const struct fast_insn *i, bool available, enum x64_width width,
                  enum x64_count op)
{
    if (available) {
        x64_count(&e->at, width, op, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
    } else {
        fast_emit_in_c(e, i->pc);
    }
}

void fast_emit_move_reg(struct fast_emit *e, const struct fast_insn *i)
{
    if (i->rd != i->ra) {
        x64_mov(&e->at, X64_64, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
    }
}

void fast_emit_count_set_bits_64(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->popcnt, X64_64, X64_POPCNT);
}

void fast_emit_count_set_bits_32(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->popcnt, X64_32, X64_POPCNT);
}

void fast_emit_leading_zero_bits_64(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->lzcnt, X64_64, X64_LZCNT);
}

void fast_emit_leading_zero_bits_32(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->lzcnt, X64_32, X64_LZCNT);
}

void fast_emit_trailing_zero_bits_64(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->bmi1, X64_64, X64_TZCNT);
}

void fast_emit_trailing_zero_bits_32(struct fast_emit *e, const struct fast_insn *i)
{
    count(e, i, e->cpu->bmi1, X64_32, X64_TZCNT);
}

void fast_emit_sign_extend_8(struct fast_emit *e, const struct fast_insn *i)
{
    x64_movx(&e->at, X64_64, X64_MOVSX8, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
}

void fast_emit_sign_extend_16(struct fast_emit *e, const struct fast_insn *i)
{
    x64_movx(&e->at, X64_64, X64_MOVSX16, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
}

void fast_emit_zero_extend_16(struct fast_emit *e, const struct fast_insn *i)
{
    x64_movx(&e->at, X64_32, X64_MOVZX16, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
}

void fast_emit_reverse_bytes(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_move(e, fast_emit_reg(i->rd), fast_emit_reg(i->ra));
    x64_bswap(&e->at, fast_emit_reg(i->rd));
}
