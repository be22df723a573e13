/* Arrays that grow, and maps: arrays that ascend by the id that is the first member of their elements. */
#include "kernel.h"

#include <string.h>

/* Arrays grow at powers of two, so that the room they take is twice what they hold at most. */
static void *grow(struct ref_region *region, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return array;
    }
    void *larger = ref_region_take(region, count == 0 ? 1 : 2 * count, size);
    if (count != 0) {
        memcpy(larger, array, count * size);
    }
    return larger;
}

void *ref_array_insert(struct ref_region *region, void *array, size_t *count, size_t at, const void *element,
                       size_t size)
{
    uint8_t *larger = grow(region, array, *count, size);
    memmove(larger + (at + 1) * size, larger + at * size, (*count - at) * size);
    memcpy(larger + at * size, element, size);
    (*count)++;
    return larger;
}

void *ref_array_append(struct ref_region *region, void *array, size_t *count, const void *element, size_t size)
{
    return ref_array_insert(region, array, count, *count, element, size);
}

/* Takes the space that grow counts on. */
void *ref_array_copy(struct ref_region *region, const void *array, size_t count, size_t size)
{
    size_t space = 1;
    while (space < count) {
        space *= 2;
    }
    void *copy = ref_region_take(region, space, size);
    if (count != 0) {
        memcpy(copy, array, count * size);
    }
    return copy;
}

static uint64_t id_of(const uint8_t *map, size_t at, size_t size)
{
    uint64_t id;
    memcpy(&id, map + at * size, sizeof(id));
    return id;
}

/* The place of the first element whose id is not below. */
static size_t place_of(const void *map, size_t count, size_t size, uint64_t id)
{
    size_t at = 0;
    while (at < count && id_of(map, at, size) < id) {
        at++;
    }
    return at;
}

const void *ref_array_find(const void *map, size_t count, uint64_t id, size_t size)
{
    size_t at = place_of(map, count, size, id);
    return at < count && id_of(map, at, size) == id ? (const uint8_t *)map + at * size : NULL;
}

void *ref_array_put(struct ref_region *region, void *map, size_t *count, const void *element, size_t size)
{
    uint64_t id = id_of(element, 0, size);
    size_t at = place_of(map, *count, size, id);
    if (at == *count || id_of(map, at, size) != id) {
        return ref_array_insert(region, map, count, at, element, size);
    }
    memcpy((uint8_t *)map + at * size, element, size);
    return map;
}
