/* Cuts inputs of the kernel down; see limits.h. */
#include "limits.h"

#include "scale.h"

size_t limit_gas(uint64_t *gas)
{
    bool is_beyond = *gas > LIMIT_GAS;
    *gas = is_beyond ? LIMIT_GAS : *gas;
    return is_beyond;
}

/* The bytes are the harness's own copy of the input (target.c). */
static uint8_t *writable(struct assay_bytes bytes)
{
    return (uint8_t *)(uintptr_t)bytes.data;
}

size_t limit_image(struct arena *arena, struct assay_bytes bytes)
{
    struct leaves leaves;
    uint64_t left = (uint64_t)LIMIT_PAGES * PAGE_BYTES;
    size_t changes = 0;
    scale_leaves(arena, ASSAY_TYPE_IMAGE, bytes, &leaves);
    for (size_t i = 0; i < leaves.count; i++) {
        if (leaves.leaf[i].kind == LEAF_EXTENT) {
            uint64_t extent = leaf_read(bytes.data, &leaves.leaf[i]);
            if (extent > left) {
                leaf_write(writable(bytes), &leaves.leaf[i], left);
                changes++;
                extent = left;
            }
            left -= extent;
        }
    }
    return changes;
}

size_t limit_world(struct arena *arena, struct assay_bytes bytes)
{
    struct leaves leaves;
    size_t changes = 0;
    scale_leaves(arena, ASSAY_TYPE_WORLD, bytes, &leaves);
    for (size_t i = 0; i < leaves.count; i++) {
        const struct leaf *leaf = &leaves.leaf[i];
        if (leaf->kind == LEAF_IMAGE) {
            changes += limit_image(arena, (struct assay_bytes){bytes.data + leaf->at, leaf->size});
        } else if (leaf->kind == LEAF_GAS && leaf_read(bytes.data, leaf) > LIMIT_GAS) {
            leaf_write(writable(bytes), leaf, LIMIT_GAS);
            changes++;
        }
    }
    return changes;
}

size_t limit_kernel(struct arena *arena, struct kernel_case *input)
{
    size_t changes = 0;
    input->step_count = input->step_count < LIMIT_STEPS ? input->step_count : LIMIT_STEPS;
    if (input->act == ACT_GENESIS) {
        changes += limit_image(arena, input->given);
        for (size_t i = 0; i < input->step_count; i++) {
            changes += limit_gas(&input->event[i].given.gas);
        }
    } else if (input->act == ACT_WORLD) {
        changes += limit_world(arena, input->given);
        for (size_t i = 0; i < input->step_count; i++) {
            changes += limit_image(arena, input->step[i].run.image);
            changes += limit_gas(&input->step[i].run.gas);
        }
    }
    return changes;
}

size_t limit_revision(const struct assay_engine *engine, struct kernel_case *input)
{
    if (engine == NULL || (engine->revisions >> input->revision & 1) != 0 || engine->revisions == 0) {
        return 0;
    }
    input->revision = (uint32_t)__builtin_ctzll(engine->revisions);
    return 1;
}
