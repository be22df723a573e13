/*
 * The cost of a block, computed while the block is compiled.
 *
 * In: the positions of the walk of gas.md, one by one, those that are never executed too. Out: the constant that the
 * block's entry subtracts. Register 13 stands for "no register".
 */
#include "fast.h"

enum kind { PLAIN, MEM, BRANCH, MOVE };
enum slot_rule { FIXED, OVERLAP, SHIFT };

/* Bits of sources and target. */
enum { HAS_NONE = 0, HAS_A = 1, HAS_B = 2, HAS_AB = 3, HAS_D = 4, HAS_BD = 6 };

/* The masks are all ones where a source counts, so that the others read as 0. */
struct row {
    uint32_t a, b, d;
    uint8_t kind, cycles, slot_rule, slots_if, slots_else, sources, has_target;
};

#define GAS(name, kind, cycles, slot_rule, slots_if, slots_else, sources, target)                          \
    GAS_##name##_kind = kind, GAS_##name##_cycles = kind == PLAIN ? cycles : 0,                            \
    GAS_##name##_slot_rule = slot_rule, GAS_##name##_slots_if = slots_if,                                  \
    GAS_##name##_slots_else = slots_else, GAS_##name##_sources = HAS_##sources,                            \
    GAS_##name##_target = HAS_##target,
enum gas_column {
#include "gas.def"
};
#undef GAS

#define MASK(sources, bit) (((sources) & (bit)) != 0 ? UINT32_MAX : 0)
#define INSN(name, byte, form, flow)                                                                       \
    [byte] = {MASK(GAS_##name##_sources, HAS_A), MASK(GAS_##name##_sources, HAS_B),                        \
              MASK(GAS_##name##_sources, HAS_D), GAS_##name##_kind,                                        \
              GAS_##name##_cycles,               GAS_##name##_slot_rule,                                   \
              GAS_##name##_slots_if,             GAS_##name##_slots_else,                                  \
              GAS_##name##_sources,              (GAS_##name##_target & HAS_A) != 0},
static const struct row table[256] = {
#include "isa.def"
};
#undef INSN
#undef MASK

static const struct row invalid = {.cycles = FAST_invalid_cycles,
                                   .slots_if = FAST_invalid_slots,
                                   .slots_else = FAST_invalid_slots};

static unsigned clamp(unsigned field)
{
    return field < FAST_register_last ? field : FAST_register_last;
}

/* gas/branch_cost */
static unsigned branch_cycles(const struct fast_program *program, uint32_t pc, const struct fast_insn *insn)
{
    struct fast_insn decoded;
    if (insn == NULL) {
        fast_decode(program, pc, &decoded);
        insn = &decoded;
    }
    if (insn->target < program->code_len && fast_bit(program->start, insn->target)) {
        uint8_t byte = program->code[insn->target];
        if (byte == 0 || byte == 2) { /* trap, unlikely */
            return FAST_branch_cost_cold;
        }
    }
    return FAST_branch_cost_plain;
}

static uint32_t max(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* gas/slots: whether the first of the row's two numbers of slots holds. */
static bool takes_first(const struct row *row, unsigned b1, unsigned a, unsigned b, unsigned d)
{
    if (row->slot_rule == FIXED) {
        return true;
    }
    if (row->slot_rule == SHIFT) {
        return (b1 & 15u) == b1 >> 4;
    }
    return ((row->sources & HAS_B) != 0 && b == a) || ((row->sources & HAS_D) != 0 && d == a);
}

void fast_gas_visit(struct fast_gas *gas, const struct fast_program *program, uint32_t pc, const struct fast_insn *insn)
{
    uint8_t opcode = program->code[pc];
    const struct row *row = fast_is_opcode(opcode) ? &table[opcode] : &invalid;
    /* gas/fields, gas/fields/missing */
    unsigned b1 = pc + UINT64_C(1) < program->code_len ? program->code[pc + 1] : 0xcc;
    unsigned b2 = pc + UINT64_C(2) < program->code_len ? program->code[pc + 2] : 0xcc;
    unsigned a = clamp(b1 & 15u), b = clamp(b1 >> 4), d = clamp(b2 & 15u);
    bool full = gas->used >= FAST_slots_per_cycle;
    gas->cycle += full;
    gas->used = (full ? 0 : gas->used) + (takes_first(row, b1, a, b, d) ? row->slots_if : row->slots_else);
    if (row->kind == MOVE) {
        gas->ready[a] = gas->ready[b];
        return;
    }
    uint32_t cycles = row->kind == MEM ? program->mem_cycles : row->cycles;
    if (row->kind == BRANCH) {
        cycles = branch_cycles(program, pc, insn);
    }
    uint32_t sources = max(max(gas->ready[a] & row->a, gas->ready[b] & row->b), gas->ready[d] & row->d);
    uint32_t done = max(gas->cycle, sources) + cycles;
    gas->ready[row->has_target ? a : FAST_NO_REGISTER] = done;
    gas->last = max(gas->last, done);
}
