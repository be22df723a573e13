/*
 * Operations (cap.md, host.md).
 *
 * In: the activation whose machine stands behind an ecall or ecalli. Out: what becomes of it. Each operation
 * first asks everything it has to ask and then acts, so that one that ends in Trap has changed nothing
 * (host/trap_changes_nothing).
 */
#include "kernel.h"

enum operation {
#define OP(name, number) OPERATION_##name = number,
#include "kernel/kernel.def"
};

enum { A0 = 7, A1, A2, A3 }; /* registers */

typedef int op_fn(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg);

/* ---- operands ------------------------------------------------------------------------------- */

/* cap/operand, cap/operand_range */
static struct kernel_cap *operand(struct kernel_activation *now, uint64_t reg)
{
    uint8_t slot = (uint8_t)reg;
    return kernel_root_has(&now->root, slot) ? &now->root.slot[slot] : NULL;
}

/* cap/pinned_destination, cap/pinned_source: a slot that may change. */
static struct kernel_cap *unpinned(struct kernel_activation *now, uint64_t reg)
{
    return now->current->pinned[(uint8_t)reg] ? NULL : operand(now, reg);
}

static const struct kernel_cap *operand_of(struct kernel_activation *now, uint64_t reg, enum kernel_kind kind)
{
    const struct kernel_cap *cap = operand(now, reg);
    return cap != NULL && cap->kind == kind ? cap : NULL;
}

/* An Instance or a Type. */
static const struct kernel_cap *typed(struct kernel_activation *now, uint64_t reg)
{
    const struct kernel_cap *instance = operand_of(now, reg, KERNEL_KIND_instance);
    return instance != NULL ? instance : operand_of(now, reg, KERNEL_KIND_type);
}

void kernel_put_cap(struct kernel_cap *slot, const struct kernel_cap *cap)
{
    struct kernel_cap copy = *cap;
    kernel_cap_keep(&copy);
    kernel_cap_release(slot);
    *slot = copy;
}

static struct kernel_cap data_cap(uint64_t size, const struct kernel_digest *hash)
{
    return (struct kernel_cap){.kind = KERNEL_KIND_data, .size = size, .hash = *hash};
}

/* ---- cap.md --------------------------------------------------------------------------------- */

static int op_copy(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    const struct kernel_cap *from = unpinned(now, reg[A0]);
    struct kernel_cap *to = unpinned(now, reg[A1]);
    if (from == NULL || to == NULL || from->kind == KERNEL_EMPTY || to->kind != KERNEL_EMPTY) {
        return KERNEL_TRAP;
    }
    kernel_put_cap(to, from);
    return KERNEL_GOES_ON;
}

static int op_move(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    struct kernel_cap *from = unpinned(now, reg[A0]), *to = unpinned(now, reg[A1]);
    if (from == NULL || to == NULL || from->kind == KERNEL_EMPTY || to->kind != KERNEL_EMPTY) {
        return KERNEL_TRAP;
    }
    *to = *from;
    *from = (struct kernel_cap){.kind = KERNEL_EMPTY};
    return KERNEL_GOES_ON;
}

static int op_drop(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    struct kernel_cap *slot = unpinned(now, reg[A0]);
    if (slot == NULL || slot->kind == KERNEL_EMPTY) {
        return KERNEL_TRAP;
    }
    kernel_cap_release(slot);
    return KERNEL_GOES_ON;
}

static int op_swap(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    struct kernel_cap *a = unpinned(now, reg[A0]), *b = unpinned(now, reg[A1]);
    if (a == NULL || b == NULL) {
        return KERNEL_TRAP;
    }
    struct kernel_cap was = *a;
    *a = *b;
    *b = was;
    return KERNEL_GOES_ON;
}

static int op_mint_cnode(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    struct kernel_cap *to = unpinned(now, reg[A0]);
    uint8_t size_log = (uint8_t)reg[A1];
    if (to == NULL || to->kind != KERNEL_EMPTY || size_log > KERNEL_cnode_size_log_max) {
        return KERNEL_TRAP;
    }
    *to = (struct kernel_cap){.kind = KERNEL_KIND_cnode, .size_log = size_log};
    return KERNEL_GOES_ON;
}

/* ---- ends ----------------------------------------------------------------------------------- */

static int op_reply(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    (void)now;
    (void)reg;
    return KERNEL_HALT;
}

static int op_yield(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    const struct kernel_cap *marker = operand_of(now, reg[A0], KERNEL_KIND_instance);
    int catcher = marker == NULL ? -1 : kernel_find_catcher(core, &marker->chain);
    if (catcher < 0) {
        return KERNEL_TRAP;
    }
    core->catcher = (uint32_t)catcher;
    kernel_put_cap(&now->payload, marker);
    return KERNEL_PAUSED;
}

/* ---- Images --------------------------------------------------------------------------------- */

static int store_contents(struct kernel_payloads *payloads, const struct kernel_content *list,
                          const struct kernel_digest *hash, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        if (!list[i].is_image) {
            error = kernel_payload_store(payloads, list[i].content, list[i].length, &hash[i]);
        }
    }
    return error;
}

