/* Arrays that grow, and maps: arrays that ascend by the id that is the first member of their elements. */
#include "kernel.h"

#include <stddef.h>
#include <string.h>

/* In front of each array: how many elements it has room for. */
struct front {
    _Alignas(max_align_t) size_t room;
};

static void *new_array(struct ref_region *region, const void *array, size_t count, size_t room, size_t size)
{
    if (room > (SIZE_MAX / 2 - sizeof(struct front)) / size) {
        ref_region_give_up(region);
    }
    struct front *front = ref_region_take(region, sizeof(*front) + room * size, 1);
    front->room = room;
    if (count != 0) {
        memcpy(front + 1, array, count * size);
    }
    return front + 1;
}

/* Room for one more. It doubles, so that it is twice what the array holds at most. */
static void *grow(struct ref_region *region, void *array, size_t count, size_t size)
{
    if (array == NULL) {
        return new_array(region, NULL, 0, 1, size);
    }
    const struct front *front = (const struct front *)array - 1;
    return count < front->room ? array : new_array(region, array, count, 2 * count, size);
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

void *ref_array_copy(struct ref_region *region, const void *array, size_t count, size_t size)
{
    return new_array(region, array, count, count == 0 ? 1 : count, size);
}

void ref_array_remove(void *array, size_t *count, size_t at, size_t size)
{
    uint8_t *byte = array;
    memmove(byte + at * size, byte + (at + 1) * size, (*count - at - 1) * size);
    (*count)--;
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
