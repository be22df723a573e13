/* Hashes: BLAKE2b-256, tags, Merkle roots (image.md). */
#include "kernel.h"

#include <string.h>

struct ref_hash ref_hash_bytes(struct assay_bytes bytes)
{
    static const uint8_t nothing;
    struct ref_hash hash;
    const uint8_t *data = bytes.size == 0 ? &nothing : bytes.data;
    crypto_generichash(hash.byte, REF_HASH_SIZE, data, bytes.size, NULL, 0);
    return hash;
}

void ref_hash_begin(struct ref_digest *digest)
{
    crypto_generichash_init(&digest->state, NULL, 0, REF_HASH_SIZE);
}

void ref_hash_add(struct ref_digest *digest, const void *data, size_t size)
{
    if (size != 0) {
        crypto_generichash_update(&digest->state, data, size);
    }
}

struct ref_hash ref_hash_end(struct ref_digest *digest)
{
    struct ref_hash hash;
    crypto_generichash_final(&digest->state, hash.byte, REF_HASH_SIZE);
    return hash;
}

bool ref_hash_same(const struct ref_hash *a, const struct ref_hash *b)
{
    return memcmp(a->byte, b->byte, REF_HASH_SIZE) == 0;
}

bool ref_hash_is_below(const struct ref_hash *a, const struct ref_hash *b)
{
    return memcmp(a->byte, b->byte, REF_HASH_SIZE) < 0;
}

struct ref_hash ref_hash_tagged(uint8_t tag, const struct ref_hash *first, const struct ref_hash *second)
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
    return ref_hash_bytes((struct assay_bytes){byte, size});
}

struct ref_hash ref_hash_node(const struct ref_hash *left, const struct ref_hash *right)
{
    return ref_hash_tagged(REF_TAG_bmt_node, left, right);
}

/* image/hash/bmt */
struct ref_hash ref_hash_bmt(struct ref_region *region, struct assay_bytes leaves)
{
    if (leaves.size == 0) {
        return ref_hash_bytes(leaves);
    }
    size_t count = leaves.size / REF_HASH_SIZE;
    struct ref_hash *level = ref_region_take(region, count, sizeof(*level));
    memcpy(level, leaves.data, leaves.size);
    while (count > 1) {
        for (size_t i = 0; i < count; i += 2) {
            level[i / 2] = ref_hash_node(&level[i], i + 1 < count ? &level[i + 1] : &level[i]);
        }
        count = (count + 1) / 2;
    }
    return level[0];
}

/* image/hash/chain */
struct ref_hash ref_hash_chain(const struct ref_hash *chain, const struct ref_hash *image)
{
    uint8_t byte[2 * REF_HASH_SIZE];
    memcpy(byte, chain->byte, REF_HASH_SIZE);
    memcpy(byte + REF_HASH_SIZE, image->byte, REF_HASH_SIZE);
    return ref_hash_bytes((struct assay_bytes){byte, sizeof(byte)});
}
