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
    int error = fast_compile_program(&machine->program, flavour, &machine->code[flavour]);
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
    int error = fast_cpu_set_gs(machine->mem.base);
    if (error != 0) {
        return error;
    }
    struct assay_machine *outer = fast_fault_running; /* one that a signal of the host interrupted */
    fast_fault_running = machine;
    uint32_t exit = entry(context, where, state, stop);
    fast_fault_running = outer;
    if (__builtin_expect(outer != NULL, false)) {
        (void)fast_cpu_set_gs(outer->mem.base);
    }
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

static int enter_short(struct assay_machine *machine, uint64_t pc, const struct assay_state *state,
                       struct assay_stop *stop);

/* At a legal block. */
INLINE int enter_block(struct assay_machine *machine, uint64_t pc, const struct assay_state *state,
                       const struct assay_until *until, struct assay_stop *stop)
{
    enum fast_flavour flavour = flavour_wanted(machine, until);
    int error = need_code(machine, flavour);
    if (error != 0) {
        return error;
    }
    if (machine->mem.whole != NULL && flavour == FAST_PRODUCTION) {
        return enter_short(machine, pc, state, stop);
    }
    const struct fast_code *code = &machine->code[flavour];
    take_until(machine, until);
    return enter(machine, flavour, address_of(code, code->native[pc]), state, stop);
}

/* exit/entry */
int fast_run_start(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop)
{
    if (!fast_isa_begins_block(&machine->program, state->pc)) {
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

/* ---- short programs (short.c) ----------------------------------------------------------------- */

/* About what a guest uses while the host changes some protections. Most programs begin guarded in small builds. */
uint64_t fast_run_short_gas(const struct fast_program *program)
{
#ifdef ASSAY_SMALL
    enum { EARLY = 40, KINDS = 8, LATER = 6 };
    uint64_t kind = program->code_len % KINDS;
    return kind >= LATER ? EARLY * (kind - LATER + 1) : 0;
#else
    enum { SHORT_GAS = 50000 };
    (void)program;
    return SHORT_GAS;
#endif
}

/* From now on guarded; code that looks up each access is compiled anew without that when it is needed. */
static int leave_short(struct assay_machine *machine)
{
    int error = fast_short_guard(&machine->mem);
    machine->program.is_short = machine->mem.whole != NULL;
    machine->program.is_checked = machine->mem.is_checked;
    for (int flavour = 0; flavour < FAST_FLAVOUR_COUNT; flavour++) {
        if (machine->compiled[flavour]) {
            fast_compile_discard(&machine->code[flavour]);
            machine->compiled[flavour] = false;
        }
    }
    return error;
}

/* Stopped at a block that what it had been given could not pay; `held` is what had been held back. */
static int go_on_guarded(struct assay_machine *machine, uint64_t held, struct assay_stop *stop)
{
    uint64_t pc = stop->state.pc;
    bool is_block = fast_isa_begins_block(&machine->program, pc);
    struct assay_state state = stop->state;
    state.gas = held + machine->context.gas +
                (is_block ? fast_compile_cost(&machine->code[FAST_PRODUCTION], (uint32_t)pc)
                          : (uint64_t)FAST_implicit_trap_cost);
    int error = leave_short(machine);
    if (error != 0) {
        return error;
    }
    return is_block ? enter_block(machine, pc, &state, NULL, stop) : implicit_trap(machine, &state, stop);
}

/* With at most so much gas; the rest is held back, and given to it afterwards. */
static int enter_short(struct assay_machine *machine, uint64_t pc, const struct assay_state *state,
                       struct assay_stop *stop)
{
    const struct fast_code *code = &machine->code[FAST_PRODUCTION];
    uint64_t held = state->gas > machine->short_gas ? state->gas - machine->short_gas : 0;
    struct assay_state part = *state;
    part.gas -= held;
    take_until(machine, NULL);
    int error = enter(machine, FAST_PRODUCTION, address_of(code, code->native[pc]), &part, stop);
    if (error != 0) {
        return error;
    }
    if (stop->exit == ASSAY_EXIT_OUT_OF_GAS && held != 0) {
        return go_on_guarded(machine, held, stop);
    }
    machine->short_gas -= part.gas - stop->state.gas;
    stop->state.gas += held;
    return 0;
}

/* ---- going on after a stop ------------------------------------------------------------------- */

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
int fast_run_resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
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
    if (!fast_isa_begins_block(&machine->program, pc)) {
        return implicit_trap(machine, state, stop);
    }
    return enter_block(machine, pc, state, until, stop);
}
