/* The root CNode of a running activation: the one CNode whose slots are written in place (cap.md). */
#include "kernel.h"

struct ref_root *ref_root_new(struct ref_region *region, const struct ref_cnode *cnode)
{
    struct ref_root *root = ref_region_take(region, 1, sizeof(*root));
    root->size_log = cnode->size_log;
    for (size_t i = 0; i < cnode->count; i++) {
        root->slot[cnode->slot[i].index] = cnode->slot[i].cap;
    }
    return root;
}

struct ref_cnode ref_root_cnode(struct ref_region *region, const struct ref_root *root)
{
    struct ref_cnode cnode = {.size_log = root->size_log};
    cnode.slot = ref_region_take(region, REF_slot_count, sizeof(*cnode.slot));
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
