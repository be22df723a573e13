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

struct row {
    uint8_t kind, cycles, slot_rule, slots_if, slots_else, sources, target;
};

#define GAS(name, kind, cycles, slot_rule, slots_if, slots_else, sources, target)                          \
    GAS_##name##_kind = kind, GAS_##name##_cycles = cycles, GAS_##name##_slot_rule = slot_rule,            \
    GAS_##name##_slots_if = slots_if, GAS_##name##_slots_else = slots_else,                                \
    GAS_##name##_sources = HAS_##sources, GAS_##name##_target = HAS_##target,
enum gas_column {
#include "gas.def"
};
#undef GAS

#define INSN(name, byte, form, flow)                                                                       \
    [byte] = {GAS_##name##_kind,       GAS_##name##_cycles,     GAS_##name##_slot_rule,                    \
              GAS_##name##_slots_if,   GAS_##name##_slots_else, GAS_##name##_sources,                      \
              GAS_##name##_target},
static const struct row table[256] = {
#include "isa.def"
};
#undef INSN

static const struct row invalid = {PLAIN,    FAST_invalid_cycles, FIXED, FAST_invalid_slots, FAST_invalid_slots,
                                   HAS_NONE, HAS_NONE};

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

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void fast_gas_visit(struct fast_gas *gas, const struct fast_program *program, uint32_t pc, const struct fast_insn *insn)
{
    uint8_t opcode = program->code[pc];
    const struct row *row = fast_is_opcode(opcode) ? &table[opcode] : &invalid;
    /* gas/fields, gas/fields/missing */
    unsigned b1 = pc + UINT64_C(1) < program->code_len ? program->code[pc + 1] : 0xcc;
    unsigned b2 = pc + UINT64_C(2) < program->code_len ? program->code[pc + 2] : 0xcc;
    unsigned a = clamp(b1 & 15u), b = clamp(b1 >> 4), d = clamp(b2 & 15u);
    bool first = row->slot_rule == FIXED || (row->slot_rule == SHIFT && (b1 & 15u) == b1 >> 4) ||
                 (row->slot_rule == OVERLAP &&
                  (((row->sources & HAS_B) != 0 && b == a) || ((row->sources & HAS_D) != 0 && d == a)));
    bool full = gas->used >= FAST_slots_per_cycle;
    gas->cycle += full;
    gas->used = (full ? 0 : gas->used) + (first ? row->slots_if : row->slots_else);
    if (row->kind == MOVE) {
        gas->ready[a] = gas->ready[b];
        return;
    }
    uint64_t start = max(gas->cycle, gas->ready[(row->sources & HAS_A) != 0 ? a : FAST_NO_REGISTER]);
    start = max(start, gas->ready[(row->sources & HAS_B) != 0 ? b : FAST_NO_REGISTER]);
    start = max(start, gas->ready[(row->sources & HAS_D) != 0 ? d : FAST_NO_REGISTER]);
    uint64_t done = start + (row->kind == PLAIN ? row->cycles
                             : row->kind == MEM ? program->mem_cycles
                                                : branch_cycles(program, pc, insn));
    if ((row->target & HAS_A) != 0) {
        gas->ready[a] = done;
    }
    gas->last = max(gas->last, done);
}
