/* A set of strings in an open hash table, and selections: files with one id a line. */
#include "id_set.h"

#include "vector.h"

#include <stdlib.h>
#include <string.h>

static size_t hash_of(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id != '\0'; id++) {
        hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

static size_t find_slot(const struct id_set *set, const char *id)
{
    size_t i = hash_of(id) & (set->room - 1);
    while (set->slot[i] != NULL && strcmp(set->slot[i], id) != 0) {
        i = (i + 1) & (set->room - 1);
    }
    return i;
}

static void grow(struct id_set *set)
{
    struct id_set bigger = {.room = set->room == 0 ? 256 : set->room * 2, .count = set->count};
    bigger.slot = memory_resize(NULL, bigger.room * sizeof *bigger.slot);
    memset(bigger.slot, 0, bigger.room * sizeof *bigger.slot);
    for (size_t i = 0; i < set->room; i++) {
        if (set->slot[i] != NULL) {
            bigger.slot[find_slot(&bigger, set->slot[i])] = set->slot[i];
        }
    }
    free(set->slot);
    *set = bigger;
}

bool id_set_add(struct id_set *set, const char *id)
{
    if (set->count * 2 >= set->room) {
        grow(set);
    }
    size_t i = find_slot(set, id);
    if (set->slot[i] != NULL) {
        return false;
    }
    size_t size = strlen(id) + 1;
    set->slot[i] = memcpy(memory_resize(NULL, size), id, size);
    set->count++;
    return true;
}

bool id_set_has(const struct id_set *set, const char *id)
{
    return set->room > 0 && set->slot[find_slot(set, id)] != NULL;
}

void id_set_free(struct id_set *set)
{
    for (size_t i = 0; i < set->room; i++) {
        free(set->slot[i]);
    }
    free(set->slot);
    *set = (struct id_set){0};
}

bool id_set_read(struct id_set *set, const char *path)
{
    struct bytes content;
    struct json_error error;
    if (!vector_read_file(path, &content, &error)) {
        complain("selection %s: %s", path, error.message);
        return false;
    }
    for (size_t start = 0; start < content.size;) {
        const uint8_t *newline = memchr(content.data + start, '\n', content.size - start);
        size_t end = newline == NULL ? content.size : (size_t)(newline - content.data);
        char *id = memory_resize(NULL, end - start + 1);
        memcpy(id, content.data + start, end - start);
        id[end - start] = '\0';
        if (id[0] != '\0') {
            id_set_add(set, id);
        }
        free(id);
        start = end + 1;
    }
    free(content.data);
    return true;
}
