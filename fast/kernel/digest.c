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

const struct kernel_digest kernel_zero_digest;

enum { LEVEL_COUNT = KERNEL_cnode_size_log_max + 1 };

static pthread_once_t known_once = PTHREAD_ONCE_INIT;
static struct kernel_digest kernel_images[KERNEL_IMAGE_COUNT];
static struct kernel_digest of_nothing;
static struct kernel_digest empty_root[LEVEL_COUNT]; /* of 2^level empty slots */
static struct kernel_digest empty_cap[LEVEL_COUNT];  /* of such a CNode as a capability */

void kernel_hash(const void *data, size_t size, struct kernel_digest *digest)
{
    blake2b_state state;
    blake2b_init(&state, KERNEL_DIGEST_SIZE);
    if (size != 0) {
        blake2b_update(&state, data, size);
    }
    blake2b_final(&state, digest->byte, KERNEL_DIGEST_SIZE);
}

/* H of a tag and one or two digests. */
static void hash_tagged(uint8_t tag, const struct kernel_digest *a, const struct kernel_digest *b,
                        struct kernel_digest *digest)
{
    uint8_t bytes[1 + 2 * KERNEL_DIGEST_SIZE] = {tag};
    memcpy(bytes + 1, a, KERNEL_DIGEST_SIZE);
    if (b != NULL) {
        memcpy(bytes + 1 + KERNEL_DIGEST_SIZE, b, KERNEL_DIGEST_SIZE);
    }
    kernel_hash(bytes, b == NULL ? 1 + KERNEL_DIGEST_SIZE : sizeof(bytes), digest);
}

static void compute_known(void)
{
    static const struct {
        const char *text;
        enum kernel_image_name name;
    } label[] = {
#define KERNEL_IMAGE(name, label) {label, KERNEL_IMAGE_##name},
#include "kernel/kernel.def"
    };
    for (size_t i = 0; i < KERNEL_IMAGE_COUNT; i++) {
        kernel_hash(label[i].text, strlen(label[i].text), &kernel_images[label[i].name]);
    }
    static const uint8_t empty_leaf = KERNEL_TAG_slot_empty;
    kernel_hash(NULL, 0, &of_nothing);
    kernel_hash(&empty_leaf, 1, &empty_root[0]);
    for (int level = 1; level < LEVEL_COUNT; level++) {
        hash_tagged(KERNEL_TAG_bmt_node, &empty_root[level - 1], &empty_root[level - 1], &empty_root[level]);
    }
    for (int level = 0; level < LEVEL_COUNT; level++) {
        hash_tagged(KERNEL_TAG_cnode, &empty_root[level], NULL, &empty_cap[level]);
    }
}

const struct kernel_digest *kernel_image_hash(enum kernel_image_name name)
{
    pthread_once(&known_once, compute_known);
    return &kernel_images[name];
}

const struct kernel_digest *kernel_hash_of_nothing(void)
{
    pthread_once(&known_once, compute_known);
    return &of_nothing;
}

void kernel_hash_chain(const struct kernel_digest *chain, const struct kernel_digest *content,
                       struct kernel_digest *digest)
{
    uint8_t bytes[2 * KERNEL_DIGEST_SIZE];
    memcpy(bytes, chain, KERNEL_DIGEST_SIZE);
    memcpy(bytes + KERNEL_DIGEST_SIZE, content, KERNEL_DIGEST_SIZE);
    kernel_hash(bytes, sizeof(bytes), digest);
}

void kernel_hash_bmt(struct kernel_digest *leaf, size_t count, struct kernel_digest *digest)
{
    if (count == 0) {
        *digest = *kernel_hash_of_nothing();
        return;
    }
    while (count > 1) {
        size_t pairs = (count + 1) / 2;
        for (size_t i = 0; i < pairs; i++) {
            size_t right = 2 * i + 1 < count ? 2 * i + 1 : 2 * i;
            hash_tagged(KERNEL_TAG_bmt_node, &leaf[2 * i], &leaf[right], &leaf[i]);
        }
        count = pairs;
    }
    *digest = leaf[0];
}

