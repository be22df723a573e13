/*
 * Host code for loads and stores: one host access each, at GS plus the address modulo 2^32 (x64.h).
 *
 * Each access is written into the fault map, so that a SIGSEGV at its host address is known to be this instruction.
 * A fault moves no byte: the host checks all pages of an access before it writes, and a load that faults does not
 * write its register.
 *
 * In a checked window (mem.c) nothing faults by itself: code in front looks up the permission of the page of the first
 * byte, and of the last, and touches the guard when one is missing. So the fault is found and told as any other.
 */
#include "access.h"
#include "emit.h"

/* With a row that the compiler knows, one way through these is left. */
#define INLINE __attribute__((always_inline)) static inline

static void note_fault(struct fast_emit *e, const struct fast_insn *i)
{
    e->code->fault[e->code->fault_count++] = (struct fast_fault){(uint32_t)(e->at - e->base), i->pc};
}

static enum x64_reg field(const struct fast_insn *i, unsigned which)
{
    return fast_emit_reg(which == FAST_FIELD_A ? i->ra : i->rb);
}

/* The flags: below, when the page of the byte at base + disp has less than that access. */
static void look_up(struct fast_emit *e, int base, uint32_t disp, uint8_t needed)
{
    enum { PAGE_SHIFT = 12 };
    if (base == X64_NO_BASE) {
        x64_mov_imm(&e->at, SCRATCH, disp);
    } else {
        x64_lea(&e->at, X64_32, SCRATCH, (enum x64_reg)base, (int32_t)disp);
    }
    x64_shift_imm(&e->at, X64_32, X64_SHR, SCRATCH, PAGE_SHIFT);
    x64_window_cmp(&e->at, X64_RCX, -FAST_MEM_PERMISSIONS, needed);
}

/* Past 2^32 the last byte's page is page 0 to this check, and then the access itself meets the guard. */
static void check(struct fast_emit *e, const struct fast_insn *i, int base, uint32_t disp, struct fast_access_row row)
{
    uint8_t needed = row.direction == FAST_LOADS ? ASSAY_ACCESS_RO : ASSAY_ACCESS_RW, *first = NULL;
    if (row.width > 1) {
        look_up(e, base, disp, needed);
        first = x64_jcc_short(&e->at, X64_BELOW);
    }
    look_up(e, base, disp + row.width - 1, needed);
    uint8_t *allowed = x64_jcc_short(&e->at, X64_ABOVE_EQUAL);
    if (first != NULL) {
        x64_patch_short(first, e->at);
    }
    note_fault(e, i);
    x64_window_load(&e->at, SCRATCH, X64_NO_BASE, -(int32_t)ASSAY_PAGE_SIZE);
    x64_patch_short(allowed, e->at);
}

INLINE void touch(struct fast_emit *e, const struct fast_insn *i, struct fast_access_row row)
{
    enum x64_width width = (enum x64_width)__builtin_ctz(row.width);
    enum x64_extension extension = row.extension == FAST_SIGN_EXTENDS ? X64_SIGN_EXTEND : X64_ZERO_EXTEND;
    int base = row.base == FAST_NO_FIELD ? X64_NO_BASE : (int)field(i, row.base);
    if (e->program->is_checked) {
        check(e, i, base, (uint32_t)i->x, row);
    }
    note_fault(e, i);
    if (row.direction == FAST_LOADS) {
        x64_guest_load(&e->at, width, extension, fast_emit_reg(i->ra), base, (uint32_t)i->x);
    } else if (row.stored != FAST_NO_FIELD) {
        x64_guest_store(&e->at, width, base, (uint32_t)i->x, field(i, row.stored));
    } else { /* of 64 bits too: the host extends the sign as isa/sign_extension does */
        x64_guest_store_imm(&e->at, width, base, (uint32_t)i->x, (uint32_t)i->y);
    }
}

#define TOUCHES(name)                                                                                                  \
    void fast_emit_##name(struct fast_emit *e, const struct fast_insn *i)                                              \
    {                                                                                                                  \
        touch(e, i, fast_access_of[FAST_OPCODE_##name]);                                                               \
    }

TOUCHES(store_imm_u8)
TOUCHES(store_imm_u16)
TOUCHES(store_imm_u32)
TOUCHES(store_imm_u64)
TOUCHES(load_u8)
TOUCHES(load_i8)
TOUCHES(load_u16)
TOUCHES(load_i16)
TOUCHES(load_u32)
TOUCHES(load_i32)
TOUCHES(load_u64)
TOUCHES(store_u8)
TOUCHES(store_u16)
TOUCHES(store_u32)
TOUCHES(store_u64)
TOUCHES(store_imm_ind_u8)
TOUCHES(store_imm_ind_u16)
TOUCHES(store_imm_ind_u32)
TOUCHES(store_imm_ind_u64)
TOUCHES(store_ind_u8)
TOUCHES(store_ind_u16)
TOUCHES(store_ind_u32)
TOUCHES(store_ind_u64)
TOUCHES(load_ind_u8)
TOUCHES(load_ind_i8)
TOUCHES(load_ind_u16)
TOUCHES(load_ind_i16)
TOUCHES(load_ind_u32)
TOUCHES(load_ind_i32)
TOUCHES(load_ind_u64)
