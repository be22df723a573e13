/*
 * Host operations: one function each, found by its name in kernel.def (host.md, cap.md).
 *
 * Each function checks everything before it changes anything, so a Trap changes nothing (host/trap_changes_nothing).
 * Operands are read from activation->stop.state.reg, and results are written there.
 */
#include "kernel.h"

/* ---- operands ----------------------------------------------------------------------------------- */

/* What the slot holds that a register names; empty beyond the root (cap/operand, cap/operand_range). */
static struct ref_cap operand(const struct ref_activation *activation, enum ref_register reg)
{
    return ref_root_read(activation->entry->root, (uint8_t)activation->stop.state.reg[reg]);
}

/* The slot that a register names, to be written; NULL beyond the root or when it is pinned (cap/pinned_destination). */
static struct ref_cap *destination(const struct ref_activation *activation, enum ref_register reg)
{
    struct ref_root *root = activation->entry->root;
    uint32_t slot = (uint8_t)activation->stop.state.reg[reg];
    bool may_be_written = ref_root_has(root, slot) && !ref_image_pins(&activation->entry->current, slot);
    return may_be_written ? &root->slot[slot] : NULL;
}

static bool is_empty(const struct ref_cap *cap)
{
    return cap->kind == REF_KIND_empty;
}

static enum ref_result put(struct ref_cap *slot, struct ref_cap cap)
{
    *slot = cap;
    return REF_RESULT_GOES_ON;
}

/* ---- slots: these take their sources like destinations (cap/pinned_source) ---------------------- */

/* cap/copy */
static enum ref_result op_copy(struct ref_activation *activation)
{
    struct ref_cap *from = destination(activation, A0), *to = destination(activation, A1);
    if (from == NULL || to == NULL || is_empty(from) || !is_empty(to)) {
        return REF_RESULT_TRAP;
    }
    return put(to, *from);
}

/* cap/move */
static enum ref_result op_move(struct ref_activation *activation)
{
    enum ref_result result = op_copy(activation);
    if (result == REF_RESULT_GOES_ON) {
        *destination(activation, A0) = (struct ref_cap){.kind = REF_KIND_empty};
    }
    return result;
}

/* cap/drop */
static enum ref_result op_drop(struct ref_activation *activation)
{
    struct ref_cap *slot = destination(activation, A0);
    if (slot == NULL || is_empty(slot)) {
        return REF_RESULT_TRAP;
    }
    return put(slot, (struct ref_cap){.kind = REF_KIND_empty});
}

/* cap/swap */
static enum ref_result op_swap(struct ref_activation *activation)
{
    struct ref_cap *a = destination(activation, A0), *b = destination(activation, A1);
    if (a == NULL || b == NULL) {
        return REF_RESULT_TRAP;
    }
    struct ref_cap cap = *a;
    *a = *b;
    return put(b, cap);
}

/* cap/mint_cnode */
static enum ref_result op_mint_cnode(struct ref_activation *activation)
{
    struct ref_cap *to = destination(activation, A0);
    uint8_t size_log = (uint8_t)activation->stop.state.reg[A1];
    if (to == NULL || !is_empty(to) || size_log > REF_cnode_size_log_max) {
        return REF_RESULT_TRAP;
    }
    struct ref_cnode *cnode = ref_region_take(activation->kernel->region, 1, sizeof(*cnode));
    cnode->size_log = size_log;
    return put(to, (struct ref_cap){.kind = REF_KIND_cnode, .cnode = cnode});
}

/* ---- set_image ---------------------------------------------------------------------------------- */

/* host/resolve */
static bool resolve(struct ref_activation *activation, const struct ref_cap *cap, struct ref_image *image)
{
    const struct ref_payload *payload = ref_state_payload(activation->kernel->state, &cap->content);
    return payload != NULL && ref_admit_image(activation->kernel->region, payload->bytes, image, NULL) == 0;
}

/* host/set_image/new_pins */
static bool new_pins_are_free(const struct ref_entry *entry, const struct ref_image *image)
{
    for (size_t i = 0; i < image->pinned_count; i++) {
        uint32_t slot = image->pinned[i].slot;
        struct ref_cap cap = ref_root_read(entry->root, slot);
        if (!is_empty(&cap) && !ref_image_pins(&entry->current, slot)) {
            return false;
        }
    }
    return true;
}

