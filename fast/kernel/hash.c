/*
 * Hashes (image/hash/...).
 *
 * In: bytes and capabilities. Out: digests. Roots of empty subtrees and of empty CNodes are computed once,
 * and within one CNode a pair of children that is the pair before it is not hashed again: so the cost of a
 * CNode is that of its different slots.
 */
#include "kernel.h"

#include <pthread.h>
#include <stdlib.h>

const struct fast_digest fast_hash_zero;

enum { LEVEL_COUNT = FAST_cnode_size_log_max + 1 };

static pthread_once_t known_once = PTHREAD_ONCE_INIT;
static struct fast_digest kernel_image_hash[FAST_IMAGE_COUNT];
static struct fast_digest of_nothing;
static struct fast_digest empty_root[LEVEL_COUNT]; /* of 2^level empty slots */
static struct fast_digest empty_cap[LEVEL_COUNT];  /* of such a CNode as a capability */

void fast_hash_bytes(const void *data, size_t size, struct fast_digest *digest)
{
    blake2b_state state;
    blake2b_init(&state, FAST_DIGEST_SIZE);
    if (size != 0) {
        blake2b_update(&state, data, size);
    }
    blake2b_final(&state, digest->byte, FAST_DIGEST_SIZE);
}

/* H of a tag and one or two digests. */
static void hash_tagged(uint8_t tag, const struct fast_digest *a, const struct fast_digest *b,
                        struct fast_digest *digest)
{
    uint8_t bytes[1 + 2 * FAST_DIGEST_SIZE] = {tag};
    memcpy(bytes + 1, a, FAST_DIGEST_SIZE);
    if (b != NULL) {
        memcpy(bytes + 1 + FAST_DIGEST_SIZE, b, FAST_DIGEST_SIZE);
    }
    fast_hash_bytes(bytes, b == NULL ? 1 + FAST_DIGEST_SIZE : sizeof(bytes), digest);
}

static void compute_known(void)
{
    static const struct {
        const char *text;
        enum fast_kernel_image name;
    } label[] = {
#define KERNEL_IMAGE(name, label) {label, FAST_IMAGE_##name},
#include "kernel/kernel.def"
    };
    for (size_t i = 0; i < FAST_IMAGE_COUNT; i++) {
        fast_hash_bytes(label[i].text, strlen(label[i].text), &kernel_image_hash[label[i].name]);
    }
    static const uint8_t empty_leaf = FAST_TAG_slot_empty;
    fast_hash_bytes(NULL, 0, &of_nothing);
    fast_hash_bytes(&empty_leaf, 1, &empty_root[0]);
    for (int level = 1; level < LEVEL_COUNT; level++) {
        hash_tagged(FAST_TAG_bmt_node, &empty_root[level - 1], &empty_root[level - 1], &empty_root[level]);
    }
    for (int level = 0; level < LEVEL_COUNT; level++) {
        hash_tagged(FAST_TAG_cnode, &empty_root[level], NULL, &empty_cap[level]);
    }
}

const struct fast_digest *fast_hash_kernel_image(enum fast_kernel_image name)
{
    pthread_once(&known_once, compute_known);
    return &kernel_image_hash[name];
}

const struct fast_digest *fast_hash_nothing(void)
{
    pthread_once(&known_once, compute_known);
    return &of_nothing;
}

void fast_hash_chain(const struct fast_digest *chain, const struct fast_digest *content, struct fast_digest *digest)
{
    uint8_t bytes[2 * FAST_DIGEST_SIZE];
    memcpy(bytes, chain, FAST_DIGEST_SIZE);
    memcpy(bytes + FAST_DIGEST_SIZE, content, FAST_DIGEST_SIZE);
    fast_hash_bytes(bytes, sizeof(bytes), digest);
}

void fast_hash_bmt(struct fast_digest *leaf, size_t count, struct fast_digest *digest)
{
    if (count == 0) {
        *digest = *fast_hash_nothing();
        return;
    }
    while (count > 1) {
        size_t pairs = (count + 1) / 2;
        for (size_t i = 0; i < pairs; i++) {
            size_t right = 2 * i + 1 < count ? 2 * i + 1 : 2 * i;
            hash_tagged(FAST_TAG_bmt_node, &leaf[2 * i], &leaf[right], &leaf[i]);
        }
        count = pairs;
    }
    *digest = leaf[0];
}

