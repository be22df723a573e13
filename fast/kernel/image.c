/*
 * Images: their encoding (image.md), decoded into a view whose pointers lead into the bytes.
 *
 * In: a reader. Out: a view, or the reader's error and a view that only has to be cleared.
 */
#include "kernel.h"

#include <stdlib.h>

enum { REG_SIZE = 9 }; /* u8 and u64 */

/* ---- decoding -------------------------------------------------------------------------------- */

static const uint8_t *decode_words(struct fast_reader *reader, uint32_t *count)
{
    *count = fast_scale_read_count(reader);
    const uint8_t *at = reader->at;
    for (uint32_t i = 0; i < *count && reader->error == 0; i++) {
        fast_scale_read_u32(reader);
    }
    return at;
}

static void decode_endpoint(struct fast_reader *reader, struct fast_endpoint *endpoint)
{
    endpoint->entry_pc = fast_scale_read_u64(reader);
    endpoint->arg_registers = fast_scale_read_u8(reader);
    endpoint->arg_cnode_size = fast_scale_read_u8(reader);
    endpoint->reg_count = fast_scale_read_count(reader);
    endpoint->reg = reader->at;
    uint64_t key = 0;
    for (uint32_t i = 0; i < endpoint->reg_count && reader->error == 0; i++) {
        key = fast_scale_read_key(reader, 1, i == 0, key);
        fast_scale_read_u64(reader);
    }
}

static void decode_endpoints(struct fast_reader *reader, struct fast_view *view)
{
    uint32_t count = fast_scale_read_count(reader);
    size_t capacity = 0;
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = fast_scale_read_key(reader, 1, i == 0, key);
        void *grown = fast_scale_grow(view->endpoint, i, &capacity, sizeof(*view->endpoint));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        view->endpoint = grown;
        view->endpoint[i].index = (uint8_t)key;
        decode_endpoint(reader, &view->endpoint[i]);
        view->endpoint_count = i + 1;
    }
}

static void decode_mappings(struct fast_reader *reader, struct fast_view *view)
{
    uint32_t count = fast_scale_read_count(reader);
    size_t capacity = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct fast_mapping mapping;
        mapping.start = fast_scale_read_u64(reader);
        mapping.size = fast_scale_read_u64(reader);
        mapping.step = decode_words(reader, &mapping.step_count);
        void *grown = fast_scale_grow(view->mapping, i, &capacity, sizeof(*view->mapping));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        view->mapping = grown;
        view->mapping[i] = mapping;
        view->mapping_count = i + 1;
    }
}

static void decode_content(struct fast_reader *reader, bool is_pinned, struct fast_content *content)
{
    uint8_t kind = is_pinned ? fast_scale_read_u8(reader) : 0;
    content->is_image = kind == 1;
    content->size = 0;
    if (kind > 1) {
        fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    } else if (kind == 1) {
        content->content = fast_scale_read(reader, FAST_DIGEST_SIZE);
        content->length = FAST_DIGEST_SIZE;
    } else {
        content->content = fast_scale_read_bytes(reader, &content->length);
        content->size = fast_scale_read_u64(reader);
    }
}

static struct fast_content *decode_contents(struct fast_reader *reader, bool is_pinned, size_t *entry_count)
{
    struct fast_content *list = NULL;
    uint32_t count = fast_scale_read_count(reader);
    size_t capacity = 0;
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = fast_scale_read_key(reader, 4, i == 0, key);
        void *grown = fast_scale_grow(list, i, &capacity, sizeof(*list));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return list;
        }
        list = grown;
        list[i].slot = (uint32_t)key;
        decode_content(reader, is_pinned, &list[i]);
        *entry_count = i + 1;
    }
    return list;
}

void fast_image_decode(struct fast_reader *reader, struct fast_view *view)
{
    *view = (struct fast_view){.code = NULL};
    view->code = fast_scale_read_bytes(reader, &view->code_size);
    decode_endpoints(reader, view);
    decode_mappings(reader, view);
    view->gas = decode_words(reader, &view->gas_count);
    view->quota = decode_words(reader, &view->quota_count);
    view->pinned = decode_contents(reader, true, &view->pinned_count);
    view->initial = decode_contents(reader, false, &view->initial_count);
    uint8_t option = fast_scale_read_u8(reader);
    if (option > 1) {
        reader->at -= 1;
        fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    }
    view->has_yield_slot = option == 1;
    view->yield_slot = option == 1 ? fast_scale_read_u32(reader) : 0;
}

