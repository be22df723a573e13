/* Instructions that jump, stop or call out (isa.md, control transfer). */
#include "machine.h"

void ref_flow_exit(struct assay_machine *machine, uint32_t exit, uint32_t argument)
{
    machine->flow = REF_FLOW_EXIT;
    machine->exit = exit;
    machine->argument = argument;
}

/* isa/legal_target */
static void jump(struct assay_machine *machine, uint64_t target)
{
    if (!ref_isa_begins_block(&machine->blob, machine->in_p, target)) {
        ref_flow_exit(machine, ASSAY_EXIT_PANIC, 0);
        return;
    }
    machine->flow = REF_FLOW_JUMP;
    machine->target = target;
}

/* isa/dynamic_jump */
static void dynamic_jump(struct assay_machine *machine, uint64_t sum)
{
    uint64_t address = sum & UINT32_MAX;
    const struct ref_blob *blob = &machine->blob;
    if (address == 0 || address % REF_jump_alignment != 0 || address > blob->jump_len * REF_jump_alignment) {
        ref_flow_exit(machine, ASSAY_EXIT_PANIC, 0);
        return;
    }
    jump(machine, ref_blob_jump_entry(blob, address / REF_jump_alignment - 1));
}

/* isa/branch_not_taken */
static void branch(struct assay_machine *machine, const struct ref_insn *insn, bool condition)
{
    if (condition) {
        jump(machine, insn->target);
    }
}

/* exit/ecall */
static void call(struct assay_machine *machine, uint32_t exit, uint32_t argument)
{
    machine->flow = REF_FLOW_CALL;
    machine->exit = exit;
    machine->argument = argument;
}

/* isa/trap */
void ref_op_trap(struct assay_machine *machine, const struct ref_insn *insn)
{
    (void)insn;
    ref_flow_exit(machine, ASSAY_EXIT_TRAP, 0);
}

/* isa/fallthrough */
void ref_op_fallthrough(struct assay_machine *machine, const struct ref_insn *insn)
{
    (void)machine;
    (void)insn;
}

/* isa/unlikely */
void ref_op_unlikely(struct assay_machine *machine, const struct ref_insn *insn)
{
    (void)machine;
    (void)insn;
}

/* isa/ecall */
void ref_op_ecall(struct assay_machine *machine, const struct ref_insn *insn)
{
    (void)insn;
    call(machine, ASSAY_EXIT_ECALL, 0);
}

/* isa/ecalli: exit/host_call_id: the low 32 bits. */
void ref_op_ecalli(struct assay_machine *machine, const struct ref_insn *insn)
{
    call(machine, ASSAY_EXIT_HOST_CALL, (uint32_t)insn->x);
}

/* isa/sbrk */
void ref_op_sbrk(struct assay_machine *machine, const struct ref_insn *insn)
{
    (void)insn;
    ref_flow_exit(machine, ASSAY_EXIT_PANIC, 0);
}

/* isa/jump */
void ref_op_jump(struct assay_machine *machine, const struct ref_insn *insn)
{
    jump(machine, insn->target);
}

/* isa/jump_ind */
void ref_op_jump_ind(struct assay_machine *machine, const struct ref_insn *insn)
{
    dynamic_jump(machine, machine->reg[insn->ra] + insn->x);
}

/* isa/load_imm_jump */
void ref_op_load_imm_jump(struct assay_machine *machine, const struct ref_insn *insn)
{
    machine->reg[insn->ra] = insn->x; /* isa/jump_writes_first */
    jump(machine, insn->target);
}

/* isa/load_imm_jump_ind */
void ref_op_load_imm_jump_ind(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t sum = machine->reg[insn->rb] + insn->y; /* isa/jump_reads_first */
    machine->reg[insn->ra] = insn->x;                /* isa/jump_writes_first */
    dynamic_jump(machine, sum);
}

/* isa/branch_eq_imm */
void ref_op_branch_eq_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] == insn->x);
}

/* isa/branch_ne_imm */
void ref_op_branch_ne_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] != insn->x);
}

/* isa/branch_lt_u_imm */
void ref_op_branch_lt_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] < insn->x);
}

/* isa/branch_le_u_imm */
void ref_op_branch_le_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] <= insn->x);
}

/* isa/branch_ge_u_imm */
void ref_op_branch_ge_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] >= insn->x);
}

/* isa/branch_gt_u_imm */
void ref_op_branch_gt_u_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] > insn->x);
}

/* isa/branch_lt_s_imm */
void ref_op_branch_lt_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) < ref_number_signed_64(insn->x));
}

/* isa/branch_le_s_imm */
void ref_op_branch_le_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) <= ref_number_signed_64(insn->x));
}

/* isa/branch_ge_s_imm */
void ref_op_branch_ge_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) >= ref_number_signed_64(insn->x));
}

/* isa/branch_gt_s_imm */
void ref_op_branch_gt_s_imm(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) > ref_number_signed_64(insn->x));
}

/* isa/branch_eq */
void ref_op_branch_eq(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] == machine->reg[insn->rb]);
}

/* isa/branch_ne */
void ref_op_branch_ne(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] != machine->reg[insn->rb]);
}

/* isa/branch_lt_u */
void ref_op_branch_lt_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] < machine->reg[insn->rb]);
}

/* isa/branch_lt_s */
void ref_op_branch_lt_s(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) < ref_number_signed_64(machine->reg[insn->rb]));
}

/* isa/branch_ge_u */
void ref_op_branch_ge_u(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, machine->reg[insn->ra] >= machine->reg[insn->rb]);
}

/* isa/branch_ge_s */
void ref_op_branch_ge_s(struct assay_machine *machine, const struct ref_insn *insn)
{
    branch(machine, insn, ref_number_signed_64(machine->reg[insn->ra]) >= ref_number_signed_64(machine->reg[insn->rb]));
}