/* host/set_image */
static enum ref_result op_set_image(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    struct ref_entry *entry = activation->entry;
    struct ref_cap cap = operand(activation, A0);
    struct ref_image image;
    if (cap.kind != REF_KIND_image || !resolve(activation, &cap, &image) || !new_pins_are_free(entry, &image)) {
        return REF_RESULT_TRAP;
    }
    for (size_t i = 0; i < entry->current.pinned_count; i++) {
        ref_root_write(entry->root, entry->current.pinned[i].slot, (struct ref_cap){.kind = REF_KIND_empty});
    }
    for (size_t i = 0; i < image.pinned_count; i++) {
        ref_root_write(entry->root, image.pinned[i].slot, ref_image_given_cap(&image.pinned[i]));
    }
    ref_state_store_given(kernel->region, kernel->state, image.pinned, image.pinned_count);
    ref_state_store_given(kernel->region, kernel->state, image.initial, image.initial_count);
    entry->chain = ref_hash_chain(&entry->chain, &cap.content);
    entry->current = image;
    return REF_RESULT_GOES_ON;
}

/* ---- types -------------------------------------------------------------------------------------- */

/* host/derive_spawn */
static enum ref_result op_derive_spawn(struct ref_activation *activation)
{
    static const struct ref_hash nothing;
    struct ref_cap image = operand(activation, A0);
    struct ref_cap *to = destination(activation, A1);
    if (image.kind != REF_KIND_image || to == NULL || activation->stop.state.reg[A2] != 0) {
        return REF_RESULT_TRAP;
    }
    return put(to, ref_cap_instance(ref_hash_chain(&activation->entry->chain, &image.content), nothing));
}

static bool has_type(const struct ref_cap *cap)
{
    return cap->kind == REF_KIND_instance || cap->kind == REF_KIND_type;
}

/* host/same_type */
static enum ref_result op_same_type(struct ref_activation *activation)
{
    struct ref_cap a = operand(activation, A0), b = operand(activation, A1);
    if (!has_type(&a) || !has_type(&b)) {
        return REF_RESULT_TRAP;
    }
    activation->stop.state.reg[A0] = ref_hash_same(&a.chain, &b.chain);
    return REF_RESULT_GOES_ON;
}

/* host/type_of */
static enum ref_result op_type_of(struct ref_activation *activation)
{
    struct ref_cap cap = operand(activation, A0);
    struct ref_cap *to = destination(activation, A1);
    if (!has_type(&cap) || to == NULL) {
        return REF_RESULT_TRAP;
    }
    return put(to, (struct ref_cap){.kind = REF_KIND_type, .chain = cap.chain});
}

/* ---- data --------------------------------------------------------------------------------------- */

/* host/read_data */
static enum ref_result op_read_data(struct ref_activation *activation)
{
    struct ref_memory *memory = &activation->machine->memory;
    struct ref_cap data = operand(activation, A0);
    uint64_t *reg = activation->stop.state.reg;
    uint32_t address = (uint32_t)reg[A1];
    if (data.kind != REF_KIND_data) {
        return REF_RESULT_TRAP;
    }
    uint64_t n = reg[A2] < data.size ? reg[A2] : data.size;
    if (!ref_mem_allows(memory, address, n, ASSAY_ACCESS_RW)) {
        return REF_RESULT_TRAP;
    }
    const struct ref_payload *payload = ref_state_payload(activation->kernel->state, &data.content);
    for (uint64_t i = 0; i < n; i++) {
        uint8_t byte = payload != NULL && i < payload->bytes.size ? payload->bytes.data[i] : 0;
        ref_mem_store(memory, address + (uint32_t)i, 1, byte);
    }
    reg[A0] = n;
    return REF_RESULT_GOES_ON;
}

/* Takes from a quota; false, and nothing is taken, when it holds less (host/quota). */
static bool charge(struct ref_kernel *kernel, uint64_t quota, uint64_t amount)
{
    uint64_t holds = ref_tables_get(&kernel->tables.quotas, quota);
    if (holds < amount) {
        return false;
    }
    ref_tables_set(kernel->region, &kernel->tables.quotas, quota, holds - amount);
    return true;
}

