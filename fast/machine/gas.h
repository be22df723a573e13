/*
 * The cost of a block, computed while the block is compiled.
 *
 * In: the positions of the walk of gas.md, one by one, those that are never executed too. Out: the constant that the
 * block's entry subtracts. Register 13 stands for "no register".
 */
#ifndef FAST_GAS_H
#define FAST_GAS_H

#include "machine.h"

enum fast_gas_kind { FAST_GAS_PLAIN, FAST_GAS_MEM, FAST_GAS_BRANCH, FAST_GAS_MOVE };
enum fast_gas_slot_rule { FAST_GAS_FIXED, FAST_GAS_OVERLAP, FAST_GAS_SHIFT };

/* Bits of sources and target. */
enum {
    FAST_GAS_HAS_NONE = 0,
    FAST_GAS_HAS_A = 1,
    FAST_GAS_HAS_B = 2,
    FAST_GAS_HAS_D = 4,
    FAST_GAS_HAS_AB = FAST_GAS_HAS_A | FAST_GAS_HAS_B,
    FAST_GAS_HAS_BD = FAST_GAS_HAS_B | FAST_GAS_HAS_D,
};

/*
 * The masks are all ones where a source counts, so that the others read as 0, and where memory is touched. slots_first
 * is 1 where the first number of slots always holds; otherwise it holds when both register fields are equal
 * (when_equal), or when the target is one of those sources (when_b, when_d).
 */
struct fast_gas_row {
    uint32_t a, b, d, mem;
    uint8_t kind, cycles, slots_if, slots_else, has_target, always, when_equal, when_b, when_d;
};

#define GAS(name, kind, cycles, slot_rule, slots_if, slots_else, sources, target)                                      \
    FAST_GAS_KIND_##name = FAST_GAS_##kind, FAST_GAS_CYCLES_##name = FAST_GAS_##kind == FAST_GAS_PLAIN ? cycles : 0,   \
    FAST_GAS_RULE_##name = FAST_GAS_##slot_rule, FAST_GAS_SLOTS_IF_##name = slots_if,                                  \
    FAST_GAS_SLOTS_ELSE_##name = slots_else, FAST_GAS_SOURCES_##name = FAST_GAS_HAS_##sources,                         \
    FAST_GAS_TARGET_##name = FAST_GAS_HAS_##target,
enum fast_gas_column {
#include "machine/gas.def"
};
#undef GAS

#define COLUMN(column, name) ((unsigned)FAST_GAS_##column##_##name)
#define HAS(name, field) ((COLUMN(SOURCES, name) & FAST_GAS_HAS_##field) != 0)
#define IS(name, rule) (COLUMN(RULE, name) == FAST_GAS_##rule)
#define MASK(condition) ((condition) ? UINT32_MAX : 0)
#define INSN(name, byte, form, flow)                                                                                   \
    [FAST_OPCODE_##name] = {                                                                                           \
        .a = MASK(HAS(name, A)),                                                                                       \
        .b = MASK(HAS(name, B)),                                                                                       \
        .d = MASK(HAS(name, D)),                                                                                       \
        .mem = MASK(COLUMN(KIND, name) == FAST_GAS_MEM),                                                               \
        .kind = COLUMN(KIND, name),                                                                                    \
        .cycles = COLUMN(CYCLES, name),                                                                                \
        .slots_if = COLUMN(SLOTS_IF, name),                                                                            \
        .slots_else = COLUMN(SLOTS_ELSE, name),                                                                        \
        .has_target = COLUMN(TARGET, name) == FAST_GAS_HAS_A,                                                          \
        .always = IS(name, FIXED),                                                                                     \
        .when_equal = IS(name, SHIFT),                                                                                 \
        .when_b = IS(name, OVERLAP) && HAS(name, B),                                                                   \
        .when_d = IS(name, OVERLAP) && HAS(name, D),                                                                   \
    },
static const struct fast_gas_row fast_gas_row_of[FAST_OPCODE_VALUES] = {
#include "machine/isa.def"
};
#undef INSN
#undef MASK
#undef IS
#undef HAS
#undef COLUMN

static const struct fast_gas_row fast_gas_invalid = {
    .cycles = FAST_invalid_cycles, .slots_if = FAST_invalid_slots, .slots_else = FAST_invalid_slots};

enum { FAST_GAS_NO_REGISTER = FAST_register_count }; /* what is written to it is thrown away */

struct fast_gas {
    uint32_t ready[FAST_register_count + 1];
    uint32_t cycle, used, last; /* below 2^31: make_room bounds a program (compile.c) */
};

static inline unsigned fast_gas_clamp(unsigned field)
{
    return field < FAST_register_last ? field : FAST_register_last;
}

/* gas/branch_cost */
static inline unsigned fast_gas_branch_cycles(const struct fast_program *program, uint32_t pc,
                                              const struct fast_insn *insn)
{
    struct fast_insn decoded;
    if (insn == NULL) {
        fast_isa_decode(program, pc, &decoded);
        insn = &decoded;
    }
    if (insn->target < program->code_len && fast_blob_bit(program->start, insn->target)) {
        uint8_t byte = program->code[insn->target];
        if (byte == FAST_OPCODE_trap || byte == FAST_OPCODE_unlikely) {
            return FAST_branch_cost_cold;
        }
    }
    return FAST_branch_cost_plain;
}

static inline uint32_t fast_gas_max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The next position of the walk (gas/walk). `insn` is the instruction there if it has been decoded, else NULL. */
__attribute__((always_inline)) static inline void
fast_gas_visit(struct fast_gas *gas, const struct fast_program *program, uint32_t pc, const struct fast_insn *insn)
{
    uint8_t opcode = program->code[pc];
    const struct fast_gas_row *row = fast_isa_is_opcode(opcode) ? &fast_gas_row_of[opcode] : &fast_gas_invalid;
    /* gas/fields, gas/fields/missing */
    unsigned b1 = pc + UINT64_C(1) < program->code_len ? program->code[pc + 1] : 0xcc;
    unsigned b2 = pc + UINT64_C(2) < program->code_len ? program->code[pc + 2] : 0xcc;
    unsigned a = fast_gas_clamp(b1 & 15u), b = fast_gas_clamp(b1 >> 4), d = fast_gas_clamp(b2 & 15u);
    unsigned first =
        row->always | (row->when_equal & ((b1 & 15u) == b1 >> 4)) | (row->when_b & (b == a)) | (row->when_d & (d == a));
    unsigned full = gas->used >= FAST_slots_per_cycle;
    gas->cycle += full;
    gas->used = (full != 0 ? 0 : gas->used) + (first != 0 ? row->slots_if : row->slots_else);
    if (row->kind == FAST_GAS_MOVE) {
        gas->ready[a] = gas->ready[b];
        return;
    }
    uint32_t cycles = row->cycles | (row->mem & program->mem_cycles);
    if (row->kind == FAST_GAS_BRANCH) {
        cycles = fast_gas_branch_cycles(program, pc, insn);
    }
    uint32_t sources =
        fast_gas_max(fast_gas_max(gas->ready[a] & row->a, gas->ready[b] & row->b), gas->ready[d] & row->d);
    uint32_t done = fast_gas_max(gas->cycle, sources) + cycles;
    gas->ready[row->has_target != 0 ? a : FAST_GAS_NO_REGISTER] = done;
    gas->last = fast_gas_max(gas->last, done);
}

/* gas/cost, after the last position. */
static inline uint32_t fast_gas_cost(const struct fast_gas *gas)
{
    return gas->last > FAST_cost_discount ? gas->last - FAST_cost_discount : FAST_cost_minimum;
}

#endif
