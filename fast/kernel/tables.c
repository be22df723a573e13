/*
 * The kernel tables: meters, quotas and catchers, as functions (chain/tables_as_functions).
 *
 * Arrays in ascending order of the key: few entries come after the first, and none goes.
 */
#include "kernel.h"

#include <stdlib.h>

/* ---- numbers --------------------------------------------------------------------------------- */

/* The index of the first entry whose id is not below. */
static size_t place_of(const struct fast_numbers *numbers, uint64_t id)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (numbers->entry[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint64_t fast_tables_get(const struct fast_numbers *numbers, uint64_t id)
{
    size_t at = place_of(numbers, id);
    return at < numbers->count && numbers->entry[at].id == id ? numbers->entry[at].value : 0;
}

int fast_tables_set(struct fast_numbers *numbers, uint64_t id, uint64_t value)
{
    size_t at = place_of(numbers, id);
    if (at < numbers->count && numbers->entry[at].id == id) {
        numbers->entry[at].value = value;
        return 0;
    }
    if (value == 0) {
        return 0;
    }
    void *grown = fast_scale_grow(numbers->entry, numbers->count, &numbers->capacity, sizeof(*numbers->entry));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    numbers->entry = grown;
    memmove(numbers->entry + at + 1, numbers->entry + at, (numbers->count - at) * sizeof(*numbers->entry));
    numbers->entry[at] = (struct fast_number){id, value};
    numbers->count++;
    return 0;
}

/* ---- catchers -------------------------------------------------------------------------------- */

static const struct fast_catcher *find_catcher(const struct fast_tables *tables, const struct fast_digest *id)
{
    size_t low = 0, high = tables->catcher_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(&tables->catcher[middle].id, id, sizeof(*id));
        if (order == 0) {
            return &tables->catcher[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

bool fast_tables_catches(const struct fast_tables *tables, const struct fast_digest *id, const struct fast_digest *key)
{
    const struct fast_catcher *catcher = find_catcher(tables, id);
    for (size_t i = 0; catcher != NULL && i < catcher->count; i++) {
        if (fast_hash_same(&catcher->marker[i], key)) {
            return true;
        }
    }
    return false;
}

/* ---- decoding -------------------------------------------------------------------------------- */

static void decode_numbers(struct fast_reader *reader, struct fast_numbers *numbers)
{
    uint32_t count = fast_scale_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = fast_scale_read_key(reader, 8, i == 0, key);
        uint64_t value = fast_scale_read_u64(reader);
        void *grown = fast_scale_grow(numbers->entry, i, &numbers->capacity, sizeof(*numbers->entry));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        numbers->entry = grown;
        numbers->entry[i] = (struct fast_number){key, value};
        numbers->count = i + 1;
    }
}

static void decode_markers(struct fast_reader *reader, struct fast_catcher *catcher)
{
    uint32_t count = fast_scale_read_count(reader);
    size_t capacity = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct fast_digest marker;
        fast_scale_read_digest(reader, &marker);
        void *grown = fast_scale_grow(catcher->marker, i, &capacity, sizeof(*catcher->marker));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        catcher->marker = grown;
        catcher->marker[i] = marker;
        catcher->count = i + 1;
    }
}

static void decode_catchers(struct fast_reader *reader, struct fast_tables *tables)
{
    uint32_t count = fast_scale_read_count(reader);
    struct fast_digest key;
    memset(&key, 0, sizeof(key));
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        fast_scale_read_digest_key(reader, i == 0, &key);
        void *grown = fast_scale_grow(tables->catcher, i, &tables->catcher_capacity, sizeof(*tables->catcher));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        tables->catcher = grown;
        tables->catcher[i] = (struct fast_catcher){.id = key};
        tables->catcher_count = i + 1;
        decode_markers(reader, &tables->catcher[i]);
    }
}

void fast_tables_decode(struct fast_reader *reader, struct fast_tables *tables)
{
    *tables = (struct fast_tables){.catcher = NULL};
    decode_numbers(reader, &tables->meters);
    decode_numbers(reader, &tables->quotas);
    decode_catchers(reader, tables);
}

void fast_tables_clear(struct fast_tables *tables)
{
    for (size_t i = 0; i < tables->catcher_count; i++) {
        free(tables->catcher[i].marker);
    }
    free(tables->catcher);
    free(tables->meters.entry);
    free(tables->quotas.entry);
    *tables = (struct fast_tables){.catcher = NULL};
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void encode_numbers(struct fast_out *out, const struct fast_numbers *numbers, bool strip)
{
    uint32_t count = 0;
    for (size_t i = 0; i < numbers->count; i++) {
        count += !strip || numbers->entry[i].value != 0;
    }
    fast_scale_put_u32(out, count);
    for (size_t i = 0; i < numbers->count; i++) {
        if (!strip || numbers->entry[i].value != 0) {
            fast_scale_put_u64(out, numbers->entry[i].id);
            fast_scale_put_u64(out, numbers->entry[i].value);
        }
    }
}

static void encode_catchers(struct fast_out *out, const struct fast_tables *tables, bool strip)
{
    uint32_t count = 0;
    for (size_t i = 0; i < tables->catcher_count; i++) {
        count += !strip || tables->catcher[i].count != 0;
    }
    fast_scale_put_u32(out, count);
    for (size_t i = 0; i < tables->catcher_count; i++) {
        const struct fast_catcher *catcher = &tables->catcher[i];
        if (!strip || catcher->count != 0) {
            fast_scale_put_digest(out, &catcher->id);
            fast_scale_put_u32(out, (uint32_t)catcher->count);
            fast_scale_put(out, catcher->marker, catcher->count * sizeof(*catcher->marker));
        }
    }
}

void fast_tables_encode(struct fast_out *out, const struct fast_tables *tables, bool strip)
{
    encode_numbers(out, &tables->meters, strip);
    encode_numbers(out, &tables->quotas, strip);
    encode_catchers(out, tables, strip);
}
