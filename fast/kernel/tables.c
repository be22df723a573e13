/*
 * The kernel tables: meters, quotas and catchers, as functions (chain/tables_as_functions).
 *
 * Arrays in ascending order of the key: few entries come after the first, and none goes.
 */
#include "kernel.h"

#include <stdlib.h>

/* ---- numbers -------------------------------------------------------------------------------- */

/* The index of the first entry whose id is not below. */
static size_t place_of(const struct kernel_numbers *numbers, uint64_t id)
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

uint64_t kernel_number_get(const struct kernel_numbers *numbers, uint64_t id)
{
    size_t at = place_of(numbers, id);
    return at < numbers->count && numbers->entry[at].id == id ? numbers->entry[at].value : 0;
}

int kernel_number_set(struct kernel_numbers *numbers, uint64_t id, uint64_t value)
{
    size_t at = place_of(numbers, id);
    if (at < numbers->count && numbers->entry[at].id == id) {
        numbers->entry[at].value = value;
        return 0;
    }
    if (value == 0) {
        return 0;
    }
    void *grown = kernel_grow(numbers->entry, numbers->count, &numbers->capacity, sizeof(*numbers->entry));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    numbers->entry = grown;
    memmove(numbers->entry + at + 1, numbers->entry + at, (numbers->count - at) * sizeof(*numbers->entry));
    numbers->entry[at] = (struct kernel_number){id, value};
    numbers->count++;
    return 0;
}

/* ---- catchers ------------------------------------------------------------------------------- */

static const struct kernel_catcher *find_catcher(const struct kernel_tables *tables, const struct kernel_digest *id)
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

bool kernel_catcher_has(const struct kernel_tables *tables, const struct kernel_digest *id,
                        const struct kernel_digest *key)
{
    const struct kernel_catcher *catcher = find_catcher(tables, id);
    for (size_t i = 0; catcher != NULL && i < catcher->count; i++) {
        if (kernel_same(&catcher->marker[i], key)) {
            return true;
        }
    }
    return false;
}

/* ---- decoding ------------------------------------------------------------------------------- */

static void decode_numbers(struct kernel_reader *reader, struct kernel_numbers *numbers)
{
    uint32_t count = kernel_read_count(reader);
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = kernel_read_key(reader, 8, i == 0, key);
        uint64_t value = kernel_read_u64(reader);
        void *grown = kernel_grow(numbers->entry, i, &numbers->capacity, sizeof(*numbers->entry));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        numbers->entry = grown;
        numbers->entry[i] = (struct kernel_number){key, value};
        numbers->count = i + 1;
    }
}

static void decode_markers(struct kernel_reader *reader, struct kernel_catcher *catcher)
{
    uint32_t count = kernel_read_count(reader);
    size_t capacity = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct kernel_digest marker;
        kernel_read_digest(reader, &marker);
        void *grown = kernel_grow(catcher->marker, i, &capacity, sizeof(*catcher->marker));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        catcher->marker = grown;
        catcher->marker[i] = marker;
        catcher->count = i + 1;
    }
}

static void decode_catchers(struct kernel_reader *reader, struct kernel_tables *tables)
{
    uint32_t count = kernel_read_count(reader);
    struct kernel_digest key;
    memset(&key, 0, sizeof(key));
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        kernel_read_digest_key(reader, i == 0, &key);
        void *grown = kernel_grow(tables->catcher, i, &tables->catcher_capacity, sizeof(*tables->catcher));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        tables->catcher = grown;
        tables->catcher[i] = (struct kernel_catcher){.id = key};
        tables->catcher_count = i + 1;
        decode_markers(reader, &tables->catcher[i]);
    }
}

void kernel_tables_decode(struct kernel_reader *reader, struct kernel_tables *tables)
{
    *tables = (struct kernel_tables){.catcher = NULL};
    decode_numbers(reader, &tables->meters);
    decode_numbers(reader, &tables->quotas);
    decode_catchers(reader, tables);
}

void kernel_tables_clear(struct kernel_tables *tables)
{
    for (size_t i = 0; i < tables->catcher_count; i++) {
        free(tables->catcher[i].marker);
    }
    free(tables->catcher);
    free(tables->meters.entry);
    free(tables->quotas.entry);
    *tables = (struct kernel_tables){.catcher = NULL};
}

/* ---- encoding ------------------------------------------------------------------------------- */

static void encode_numbers(struct kernel_out *out, const struct kernel_numbers *numbers, bool strip)
{
    uint32_t count = 0;
    for (size_t i = 0; i < numbers->count; i++) {
        count += !strip || numbers->entry[i].value != 0;
    }
    kernel_put_u32(out, count);
    for (size_t i = 0; i < numbers->count; i++) {
        if (!strip || numbers->entry[i].value != 0) {
            kernel_put_u64(out, numbers->entry[i].id);
            kernel_put_u64(out, numbers->entry[i].value);
        }
    }
}

static void encode_catchers(struct kernel_out *out, const struct kernel_tables *tables, bool strip)
{
    uint32_t count = 0;
    for (size_t i = 0; i < tables->catcher_count; i++) {
        count += !strip || tables->catcher[i].count != 0;
    }
    kernel_put_u32(out, count);
    for (size_t i = 0; i < tables->catcher_count; i++) {
        const struct kernel_catcher *catcher = &tables->catcher[i];
        if (!strip || catcher->count != 0) {
            kernel_put_digest(out, &catcher->id);
            kernel_put_u32(out, (uint32_t)catcher->count);
            kernel_put(out, catcher->marker, catcher->count * sizeof(*catcher->marker));
        }
    }
}

void kernel_tables_encode(struct kernel_out *out, const struct kernel_tables *tables, bool strip)
{
    encode_numbers(out, &tables->meters, strip);
    encode_numbers(out, &tables->quotas, strip);
    encode_catchers(out, tables, strip);
}
