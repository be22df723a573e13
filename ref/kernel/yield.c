/* Who catches a yield (yield.md). */
#include "kernel.h"

static bool catches(const struct ref_kernel *kernel, const struct ref_entry *entry, const struct ref_hash *key)
{
    if (entry->is_reference || !entry->current.has_yield_slot) {
        return false;
    }
    struct ref_cap cap = ref_root_read(entry->root, entry->current.yield_slot);
    if (!ref_cap_is_handle(&cap, REF_KERNEL_IMAGE_yield_catcher)) {
        return false;
    }
    const struct ref_catcher *catcher = ref_tables_catcher(&kernel->tables, &cap.content);
    for (size_t i = 0; catcher != NULL && i < catcher->marker_count; i++) {
        if (ref_hash_same(&catcher->marker[i], key)) {
            return true;
        }
    }
    return false;
}

/* yield/walk, yield/reference, yield/stack_full */
bool ref_yield_raise(struct ref_activation *activation, const struct ref_hash *key)
{
    struct ref_kernel *kernel = activation->kernel;
    if (kernel->depth == REF_stack_max) {
        return false;
    }
    for (size_t i = kernel->depth - 1; i > 0; i--) {
        if (catches(kernel, &kernel->entry[i - 1], key)) {
            kernel->entry[kernel->depth++] = (struct ref_entry){.is_reference = true, .target = (uint32_t)(i - 1)};
            return true;
        }
    }
    return false;
}
