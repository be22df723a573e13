/* Instructions that compute one register from another (isa.md, format two_reg). */
#include "machine.h"

/* isa/move_reg */
void ref_op_move_reg(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = a;
}

/* isa/count_set_bits_64 */
void ref_op_count_set_bits_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_count_ones(a);
}

/* isa/count_set_bits_32 */
void ref_op_count_set_bits_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_count_ones(a & UINT32_MAX);
}

/* isa/leading_zero_bits_64 */
void ref_op_leading_zero_bits_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_leading_zeros(a, 64);
}

/* isa/leading_zero_bits_32 */
void ref_op_leading_zero_bits_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_leading_zeros(a & UINT32_MAX, 32);
}

/* isa/trailing_zero_bits_64 */
void ref_op_trailing_zero_bits_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_trailing_zeros(a, 64);
}

/* isa/trailing_zero_bits_32 */
void ref_op_trailing_zero_bits_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_trailing_zeros(a & UINT32_MAX, 32);
}

/* isa/sign_extend_8 */
void ref_op_sign_extend_8(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_sign_extend(a, 8);
}

/* isa/sign_extend_16 */
void ref_op_sign_extend_16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = ref_number_sign_extend(a, 16);
}

/* isa/zero_extend_16 */
void ref_op_zero_extend_16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    machine->reg[insn->rd] = a & UINT16_MAX;
}

/* isa/reverse_bytes */
void ref_op_reverse_bytes(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra];
    uint64_t reversed = 0;
    for (int i = 0; i < 8; i++) {
        reversed = reversed << 8 | (a >> (8 * i) & UINT8_MAX);
    }
    machine->reg[insn->rd] = reversed;
}
