/*
 * Host code for loads and stores: one host access each, at GS plus the address modulo 2^32 (x64_guest).
 *
 * Each access is written into the fault map, so that a SIGSEGV at its host address is known to be this instruction.
 * A fault moves no byte: the host checks all pages of an access before it writes, and a load that faults does not
 * write its register.
 */
#include "emit.h"

enum { NO_BASE = -1 };

static void note_fault(struct fast_emit *e, const struct fast_insn *i)
{
    e->code->fault[e->code->fault_count++] = (struct fast_fault){(uint32_t)(e->at - e->base), i->pc};
}

/* The ways to load: opcode, and whether the destination is written as 64 bits. */
static const struct load {
    uint16_t opcode;
    bool wide;
} load_u8 = {0x0fb6, false}, load_i8 = {0x0fbe, true}, load_u16 = {0x0fb7, false}, load_i16 = {0x0fbf, true},
  load_u32 = {0x8b, false}, load_i32 = {0x63, true}, load_u64 = {0x8b, true};

static void load(struct fast_emit *e, const struct fast_insn *i, const struct load *how, int base)
{
    note_fault(e, i);
    x64_guest(&e->at, false, how->wide, false, how->opcode, fast_emit_reg(i->ra), base, (uint32_t)i->x);
}

static void store(struct fast_emit *e, const struct fast_insn *i, unsigned width, int base)
{
    note_fault(e, i);
    x64_guest(&e->at, width == 2, width == 8, width == 1, width == 1 ? 0x88 : 0x89, fast_emit_reg(i->ra), base,
              (uint32_t)i->x);
}

static void store_immediate(struct fast_emit *e, const struct fast_insn *i, unsigned width, int base)
{
    note_fault(e, i);
    x64_guest(&e->at, width == 2, width == 8, false, width == 1 ? 0xc6 : 0xc7, 0, base, (uint32_t)i->x);
    if (width == 1) {
        x64_u8(&e->at, (uint8_t)i->y);
    } else if (width == 2) {
        x64_u8(&e->at, (uint8_t)i->y);
        x64_u8(&e->at, (uint8_t)(i->y >> 8));
    } else {
        x64_u32(&e->at, (uint32_t)i->y); /* a 64-bit store sign-extends it, as isa/sign_extension does */
    }
}

void fast_emit_store_imm_u8(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 1, NO_BASE);
}

void fast_emit_store_imm_u16(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 2, NO_BASE);
}

void fast_emit_store_imm_u32(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 4, NO_BASE);
}

void fast_emit_store_imm_u64(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 8, NO_BASE);
}

void fast_emit_load_u8(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u8, NO_BASE);
}

void fast_emit_load_i8(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i8, NO_BASE);
}

void fast_emit_load_u16(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u16, NO_BASE);
}

void fast_emit_load_i16(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i16, NO_BASE);
}

void fast_emit_load_u32(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u32, NO_BASE);
}

void fast_emit_load_i32(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i32, NO_BASE);
}

void fast_emit_load_u64(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u64, NO_BASE);
}

void fast_emit_store_u8(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 1, NO_BASE);
}

void fast_emit_store_u16(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 2, NO_BASE);
}

void fast_emit_store_u32(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 4, NO_BASE);
}

void fast_emit_store_u64(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 8, NO_BASE);
}

void fast_emit_store_imm_ind_u8(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 1, (int)fast_emit_reg(i->ra));
}

void fast_emit_store_imm_ind_u16(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 2, (int)fast_emit_reg(i->ra));
}

void fast_emit_store_imm_ind_u32(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 4, (int)fast_emit_reg(i->ra));
}

void fast_emit_store_imm_ind_u64(struct fast_emit *e, const struct fast_insn *i)
{
    store_immediate(e, i, 8, (int)fast_emit_reg(i->ra));
}

void fast_emit_store_ind_u8(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 1, (int)fast_emit_reg(i->rb));
}

void fast_emit_store_ind_u16(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 2, (int)fast_emit_reg(i->rb));
}

void fast_emit_store_ind_u32(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 4, (int)fast_emit_reg(i->rb));
}

void fast_emit_store_ind_u64(struct fast_emit *e, const struct fast_insn *i)
{
    store(e, i, 8, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_u8(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u8, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_i8(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i8, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_u16(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u16, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_i16(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i16, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_u32(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u32, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_i32(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_i32, (int)fast_emit_reg(i->rb));
}

void fast_emit_load_ind_u64(struct fast_emit *e, const struct fast_insn *i)
{
    load(e, i, &load_u64, (int)fast_emit_reg(i->rb));
}
