/*
 * Running: into compiled code and out of it.
 *
 * In: a machine and where it stands. Out: the stop record. The code of a flavour is compiled when it is first needed.
 * All exits leave the whole state, so a machine can go on in another flavour after every exit but a
 * stop of the harness, which leaves it in the middle of a block: there it goes on in the flavour that stopped it,
 * or, from a block's entry, at the same place of the finer one.
 */
#include "machine.h"

#include <string.h>

/* The path of a host call and its resume is one function: calls between its parts would cost as much as it does. */
#define INLINE __attribute__((always_inline)) static inline

typedef uint32_t entry_fn(struct fast_context *context, uint64_t where, const struct assay_state *state,
                          struct assay_stop *stop);

static enum fast_flavour flavour_wanted(const struct assay_machine *machine, const struct assay_until *until)
{
    if (machine->observer.instruction != NULL || (until != NULL && until->instructions != 0)) {
        return FAST_INSTRUCTIONS;
    }
    if (machine->observer.block != NULL || (until != NULL && until->blocks != 0)) {
        return FAST_BLOCKS;
    }
    return FAST_PRODUCTION;
}

static int need_code(struct assay_machine *machine, enum fast_flavour flavour)
{
    if (machine->compiled[flavour]) {
        return 0;
    }
    int error = fast_compile(&machine->program, flavour, &machine->code[flavour]);
    machine->compiled[flavour] = error == 0;
    return error;
}

/* Compiled code has filled the stop record, or a case that needs no code has. */
INLINE int stop_with(struct assay_machine *machine, uint32_t exit, struct assay_stop *stop)
{
    machine->last_exit = exit;
    machine->has_run = true;
    machine->context.pc = stop->state.pc;
    stop->exit = exit;
    return 0;
}

/* A stop without running: nothing changes but what is given. */
static int stop_before(struct assay_machine *machine, uint32_t exit, const struct assay_state *state, uint64_t pc,
                       uint64_t gas, struct assay_stop *stop)
{
    stop->state = *state;
    stop->state.pc = pc;
    stop->state.gas = gas;
    stop->argument = 0;
    return stop_with(machine, exit, stop);
}

static void take_until(struct assay_machine *machine, const struct assay_until *until)
{
    machine->blocks_left = until == NULL ? 0 : until->blocks;
    machine->instructions_left = until == NULL ? 0 : until->instructions;
}

/* Compiled code reads `state` and fills `stop`; a stop of the harness leaves everything in the context instead. */
INLINE int enter(struct assay_machine *machine, enum fast_flavour flavour, uint64_t where,
                 const struct assay_state *state, struct assay_stop *stop)
{
    const struct fast_code *code = &machine->code[flavour];
    struct fast_context *context = &machine->context;
    entry_fn *entry;
    memcpy(&entry, &code->arena.base, sizeof(entry));
    machine->flavour = flavour;
    context->jump = code->jump;
    fast_host_set_gs(machine->window.base);
    fast_running = machine;
    uint32_t exit = entry(context, where, state, stop);
    fast_running = NULL;
    if (exit == ASSAY_EXIT_STOPPED) {
        stop->argument = 0;
        stop->state.pc = context->pc;
        stop->state.gas = context->gas;
        memcpy(stop->state.reg, context->reg, sizeof(stop->state.reg));
    }
    return stop_with(machine, exit, stop);
}

static uint64_t address_of(const struct fast_code *code, uint32_t offset)
{
    return (uint64_t)(uintptr_t)(code->arena.base + offset);
}

/* At a legal block. */
INLINE int enter_block(struct assay_machine *machine, uint64_t pc, const struct assay_state *state,
                       const struct assay_until *until, struct assay_stop *stop)
{
    enum fast_flavour flavour = flavour_wanted(machine, until);
    int error = need_code(machine, flavour);
    if (error != 0) {
        return error;
    }
    const struct fast_code *code = &machine->code[flavour];
    take_until(machine, until);
    return enter(machine, flavour, address_of(code, code->native[pc]), state, stop);
}

/* exit/entry */
int fast_run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
             struct assay_stop *stop)
{
    if (!fast_begins_block(&machine->program, state->pc)) {
        return stop_before(machine, ASSAY_EXIT_PANIC, state, state->pc, state->gas, stop);
    }
    return enter_block(machine, state->pc, state, until, stop);
}

