/* Operations on slots: copy, move, drop, swap, mint_cnode (cap.md). */
#include "kernel.h"

int ref_operand(const struct ref_activation *activation, unsigned reg)
{
    uint32_t slot = (uint8_t)activation->stop.state.reg[reg];
    return ref_root_has(activation->entry->root, slot) ? (int)slot : -1;
}

int ref_destination(const struct ref_activation *activation, unsigned reg)
{
    int slot = ref_operand(activation, reg);
    return slot >= 0 && ref_image_pins(&activation->entry->current, (uint32_t)slot) ? -1 : slot;
}

/* cap/pinned_source: these operations take their sources like destinations. */
static bool is_full(const struct ref_root *root, int slot)
{
    return root->slot[slot].kind != REF_KIND_empty;
}

static bool copy(struct ref_root *root, int from, int to)
{
    if (from < 0 || to < 0 || !is_full(root, from) || is_full(root, to)) {
        return false;
    }
    root->slot[to] = root->slot[from];
    return true;
}

static bool move(struct ref_root *root, int from, int to)
{
    bool good = copy(root, from, to);
    if (good) {
        root->slot[from] = (struct ref_cap){.kind = REF_KIND_empty};
    }
    return good;
}

static bool drop(struct ref_root *root, int slot)
{
    bool good = slot >= 0 && is_full(root, slot);
    if (good) {
        root->slot[slot] = (struct ref_cap){.kind = REF_KIND_empty};
    }
    return good;
}

static bool swap(struct ref_root *root, int a, int b)
{
    if (a < 0 || b < 0) {
        return false;
    }
    struct ref_cap cap = root->slot[a];
    root->slot[a] = root->slot[b];
    root->slot[b] = cap;
    return true;
}

static bool mint_cnode(struct ref_room *room, struct ref_root *root, int to, uint8_t size_log)
{
    if (to < 0 || is_full(root, to) || size_log > REF_cnode_size_log_max) {
        return false;
    }
    struct ref_cnode *cnode = ref_take(room, 1, sizeof(*cnode));
    cnode->size_log = size_log;
    root->slot[to] = (struct ref_cap){.kind = REF_KIND_cnode, .cnode = cnode};
    return true;
}

bool ref_manage(struct ref_activation *activation, uint32_t op)
{
    struct ref_root *root = activation->entry->root;
    int first = ref_destination(activation, 7), second = ref_destination(activation, 8);
    switch (op) {
    case REF_OP_copy:
        return copy(root, first, second);
    case REF_OP_move:
        return move(root, first, second);
    case REF_OP_drop:
        return drop(root, first);
    case REF_OP_swap:
        return swap(root, first, second);
    default:
        return mint_cnode(activation->kernel->room, root, first, (uint8_t)activation->stop.state.reg[8]);
    }
}
