/*
 * Activations: entered by run or resume, left by Halt, a fault or a yield (call.md).
 *
 * A machine lives as long as the activation runs. An activation that is set aside keeps its registers and pages as
 * values, and gets a new machine when it is resumed.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = ASSAY_PAGE_SIZE };

/* ---- the machine -------------------------------------------------------------------------------- */

static void make_machine(struct ref_activation *activation, const struct assay_page *page, size_t page_count)
{
    struct ref_region *region = activation->kernel->region;
    struct assay_bytes code = activation->entry->entered.code;
    struct assay_program program = {.blob = code.data,
                                    .blob_size = code.size,
                                    .mem_cycles = REF_mem_cycles,
                                    .page = page,
                                    .page_count = page_count};
    ref_load_free(region->machine);
    region->machine = NULL;
    if (ref_load_machine(&program, &region->machine) != 0) { /* the code is good, the pages are well formed */
        ref_region_give_up(region);
    }
    activation->machine = region->machine;
}

/* call/map/content, call/map/no_content */
static struct assay_bytes content_of(const struct ref_kernel *kernel, const struct ref_cap *cap)
{
    const struct ref_payload *payload = NULL;
    if (cap->kind == REF_KIND_data) {
        payload = ref_state_payload(kernel->state, &cap->content);
    }
    return payload == NULL ? (struct assay_bytes){NULL, 0} : payload->bytes;
}

/* The pages of one mapping, behind those of the others. */
static struct assay_page *map_one(const struct ref_activation *activation, const struct ref_mapped *mapped,
                                  struct assay_page *page)
{
    struct ref_cap cap = ref_root_read(activation->entry->root, mapped->slot);
    struct assay_bytes content = content_of(activation->kernel, &cap);
    for (uint64_t at = 0; at < mapped->size; at += PAGE) {
        size_t left = at < content.size ? content.size - (size_t)at : 0;
        *page++ = (struct assay_page){
            .address = mapped->start + (uint32_t)at,
            .access = mapped->is_rw ? ASSAY_ACCESS_RW : ASSAY_ACCESS_RO,
            .data = left == 0 ? NULL : content.data + at,
            .size = left < PAGE ? (uint32_t)left : PAGE,
        };
    }
    return page;
}

/* call/map: which mappings there are, and memory made of them. */
static void map_memory(struct ref_activation *activation)
{
    struct ref_region *region = activation->kernel->region;
    struct ref_entry *entry = activation->entry;
    const struct ref_image *image = &entry->entered;
    size_t page_count = 0;
    entry->mapped = ref_region_take(region, image->mapping_count, sizeof(*entry->mapped));
    for (size_t i = 0; i < image->mapping_count; i++) {
        const struct ref_mapping *mapping = &image->mapping[i];
        if (mapping->path.count == 1) { /* call/map/multi_step */
            uint32_t slot = mapping->path.slot[0];
            bool is_rw = !ref_image_pins(image, slot); /* call/map/permission */
            entry->mapped[entry->mapped_count++] =
                (struct ref_mapped){(uint32_t)mapping->start, slot, mapping->size, is_rw};
            page_count += (size_t)(mapping->size / PAGE);
        }
    }
    struct assay_page *page = ref_region_take(region, page_count, sizeof(*page)), *end = page;
    for (size_t i = 0; i < entry->mapped_count; i++) {
        end = map_one(activation, &entry->mapped[i], end);
    }
    make_machine(activation, page, page_count);
}

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct ref_saved_page *)a)->address, y = ((const struct ref_saved_page *)b)->address;
    return (x > y) - (x < y);
}

/* A copy of all the machine's pages, ascending. */
static struct ref_pages save_pages(const struct ref_activation *activation)
{
    struct ref_region *region = activation->kernel->region;
    const struct ref_entry *entry = activation->entry;
    struct ref_pages pages = {0};
    for (size_t i = 0; i < entry->mapped_count; i++) {
        pages.count += (size_t)(entry->mapped[i].size / PAGE);
    }
    pages.page = ref_region_take(region, pages.count, sizeof(*pages.page));
    size_t at = 0;
    for (size_t i = 0; i < entry->mapped_count; i++) {
        for (uint64_t offset = 0; offset < entry->mapped[i].size; offset += PAGE) {
            uint32_t address = entry->mapped[i].start + (uint32_t)offset;
            const struct ref_page *page = ref_mem_page(&activation->machine->memory, address);
            const uint8_t *byte = ref_region_copy(region, (struct assay_bytes){page->byte, PAGE}).data;
            pages.page[at++] = (struct ref_saved_page){address, page->access, byte};
        }
    }
    if (at > 0) {
        qsort(pages.page, at, sizeof(*pages.page), by_address);
    }
    return pages;
}

