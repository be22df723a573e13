/* Instructions that compute from two registers: sums, products, logic, shifts, comparisons (format three_reg). */
#include "machine.h"

/* isa/add_32 */
void ref_op_add_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32(a + b);
}

/* isa/sub_32 */
void ref_op_sub_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32(a - b);
}

/* isa/mul_32 */
void ref_op_mul_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32(a * b);
}

/* isa/shlo_l_32 */
void ref_op_shlo_l_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32(a << (b % 32));
}

/* isa/shlo_r_32 */
void ref_op_shlo_r_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32((a & UINT32_MAX) >> (b % 32));
}

/* isa/shar_r_32 */
void ref_op_shar_r_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_shift_right_signed(ref_number_extend_32(a), (unsigned)(b % 32));
}

/* isa/add_64 */
void ref_op_add_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a + b;
}

/* isa/sub_64 */
void ref_op_sub_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a - b;
}

/* isa/mul_64 */
void ref_op_mul_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a * b;
}

/* isa/shlo_l_64 */
void ref_op_shlo_l_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a << (b % 64);
}

/* isa/shlo_r_64 */
void ref_op_shlo_r_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a >> (b % 64);
}

/* isa/shar_r_64 */
void ref_op_shar_r_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_shift_right_signed(a, (unsigned)(b % 64));
}

/* isa/and */
void ref_op_and(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a & b;
}

/* isa/xor */
void ref_op_xor(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a ^ b;
}

/* isa/or */
void ref_op_or(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a | b;
}

/* isa/mul_upper_s_s: a negative factor v stands for v - 2^64, so the unsigned product is corrected. */
void ref_op_mul_upper_s_s(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    uint64_t upper = ref_number_multiply_upper(a, b);
    upper -= ref_number_signed_64(a) < 0 ? b : 0;
    upper -= ref_number_signed_64(b) < 0 ? a : 0;
    machine->reg[insn->rd] = upper;
}

/* isa/mul_upper_u_u */
void ref_op_mul_upper_u_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_multiply_upper(a, b);
}

/* isa/mul_upper_s_u: A signed, B unsigned. */
void ref_op_mul_upper_s_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    uint64_t upper = ref_number_multiply_upper(a, b);
    upper -= ref_number_signed_64(a) < 0 ? b : 0;
    machine->reg[insn->rd] = upper;
}

/* isa/set_lt_u */
void ref_op_set_lt_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a < b;
}

/* isa/set_lt_s */
void ref_op_set_lt_s(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_signed_64(a) < ref_number_signed_64(b);
}

/* isa/cmov_iz */
void ref_op_cmov_iz(struct assay_machine *machine, const struct ref_insn *insn)
{
    if (machine->reg[insn->rb] == 0) {
        machine->reg[insn->rd] = machine->reg[insn->ra];
    }
}

/* isa/cmov_nz */
void ref_op_cmov_nz(struct assay_machine *machine, const struct ref_insn *insn)
{
    if (machine->reg[insn->rb] != 0) {
        machine->reg[insn->rd] = machine->reg[insn->ra];
    }
}

/* isa/rot_l_64: left by n is right by -n. */
void ref_op_rot_l_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_rotate_right_64(a, (unsigned)(-b % 64));
}

/* isa/rot_l_32: left by n is right by -n. */
void ref_op_rot_l_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    unsigned count = (unsigned)(-b % 32);
    machine->reg[insn->rd] = ref_number_extend_32(ref_number_rotate_right_32((uint32_t)a, count));
}

/* isa/rot_r_64 */
void ref_op_rot_r_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_rotate_right_64(a, (unsigned)(b % 64));
}

/* isa/rot_r_32 */
void ref_op_rot_r_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_extend_32(ref_number_rotate_right_32((uint32_t)a, (unsigned)(b % 32)));
}

/* isa/and_inv */
void ref_op_and_inv(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a & ~b;
}

/* isa/or_inv */
void ref_op_or_inv(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a | ~b;
}

/* isa/xnor */
void ref_op_xnor(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ~(a ^ b);
}

/* isa/max */
void ref_op_max(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_signed_64(a) > ref_number_signed_64(b) ? a : b;
}

/* isa/max_u */
void ref_op_max_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a > b ? a : b;
}

/* isa/min */
void ref_op_min(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = ref_number_signed_64(a) < ref_number_signed_64(b) ? a : b;
}

/* isa/min_u */
void ref_op_min_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    machine->reg[insn->rd] = a < b ? a : b;
}