static void hash_data(const struct fast_cap *cap, struct fast_digest *digest)
{
    uint8_t bytes[1 + 8 + FAST_DIGEST_SIZE] = {FAST_TAG_data};
    memcpy(bytes + 1, &cap->size, 8);
    memcpy(bytes + 9, &cap->hash, FAST_DIGEST_SIZE);
    fast_hash_bytes(bytes, sizeof(bytes), digest);
}

static void hash_cnode_cap(const struct fast_cap *cap, struct fast_digest *digest)
{
    if (cap->cnode == NULL) {
        pthread_once(&known_once, compute_known);
        *digest = empty_cap[cap->size_log];
        return;
    }
    struct fast_digest cnode;
    fast_hash_cnode(cap->size_log, cap->cnode, &cnode);
    hash_tagged(FAST_TAG_cnode, &cnode, NULL, digest);
}

/* image/hash/cap; an empty slot gives zeros, as records want it. */
void fast_hash_cap(const struct fast_cap *cap, struct fast_digest *digest)
{
    switch (cap->kind) {
    case FAST_KIND_instance:
        hash_tagged(FAST_TAG_instance, &cap->chain, &cap->content, digest);
        break;
    case FAST_KIND_image:
        hash_tagged(FAST_TAG_image, &cap->hash, NULL, digest);
        break;
    case FAST_KIND_data:
        hash_data(cap, digest);
        break;
    case FAST_KIND_cnode:
        hash_cnode_cap(cap, digest);
        break;
    case FAST_KIND_type:
        hash_tagged(FAST_TAG_type, &cap->chain, NULL, digest);
        break;
    default:
        *digest = fast_hash_zero;
        break;
    }
}

/* What was hashed last at each level of one CNode. */
struct memory {
    struct {
        bool is_set;
        struct fast_digest left, right, node;
    } level[LEVEL_COUNT];
};

static void hash_leaf(const struct fast_cap *cap, struct memory *memory, struct fast_digest *digest)
{
    struct fast_digest hash;
    fast_hash_cap(cap, &hash);
    if (!memory->level[0].is_set || !fast_hash_same(&memory->level[0].left, &hash)) {
        memory->level[0].is_set = true;
        memory->level[0].left = hash;
        hash_tagged(FAST_TAG_slot_full, &hash, NULL, &memory->level[0].node);
    }
    *digest = memory->level[0].node;
}

static void hash_node(int level, const struct fast_digest *left, const struct fast_digest *right, struct memory *memory,
                      struct fast_digest *digest)
{
    if (!memory->level[level].is_set || !fast_hash_same(&memory->level[level].left, left) ||
        !fast_hash_same(&memory->level[level].right, right)) {
        memory->level[level].is_set = true;
        memory->level[level].left = *left;
        memory->level[level].right = *right;
        hash_tagged(FAST_TAG_bmt_node, left, right, &memory->level[level].node);
    }
    *digest = memory->level[level].node;
}

/* The subtree of 2^level slots from `base` on, whose full slots are the `count` ones at `slot`. */
static void hash_subtree(const struct fast_slot *slot, size_t count, uint32_t base, int level, struct memory *memory,
                         struct fast_digest *digest)
{
    if (count == 0) {
        *digest = empty_root[level];
        return;
    }
    if (level == 0) {
        hash_leaf(&slot->cap, memory, digest);
        return;
    }
    uint32_t middle = base + (UINT32_C(1) << (level - 1));
    size_t low = 0, high = count;
    while (low < high) {
        size_t at = low + (high - low) / 2;
        if (slot[at].index < middle) {
            low = at + 1;
        } else {
            high = at;
        }
    }
    struct fast_digest left, right;
    hash_subtree(slot, low, base, level - 1, memory, &left);
    hash_subtree(slot + low, count - low, middle, level - 1, memory, &right);
    hash_node(level, &left, &right, memory, digest);
}

/* image/hash/cnode */
void fast_hash_cnode(uint8_t size_log, struct fast_cnode *cnode, struct fast_digest *digest)
{
    pthread_once(&known_once, compute_known);
    if (cnode == NULL) {
        *digest = empty_root[size_log];
        return;
    }
    if (!cnode->is_hashed) {
        struct memory memory = {.level = {{.is_set = false}}};
        hash_subtree(cnode->slot, cnode->count, 0, size_log, &memory, &cnode->digest);
        cnode->is_hashed = true;
    }
    *digest = cnode->digest;
}
