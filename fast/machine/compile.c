/*
 * Compilation: one pass over the start bits, in code order.
 *
 *   [ entry | tails | call-out | block block block ... | stubs ]
 *
 * In: a program and a flavour. Out: sealed host code with the host address of every block. Each block begins with
 * `sub gas, cost; jb stub`. Falling through in the guest is falling through here: nothing is emitted between an
 * instruction and its successor. What rarely happens, paying with too little gas or jumping to an illegal target, is
 * a stub behind all blocks that says which pc it was.
 *
 * Invariant: between guest instructions every guest register is in its host register and gas is in r15, so an exit
 * or a fault anywhere has the exact state at hand.
 */
#include "dense.h"
#include "form.h"
#include "gas.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Upper bounds of emitted bytes: for the part before the blocks, and for a position with everything behind it. */
    PROLOGUE_BYTES = 4096,
    LARGE_CODE = 1 << 20, /* its tables are fresh memory each time, of which little may be needed */
    POSITION_BYTES = 112,
    SITES_EACH = 3,      /* calls out, at most, of an instruction with its block's entry */
    FAULTS_EACH = 2,     /* entries of the fault map, at most, for an instruction */
    OBSERVED_BYTES = 16, /* more of it, with calls out */
    STUB_BYTES = 13,     /* of them, behind all blocks: a block's way out of gas, or a panic */
    ENTRY_COST = 3,      /* where a block's entry has its cost */
    ENTRY_PATCH = 9,     /* where a block's entry has the distance of its jump out */
    CONTEXT_REG = offsetof(struct fast_context, reg),
    CONTEXT_GAS = offsetof(struct fast_context, gas),
    STATE_REG = offsetof(struct assay_state, reg),
    STATE_GAS = offsetof(struct assay_state, gas),
    STATE_PC = offsetof(struct assay_state, pc),
    STOP_STATE = offsetof(struct assay_stop, state),
    STOP_ARGUMENT = offsetof(struct assay_stop, argument),
    CONTEXT_JUMP = offsetof(struct fast_context, jump),
    CONTEXT_DYNAMIC_INDEX = offsetof(struct fast_context, dynamic_index),
};

/* Decodes the instruction at pc, whose opcode is known, and emits it. */
typedef void compile_fn(struct fast_emit *e, uint32_t pc, struct fast_insn *insn);

