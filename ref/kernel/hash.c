/* Hashes: BLAKE2b-256, tags, Merkle roots (image.md). */
#include "kernel.h"

#include <sodium.h>
#include <string.h>

struct ref_hash ref_hash(struct ref_bytes bytes)
{
    static const uint8_t nothing;
    struct ref_hash hash;
    const uint8_t *data = bytes.size == 0 ? &nothing : bytes.data;
    crypto_generichash(hash.byte, REF_HASH_SIZE, data, bytes.size, NULL, 0);
    return hash;
}

struct ref_digest {
    crypto_generichash_state state;
};

void ref_digest_add(struct ref_digest *digest, const void *data, size_t size)
{
    if (size != 0) {
        crypto_generichash_update(&digest->state, data, size);
    }
}

struct ref_hash ref_hash_state(const struct ref_state *state)
{
    struct ref_digest digest;
    struct ref_hash hash;
    struct ref_writer writer = {.digest = &digest};
    crypto_generichash_init(&digest.state, NULL, 0, REF_HASH_SIZE);
    ref_write_state(&writer, state);
    crypto_generichash_final(&digest.state, hash.byte, REF_HASH_SIZE);
    return hash;
}

bool ref_same(const struct ref_hash *a, const struct ref_hash *b)
{
    return memcmp(a->byte, b->byte, REF_HASH_SIZE) == 0;
}

/* H(tag ‖ parts). */
static struct ref_hash hash_tagged(uint8_t tag, const struct ref_hash *first, const struct ref_hash *second)
{
    uint8_t byte[1 + 2 * REF_HASH_SIZE];
    size_t size = 1;
    byte[0] = tag;
    if (first != NULL) {
        memcpy(byte + size, first->byte, REF_HASH_SIZE);
        size += REF_HASH_SIZE;
    }
    if (second != NULL) {
        memcpy(byte + size, second->byte, REF_HASH_SIZE);
        size += REF_HASH_SIZE;
    }
    return ref_hash((struct ref_bytes){byte, size});
}

static struct ref_hash hash_node(const struct ref_hash *left, const struct ref_hash *right)
{
    return hash_tagged(REF_TAG_bmt_node, left, right);
}

/* image/hash/bmt */
struct ref_hash ref_hash_bmt(struct ref_room *room, const struct ref_hash *leaf, size_t count)
{
    if (count == 0) {
        return ref_hash((struct ref_bytes){NULL, 0});
    }
    struct ref_hash *level = ref_take(room, count, sizeof(*level));
    memcpy(level, leaf, count * sizeof(*level));
    while (count > 1) {
        for (size_t i = 0; i < count; i += 2) {
            level[i / 2] = hash_node(&level[i], i + 1 < count ? &level[i + 1] : &level[i]);
        }
        count = (count + 1) / 2;
    }
    return level[0];
}

/* image/hash/cap */
struct ref_hash ref_hash_cap(const struct ref_cap *cap)
{
    switch (cap->kind) {
    case REF_KIND_instance:
        return hash_tagged(REF_TAG_instance, &cap->chain, &cap->content);
    case REF_KIND_image:
        return hash_tagged(REF_TAG_image, &cap->content, NULL);
    case REF_KIND_data: {
        uint8_t byte[1 + 8 + REF_HASH_SIZE] = {REF_TAG_data};
        for (unsigned i = 0; i < 8; i++) {
            byte[1 + i] = (uint8_t)(cap->size >> 8 * i);
        }
        memcpy(byte + 9, cap->content.byte, REF_HASH_SIZE);
        return ref_hash((struct ref_bytes){byte, sizeof(byte)});
    }
    case REF_KIND_cnode: {
        struct ref_hash root = ref_hash_cnode(cap->cnode);
        return hash_tagged(REF_TAG_cnode, &root, NULL);
    }
    case REF_KIND_type:
        return hash_tagged(REF_TAG_type, &cap->chain, NULL);
    case REF_KIND_empty:
        break;
    }
    return (struct ref_hash){{0}};
}

struct ref_hash ref_hash_slot(const struct ref_cap *cap)
{
    return ref_hash_cap(cap);
}

/*
 * image/hash/cnode: the Merkle root of the 2^log leaves from `first` on, of which `count` slots are full. A subtree
 * without a full slot is the same whatever its place, so it is hashed once a level and not leaf by leaf.
 */
static struct ref_hash subtree(unsigned log, uint32_t first, const struct ref_slot *slot, size_t count)
{
    if (log == 0) {
        if (count == 0) {
            return hash_tagged(REF_TAG_slot_empty, NULL, NULL);
        }
        struct ref_hash cap = ref_hash_cap(&slot->cap);
        return hash_tagged(REF_TAG_slot_full, &cap, NULL);
    }
    uint32_t middle = first + (UINT32_C(1) << (log - 1));
    size_t left_count = 0;
    while (left_count < count && slot[left_count].index < middle) {
        left_count++;
    }
    struct ref_hash left = subtree(log - 1, first, slot, left_count);
    if (count == 0) {
        return hash_node(&left, &left);
    }
    struct ref_hash right = subtree(log - 1, middle, slot + left_count, count - left_count);
    return hash_node(&left, &right);
}

struct ref_hash ref_hash_cnode(const struct ref_cnode *cnode)
{
    return subtree(cnode->size_log, 0, cnode->slot, cnode->count);
}

/* image/hash/chain */
struct ref_hash ref_hash_chain(const struct ref_hash *chain, const struct ref_hash *image)
{
    uint8_t byte[2 * REF_HASH_SIZE];
    memcpy(byte, chain->byte, REF_HASH_SIZE);
    memcpy(byte + REF_HASH_SIZE, image->byte, REF_HASH_SIZE);
    return ref_hash((struct ref_bytes){byte, sizeof(byte)});
}

/* cap/kernel_image */
struct ref_hash ref_kernel_image(enum ref_kernel_image image)
{
    static const char *const label[] = {
#define KERNEL_IMAGE(name, text) [REF_KERNEL_IMAGE_##name] = text,
#include "kernel/kernel.def"
    };
    return ref_hash((struct ref_bytes){(const uint8_t *)label[image], strlen(label[image])});
}

/* image/strip */
struct ref_bytes ref_strip(struct ref_bytes bytes)
{
    while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0) {
        bytes.size--;
    }
    return bytes;
}
