/*
 * Guest code of the kernels, one function each. A function describes its code twice: the first
 * pass finds where the labels are, the second one knows them. Each ends in a trap with the
 * result in r2.
 */
#include "bench.h"

#include <string.h>

enum { LABEL_MAX = 16, CODE_MAX = 512, TABLE_MAX = 8 };

struct assembly {
    uint8_t code[CODE_MAX];
    uint8_t start[CODE_MAX];
    size_t size;
    uint32_t label[LABEL_MAX];
    unsigned table[TABLE_MAX]; /* labels */
    size_t table_size;
};

static void put(struct assembly *assembly, enum opcode opcode, const struct operands *operands)
{
    assembly->start[assembly->size] = 1;
    assembly->size += encode(instruction_of((uint8_t)opcode), operands, assembly->code + assembly->size);
}

static void place(struct assembly *assembly, unsigned label)
{
    assembly->label[label] = (uint32_t)assembly->size;
}

static void plain(struct assembly *assembly, enum opcode opcode)
{
    put(assembly, opcode, &(struct operands){0});
}

/* d' = a op b */
static void three(struct assembly *assembly, enum opcode opcode, uint8_t d, uint8_t a, uint8_t b)
{
    put(assembly, opcode, &(struct operands){.lo = a, .hi = b, .third = d});
}

/* Two registers and an immediate; for the formats with one register `hi` is 0. */
static void immediate(struct assembly *assembly, enum opcode opcode, uint8_t lo, uint8_t hi, uint64_t x)
{
    put(assembly, opcode, &(struct operands){.lo = lo, .hi = hi, .x = x, .x_size = 4});
}

static uint64_t distance(const struct assembly *assembly, unsigned label)
{
    return (uint64_t)assembly->label[label] - assembly->size;
}

static void branch(struct assembly *assembly, enum opcode opcode, uint8_t lo, uint8_t hi, unsigned label)
{
    put(assembly, opcode, &(struct operands){.lo = lo, .hi = hi, .y = distance(assembly, label), .y_size = 2});
}

static void branch_immediate(struct assembly *assembly, enum opcode opcode, uint8_t lo, uint64_t x, unsigned label)
{
    put(assembly, opcode,
        &(struct operands){.lo = lo, .x = x, .x_size = 1, .y = distance(assembly, label), .y_size = 2});
}

typedef void describe_fn(struct assembly *assembly);

static struct bytes build(struct arena *arena, describe_fn *describe)
{
    struct assembly *assembly = arena_take(arena, sizeof *assembly);
    uint32_t table[TABLE_MAX];
    describe(assembly);
    assembly->size = assembly->table_size = 0;
    describe(assembly);
    for (size_t i = 0; i < assembly->table_size; i++) {
        table[i] = assembly->label[assembly->table[i]];
    }
    return encode_blob(arena, assembly->code, assembly->start, assembly->size, table, assembly->table_size, 2);
}

static void describe_arithmetic(struct assembly *a)
{
    immediate(a, OP_load_imm, 1, 0, ARITHMETIC_ROUNDS);
    immediate(a, OP_load_imm, 2, 0, 1);
    immediate(a, OP_load_imm, 3, 0, 0x1234567);
    plain(a, OP_fallthrough);
    place(a, 0);
    three(a, OP_add_64, 2, 2, 3);
    three(a, OP_xor, 4, 4, 2);
    immediate(a, OP_mul_imm_64, 5, 4, 0x01000193);
    three(a, OP_sub_64, 3, 3, 5);
    immediate(a, OP_shlo_r_imm_64, 6, 5, 7);
    three(a, OP_add_64, 2, 2, 6);
    three(a, OP_and_inv, 7, 2, 5);
    three(a, OP_or, 4, 4, 7);
    immediate(a, OP_add_imm_64, 1, 1, UINT64_MAX);
    branch_immediate(a, OP_branch_ne_imm, 1, 0, 0);
    plain(a, OP_trap);
}

