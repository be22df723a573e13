/* Loads: checked as a whole, then the register is written (mem.md). */
#include "machine.h"

/* mem/load_permission. True, and *value is the integer at the address; or the machine exits with PageFault. */
static bool load(struct assay_machine *machine, uint64_t address, uint32_t width, uint64_t *value)
{
    uint32_t at = (uint32_t)address; /* mem/address */
    uint32_t fault;
    if (!ref_mem_check(&machine->memory, at, width, ASSAY_ACCESS_RO, &fault)) {
        ref_machine_exit(machine, ASSAY_EXIT_PAGE_FAULT, fault);
        return false;
    }
    *value = ref_mem_load(&machine->memory, at, width);
    return true;
}

/* isa/load_u8 */
void ref_op_load_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 1, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_i8 */
void ref_op_load_i8(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 1, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 8);
    }
}

/* isa/load_u16 */
void ref_op_load_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 2, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_i16 */
void ref_op_load_i16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 2, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 16);
    }
}

/* isa/load_u32 */
void ref_op_load_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 4, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_i32 */
void ref_op_load_i32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 4, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 32);
    }
}

/* isa/load_u64 */
void ref_op_load_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, insn->x, 8, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_ind_u8 */
void ref_op_load_ind_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 1, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_ind_i8 */
void ref_op_load_ind_i8(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 1, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 8);
    }
}

/* isa/load_ind_u16 */
void ref_op_load_ind_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 2, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_ind_i16 */
void ref_op_load_ind_i16(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 2, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 16);
    }
}

/* isa/load_ind_u32 */
void ref_op_load_ind_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 4, &value)) {
        machine->reg[insn->ra] = value;
    }
}

/* isa/load_ind_i32 */
void ref_op_load_ind_i32(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 4, &value)) {
        machine->reg[insn->ra] = ref_sign_extend(value, 32);
    }
}

/* isa/load_ind_u64 */
void ref_op_load_ind_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    uint64_t value;
    if (load(machine, machine->reg[insn->rb] + insn->x, 8, &value)) {
        machine->reg[insn->ra] = value;
    }
}
