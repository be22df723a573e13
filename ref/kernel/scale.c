/* The encoding: fixed-width little-endian integers, counts, options and sorted maps (image.md). */
#include "kernel.h"

#include <string.h>

void ref_scale_fail(struct ref_reader *reader, int error, size_t offset)
{
    if (reader->error == 0) {
        reader->error = error;
        reader->offset = offset;
    }
}

/* The next `size` bytes, or NULL after an error. */
static const uint8_t *read_raw(struct ref_reader *reader, size_t size)
{
    if (reader->error != 0) {
        return NULL;
    }
    if (reader->size - reader->at < size) {
        ref_scale_fail(reader, ASSAY_DECODE_UNEXPECTED_EOF, reader->size);
        return NULL;
    }
    const uint8_t *place = reader->data + reader->at;
    reader->at += size;
    return place;
}

static uint64_t read_number(struct ref_reader *reader, unsigned width)
{
    const uint8_t *byte = read_raw(reader, width);
    uint64_t value = 0;
    for (unsigned i = width; byte != NULL && i > 0; i--) {
        value = value << 8 | byte[i - 1];
    }
    return value;
}

uint8_t ref_scale_read_u8(struct ref_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint32_t ref_scale_read_u32(struct ref_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t ref_scale_read_u64(struct ref_reader *reader)
{
    return read_number(reader, 8);
}

struct ref_hash ref_scale_read_hash(struct ref_reader *reader)
{
    struct ref_hash hash = {{0}};
    const uint8_t *byte = read_raw(reader, REF_HASH_SIZE);
    if (byte != NULL) {
        memcpy(hash.byte, byte, REF_HASH_SIZE);
    }
    return hash;
}

/* A count of elements; 0 after an error (image/decode/sequence_too_long). */
static uint32_t read_count(struct ref_reader *reader)
{
    size_t start = reader->at;
    uint32_t count = ref_scale_read_u32(reader);
    if (reader->error == 0 && count > reader->size - start) {
        ref_scale_fail(reader, ASSAY_DECODE_SEQUENCE_TOO_LONG, start);
    }
    return reader->error == 0 ? count : 0;
}

struct assay_bytes ref_scale_read_bytes(struct ref_reader *reader)
{
    uint32_t count = read_count(reader);
    const uint8_t *data = read_raw(reader, count);
    return data == NULL ? (struct assay_bytes){NULL, 0} : (struct assay_bytes){data, count};
}

struct ref_sequence ref_scale_read_sequence(struct ref_reader *reader)
{
    return (struct ref_sequence){.reader = reader, .left = read_count(reader)};
}

bool ref_scale_read_next(struct ref_sequence *sequence)
{
    if (sequence->left == 0 || sequence->reader->error != 0) {
        return false;
    }
    sequence->left--;
    return true;
}

uint64_t ref_scale_read_key(struct ref_sequence *map, unsigned width)
{
    size_t start = map->reader->at;
    uint64_t key = read_number(map->reader, width);
    if (map->has_key && key <= map->key) {
        ref_scale_fail(map->reader, ASSAY_DECODE_NOT_SORTED, start);
    }
    map->has_key = true;
    map->key = key;
    return key;
}

struct ref_hash ref_scale_read_hash_key(struct ref_sequence *map)
{
    size_t start = map->reader->at;
    struct ref_hash key = ref_scale_read_hash(map->reader);
    if (map->has_key && !ref_hash_is_below(&map->hash_key, &key)) {
        ref_scale_fail(map->reader, ASSAY_DECODE_NOT_SORTED, start);
    }
    map->has_key = true;
    map->hash_key = key;
    return key;
}

uint8_t ref_scale_read_choice(struct ref_reader *reader, uint8_t count)
{
    size_t start = reader->at;
    uint8_t choice = ref_scale_read_u8(reader);
    if (choice >= count) {
        ref_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR, start);
    }
    return reader->error == 0 ? choice : 0;
}

int ref_scale_read_end(struct ref_reader *reader)
{
    if (reader->error == 0 && reader->at != reader->size) {
        ref_scale_fail(reader, ASSAY_DECODE_TRAILING_BYTES, reader->at);
    }
    return reader->error;
}

void ref_scale_write(struct ref_writer *writer, const void *data, size_t size)
{
    if (writer->digest != NULL) {
        ref_hash_add(writer->digest, data, size);
        return;
    }
    if (writer->space - writer->size < size) {
        size_t space = 2 * (writer->size + size) + 64;
        uint8_t *larger = ref_region_take(writer->region, space, 1);
        if (writer->size != 0) {
            memcpy(larger, writer->data, writer->size);
        }
        writer->data = larger;
        writer->space = space;
    }
    if (size != 0) {
        memcpy(writer->data + writer->size, data, size);
    }
    writer->size += size;
}

static void write_number(struct ref_writer *writer, uint64_t value, unsigned width)
{
    uint8_t byte[8];
    for (unsigned i = 0; i < width; i++) {
        byte[i] = (uint8_t)(value >> 8 * i);
    }
    ref_scale_write(writer, byte, width);
}

void ref_scale_write_u8(struct ref_writer *writer, uint8_t value)
{
    write_number(writer, value, 1);
}

void ref_scale_write_u32(struct ref_writer *writer, uint32_t value)
{
    write_number(writer, value, 4);
}

void ref_scale_write_u64(struct ref_writer *writer, uint64_t value)
{
    write_number(writer, value, 8);
}

void ref_scale_write_hash(struct ref_writer *writer, const struct ref_hash *hash)
{
    ref_scale_write(writer, hash->byte, REF_HASH_SIZE);
}

void ref_scale_write_bytes(struct ref_writer *writer, struct assay_bytes bytes)
{
    ref_scale_write_u32(writer, (uint32_t)bytes.size);
    ref_scale_write(writer, bytes.data, bytes.size);
}

struct assay_bytes ref_scale_written(const struct ref_writer *writer)
{
    return (struct assay_bytes){writer->data, writer->size};
}
