/* The bump allocator. */
#include <assay/guest.h>

#define ALIGNMENT ((size_t)16)

extern unsigned char __heap_start[], __heap_end[];

void *assay_alloc(size_t size)
{
    static size_t used;
    size_t room = (size_t)(__heap_end - __heap_start) - used;
    size_t taken = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (taken < size || taken > room)
        assay_panic();
    used += taken;
    return __heap_start + used - taken;
}
