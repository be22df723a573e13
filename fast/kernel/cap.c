/*
 * Capabilities and CNodes: values, and their exchange encoding (exchange.md).
 *
 * A CNode without a full slot needs no memory; one with full slots keeps those only. A root CNode is an
 * array, since operations index it.
 */
#include "kernel.h"

#include <stdlib.h>

enum {
    NESTING_MAX = 16,
    SLOT_SIZE_MIN = 4 + 1 + 1 + 4, /* an index and an empty CNode */
};

static void decode_cap(struct fast_reader *reader, struct fast_cap *cap, int depth);

static void release_cnode(struct fast_cnode *cnode)
{
    if (cnode == NULL || --cnode->references != 0) {
        return;
    }
    for (uint32_t i = 0; i < cnode->count; i++) {
        release_cnode(cnode->slot[i].cap.cnode);
    }
    free(cnode);
}

void fast_cap_keep(const struct fast_cap *cap)
{
    if (cap->cnode != NULL) {
        cap->cnode->references++;
    }
}

void fast_cap_release(struct fast_cap *cap)
{
    release_cnode(cap->cnode);
    *cap = (struct fast_cap){.kind = FAST_KIND_EMPTY};
}

void fast_cap_put(struct fast_cap *slot, const struct fast_cap *cap)
{
    struct fast_cap copy = *cap;
    fast_cap_keep(&copy);
    fast_cap_release(slot);
    *slot = copy;
}

/* cap/unit_handle */
bool fast_cap_is_handle(const struct fast_cap *cap, enum fast_kernel_image name, uint64_t *id)
{
    if (cap->kind != FAST_KIND_instance || !fast_hash_same(&cap->chain, fast_hash_kernel_image(name))) {
        return false;
    }
    *id = fast_scale_u64(cap->content.byte);
    return true;
}

/* ---- decoding -------------------------------------------------------------------------------- */

/* With room for as many slots as are announced and can be there. */
static struct fast_cnode *new_cnode(const struct fast_reader *reader, uint32_t count)
{
    size_t room = fast_scale_left(reader) / SLOT_SIZE_MIN + 1;
    struct fast_cnode *cnode = malloc(sizeof(*cnode) + (count < room ? count : room) * sizeof(cnode->slot[0]));
    if (cnode != NULL) {
        *cnode = (struct fast_cnode){.references = 1};
    }
    return cnode;
}

static void decode_slots(struct fast_reader *reader, struct fast_cnode *cnode, uint32_t count, uint8_t size_log,
                         int depth)
{
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = fast_scale_read_key(reader, 4, i == 0, key);
        if (reader->error == 0 && key >> size_log != 0) {
            fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        }
        if (reader->error == 0) {
            struct fast_slot *slot = &cnode->slot[cnode->count++];
            slot->index = (uint32_t)key;
            decode_cap(reader, &slot->cap, depth);
        }
    }
}

/* `depth` CNodes lie around this one. */
static void decode_cnode(struct fast_reader *reader, struct fast_cap *cap, int depth)
{
    *cap = (struct fast_cap){.kind = FAST_KIND_EMPTY};
    uint8_t size_log = fast_scale_read_u8(reader);
    if (size_log > FAST_cnode_size_log_max) {
        fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    }
    uint32_t count = fast_scale_read_count(reader);
    struct fast_cnode *cnode = NULL;
    if (reader->error == 0 && count != 0) {
        cnode = new_cnode(reader, count);
        if (cnode == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        } else {
            decode_slots(reader, cnode, count, size_log, depth);
        }
    }
    if (reader->error != 0) {
        release_cnode(cnode);
        return;
    }
    *cap = (struct fast_cap){.kind = FAST_KIND_cnode, .size_log = size_log, .cnode = cnode};
}

/* A CNode in this capability would lie in `depth` others. */
static void decode_cap(struct fast_reader *reader, struct fast_cap *cap, int depth)
{
    *cap = (struct fast_cap){.kind = FAST_KIND_EMPTY};
    uint8_t kind = fast_scale_read_u8(reader);
    kind = (uint8_t)(reader->error == 0 && kind <= FAST_KIND_type - 1 ? kind + 1 : FAST_KIND_EMPTY);
    switch (kind) {
    case FAST_KIND_instance:
        fast_scale_read_digest(reader, &cap->chain);
        fast_scale_read_digest(reader, &cap->content);
        break;
    case FAST_KIND_data:
        cap->size = fast_scale_read_u64(reader);
        fast_scale_read_digest(reader, &cap->hash);
        break;
    case FAST_KIND_image:
    case FAST_KIND_type:
        fast_scale_read_digest(reader, &cap->hash);
        break;
    case FAST_KIND_cnode:
        if (depth >= NESTING_MAX) {
            fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        } else {
            decode_cnode(reader, cap, depth + 1);
        }
        break;
    default:
        fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
        break;
    }
    cap->kind = reader->error == 0 ? kind : FAST_KIND_EMPTY;
}

void fast_cap_decode(struct fast_reader *reader, struct fast_cap *cap)
{
    decode_cap(reader, cap, 0);
}

void fast_cap_decode_cnode(struct fast_reader *reader, struct fast_cap *cap)
{
    decode_cnode(reader, cap, 1);
}

/* ---- encoding -------------------------------------------------------------------------------- */

void fast_cap_encode(struct fast_out *out, const struct fast_cap *cap)
{
    fast_scale_put_u8(out, (uint8_t)(cap->kind - 1));
    if (cap->kind == FAST_KIND_cnode) {
        fast_cap_encode_cnode(out, cap);
        return;
    }
    if (cap->kind == FAST_KIND_data) {
        fast_scale_put_u64(out, cap->size);
    }
    fast_scale_put_digest(out, &cap->hash);
    if (cap->kind == FAST_KIND_instance) {
        fast_scale_put_digest(out, &cap->content);
    }
}

void fast_cap_encode_cnode(struct fast_out *out, const struct fast_cap *cap)
{
    uint32_t count = cap->cnode == NULL ? 0 : cap->cnode->count;
    fast_scale_put_u8(out, cap->size_log);
    fast_scale_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        fast_scale_put_u32(out, cap->cnode->slot[i].index);
        fast_cap_encode(out, &cap->cnode->slot[i].cap);
    }
}

/* ---- roots ----------------------------------------------------------------------------------- */

bool fast_cap_root_fill(struct fast_root *root, const struct fast_cap *cnode)
{
    if (cnode->size_log > FAST_root_size_log) {
        return false;
    }
    *root = (struct fast_root){.size_log = cnode->size_log};
    for (uint32_t i = 0; cnode->cnode != NULL && i < cnode->cnode->count; i++) {
        const struct fast_slot *slot = &cnode->cnode->slot[i];
        root->slot[slot->index] = slot->cap;
        fast_cap_keep(&slot->cap);
    }
    return true;
}

void fast_cap_root_clear(struct fast_root *root)
{
    for (uint32_t i = 0; i < FAST_slot_count; i++) {
        if (root->slot[i].cnode != NULL) {
            fast_cap_release(&root->slot[i]);
        }
    }
}

void fast_cap_root_encode(struct fast_out *out, const struct fast_root *root)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < FAST_slot_count; i++) {
        count += root->slot[i].kind != FAST_KIND_EMPTY;
    }
    fast_scale_put_u8(out, root->size_log);
    fast_scale_put_u32(out, count);
    for (uint32_t i = 0; i < FAST_slot_count; i++) {
        if (root->slot[i].kind != FAST_KIND_EMPTY) {
            fast_scale_put_u32(out, i);
            fast_cap_encode(out, &root->slot[i]);
        }
    }
}