int kernel_store_contents(struct kernel_state *state, const struct kernel_image *image)
{
    const struct kernel_view *view = &image->view;
    int error = store_contents(&state->payloads, view->pinned, image->pinned_hash, view->pinned_count);
    return error != 0 ? error
                      : store_contents(&state->payloads, view->initial, image->initial_hash, view->initial_count);
}

void kernel_place(struct kernel_root *root, const struct kernel_content *list, const struct kernel_digest *hash,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kernel_root_has(root, list[i].slot)) {
            struct kernel_cap cap = data_cap(list[i].size, &hash[i]);
            cap.kind = list[i].is_image ? KERNEL_KIND_image : KERNEL_KIND_data;
            kernel_put_cap(&root->slot[list[i].slot], &cap);
        }
    }
}

/* host/resolve: NULL when it does not. */
static int resolve(const struct kernel_core *core, const struct kernel_digest *hash, struct kernel_image **image)
{
    *image = NULL;
    const struct kernel_bytes *bytes = kernel_payload_find(&core->state.payloads, hash);
    return bytes == NULL ? 0 : kernel_image_open_hashed(bytes->data, bytes->size, hash, image);
}

/* host/set_image/new_pins */
static bool may_pin(const struct kernel_activation *now, const struct kernel_image *image)
{
    for (size_t i = 0; i < image->view.pinned_count; i++) {
        uint32_t slot = image->view.pinned[i].slot;
        if (now->root.slot[slot].kind != KERNEL_EMPTY && !now->current->pinned[slot]) {
            return false;
        }
    }
    return true;
}

/* host/set_image/swap; takes over `image`. */
static void become(struct kernel_activation *now, struct kernel_image *image)
{
    for (size_t i = 0; i < now->current->view.pinned_count; i++) {
        kernel_cap_release(&now->root.slot[now->current->view.pinned[i].slot]);
    }
    kernel_place(&now->root, image->view.pinned, image->pinned_hash, image->view.pinned_count);
    kernel_hash_chain(&now->chain, &image->hash, &now->chain);
    kernel_image_release(now->current);
    now->current = image;
}

static int op_set_image(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    const struct kernel_cap *cap = operand_of(now, reg[A0], KERNEL_KIND_image);
    struct kernel_image *image = NULL;
    int error = cap == NULL ? 0 : resolve(core, &cap->hash, &image);
    if (image == NULL) {
        return error < 0 ? error : KERNEL_TRAP;
    }
    if (!may_pin(now, image)) {
        kernel_image_release(image);
        return KERNEL_TRAP;
    }
    error = kernel_store_contents(&core->state, image);
    if (error != 0) {
        kernel_image_release(image);
        return error;
    }
    become(now, image);
    return KERNEL_GOES_ON;
}

/* host/derive_spawn/cnode_reserved */
static int op_derive_spawn(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    const struct kernel_cap *image = operand_of(now, reg[A0], KERNEL_KIND_image);
    struct kernel_cap *to = unpinned(now, reg[A1]);
    if (image == NULL || to == NULL || reg[A2] != 0) {
        return KERNEL_TRAP;
    }
    struct kernel_cap instance = {.kind = KERNEL_KIND_instance};
    kernel_hash_chain(&now->chain, &image->hash, &instance.chain);
    kernel_put_cap(to, &instance);
    return KERNEL_GOES_ON;
}

static int op_same_type(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    const struct kernel_cap *a = typed(now, reg[A0]), *b = typed(now, reg[A1]);
    if (a == NULL || b == NULL) {
        return KERNEL_TRAP;
    }
    reg[A0] = kernel_same(&a->chain, &b->chain);
    return KERNEL_GOES_ON;
}

static int op_type_of(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    (void)core;
    const struct kernel_cap *of = typed(now, reg[A0]);
    struct kernel_cap *to = unpinned(now, reg[A1]);
    if (of == NULL || to == NULL) {
        return KERNEL_TRAP;
    }
    struct kernel_cap type = {.kind = KERNEL_KIND_type, .chain = of->chain};
    kernel_put_cap(to, &type);
    return KERNEL_GOES_ON;
}

/* ---- data ----------------------------------------------------------------------------------- */

/* host/read_data/memory, host/missing_payload */
static int op_read_data(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    const struct kernel_cap *data = operand_of(now, reg[A0], KERNEL_KIND_data);
    const struct fast_window *window = &now->vm->machine.window;
    uint32_t address = (uint32_t)reg[A1];
    if (data == NULL) {
        return KERNEL_TRAP;
    }
    uint64_t size = reg[A2] < data->size ? reg[A2] : data->size;
    if (!fast_window_allows(window, address, size, ASSAY_ACCESS_RW)) {
        return KERNEL_TRAP;
    }
    const struct kernel_bytes *payload = kernel_payload_find(&core->state.payloads, &data->hash);
    uint64_t stored = payload == NULL ? 0 : payload->size;
    size_t part = stored < size ? stored : size;
    if (part != 0) {
        memcpy(window->base + address, payload->data, part);
    }
    memset(window->base + address + part, 0, size - part);
    reg[A0] = size;
    return KERNEL_GOES_ON;
}

