/* The bump allocator. */
#include <assay/guest.h>

#define ALIGNMENT ((size_t)16)

extern unsigned char __heap_start[], __heap_end[];

static size_t used;

size_t assay_alloc_left(void)
{
    return (size_t)(__heap_end - __heap_start) - used;
}

void *assay_alloc(size_t size)
{
    size_t taken = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (taken < size || taken > assay_alloc_left())
        assay_panic();
    used += taken;
    return __heap_start + used - taken;
}