static void hash_data(const struct kernel_cap *cap, struct kernel_digest *digest)
{
    uint8_t bytes[1 + 8 + KERNEL_DIGEST_SIZE] = {KERNEL_TAG_data};
    memcpy(bytes + 1, &cap->size, 8);
    memcpy(bytes + 9, &cap->hash, KERNEL_DIGEST_SIZE);
    kernel_hash(bytes, sizeof(bytes), digest);
}

static void hash_cnode_cap(const struct kernel_cap *cap, struct kernel_digest *digest)
{
    if (cap->cnode == NULL) {
        pthread_once(&known_once, compute_known);
        *digest = empty_cap[cap->size_log];
        return;
    }
    struct kernel_digest cnode;
    kernel_hash_cnode(cap->size_log, cap->cnode, &cnode);
    hash_tagged(KERNEL_TAG_cnode, &cnode, NULL, digest);
}

/* image/hash/cap; an empty slot gives zeros, as records want it. */
void kernel_hash_cap(const struct kernel_cap *cap, struct kernel_digest *digest)
{
    switch (cap->kind) {
    case KERNEL_KIND_instance:
        hash_tagged(KERNEL_TAG_instance, &cap->chain, &cap->content, digest);
        break;
    case KERNEL_KIND_image:
        hash_tagged(KERNEL_TAG_image, &cap->hash, NULL, digest);
        break;
    case KERNEL_KIND_data:
        hash_data(cap, digest);
        break;
    case KERNEL_KIND_cnode:
        hash_cnode_cap(cap, digest);
        break;
    case KERNEL_KIND_type:
        hash_tagged(KERNEL_TAG_type, &cap->chain, NULL, digest);
        break;
    default:
        *digest = kernel_zero_digest;
        break;
    }
}

/* What was hashed last at each level of one CNode. */
struct memory {
    struct {
        bool is_set;
        struct kernel_digest left, right, node;
    } level[LEVEL_COUNT];
};

static void hash_leaf(const struct kernel_cap *cap, struct memory *memory, struct kernel_digest *digest)
{
    struct kernel_digest hash;
    kernel_hash_cap(cap, &hash);
    if (!memory->level[0].is_set || !kernel_same(&memory->level[0].left, &hash)) {
        memory->level[0].is_set = true;
        memory->level[0].left = hash;
        hash_tagged(KERNEL_TAG_slot_full, &hash, NULL, &memory->level[0].node);
    }
    *digest = memory->level[0].node;
}

static void hash_node(int level, const struct kernel_digest *left, const struct kernel_digest *right,
                      struct memory *memory, struct kernel_digest *digest)
{
    if (!memory->level[level].is_set || !kernel_same(&memory->level[level].left, left) ||
        !kernel_same(&memory->level[level].right, right)) {
        memory->level[level].is_set = true;
        memory->level[level].left = *left;
        memory->level[level].right = *right;
        hash_tagged(KERNEL_TAG_bmt_node, left, right, &memory->level[level].node);
    }
    *digest = memory->level[level].node;
}

/* The subtree of 2^level slots from `base` on, whose full slots are the `count` ones at `slot`. */
static void hash_subtree(const struct kernel_slot *slot, size_t count, uint32_t base, int level, struct memory *memory,
                         struct kernel_digest *digest)
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
    struct kernel_digest left, right;
    hash_subtree(slot, low, base, level - 1, memory, &left);
    hash_subtree(slot + low, count - low, middle, level - 1, memory, &right);
    hash_node(level, &left, &right, memory, digest);
}

/* image/hash/cnode */
void kernel_hash_cnode(uint8_t size_log, struct kernel_cnode *cnode, struct kernel_digest *digest)
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
