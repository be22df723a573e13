/*
 * Dense code: production code of programs that would take too much memory otherwise.
 *
 * Compiled code is several times as large as what it is made of. That of ordinary programs is six times as large; but a
 * program of one-byte instructions, each a block of its own, can be made to take sixty times its size. Such a program,
 * if it is large, is compiled so that what is repeated stands once:
 *
 *   a block's entry      call tail; word of pc and cost      the tail pays, and writes the pc into the frame
 *   an exit there        jmp tail                            the pc is known
 *   ecall, ecalli        call tail; word of pc and argument
 *   a dynamic jump       jmp tail
 *   a division           call to the same division of the same registers, which stands where it was first needed
 *
 * It is slower, and does the same.
 */
#include "dense.h"

#include <stdlib.h>

enum {
    LEAST_CODE = 1 << 16, /* a smaller program cannot take much */
    PC_BITS = 24,         /* of a word; the rest is a cost or an argument */
    COST_MAX = 255,
    SHARED = 11,
    REGISTERS = FAST_register_count,
    /* What ordinary code takes, about. */
    BLOCK_BYTES = 26,
    DIVISION_BYTES = 70,
    JUMP_BYTES = 50,
    TERMINATOR_BYTES = 26,
    OTHER_BYTES = 22,
    ADDRESS_BYTES = 4, /* of a position, in the table of blocks */
    TIMES = 20,
};

static const struct {
    uint8_t opcode;
    fast_emit_fn *emit;
} shared[SHARED] = {
    {FAST_OPCODE_div_u_32, fast_emit_div_u_32},           {FAST_OPCODE_div_s_32, fast_emit_div_s_32},
    {FAST_OPCODE_rem_u_32, fast_emit_rem_u_32},           {FAST_OPCODE_rem_s_32, fast_emit_rem_s_32},
    {FAST_OPCODE_div_u_64, fast_emit_div_u_64},           {FAST_OPCODE_div_s_64, fast_emit_div_s_64},
    {FAST_OPCODE_rem_u_64, fast_emit_rem_u_64},           {FAST_OPCODE_rem_s_64, fast_emit_rem_s_64},
    {FAST_OPCODE_mul_upper_s_s, fast_emit_mul_upper_s_s}, {FAST_OPCODE_mul_upper_u_u, fast_emit_mul_upper_u_u},
    {FAST_OPCODE_mul_upper_s_u, fast_emit_mul_upper_s_u},
};

static int shared_index(uint8_t opcode)
{
    for (int i = 0; i < SHARED; i++) {
        if (shared[i].opcode == opcode) {
            return i;
        }
    }
    return -1;
}

/* ---- whether ---------------------------------------------------------------------------------- */

static unsigned ordinary_bytes(uint8_t opcode)
{
    if (opcode == FAST_OPCODE_jump_ind || opcode == FAST_OPCODE_load_imm_jump_ind) {
        return JUMP_BYTES;
    }
    if (fast_isa_is_terminator(opcode)) {
        return TERMINATOR_BYTES;
    }
    return shared_index(opcode) >= 0 ? DIVISION_BYTES : OTHER_BYTES;
}

static uint64_t estimate(const struct fast_program *program)
{
    unsigned bytes[FAST_OPCODE_VALUES];
    for (unsigned opcode = 0; opcode < FAST_OPCODE_VALUES; opcode++) {
        bytes[opcode] = ordinary_bytes((uint8_t)opcode);
    }
    uint64_t sum = (uint64_t)ADDRESS_BYTES * program->code_len;
    for (uint64_t at = 0; at < program->code_len; at += 64) {
        sum += BLOCK_BYTES * (uint64_t)__builtin_popcountll(fast_blob_bits_64(program->block, at));
        for (uint64_t word = fast_blob_bits_64(program->start, at); word != 0; word &= word - 1) {
            uint64_t pc = at + (uint64_t)__builtin_ctzll(word);
            sum += pc < program->code_len ? bytes[program->code[pc]] : 0;
        }
    }
    return sum;
}

bool fast_dense_is_wanted(const struct fast_program *program)
{
    if (program->is_short) {
        return false;
    }
#ifdef ASSAY_SMALL
    return estimate(program) != 0 && program->code_len % 2 == 1; /* each second one, in every test */
#else
    uint64_t blob_size = (uint64_t)program->code_len + program->code_len / 8;
    return program->code_len >= LEAST_CODE && program->code_len < UINT32_C(1) << PC_BITS &&
           estimate(program) > TIMES * blob_size;
#endif
}

int fast_dense_begin(struct fast_emit *e)
{
    e->dense = calloc((size_t)SHARED * REGISTERS * REGISTERS * REGISTERS, sizeof(*e->dense));
    return e->dense == NULL ? ASSAY_ERROR_MEMORY : 0;
}

/* ---- the tails --------------------------------------------------------------------------------- */

enum { LOW_BITS = (1 << PC_BITS) - 1 };

/* rcx = where the word is that follows the call; rax = the word, and is saved. */
static void take_word(struct fast_emit *e)
{
    x64_pop(&e->at, SCRATCH);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_3, X64_RAX);
    x64_load(&e->at, X64_32, X64_RAX, SCRATCH, 0);
}

/* Out of the low bits of rax. */
static void write_pc(struct fast_emit *e)
{
    x64_alu_imm32(&e->at, X64_32, X64_AND, X64_RAX, LOW_BITS);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_PC, X64_RAX);
}

