/*
 * What compiled code calls out for: records, stops of the harness, and what the processor has no instruction for.
 *
 * In: the index of the site, with guest registers and gas in the context. Out: 0 to go on, or 1 to stop; a stop leaves
 * where it is, and where to go on, in the machine.
 */
#include "machine.h"

#include <string.h>

/* 1 when that was the last; 0 to begin with is without end. */
static uint64_t count_down(uint64_t *left)
{
    if (*left == 0) {
        return 0;
    }
    --*left;
    return *left == 0;
}

/* exit/record/block */
static uint64_t at_block(struct assay_machine *machine, const struct fast_site *site)
{
    const struct fast_context *context = &machine->context;
    if (machine->observer.block != NULL) {
        struct assay_state state = {.pc = site->pc, .gas = context->gas};
        memcpy(state.reg, context->reg, sizeof(state.reg));
        machine->observer.block(machine->observer.context, &state);
    }
    return count_down(&machine->blocks_left);
}

/* exit/record/instruction. A store does not change the registers its address and value came from. */
static void record_instruction(struct assay_machine *machine, uint32_t pc)
{
    const struct fast_context *context = &machine->context;
    struct fast_insn insn;
    struct fast_access access;
    struct assay_step step = {.pc = pc};
    fast_isa_decode(&machine->program, pc, &insn);
    fast_isa_decode_access(&insn, &access);
    memcpy(step.reg, context->reg, sizeof(step.reg));
    if (access.is_store) {
        uint64_t base = access.base < 0 ? 0 : context->reg[access.base];
        uint64_t value = access.source < 0 ? access.value : context->reg[access.source];
        step.store_address = (uint32_t)(base + access.disp);
        step.store_width = access.width;
        step.store_value = access.width == 8 ? value : value & ((UINT64_C(1) << 8 * access.width) - 1);
    }
    machine->observer.instruction(machine->observer.context, &step);
}

static uint64_t at_instruction(struct assay_machine *machine, uint32_t pc)
{
    if (machine->observer.instruction != NULL) {
        record_instruction(machine, pc);
    }
    return count_down(&machine->instructions_left);
}

/* The bit-counting instructions, for a host without them. */
static void count_bits(struct assay_machine *machine, uint32_t pc)
{
    struct fast_insn insn;
    fast_isa_decode(&machine->program, pc, &insn);
    uint64_t value = machine->context.reg[insn.ra], half = value & UINT32_MAX, *to = &machine->context.reg[insn.rd];
    switch (insn.opcode) {
    case FAST_OPCODE_count_set_bits_64:
        *to = (uint64_t)__builtin_popcountll(value);
        break;
    case FAST_OPCODE_count_set_bits_32:
        *to = (uint64_t)__builtin_popcountll(half);
        break;
    case FAST_OPCODE_leading_zero_bits_64:
        *to = value == 0 ? 64 : (uint64_t)__builtin_clzll(value);
        break;
    case FAST_OPCODE_leading_zero_bits_32:
        *to = half == 0 ? 32 : (uint64_t)__builtin_clzll(half) - 32;
        break;
    case FAST_OPCODE_trailing_zero_bits_64:
        *to = value == 0 ? 64 : (uint64_t)__builtin_ctzll(value);
        break;
    case FAST_OPCODE_trailing_zero_bits_32:
        *to = half == 0 ? 32 : (uint64_t)__builtin_ctzll(half);
        break;
    default:
        break;
    }
}

/* The stop is at `pc`, and the machine will go on at the host address `where`. */
static uint64_t stop_at(struct assay_machine *machine, uint64_t pc, uint64_t where)
{
    machine->context.pc = pc;
    machine->resume_at = where;
    return 1;
}

static uint64_t at_dynamic_jump(struct assay_machine *machine, uint32_t pc)
{
    uint64_t index = machine->context.dynamic_index, target = machine->program.jump_target[index];
    if (!fast_isa_begins_block(&machine->program, target) || at_instruction(machine, pc) == 0) {
        return 0;
    }
    return stop_at(machine, target, machine->context.jump[index]);
}

uint64_t fast_call_out_handle(struct fast_context *context, uint64_t site_index, uint64_t return_address)
{
    struct assay_machine *machine = context->machine;
    const struct fast_site *site = &machine->code[machine->flavour].site[site_index];
    switch (site->kind) {
    case FAST_SITE_BLOCK:
        return at_block(machine, site) != 0 ? stop_at(machine, site->pc, return_address) : 0;
    case FAST_SITE_INSTRUCTION:
        return at_instruction(machine, site->pc) != 0 ? stop_at(machine, site->next, return_address) : 0;
    case FAST_SITE_DYNAMIC:
        return at_dynamic_jump(machine, site->pc);
    case FAST_SITE_CALL: /* exit/stopped/guest_first */
        at_instruction(machine, site->pc);
        return 0;
    case FAST_SITE_IN_C:
        count_bits(machine, site->pc);
        return 0;
    }
    return 0;
}
