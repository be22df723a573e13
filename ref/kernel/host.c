/*
 * Host operations (host.md).
 *
 * Each function checks everything before it changes anything, so a Trap changes nothing (host/trap_changes_nothing).
 * Operands are read from activation->stop.state.reg, and results are written there.
 */
#include "kernel.h"

#include <string.h>

static struct ref_cap operand(const struct ref_activation *activation, unsigned reg)
{
    int slot = ref_operand(activation, reg);
    return slot < 0 ? (struct ref_cap){.kind = REF_KIND_empty} : activation->entry->root->slot[slot];
}

static bool place(struct ref_activation *activation, int slot, struct ref_cap cap)
{
    activation->entry->root->slot[slot] = cap;
    return true;
}

/* Whether all of [address, address + size) has at least that access; no byte, no question. */
static bool may(const struct ref_activation *activation, uint32_t address, uint64_t size, uint32_t access)
{
    if (size > (UINT64_C(1) << 32) - address) {
        return false;
    }
    uint64_t end = address + size;
    for (uint64_t at = address; at < end; at = at - at % ASSAY_PAGE_SIZE + ASSAY_PAGE_SIZE) {
        const struct ref_page *page = ref_mem_page(&activation->machine->memory, (uint32_t)at);
        if (page == NULL || page->access < access) {
            return false;
        }
    }
    return true;
}

/* ---- set_image ---------------------------------------------------------------------------------- */

/* host/resolve */
static bool resolve(struct ref_activation *activation, const struct ref_cap *cap, struct ref_image *image)
{
    const struct ref_payload *payload = ref_payload_of(&activation->kernel->state, &cap->content);
    return payload != NULL && ref_admit(activation->kernel->room, payload->bytes, image, NULL) == 0;
}

/* host/set_image/new_pins */
static bool new_pins_are_free(const struct ref_entry *entry, const struct ref_image *image)
{
    for (size_t i = 0; i < image->pinned_count; i++) {
        uint32_t slot = image->pinned[i].slot;
        if (ref_root_read(entry->root, slot).kind != REF_KIND_empty && !ref_image_pins(&entry->current, slot)) {
            return false;
        }
    }
    return true;
}

static struct ref_cap given_cap(const struct ref_given *given)
{
    return given->is_image ? ref_image_cap(given->hash) : ref_data(given->size, ref_hash(given->content));
}

static void store_contents(struct ref_kernel *kernel, const struct ref_given *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_image) {
            ref_store_payload(kernel->room, &kernel->state, list[i].content);
        }
    }
}

static bool set_image(struct ref_activation *activation)
{
    struct ref_entry *entry = activation->entry;
    struct ref_cap cap = operand(activation, 7);
    struct ref_image image;
    if (cap.kind != REF_KIND_image || !resolve(activation, &cap, &image) || !new_pins_are_free(entry, &image)) {
        return false;
    }
    for (size_t i = 0; i < entry->current.pinned_count; i++) {
        ref_root_write(entry->root, entry->current.pinned[i].slot, (struct ref_cap){.kind = REF_KIND_empty});
    }
    for (size_t i = 0; i < image.pinned_count; i++) {
        ref_root_write(entry->root, image.pinned[i].slot, given_cap(&image.pinned[i]));
    }
    store_contents(activation->kernel, image.pinned, image.pinned_count);
    store_contents(activation->kernel, image.initial, image.initial_count);
    entry->chain = ref_hash_chain(&entry->chain, &cap.content);
    entry->current = image;
    return true;
}

/* ---- types -------------------------------------------------------------------------------------- */

static bool derive_spawn(struct ref_activation *activation)
{
    static const struct ref_hash nothing;
    struct ref_cap image = operand(activation, 7);
    int to = ref_destination(activation, 8);
    if (image.kind != REF_KIND_image || to < 0 || activation->stop.state.reg[9] != 0) {
        return false;
    }
    struct ref_hash chain = ref_hash_chain(&activation->entry->chain, &image.content);
    return place(activation, to, ref_instance(chain, nothing));
}

static bool has_type(const struct ref_cap *cap)
{
    return cap->kind == REF_KIND_instance || cap->kind == REF_KIND_type;
}

static bool same_type(struct ref_activation *activation)
{
    struct ref_cap a = operand(activation, 7), b = operand(activation, 8);
    if (!has_type(&a) || !has_type(&b)) {
        return false;
    }
    activation->stop.state.reg[7] = ref_same(&a.chain, &b.chain);
    return true;
}

static bool type_of(struct ref_activation *activation)
{
    struct ref_cap cap = operand(activation, 7);
    int to = ref_destination(activation, 8);
    if (!has_type(&cap) || to < 0) {
        return false;
    }
    return place(activation, to, (struct ref_cap){.kind = REF_KIND_type, .chain = cap.chain});
}

/* ---- data --------------------------------------------------------------------------------------- */