static void restore_machine(struct ref_activation *activation)
{
    const struct ref_pages *saved = &activation->entry->pages;
    struct assay_page *page = ref_region_take(activation->kernel->region, saved->count, sizeof(*page));
    for (size_t i = 0; i < saved->count; i++) {
        page[i] = (struct assay_page){saved->page[i].address, saved->page[i].access, saved->page[i].byte, PAGE};
    }
    make_machine(activation, page, saved->count);
}

/* ---- gas ---------------------------------------------------------------------------------------- */

/* call/gas/meter */
static void find_meter(struct ref_activation *activation)
{
    const struct ref_slots *slots = &activation->entry->entered.gas_slots;
    if (slots->count > 0) {
        struct ref_cap cap = ref_root_read(activation->entry->root, slots->slot[0]);
        activation->entry->has_meter = ref_cap_is_handle(&cap, REF_KERNEL_IMAGE_gas);
        activation->entry->meter = ref_cap_handle_id(&cap);
    }
}

static uint64_t meter_value(const struct ref_activation *activation)
{
    return ref_tables_get(&activation->kernel->tables.meters, activation->entry->meter);
}

static void set_meter(struct ref_activation *activation, uint64_t value)
{
    ref_tables_set(activation->kernel->region, &activation->kernel->tables.meters, activation->entry->meter, value);
}

/* ---- leaving ------------------------------------------------------------------------------------ */

/* call/halt/write_back, call/halt/skips */
static void write_back(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    struct ref_entry *entry = activation->entry;
    for (size_t i = 0; i < entry->mapped_count; i++) {
        const struct ref_mapped *mapped = &entry->mapped[i];
        if (!mapped->is_rw || ref_image_pins(&entry->current, mapped->slot) ||
            !ref_root_has(entry->root, mapped->slot)) {
            continue;
        }
        uint8_t *byte = ref_region_take(kernel->region, (size_t)mapped->size, 1);
        for (uint64_t at = 0; at < mapped->size; at += PAGE) {
            const struct ref_page *page = ref_mem_page(&activation->machine->memory, mapped->start + (uint32_t)at);
            memcpy(byte + at, page->byte, PAGE);
        }
        struct assay_bytes stripped = ref_image_strip((struct assay_bytes){byte, (size_t)mapped->size});
        struct ref_hash hash = ref_state_store(kernel->region, kernel->state, stripped);
        ref_root_write(entry->root, mapped->slot, ref_cap_data(mapped->size, hash));
    }
}

/* How an activation leaves, before anything is done about it. */
struct leaving {
    enum assay_outcome outcome;
    uint32_t exit, argument;
};

static void leave(struct ref_activation *activation, struct leaving leaving, struct ref_ending *ending)
{
    struct ref_kernel *kernel = activation->kernel;
    struct ref_entry *entry = activation->entry;
    struct ref_before *before = ref_record_begin(kernel, entry, activation->stop.state.reg);
    bool is_paused = leaving.outcome == ASSAY_OUTCOME_PAUSED;
    struct ref_pages pages = save_pages(activation);
    if (activation->entry->has_meter) {
        set_meter(activation, activation->stop.state.gas); /* call/gas/write_back */
    }
    if (leaving.outcome == ASSAY_OUTCOME_HALT) {
        write_back(activation);
    }
    struct ref_record_head head = {
        .kind = REF_RECORD_EXIT,
        .result = (uint8_t)leaving.outcome,
        .exit = (uint8_t)leaving.exit,
        .argument = leaving.argument,
    };
    ref_record_end(kernel, entry, before, head);
    *ending = (struct ref_ending){
        .outcome = leaving.outcome,
        .exit = leaving.exit,
        .argument = leaving.argument,
        .state = activation->stop.state,
        .gas_used = activation->gas_at_entry - activation->stop.state.gas,
        .chain = entry->chain,
        .content = entry->content,
        .cnode = ref_root_cnode(kernel->region, entry->root),
        .pages = pages,
        .payload = activation->payload,
        .image = entry->current,
    };
    entry->is_suspended = is_paused;
    entry->suspended = activation->stop.state;
    if (entry->has_meter) {
        entry->suspended.gas = 0; /* call/gas/write_back */
    }
    entry->pages = pages;
    if (!is_paused) {
        kernel->depth--;
    }
    ref_load_free(kernel->region->machine);
    kernel->region->machine = NULL;
}

/* ---- running ------------------------------------------------------------------------------------ */

/* host/selector */
static uint32_t selector(const struct assay_stop *stop)
{
    return stop->exit == ASSAY_EXIT_HOST_CALL ? stop->argument : (uint32_t)stop->state.reg[A4];
}

static enum ref_result perform(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    uint32_t op = selector(&activation->stop);
    struct ref_before *before = ref_record_begin(kernel, activation->entry, activation->stop.state.reg);
    enum ref_result result = ref_host_perform(activation, op);
    struct ref_record_head head = {.kind = REF_RECORD_OPERATION, .op = op, .result = (uint8_t)result};
    ref_record_end(kernel, activation->entry, before, head);
    return result;
}

