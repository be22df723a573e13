/*
 * Host code for instructions that jump, stop or call out.
 *
 * A static target is known to be legal or not when the code is compiled; an illegal one is a panic only where the jump
 * is taken (isa/legal_target). A dynamic target is looked up in a table of host addresses in which every illegal
 * entry is the panic tail.
 */
#include "dense.h"

static void jump(struct fast_emit *e, const struct fast_insn *i)
{
    if (fast_isa_begins_block(e->program, i->target)) {
        fast_emit_call_out(e, FAST_SITE_INSTRUCTION, i->pc, (uint32_t)i->target);
        fast_emit_goto(e, (uint32_t)i->target);
    } else {
        fast_emit_exit(e, TAIL_PANIC, i->pc);
    }
}

/* The flags hold the comparison. */
static void branch(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    if (!fast_isa_begins_block(e->program, i->target)) {
        fast_emit_panic_if(e, condition, i->pc);
    } else if (e->flavour == FAST_INSTRUCTIONS) {
        uint8_t *not_taken = x64_jcc_short(&e->at, x64_opposite(condition));
        jump(e, i);
        x64_patch_short(not_taken, e->at);
    } else {
        fast_emit_goto_if(e, condition, (uint32_t)i->target);
    }
    fast_emit_call_out(e, FAST_SITE_INSTRUCTION, i->pc, i->npc);
}

static void branch_immediate(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_alu_imm(&e->at, X64_64, X64_CMP, fast_emit_reg(i->ra), (int32_t)i->x);
    branch(e, i, condition);
}

static void branch_register(struct fast_emit *e, const struct fast_insn *i, enum x64_condition condition)
{
    x64_alu(&e->at, X64_64, X64_CMP, fast_emit_reg(i->ra), fast_emit_reg(i->rb));
    branch(e, i, condition);
}

/*
 * isa/dynamic_jump. The scratch register holds address - 2. Rotated right by one it is the table's index if the address
 * is even and not 0; an odd address becomes 2^31 or more and address 0 becomes 2^31 - 1, beyond any table.
 */
static void look_up_jump(struct fast_emit *e, const struct fast_insn *i)
{
    x64_shift_imm(&e->at, X64_32, X64_ROR, SCRATCH, 1);
    x64_alu_imm32(&e->at, X64_32, X64_CMP, SCRATCH, e->program->jump_len);
    x64_patch(x64_jcc(&e->at, X64_ABOVE_EQUAL), e->tail[TAIL_PANIC]);
    if (i != NULL && e->flavour == FAST_INSTRUCTIONS) {
        x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_2, SCRATCH);
        fast_emit_call_out(e, FAST_SITE_DYNAMIC, i->pc, 0);
        x64_load(&e->at, X64_64, SCRATCH, X64_RSP, FRAME_SAVE_2);
    }
    x64_shift_imm(&e->at, X64_64, X64_SHL, SCRATCH, 3);
    x64_alu_mem(&e->at, X64_64, X64_ADD, SCRATCH, X64_RSP, FRAME_JUMP);
    x64_jmp_mem(&e->at, SCRATCH, 0);
}

void fast_emit_look_up_jump(struct fast_emit *e)
{
    look_up_jump(e, NULL);
}

static void dynamic_jump(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_pc(e, i->pc);
    if (e->dense != NULL) {
        fast_emit_jump_to_tail(e, TAIL_DENSE_JUMP);
    } else {
        look_up_jump(e, i);
    }
}

/* scratch = register + immediate - 2, modulo 2^32 */
static void address_minus_2(struct fast_emit *e, uint8_t guest, uint64_t immediate)
{
    x64_lea(&e->at, X64_32, SCRATCH, fast_emit_reg(guest), (int32_t)(uint32_t)(immediate - FAST_jump_alignment));
}

void fast_emit_trap(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_exit(e, TAIL_TRAP, i->pc);
}

void fast_emit_fallthrough(struct fast_emit *e, const struct fast_insn *i)
{
    (void)e;
    (void)i;
}

void fast_emit_unlikely(struct fast_emit *e, const struct fast_insn *i)
{
    (void)e;
    (void)i;
}

void fast_emit_ecall(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_call_out(e, FAST_SITE_CALL, i->pc, i->npc);
    if (!fast_dense_emit_call(e, TAIL_DENSE_ECALL, i->npc, 0)) {
        fast_emit_exit(e, TAIL_ECALL, i->npc);
    }
}

void fast_emit_ecalli(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_call_out(e, FAST_SITE_CALL, i->pc, i->npc);
    if (!fast_dense_emit_call(e, TAIL_DENSE_HOST_CALL, i->npc, i->x)) {
        x64_store_imm(&e->at, X64_RSP, FRAME_ARGUMENT, (uint32_t)i->x);
        fast_emit_exit(e, TAIL_HOST_CALL, i->npc);
    }
}

void fast_emit_sbrk(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_exit(e, TAIL_PANIC, i->pc);
}

void fast_emit_jump(struct fast_emit *e, const struct fast_insn *i)
{
    jump(e, i);
}

void fast_emit_jump_ind(struct fast_emit *e, const struct fast_insn *i)
{
    if (!fast_dense_emit_jump(e, i->pc, i->ra, i->x)) {
        address_minus_2(e, i->ra, i->x);
        dynamic_jump(e, i);
    }
}

/* isa/jump_writes_first */
void fast_emit_load_imm_jump(struct fast_emit *e, const struct fast_insn *i)
{
    fast_emit_constant(e, fast_emit_reg(i->ra), i->x);
    jump(e, i);
}

/* isa/jump_reads_first, isa/jump_writes_first */
void fast_emit_load_imm_jump_ind(struct fast_emit *e, const struct fast_insn *i)
{
    bool is_overwritten = i->ra == i->rb;
    if (is_overwritten) {
        address_minus_2(e, i->rb, i->y);
    }
    fast_emit_constant(e, fast_emit_reg(i->ra), i->x);
    if (!is_overwritten && fast_dense_emit_jump(e, i->pc, i->rb, i->y)) {
        return;
    }
    if (!is_overwritten) {
        address_minus_2(e, i->rb, i->y);
    }
    dynamic_jump(e, i);
}

void fast_emit_branch_eq_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_EQUAL);
}

void fast_emit_branch_ne_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_NOT_EQUAL);
}

void fast_emit_branch_lt_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_BELOW);
}

void fast_emit_branch_le_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_BELOW_EQUAL);
}

void fast_emit_branch_ge_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_ABOVE_EQUAL);
}

void fast_emit_branch_gt_u_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_ABOVE);
}

void fast_emit_branch_lt_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_LESS);
}

void fast_emit_branch_le_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_LESS_EQUAL);
}

void fast_emit_branch_ge_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_GREATER_EQUAL);
}

void fast_emit_branch_gt_s_imm(struct fast_emit *e, const struct fast_insn *i)
{
    branch_immediate(e, i, X64_GREATER);
}

void fast_emit_branch_eq(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_EQUAL);
}

void fast_emit_branch_ne(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_NOT_EQUAL);
}

void fast_emit_branch_lt_u(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_BELOW);
}

void fast_emit_branch_lt_s(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_LESS);
}

void fast_emit_branch_ge_u(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_ABOVE_EQUAL);
}

void fast_emit_branch_ge_s(struct fast_emit *e, const struct fast_insn *i)
{
    branch_register(e, i, X64_GREATER_EQUAL);
}
