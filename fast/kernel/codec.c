/* The codec level (assay.h): decoding, admission and hashes of given values. */
#include "kernel.h"

#include <stdlib.h>

/* ---- decoding -------------------------------------------------------------------------------- */

/* Decodes a value as the whole input; when it does, and `out` is not NULL, encodes it there. */
typedef int codec_fn(struct fast_reader *reader, struct fast_out *out);

static int code_image(struct fast_reader *reader, struct fast_out *out)
{
    struct fast_view view;
    fast_image_decode(reader, &view);
    int error = fast_scale_read_whole(reader);
    if (error == 0 && out != NULL) {
        fast_image_encode(out, &view);
    }
    fast_image_clear(&view);
    return error;
}

static int code_state(struct fast_reader *reader, struct fast_out *out)
{
    struct fast_state state = {.file = NULL};
    fast_state_decode(reader, out == NULL ? NULL : &state);
    int error = fast_scale_read_whole(reader);
    if (error == 0 && out != NULL) {
        fast_state_encode(out, &state);
    }
    fast_state_clear(&state);
    return error;
}

static int code_cap(struct fast_reader *reader, struct fast_out *out)
{
    struct fast_cap cap;
    fast_cap_decode(reader, &cap);
    int error = fast_scale_read_whole(reader);
    if (error == 0 && out != NULL) {
        fast_cap_encode(out, &cap);
    }
    fast_cap_release(&cap);
    return error;
}

static int code_cnode(struct fast_reader *reader, struct fast_out *out)
{
    struct fast_cap cap;
    fast_cap_decode_cnode(reader, &cap);
    int error = fast_scale_read_whole(reader);
    if (error == 0 && out != NULL) {
        fast_cap_encode_cnode(out, &cap);
    }
    fast_cap_release(&cap);
    return error;
}

static int code_world(struct fast_reader *reader, struct fast_out *out)
{
    struct fast_world world;
    fast_exchange_decode(reader, &world);
    int error = fast_scale_read_whole(reader);
    if (error == 0 && out != NULL) {
        fast_exchange_encode(out, &world);
    }
    fast_exchange_clear(&world);
    return error;
}

/* A decoded value encodes to as many bytes as it came from (image/decode/whole). */
static int give_again(const struct fast_out *out, size_t size, uint8_t *again, size_t *again_size)
{
    if (out->failed || out->size > size) {
        return ASSAY_ERROR_MEMORY;
    }
    if (out->size != 0) {
        memcpy(again, out->data, out->size);
    }
    if (again_size != NULL) {
        *again_size = out->size;
    }
    return 0;
}

static int decode(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    static codec_fn *const codec[] = {
        [ASSAY_TYPE_IMAGE] = code_image, [ASSAY_TYPE_STATE] = code_state, [ASSAY_TYPE_CAP] = code_cap,
        [ASSAY_TYPE_CNODE] = code_cnode, [ASSAY_TYPE_WORLD] = code_world,
    };
    if (type >= sizeof(codec) / sizeof(codec[0])) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct fast_reader reader = fast_scale_reader(bytes, size);
    struct fast_out out = {.size = 0};
    int error = codec[type](&reader, again == NULL ? NULL : &out);
    if (error == 0 && again != NULL) {
        error = give_again(&out, size, again, again_size);
    } else if (error > 0 && offset != NULL) {
        *offset = reader.error_offset;
    }
    fast_scale_clear(&out);
    return error;
}

/* ---- admission ------------------------------------------------------------------------------- */

static int admit(const uint8_t *image, size_t size, size_t *offset)
{
    struct fast_reader reader = fast_scale_reader(image, size);
    struct fast_view view;
    struct fast_program program;
    fast_image_decode(&reader, &view);
    int error = fast_scale_read_whole(&reader);
    if (error == 0) {
        error = fast_admit_image(&view, &program);
        if (error == 0) {
            fast_blob_clear(&program);
        }
    }
    if (error > 0 && offset != NULL) {
        *offset = reader.error_offset;
    }
    fast_image_clear(&view);
    return error;
}

/* ---- hashes ---------------------------------------------------------------------------------- */

static int hash_bmt(const uint8_t *value, size_t size, struct fast_digest *digest)
{
    if (size % FAST_DIGEST_SIZE != 0) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct fast_digest *leaf = malloc(size + 1);
    if (leaf == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (size != 0) {
        memcpy(leaf, value, size);
    }
    fast_hash_bmt(leaf, size / FAST_DIGEST_SIZE, digest);
    free(leaf);
    return 0;
}

static int hash_cap(const uint8_t *value, size_t size, struct fast_digest *digest)
{
    struct fast_reader reader = fast_scale_reader(value, size);
    struct fast_cap cap;
    fast_cap_decode(&reader, &cap);
    int error = fast_scale_read_whole(&reader);
    if (error == 0) {
        fast_hash_cap(&cap, digest);
    }
    fast_cap_release(&cap);
    return error;
}

static int hash_cnode(const uint8_t *value, size_t size, struct fast_digest *digest)
{
    struct fast_reader reader = fast_scale_reader(value, size);
    struct fast_cap cap;
    fast_cap_decode_cnode(&reader, &cap);
    int error = fast_scale_read_whole(&reader);
    if (error == 0) {
        fast_hash_cnode(cap.size_log, cap.cnode, digest);
    }
    fast_cap_release(&cap);
    return error;
}

/* Image and State encode to the bytes they came from, so those are hashed (image/decode/whole). */
static int hash_checked(codec_fn *codec, const uint8_t *value, size_t size, struct fast_digest *digest)
{
    struct fast_reader reader = fast_scale_reader(value, size);
    int error = codec(&reader, NULL);
    if (error == 0) {
        fast_hash_bytes(value, size, digest);
    }
    return error;
}

static int hash_value(uint32_t hash, const uint8_t *value, size_t size, struct fast_digest *digest)
{
    switch (hash) {
    case ASSAY_HASH_BYTES:
        fast_hash_bytes(value, size, digest);
        return 0;
    case ASSAY_HASH_BMT:
        return hash_bmt(value, size, digest);
    case ASSAY_HASH_CAP:
        return hash_cap(value, size, digest);
    case ASSAY_HASH_CNODE:
        return hash_cnode(value, size, digest);
    case ASSAY_HASH_IMAGE:
        return hash_checked(code_image, value, size, digest);
    case ASSAY_HASH_CHAIN:
        fast_hash_bytes(value, size, digest);
        return size == 2 * sizeof(struct fast_digest) ? 0 : ASSAY_ERROR_ARGUMENT;
    case ASSAY_HASH_STATE:
        return hash_checked(code_state, value, size, digest);
    default:
        return ASSAY_ERROR_ARGUMENT;
    }
}

static int hash(uint32_t revision, uint32_t kind, const uint8_t *value, size_t size, uint8_t digest[32])
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct fast_digest result;
    int error = hash_value(kind, value, size, &result);
    if (error == 0) {
        memcpy(digest, &result, sizeof(result));
    }
    return error;
}

const struct assay_codec_level fast_codec_level = {
    .size = sizeof(struct assay_codec_level),
    .decode = decode,
    .admit = admit,
    .hash = hash,
};
