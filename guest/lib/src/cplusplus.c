/* What a compiler of C++ calls: new and delete, on the heap of malloc, and a virtual function without a body. */
#include <assay/guest.h>
#include <stdlib.h>

#define NAMED(name) __asm__(name)

void *new_object(size_t size) NAMED("_Znwm");
void *new_array(size_t size) NAMED("_Znam");
void *new_aligned_object(size_t size, size_t alignment) NAMED("_ZnwmSt11align_val_t");
void *new_aligned_array(size_t size, size_t alignment) NAMED("_ZnamSt11align_val_t");
void *new_object_or_null(size_t size, const void *tag) NAMED("_ZnwmRKSt9nothrow_t");
void *new_array_or_null(size_t size, const void *tag) NAMED("_ZnamRKSt9nothrow_t");
void delete_object(void *place) NAMED("_ZdlPv");
void delete_array(void *place) NAMED("_ZdaPv");
void delete_sized_object(void *place, size_t size) NAMED("_ZdlPvm");
void delete_sized_array(void *place, size_t size) NAMED("_ZdaPvm");
void delete_aligned_object(void *place, size_t size, size_t alignment) NAMED("_ZdlPvmSt11align_val_t");
void delete_aligned_array(void *place, size_t size, size_t alignment) NAMED("_ZdaPvmSt11align_val_t");
void delete_aligned(void *place, size_t alignment) NAMED("_ZdlPvSt11align_val_t");
void delete_aligned_items(void *place, size_t alignment) NAMED("_ZdaPvSt11align_val_t");
_Noreturn void no_body(void) NAMED("__cxa_pure_virtual");

/* There are no exceptions: without memory it panics. */
static void *or_panic(void *place)
{
    if (place == NULL)
        assay_panic();
    return place;
}

void *new_object(size_t size)
{
    return or_panic(malloc(size));
}

void *new_array(size_t size)
{
    return or_panic(malloc(size));
}

void *new_aligned_object(size_t size, size_t alignment)
{
    return or_panic(aligned_alloc(alignment, size));
}

void *new_aligned_array(size_t size, size_t alignment)
{
    return or_panic(aligned_alloc(alignment, size));
}

void *new_object_or_null(size_t size, const void *tag)
{
    (void)tag;
    return malloc(size);
}

void *new_array_or_null(size_t size, const void *tag)
{
    (void)tag;
    return malloc(size);
}

void delete_object(void *place)
{
    free(place);
}

void delete_array(void *place)
{
    free(place);
}

void delete_sized_object(void *place, size_t size)
{
    (void)size;
    free(place);
}

void delete_sized_array(void *place, size_t size)
{
    (void)size;
    free(place);
}

void delete_aligned_object(void *place, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    free(place);
}

void delete_aligned_array(void *place, size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    free(place);
}

void delete_aligned(void *place, size_t alignment)
{
    (void)alignment;
    free(place);
}

void delete_aligned_items(void *place, size_t alignment)
{
    (void)alignment;
    free(place);
}

_Noreturn void no_body(void)
{
    assay_panic();
}
