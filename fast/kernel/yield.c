/* Who catches a yield (yield.md). */
#include "kernel.h"

static const struct fast_cap *slot_of(const struct fast_cap *cnode, uint32_t index)
{
    for (uint32_t i = 0; cnode->cnode != NULL && i < cnode->cnode->count; i++) {
        if (cnode->cnode->slot[i].index == index) {
            return &cnode->cnode->slot[i].cap;
        }
    }
    return NULL;
}

/* yield/catcher, yield/skipped_entry: what a waiting entry holds does not change. */
void fast_yield_set_catcher(struct fast_waiting *waiting)
{
    const struct fast_view *view = &waiting->image->view;
    const struct fast_cap *cap = view->has_yield_slot ? slot_of(&waiting->cnode, view->yield_slot) : NULL;
    waiting->has_catcher = cap != NULL && cap->kind == FAST_KIND_instance &&
                           fast_hash_same(&cap->chain, fast_hash_kernel_image(FAST_IMAGE_yield_catcher));
    if (waiting->has_catcher) {
        waiting->catcher = cap->content;
    }
}

int fast_yield_find_catcher(const struct fast_core *core, const struct fast_digest *key)
{
    if (core->waiting_count + 1 >= FAST_stack_max) {
        return -1;
    }
    for (size_t i = core->waiting_count; i > 0; i--) {
        const struct fast_waiting *waiting = &core->waiting[i - 1];
        if (waiting->has_catcher && fast_tables_catches(&core->tables, &waiting->catcher, key)) {
            return (int)(i - 1);
        }
    }
    return -1;
}