static bool read_data(struct ref_activation *activation)
{
    struct ref_cap data = operand(activation, 7);
    uint64_t *reg = activation->stop.state.reg;
    uint32_t address = (uint32_t)reg[8];
    if (data.kind != REF_KIND_data) {
        return false;
    }
    uint64_t n = reg[9] < data.size ? reg[9] : data.size;
    if (!may(activation, address, n, ASSAY_ACCESS_RW)) {
        return false;
    }
    const struct ref_payload *payload = ref_payload_of(&activation->kernel->state, &data.content);
    for (uint64_t i = 0; i < n; i++) {
        uint8_t byte = payload != NULL && i < payload->bytes.size ? payload->bytes.data[i] : 0;
        ref_mem_store(&activation->machine->memory, address + (uint32_t)i, 1, byte);
    }
    reg[7] = n;
    return true;
}

/* Takes from a quota; false, and nothing is taken, when it holds less (host/quota). */
static bool charge(struct ref_kernel *kernel, uint64_t quota, uint64_t amount)
{
    uint64_t holds = ref_number_of(&kernel->tables.quotas, quota);
    if (holds < amount) {
        return false;
    }
    ref_set_number(kernel->room, &kernel->tables.quotas, quota, holds - amount);
    return true;
}

static bool mint_data(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    const uint64_t *reg = activation->stop.state.reg;
    uint32_t address = (uint32_t)reg[7];
    uint64_t size = reg[8];
    struct ref_cap quota = operand(activation, 9);
    int to = ref_destination(activation, 10);
    if (to < 0 || !ref_is_handle(&quota, REF_KERNEL_IMAGE_quota) || !may(activation, address, size, ASSAY_ACCESS_RO) ||
        !charge(kernel, ref_handle_id(&quota), size)) {
        return false;
    }
    uint8_t *byte = ref_take(kernel->room, (size_t)size, 1);
    for (uint64_t i = 0; i < size; i++) {
        byte[i] = (uint8_t)ref_mem_load(&activation->machine->memory, address + (uint32_t)i, 1);
    }
    struct ref_bytes stripped = ref_strip((struct ref_bytes){byte, (size_t)size});
    return place(activation, to, ref_data(size, ref_store_payload(kernel->room, &kernel->state, stripped)));
}

/* ---- files -------------------------------------------------------------------------------------- */

static bool open_file(struct ref_activation *activation)
{
    struct ref_cap handle = operand(activation, 7);
    int to = ref_destination(activation, 8);
    bool by_id = ref_is_handle(&handle, REF_KERNEL_IMAGE_host_open);
    if (to < 0 || (!by_id && !ref_is_handle(&handle, REF_KERNEL_IMAGE_file))) {
        return false;
    }
    uint64_t id = by_id ? activation->stop.state.reg[9] : ref_handle_id(&handle);
    const struct ref_file *file = ref_file_of(&activation->kernel->state, id);
    return file != NULL && place(activation, to, ref_data(file->size, file->content));
}

static bool save_file(struct ref_activation *activation)
{
    struct ref_kernel *kernel = activation->kernel;
    struct ref_cap data = operand(activation, 7), quota = operand(activation, 8);
    int to = ref_destination(activation, 9);
    if (to < 0 || data.kind != REF_KIND_data || !ref_is_handle(&quota, REF_KERNEL_IMAGE_quota) ||
        kernel->state.next_file_id == UINT64_MAX || !charge(kernel, ref_handle_id(&quota), data.size)) {
        return false;
    }
    struct ref_file file = {
        .id = kernel->state.next_file_id++,
        .content = data.content,
        .size = data.size,
        .refcount = 1,
        .backing_quota = ref_handle_id(&quota),
    };
    ref_put_file(kernel->room, &kernel->state, file);
    return place(activation, to, ref_handle(REF_KERNEL_IMAGE_file, file.id));
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static enum ref_result yield(struct ref_activation *activation)
{
    struct ref_cap marker = operand(activation, 7);
    if (marker.kind != REF_KIND_instance || !ref_yield(activation, &marker.chain)) {
        return REF_RESULT_TRAP;
    }
    activation->payload = marker;
    return REF_RESULT_PAUSED;
}

static bool goes_on(struct ref_activation *activation, uint32_t op)
{
    switch (op) {
    case REF_OP_copy:
    case REF_OP_move:
    case REF_OP_drop:
    case REF_OP_swap:
    case REF_OP_mint_cnode:
        return ref_manage(activation, op);
    case REF_OP_set_image:
        return set_image(activation);
    case REF_OP_derive_spawn:
        return derive_spawn(activation);
    case REF_OP_same_type:
        return same_type(activation);
    case REF_OP_type_of:
        return type_of(activation);
    case REF_OP_read_data:
        return read_data(activation);
    case REF_OP_mint_data:
        return mint_data(activation);
    case REF_OP_open:
        return open_file(activation);
    case REF_OP_save:
        return save_file(activation);
    default:
        return op >= REF_op_silent_min; /* host/silent, host/unassigned */
    }
}

enum ref_result ref_host(struct ref_activation *activation, uint32_t op)
{
    if (op == REF_OP_reply) {
        return REF_RESULT_HALT;
    }
    if (op == REF_OP_yield) {
        return yield(activation);
    }
    return goes_on(activation, op) ? REF_RESULT_GOES_ON : REF_RESULT_TRAP;
}
