/* Regions: memory that is given back all at once, and a way out when there is none left. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536, ALIGNMENT = 16 };

struct ref_chunk {
    struct ref_chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) uint8_t byte[];
};

struct ref_region *ref_region_new(void)
{
    return calloc(1, sizeof(struct ref_region));
}

struct ref_region *ref_region_new_inside(struct ref_region *outer)
{
    struct ref_region *inner = ref_region_new();
    if (inner == NULL) {
        ref_region_give_up(outer);
    }
    inner->out = outer->out;
    outer->inner = inner;
    return inner;
}

void ref_region_free(struct ref_region *region)
{
    if (region == NULL) {
        return;
    }
    ref_load_free(region->machine);
    ref_region_free(region->inner);
    while (region->chunk != NULL) {
        struct ref_chunk *next = region->chunk->next;
        free(region->chunk);
        region->chunk = next;
    }
    free(region);
}

void ref_region_free_inside(struct ref_region *outer)
{
    ref_region_free(outer->inner);
    outer->inner = NULL;
}

_Noreturn void ref_region_give_up(struct ref_region *region)
{
    longjmp(*region->out, 1);
}

static struct ref_chunk *new_chunk(struct ref_region *region, size_t least)
{
    size_t size = least > CHUNK ? least : CHUNK;
    struct ref_chunk *chunk = calloc(1, sizeof(*chunk) + size);
    if (chunk == NULL) {
        ref_region_give_up(region);
    }
    chunk->next = region->chunk;
    chunk->size = size;
    region->chunk = chunk;
    return chunk;
}

void *ref_region_take(struct ref_region *region, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        ref_region_give_up(region);
    }
    size_t rounded = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct ref_chunk *chunk = region->chunk;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = new_chunk(region, rounded);
    }
    void *place = chunk->byte + chunk->used;
    chunk->used += rounded;
    return place;
}

struct assay_bytes ref_region_copy(struct ref_region *region, struct assay_bytes bytes)
{
    uint8_t *data = ref_region_take(region, bytes.size, 1);
    if (bytes.size != 0) {
        memcpy(data, bytes.data, bytes.size);
    }
    return (struct assay_bytes){data, bytes.size};
}
