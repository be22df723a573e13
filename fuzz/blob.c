/* Code blobs in parts; see blob.h. The layout is that of blob/layout. */
#include "blob.h"

#include "bytes.h"

#include <string.h>

enum { HEADER = 9 };

static void write_starts(uint8_t *at, const struct blob_parts *parts, size_t size)
{
    size_t given = parts->starts.size < size ? parts->starts.size : size;
    if (given > 0) {
        memcpy(at, parts->starts.data, given);
    }
    if (parts->code.size % 8 != 0) { /* no stray bits */
        at[size - 1] &= (uint8_t)((1u << parts->code.size % 8) - 1);
    }
}

struct assay_bytes blob_join(struct arena *arena, const struct blob_parts *parts)
{
    size_t entries = parts->table.size / parts->entry_size, table = entries * parts->entry_size;
    size_t code = parts->code.size, starts = (code + 7) / 8;
    struct text head = {0};
    sink_fixed(&head, entries, 4);
    sink_byte(&head, parts->entry_size);
    sink_fixed(&head, code, 4);
    uint8_t *blob = arena_take(arena, HEADER + table + code + starts);
    memcpy(blob, head.data, HEADER);
    text_free(&head);
    if (table > 0) {
        memcpy(blob + HEADER, parts->table.data, table);
    }
    if (code > 0) {
        memcpy(blob + HEADER + table, parts->code.data, code);
    }
    write_starts(blob + HEADER + table + code, parts, starts);
    return (struct assay_bytes){blob, HEADER + table + code + starts};
}

bool blob_split(struct arena *arena, struct assay_bytes blob, struct blob_parts *parts)
{
    struct source source = {blob.data, blob.size, 0};
    uint64_t entries = source_fixed(&source, 4);
    parts->entry_size = source_byte(&source);
    uint64_t code = source_fixed(&source, 4);
    if (blob.size < HEADER || parts->entry_size == 0 || parts->entry_size > 4) {
        return false;
    }
    uint64_t table = entries * parts->entry_size, starts = (code + 7) / 8;
    if (HEADER + table + code + starts != blob.size) {
        return false;
    }
    parts->table = source_take(&source, (size_t)table);
    parts->code = source_take(&source, (size_t)code);
    parts->starts = source_rest(&source);
    struct assay_bytes joined = blob_join(arena, parts);
    return memcmp(joined.data, blob.data, blob.size) == 0;
}
