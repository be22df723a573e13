/*
 * What the emitters share: the register map, the frame, and the state of one compilation.
 *
 * The 13 guest registers live in host registers all the time:
 *
 *   φ0  φ1  φ2  φ3  φ4  φ5  φ6  φ7  φ8  φ9  φ10 φ11 φ12 |  gas  scratch  stack
 *   r13 rbx rax rdx r12 rbp r14 rdi rsi r8  r9  r10 r11 |  r15  rcx      rsp
 *
 * GS is the base of the guest's window. The scratch register is rcx because shift counts must lie there; it carries
 * nothing from one guest instruction to the next. φ1, the stack pointer of compiled guests, is rbx because rbx is a
 * short base; rax and rdx, which multiplication and division use, hold guest temporaries.
 *
 * The frame, from rsp upward:
 */
#ifndef FAST_EMIT_H
#define FAST_EMIT_H

#include "machine.h"
#include "x64.h"

static const enum x64_reg GAS = X64_R15;
static const enum x64_reg SCRATCH = X64_RCX;

enum fast_frame {
    FRAME_CONTEXT = 0,
    FRAME_PC = 8,        /* u32, of the exit */
    FRAME_ARGUMENT = 16, /* u32 */
    FRAME_SAVE_1 = 24,
    FRAME_SAVE_2 = 32,
    FRAME_SAVE_3 = 40,
    FRAME_SAVE_4 = 48,
    FRAME_JUMP = 56, /* fast_context.jump */
    FRAME_STOP = 64, /* the caller's stop record */
    FRAME_SIZE = 72, /* keeps rsp a multiple of 16 */
};

/* Shared pieces of code that lie before all blocks, so that jumps to them go backward and need no list. */
enum fast_tail {
    TAIL_TRAP,
    TAIL_PANIC,
    TAIL_PAGE_FAULT,
    TAIL_HOST_CALL,
    TAIL_ECALL,
    TAIL_OUT_OF_GAS,
    TAIL_IMPLICIT_TRAP,
    TAIL_CALL_OUT,
    TAIL_DENSE_BLOCK,
    TAIL_DENSE_DEAR_BLOCK,
    TAIL_DENSE_ECALL,
    TAIL_DENSE_HOST_CALL,
    TAIL_DENSE_JUMP,
    TAIL_COUNT,
};

/* A jump whose target was not known yet: a position's block, or a panic there. */
struct fast_fixup {
    uint32_t patch;
    uint32_t pc;
};

struct fast_emit {
    uint8_t *at;
    uint8_t *base;
    const struct fast_program *program;
    const struct fast_cpu *cpu;
    struct fast_code *code;
    enum fast_flavour flavour;
    uint8_t *tail[TAIL_COUNT];
    void *lists; /* the one allocation behind the next two */
    struct fast_fixup *fixup;
    size_t fixup_count;
    struct fast_fixup *stub;
    size_t stub_count;
    uint32_t *dense; /* NULL unless the code is dense (dense.c): where the routines are that are shared */
    uint8_t *dense_jump[FAST_register_count]; /* of dense code: jumps to what a register has */
    uint32_t block_pc;                        /* of dense code: the block's, which the frame has */
};

typedef void fast_emit_fn(struct fast_emit *e, const struct fast_insn *i);

#define INSN(name, byte, form, flow) fast_emit_fn fast_emit_##name;
#include "machine/isa.def"
#undef INSN

/* The host register of a guest register. */
static const uint8_t fast_emit_register[FAST_register_count] = {
    X64_R13, X64_RBX, X64_RAX, X64_RDX, X64_R12, X64_RBP, X64_R14, X64_RDI, X64_RSI, X64_R8, X64_R9, X64_R10, X64_R11,
};

static inline enum x64_reg fast_emit_reg(uint8_t guest)
{
    return (enum x64_reg)fast_emit_register[guest];
}

/* ---- compile.c ------------------------------------------------------------------------------- */

void fast_emit_jump_to_tail(struct fast_emit *e, enum fast_tail tail);
/* This pc into the frame, unless it is there. */
void fast_emit_pc(struct fast_emit *e, uint32_t pc);
/* Leaves with the tail's exit and this pc. */
void fast_emit_exit(struct fast_emit *e, enum fast_tail tail, uint32_t pc);
/* A conditional jump to code that leaves with a panic at this pc, out of line. */
void fast_emit_panic_if(struct fast_emit *e, enum x64_condition condition, uint32_t pc);
/* Scratch holds a dynamic jump's address - 2: on to the block that the jump table has there, or to a panic. */
void fast_emit_look_up_jump(struct fast_emit *e);
/* A jump to a legal block. */
void fast_emit_goto(struct fast_emit *e, uint32_t pc);
void fast_emit_goto_if(struct fast_emit *e, enum x64_condition condition, uint32_t pc);
/* In flavours that observe it, a call out; nothing in others. */
void fast_emit_call_out(struct fast_emit *e, enum fast_site_kind kind, uint32_t pc, uint32_t next);
/* to = from, unless they are one register. */
static inline void fast_emit_move(struct fast_emit *e, enum x64_reg to, enum x64_reg from)
{
    if (to != from) {
        x64_mov(&e->at, X64_64, to, from);
    }
}

/* to = value; the flags do not survive. */
static inline void fast_emit_constant(struct fast_emit *e, enum x64_reg to, uint64_t value)
{
    if (value == 0) {
        x64_alu(&e->at, X64_32, X64_XOR, to, to);
    } else {
        x64_mov_imm(&e->at, to, value);
    }
}

/* to = 1 if the condition holds, else 0. */
static inline void fast_emit_condition(struct fast_emit *e, enum x64_condition condition, enum x64_reg to)
{
    x64_setcc(&e->at, condition, SCRATCH);
    x64_movx(&e->at, X64_32, X64_MOVZX8, to, SCRATCH);
}

/* In every flavour: the instruction is done by the host's C code. */
void fast_emit_in_c(struct fast_emit *e, uint32_t pc);

#endif
