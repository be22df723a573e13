/*
 * Running: entry, sequential flow, charging, stops and records (exit.md, isa/sequential).
 *
 * A machine rests between two steps at `pc`. `paid` says whether the block at pc has been charged already, which
 * is so only after a stop at a block's entry; everything else that is pending at pc, the charge of a block or the
 * implicit trap, is done when the machine goes on.
 */
#include "machine.h"

#include <assert.h>
#include <string.h>

#define INSN(name, byte, form, flow) [byte] = ref_op_##name,
static ref_op_fn *const execute[256] = {
#include "machine/isa.def"
};
#undef INSN

static void read_state(const struct assay_machine *machine, struct assay_state *state)
{
    state->pc = machine->pc;
    state->gas = machine->gas;
    memcpy(state->reg, machine->reg, sizeof(state->reg));
}

/* Ends a run or resume (exit/definedness). */
static int stop_with(struct assay_machine *machine, uint32_t exit, uint32_t argument, struct assay_stop *stop)
{
    machine->resumable = exit == ASSAY_EXIT_HOST_CALL || exit == ASSAY_EXIT_ECALL || exit == ASSAY_EXIT_OUT_OF_GAS ||
                         exit == ASSAY_EXIT_STOPPED;
    stop->exit = exit;
    stop->argument = argument;
    read_state(machine, &stop->state);
    return 0;
}

/* isa/implicit_trap, gas/implicit_trap */
static int implicit_trap(struct assay_machine *machine, struct assay_stop *stop)
{
    machine->pc = machine->blob.code_len;
    if (machine->gas < REF_implicit_trap_cost) {
        return stop_with(machine, ASSAY_EXIT_OUT_OF_GAS, 0, stop);
    }
    machine->gas -= REF_implicit_trap_cost;
    return stop_with(machine, ASSAY_EXIT_TRAP, 0, stop);
}

/* gas/block/charged_on_entry. False, with gas 0, when it cannot be paid (gas/out_of_gas). */
static bool pay_block(struct assay_machine *machine)
{
    uint64_t *cost = &machine->cost[machine->pc];
    if (*cost == 0) {
        *cost = ref_gas_block_cost(machine, machine->pc);
    }
    if (machine->gas < *cost) {
        machine->gas = 0;
        return false;
    }
    machine->gas -= *cost;
    return true;
}

/* exit/record/block */
static void record_block(const struct assay_machine *machine)
{
    if (machine->observer.block != NULL) {
        struct assay_state state;
        read_state(machine, &state);
        machine->observer.block(machine->observer.context, &state);
    }
}

/* exit/record/instruction */
static void record_instruction(struct assay_machine *machine, const struct ref_insn *insn)
{
    if (machine->observer.instruction != NULL) {
        struct assay_step step = machine->store;
        step.pc = insn->pc;
        memcpy(step.reg, machine->reg, sizeof(step.reg));
        machine->observer.instruction(machine->observer.context, &step);
    }
}

/* One instruction at pc; what it asks for is in machine->flow. */
static void execute_one(struct assay_machine *machine)
{
    struct ref_insn insn = ref_isa_decode(&machine->blob, machine->pc);
    machine->flow = REF_FLOW_NEXT;
    machine->store.store_address = 0;
    machine->store.store_width = 0;
    machine->store.store_value = 0;
    assert(execute[insn.opcode] != NULL);
    execute[insn.opcode](machine, &insn);
    if (machine->flow != REF_FLOW_EXIT) {
        machine->pc = machine->flow == REF_FLOW_JUMP ? machine->target : insn.npc;
        record_instruction(machine, &insn);
    }
}

/* Goes on at pc until something ends it. */
static int go(struct assay_machine *machine, const struct assay_until *until, struct assay_stop *stop)
{
    uint64_t blocks = 0, instructions = 0;
    for (;;) {
        if (!ref_isa_is_executable(&machine->blob, machine->pc)) {
            return implicit_trap(machine, stop);
        }
        if (machine->in_p[machine->pc] != 0 && !machine->paid) {
            if (!pay_block(machine)) {
                return stop_with(machine, ASSAY_EXIT_OUT_OF_GAS, 0, stop);
            }
            record_block(machine);
            blocks++;
            if (until != NULL && blocks == until->blocks) {
                machine->paid = true;
                return stop_with(machine, ASSAY_EXIT_STOPPED, 0, stop);
            }
        }
        machine->paid = false;
        execute_one(machine);
        if (machine->flow == REF_FLOW_EXIT || machine->flow == REF_FLOW_CALL) {
            return stop_with(machine, machine->exit, machine->argument, stop);
        }
        instructions++;
        if (until != NULL && instructions == until->instructions) {
            return stop_with(machine, ASSAY_EXIT_STOPPED, 0, stop);
        }
    }
}

/* exit/entry */
int ref_run_start(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop)
{
    machine->pc = state->pc;
    machine->gas = state->gas;
    memcpy(machine->reg, state->reg, sizeof(machine->reg));
    machine->paid = false;
    if (!ref_isa_begins_block(&machine->blob, machine->in_p, machine->pc)) {
        return stop_with(machine, ASSAY_EXIT_PANIC, 0, stop);
    }
    return go(machine, until, stop);
}

/* exit/resume/legal, exit/resume/registers, exit/resume/sequential */
int ref_run_resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop)
{
    if (!machine->resumable) {
        return ASSAY_ERROR_ARGUMENT;
    }
    machine->gas = state->gas;
    memcpy(machine->reg, state->reg, sizeof(machine->reg));
    return go(machine, until, stop);
}

void ref_run_place(struct assay_machine *machine, uint64_t pc)
{
    machine->pc = pc;
    machine->paid = false;
    machine->resumable = true;
}
