/*
 * The cost of a block, computed once when the block is compiled.
 *
 * In: a program and a position in P. Out: the constant that the block's entry subtracts. The walk follows gas.md to the
 * letter, through places that are never executed; a row of the table holds the shift counts of its register fields, and
 * register 13 stands for "no register": it is always ready and what is written to it is thrown away.
 */
#include "fast.h"

enum kind { PLAIN, MEM, BRANCH, MOVE };
enum slot_rule { FIXED, OVERLAP, SHIFT };

enum { NO_REGISTER = 13 };

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

struct simulation {
    uint64_t ready[NO_REGISTER + 1];
    uint64_t cycle, used, last;
};

static unsigned clamp(unsigned field)
{
    return field < FAST_register_last ? field : FAST_register_last;
}

/* gas/branch_cost */
static unsigned branch_cycles(const struct fast_program *program, uint32_t pc)
{
    struct fast_insn insn;
    fast_decode(program, pc, &insn);
    if (insn.target < program->code_len && fast_bit(program->start, insn.target)) {
        uint8_t byte = program->code[insn.target];
        if (byte == 0 || byte == 2) { /* trap, unlikely */
            return FAST_branch_cost_cold;
        }
    }
    return FAST_branch_cost_plain;
}

static unsigned cycles_of(const struct fast_program *program, const struct row *row, uint32_t pc)
{
    return row->kind == PLAIN ? row->cycles : row->kind == MEM ? program->mem_cycles : branch_cycles(program, pc);
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void visit(struct simulation *s, const struct fast_program *program, uint32_t pc)
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
    unsigned slots = first ? row->slots_if : row->slots_else;
    if (s->used >= FAST_slots_per_cycle) {
        s->cycle++;
        s->used = 0;
    }
    s->used += slots;
    if (row->kind == MOVE) {
        s->ready[a] = s->ready[b];
        return;
    }
    uint64_t start = max(s->cycle, s->ready[(row->sources & HAS_A) != 0 ? a : NO_REGISTER]);
    start = max(start, s->ready[(row->sources & HAS_B) != 0 ? b : NO_REGISTER]);
    start = max(start, s->ready[(row->sources & HAS_D) != 0 ? d : NO_REGISTER]);
    uint64_t done = start + cycles_of(program, row, pc);
    if ((row->target & HAS_A) != 0) {
        s->ready[a] = done;
    }
    s->last = max(s->last, done);
}

uint64_t fast_gas_block_cost(const struct fast_program *program, uint32_t start)
{
    struct simulation s = {.cycle = 0};
    uint32_t pc = start;
    do {
        visit(&s, program, pc);
        pc = fast_next(program, pc);
    } while (pc < program->code_len && !fast_bit(program->in_p, pc));
    return s.last > FAST_cost_discount ? s.last - FAST_cost_discount : FAST_cost_minimum;
}
