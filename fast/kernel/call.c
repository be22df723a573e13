/*
 * Activations (call.md, yield.md): how one is entered, what becomes of its exits, how it ends or is set
 * aside.
 *
 *   run -> [ machine | operation ]* -> Halt | Faulted | Paused -> resume -> ...
 */
#include "kernel.h"

#include <stdlib.h>

enum { ENDPOINT_REGISTER = 11, REG_SIZE = 9 };

void fast_call_clear(struct fast_activation *now)
{
    if (now->guest != NULL) {
        fast_pool_give_back(now->entered, now->guest);
    }
    fast_cache_release(now->entered);
    fast_cache_release(now->current);
    fast_cap_root_clear(&now->root);
    fast_cap_release(&now->payload);
    now->guest = NULL;
    now->entered = now->current = NULL;
}

/* ---- entering -------------------------------------------------------------------------------- */

/* call/gas/meter */
static void find_meter(struct fast_activation *now)
{
    const struct fast_view *view = &now->entered->view;
    now->has_meter = view->gas_count > 0 &&
                     fast_cap_is_handle(&now->root.slot[fast_scale_u32(view->gas)], FAST_IMAGE_gas, &now->meter);
}

/* call/gas/from_meter, call/gas/no_meter: what a run has, or what was saved, counts without a meter only. */
static void enter_gas(struct fast_core *core, uint64_t gas)
{
    struct fast_activation *now = &core->activation;
    now->gas_at_entry = now->has_meter ? fast_tables_get(&core->tables.meters, now->meter) : gas;
    now->stop.state.gas = now->gas_at_entry;
}

/* call/gas/top_up */
static int top_up(struct fast_core *core, uint64_t gas)
{
    const struct fast_activation *now = &core->activation;
    bool is_empty = now->has_meter && fast_tables_get(&core->tables.meters, now->meter) == 0;
    return is_empty ? fast_journal_set_meter(core, now->meter, gas) : 0;
}

