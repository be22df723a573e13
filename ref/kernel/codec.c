/* The codec level: decoding, admission and hashes of single values (image.md, exchange.md). */
#include "kernel.h"

#include <string.h>

struct task {
    uint32_t type;
    struct ref_bytes value;
    size_t offset;
    uint8_t *again;
    size_t *again_size;
    uint8_t *digest;
};

/* Worlds are compared as bytes only: what they hold is encoded by the parts. */
static void write_world(struct ref_writer *writer, struct ref_reader *reader)
{
    ref_write(writer, reader->data, reader->size);
}

static int skip_world(struct ref_reader *reader)
{
    ref_read_state(reader);
    ref_read_tables(reader);
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        if (ref_read_choice(reader, 2) == 1) {
            ref_read_u32(reader);
        } else {
            ref_read_hash(reader);
            ref_read_hash(reader);
            ref_read_bytes(reader);
            ref_read_cnode(reader);
        }
    }
    return ref_read_end(reader);
}

static int decode_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_reader reader = {.room = room, .data = task->value.data, .size = task->value.size};
    struct ref_writer writer = {.room = room};
    if (task->type == ASSAY_TYPE_IMAGE) {
        struct ref_image image = ref_read_image(&reader);
        if (ref_read_end(&reader) == 0) {
            ref_write_image(&writer, &image);
        }
    } else if (task->type == ASSAY_TYPE_STATE) {
        struct ref_state state = ref_read_state(&reader);
        if (ref_read_end(&reader) == 0) {
            ref_write_state(&writer, &state);
        }
    } else if (task->type == ASSAY_TYPE_CAP) {
        struct ref_cap cap = ref_read_cap(&reader);
        if (ref_read_end(&reader) == 0) {
            ref_write_cap(&writer, &cap);
        }
    } else if (task->type == ASSAY_TYPE_CNODE) {
        struct ref_cnode cnode = ref_read_cnode(&reader);
        if (ref_read_end(&reader) == 0) {
            ref_write_cnode(&writer, &cnode);
        }
    } else if (task->type == ASSAY_TYPE_WORLD) {
        if (skip_world(&reader) == 0) {
            write_world(&writer, &reader);
        }
    } else {
        return ASSAY_ERROR_ARGUMENT;
    }
    task->offset = reader.offset;
    if (reader.error == 0 && task->again != NULL) {
        memcpy(task->again, writer.data, writer.size); /* image/decode/whole: as long as what was read */
        *task->again_size = writer.size;
    }
    return reader.error;
}

static int admit_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_image image;
    return ref_admit(room, task->value, &image, &task->offset);
}

static int hash_decoded(struct ref_room *room, const struct task *task, struct ref_hash *hash)
{
    struct ref_reader reader = {.room = room, .data = task->value.data, .size = task->value.size};
    if (task->type == ASSAY_HASH_CAP) {
        struct ref_cap cap = ref_read_cap(&reader);
        if (ref_read_end(&reader) == 0) {
            *hash = ref_hash_cap(&cap);
        }
    } else if (task->type == ASSAY_HASH_CNODE) {
        struct ref_cnode cnode = ref_read_cnode(&reader);
        if (ref_read_end(&reader) == 0) {
            *hash = ref_hash_cnode(&cnode);
        }
    } else {
        if (task->type == ASSAY_HASH_IMAGE) {
            ref_read_image(&reader);
        } else {
            ref_read_state(&reader);
        }
        if (ref_read_end(&reader) == 0) {
            *hash = ref_hash(task->value); /* image/decode/whole: its encoding is these bytes */
        }
    }
    return reader.error;
}

static int hash_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_bytes value = task->value;
    struct ref_hash hash;
    int error = 0;
    if (task->type == ASSAY_HASH_BYTES) {
        hash = ref_hash(value);
    } else if (task->type == ASSAY_HASH_BMT && value.size % REF_HASH_SIZE == 0) {
        struct ref_hash *leaf = ref_take(room, value.size / REF_HASH_SIZE, sizeof(*leaf));
        if (value.size != 0) {
            memcpy(leaf, value.data, value.size);
        }
        hash = ref_hash_bmt(room, leaf, value.size / REF_HASH_SIZE);
    } else if (task->type == ASSAY_HASH_CHAIN && value.size == 2 * REF_HASH_SIZE) {
        hash = ref_hash(value);
    } else if (task->type == ASSAY_HASH_CAP || task->type == ASSAY_HASH_CNODE || task->type == ASSAY_HASH_IMAGE ||
               task->type == ASSAY_HASH_STATE) {
        error = hash_decoded(room, task, &hash);
    } else {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (error == 0) {
        memcpy(task->digest, hash.byte, REF_HASH_SIZE);
    }
    return error;
}

static int in_a_room(ref_body_fn *body, struct task *task)
{
    struct ref_room *room = ref_room_new();
    int result = room == NULL ? ASSAY_ERROR_MEMORY : ref_room_enter(room, body, task);
    ref_room_free(room);
    return result;
}

static int decode(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct task task = {.type = type, .value = {bytes, size}, .again = again, .again_size = again_size};
    int result = in_a_room(decode_body, &task);
    if (offset != NULL) {
        *offset = task.offset;
    }
    return result;
}

static int admit(const uint8_t *image, size_t size, size_t *offset)
{
    struct task task = {.value = {image, size}};
    int result = in_a_room(admit_body, &task);
    if (offset != NULL) {
        *offset = task.offset;
    }
    return result;
}

static int hash(uint32_t revision, uint32_t hash, const uint8_t *value, size_t size, uint8_t digest[32])
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct task task = {.type = hash, .value = {value, size}, .digest = digest};
    return in_a_room(hash_body, &task);
}

const struct assay_codec_level ref_codec_level = {
    .size = sizeof(struct assay_codec_level),
    .decode = decode,
    .admit = admit,
    .hash = hash,
};
