/* Instructions that compute from a register and an immediate (isa.md, formats with one register or two and X). */
#include "machine.h"

/* isa/load_imm_64 */
void ref_op_load_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    machine->reg[insn->ra] = insn->x;
}

/* isa/load_imm */
void ref_op_load_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    machine->reg[insn->ra] = insn->x;
}

/* isa/add_imm_32 */
void ref_op_add_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(b + x);
}

/* isa/and_imm */
void ref_op_and_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b & x;
}

/* isa/xor_imm */
void ref_op_xor_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b ^ x;
}

/* isa/or_imm */
void ref_op_or_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b | x;
}

/* isa/mul_imm_32 */
void ref_op_mul_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(b * x);
}

/* isa/set_lt_u_imm */
void ref_op_set_lt_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b < x;
}

/* isa/set_lt_s_imm */
void ref_op_set_lt_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_signed_64(b) < ref_number_signed_64(x);
}

/* isa/shlo_l_imm_32 */
void ref_op_shlo_l_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(b << (x % 32));
}

/* isa/shlo_r_imm_32 */
void ref_op_shlo_r_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32((b & UINT32_MAX) >> (x % 32));
}

/* isa/shar_r_imm_32 */
void ref_op_shar_r_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_shift_right_signed(ref_number_extend_32(b), (unsigned)(x % 32));
}

/* isa/neg_add_imm_32 */
void ref_op_neg_add_imm_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(x - b);
}

/* isa/set_gt_u_imm */
void ref_op_set_gt_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b > x;
}

/* isa/set_gt_s_imm */
void ref_op_set_gt_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_signed_64(b) > ref_number_signed_64(x);
}

/* isa/shlo_l_imm_alt_32 */
void ref_op_shlo_l_imm_alt_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(x << (b % 32));
}

/* isa/shlo_r_imm_alt_32 */
void ref_op_shlo_r_imm_alt_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32((x & UINT32_MAX) >> (b % 32));
}

/* isa/shar_r_imm_alt_32 */
void ref_op_shar_r_imm_alt_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_shift_right_signed(ref_number_extend_32(x), (unsigned)(b % 32));
}

/* isa/cmov_iz_imm */
void ref_op_cmov_iz_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    if (machine->reg[insn->rb] == 0) {
        machine->reg[insn->ra] = insn->x;
    }
}

/* isa/cmov_nz_imm */
void ref_op_cmov_nz_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    if (machine->reg[insn->rb] != 0) {
        machine->reg[insn->ra] = insn->x;
    }
}

/* isa/add_imm_64 */
void ref_op_add_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b + x;
}

/* isa/mul_imm_64 */
void ref_op_mul_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b * x;
}

/* isa/shlo_l_imm_64 */
void ref_op_shlo_l_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b << (x % 64);
}

/* isa/shlo_r_imm_64 */
void ref_op_shlo_r_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = b >> (x % 64);
}

/* isa/shar_r_imm_64 */
void ref_op_shar_r_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_shift_right_signed(b, (unsigned)(x % 64));
}

/* isa/neg_add_imm_64 */
void ref_op_neg_add_imm_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = x - b;
}

/* isa/shlo_l_imm_alt_64 */
void ref_op_shlo_l_imm_alt_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = x << (b % 64);
}

/* isa/shlo_r_imm_alt_64 */
void ref_op_shlo_r_imm_alt_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = x >> (b % 64);
}

/* isa/shar_r_imm_alt_64 */
void ref_op_shar_r_imm_alt_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_shift_right_signed(x, (unsigned)(b % 64));
}

/* isa/rot_r_64_imm */
void ref_op_rot_r_64_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_rotate_right_64(b, (unsigned)(x % 64));
}

/* isa/rot_r_64_imm_alt */
void ref_op_rot_r_64_imm_alt(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_rotate_right_64(x, (unsigned)(b % 64));
}

/* isa/rot_r_32_imm */
void ref_op_rot_r_32_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(ref_number_rotate_right_32((uint32_t)b, (unsigned)(x % 32)));
}

/* isa/rot_r_32_imm_alt */
void ref_op_rot_r_32_imm_alt(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t b = machine->reg[insn->rb], x = insn->x;
    machine->reg[insn->ra] = ref_number_extend_32(ref_number_rotate_right_32((uint32_t)x, (unsigned)(b % 32)));
}
