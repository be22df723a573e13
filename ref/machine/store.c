/* Stores: checked as a whole, then all bytes are written (mem.md). */
#include "machine.h"

/* mem/store_permission. */
static void store(struct assay_machine *machine, uint64_t address, uint32_t width, uint64_t value)
{
    uint32_t at = (uint32_t)address; /* mem/address */
    uint32_t fault;
    if (!ref_mem_check(&machine->memory, at, width, ASSAY_ACCESS_RW, &fault)) {
        ref_machine_exit(machine, ASSAY_EXIT_PAGE_FAULT, fault);
        return;
    }
    ref_mem_store(&machine->memory, at, width, value);
    machine->store.store_address = at;
    machine->store.store_width = width;
    machine->store.store_value = ref_mem_load(&machine->memory, at, width);
}

/* isa/store_imm_u8 */
void ref_op_store_imm_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 1, insn->y);
}

/* isa/store_imm_u16 */
void ref_op_store_imm_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 2, insn->y);
}

/* isa/store_imm_u32 */
void ref_op_store_imm_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 4, insn->y);
}

/* isa/store_imm_u64 */
void ref_op_store_imm_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 8, insn->y);
}

/* isa/store_u8 */
void ref_op_store_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 1, machine->reg[insn->ra]);
}

/* isa/store_u16 */
void ref_op_store_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 2, machine->reg[insn->ra]);
}

/* isa/store_u32 */
void ref_op_store_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 4, machine->reg[insn->ra]);
}

/* isa/store_u64 */
void ref_op_store_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, insn->x, 8, machine->reg[insn->ra]);
}

/* isa/store_imm_ind_u8 */
void ref_op_store_imm_ind_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->ra] + insn->x, 1, insn->y);
}

/* isa/store_imm_ind_u16 */
void ref_op_store_imm_ind_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->ra] + insn->x, 2, insn->y);
}

/* isa/store_imm_ind_u32 */
void ref_op_store_imm_ind_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->ra] + insn->x, 4, insn->y);
}

/* isa/store_imm_ind_u64 */
void ref_op_store_imm_ind_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->ra] + insn->x, 8, insn->y);
}

/* isa/store_ind_u8 */
void ref_op_store_ind_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->rb] + insn->x, 1, machine->reg[insn->ra]);
}

/* isa/store_ind_u16 */
void ref_op_store_ind_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->rb] + insn->x, 2, machine->reg[insn->ra]);
}

/* isa/store_ind_u32 */
void ref_op_store_ind_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->rb] + insn->x, 4, machine->reg[insn->ra]);
}

/* isa/store_ind_u64 */
void ref_op_store_ind_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    store(machine, machine->reg[insn->rb] + insn->x, 8, machine->reg[insn->ra]);
}