/* r1 rounds left, r3 i, r4 j, r5 the size, r6 a byte, r7 an address, r8 one */
static void describe_sieve(struct assembly *a)
{
    immediate(a, OP_load_imm, 1, 0, SIEVE_ROUNDS);
    immediate(a, OP_load_imm, 5, 0, SIEVE_SIZE);
    immediate(a, OP_load_imm, 8, 0, 1);
    plain(a, OP_fallthrough);
    place(a, 0); /* clear all bytes */
    immediate(a, OP_load_imm, 4, 0, 0);
    plain(a, OP_fallthrough);
    place(a, 1);
    immediate(a, OP_store_ind_u64, 9, 4, BENCH_ADDRESS);
    immediate(a, OP_add_imm_64, 4, 4, 8);
    branch(a, OP_branch_lt_u, 4, 5, 1);
    immediate(a, OP_load_imm, 3, 0, 2);
    plain(a, OP_fallthrough);
    place(a, 2); /* strike out the multiples of each prime */
    immediate(a, OP_load_ind_u8, 6, 3, BENCH_ADDRESS);
    branch_immediate(a, OP_branch_ne_imm, 6, 0, 4);
    three(a, OP_mul_64, 4, 3, 3);
    branch(a, OP_branch_ge_u, 4, 5, 4);
    place(a, 3);
    immediate(a, OP_store_ind_u8, 8, 4, BENCH_ADDRESS);
    three(a, OP_add_64, 4, 4, 3);
    branch(a, OP_branch_lt_u, 4, 5, 3);
    place(a, 4);
    immediate(a, OP_add_imm_64, 3, 3, 1);
    three(a, OP_mul_64, 7, 3, 3);
    branch(a, OP_branch_lt_u, 7, 5, 2);
    immediate(a, OP_load_imm, 3, 0, 2);
    plain(a, OP_fallthrough);
    place(a, 5); /* count what is left */
    immediate(a, OP_load_ind_u8, 6, 3, BENCH_ADDRESS);
    three(a, OP_add_64, 2, 2, 8);
    three(a, OP_sub_64, 2, 2, 6);
    immediate(a, OP_add_imm_64, 3, 3, 1);
    branch(a, OP_branch_lt_u, 3, 5, 5);
    immediate(a, OP_add_imm_64, 1, 1, UINT64_MAX);
    branch_immediate(a, OP_branch_ne_imm, 1, 0, 0);
    plain(a, OP_trap);
}

static void describe_copy(struct assembly *a)
{
    immediate(a, OP_load_imm, 1, 0, COPY_ROUNDS);
    immediate(a, OP_load_imm, 5, 0, COPY_SIZE);
    plain(a, OP_fallthrough);
    place(a, 0);
    immediate(a, OP_load_imm, 3, 0, 0);
    plain(a, OP_fallthrough);
    place(a, 1);
    for (unsigned i = 0; i < 4; i++) {
        immediate(a, OP_load_ind_u64, 6, 3, BENCH_ADDRESS + 8 * i);
        immediate(a, OP_store_ind_u64, 6, 3, BENCH_ADDRESS + COPY_SIZE + 8 * i);
    }
    three(a, OP_add_64, 2, 2, 6);
    immediate(a, OP_add_imm_64, 3, 3, 32);
    branch(a, OP_branch_lt_u, 3, 5, 1);
    immediate(a, OP_add_imm_64, 1, 1, UINT64_MAX);
    branch_immediate(a, OP_branch_ne_imm, 1, 0, 0);
    plain(a, OP_trap);
}

/* One quarter of a round on four 32-bit words. */
static void describe_quarter(struct assembly *a, uint8_t target, uint8_t other, uint8_t mixed, unsigned right)
{
    three(a, OP_add_32, target, target, other);
    three(a, OP_xor, mixed, mixed, target);
    immediate(a, OP_rot_r_32_imm, mixed, mixed, right);
}

static void describe_hash(struct assembly *a)
{
    immediate(a, OP_load_imm, 1, 0, HASH_ROUNDS);
    immediate(a, OP_load_imm, 2, 0, 0x61707865);
    immediate(a, OP_load_imm, 3, 0, 0x3320646e);
    immediate(a, OP_load_imm, 4, 0, 0x79622d32);
    immediate(a, OP_load_imm, 5, 0, 0x6b206574);
    plain(a, OP_fallthrough);
    place(a, 0);
    describe_quarter(a, 2, 3, 5, 16);
    describe_quarter(a, 4, 5, 3, 20);
    describe_quarter(a, 2, 3, 5, 24);
    describe_quarter(a, 4, 5, 3, 25);
    immediate(a, OP_add_imm_64, 1, 1, UINT64_MAX);
    branch_immediate(a, OP_branch_ne_imm, 1, 0, 0);
    plain(a, OP_trap);
}

/*
 * Table: 0 the way back into the loop, 1..4 functions, 5 the way back from a direct call. r0 is
 * the return address, r4 selects a function.
 */
static void describe_calls(struct assembly *a)
{
    static const enum opcode body[4] = {OP_add_64, OP_xor, OP_sub_64, OP_xnor};
    immediate(a, OP_load_imm, 1, 0, CALL_ROUNDS);
    immediate(a, OP_load_imm, 3, 0, 0x9e3779b);
    plain(a, OP_fallthrough);
    place(a, 0);
    immediate(a, OP_and_imm, 4, 1, 3);
    immediate(a, OP_shlo_l_imm_64, 4, 4, 1);
    put(a, OP_load_imm_jump_ind, &(struct operands){.lo = 0, .hi = 4, .x = 2, .x_size = 1, .y = 4, .y_size = 1});
    place(a, 1);
    put(a, OP_load_imm_jump, &(struct operands){.lo = 0, .x = 12, .x_size = 1, .y = distance(a, 3), .y_size = 2});
    place(a, 2);
    immediate(a, OP_add_imm_64, 1, 1, UINT64_MAX);
    branch_immediate(a, OP_branch_ne_imm, 1, 0, 0);
    plain(a, OP_trap);
    for (unsigned i = 0; i < 4; i++) {
        place(a, 3 + i);
        three(a, body[i], 2, 2, 3);
        three(a, OP_add_64, 3, 3, 1);
        put(a, OP_jump_ind, &(struct operands){.lo = 0});
    }
    static const unsigned table[] = {1, 3, 4, 5, 6, 2};
    a->table_size = sizeof table / sizeof *table;
    memcpy(a->table, table, sizeof table);
}