#define INSN(name, byte, format, flow)                                                                                 \
    static void compile_##name(struct fast_emit *e, uint32_t pc, struct fast_insn *insn)                               \
    {                                                                                                                  \
        fast_form_decode((struct fast_form)FAST_FORM_##format, e->program, pc, insn);                                  \
        fast_emit_##name(e, insn);                                                                                     \
    }
#include "machine/isa.def"
#undef INSN

#define INSN(name, byte, form, flow) [FAST_OPCODE_##name] = compile_##name,
static compile_fn *const compile_of[FAST_OPCODE_VALUES] = {
#include "machine/isa.def"
};
#undef INSN

/* ---- exits and jumps ------------------------------------------------------------------------- */

void fast_emit_jump_to_tail(struct fast_emit *e, enum fast_tail tail)
{
    x64_patch(x64_jmp(&e->at), e->tail[tail]);
}

void fast_emit_pc(struct fast_emit *e, uint32_t pc)
{
    if (e->dense == NULL || e->block_pc != pc) {
        x64_store_imm(&e->at, X64_RSP, FRAME_PC, pc);
    }
}

void fast_emit_exit(struct fast_emit *e, enum fast_tail tail, uint32_t pc)
{
    fast_emit_pc(e, pc);
    fast_emit_jump_to_tail(e, tail);
}

void fast_emit_panic_if(struct fast_emit *e, enum x64_condition condition, uint32_t pc)
{
    uint8_t *patch = x64_jcc(&e->at, condition);
    if (e->dense != NULL && e->block_pc == pc) {
        x64_patch(patch, e->tail[TAIL_PANIC]);
        return;
    }
    e->stub[e->stub_count++] = (struct fast_fixup){(uint32_t)(patch - e->base), pc};
}

static void link_to(struct fast_emit *e, uint8_t *patch, uint32_t pc)
{
    if (e->code->native[pc] != 0) {
        x64_patch(patch, e->base + e->code->native[pc]);
    } else {
        e->fixup[e->fixup_count++] = (struct fast_fixup){(uint32_t)(patch - e->base), pc};
    }
}

void fast_emit_goto(struct fast_emit *e, uint32_t pc)
{
    link_to(e, x64_jmp(&e->at), pc);
}

void fast_emit_goto_if(struct fast_emit *e, enum x64_condition condition, uint32_t pc)
{
    link_to(e, x64_jcc(&e->at, condition), pc);
}

/* ---- calls out ------------------------------------------------------------------------------- */

static void call_out(struct fast_emit *e, enum fast_site_kind kind, uint32_t pc, uint32_t next)
{
    x64_mov_imm(&e->at, SCRATCH, e->code->site_count);
    x64_patch(x64_call(&e->at), e->tail[TAIL_CALL_OUT]);
    uint32_t after = (uint32_t)(e->at - e->base);
    e->code->site[e->code->site_count++] = (struct fast_site){pc, next, after, kind};
}

void fast_emit_call_out(struct fast_emit *e, enum fast_site_kind kind, uint32_t pc, uint32_t next)
{
    enum fast_flavour least = kind == FAST_SITE_BLOCK ? FAST_BLOCKS : FAST_INSTRUCTIONS;
    if (e->flavour >= least) {
        call_out(e, kind, pc, next);
    }
}

void fast_emit_in_c(struct fast_emit *e, uint32_t pc)
{
    call_out(e, FAST_SITE_IN_C, pc, pc);
}

/* ---- the part before the blocks -------------------------------------------------------------- */

static const enum x64_reg callee_saved[] = {X64_RBX, X64_RBP, X64_R12, X64_R13, X64_R14, X64_R15};
enum { CALLEE_SAVED_COUNT = sizeof(callee_saved) / sizeof(callee_saved[0]) };

/* rcx points to registers and gas at these distances: in the context, or in the caller's records. */
static void load_guest(struct fast_emit *e, int32_t reg, int32_t gas)
{
    for (int r = 0; r < FAST_register_count; r++) {
        x64_load(&e->at, X64_64, fast_emit_reg((uint8_t)r), X64_RCX, reg + 8 * r);
    }
    x64_load(&e->at, X64_64, GAS, X64_RCX, gas);
}

static void store_guest(struct fast_emit *e, int32_t reg, int32_t gas)
{
    for (int r = 0; r < FAST_register_count; r++) {
        x64_store(&e->at, X64_64, X64_RCX, reg + 8 * r, fast_emit_reg((uint8_t)r));
    }
    x64_store(&e->at, X64_64, X64_RCX, gas, GAS);
}

/* uint32_t entry(context rdi, where to go rsi, state rdx, stop rcx): the start of the arena. */
static void emit_entry(struct fast_emit *e)
{
    for (int i = 0; i < CALLEE_SAVED_COUNT; i++) {
        x64_push(&e->at, callee_saved[i]);
    }
    x64_alu_imm(&e->at, X64_64, X64_SUB, X64_RSP, FRAME_SIZE);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_CONTEXT, X64_RDI);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_1, X64_RSI);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_STOP, X64_RCX);
    x64_load(&e->at, X64_64, X64_RCX, X64_RDI, CONTEXT_JUMP);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_JUMP, X64_RCX);
    x64_mov(&e->at, X64_64, X64_RCX, X64_RDX);
    load_guest(e, STATE_REG, STATE_GAS);
    x64_jmp_mem(&e->at, X64_RSP, FRAME_SAVE_1);
}

/* Returns to the caller; eax is the exit already. */
static void emit_return(struct fast_emit *e)
{
    x64_alu_imm(&e->at, X64_64, X64_ADD, X64_RSP, FRAME_SIZE);
    for (int i = CALLEE_SAVED_COUNT - 1; i >= 0; i--) {
        x64_pop(&e->at, callee_saved[i]);
    }
    x64_ret(&e->at);
}