/* A Quota handle with enough for the amount (host/quota). */
static bool can_charge(const struct kernel_core *core, struct kernel_activation *now, uint64_t reg, uint64_t amount,
                       uint64_t *id)
{
    const struct kernel_cap *cap = operand(now, reg);
    return cap != NULL && kernel_is_handle(cap, KERNEL_IMAGE_quota, id) &&
           kernel_number_get(&core->tables.quotas, *id) >= amount;
}

static int charge(struct kernel_core *core, uint64_t id, uint64_t amount)
{
    return kernel_set_quota(core, id, kernel_number_get(&core->tables.quotas, id) - amount);
}

/* host/mint_data/memory */
static int op_mint_data(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    struct kernel_cap *to = unpinned(now, reg[A3]);
    const struct fast_window *window = &now->vm->machine.window;
    uint32_t address = (uint32_t)reg[A0];
    uint64_t length = reg[A1], quota;
    if (to == NULL || !can_charge(core, now, reg[A2], length, &quota) ||
        !fast_window_allows(window, address, length, ASSAY_ACCESS_RO)) {
        return KERNEL_TRAP;
    }
    const uint8_t *data = window->base + address;
    size_t size = kernel_stripped(data, length);
    struct kernel_digest hash;
    kernel_hash(data, size, &hash);
    int error = kernel_payload_store(&core->state.payloads, data, size, &hash);
    if (error == 0) {
        error = charge(core, quota, length);
    }
    if (error != 0) {
        return error;
    }
    struct kernel_cap cap = data_cap(length, &hash);
    kernel_put_cap(to, &cap);
    return KERNEL_GOES_ON;
}

/* host/open/by_id */
static bool file_id(struct kernel_activation *now, const uint64_t *reg, uint64_t *id)
{
    const struct kernel_cap *cap = operand(now, reg[A0]);
    if (cap == NULL) {
        return false;
    }
    if (kernel_is_handle(cap, KERNEL_IMAGE_host_open, id)) {
        *id = reg[A2];
        return true;
    }
    return kernel_is_handle(cap, KERNEL_IMAGE_file, id);
}

static int op_open(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    struct kernel_cap *to = unpinned(now, reg[A1]);
    uint64_t id;
    if (to == NULL || !file_id(now, reg, &id)) {
        return KERNEL_TRAP;
    }
    const struct kernel_blob *blob = kernel_file_find(&core->state, id);
    if (blob == NULL) {
        return KERNEL_TRAP;
    }
    struct kernel_cap cap = data_cap(blob->size, &blob->hash);
    kernel_put_cap(to, &cap);
    return KERNEL_GOES_ON;
}

/* host/save/ids_exhausted */
static int op_save(struct kernel_core *core, struct kernel_activation *now, uint64_t *reg)
{
    const struct kernel_cap *data = operand_of(now, reg[A0], KERNEL_KIND_data);
    struct kernel_cap *to = unpinned(now, reg[A2]);
    uint64_t quota, id = core->state.next_file_id;
    if (data == NULL || to == NULL || id == UINT64_MAX || !can_charge(core, now, reg[A1], data->size, &quota)) {
        return KERNEL_TRAP;
    }
    struct kernel_blob blob = {.hash = data->hash, .size = data->size, .backing_quota = quota, .refcount = 1};
    int error = kernel_set_file(core, id, &blob);
    if (error == 0) {
        error = charge(core, quota, blob.size);
    }
    if (error != 0) {
        return error;
    }
    core->state.next_file_id++;
    struct kernel_cap handle = {.kind = KERNEL_KIND_instance, .chain = *kernel_image_hash(KERNEL_IMAGE_file)};
    memcpy(handle.content.byte, &id, sizeof(id));
    kernel_put_cap(to, &handle);
    return KERNEL_GOES_ON;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static op_fn *const operation[KERNEL_op_silent_min] = {
#define OP(name, number) [number] = op_##name,
#include "kernel/kernel.def"
};

static int operate(struct kernel_core *core, uint32_t selector)
{
    if (selector >= KERNEL_op_silent_min) { /* host/silent */
        return KERNEL_GOES_ON;
    }
    if (operation[selector] == NULL) { /* host/unassigned */
        return KERNEL_TRAP;
    }
    return operation[selector](core, &core->activation, core->activation.stop.state.reg);
}

int kernel_operate(struct kernel_core *core, uint32_t selector)
{
    if (core->recorder == NULL) {
        return operate(core, selector);
    }
    kernel_record_begin(core);
    int result = operate(core, selector);
    kernel_record_end(core, KERNEL_RECORD_OPERATION, selector, (uint8_t)(result < 0 ? KERNEL_TRAP : result), 0, 0);
    return result;
}