/* yield/oog */
static bool yields_out_of_gas(struct ref_activation *activation)
{
    struct ref_hash key = ref_cap_kernel_image(REF_KERNEL_IMAGE_oog_marker);
    if (!activation->entry->has_meter || !ref_yield_raise(activation, &key)) {
        return false;
    }
    activation->payload = ref_cap_handle(REF_KERNEL_IMAGE_gas, activation->entry->meter);
    return true;
}

/* Goes on after the machine has stopped, until the activation leaves. */
static void go_on(struct ref_activation *activation, struct ref_ending *ending)
{
    struct assay_stop *stop = &activation->stop;
    while (stop->exit == ASSAY_EXIT_HOST_CALL || stop->exit == ASSAY_EXIT_ECALL) {
        enum ref_result result = perform(activation);
        if (result == REF_RESULT_GOES_ON) {
            struct assay_state state = stop->state;
            ref_run_resume(activation->machine, &state, NULL, stop);
            continue;
        }
        struct leaving leaving = {ASSAY_OUTCOME_FAULTED, ASSAY_EXIT_TRAP, 0};
        if (result == REF_RESULT_HALT) {
            leaving = (struct leaving){ASSAY_OUTCOME_HALT, ASSAY_EXIT_HALT, 0};
        } else if (result == REF_RESULT_PAUSED) {
            leaving = (struct leaving){ASSAY_OUTCOME_PAUSED, ASSAY_EXIT_HOST_CALL, REF_OP_yield};
        }
        leave(activation, leaving, ending);
        return;
    }
    bool is_caught = stop->exit == ASSAY_EXIT_OUT_OF_GAS && yields_out_of_gas(activation);
    enum assay_outcome outcome = is_caught ? ASSAY_OUTCOME_PAUSED : ASSAY_OUTCOME_FAULTED;
    leave(activation, (struct leaving){outcome, stop->exit, stop->argument}, ending);
}

static const struct ref_endpoint *endpoint_of(const struct ref_image *image, uint8_t index)
{
    for (size_t i = 0; i < image->endpoint_count; i++) {
        if (image->endpoint[i].index == index) {
            return &image->endpoint[i];
        }
    }
    return NULL;
}

/* call/run/registers, call/run/entry, call/run/missing_endpoint */
static void set_entry(struct assay_state *state, const struct ref_image *image, uint8_t index)
{
    const struct ref_endpoint *endpoint = endpoint_of(image, index);
    *state = (struct assay_state){.pc = 0};
    state->reg[A4] = index;
    if (endpoint != NULL) {
        state->pc = endpoint->entry_pc;
        for (size_t i = 0; i < endpoint->reg_count; i++) {
            if (endpoint->reg[i].number < REF_register_count) {
                state->reg[endpoint->reg[i].number] = endpoint->reg[i].value;
            }
        }
    }
}

void ref_call_run(struct ref_kernel *kernel, const struct ref_start *start, struct ref_ending *ending)
{
    struct ref_entry *entry = &kernel->entry[kernel->depth++];
    *entry = (struct ref_entry){
        .chain = start->chain, .content = start->content, .current = start->image, .entered = start->image};
    entry->root = ref_root_new(kernel->region, &start->cnode);

    struct ref_activation activation = {.kernel = kernel, .entry = entry};
    struct assay_state state;
    set_entry(&state, &start->image, start->endpoint);
    struct ref_before *before = ref_record_begin(kernel, entry, state.reg);
    find_meter(&activation);
    if (activation.entry->has_meter && meter_value(&activation) == 0) {
        set_meter(&activation, start->gas); /* call/gas/top_up */
    }
    state.gas = activation.entry->has_meter ? meter_value(&activation) : start->gas;
    activation.gas_at_entry = state.gas;
    struct ref_record_head head = {.kind = REF_RECORD_RUN, .op = start->endpoint};
    ref_record_end(kernel, entry, before, head);
    map_memory(&activation);
    ref_run_start(activation.machine, &state, NULL, &activation.stop);
    go_on(&activation, ending);
}

void ref_call_resume(struct ref_kernel *kernel, const struct ref_cap *scratchpad, struct ref_ending *ending)
{
    kernel->depth--; /* yield/resume/pops */
    struct ref_entry *entry = &kernel->entry[kernel->depth - 1];
    struct ref_activation activation = {.kernel = kernel, .entry = entry};
    struct assay_state state = entry->suspended;
    struct ref_before *before = ref_record_begin(kernel, entry, state.reg);
    if (scratchpad != NULL) {
        ref_root_write(entry->root, REF_payload_slot, *scratchpad);
    }
    if (entry->has_meter) {
        state.gas = meter_value(&activation); /* yield/resume/gas */
    }
    activation.gas_at_entry = state.gas;
    ref_record_end(kernel, entry, before, (struct ref_record_head){.kind = REF_RECORD_RESUME});
    restore_machine(&activation);
    ref_run_place(activation.machine, state.pc);
    ref_run_resume(activation.machine, &state, NULL, &activation.stop);
    go_on(&activation, ending);
}
