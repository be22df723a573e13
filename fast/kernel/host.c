/*
 * Operations (cap.md, host.md).
 *
 * In: the activation whose machine stands behind an ecall or ecalli. Out: what becomes of it. Each operation
 * first asks everything it has to ask and then acts, so that one that ends in Trap has changed nothing
 * (host/trap_changes_nothing).
 */
#include "kernel.h"

enum { A0 = 7, A1, A2, A3 }; /* registers */

typedef int op_fn(struct fast_core *core, struct fast_activation *now, uint64_t *reg);

/* ---- operands -------------------------------------------------------------------------------- */

/* cap/operand, cap/operand_range */
static struct fast_cap *operand(struct fast_activation *now, uint64_t reg)
{
    uint8_t slot = (uint8_t)reg;
    return fast_cap_root_has(&now->root, slot) ? &now->root.slot[slot] : NULL;
}

/* cap/pinned_destination, cap/pinned_source: a slot that may change. */
static struct fast_cap *unpinned(struct fast_activation *now, uint64_t reg)
{
    return now->current->pinned[(uint8_t)reg] ? NULL : operand(now, reg);
}

static const struct fast_cap *operand_of(struct fast_activation *now, uint64_t reg, enum fast_kind kind)
{
    const struct fast_cap *cap = operand(now, reg);
    return cap != NULL && cap->kind == kind ? cap : NULL;
}

/* An Instance or a Type. */
static const struct fast_cap *typed(struct fast_activation *now, uint64_t reg)
{
    const struct fast_cap *instance = operand_of(now, reg, FAST_KIND_instance);
    return instance != NULL ? instance : operand_of(now, reg, FAST_KIND_type);
}

static struct fast_cap data_cap(uint64_t size, const struct fast_digest *hash)
{
    return (struct fast_cap){.kind = FAST_KIND_data, .size = size, .hash = *hash};
}

/* ---- cap.md ---------------------------------------------------------------------------------- */

static int op_copy(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    const struct fast_cap *from = unpinned(now, reg[A0]);
    struct fast_cap *to = unpinned(now, reg[A1]);
    if (from == NULL || to == NULL || from->kind == FAST_KIND_EMPTY || to->kind != FAST_KIND_EMPTY) {
        return FAST_HOST_TRAP;
    }
    fast_cap_put(to, from);
    return FAST_HOST_GOES_ON;
}

static int op_move(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    struct fast_cap *from = unpinned(now, reg[A0]), *to = unpinned(now, reg[A1]);
    if (from == NULL || to == NULL || from->kind == FAST_KIND_EMPTY || to->kind != FAST_KIND_EMPTY) {
        return FAST_HOST_TRAP;
    }
    *to = *from;
    *from = (struct fast_cap){.kind = FAST_KIND_EMPTY};
    return FAST_HOST_GOES_ON;
}

static int op_drop(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    struct fast_cap *slot = unpinned(now, reg[A0]);
    if (slot == NULL || slot->kind == FAST_KIND_EMPTY) {
        return FAST_HOST_TRAP;
    }
    fast_cap_release(slot);
    return FAST_HOST_GOES_ON;
}

static int op_swap(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    struct fast_cap *a = unpinned(now, reg[A0]), *b = unpinned(now, reg[A1]);
    if (a == NULL || b == NULL) {
        return FAST_HOST_TRAP;
    }
    struct fast_cap was = *a;
    *a = *b;
    *b = was;
    return FAST_HOST_GOES_ON;
}

static int op_mint_cnode(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    struct fast_cap *to = unpinned(now, reg[A0]);
    uint8_t size_log = (uint8_t)reg[A1];
    if (to == NULL || to->kind != FAST_KIND_EMPTY || size_log > FAST_cnode_size_log_max) {
        return FAST_HOST_TRAP;
    }
    *to = (struct fast_cap){.kind = FAST_KIND_cnode, .size_log = size_log};
    return FAST_HOST_GOES_ON;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static int op_reply(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    (void)now;
    (void)reg;
    return FAST_HOST_HALT;
}

static int op_yield(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    const struct fast_cap *marker = operand_of(now, reg[A0], FAST_KIND_instance);
    int catcher = marker == NULL ? -1 : fast_yield_find_catcher(core, &marker->chain);
    if (catcher < 0) {
        return FAST_HOST_TRAP;
    }
    core->catcher = (uint32_t)catcher;
    fast_cap_put(&now->payload, marker);
    return FAST_HOST_PAUSED;
}

/* ---- Images ---------------------------------------------------------------------------------- */

static int store_contents(struct fast_payloads *payloads, const struct fast_content *list,
                          const struct fast_digest *hash, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        if (!list[i].is_image) {
            error = fast_payload_store(payloads, list[i].content, list[i].length, &hash[i]);
        }
    }
    return error;
}