/* One exit: everything into the stop record, then back. */
static void emit_leave(struct fast_emit *e, enum assay_exit exit, bool has_argument)
{
    x64_load(&e->at, X64_64, X64_RCX, X64_RSP, FRAME_STOP);
    store_guest(e, STOP_STATE + STATE_REG, STOP_STATE + STATE_GAS);
    x64_load(&e->at, X64_32, X64_RAX, X64_RSP, FRAME_PC);
    x64_store(&e->at, X64_64, X64_RCX, STOP_STATE + STATE_PC, X64_RAX);
    if (has_argument) {
        x64_load(&e->at, X64_32, X64_RAX, X64_RSP, FRAME_ARGUMENT);
        x64_store(&e->at, X64_32, X64_RCX, STOP_ARGUMENT, X64_RAX);
    } else {
        x64_store_imm(&e->at, X64_RCX, STOP_ARGUMENT, 0);
    }
    x64_mov_imm(&e->at, X64_RAX, exit);
    emit_return(e);
}

/* The gas that was too little is in r15 as a wrapped difference; it becomes 0 (gas/out_of_gas), but for who needs it.
 */
static void emit_out_of_gas(struct fast_emit *e)
{
    x64_load(&e->at, X64_64, X64_RCX, X64_RSP, FRAME_CONTEXT);
    x64_store(&e->at, X64_64, X64_RCX, CONTEXT_GAS, GAS);
    x64_alu(&e->at, X64_32, X64_XOR, GAS, GAS);
    emit_leave(e, ASSAY_EXIT_OUT_OF_GAS, false);
}

/* isa/implicit_trap, gas/implicit_trap */
static void emit_implicit_trap(struct fast_emit *e)
{
    x64_store_imm(&e->at, X64_RSP, FRAME_PC, e->program->code_len);
    x64_alu_imm(&e->at, X64_64, X64_SUB, GAS, FAST_implicit_trap_cost);
    x64_patch(x64_jcc(&e->at, X64_BELOW), e->tail[TAIL_OUT_OF_GAS]);
    fast_emit_jump_to_tail(e, TAIL_TRAP);
}

/*
 * A call out: the site's index is in rcx, the return address on the stack, so that the frame is 8 bytes further up.
 * fast_call_out_handle may change guest registers in the context, and may ask to stop: then the machine is resumed at
 * the return address.
 */
static void emit_call_out_tail(struct fast_emit *e)
{
    enum { UP = 8 };
    x64_store(&e->at, X64_64, X64_RSP, UP + FRAME_SAVE_1, X64_RCX);
    x64_load(&e->at, X64_64, X64_RCX, X64_RSP, UP + FRAME_CONTEXT);
    store_guest(e, CONTEXT_REG, CONTEXT_GAS);
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, UP + FRAME_SAVE_2);
    x64_store(&e->at, X64_64, X64_RCX, CONTEXT_DYNAMIC_INDEX, X64_RAX);
    x64_mov(&e->at, X64_64, X64_RDI, X64_RCX);
    x64_load(&e->at, X64_64, X64_RSI, X64_RSP, UP + FRAME_SAVE_1);
    x64_load(&e->at, X64_64, X64_RDX, X64_RSP, 0);
    x64_alu_imm(&e->at, X64_64, X64_SUB, X64_RSP, 8);
    x64_mov_imm(&e->at, X64_RAX, (uint64_t)(uintptr_t)fast_call_out_handle);
    x64_call_reg(&e->at, X64_RAX);
    x64_alu_imm(&e->at, X64_64, X64_ADD, X64_RSP, 8);
    x64_test(&e->at, X64_32, X64_RAX, X64_RAX);
    uint8_t *stop = x64_jcc_short(&e->at, X64_NOT_EQUAL);
    x64_load(&e->at, X64_64, X64_RCX, X64_RSP, UP + FRAME_CONTEXT);
    load_guest(e, CONTEXT_REG, CONTEXT_GAS);
    x64_ret(&e->at);
    x64_patch_short(stop, e->at);
    x64_alu_imm(&e->at, X64_64, X64_ADD, X64_RSP, 8);
    x64_mov_imm(&e->at, X64_RAX, ASSAY_EXIT_STOPPED);
    emit_return(e);
}