/* host/mint_data */
static enum ref_result op_mint_data(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    const struct ref_memory *memory = &activation->machine->memory;
    const uint64_t *reg = activation->stop.state.reg;
    uint32_t address = (uint32_t)reg[A0];
    uint64_t size = reg[A1];
    struct ref_cap quota = operand(activation, A2);
    struct ref_cap *to = destination(activation, A3);
    if (to == NULL || !ref_cap_is_handle(&quota, REF_KERNEL_IMAGE_quota) ||
        !ref_mem_allows(memory, address, size, ASSAY_ACCESS_RO) || !charge(kernel, ref_cap_handle_id(&quota), size)) {
        return REF_RESULT_TRAP;
    }
    uint8_t *byte = ref_region_take(kernel->region, (size_t)size, 1);
    for (uint64_t i = 0; i < size; i++) {
        byte[i] = (uint8_t)ref_mem_load(memory, address + (uint32_t)i, 1);
    }
    struct assay_bytes stripped = ref_image_strip((struct assay_bytes){byte, (size_t)size});
    return put(to, ref_cap_data(size, ref_state_store(kernel->region, kernel->state, stripped)));
}

/* ---- files -------------------------------------------------------------------------------------- */

/* host/open */
static enum ref_result op_open(struct ref_activation *activation)
{
    struct ref_cap handle = operand(activation, A0);
    struct ref_cap *to = destination(activation, A1);
    bool by_id = ref_cap_is_handle(&handle, REF_KERNEL_IMAGE_host_open);
    if (to == NULL || (!by_id && !ref_cap_is_handle(&handle, REF_KERNEL_IMAGE_file))) {
        return REF_RESULT_TRAP;
    }
    uint64_t id = by_id ? activation->stop.state.reg[A2] : ref_cap_handle_id(&handle);
    const struct ref_file *file = ref_state_file(activation->kernel->state, id);
    return file == NULL ? REF_RESULT_TRAP : put(to, ref_cap_data(file->size, file->content));
}

/* host/save */
static enum ref_result op_save(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    struct ref_cap data = operand(activation, A0), quota = operand(activation, A1);
    struct ref_cap *to = destination(activation, A2);
    if (to == NULL || data.kind != REF_KIND_data || !ref_cap_is_handle(&quota, REF_KERNEL_IMAGE_quota) ||
        kernel->state->next_file_id == UINT64_MAX || !charge(kernel, ref_cap_handle_id(&quota), data.size)) {
        return REF_RESULT_TRAP;
    }
    struct ref_file file = {
        .id = kernel->state->next_file_id++,
        .content = data.content,
        .size = data.size,
        .refcount = 1,
        .backing_quota = ref_cap_handle_id(&quota),
    };
    ref_state_put_file(kernel->state, file);
    return put(to, ref_cap_handle(REF_KERNEL_IMAGE_file, file.id));
}

/* ---- leaving ------------------------------------------------------------------------------------ */

/* host/reply */
static enum ref_result op_reply(struct ref_activation *activation)
{
    (void)activation;
    return REF_RESULT_HALT;
}

/* host/yield */
static enum ref_result op_yield(struct ref_activation *activation)
{
    struct ref_cap marker = operand(activation, A0);
    if (marker.kind != REF_KIND_instance || !ref_yield_raise(activation, &marker.chain)) {
        return REF_RESULT_TRAP;
    }
    activation->payload = marker;
    return REF_RESULT_PAUSED;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

typedef enum ref_result operation_fn(struct ref_activation *activation);

static operation_fn *const operation[REF_op_silent_min] = {
#define OP(name, number) [number] = op_##name,
#include "kernel/kernel.def"
};

/* host/silent, host/unassigned */
enum ref_result ref_host_perform(struct ref_activation *activation, uint32_t op)
{
    if (op >= REF_op_silent_min) {
        return REF_RESULT_GOES_ON;
    }
    return operation[op] == NULL ? REF_RESULT_TRAP : operation[op](activation);
}