static void describe_host_calls(struct assembly *a)
{
    plain(a, OP_fallthrough);
    place(a, 0);
    put(a, OP_ecalli, &(struct operands){.x = 7, .x_size = 1});
    immediate(a, OP_add_imm_64, 2, 2, 1);
    put(a, OP_jump, &(struct operands){.y = distance(a, 0), .y_size = 2});
}

static struct bytes build_arithmetic(struct arena *arena)
{
    return build(arena, describe_arithmetic);
}

static struct bytes build_sieve(struct arena *arena)
{
    return build(arena, describe_sieve);
}

static struct bytes build_copy(struct arena *arena)
{
    return build(arena, describe_copy);
}

static struct bytes build_hash(struct arena *arena)
{
    return build(arena, describe_hash);
}

static struct bytes build_calls(struct arena *arena)
{
    return build(arena, describe_calls);
}

static struct bytes build_host_calls(struct arena *arena)
{
    return build(arena, describe_host_calls);
}

const struct kernel kernel_table[KERNEL_COUNT] = {
    {"arithmetic", "instruction", 1, 0, build_arithmetic, native_arithmetic},
    {"sieve", "instruction", SIEVE_SIZE / ASSAY_PAGE_SIZE, 0, build_sieve, native_sieve},
    {"copy", "instruction", 2 * COPY_SIZE / ASSAY_PAGE_SIZE, 0, build_copy, native_copy},
    {"hash", "instruction", 1, 0, build_hash, native_hash},
    {"calls", "instruction", 1, 0, build_calls, native_calls},
    {"host_calls", "round trip", 1, HOST_ROUNDS, build_host_calls, native_host_calls},
};

void kernel_fill_memory(uint8_t *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        memory[i] = (uint8_t)(i * 7 + i / 256);
    }
}

/* How often each instruction stands in a hundred of compiled code, roughly. */
static const struct {
    uint8_t byte, weight;
} usual[] = {
    {OP_add_imm_64, 18},
    {OP_load_ind_u64, 9},
    {OP_move_reg, 9},
    {OP_add_64, 8},
    {OP_store_ind_u64, 7},
    {OP_load_imm, 6},
    {OP_add_imm_32, 5},
    {OP_load_ind_u8, 4},
    {OP_load_ind_u32, 4},
    {OP_branch_ne, 4},
    {OP_branch_eq_imm, 4},
    {OP_branch_ne_imm, 3},
    {OP_jump, 3},
    {OP_branch_lt_u, 3},
    {OP_xor, 3},
    {OP_and_imm, 3},
    {OP_or, 2},
    {OP_store_ind_u32, 2},
    {OP_store_ind_u8, 1},
    {OP_shlo_l_imm_64, 1},
    {OP_mul_64, 1},
};

static const struct instruction *draw(uint64_t random, bool any)
{
    if (any) {
        return &instruction_table[random % INSTRUCTION_COUNT];
    }
    uint64_t at = random % 100;
    size_t i = 0;
    while (at >= usual[i].weight) {
        at -= usual[i++].weight;
    }
    return instruction_of(usual[i].byte);
}

/* Jumps go to what follows them: always a block, so the program is as legal as a compiler's. */
struct bytes kernel_compile_program(struct arena *arena, size_t count, bool any)
{
    size_t room = count * ENCODED_MAX + ENCODED_MAX, size = 0;
    uint8_t *code = arena_take(arena, room), *start = arena_take(arena, room);
    uint64_t random = 12345;
    for (size_t i = 0; i + 1 < count; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        const struct instruction *instruction = draw(random >> 33, any);
        struct operands operands = {.lo = (uint8_t)((random >> 20) % 13),
                                    .hi = (uint8_t)((random >> 24) % 13),
                                    .third = (uint8_t)((random >> 28) % 13),
                                    .x = random >> 13,
                                    .x_size = 4,
                                    .y_size = 4};
        operands.y = encode(instruction, &operands, code + size);
        start[size] = 1;
        size += encode(instruction, &operands, code + size);
    }
    start[size] = 1;
    code[size++] = OP_trap;
    return encode_blob(arena, code, start, size, NULL, 0, 1);
}
