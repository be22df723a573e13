/* Capabilities and CNodes: encoded, hashed, made; handles of kernel images (cap.md, image.md, exchange.md). */
#include "kernel.h"

#include <string.h>

enum { NESTING_MAX = 16 };

enum {
    KINDS = 0
#define CAP(name, number) +1
#include "kernel/kernel.def"
};

enum { SLOT_SIZE_MIN = 4 + 1 + 1 + 4 }; /* an index and an empty CNode */

static struct ref_cap read_cap(struct ref_reader *reader, unsigned outside);

/* A CNode inside `outside` others. */
static struct ref_cnode read_cnode(struct ref_reader *reader, unsigned outside)
{
    struct ref_cnode cnode = {0};
    size_t start = reader->at;
    cnode.size_log = ref_scale_read_u8(reader);
    if (cnode.size_log > REF_cnode_size_log_max) {
        ref_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
    }
    struct ref_sequence map = ref_scale_read_sequence(reader);
    /* room for as many slots as are announced and can be there */
    size_t room = (reader->size - reader->at) / SLOT_SIZE_MIN + 1;
    cnode.slot = ref_region_take(reader->region, map.left < room ? map.left : room, sizeof(*cnode.slot));
    while (ref_scale_read_next(&map)) {
        start = reader->at;
        struct ref_slot slot = {.index = (uint32_t)ref_scale_read_key(&map, 4)};
        if (slot.index >> cnode.size_log != 0) {
            ref_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
        }
        slot.cap = read_cap(reader, outside + 1);
        if (reader->error == 0) {
            cnode.slot[cnode.count++] = slot;
        }
    }
    return cnode;
}

/* A capability inside `outside` CNodes. */
static struct ref_cap read_cap(struct ref_reader *reader, unsigned outside)
{
    size_t start = reader->at;
    struct ref_cap cap = {.kind = (enum ref_kind)(ref_scale_read_choice(reader, KINDS) + 1)};
    switch (cap.kind) {
    case REF_KIND_instance:
        cap.chain = ref_scale_read_hash(reader);
        cap.content = ref_scale_read_hash(reader);
        break;
    case REF_KIND_image:
        cap.content = ref_scale_read_hash(reader);
        break;
    case REF_KIND_data:
        cap.size = ref_scale_read_u64(reader);
        cap.content = ref_scale_read_hash(reader);
        break;
    case REF_KIND_cnode: {
        if (outside >= NESTING_MAX) {
            ref_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
            break;
        }
        struct ref_cnode *cnode = ref_region_take(reader->region, 1, sizeof(*cnode));
        *cnode = read_cnode(reader, outside);
        cap.cnode = cnode;
        break;
    }
    case REF_KIND_type:
        cap.chain = ref_scale_read_hash(reader);
        break;
    case REF_KIND_empty:
        break;
    }
    return cap;
}

struct ref_cap ref_cap_read(struct ref_reader *reader)
{
    return read_cap(reader, 0);
}

struct ref_cnode ref_cap_read_cnode(struct ref_reader *reader)
{
    return read_cnode(reader, 0);
}

void ref_cap_write(struct ref_writer *writer, const struct ref_cap *cap)
{
    ref_scale_write_u8(writer, (uint8_t)(cap->kind - 1));
    switch (cap->kind) {
    case REF_KIND_instance:
        ref_scale_write_hash(writer, &cap->chain);
        ref_scale_write_hash(writer, &cap->content);
        break;
    case REF_KIND_image:
        ref_scale_write_hash(writer, &cap->content);
        break;
    case REF_KIND_data:
        ref_scale_write_u64(writer, cap->size);
        ref_scale_write_hash(writer, &cap->content);
        break;
    case REF_KIND_cnode:
        ref_cap_write_cnode(writer, cap->cnode);
        break;
    case REF_KIND_type:
        ref_scale_write_hash(writer, &cap->chain);
        break;
    case REF_KIND_empty:
        break;
    }
}

void ref_cap_write_cnode(struct ref_writer *writer, const struct ref_cnode *cnode)
{
    ref_scale_write_u8(writer, cnode->size_log);
    ref_scale_write_u32(writer, (uint32_t)cnode->count);
    for (size_t i = 0; i < cnode->count; i++) {
        ref_scale_write_u32(writer, cnode->slot[i].index);
        ref_cap_write(writer, &cnode->slot[i].cap);
    }
}

