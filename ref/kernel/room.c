/* Rooms: memory that is given back all at once, and a way out when there is none. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536, ALIGNMENT = 16 };

struct ref_chunk {
    struct ref_chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) uint8_t byte[];
};

struct ref_room *ref_room_new(void)
{
    return calloc(1, sizeof(struct ref_room));
}

void ref_load_free(struct assay_machine *machine);

void ref_room_free(struct ref_room *room)
{
    if (room == NULL) {
        return;
    }
    ref_load_free(room->machine);
    ref_room_free(room->scratch);
    while (room->chunk != NULL) {
        struct ref_chunk *next = room->chunk->next;
        free(room->chunk);
        room->chunk = next;
    }
    free(room);
}

_Noreturn void ref_out_of_memory(struct ref_room *room)
{
    longjmp(*room->out, 1);
}

int ref_room_enter(struct ref_room *room, ref_body_fn *body, void *arguments)
{
    jmp_buf out;
    room->out = &out;
    return setjmp(out) == 0 ? body(room, arguments) : ASSAY_ERROR_MEMORY;
}

static struct ref_chunk *new_chunk(struct ref_room *room, size_t least)
{
    size_t size = least > CHUNK ? least : CHUNK;
    struct ref_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (chunk == NULL) {
        ref_out_of_memory(room);
    }
    *chunk = (struct ref_chunk){.next = room->chunk, .size = size};
    room->chunk = chunk;
    return chunk;
}

void *ref_take(struct ref_room *room, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        ref_out_of_memory(room);
    }
    size_t rounded = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct ref_chunk *chunk = room->chunk;
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = new_chunk(room, rounded);
    }
    void *place = chunk->byte + chunk->used;
    chunk->used += rounded;
    return memset(place, 0, rounded);
}

/* Arrays grow at powers of two, so that their room is twice what they hold at most. */
void *ref_grow(struct ref_room *room, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return array;
    }
    void *larger = ref_take(room, count == 0 ? 1 : 2 * count, size);
    if (count != 0) {
        memcpy(larger, array, count * size);
    }
    return larger;
}

struct ref_bytes ref_copy(struct ref_room *room, struct ref_bytes bytes)
{
    uint8_t *data = ref_take(room, bytes.size, 1);
    if (bytes.size != 0) {
        memcpy(data, bytes.data, bytes.size);
    }
    return (struct ref_bytes){data, bytes.size};
}
