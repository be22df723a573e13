/*
 * Activations (call.md, yield.md): how one is entered, what becomes of its exits, how it ends or is set
 * aside.
 *
 *   run -> [ machine | operation ]* -> Halt | Faulted | Paused -> resume -> ...
 */
#include "kernel.h"

#include <stdlib.h>

enum { ENDPOINT_REGISTER = 11, REG_SIZE = 9 };

/* cap/unit_handle */
bool kernel_is_handle(const struct kernel_cap *cap, enum kernel_image_name name, uint64_t *id)
{
    if (cap->kind != KERNEL_KIND_instance || !kernel_same(&cap->chain, kernel_image_hash(name))) {
        return false;
    }
    *id = kernel_u64(cap->content.byte);
    return true;
}

void kernel_activation_clear(struct kernel_activation *now)
{
    if (now->vm != NULL) {
        kernel_vm_give_back(now->entered, now->vm);
    }
    kernel_image_release(now->entered);
    kernel_image_release(now->current);
    kernel_root_clear(&now->root);
    kernel_cap_release(&now->payload);
    now->vm = NULL;
    now->entered = now->current = NULL;
}

/* ---- entering ------------------------------------------------------------------------------- */

/* call/gas/meter */
static void find_meter(struct kernel_activation *now)
{
    const struct kernel_view *view = &now->entered->view;
    now->has_meter =
        view->gas_count > 0 && kernel_is_handle(&now->root.slot[kernel_u32(view->gas)], KERNEL_IMAGE_gas, &now->meter);
}

/* call/gas/from_meter, call/gas/top_up, call/gas/no_meter */
static int enter_gas(struct kernel_core *core, uint64_t gas, bool tops_up)
{
    struct kernel_activation *now = &core->activation;
    int error = 0;
    find_meter(now);
    if (now->has_meter) {
        uint64_t holds = kernel_number_get(&core->tables.meters, now->meter);
        if (holds == 0 && tops_up) {
            error = kernel_set_meter(core, now->meter, gas);
            holds = gas;
        }
        gas = holds;
    }
    now->stop.state.gas = now->gas_at_entry = gas;
    return error;
}

/* call/run/registers, call/run/entry, call/run/missing_endpoint */
static void enter_registers(struct kernel_activation *now, uint8_t index)
{
    struct assay_state *state = &now->stop.state;
    *state = (struct assay_state){.pc = 0};
    state->reg[ENDPOINT_REGISTER] = index;
    const struct kernel_endpoint *endpoint = kernel_image_endpoint(now->entered, index);
    if (endpoint == NULL) {
        return;
    }
    state->pc = endpoint->entry_pc;
    for (uint32_t i = 0; i < endpoint->reg_count; i++) {
        const uint8_t *at = endpoint->reg + REG_SIZE * (size_t)i;
        if (at[0] < ASSAY_REGISTER_COUNT) {
            state->reg[at[0]] = kernel_u64(at + 1);
        }
    }
}

/* ---- ending --------------------------------------------------------------------------------- */

/* One area at Halt: most activations leave what they were given, and then nothing has to be hashed. */
static int write_back(struct kernel_core *core, size_t index)
{
    struct kernel_activation *now = &core->activation;
    const struct kernel_area *area = &now->entered->area[index];
    struct kernel_fill *fill = &now->vm->fill[index];
    const uint8_t *data = now->vm->machine.window.base + area->address;
    struct kernel_cap cap = {.kind = KERNEL_KIND_data, .size = area->size};
    size_t size = fill->high = kernel_stripped(data, area->size);
    int error = 0;
    if (fill->payload != NULL && fill->payload->size == size && memcmp(fill->payload->data, data, size) == 0) {
        cap.hash = fill->payload->digest;
    } else {
        kernel_hash(data, size, &cap.hash);
        error = kernel_payload_store(&core->state.payloads, data, size, &cap.hash);
    }
    if (error == 0) {
        kernel_put_cap(&now->root.slot[area->slot], &cap);
    }
    return error;
}

/* call/halt/write_back, call/halt/skips */
static int write_back_all(struct kernel_core *core)
{
    struct kernel_activation *now = &core->activation;
    int error = 0;
    for (size_t i = 0; i < now->entered->area_count && error == 0; i++) {
        const struct kernel_area *area = &now->entered->area[i];
        if (!area->is_read_only && !now->current->pinned[area->slot] && kernel_root_has(&now->root, area->slot)) {
            error = write_back(core, i);
        }
    }
    return error;
}

/* call/gas/write_back, call/gas/used */
static int end(struct kernel_core *core, uint32_t outcome, uint32_t exit, uint32_t argument)
{
    struct kernel_activation *now = &core->activation;
    now->outcome = outcome;
    now->exit = exit;
    now->argument = argument;
    core->is_paused = outcome == ASSAY_OUTCOME_PAUSED;
    kernel_record_begin(core);
    int error = outcome == ASSAY_OUTCOME_HALT ? write_back_all(core) : 0;
    if (error == 0 && now->has_meter) {
        error = kernel_set_meter(core, now->meter, now->stop.state.gas);
    }
    kernel_record_end(core, KERNEL_RECORD_EXIT, 0, (uint8_t)outcome, exit, argument);
    if (core->recorder != NULL && core->recorder->has_lost) {
        core->recorder->has_lost = false;
        return ASSAY_ERROR_MEMORY;
    }
    return error;
}

