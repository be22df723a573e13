/*
 * Reading and writing the fixed-width encoding (image/decode/...).
 *
 * In: hostile bytes. Out: numbers, and pointers into those bytes. The first error sticks, so that a decoder
 * reads on without asking and asks once. Nothing is allocated on the word of a count.
 */
#include "kernel.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 8, FIRST_SIZE = 256, DIRECT_SIZE = 1024 };

/* ---- reading --------------------------------------------------------------------------------- */

struct fast_reader fast_scale_reader(const uint8_t *bytes, size_t size)
{
    static const uint8_t nothing[1];
    const uint8_t *start = bytes == NULL ? nothing : bytes; /* then size is 0 */
    return (struct fast_reader){.start = start, .at = start, .end = start + size};
}

/* image/decode/order */
void fast_scale_fail(struct fast_reader *reader, int error)
{
    if (reader->error == 0) {
        reader->error = error;
        reader->error_offset = (size_t)(reader->at - reader->start);
    }
}

size_t fast_scale_left(const struct fast_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

const uint8_t *fast_scale_read(struct fast_reader *reader, size_t size)
{
    if (reader->error != 0 || size > fast_scale_left(reader)) {
        fast_scale_fail(reader, ASSAY_DECODE_UNEXPECTED_EOF);
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += size;
    return at;
}

uint8_t fast_scale_read_u8(struct fast_reader *reader)
{
    const uint8_t *at = fast_scale_read(reader, 1);
    return at == NULL ? 0 : *at;
}

uint32_t fast_scale_read_u32(struct fast_reader *reader)
{
    const uint8_t *at = fast_scale_read(reader, 4);
    return at == NULL ? 0 : fast_scale_u32(at);
}

uint64_t fast_scale_read_u64(struct fast_reader *reader)
{
    const uint8_t *at = fast_scale_read(reader, 8);
    return at == NULL ? 0 : fast_scale_u64(at);
}

/* image/decode/sequence_too_long */
uint32_t fast_scale_read_count(struct fast_reader *reader)
{
    size_t most = fast_scale_left(reader);
    uint32_t count = fast_scale_read_u32(reader);
    if (reader->error == 0 && count > most) {
        reader->at -= 4;
        fast_scale_fail(reader, ASSAY_DECODE_SEQUENCE_TOO_LONG);
    }
    return reader->error == 0 ? count : 0;
}

const uint8_t *fast_scale_read_bytes(struct fast_reader *reader, uint32_t *size)
{
    *size = fast_scale_read_count(reader);
    const uint8_t *at = fast_scale_read(reader, *size);
    *size = at == NULL ? 0 : *size;
    return at;
}

void fast_scale_read_digest(struct fast_reader *reader, struct fast_digest *digest)
{
    const uint8_t *at = fast_scale_read(reader, FAST_DIGEST_SIZE);
    if (at == NULL) {
        *digest = fast_hash_zero;
    } else {
        memcpy(digest, at, sizeof(*digest));
    }
}

/* image/decode/not_sorted */
uint64_t fast_scale_read_key(struct fast_reader *reader, size_t width, bool first, uint64_t previous)
{
    const uint8_t *at = fast_scale_read(reader, width);
    if (at == NULL) {
        return 0;
    }
    uint64_t key = 0;
    memcpy(&key, at, width);
    if (!first && key <= previous) {
        fast_scale_fail(reader, ASSAY_DECODE_NOT_SORTED);
    }
    return key;
}

void fast_scale_read_digest_key(struct fast_reader *reader, bool first, struct fast_digest *key)
{
    struct fast_digest previous = *key;
    fast_scale_read_digest(reader, key);
    if (reader->error == 0 && !first && memcmp(key, &previous, sizeof(previous)) <= 0) {
        fast_scale_fail(reader, ASSAY_DECODE_NOT_SORTED);
    }
}

/* image/decode/trailing_bytes */
int fast_scale_read_whole(struct fast_reader *reader)
{
    if (reader->at != reader->end) {
        fast_scale_fail(reader, ASSAY_DECODE_TRAILING_BYTES);
    }
    return reader->error;
}

/* ---- writing --------------------------------------------------------------------------------- */

void fast_scale_flush(struct fast_out *out)
{
    if (out->hash != NULL && out->size != 0) {
        blake2b_update(out->hash, out->data, out->size);
        out->size = 0;
    }
}

static bool make_room(struct fast_out *out, size_t size)
{
    if (out->hash != NULL) {
        fast_scale_flush(out);
        return true;
    }
    size_t capacity = out->capacity < FIRST_SIZE ? FIRST_SIZE : out->capacity;
    while (capacity - out->size < size) {
        capacity *= 2;
    }
    uint8_t *data = realloc(out->data, capacity);
    if (data == NULL) {
        out->failed = true;
        return false;
    }
    out->data = data;
    out->capacity = capacity;
    return true;
}

void fast_scale_put(struct fast_out *out, const void *data, size_t size)
{
    if (size == 0 || out->failed) {
        return;
    }
    if (out->hash != NULL && size >= DIRECT_SIZE) {
        fast_scale_flush(out);
        blake2b_update(out->hash, data, size);
        return;
    }
    if (size > out->capacity - out->size && !make_room(out, size)) {
        return;
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

void fast_scale_put_u8(struct fast_out *out, uint8_t value)
{
    fast_scale_put(out, &value, 1);
}

void fast_scale_put_u32(struct fast_out *out, uint32_t value)
{
    fast_scale_put(out, &value, 4);
}

void fast_scale_put_u64(struct fast_out *out, uint64_t value)
{
    fast_scale_put(out, &value, 8);
}

void fast_scale_put_bytes(struct fast_out *out, const void *data, size_t size)
{
    fast_scale_put_u32(out, (uint32_t)size);
    fast_scale_put(out, data, size);
}

void fast_scale_put_digest(struct fast_out *out, const struct fast_digest *digest)
{
    fast_scale_put(out, digest, sizeof(*digest));
}

void fast_scale_clear(struct fast_out *out)
{
    free(out->data);
    *out = (struct fast_out){.size = 0};
}

/* ---- arrays ---------------------------------------------------------------------------------- */

void *fast_scale_grow(void *array, size_t count, size_t *capacity, size_t entry)
{
    if (count < *capacity) {
        return array;
    }
    size_t more = *capacity == 0 ? FIRST_CAPACITY : 2 * *capacity;
    void *grown = realloc(array, more * entry);
    if (grown != NULL) {
        *capacity = more;
    }
    return grown;
}
