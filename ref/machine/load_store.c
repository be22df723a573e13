/* Loads and stores: checked as a whole, then every byte moves (mem.md). */
#include "machine.h"

enum extension { ZERO_EXTENDED, SIGN_EXTENDED };

/* Into register A: mem/load_permission, or the run ends with PageFault and nothing is written. */
static void load(struct assay_machine *machine, const struct ref_insn *insn, uint64_t address, uint32_t width,
                 enum extension extension)
{
    uint32_t at = (uint32_t)address; /* mem/address */
    uint32_t fault;
    if (!ref_mem_check(&machine->memory, at, width, ASSAY_ACCESS_RO, &fault)) {
        ref_flow_exit(machine, ASSAY_EXIT_PAGE_FAULT, fault);
        return;
    }
    uint64_t value = ref_mem_load(&machine->memory, at, width);
    machine->reg[insn->ra] = extension == SIGN_EXTENDED ? ref_number_sign_extend(value, 8 * width) : value;
}

/* mem/store_permission */
static void store(struct assay_machine *machine, uint64_t address, uint32_t width, uint64_t value)
{
    uint32_t at = (uint32_t)address; /* mem/address */
    uint32_t fault;
    if (!ref_mem_check(&machine->memory, at, width, ASSAY_ACCESS_RW, &fault)) {
        ref_flow_exit(machine, ASSAY_EXIT_PAGE_FAULT, fault);
        return;
    }
    ref_mem_store(&machine->memory, at, width, value);
    machine->store.store_address = at;
    machine->store.store_width = width;
    machine->store.store_value = ref_mem_load(&machine->memory, at, width);
}

/* isa/load_u8 */
void ref_op_load_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 1, ZERO_EXTENDED);
}

/* isa/load_i8 */
void ref_op_load_i8(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 1, SIGN_EXTENDED);
}

/* isa/load_u16 */
void ref_op_load_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 2, ZERO_EXTENDED);
}

/* isa/load_i16 */
void ref_op_load_i16(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 2, SIGN_EXTENDED);
}

/* isa/load_u32 */
void ref_op_load_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 4, ZERO_EXTENDED);
}

/* isa/load_i32 */
void ref_op_load_i32(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 4, SIGN_EXTENDED);
}

/* isa/load_u64 */
void ref_op_load_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, insn->x, 8, ZERO_EXTENDED);
}

/* isa/load_ind_u8 */
void ref_op_load_ind_u8(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 1, ZERO_EXTENDED);
}

/* isa/load_ind_i8 */
void ref_op_load_ind_i8(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 1, SIGN_EXTENDED);
}

/* isa/load_ind_u16 */
void ref_op_load_ind_u16(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 2, ZERO_EXTENDED);
}

/* isa/load_ind_i16 */
void ref_op_load_ind_i16(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 2, SIGN_EXTENDED);
}

/* isa/load_ind_u32 */
void ref_op_load_ind_u32(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 4, ZERO_EXTENDED);
}

/* isa/load_ind_i32 */
void ref_op_load_ind_i32(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 4, SIGN_EXTENDED);
}

/* isa/load_ind_u64 */
void ref_op_load_ind_u64(struct assay_machine *machine, const struct ref_insn *insn)
{
    load(machine, insn, machine->reg[insn->rb] + insn->x, 8, ZERO_EXTENDED);
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