void fast_image_clear(struct fast_view *view)
{
    free(view->endpoint);
    free(view->mapping);
    free(view->pinned);
    free(view->initial);
    *view = (struct fast_view){.code = NULL};
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void encode_words(struct fast_out *out, const uint8_t *words, uint32_t count)
{
    fast_scale_put_u32(out, count);
    fast_scale_put(out, words, 4 * (size_t)count);
}

static void encode_endpoints(struct fast_out *out, const struct fast_view *view)
{
    fast_scale_put_u32(out, (uint32_t)view->endpoint_count);
    for (size_t i = 0; i < view->endpoint_count; i++) {
        const struct fast_endpoint *endpoint = &view->endpoint[i];
        fast_scale_put_u8(out, endpoint->index);
        fast_scale_put_u64(out, endpoint->entry_pc);
        fast_scale_put_u8(out, endpoint->arg_registers);
        fast_scale_put_u8(out, endpoint->arg_cnode_size);
        fast_scale_put_u32(out, endpoint->reg_count);
        fast_scale_put(out, endpoint->reg, REG_SIZE * (size_t)endpoint->reg_count);
    }
}

static void encode_mappings(struct fast_out *out, const struct fast_view *view)
{
    fast_scale_put_u32(out, (uint32_t)view->mapping_count);
    for (size_t i = 0; i < view->mapping_count; i++) {
        fast_scale_put_u64(out, view->mapping[i].start);
        fast_scale_put_u64(out, view->mapping[i].size);
        encode_words(out, view->mapping[i].step, view->mapping[i].step_count);
    }
}

static void encode_contents(struct fast_out *out, const struct fast_content *list, size_t count, bool is_pinned)
{
    fast_scale_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        fast_scale_put_u32(out, list[i].slot);
        if (is_pinned) {
            fast_scale_put_u8(out, list[i].is_image);
        }
        if (list[i].is_image) {
            fast_scale_put(out, list[i].content, FAST_DIGEST_SIZE);
        } else {
            fast_scale_put_bytes(out, list[i].content, list[i].length);
            fast_scale_put_u64(out, list[i].size);
        }
    }
}

void fast_image_encode(struct fast_out *out, const struct fast_view *view)
{
    fast_scale_put_bytes(out, view->code, view->code_size);
    encode_endpoints(out, view);
    encode_mappings(out, view);
    encode_words(out, view->gas, view->gas_count);
    encode_words(out, view->quota, view->quota_count);
    encode_contents(out, view->pinned, view->pinned_count, true);
    encode_contents(out, view->initial, view->initial_count, false);
    fast_scale_put_u8(out, view->has_yield_slot);
    if (view->has_yield_slot) {
        fast_scale_put_u32(out, view->yield_slot);
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct fast_endpoint *fast_image_endpoint(const struct fast_view *view, uint8_t index)
{
    for (size_t i = 0; i < view->endpoint_count; i++) {
        if (view->endpoint[i].index == index) {
            return &view->endpoint[i];
        }
    }
    return NULL;
}

/* By whole pages first: comparing is what the C library does fastest. */
size_t fast_image_stripped(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[ASSAY_PAGE_SIZE];
    while (size >= sizeof(zeros) && memcmp(data + size - sizeof(zeros), zeros, sizeof(zeros)) == 0) {
        size -= sizeof(zeros);
    }
    uint64_t word[8];
    while (size >= sizeof(word)) {
        uint64_t any = 0;
        memcpy(word, data + size - sizeof(word), sizeof(word));
        for (int i = 0; i < 8; i++) {
            any |= word[i];
        }
        if (any != 0) {
            break;
        }
        size -= sizeof(word);
    }
    while (size > 0 && data[size - 1] == 0) {
        size--;
    }
    return size;
}
