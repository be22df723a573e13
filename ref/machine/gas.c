/* The cost of a block: its instructions are walked and simulated (gas.md). */
#include "machine.h"

enum kind { KIND_PLAIN, KIND_MEM, KIND_BRANCH, KIND_MOVE };
enum slot_rule { SLOTS_FIXED, SLOTS_OVERLAP, SLOTS_SHIFT };
enum fields { FIELDS_NONE = 0, FIELDS_A = 1, FIELDS_B = 2, FIELDS_AB = 3, FIELDS_D = 4, FIELDS_BD = 6 };

struct row {
    enum kind kind;
    uint32_t cycles;
    enum slot_rule slot_rule;
    uint32_t slots_if, slots_else;
    enum fields sources, target;
};

#define GAS(name, kind, cycles, slot_rule, slots_if, slots_else, sources, target)                                      \
    static const struct row row_##name = {KIND_##kind, cycles,           SLOTS_##slot_rule, slots_if,                  \
                                          slots_else,  FIELDS_##sources, FIELDS_##target};
#include "machine/gas.def"
#undef GAS

#define INSN(name, byte, form, flow) [byte] = &row_##name,
static const struct row *const row_of[256] = {
#include "machine/isa.def"
};
#undef INSN

/* gas/walk/invalid_opcode */
static const struct row row_invalid = {KIND_PLAIN,        REF_invalid_cycles, SLOTS_FIXED, REF_invalid_slots,
                                       REF_invalid_slots, FIELDS_NONE,        FIELDS_NONE};

/* The state of the simulation. No number comes near 2^64: code_len is below 2^32 and no instruction takes over 100. */
struct simulation {
    uint64_t ready[REF_register_count];
    uint64_t cycle, used, last;
};

/* The register fields of one position, unclamped. */
struct nibbles {
    unsigned a, b, d;
};

/* gas/fields/missing */
static struct nibbles read_nibbles(const struct ref_blob *blob, uint64_t pc)
{
    struct nibbles n = {REF_register_last, REF_register_last, REF_register_last};
    if (pc + 1 < blob->code_len) {
        n.a = blob->code[pc + 1] % 16;
        n.b = blob->code[pc + 1] / 16;
    }
    if (pc + 2 < blob->code_len) {
        n.d = blob->code[pc + 2] % 16;
    }
    return n;
}

/* gas/fields */
static unsigned clamp(unsigned field)
{
    return field > REF_register_last ? REF_register_last : field;
}

/* gas/slots/overlap: the target is field A in every row that has the rule. */
static bool target_is_a_source(const struct row *row, const struct nibbles *n)
{
    return ((row->sources & FIELDS_A) != 0) || ((row->sources & FIELDS_B) != 0 && clamp(n->b) == clamp(n->a)) ||
           ((row->sources & FIELDS_D) != 0 && clamp(n->d) == clamp(n->a));
}

static uint32_t slots_of(const struct row *row, const struct nibbles *n)
{
    switch (row->slot_rule) {
    case SLOTS_OVERLAP:
        return target_is_a_source(row, n) ? row->slots_if : row->slots_else;
    case SLOTS_SHIFT: /* gas/slots/shift */
        return n->a == n->b ? row->slots_if : row->slots_else;
    case SLOTS_FIXED:
        break;
    }
    return row->slots_if;
}

/* gas/branch_cost */
static uint32_t branch_cost(const struct ref_blob *blob, uint64_t pc)
{
    uint64_t target = ref_isa_decode(blob, pc).target;
    bool cold = ref_blob_start(blob, target) &&
                (blob->code[target] == REF_OPCODE_trap || blob->code[target] == REF_OPCODE_unlikely);
    return cold ? REF_branch_cost_cold : REF_branch_cost_plain;
}

static uint32_t cycles_of(const struct assay_machine *machine, const struct row *row, uint64_t pc)
{
    switch (row->kind) {
    case KIND_MEM:
        return machine->mem_cycles;
    case KIND_BRANCH:
        return branch_cost(&machine->blob, pc);
    case KIND_PLAIN:
    case KIND_MOVE:
        break;
    }
    return row->cycles;
}

/* gas/slots */
static void take_slots(struct simulation *s, uint32_t slots)
{
    if (s->used >= REF_slots_per_cycle) {
        s->cycle++;
        s->used = slots;
    } else {
        s->used += slots;
    }
}

static void raise_to(uint64_t *value, uint64_t least)
{
    if (*value < least) {
        *value = least;
    }
}

/* gas/dependency */
static void execute(struct simulation *s, const struct row *row, const struct nibbles *n, uint32_t cycles)
{
    uint64_t time = s->cycle;
    if ((row->sources & FIELDS_A) != 0) {
        raise_to(&time, s->ready[clamp(n->a)]);
    }
    if ((row->sources & FIELDS_B) != 0) {
        raise_to(&time, s->ready[clamp(n->b)]);
    }
    if ((row->sources & FIELDS_D) != 0) {
        raise_to(&time, s->ready[clamp(n->d)]);
    }
    time += cycles;
    if (row->target == FIELDS_A) {
        s->ready[clamp(n->a)] = time;
    }
    raise_to(&s->last, time);
}

static void visit(struct simulation *s, const struct assay_machine *machine, uint64_t pc)
{
    uint8_t opcode = machine->blob.code[pc];
    const struct row *row = ref_isa_is_opcode(opcode) ? row_of[opcode] : &row_invalid;
    struct nibbles n = read_nibbles(&machine->blob, pc);
    take_slots(s, slots_of(row, &n));
    if (row->kind == KIND_MOVE) { /* gas/move_reg */
        s->ready[clamp(n.a)] = s->ready[clamp(n.b)];
    } else {
        execute(s, row, &n, cycles_of(machine, row, pc));
    }
}

/* gas/walk, gas/cost */
uint64_t ref_gas_block_cost(const struct assay_machine *machine, uint64_t start)
{
    struct simulation s = {.cycle = 0};
    uint64_t pc = start;
    do {
        visit(&s, machine, pc);
        pc = ref_isa_next(&machine->blob, pc);
    } while (pc < machine->blob.code_len && machine->in_p[pc] == 0);

    if (s.last < REF_cost_discount + REF_cost_minimum) {
        return REF_cost_minimum;
    }
    return s.last - REF_cost_discount;
}