/* isa/implicit_trap */
static int implicit_trap(struct assay_machine *machine, const struct assay_state *state, struct assay_stop *stop)
{
    uint64_t pc = machine->program.code_len;
    if (state->gas == 0) {
        return stop_before(machine, ASSAY_EXIT_OUT_OF_GAS, state, pc, 0, stop);
    }
    return stop_before(machine, ASSAY_EXIT_TRAP, state, pc, state->gas - FAST_implicit_trap_cost, stop);
}

/* Where the code of a flavour goes on behind the payment of the block at pc. */
static uint64_t behind_payment(const struct fast_code *code, uint64_t pc)
{
    for (size_t i = 0; i < code->site_count; i++) {
        if (code->site[i].kind == FAST_SITE_BLOCK && code->site[i].pc == pc) {
            return address_of(code, code->site[i].after);
        }
    }
    return 0; /* not reached: every block of an observed flavour has its site */
}

/* exit/stopped: on as if never stopped. */
static int resume_stopped(struct assay_machine *machine, const struct assay_state *state,
                          const struct assay_until *until, struct assay_stop *stop)
{
    enum fast_flavour flavour = machine->flavour, wanted = flavour_wanted(machine, until);
    uint64_t where = machine->resume_at;
    if (wanted > flavour) { /* stopped in the block flavour, so at a block's entry */
        int error = need_code(machine, wanted);
        if (error != 0) {
            return error;
        }
        flavour = wanted;
        where = behind_payment(&machine->code[flavour], machine->context.pc);
    }
    take_until(machine, until);
    return enter(machine, flavour, where, state, stop);
}

/* exit/resume/legal, exit/resume/sequential */
int fast_resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                struct assay_stop *stop)
{
    uint32_t last = machine->last_exit;
    if (!machine->has_run || (last != ASSAY_EXIT_HOST_CALL && last != ASSAY_EXIT_ECALL &&
                              last != ASSAY_EXIT_OUT_OF_GAS && last != ASSAY_EXIT_STOPPED)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (last == ASSAY_EXIT_STOPPED) {
        return resume_stopped(machine, state, until, stop);
    }
    uint64_t pc = machine->context.pc;
    if (!fast_begins_block(&machine->program, pc)) {
        return implicit_trap(machine, state, stop);
    }
    return enter_block(machine, pc, state, until, stop);
}

/* ---- called from compiled code -------------------------------------------------------------- */

/* exit/record/block */
static uint64_t at_block(struct assay_machine *machine, const struct fast_site *site)
{
    const struct fast_context *context = &machine->context;
    if (machine->observer.block != NULL) {
        struct assay_state state = {.pc = site->pc, .gas = context->gas};
        memcpy(state.reg, context->reg, sizeof(state.reg));
        machine->observer.block(machine->observer.context, &state);
    }
    return machine->blocks_left != 0 && --machine->blocks_left == 0;
}

/* exit/record/instruction. A store does not change the registers its address and value came from. */
static void record_instruction(struct assay_machine *machine, uint32_t pc)
{
    const struct fast_context *context = &machine->context;
    struct fast_insn insn;
    struct fast_access access;
    struct assay_step step = {.pc = pc};
    fast_decode(&machine->program, pc, &insn);
    fast_decode_access(&insn, &access);
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
    return machine->instructions_left != 0 && --machine->instructions_left == 0;
}

/* The bit-counting instructions, for a host without them. */
static void count_bits(struct assay_machine *machine, uint32_t pc)
{
    struct fast_insn insn;
    fast_decode(&machine->program, pc, &insn);
    uint64_t value = machine->context.reg[insn.ra], half = value & UINT32_MAX, *to = &machine->context.reg[insn.rd];
    switch (insn.opcode) {
    case 102:
        *to = (uint64_t)__builtin_popcountll(value);
        break;
    case 103:
        *to = (uint64_t)__builtin_popcountll(half);
        break;
    case 104:
        *to = value == 0 ? 64 : (uint64_t)__builtin_clzll(value);
        break;
    case 105:
        *to = half == 0 ? 32 : (uint64_t)__builtin_clzll(half) - 32;
        break;
    case 106:
        *to = value == 0 ? 64 : (uint64_t)__builtin_ctzll(value);
        break;
    case 107:
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
    if (!fast_begins_block(&machine->program, target) || at_instruction(machine, pc) == 0) {
        return 0;
    }
    return stop_at(machine, target, machine->context.jump[index]);
}

uint64_t fast_call_out(struct fast_context *context, uint64_t site_index, uint64_t return_address)
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
