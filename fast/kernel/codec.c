/* The codec level (assay.h): decoding, admission and hashes of given values. */
#include "kernel.h"

#include <stdlib.h>

/* ---- decoding ------------------------------------------------------------------------------- */

/* Decodes a value as the whole input; when it does, and `out` is not NULL, encodes it there. */
typedef int codec_fn(struct kernel_reader *reader, struct kernel_out *out);

static int code_image(struct kernel_reader *reader, struct kernel_out *out)
{
    struct kernel_view view;
    kernel_view_decode(reader, &view);
    int error = kernel_read_whole(reader);
    if (error == 0 && out != NULL) {
        kernel_view_encode(out, &view);
    }
    kernel_view_clear(&view);
    return error;
}

static int code_state(struct kernel_reader *reader, struct kernel_out *out)
{
    struct kernel_state state = {.file = NULL};
    kernel_state_decode(reader, out == NULL ? NULL : &state);
    int error = kernel_read_whole(reader);
    if (error == 0 && out != NULL) {
        kernel_state_encode(out, &state);
    }
    kernel_state_clear(&state);
    return error;
}

static int code_cap(struct kernel_reader *reader, struct kernel_out *out)
{
    struct kernel_cap cap;
    kernel_cap_decode(reader, &cap);
    int error = kernel_read_whole(reader);
    if (error == 0 && out != NULL) {
        kernel_cap_encode(out, &cap);
    }
    kernel_cap_release(&cap);
    return error;
}

static int code_cnode(struct kernel_reader *reader, struct kernel_out *out)
{
    struct kernel_cap cap;
    kernel_cnode_decode(reader, &cap);
    int error = kernel_read_whole(reader);
    if (error == 0 && out != NULL) {
        kernel_cnode_encode(out, &cap);
    }
    kernel_cap_release(&cap);
    return error;
}

static int code_world(struct kernel_reader *reader, struct kernel_out *out)
{
    struct kernel_world_value world;
    kernel_world_decode(reader, &world);
    int error = kernel_read_whole(reader);
    if (error == 0 && out != NULL) {
        kernel_world_encode(out, &world);
    }
    kernel_world_clear(&world);
    return error;
}

/* A decoded value encodes to as many bytes as it came from (image/decode/whole). */
static int give_again(const struct kernel_out *out, size_t size, uint8_t *again, size_t *again_size)
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
    struct kernel_reader reader = kernel_reader(bytes, size);
    struct kernel_out out = {.size = 0};
    int error = codec[type](&reader, again == NULL ? NULL : &out);
    if (error == 0 && again != NULL) {
        error = give_again(&out, size, again, again_size);
    } else if (error > 0 && offset != NULL) {
        *offset = reader.error_offset;
    }
    kernel_out_clear(&out);
    return error;
}

/* ---- admission ------------------------------------------------------------------------------ */

static int admit(const uint8_t *image, size_t size, size_t *offset)
{
    struct kernel_reader reader = kernel_reader(image, size);
    struct kernel_view view;
    struct fast_program program;
    kernel_view_decode(&reader, &view);
    int error = kernel_read_whole(&reader);
    if (error == 0) {
        error = kernel_admit(&view, &program);
        if (error == 0) {
            fast_program_clear(&program);
        }
    }
    if (error > 0 && offset != NULL) {
        *offset = reader.error_offset;
    }
    kernel_view_clear(&view);
    return error;
}

/* ---- hashes --------------------------------------------------------------------------------- */

static int hash_bmt(const uint8_t *value, size_t size, struct kernel_digest *digest)
{
    if (size % KERNEL_DIGEST_SIZE != 0) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct kernel_digest *leaf = malloc(size + 1);
    if (leaf == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (size != 0) {
        memcpy(leaf, value, size);
    }
    kernel_hash_bmt(leaf, size / KERNEL_DIGEST_SIZE, digest);
    free(leaf);
    return 0;
}

static int hash_cap(const uint8_t *value, size_t size, struct kernel_digest *digest)
{
    struct kernel_reader reader = kernel_reader(value, size);
    struct kernel_cap cap;
    kernel_cap_decode(&reader, &cap);
    int error = kernel_read_whole(&reader);
    if (error == 0) {
        kernel_hash_cap(&cap, digest);
    }
    kernel_cap_release(&cap);
    return error;
}

static int hash_cnode(const uint8_t *value, size_t size, struct kernel_digest *digest)
{
    struct kernel_reader reader = kernel_reader(value, size);
    struct kernel_cap cap;
    kernel_cnode_decode(&reader, &cap);
    int error = kernel_read_whole(&reader);
    if (error == 0) {
        kernel_hash_cnode(cap.size_log, cap.cnode, digest);
    }
    kernel_cap_release(&cap);
    return error;
}

/* Image and State encode to the bytes they came from, so those are hashed (image/decode/whole). */
static int hash_checked(codec_fn *codec, const uint8_t *value, size_t size, struct kernel_digest *digest)
{
    struct kernel_reader reader = kernel_reader(value, size);
    int error = codec(&reader, NULL);
    if (error == 0) {
        kernel_hash(value, size, digest);
    }
    return error;
}

static int hash_value(uint32_t hash, const uint8_t *value, size_t size, struct kernel_digest *digest)
{
    switch (hash) {
    case ASSAY_HASH_BYTES:
        kernel_hash(value, size, digest);
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
        kernel_hash(value, size, digest);
        return size == 2 * KERNEL_DIGEST_SIZE ? 0 : ASSAY_ERROR_ARGUMENT;
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
    struct kernel_digest result;
    int error = hash_value(kind, value, size, &result);
    if (error == 0) {
        memcpy(digest, &result, sizeof(result));
    }
    return error;
}

const struct assay_codec_level kernel_codec_level = {
    .size = sizeof(struct assay_codec_level),
    .decode = decode,
    .admit = admit,
    .hash = hash,
};