/* image/hash/cap */
struct ref_hash ref_cap_hash(const struct ref_cap *cap)
{
    switch (cap->kind) {
    case REF_KIND_instance:
        return ref_hash_tagged(REF_TAG_instance, &cap->chain, &cap->content);
    case REF_KIND_image:
        return ref_hash_tagged(REF_TAG_image, &cap->content, NULL);
    case REF_KIND_data: {
        uint8_t byte[1 + 8 + REF_HASH_SIZE] = {REF_TAG_data};
        for (unsigned i = 0; i < 8; i++) {
            byte[1 + i] = (uint8_t)(cap->size >> 8 * i);
        }
        memcpy(byte + 9, cap->content.byte, REF_HASH_SIZE);
        return ref_hash_bytes((struct assay_bytes){byte, sizeof(byte)});
    }
    case REF_KIND_cnode:
        if (!cap->cnode->is_hashed) {
            cap->cnode->hash = ref_cap_hash_cnode(cap->cnode);
            cap->cnode->is_hashed = true;
        }
        return ref_hash_tagged(REF_TAG_cnode, &cap->cnode->hash, NULL);
    case REF_KIND_type:
        return ref_hash_tagged(REF_TAG_type, &cap->chain, NULL);
    case REF_KIND_empty:
        break;
    }
    return (struct ref_hash){{0}};
}

/*
 * image/hash/cnode: the Merkle root of the 2^log leaves from `first` on, of which `count` slots are full. A subtree
 * without a full slot is the same whatever its place: empty[log].
 */
static struct ref_hash subtree(const struct ref_hash *empty, unsigned log, uint32_t first, const struct ref_slot *slot,
                               size_t count)
{
    if (count == 0) {
        return empty[log];
    }
    if (log == 0) {
        struct ref_hash cap = ref_cap_hash(&slot->cap);
        return ref_hash_tagged(REF_TAG_slot_full, &cap, NULL);
    }
    uint32_t middle = first + (UINT32_C(1) << (log - 1));
    size_t left_count = 0;
    while (left_count < count && slot[left_count].index < middle) {
        left_count++;
    }
    struct ref_hash left = subtree(empty, log - 1, first, slot, left_count);
    struct ref_hash right = subtree(empty, log - 1, middle, slot + left_count, count - left_count);
    return ref_hash_node(&left, &right);
}

struct ref_hash ref_cap_hash_cnode(struct ref_cnode *cnode)
{
    if (!cnode->is_hashed) {
        struct ref_hash empty[REF_cnode_size_log_max + 1];
        empty[0] = ref_hash_tagged(REF_TAG_slot_empty, NULL, NULL);
        for (unsigned log = 1; log <= cnode->size_log; log++) {
            empty[log] = ref_hash_node(&empty[log - 1], &empty[log - 1]);
        }
        cnode->hash = subtree(empty, cnode->size_log, 0, cnode->slot, cnode->count);
        cnode->is_hashed = true;
    }
    return cnode->hash;
}

struct ref_cap ref_cap_instance(struct ref_hash chain, struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_instance, .chain = chain, .content = content};
}

struct ref_cap ref_cap_data(uint64_t size, struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_data, .size = size, .content = content};
}

struct ref_cap ref_cap_image(struct ref_hash content)
{
    return (struct ref_cap){.kind = REF_KIND_image, .content = content};
}

/* cap/kernel_image */
struct ref_hash ref_cap_kernel_image(enum ref_kernel_image image)
{
    static const char *const label[] = {
#define KERNEL_IMAGE(name, text) [REF_KERNEL_IMAGE_##name] = text,
#include "kernel/kernel.def"
    };
    return ref_hash_bytes((struct assay_bytes){(const uint8_t *)label[image], strlen(label[image])});
}

/* cap/unit_handle */
bool ref_cap_is_handle(const struct ref_cap *cap, enum ref_kernel_image image)
{
    struct ref_hash chain = ref_cap_kernel_image(image);
    return cap->kind == REF_KIND_instance && ref_hash_same(&cap->chain, &chain);
}

struct ref_cap ref_cap_handle(enum ref_kernel_image image, uint64_t id)
{
    struct ref_hash content = {{0}};
    for (unsigned i = 0; i < 8; i++) {
        content.byte[i] = (uint8_t)(id >> 8 * i);
    }
    return ref_cap_instance(ref_cap_kernel_image(image), content);
}

uint64_t ref_cap_handle_id(const struct ref_cap *cap)
{
    uint64_t id = 0;
    for (unsigned i = 8; i > 0; i--) {
        id = id << 8 | cap->content.byte[i - 1];
    }
    return id;
}