int fast_host_store_contents(struct fast_state *state, const struct fast_image *image)
{
    const struct fast_view *view = &image->view;
    int error = store_contents(&state->payloads, view->pinned, image->pinned_hash, view->pinned_count);
    return error != 0 ? error
                      : store_contents(&state->payloads, view->initial, image->initial_hash, view->initial_count);
}

void fast_host_place(struct fast_root *root, const struct fast_content *list, const struct fast_digest *hash,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fast_cap_root_has(root, list[i].slot)) {
            struct fast_cap cap = data_cap(list[i].size, &hash[i]);
            cap.kind = list[i].is_image ? FAST_KIND_image : FAST_KIND_data;
            fast_cap_put(&root->slot[list[i].slot], &cap);
        }
    }
}

/* host/resolve: NULL when it does not. */
static int resolve(const struct fast_core *core, const struct fast_digest *hash, struct fast_image **image)
{
    *image = NULL;
    const struct fast_bytes *bytes = fast_payload_find(&core->state.payloads, hash);
    return bytes == NULL ? 0 : fast_cache_open_hashed(bytes->data, bytes->size, hash, image);
}

/* host/set_image/new_pins */
static bool may_pin(const struct fast_activation *now, const struct fast_image *image)
{
    for (size_t i = 0; i < image->view.pinned_count; i++) {
        uint32_t slot = image->view.pinned[i].slot;
        if (now->root.slot[slot].kind != FAST_KIND_EMPTY && !now->current->pinned[slot]) {
            return false;
        }
    }
    return true;
}

/* host/set_image/swap; takes over `image`. */
static void become(struct fast_activation *now, struct fast_image *image)
{
    for (size_t i = 0; i < now->current->view.pinned_count; i++) {
        fast_cap_release(&now->root.slot[now->current->view.pinned[i].slot]);
    }
    fast_host_place(&now->root, image->view.pinned, image->pinned_hash, image->view.pinned_count);
    fast_hash_chain(&now->chain, &image->hash, &now->chain);
    fast_cache_release(now->current);
    now->current = image;
}

static int op_set_image(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    const struct fast_cap *cap = operand_of(now, reg[A0], FAST_KIND_image);
    struct fast_image *image = NULL;
    int error = cap == NULL ? 0 : resolve(core, &cap->hash, &image);
    if (image == NULL) {
        return error < 0 ? error : FAST_HOST_TRAP;
    }
    if (!may_pin(now, image)) {
        fast_cache_release(image);
        return FAST_HOST_TRAP;
    }
    error = fast_host_store_contents(&core->state, image);
    if (error != 0) {
        fast_cache_release(image);
        return error;
    }
    become(now, image);
    return FAST_HOST_GOES_ON;
}

/* host/derive_spawn/cnode_reserved */
static int op_derive_spawn(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    const struct fast_cap *image = operand_of(now, reg[A0], FAST_KIND_image);
    struct fast_cap *to = unpinned(now, reg[A1]);
    if (image == NULL || to == NULL || reg[A2] != 0) {
        return FAST_HOST_TRAP;
    }
    struct fast_cap instance = {.kind = FAST_KIND_instance};
    fast_hash_chain(&now->chain, &image->hash, &instance.chain);
    fast_cap_put(to, &instance);
    return FAST_HOST_GOES_ON;
}

static int op_same_type(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    const struct fast_cap *a = typed(now, reg[A0]), *b = typed(now, reg[A1]);
    if (a == NULL || b == NULL) {
        return FAST_HOST_TRAP;
    }
    reg[A0] = fast_hash_same(&a->chain, &b->chain);
    return FAST_HOST_GOES_ON;
}

static int op_type_of(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    (void)core;
    const struct fast_cap *of = typed(now, reg[A0]);
    struct fast_cap *to = unpinned(now, reg[A1]);
    if (of == NULL || to == NULL) {
        return FAST_HOST_TRAP;
    }
    struct fast_cap type = {.kind = FAST_KIND_type, .chain = of->chain};
    fast_cap_put(to, &type);
    return FAST_HOST_GOES_ON;
}

/* ---- data ------------------------------------------------------------------------------------ */

/* host/read_data/memory, host/missing_payload */
static int op_read_data(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    const struct fast_cap *data = operand_of(now, reg[A0], FAST_KIND_data);
    const struct fast_mem *mem = &now->guest->machine.mem;
    uint32_t address = (uint32_t)reg[A1];
    if (data == NULL) {
        return FAST_HOST_TRAP;
    }
    uint64_t size = reg[A2] < data->size ? reg[A2] : data->size;
    if (!fast_mem_allows(mem, address, size, ASSAY_ACCESS_RW)) {
        return FAST_HOST_TRAP;
    }
    const struct fast_bytes *payload = fast_payload_find(&core->state.payloads, &data->hash);
    uint64_t stored = payload == NULL ? 0 : payload->size;
    size_t part = stored < size ? stored : size;
    if (part != 0) {
        memcpy(mem->base + address, payload->data, part);
    }
    memset(mem->base + address + part, 0, size - part);
    reg[A0] = size;
    return FAST_HOST_GOES_ON;
}

