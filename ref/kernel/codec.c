/* The codec level: decoding, admission and hashes of single values (image.md, exchange.md). */
#include "kernel.h"

#include <assert.h>
#include <string.h>

/* Decodes the whole input and encodes what it found. */
static int decode_whole(struct ref_reader *reader, uint32_t type, struct ref_writer *again)
{
    switch (type) {
    case ASSAY_TYPE_IMAGE: {
        struct ref_image image = ref_image_read(reader);
        if (ref_scale_read_end(reader) == 0) {
            ref_image_write(again, &image);
        }
        break;
    }
    case ASSAY_TYPE_STATE: {
        struct ref_state state = ref_state_read(reader);
        if (ref_scale_read_end(reader) == 0) {
            ref_state_write(again, &state);
        }
        break;
    }
    case ASSAY_TYPE_CAP: {
        struct ref_cap cap = ref_cap_read(reader);
        if (ref_scale_read_end(reader) == 0) {
            ref_cap_write(again, &cap);
        }
        break;
    }
    case ASSAY_TYPE_CNODE: {
        struct ref_cnode cnode = ref_cap_read_cnode(reader);
        if (ref_scale_read_end(reader) == 0) {
            ref_cap_write_cnode(again, &cnode);
        }
        break;
    }
    case ASSAY_TYPE_WORLD:
        ref_exchange_read_world(reader);
        if (ref_scale_read_end(reader) == 0) {
            ref_scale_write(again, reader->data, reader->size); /* what it holds is encoded by its parts */
        }
        break;
    default:
        return ASSAY_ERROR_ARGUMENT;
    }
    return reader->error;
}

static int decode(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct ref_region *region = ref_region_new();
    struct ref_reader reader = {.region = region, .data = bytes, .size = size};
    struct ref_writer writer = {.region = region};
    int result;
    REF_REGION_TRY(result, region, decode_whole(&reader, type, &writer));
    if (offset != NULL) {
        *offset = result > 0 ? reader.offset : 0;
    }
    if (result == 0 && again != NULL) {
        assert(writer.data != NULL && writer.size == size); /* image/decode/whole */
        memcpy(again, writer.data, writer.size);
        *again_size = writer.size;
    }
    ref_region_free(region);
    return result;
}

static int admit(const uint8_t *bytes, size_t size, size_t *offset)
{
    struct ref_region *region = ref_region_new();
    struct ref_image image;
    size_t at = 0;
    int result;
    REF_REGION_TRY(result, region, ref_admit_image(region, (struct assay_bytes){bytes, size}, &image, &at));
    if (offset != NULL) {
        *offset = result > 0 ? at : 0;
    }
    ref_region_free(region);
    return result;
}

static int hash_whole(struct ref_region *region, uint32_t kind, struct assay_bytes value, struct ref_hash *hash)
{
    struct ref_reader reader = {.region = region, .data = value.data, .size = value.size};
    switch (kind) {
    case ASSAY_HASH_BYTES:
        *hash = ref_hash_bytes(value);
        return 0;
    case ASSAY_HASH_BMT:
        if (value.size % REF_HASH_SIZE != 0) {
            return ASSAY_ERROR_ARGUMENT;
        }
        *hash = ref_hash_bmt(region, value);
        return 0;
    case ASSAY_HASH_CHAIN:
        if (value.size != 2 * sizeof(*hash)) {
            return ASSAY_ERROR_ARGUMENT;
        }
        *hash = ref_hash_bytes(value);
        return 0;
    case ASSAY_HASH_CAP: {
        struct ref_cap cap = ref_cap_read(&reader);
        if (ref_scale_read_end(&reader) == 0) {
            *hash = ref_cap_hash(&cap);
        }
        return reader.error;
    }
    case ASSAY_HASH_CNODE: {
        struct ref_cnode cnode = ref_cap_read_cnode(&reader);
        if (ref_scale_read_end(&reader) == 0) {
            *hash = ref_cap_hash_cnode(&cnode);
        }
        return reader.error;
    }
    case ASSAY_HASH_IMAGE:
        ref_image_read(&reader);
        *hash = ref_hash_bytes(value); /* image/decode/whole: its encoding is these bytes */
        return ref_scale_read_end(&reader);
    case ASSAY_HASH_STATE:
        ref_state_read(&reader);
        *hash = ref_hash_bytes(value);
        return ref_scale_read_end(&reader);
    default:
        return ASSAY_ERROR_ARGUMENT;
    }
}

static int hash(uint32_t revision, uint32_t kind, const uint8_t *value, size_t size, uint8_t digest[32])
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct ref_region *region = ref_region_new();
    struct ref_hash hash;
    int result;
    REF_REGION_TRY(result, region, hash_whole(region, kind, (struct assay_bytes){value, size}, &hash));
    if (result == 0) {
        memcpy(digest, hash.byte, REF_HASH_SIZE);
    }
    ref_region_free(region);
    return result;
}

const struct assay_codec_level ref_codec_level = {
    .size = sizeof(struct assay_codec_level),
    .decode = decode,
    .admit = admit,
    .hash = hash,
};
