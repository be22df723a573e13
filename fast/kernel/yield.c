/* Who catches a yield (yield.md). */
#include "kernel.h"

static const struct kernel_cap *slot_of(const struct kernel_cap *cnode, uint32_t index)
{
    for (uint32_t i = 0; cnode->cnode != NULL && i < cnode->cnode->count; i++) {
        if (cnode->cnode->slot[i].index == index) {
            return &cnode->cnode->slot[i].cap;
        }
    }
    return NULL;
}

/* yield/catcher, yield/skipped_entry: what a waiting entry holds does not change. */
void kernel_waiting_catcher(struct kernel_waiting *waiting)
{
    const struct kernel_view *view = &waiting->image->view;
    const struct kernel_cap *cap = view->has_yield_slot ? slot_of(&waiting->cnode, view->yield_slot) : NULL;
    waiting->has_catcher = cap != NULL && cap->kind == KERNEL_KIND_instance &&
                           kernel_same(&cap->chain, kernel_image_hash(KERNEL_IMAGE_yield_catcher));
    if (waiting->has_catcher) {
        waiting->catcher = cap->content;
    }
}

int kernel_find_catcher(const struct kernel_core *core, const struct kernel_digest *key)
{
    if (core->waiting_count + 1 >= KERNEL_stack_max) {
        return -1;
    }
    for (size_t i = core->waiting_count; i > 0; i--) {
        const struct kernel_waiting *waiting = &core->waiting[i - 1];
        if (waiting->has_catcher && kernel_catcher_has(&core->tables, &waiting->catcher, key)) {
            return (int)(i - 1);
        }
    }
    return -1;
}
