/*
 * The cost of a block, computed while the block is compiled.
 *
 * In: the positions of the walk of gas.md, one by one, those that are never executed too. Out: the constant that the
 * block's entry subtracts. Register 13 stands for "no register".
 */
#ifndef FAST_GAS_H
#define FAST_GAS_H

#include "form.h"

enum kind { PLAIN, MEM, BRANCH, MOVE };
enum slot_rule { FIXED, OVERLAP, SHIFT };

/* Bits of sources and target. */
enum { HAS_NONE = 0, HAS_A = 1, HAS_B = 2, HAS_AB = 3, HAS_D = 4, HAS_BD = 6 };

/*
 * The masks are all ones where a source counts, so that the others read as 0, and where memory is touched. slots_first
 * is 1 where the first number of slots always holds; otherwise it holds when both register fields are equal
 * (when_equal), or when the target is one of those sources (when_b, when_d).
 */
struct row {
    uint32_t a, b, d, mem;
    uint8_t kind, cycles, slots_if, slots_else, has_target, always, when_equal, when_b, when_d;
};

#define GAS(name, kind, cycles, slot_rule, slots_if, slots_else, sources, target)                                      \
    GAS_##name##_kind = kind, GAS_##name##_cycles = kind == PLAIN ? cycles : 0, GAS_##name##_rule = slot_rule,         \
    GAS_##name##_slots_if = slots_if, GAS_##name##_slots_else = slots_else, GAS_##name##_sources = HAS_##sources,      \
    GAS_##name##_target = HAS_##target,
enum gas_column {
#include "machine/gas.def"
};
#undef GAS

#define IS(name, rule) ((int)GAS_##name##_rule == (int)(rule))
#define HAS(name, bit) (((int)GAS_##name##_sources & (bit)) != 0)
#define MASK(condition) ((condition) ? UINT32_MAX : 0)
#define INSN(name, byte, form, flow)                                                                                   \
    [byte] = {                                                                                                         \
        .a = MASK(HAS(name, HAS_A)),                                                                                   \
        .b = MASK(HAS(name, HAS_B)),                                                                                   \
        .d = MASK(HAS(name, HAS_D)),                                                                                   \
        .mem = MASK((int)GAS_##name##_kind == (int)MEM),                                                               \
        .kind = GAS_##name##_kind,                                                                                     \
        .cycles = GAS_##name##_cycles,                                                                                 \
        .slots_if = GAS_##name##_slots_if,                                                                             \
        .slots_else = GAS_##name##_slots_else,                                                                         \
        .has_target = ((int)GAS_##name##_target & HAS_A) != 0,                                                         \
        .always = IS(name, FIXED),                                                                                     \
        .when_equal = IS(name, SHIFT),                                                                                 \
        .when_b = IS(name, OVERLAP) && HAS(name, HAS_B),                                                               \
        .when_d = IS(name, OVERLAP) && HAS(name, HAS_D),                                                               \
    },
static const struct row row_of[256] = {
#include "machine/isa.def"
};
#undef INSN

static const struct row invalid = {
    .cycles = FAST_invalid_cycles, .slots_if = FAST_invalid_slots, .slots_else = FAST_invalid_slots};

enum { NO_REGISTER = FAST_register_count }; /* what is written to it is thrown away */

struct gas {
    uint32_t ready[FAST_register_count + 1];
    uint32_t cycle, used, last; /* below 2^31: make_room bounds a program (compile.c) */
};

static inline unsigned clamp(unsigned field)
{
    return field < FAST_register_last ? field : FAST_register_last;
}

/* gas/branch_cost */
static inline unsigned branch_cycles(const struct fast_program *program, uint32_t pc, const struct fast_insn *insn)
{
    struct fast_insn decoded;
    if (insn == NULL) {
        fast_isa_decode(program, pc, &decoded);
        insn = &decoded;
    }
    if (insn->target < program->code_len && fast_blob_bit(program->start, insn->target)) {
        uint8_t byte = program->code[insn->target];
        if (byte == 0 || byte == 2) { /* trap, unlikely */
            return FAST_branch_cost_cold;
        }
    }
    return FAST_branch_cost_plain;
}

static inline uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The next position of the walk (gas/walk). `insn` is the instruction there if it has been decoded, else NULL. */
__attribute__((always_inline)) static inline void gas_visit(struct gas *gas, const struct fast_program *program,
                                                            uint32_t pc, const struct fast_insn *insn)
{
    uint8_t opcode = program->code[pc];
    const struct row *row = fast_isa_is_opcode(opcode) ? &row_of[opcode] : &invalid;
    /* gas/fields, gas/fields/missing */
    unsigned b1 = pc + UINT64_C(1) < program->code_len ? program->code[pc + 1] : 0xcc;
    unsigned b2 = pc + UINT64_C(2) < program->code_len ? program->code[pc + 2] : 0xcc;
    unsigned a = clamp(b1 & 15u), b = clamp(b1 >> 4), d = clamp(b2 & 15u);
    unsigned first =
        row->always | (row->when_equal & ((b1 & 15u) == b1 >> 4)) | (row->when_b & (b == a)) | (row->when_d & (d == a));
    unsigned full = gas->used >= FAST_slots_per_cycle;
    gas->cycle += full;
    gas->used = (full != 0 ? 0 : gas->used) + (first != 0 ? row->slots_if : row->slots_else);
    if (row->kind == MOVE) {
        gas->ready[a] = gas->ready[b];
        return;
    }
    uint32_t cycles = row->cycles | (row->mem & program->mem_cycles);
    if (row->kind == BRANCH) {
        cycles = branch_cycles(program, pc, insn);
    }
    uint32_t sources = max(max(gas->ready[a] & row->a, gas->ready[b] & row->b), gas->ready[d] & row->d);
    uint32_t done = max(gas->cycle, sources) + cycles;
    gas->ready[row->has_target != 0 ? a : NO_REGISTER] = done;
    gas->last = max(gas->last, done);
}

/* gas/cost, after the last position. */
static inline uint32_t gas_cost(const struct gas *gas)
{
    return gas->last > FAST_cost_discount ? gas->last - FAST_cost_discount : FAST_cost_minimum;
}

#endif
