/* Changes of encoded values, field by field: Images, Worlds, States, Caps and CNodes; see mutate.h. */
#include "mutate.h"
#include "scale.h"

#include <string.h>

/* ---- bytes ----------------------------------------------------------------------------------- */

struct assay_bytes mutate_bytes(struct mutation *mutation, struct assay_bytes bytes, struct assay_bytes other)
{
    struct random *random = &mutation->random;
    size_t room = bytes.size + 64;
    uint8_t *data = arena_take(&mutation->arena, room);
    size_t size = bytes.size;
    if (size > 0) {
        memcpy(data, bytes.data, size);
    }
    for (uint64_t count = 1 + random_below(random, 3); count > 0; count--) {
        size_t at = random_below(random, size + 1), part = 1 + random_below(random, 8);
        if (random_chance(random, 4) && size + part <= room) { /* more */
            memmove(data + at + part, data + at, size - at);
            for (size_t i = 0; i < part; i++) {
                data[at + i] = other.size > 0 ? other.data[(at + i) % other.size] : (uint8_t)random_next(random);
            }
            size += part;
        } else if (random_chance(random, 4) && at + part <= size) { /* less */
            memmove(data + at, data + at + part, size - at - part);
            size -= part;
        } else if (at < size) {
            data[at] =
                (uint8_t)(random_chance(random, 2) ? random_edge(random) : data[at] + random_below(random, 3) - 1);
        }
    }
    return (struct assay_bytes){data, size};
}

/* ---- leaves ---------------------------------------------------------------------------------- */

/* The value with another leaf, which may have another size; of counted bytes the count changes too. */
static struct assay_bytes with_leaf(struct mutation *mutation, struct assay_bytes value, const struct leaf *leaf,
                                    struct assay_bytes part)
{
    size_t behind = leaf->at + leaf->size, size = value.size - leaf->size + part.size;
    uint8_t *data = arena_take(&mutation->arena, size);
    memcpy(data, value.data, leaf->at);
    if (part.size > 0) {
        memcpy(data + leaf->at, part.data, part.size);
    }
    memcpy(data + leaf->at + part.size, value.data + behind, value.size - behind);
    if (leaf->kind == LEAF_BYTES || leaf->kind == LEAF_CODE || leaf->kind == LEAF_IMAGE) {
        struct leaf count = {LEAF_COUNT, leaf->at - 4, 4};
        leaf_write(data, &count, part.size);
    }
    return (struct assay_bytes){data, size};
}

static uint64_t another_number(struct random *random, const struct leaf *leaf, uint64_t value)
{
    static const uint32_t slots[] = {0, 1, 5, 6, 7, 8, 9, 10, 16, 17, 20, 31, 32, 60, 61, 255, 256};
    static const uint64_t near[] = {1, UINT64_MAX, PAGE_BYTES, (uint64_t)-PAGE_BYTES};
    if (random_chance(random, 3)) {
        return value + near[random_below(random, sizeof near / sizeof *near)];
    }
    switch (leaf->kind) {
    case LEAF_SLOT:
        return slots[random_below(random, sizeof slots / sizeof *slots)];
    case LEAF_START:
        return random_page[random_below(random, RANDOM_PAGES)];
    case LEAF_EXTENT:
        return PAGE_BYTES * (1 + random_below(random, 4));
    case LEAF_GAS:
        return mutate_gas(random, value);
    case LEAF_PC:
        return random_below(random, 64);
    case LEAF_TAG:
        return random_below(random, 5);
    case LEAF_COUNT:
        return random_below(random, 4);
    default:
        return random_edge(random);
    }
}

static struct assay_bytes another_code(struct mutation *mutation, struct assay_bytes code, struct assay_bytes other)
{
    struct blob_parts parts, second;
    struct assay_bytes nothing = {0};
    if (random_chance(&mutation->random, 16) || !blob_split(&mutation->arena, code, &parts)) {
        return mutate_bytes(mutation, code, nothing);
    }
    bool has_other = blob_split(&mutation->arena, other, &second);
    mutate_code(mutation, has_other ? &second : NULL, true, &parts);
    return blob_join(&mutation->arena, &parts);
}

/* The first leaf of a kind, as bytes; none: empty. */
static struct assay_bytes find_leaf(struct mutation *mutation, uint32_t type, struct assay_bytes value,
                                    enum leaf_kind kind)
{
    struct leaves leaves;
    scale_leaves(&mutation->arena, type, value, &leaves);
    for (size_t i = 0; i < leaves.count; i++) {
        if (leaves.leaf[i].kind == kind) {
            return (struct assay_bytes){value.data + leaves.leaf[i].at, leaves.leaf[i].size};
        }
    }
    return (struct assay_bytes){0};
}

static struct assay_bytes another_leaf(struct mutation *mutation, uint32_t type, struct assay_bytes value,
                                       const struct leaf *leaf, struct assay_bytes other)
{
    struct assay_bytes part = {value.data + leaf->at, leaf->size}, nothing = {0};
    if (leaf->kind == LEAF_CODE) {
        return with_leaf(mutation, value, leaf,
                         another_code(mutation, part, find_leaf(mutation, type, other, LEAF_CODE)));
    }
    if (leaf->kind == LEAF_IMAGE) {
        struct assay_bytes second = find_leaf(mutation, type, other, LEAF_IMAGE);
        return with_leaf(mutation, value, leaf, mutate_value(mutation, ASSAY_TYPE_IMAGE, part, second));
    }
    if (leaf->kind == LEAF_BYTES || leaf->kind == LEAF_HASH) {
        struct assay_bytes changed = mutate_bytes(mutation, part, nothing);
        changed.size = leaf->kind == LEAF_HASH ? leaf->size : changed.size;
        return with_leaf(mutation, value, leaf, changed);
    }
    uint8_t *data = arena_take(&mutation->arena, value.size);
    memcpy(data, value.data, value.size);
    leaf_write(data, leaf, another_number(&mutation->random, leaf, leaf_read(value.data, leaf)));
    return (struct assay_bytes){data, value.size};
}

struct assay_bytes mutate_value(struct mutation *mutation, uint32_t type, struct assay_bytes value,
                                struct assay_bytes other)
{
    struct random *random = &mutation->random;
    for (uint64_t count = 1 + random_below(random, 3); count > 0; count--) {
        struct leaves leaves;
        scale_leaves(&mutation->arena, type, value, &leaves);
        if (leaves.count == 0 || random_chance(random, 48)) {
            value = mutate_bytes(mutation, value, other);
            continue;
        }
        const struct leaf *leaf = &leaves.leaf[random_below(random, leaves.count)];
        if (type == ASSAY_TYPE_IMAGE && random_chance(random, 2)) {
            for (size_t i = 0; i < leaves.count; i++) { /* its code, half of the times */
                leaf = leaves.leaf[i].kind == LEAF_CODE ? &leaves.leaf[i] : leaf;
            }
        }
        value = another_leaf(mutation, type, value, leaf, other);
    }
    return value;
}