/* call/run/registers, call/run/entry, call/run/missing_endpoint */
static void enter_registers(struct fast_activation *now, uint8_t index)
{
    struct assay_state *state = &now->stop.state;
    *state = (struct assay_state){.pc = 0};
    state->reg[ENDPOINT_REGISTER] = index;
    const struct fast_endpoint *endpoint = fast_image_endpoint(&now->entered->view, index);
    if (endpoint == NULL) {
        return;
    }
    state->pc = endpoint->entry_pc;
    for (uint32_t i = 0; i < endpoint->reg_count; i++) {
        const uint8_t *at = endpoint->reg + REG_SIZE * (size_t)i;
        if (at[0] < ASSAY_REGISTER_COUNT) {
            state->reg[at[0]] = fast_scale_u64(at + 1);
        }
    }
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* One area at Halt: most activations leave what they were given, and then nothing has to be hashed. */
static int write_back(struct fast_core *core, size_t index)
{
    struct fast_activation *now = &core->activation;
    const struct fast_area *area = &now->entered->area[index];
    struct fast_fill *fill = &now->guest->fill[index];
    const uint8_t *data = now->guest->machine.mem.base + area->address;
    struct fast_cap cap = {.kind = FAST_KIND_data, .size = area->size};
    size_t size = fill->high = fast_image_stripped(data, area->size);
    int error = 0;
    if (fill->payload != NULL && fill->payload->size == size && memcmp(fill->payload->data, data, size) == 0) {
        cap.hash = fill->payload->digest;
    } else {
        fast_hash_bytes(data, size, &cap.hash);
        error = fast_payload_store(&core->state.payloads, data, size, &cap.hash);
    }
    if (error == 0) {
        fast_cap_put(&now->root.slot[area->slot], &cap);
    }
    return error;
}

/* call/halt/write_back, call/halt/skips */
static int write_back_all(struct fast_core *core)
{
    struct fast_activation *now = &core->activation;
    int error = 0;
    for (size_t i = 0; i < now->entered->area_count && error == 0; i++) {
        const struct fast_area *area = &now->entered->area[i];
        if (!area->is_read_only && !now->current->pinned[area->slot] && fast_cap_root_has(&now->root, area->slot)) {
            error = write_back(core, i);
        }
    }
    return error;
}

/* call/gas/write_back, call/gas/used */
static int end(struct fast_core *core, uint32_t outcome, uint32_t exit, uint32_t argument)
{
    struct fast_activation *now = &core->activation;
    now->outcome = outcome;
    now->exit = exit;
    now->argument = argument;
    core->is_paused = outcome == ASSAY_OUTCOME_PAUSED;
    fast_record_begin(core);
    int error = outcome == ASSAY_OUTCOME_HALT ? write_back_all(core) : 0;
    if (error == 0 && now->has_meter) {
        error = fast_journal_set_meter(core, now->meter, now->stop.state.gas);
    }
    struct fast_record record = {
        .kind = FAST_RECORD_EXIT, .result = (uint8_t)outcome, .exit = (uint8_t)exit, .argument = argument};
    fast_record_end(core, &record);
    if (core->recorder != NULL && core->recorder->has_lost) {
        core->recorder->has_lost = false;
        return ASSAY_ERROR_MEMORY;
    }
    return error;
}

/* yield/oog */
static int end_out_of_gas(struct fast_core *core)
{
    struct fast_activation *now = &core->activation;
    int catcher = -1;
    if (now->has_meter) {
        catcher = fast_yield_find_catcher(core, fast_hash_kernel_image(FAST_IMAGE_oog_marker));
    }
    if (catcher < 0) {
        return end(core, ASSAY_OUTCOME_FAULTED, ASSAY_EXIT_OUT_OF_GAS, 0);
    }
    core->catcher = (uint32_t)catcher;
    now->payload = (struct fast_cap){.kind = FAST_KIND_instance, .chain = *fast_hash_kernel_image(FAST_IMAGE_gas)};
    memcpy(now->payload.content.byte, &now->meter, sizeof(now->meter));
    return end(core, ASSAY_OUTCOME_PAUSED, ASSAY_EXIT_OUT_OF_GAS, 0);
}

static int end_operation(struct fast_core *core, int result)
{
    switch (result) {
    case FAST_HOST_HALT:
        return end(core, ASSAY_OUTCOME_HALT, ASSAY_EXIT_HALT, 0);
    case FAST_HOST_PAUSED:
        return end(core, ASSAY_OUTCOME_PAUSED, ASSAY_EXIT_HOST_CALL, FAST_OPERATION_yield);
    default:
        return end(core, ASSAY_OUTCOME_FAULTED, ASSAY_EXIT_TRAP, 0);
    }
}

/* ---- going on -------------------------------------------------------------------------------- */

static bool is_call(const struct assay_stop *stop)
{
    return stop->exit == ASSAY_EXIT_HOST_CALL || stop->exit == ASSAY_EXIT_ECALL;
}

/* Operations until the machine stops for another reason or one of them ends the run. */
static int go_on(struct fast_core *core, int error)
{
    struct fast_activation *now = &core->activation;
    struct assay_stop *stop = &now->stop;
    while (error == 0 && is_call(stop)) {
        bool immediate = stop->exit == ASSAY_EXIT_HOST_CALL; /* host/selector */
        int result = fast_host_operate(core, immediate ? stop->argument : (uint32_t)stop->state.reg[ENDPOINT_REGISTER]);
        if (result < 0) {
            return result;
        }
        if (result != FAST_HOST_GOES_ON) {
            return end_operation(core, result);
        }
        error = fast_run_resume(&now->guest->machine, &stop->state, NULL, stop);
    }
    if (error != 0) {
        return error;
    }
    if (stop->exit == ASSAY_EXIT_OUT_OF_GAS) {
        return end_out_of_gas(core);
    }
    return end(core, ASSAY_OUTCOME_FAULTED, stop->exit, stop->argument);
}

/* The machine tells the observer of blocks and instructions itself. */
static void observe_machine(struct fast_core *core)
{
    struct assay_observer *observer = &core->activation.guest->machine.observer;
    *observer = core->observer;
    observer->event = NULL;
}

static int start(struct fast_core *core, const struct fast_start *how)
{
    struct fast_activation *now = &core->activation;
    int error = fast_pool_take(now->entered, &now->guest);
    if (error == 0) {
        error = fast_pool_fill(now->guest, now->entered, &now->root, &core->state.payloads);
    }
    if (error != 0) {
        return error;
    }
    enter_registers(now, how->endpoint);
    fast_record_begin(core);
    find_meter(now);
    error = top_up(core, how->gas);
    enter_gas(core, how->gas);
    fast_record_end(core, &(struct fast_record){.kind = FAST_RECORD_RUN, .op = how->endpoint});
    if (error != 0) {
        return error;
    }
    observe_machine(core);
    struct fast_fault_mask mask;
    error = fast_fault_begin_event(&now->guest->machine, &mask);
    if (error == 0) {
        error = go_on(core, fast_run_start(&now->guest->machine, &now->stop.state, NULL, &now->stop));
        fast_fault_end(&mask);
    }
    return error;
}

int fast_call_run(struct fast_core *core, const struct fast_start *how)
{
    struct fast_activation *now = &core->activation;
    core->journal.count = 0;
    struct fast_mark mark = fast_journal_mark(core);
    now->chain = how->chain;
    now->content = how->content;
    now->entered = fast_cache_keep(how->image);
    now->current = fast_cache_keep(how->image);
    int error = start(core, how);
    if (error != 0) {
        fast_journal_undo(core, &mark);
        core->is_paused = false;
        fast_call_clear(now);
    }
    return error;
}

/* yield/resume/pops, yield/resume/scratchpad, yield/resume/gas */
int fast_call_resume(struct fast_core *core, struct fast_cap *scratchpad)
{
    struct fast_activation *now = &core->activation;
    core->journal.count = 0;
    struct fast_mark mark = fast_journal_mark(core);
    core->is_paused = false;
    fast_cap_release(&now->payload);
    fast_record_begin(core);
    if (scratchpad != NULL) {
        fast_cap_release(&now->root.slot[FAST_payload_slot]);
        now->root.slot[FAST_payload_slot] = *scratchpad;
    }
    enter_gas(core, now->stop.state.gas);
    fast_record_end(core, &(struct fast_record){.kind = FAST_RECORD_RESUME});
    observe_machine(core);
    struct fast_fault_mask mask;
    int error = fast_fault_begin_event(&now->guest->machine, &mask);
    if (error == 0) {
        error = go_on(core, fast_run_resume(&now->guest->machine, &now->stop.state, NULL, &now->stop));
        fast_fault_end(&mask);
    }
    if (error != 0) {
        fast_journal_undo(core, &mark);
        core->is_paused = false;
        fast_call_clear(now);
    }
    return error;
}

/* ---- the core -------------------------------------------------------------------------------- */

int fast_call_observe(struct fast_core *core, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    struct fast_recorder *recorder = NULL;
    if (observer != NULL && observer->event != NULL) {
        recorder = core->recorder != NULL ? core->recorder : calloc(1, sizeof(*recorder));
        if (recorder == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    } else if (core->recorder != NULL) {
        fast_scale_clear(&core->recorder->out);
        free(core->recorder);
    }
    core->recorder = recorder;
    core->observer = observer == NULL ? nobody : *observer;
    return 0;
}

void fast_call_clear_core(struct fast_core *core)
{
    fast_call_clear(&core->activation);
    fast_call_observe(core, NULL);
    for (size_t i = 0; i < core->waiting_count; i++) {
        fast_cache_release(core->waiting[i].image);
        fast_cap_release(&core->waiting[i].cnode);
    }
    free(core->waiting);
    free(core->journal.change);
    fast_state_clear(&core->state);
    fast_tables_clear(&core->tables);
}