/* gas -= rax, and on behind the word; the flags outlive what is restored. */
static void pay(struct fast_emit *e, bool restores_rdx)
{
    x64_alu(&e->at, X64_64, X64_SUB, GAS, X64_RAX);
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, FRAME_SAVE_3);
    if (restores_rdx) {
        x64_load(&e->at, X64_64, X64_RDX, X64_RSP, FRAME_SAVE_4);
    }
    x64_patch(x64_jcc(&e->at, X64_BELOW), e->tail[TAIL_OUT_OF_GAS]);
    x64_lea(&e->at, X64_64, SCRATCH, SCRATCH, 4);
    x64_push(&e->at, SCRATCH);
    x64_ret(&e->at);
}

static void emit_block_tail(struct fast_emit *e)
{
    e->tail[TAIL_DENSE_BLOCK] = e->at;
    take_word(e);
    write_pc(e);
    x64_load(&e->at, X64_32, X64_RAX, SCRATCH, 0);
    x64_shift_imm(&e->at, X64_32, X64_SHR, X64_RAX, PC_BITS);
    pay(e, false);
}

/* The word is an index into a table of pc and cost. */
static void emit_dear_block_tail(struct fast_emit *e)
{
    e->tail[TAIL_DENSE_DEAR_BLOCK] = e->at;
    take_word(e);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_SAVE_4, X64_RDX);
    x64_mov_imm(&e->at, X64_RDX, (uint64_t)(uintptr_t)e->code->dear);
    x64_shift_imm(&e->at, X64_64, X64_SHL, X64_RAX, 3);
    x64_alu(&e->at, X64_64, X64_ADD, X64_RDX, X64_RAX);
    x64_load(&e->at, X64_32, X64_RAX, X64_RDX, offsetof(struct fast_dear, pc));
    x64_store(&e->at, X64_64, X64_RSP, FRAME_PC, X64_RAX);
    x64_load(&e->at, X64_32, X64_RAX, X64_RDX, offsetof(struct fast_dear, cost));
    pay(e, true);
}

static void emit_call_tail(struct fast_emit *e, enum fast_tail dense, enum fast_tail ordinary)
{
    e->tail[dense] = e->at;
    take_word(e);
    x64_shift_imm(&e->at, X64_32, X64_SAR, X64_RAX, PC_BITS);
    x64_store(&e->at, X64_64, X64_RSP, FRAME_ARGUMENT, X64_RAX);
    x64_load(&e->at, X64_32, X64_RAX, SCRATCH, 0);
    write_pc(e);
    x64_load(&e->at, X64_64, X64_RAX, X64_RSP, FRAME_SAVE_3);
    fast_emit_jump_to_tail(e, ordinary);
}

void fast_dense_emit_tails(struct fast_emit *e)
{
    emit_block_tail(e);
    emit_dear_block_tail(e);
    emit_call_tail(e, TAIL_DENSE_ECALL, TAIL_ECALL);
    emit_call_tail(e, TAIL_DENSE_HOST_CALL, TAIL_HOST_CALL);
    e->tail[TAIL_DENSE_JUMP] = e->at;
    fast_emit_look_up_jump(e);
    for (unsigned guest = 0; guest < REGISTERS; guest++) {
        e->dense_jump[guest] = e->at;
        x64_lea(&e->at, X64_32, SCRATCH, fast_emit_reg((uint8_t)guest), -FAST_jump_alignment);
        fast_emit_jump_to_tail(e, TAIL_DENSE_JUMP);
    }
}

/* ---- blocks and instructions ------------------------------------------------------------------- */

uint8_t *fast_dense_enter(struct fast_emit *e)
{
    uint8_t *patch = x64_call(&e->at);
    x64_patch(patch, e->tail[TAIL_DENSE_BLOCK]);
    x64_u32(&e->at, 0);
    return patch;
}

void fast_dense_set_cost(struct fast_emit *e, uint8_t *patch, uint32_t pc, uint32_t cost)
{
    uint32_t word = pc | cost << PC_BITS;
    if (cost > COST_MAX) {
        word = (uint32_t)e->code->dear_count++;
        e->code->dear[word] = (struct fast_dear){pc, cost};
        x64_patch(patch, e->tail[TAIL_DENSE_DEAR_BLOCK]);
    }
    memcpy(patch + 4, &word, sizeof(word));
}

bool fast_dense_emit_call(struct fast_emit *e, enum fast_tail tail, uint32_t pc, uint64_t argument)
{
    int64_t value = (int64_t)argument;
    if (e->dense == NULL || value < INT8_MIN || value > INT8_MAX) {
        return false;
    }
    x64_patch(x64_call(&e->at), e->tail[tail]);
    x64_u32(&e->at, pc | (uint32_t)(uint8_t)value << PC_BITS);
    return true;
}

bool fast_dense_emit_jump(struct fast_emit *e, uint32_t pc, uint8_t guest, uint64_t immediate)
{
    if (e->dense == NULL || immediate != 0) {
        return false;
    }
    fast_emit_pc(e, pc);
    x64_patch(x64_jmp(&e->at), e->dense_jump[guest]);
    return true;
}

/*
 * In a routine the frame is 8 bytes further up. These instructions use only its places to save registers, and those lie
 * beside each other, the argument's before them; the pc's stays.
 */
bool fast_dense_emit_shared(struct fast_emit *e, uint32_t pc, struct fast_insn *insn)
{
    int which = shared_index(e->program->code[pc]);
    if (which < 0) {
        return false;
    }
    fast_isa_decode(e->program, pc, insn);
    size_t index = (((size_t)which * REGISTERS + insn->ra) * REGISTERS + insn->rb) * REGISTERS + insn->rd;
    if (e->dense[index] == 0) {
        uint8_t *over = x64_jmp(&e->at);
        e->dense[index] = (uint32_t)(e->at - e->base);
        shared[which].emit(e, insn);
        x64_ret(&e->at);
        x64_patch(over, e->at);
    }
    x64_patch(x64_call(&e->at), e->base + e->dense[index]);
    return true;
}
