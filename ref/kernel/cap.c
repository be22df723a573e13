/* Capabilities, CNodes and the root CNode of an activation (cap.md, exchange.md). */
#include "kernel.h"

#include <string.h>

enum { NESTING_MAX = 16 };

static struct ref_cap read_cap(struct ref_reader *reader, unsigned outside);

/* A CNode inside `outside` others. */
static struct ref_cnode read_cnode(struct ref_reader *reader, unsigned outside)
{
    struct ref_cnode cnode = {0};
    size_t start = reader->at;
    cnode.size_log = ref_read_u8(reader);
    if (cnode.size_log > REF_cnode_size_log_max) {
        ref_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
    }
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        start = reader->at;
        struct ref_slot slot = {0};
        slot.index = (uint32_t)ref_read_key(reader, 4, i == 0, i == 0 ? 0 : cnode.slot[i - 1].index);
        if (slot.index >> cnode.size_log != 0) {
            ref_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
        }
        slot.cap = read_cap(reader, outside + 1);
        cnode.slot = ref_grow(reader->room, cnode.slot, cnode.count, sizeof(slot));
        cnode.slot[cnode.count++] = slot;
    }
    return cnode;
}

/* A capability inside `outside` CNodes. */
static struct ref_cap read_cap(struct ref_reader *reader, unsigned outside)
{
    enum { KINDS = 5 };
    size_t start = reader->at;
    struct ref_cap cap = {.kind = (enum ref_kind)(ref_read_choice(reader, KINDS) + 1)};
    switch (cap.kind) {
    case REF_KIND_instance:
        cap.chain = ref_read_hash(reader);
        cap.content = ref_read_hash(reader);
        break;
    case REF_KIND_image:
        cap.content = ref_read_hash(reader);
        break;
    case REF_KIND_data:
        cap.size = ref_read_u64(reader);
        cap.content = ref_read_hash(reader);
        break;
    case REF_KIND_cnode: {
        if (outside >= NESTING_MAX) {
            ref_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
            break;
        }
        struct ref_cnode *cnode = ref_take(reader->room, 1, sizeof(*cnode));
        *cnode = read_cnode(reader, outside);
        cap.cnode = cnode;
        break;
    }
    case REF_KIND_type:
        cap.chain = ref_read_hash(reader);
        break;
    case REF_KIND_empty:
        break;
    }
    return cap;
}

struct ref_cap ref_read_cap(struct ref_reader *reader)
{
    return read_cap(reader, 0);
}

struct ref_cnode ref_read_cnode(struct ref_reader *reader)
{
    return read_cnode(reader, 0);
}

void ref_write_cap(struct ref_writer *writer, const struct ref_cap *cap)
{
    ref_write_u8(writer, (uint8_t)(cap->kind - 1));
    switch (cap->kind) {
    case REF_KIND_instance:
        ref_write_hash(writer, &cap->chain);
        ref_write_hash(writer, &cap->content);
        break;
    case REF_KIND_image:
        ref_write_hash(writer, &cap->content);
        break;
    case REF_KIND_data:
        ref_write_u64(writer, cap->size);
        ref_write_hash(writer, &cap->content);
        break;
    case REF_KIND_cnode:
        ref_write_cnode(writer, cap->cnode);
        break;
    case REF_KIND_type:
        ref_write_hash(writer, &cap->chain);
        break;
    case REF_KIND_empty:
        break;
    }
}

void ref_write_cnode(struct ref_writer *writer, const struct ref_cnode *cnode)
{
    ref_write_u8(writer, cnode->size_log);
    ref_write_u32(writer, (uint32_t)cnode->count);
    for (size_t i = 0; i < cnode->count; i++) {
        ref_write_u32(writer, cnode->slot[i].index);
        ref_write_cap(writer, &cnode->slot[i].cap);
    }
}

void ref_root_from(struct ref_root *root, const struct ref_cnode *cnode)
{
    memset(root, 0, sizeof(*root));
    root->size_log = cnode->size_log;
    for (size_t i = 0; i < cnode->count; i++) {
        root->slot[cnode->slot[i].index] = cnode->slot[i].cap;
    }
}

struct ref_cnode ref_root_cnode(struct ref_room *room, const struct ref_root *root)
{
    struct ref_cnode cnode = {.size_log = root->size_log};
    cnode.slot = ref_take(room, REF_slot_count, sizeof(*cnode.slot));
    for (uint32_t i = 0; i < REF_slot_count; i++) {
        if (root->slot[i].kind != REF_KIND_empty) {
            cnode.slot[cnode.count++] = (struct ref_slot){i, root->slot[i]};
        }
    }
    return cnode;
}

bool ref_root_has(const struct ref_root *root, uint32_t slot)
{
    return slot >> root->size_log == 0;
}

struct ref_cap ref_root_read(const struct ref_root *root, uint32_t slot)
{
    static const struct ref_cap empty;
    return ref_root_has(root, slot) ? root->slot[slot] : empty;
}

void ref_root_write(struct ref_root *root, uint32_t slot, struct ref_cap cap)
{
    if (ref_root_has(root, slot)) {
        root->slot[slot] = cap;
    }
}

struct ref_cap ref_instance(struct ref_hash chain, struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_instance, .chain = chain, .content = content};
}

struct ref_cap ref_data(uint64_t size, struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_data, .size = size, .content = content};
}

struct ref_cap ref_image_cap(struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_image, .content = content};
}

/* cap/unit_handle */
bool ref_is_handle(const struct ref_cap *cap, enum ref_kernel_image image)
{
    struct ref_hash chain = ref_kernel_image(image);
    return cap->kind == REF_KIND_instance && ref_same(&cap->chain, &chain);
}

struct ref_cap ref_handle(enum ref_kernel_image image, uint64_t id)
{
    struct ref_hash content = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        content.byte[i] = (uint8_t)(id >> 8 * i);
    }
    return ref_instance(ref_kernel_image(image), content);
}

uint64_t ref_handle_id(const struct ref_cap *cap)
{
    uint64_t id = 0;
    for (unsigned i = 8; i > 0; i--) {
        id = id << 8 | cap->content.byte[i - 1];
    }
    return id;
}
