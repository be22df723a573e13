/* Storage: an arena for whatever lives as long as one case, and a realloc that cannot fail. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 64 * 1024, ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t room;
    _Alignas(ALIGNMENT) uint8_t data[];
};

static void out_of_memory(void)
{
    complain("no memory left; give the process more, or it fewer and smaller cases");
    exit(CODE_HOST);
}

void *memory_resize(void *data, size_t size)
{
    void *moved = realloc(data, size == 0 ? 1 : size);
    if (moved == NULL) {
        out_of_memory();
    }
    return moved;
}

static struct arena_chunk *new_chunk(struct arena *arena, size_t size)
{
    size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct arena_chunk *chunk = memory_resize(NULL, sizeof *chunk + room);
    *chunk = (struct arena_chunk){.next = arena->chunk, .used = 0, .room = room};
    arena->chunk = chunk;
    return chunk;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        out_of_memory();
    }
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *chunk = arena->chunk;
    if (chunk == NULL || chunk->room - chunk->used < rounded) {
        chunk = new_chunk(arena, rounded);
    }
    void *place = chunk->data + chunk->used;
    chunk->used += rounded;
    return memset(place, 0, rounded);
}

void *arena_list(struct arena *arena, size_t count, size_t size)
{
    if (count > SIZE_MAX / 2 / size) {
        out_of_memory();
    }
    return arena_take(arena, count * size);
}

char *arena_copy(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_take(arena, size), text, size);
}

void arena_clear(struct arena *arena)
{
    while (arena->chunk != NULL) {
        struct arena_chunk *next = arena->chunk->next;
        free(arena->chunk);
        arena->chunk = next;
    }
}
