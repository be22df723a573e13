/*
 * Capabilities and CNodes: values, and their exchange encoding (exchange.md).
 *
 * A CNode without a full slot needs no memory; one with full slots keeps those only. A root CNode is an
 * array, since operations index it.
 */
#include "kernel.h"

#include <stdlib.h>

enum { NESTING_MAX = 16 };

static void decode_cap(struct kernel_reader *reader, struct kernel_cap *cap, int depth);

static void release_cnode(struct kernel_cnode *cnode)
{
    if (cnode == NULL || --cnode->references != 0) {
        return;
    }
    for (uint32_t i = 0; i < cnode->count; i++) {
        release_cnode(cnode->slot[i].cap.cnode);
    }
    free(cnode->slot);
    free(cnode);
}

void kernel_cap_keep(const struct kernel_cap *cap)
{
    if (cap->cnode != NULL) {
        cap->cnode->references++;
    }
}

void kernel_cap_release(struct kernel_cap *cap)
{
    release_cnode(cap->cnode);
    *cap = (struct kernel_cap){.kind = KERNEL_EMPTY};
}

/* ---- decoding ------------------------------------------------------------------------------- */

static struct kernel_slot *add_slot(struct kernel_reader *reader, struct kernel_cnode *cnode, size_t *capacity)
{
    struct kernel_slot *slot = kernel_grow(cnode->slot, cnode->count, capacity, sizeof(*slot));
    if (slot == NULL) {
        kernel_fail(reader, ASSAY_ERROR_MEMORY);
        return NULL;
    }
    cnode->slot = slot;
    return &slot[cnode->count];
}

static void decode_slots(struct kernel_reader *reader, struct kernel_cnode *cnode, uint32_t count, uint8_t size_log,
                         int depth)
{
    size_t capacity = 0;
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = kernel_read_key(reader, 4, i == 0, key);
        if (reader->error == 0 && key >> size_log != 0) {
            kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        }
        struct kernel_slot *slot = reader->error == 0 ? add_slot(reader, cnode, &capacity) : NULL;
        if (slot != NULL) {
            slot->index = (uint32_t)key;
            decode_cap(reader, &slot->cap, depth);
            cnode->count++;
        }
    }
}

/* `depth` CNodes lie around this one. */
static void decode_cnode(struct kernel_reader *reader, struct kernel_cap *cap, int depth)
{
    *cap = (struct kernel_cap){.kind = KERNEL_EMPTY};
    uint8_t size_log = kernel_read_u8(reader);
    if (size_log > KERNEL_cnode_size_log_max) {
        kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    }
    uint32_t count = kernel_read_count(reader);
    struct kernel_cnode *cnode = NULL;
    if (reader->error == 0 && count != 0) {
        cnode = calloc(1, sizeof(*cnode));
        if (cnode == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
        } else {
            cnode->references = 1;
            decode_slots(reader, cnode, count, size_log, depth);
        }
    }
    if (reader->error != 0) {
        release_cnode(cnode);
        return;
    }
    *cap = (struct kernel_cap){.kind = KERNEL_KIND_cnode, .size_log = size_log, .cnode = cnode};
}

/* A CNode in this capability would lie in `depth` others. */
static void decode_cap(struct kernel_reader *reader, struct kernel_cap *cap, int depth)
{
    *cap = (struct kernel_cap){.kind = KERNEL_EMPTY};
    uint8_t kind = kernel_read_u8(reader);
    kind = (uint8_t)(reader->error == 0 && kind <= KERNEL_KIND_type - 1 ? kind + 1 : KERNEL_EMPTY);
    switch (kind) {
    case KERNEL_KIND_instance:
        kernel_read_digest(reader, &cap->chain);
        kernel_read_digest(reader, &cap->content);
        break;
    case KERNEL_KIND_data:
        cap->size = kernel_read_u64(reader);
        kernel_read_digest(reader, &cap->hash);
        break;
    case KERNEL_KIND_image:
    case KERNEL_KIND_type:
        kernel_read_digest(reader, &cap->hash);
        break;
    case KERNEL_KIND_cnode:
        if (depth >= NESTING_MAX) {
            kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        } else {
            decode_cnode(reader, cap, depth + 1);
        }
        break;
    default:
        kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        break;
    }
    cap->kind = reader->error == 0 ? kind : KERNEL_EMPTY;
}

void kernel_cap_decode(struct kernel_reader *reader, struct kernel_cap *cap)
{
    decode_cap(reader, cap, 0);
}

void kernel_cnode_decode(struct kernel_reader *reader, struct kernel_cap *cap)
{
    decode_cnode(reader, cap, 1);
}

/* ---- encoding ------------------------------------------------------------------------------- */

void kernel_cap_encode(struct kernel_out *out, const struct kernel_cap *cap)
{
    kernel_put_u8(out, (uint8_t)(cap->kind - 1));
    if (cap->kind == KERNEL_KIND_cnode) {
        kernel_cnode_encode(out, cap);
        return;
    }
    if (cap->kind == KERNEL_KIND_data) {
        kernel_put_u64(out, cap->size);
    }
    kernel_put_digest(out, &cap->hash);
    if (cap->kind == KERNEL_KIND_instance) {
        kernel_put_digest(out, &cap->content);
    }
}

void kernel_cnode_encode(struct kernel_out *out, const struct kernel_cap *cap)
{
    uint32_t count = cap->cnode == NULL ? 0 : cap->cnode->count;
    kernel_put_u8(out, cap->size_log);
    kernel_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        kernel_put_u32(out, cap->cnode->slot[i].index);
        kernel_cap_encode(out, &cap->cnode->slot[i].cap);
    }
}

/* ---- roots ---------------------------------------------------------------------------------- */

bool kernel_root_fill(struct kernel_root *root, const struct kernel_cap *cnode)
{
    if (cnode->size_log > KERNEL_root_size_log) {
        return false;
    }
    *root = (struct kernel_root){.size_log = cnode->size_log};
    for (uint32_t i = 0; cnode->cnode != NULL && i < cnode->cnode->count; i++) {
        const struct kernel_slot *slot = &cnode->cnode->slot[i];
        root->slot[slot->index] = slot->cap;
        kernel_cap_keep(&slot->cap);
    }
    return true;
}

void kernel_root_clear(struct kernel_root *root)
{
    for (uint32_t i = 0; i < KERNEL_slot_count; i++) {
        if (root->slot[i].cnode != NULL) {
            kernel_cap_release(&root->slot[i]);
        }
    }
}

void kernel_root_encode(struct kernel_out *out, const struct kernel_root *root)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < KERNEL_slot_count; i++) {
        count += root->slot[i].kind != KERNEL_EMPTY;
    }
    kernel_put_u8(out, root->size_log);
    kernel_put_u32(out, count);
    for (uint32_t i = 0; i < KERNEL_slot_count; i++) {
        if (root->slot[i].kind != KERNEL_EMPTY) {
            kernel_put_u32(out, i);
            kernel_cap_encode(out, &root->slot[i]);
        }
    }
}