/* Where the host will execute what is written at that offset. */
static uint64_t executed_at(const struct fast_emit *e, uint32_t offset)
{
    return (uint64_t)(uintptr_t)(e->code->arena.base + offset);
}

static void emit_prologue(struct fast_emit *e)
{
    static const struct {
        enum fast_tail tail;
        enum assay_exit exit;
        bool has_argument;
    } leave[] = {
        {TAIL_TRAP, ASSAY_EXIT_TRAP, false},
        {TAIL_PANIC, ASSAY_EXIT_PANIC, false},
        {TAIL_PAGE_FAULT, ASSAY_EXIT_PAGE_FAULT, true},
        {TAIL_HOST_CALL, ASSAY_EXIT_HOST_CALL, true},
        {TAIL_ECALL, ASSAY_EXIT_ECALL, false},
    };
    emit_entry(e);
    for (size_t i = 0; i < sizeof(leave) / sizeof(leave[0]); i++) {
        e->tail[leave[i].tail] = e->at;
        emit_leave(e, leave[i].exit, leave[i].has_argument);
    }
    e->tail[TAIL_OUT_OF_GAS] = e->at;
    emit_out_of_gas(e);
    e->tail[TAIL_IMPLICIT_TRAP] = e->at;
    emit_implicit_trap(e);
    e->tail[TAIL_CALL_OUT] = e->at;
    emit_call_out_tail(e);
    if (e->dense != NULL) {
        fast_dense_emit_tails(e);
    }
    e->code->fault_exit = (uint32_t)(e->tail[TAIL_PAGE_FAULT] - e->base);
    e->code->bad_jump = executed_at(e, (uint32_t)(e->tail[TAIL_PANIC] - e->base));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* gas/block/charged_on_entry; returns where the cost stands, which is known only at the block's end. */
static uint8_t *emit_block_entry(struct fast_emit *e, uint32_t pc)
{
    e->code->native[pc] = (uint32_t)(e->at - e->base);
    e->block_pc = pc;
    if (e->dense != NULL) {
        return fast_dense_enter(e);
    }
    x64_alu_imm32(&e->at, X64_64, X64_SUB, GAS, 0);
    uint8_t *cost = e->at - 4;
    x64_jcc(&e->at, X64_BELOW);
    fast_emit_call_out(e, FAST_SITE_BLOCK, pc, pc);
    return cost;
}

/* One instruction; false when the guest does not flow on from it. */
static bool emit_instruction(struct fast_emit *e, uint32_t pc, struct fast_insn *insn)
{
    if (e->dense == NULL || !fast_dense_emit_shared(e, pc, insn)) {
        compile_of[e->program->code[pc]](e, pc, insn);
    }
    bool goes_on = !fast_isa_is_terminator(insn->opcode) || fast_isa_falls_through(insn->opcode);
    if (goes_on) {
        fast_emit_call_out(e, FAST_SITE_INSTRUCTION, insn->pc, insn->npc);
    }
    if (!fast_isa_is_executable(e->program, insn->npc)) {
        fast_emit_jump_to_tail(e, TAIL_IMPLICIT_TRAP);
        return false;
    }
    return true;
}

/* Small builds prove in every test that the bounds hold, for each instruction with the stubs behind all blocks. */
static void need_room(const struct fast_emit *e, const uint8_t *before, size_t stubs_before)
{
#ifdef ASSAY_SMALL
    ptrdiff_t bound = POSITION_BYTES + (e->flavour == FAST_PRODUCTION ? 0 : OBSERVED_BYTES);
    ptrdiff_t stubs = STUB_BYTES * (ptrdiff_t)(1 + e->stub_count - stubs_before);
    if (e->at - before + stubs > bound) {
        abort();
    }
#else
    (void)e;
    (void)before;
    (void)stubs_before;
#endif
}

/*
 * A block with its cost, up to the next position of P, which begins the code that is emitted next. The walk of the cost
 * goes on where no code is emitted, behind an instruction that nothing executable follows.
 */
static int emit_block(struct fast_emit *e, uint32_t pc)
{
    const struct fast_program *program = e->program;
    struct fast_gas gas = {.cycle = 0};
    const uint8_t *before = e->at;
    size_t stubs = e->stub_count;
    uint8_t *place = emit_block_entry(e, pc);
    bool flows = true;
    do {
        if (flows) {
            struct fast_insn insn;
            flows = emit_instruction(e, pc, &insn);
            need_room(e, before, stubs);
            before = e->at;
            stubs = e->stub_count;
            fast_gas_visit(&gas, program, pc, &insn);
            pc = insn.npc;
        } else {
            fast_gas_visit(&gas, program, pc, NULL);
            pc = fast_isa_next(program, pc);
        }
    } while (pc < program->code_len && !fast_blob_bit(program->in_p, pc));
    uint32_t cost = fast_gas_cost(&gas);
    if (e->dense != NULL) {
        fast_dense_set_cost(e, place, e->block_pc, cost);
    } else {
        memcpy(place, &cost, 4);
    }
    return cost <= INT32_MAX ? 0 : ASSAY_ERROR_MEMORY; /* only a program beyond make_room's bound gets there */
}

typedef int block_fn(struct fast_emit *e, uint32_t pc);

/* In code order. Positions of E outside all blocks are left out: nothing reaches them. */
static int each_block(struct fast_emit *e, block_fn *visit)
{
    for (uint64_t at = 0; at < e->program->code_len; at += 64) {
        for (uint64_t word = fast_blob_bits_64(e->program->block, at); word != 0; word &= word - 1) {
            int error = visit(e, (uint32_t)(at + (uint64_t)__builtin_ctzll(word)));
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

/* Where a block goes that was paid with too little. */
static int emit_out_of_gas_stub(struct fast_emit *e, uint32_t pc)
{
    x64_patch(e->base + e->code->native[pc] + ENTRY_PATCH, e->at);
    fast_emit_exit(e, TAIL_OUT_OF_GAS, pc);
    return 0;
}

static void emit_stubs(struct fast_emit *e)
{
    if (e->dense == NULL) {
        each_block(e, emit_out_of_gas_stub);
    }
    e->block_pc = UINT32_MAX; /* outside all */
    for (size_t i = 0; i < e->stub_count; i++) {
        const struct fast_fixup *stub = &e->stub[i];
        x64_patch(e->base + stub->patch, e->at);
        fast_emit_exit(e, TAIL_PANIC, stub->pc);
    }
}

static void link_all(struct fast_emit *e)
{
    for (size_t i = 0; i < e->fixup_count; i++) {
        const struct fast_fixup *fixup = &e->fixup[i];
        x64_patch(e->base + fixup->patch, e->base + e->code->native[fixup->pc]);
    }
    for (uint32_t i = 0; i < e->program->jump_len; i++) {
        uint32_t target = e->program->jump_target[i];
        bool legal = fast_isa_begins_block(e->program, target);
        e->code->jump[i] = legal ? executed_at(e, e->code->native[target]) : e->code->bad_jump;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static size_t rounded(size_t size)
{
    return (size + 15) / 16 * 16;
}

void fast_compile_discard(struct fast_code *code)
{
    if (code->arena.base != NULL) {
        fast_arena_give_back(&code->arena);
    }
    free(code->tables);
    *code = (struct fast_code){.used = 0};
}

size_t fast_compile_size(const struct fast_program *program, const struct fast_code *code)
{
    return code->arena.touched + program->code_len * sizeof(*code->native) + program->jump_len * sizeof(*code->jump) +
           code->fault_count * sizeof(*code->fault) + code->site_count * sizeof(*code->site) +
           code->dear_count * sizeof(*code->dear);
}

uint32_t fast_compile_cost(const struct fast_code *code, uint32_t pc)
{
    uint32_t cost;
    memcpy(&cost, code->arena.base + code->native[pc] + ENTRY_COST, sizeof(cost));
    return cost;
}

/* A table of `count` entries in `memory`, behind what has been taken of it. */
static void *take_table(void *memory, size_t *taken, size_t count, size_t entry)
{
    void *table = (uint8_t *)memory + *taken;
    *taken += rounded(count * entry);
    return table;
}

/*
 * Tables that the code needs, of no more entries than there can be: memory that is never touched costs nothing.
 * Addresses of blocks begin as zeros.
 */
static int make_tables(const struct fast_emit *e, size_t sites)
{
    struct fast_code *code = e->code;
    size_t positions = (size_t)e->program->code_len + 1, jumps = e->program->jump_len;
    size_t dear = e->dense == NULL ? 0 : e->program->start_count;
    size_t faults = FAULTS_EACH * (size_t)e->program->start_count, taken = 0;
    size_t size = rounded(positions * sizeof(*code->native)) + rounded(jumps * sizeof(*code->jump)) +
                  rounded(faults * sizeof(*code->fault)) + rounded(sites * sizeof(*code->site)) +
                  rounded(dear * sizeof(*code->dear)) + 1;
    bool is_large = positions > LARGE_CODE;
    code->tables = is_large ? calloc(1, size) : malloc(size);
    if (code->tables == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    code->native = take_table(code->tables, &taken, positions, sizeof(*code->native));
    if (!is_large) {
        memset(code->native, 0, positions * sizeof(*code->native));
    }
    code->jump = take_table(code->tables, &taken, jumps, sizeof(*code->jump));
    code->fault = take_table(code->tables, &taken, faults, sizeof(*code->fault));
    code->site = take_table(code->tables, &taken, sites, sizeof(*code->site));
    code->dear = take_table(code->tables, &taken, dear, sizeof(*code->dear));
    return 0;
}

/* What only the compilation needs. */
static int make_lists(struct fast_emit *e)
{
    size_t starts = e->program->start_count, stubs = starts, taken = 0;
    e->lists = malloc(rounded(starts * sizeof(*e->fixup)) + rounded(stubs * sizeof(*e->stub)) + 1);
    if (e->lists == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    e->fixup = take_table(e->lists, &taken, starts, sizeof(*e->fixup));
    e->stub = take_table(e->lists, &taken, stubs, sizeof(*e->stub));
    return 0;
}

/* Room for the most that can be emitted. */
static int make_room(struct fast_emit *e)
{
    bool observed = e->flavour != FAST_PRODUCTION || !e->cpu->popcnt || !e->cpu->lzcnt || !e->cpu->bmi1;
    size_t starts = e->program->start_count, sites = observed ? SITES_EACH * starts : 0;
    size_t each = observed ? POSITION_BYTES + OBSERVED_BYTES : POSITION_BYTES, bytes = PROLOGUE_BYTES + starts * each;
    if (bytes > INT32_MAX) {
        return ASSAY_ERROR_MEMORY; /* beyond the reach of a jump */
    }
    int error = make_tables(e, sites);
    error = error == 0 ? make_lists(e) : error;
    return error == 0 ? fast_arena_take(bytes, &e->code->arena) : error;
}

static int emit_all(struct fast_emit *e)
{
    e->at = e->base = e->code->arena.write;
    emit_prologue(e);
    int error = each_block(e, emit_block);
    if (error == 0) {
        emit_stubs(e);
        link_all(e);
        e->code->used = (size_t)(e->at - e->base);
        error = fast_arena_seal(&e->code->arena, e->code->used);
    }
    return error;
}

int fast_compile_program(const struct fast_program *program, enum fast_flavour flavour, struct fast_code *code)
{
    *code = (struct fast_code){.used = 0};
    struct fast_emit e = {.program = program, .cpu = fast_cpu_ask(), .code = code, .flavour = flavour};
    int error = flavour == FAST_PRODUCTION && fast_dense_is_wanted(program) ? fast_dense_begin(&e) : 0;
    if (error == 0) {
        error = make_room(&e);
    }
    if (error == 0) {
        error = emit_all(&e);
    }
    free(e.lists);
    free(e.dense);
    if (error != 0) {
        fast_compile_discard(code);
    }
    return error;
}
