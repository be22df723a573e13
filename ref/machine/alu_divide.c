/* Division and remainder: isa/divide_by_zero, isa/divide_overflow; a 32-bit division sees only the low halves. */
#include "machine.h"

/* isa/div_u_32: dividing by zero gives all ones. */
void ref_op_div_u_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint32_t a = (uint32_t)machine->reg[insn->ra], b = (uint32_t)machine->reg[insn->rb];
    if (b == 0) {
        machine->reg[insn->rd] = UINT64_MAX;
    } else {
        machine->reg[insn->rd] = ref_number_extend_32(a / b);
    }
}

/* isa/div_s_32: 64-bit arithmetic holds -2^31 / -1, which is then cut to -2^31. */
void ref_op_div_s_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    int64_t a = ref_number_signed_32(machine->reg[insn->ra]), b = ref_number_signed_32(machine->reg[insn->rb]);
    if (b == 0) {
        machine->reg[insn->rd] = UINT64_MAX;
    } else {
        machine->reg[insn->rd] = ref_number_extend_32((uint64_t)(a / b));
    }
}

/* isa/rem_u_32: the remainder by zero is the dividend. */
void ref_op_rem_u_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint32_t a = (uint32_t)machine->reg[insn->ra], b = (uint32_t)machine->reg[insn->rb];
    if (b == 0) {
        machine->reg[insn->rd] = ref_number_extend_32(a);
    } else {
        machine->reg[insn->rd] = ref_number_extend_32(a % b);
    }
}

/* isa/rem_s_32: the remainder by zero is the dividend. */
void ref_op_rem_s_32(struct assay_machine *machine, const struct ref_insn *insn)
{
    int64_t a = ref_number_signed_32(machine->reg[insn->ra]), b = ref_number_signed_32(machine->reg[insn->rb]);
    if (b == 0) {
        machine->reg[insn->rd] = (uint64_t)a;
    } else {
        machine->reg[insn->rd] = (uint64_t)(a % b);
    }
}

/* isa/div_u_64: dividing by zero gives all ones. */
void ref_op_div_u_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    if (b == 0) {
        machine->reg[insn->rd] = UINT64_MAX;
    } else {
        machine->reg[insn->rd] = a / b;
    }
}

/* isa/div_s_64: dividing by zero gives all ones. */
void ref_op_div_s_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    int64_t a = ref_number_signed_64(machine->reg[insn->ra]), b = ref_number_signed_64(machine->reg[insn->rb]);
    if (b == 0) {
        machine->reg[insn->rd] = UINT64_MAX;
    } else if (a == INT64_MIN && b == -1) {
        machine->reg[insn->rd] = (uint64_t)a;
    } else {
        machine->reg[insn->rd] = (uint64_t)(a / b);
    }
}

/* isa/rem_u_64: the remainder by zero is the dividend. */
void ref_op_rem_u_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t a = machine->reg[insn->ra], b = machine->reg[insn->rb];
    if (b == 0) {
        machine->reg[insn->rd] = a;
    } else {
        machine->reg[insn->rd] = a % b;
    }
}

/* isa/rem_s_64: the remainder by zero is the dividend. */
void ref_op_rem_s_64(struct assay_machine *machine, const struct ref_insn *insn)
{
    int64_t a = ref_number_signed_64(machine->reg[insn->ra]), b = ref_number_signed_64(machine->reg[insn->rb]);
    if (b == 0) {
        machine->reg[insn->rd] = (uint64_t)a;
    } else if (a == INT64_MIN && b == -1) {
        machine->reg[insn->rd] = 0;
    } else {
        machine->reg[insn->rd] = (uint64_t)(a % b);
    }
}