/* yield/oog */
static int end_out_of_gas(struct kernel_core *core)
{
    struct kernel_activation *now = &core->activation;
    int catcher = -1;
    if (now->has_meter) {
        catcher = kernel_find_catcher(core, kernel_image_hash(KERNEL_IMAGE_oog_marker));
    }
    if (catcher < 0) {
        return end(core, ASSAY_OUTCOME_FAULTED, ASSAY_EXIT_OUT_OF_GAS, 0);
    }
    core->catcher = (uint32_t)catcher;
    now->payload = (struct kernel_cap){.kind = KERNEL_KIND_instance, .chain = *kernel_image_hash(KERNEL_IMAGE_gas)};
    memcpy(now->payload.content.byte, &now->meter, sizeof(now->meter));
    return end(core, ASSAY_OUTCOME_PAUSED, ASSAY_EXIT_OUT_OF_GAS, 0);
}

static int end_operation(struct kernel_core *core, int result)
{
    switch (result) {
    case KERNEL_HALT:
        return end(core, ASSAY_OUTCOME_HALT, ASSAY_EXIT_HALT, 0);
    case KERNEL_PAUSED: {
        enum {
#define OP(name, number) SELECTOR_##name = number,
#include "kernel/kernel.def"
        };
        return end(core, ASSAY_OUTCOME_PAUSED, ASSAY_EXIT_HOST_CALL, SELECTOR_yield);
    }
    default:
        return end(core, ASSAY_OUTCOME_FAULTED, ASSAY_EXIT_TRAP, 0);
    }
}

/* ---- going on ------------------------------------------------------------------------------- */

static bool is_call(const struct assay_stop *stop)
{
    return stop->exit == ASSAY_EXIT_HOST_CALL || stop->exit == ASSAY_EXIT_ECALL;
}

/* Operations until the machine stops for another reason or one of them ends the run. */
static int go_on(struct kernel_core *core, int error)
{
    struct kernel_activation *now = &core->activation;
    struct assay_stop *stop = &now->stop;
    while (error == 0 && is_call(stop)) {
        bool immediate = stop->exit == ASSAY_EXIT_HOST_CALL; /* host/selector */
        int result = kernel_operate(core, immediate ? stop->argument : (uint32_t)stop->state.reg[ENDPOINT_REGISTER]);
        if (result < 0) {
            return result;
        }
        if (result != KERNEL_GOES_ON) {
            return end_operation(core, result);
        }
        error = fast_resume(&now->vm->machine, &stop->state, NULL, stop);
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
static void observe_machine(struct kernel_core *core)
{
    struct assay_observer *observer = &core->activation.vm->machine.observer;
    *observer = core->observer;
    observer->event = NULL;
}

static int start(struct kernel_core *core, const struct kernel_start *how)
{
    struct kernel_activation *now = &core->activation;
    int error = kernel_vm_take(now->entered, &now->vm);
    if (error == 0) {
        error = kernel_vm_fill(now->vm, now->entered, &now->root, &core->state.payloads);
    }
    if (error != 0) {
        return error;
    }
    enter_registers(now, how->endpoint);
    kernel_record_begin(core);
    error = enter_gas(core, how->gas, true);
    kernel_record_end(core, KERNEL_RECORD_RUN, how->endpoint, 0, 0, 0);
    if (error != 0) {
        return error;
    }
    observe_machine(core);
    return go_on(core, fast_run(&now->vm->machine, &now->stop.state, NULL, &now->stop));
}

int kernel_run(struct kernel_core *core, const struct kernel_start *how)
{
    struct kernel_activation *now = &core->activation;
    core->log.count = 0;
    struct kernel_mark mark = kernel_log_mark(core);
    now->chain = how->chain;
    now->content = how->content;
    now->entered = kernel_image_keep(how->image);
    now->current = kernel_image_keep(how->image);
    int error = start(core, how);
    if (error != 0) {
        kernel_log_undo(core, &mark);
        core->is_paused = false;
        kernel_activation_clear(now);
    }
    return error;
}

/* yield/resume/pops, yield/resume/scratchpad, yield/resume/gas */
int kernel_resume(struct kernel_core *core, struct kernel_cap *scratchpad)
{
    struct kernel_activation *now = &core->activation;
    core->log.count = 0;
    struct kernel_mark mark = kernel_log_mark(core);
    core->is_paused = false;
    kernel_cap_release(&now->payload);
    kernel_record_begin(core);
    if (scratchpad != NULL) {
        kernel_cap_release(&now->root.slot[KERNEL_payload_slot]);
        now->root.slot[KERNEL_payload_slot] = *scratchpad;
    }
    int error = enter_gas(core, now->stop.state.gas, false);
    kernel_record_end(core, KERNEL_RECORD_RESUME, 0, 0, 0, 0);
    observe_machine(core);
    if (error == 0) {
        error = go_on(core, fast_resume(&now->vm->machine, &now->stop.state, NULL, &now->stop));
    }
    if (error != 0) {
        kernel_log_undo(core, &mark);
        core->is_paused = false;
        kernel_activation_clear(now);
    }
    return error;
}

/* ---- the core ------------------------------------------------------------------------------- */

int kernel_observe(struct kernel_core *core, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    struct kernel_recorder *recorder = NULL;
    if (observer != NULL && observer->event != NULL) {
        recorder = core->recorder != NULL ? core->recorder : calloc(1, sizeof(*recorder));
        if (recorder == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    } else if (core->recorder != NULL) {
        kernel_out_clear(&core->recorder->out);
        free(core->recorder);
    }
    core->recorder = recorder;
    core->observer = observer == NULL ? nobody : *observer;
    return 0;
}

void kernel_core_clear(struct kernel_core *core)
{
    kernel_activation_clear(&core->activation);
    kernel_observe(core, NULL);
    for (size_t i = 0; i < core->waiting_count; i++) {
        kernel_image_release(core->waiting[i].image);
        kernel_cap_release(&core->waiting[i].cnode);
    }
    free(core->waiting);
    free(core->log.change);
    kernel_state_clear(&core->state);
    kernel_tables_clear(&core->tables);
}