/* A Quota handle with enough for the amount (host/quota). */
static bool can_charge(const struct fast_core *core, struct fast_activation *now, uint64_t reg, uint64_t amount,
                       uint64_t *id)
{
    const struct fast_cap *cap = operand(now, reg);
    return cap != NULL && fast_cap_is_handle(cap, FAST_IMAGE_quota, id) &&
           fast_tables_get(&core->tables.quotas, *id) >= amount;
}

static int charge(struct fast_core *core, uint64_t id, uint64_t amount)
{
    return fast_journal_set_quota(core, id, fast_tables_get(&core->tables.quotas, id) - amount);
}

/* host/mint_data/memory */
static int op_mint_data(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    struct fast_cap *to = unpinned(now, reg[A3]);
    const struct fast_mem *mem = &now->guest->machine.mem;
    uint32_t address = (uint32_t)reg[A0];
    uint64_t length = reg[A1], quota;
    if (to == NULL || !can_charge(core, now, reg[A2], length, &quota) ||
        !fast_mem_allows(mem, address, length, ASSAY_ACCESS_RO)) {
        return FAST_HOST_TRAP;
    }
    const uint8_t *data = mem->base + address;
    size_t size = fast_image_stripped(data, length);
    struct fast_digest hash;
    fast_hash_bytes(data, size, &hash);
    int error = fast_payload_store(&core->state.payloads, data, size, &hash);
    if (error == 0) {
        error = charge(core, quota, length);
    }
    if (error != 0) {
        return error;
    }
    struct fast_cap cap = data_cap(length, &hash);
    fast_cap_put(to, &cap);
    return FAST_HOST_GOES_ON;
}

/* host/open/by_id */
static bool file_id(struct fast_activation *now, const uint64_t *reg, uint64_t *id)
{
    const struct fast_cap *cap = operand(now, reg[A0]);
    if (cap == NULL) {
        return false;
    }
    if (fast_cap_is_handle(cap, FAST_IMAGE_host_open, id)) {
        *id = reg[A2];
        return true;
    }
    return fast_cap_is_handle(cap, FAST_IMAGE_file, id);
}

static int op_open(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    struct fast_cap *to = unpinned(now, reg[A1]);
    uint64_t id;
    if (to == NULL || !file_id(now, reg, &id)) {
        return FAST_HOST_TRAP;
    }
    const struct fast_file_blob *blob = fast_state_file_find(&core->state, id);
    if (blob == NULL) {
        return FAST_HOST_TRAP;
    }
    struct fast_cap cap = data_cap(blob->size, &blob->hash);
    fast_cap_put(to, &cap);
    return FAST_HOST_GOES_ON;
}

/* host/save/ids_exhausted */
static int op_save(struct fast_core *core, struct fast_activation *now, uint64_t *reg)
{
    const struct fast_cap *data = operand_of(now, reg[A0], FAST_KIND_data);
    struct fast_cap *to = unpinned(now, reg[A2]);
    uint64_t quota, id = core->state.next_file_id;
    if (data == NULL || to == NULL || id == UINT64_MAX || !can_charge(core, now, reg[A1], data->size, &quota)) {
        return FAST_HOST_TRAP;
    }
    struct fast_file_blob blob = {.hash = data->hash, .size = data->size, .backing_quota = quota, .refcount = 1};
    int error = fast_journal_set_file(core, id, &blob);
    if (error == 0) {
        error = charge(core, quota, blob.size);
    }
    if (error != 0) {
        return error;
    }
    core->state.next_file_id++;
    struct fast_cap handle = {.kind = FAST_KIND_instance, .chain = *fast_hash_kernel_image(FAST_IMAGE_file)};
    memcpy(handle.content.byte, &id, sizeof(id));
    fast_cap_put(to, &handle);
    return FAST_HOST_GOES_ON;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static op_fn *const operation[FAST_op_silent_min] = {
#define OP(name, number) [FAST_OPERATION_##name] = op_##name,
#include "kernel/kernel.def"
};

static int operate(struct fast_core *core, uint32_t selector)
{
    if (selector >= FAST_op_silent_min) { /* host/silent */
        return FAST_HOST_GOES_ON;
    }
    if (operation[selector] == NULL) { /* host/unassigned */
        return FAST_HOST_TRAP;
    }
    return operation[selector](core, &core->activation, core->activation.stop.state.reg);
}

int fast_host_operate(struct fast_core *core, uint32_t selector)
{
    if (core->recorder == NULL) {
        return operate(core, selector);
    }
    fast_record_begin(core);
    int result = operate(core, selector);
    struct fast_record record = {
        .kind = FAST_RECORD_OPERATION,
        .op = selector,
        .result = (uint8_t)(result < 0 ? FAST_HOST_TRAP : result),
    };
    fast_record_end(core, &record);
    return result;
}
