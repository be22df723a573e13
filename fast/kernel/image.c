/*
 * Images: their encoding (image.md), decoded into a view whose pointers lead into the bytes.
 *
 * In: a reader. Out: a view, or the reader's error and a view that only has to be cleared.
 */
#include "kernel.h"

#include <stdlib.h>

enum { REG_SIZE = 9 }; /* u8 and u64 */

/* ---- decoding ------------------------------------------------------------------------------- */

static const uint8_t *decode_words(struct kernel_reader *reader, uint32_t *count)
{
    *count = kernel_read_count(reader);
    const uint8_t *at = reader->at;
    for (uint32_t i = 0; i < *count && reader->error == 0; i++) {
        kernel_read_u32(reader);
    }
    return at;
}

static void decode_endpoint(struct kernel_reader *reader, struct kernel_endpoint *endpoint)
{
    endpoint->entry_pc = kernel_read_u64(reader);
    endpoint->arg_registers = kernel_read_u8(reader);
    endpoint->arg_cnode_size = kernel_read_u8(reader);
    endpoint->reg_count = kernel_read_count(reader);
    endpoint->reg = reader->at;
    uint64_t key = 0;
    for (uint32_t i = 0; i < endpoint->reg_count && reader->error == 0; i++) {
        key = kernel_read_key(reader, 1, i == 0, key);
        kernel_read_u64(reader);
    }
}

static void decode_endpoints(struct kernel_reader *reader, struct kernel_view *view)
{
    uint32_t count = kernel_read_count(reader);
    size_t capacity = 0;
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = kernel_read_key(reader, 1, i == 0, key);
        void *grown = kernel_grow(view->endpoint, i, &capacity, sizeof(*view->endpoint));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        view->endpoint = grown;
        view->endpoint[i].index = (uint8_t)key;
        decode_endpoint(reader, &view->endpoint[i]);
        view->endpoint_count = i + 1;
    }
}

static void decode_mappings(struct kernel_reader *reader, struct kernel_view *view)
{
    uint32_t count = kernel_read_count(reader);
    size_t capacity = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct kernel_mapping mapping;
        mapping.start = kernel_read_u64(reader);
        mapping.size = kernel_read_u64(reader);
        mapping.step = decode_words(reader, &mapping.step_count);
        void *grown = kernel_grow(view->mapping, i, &capacity, sizeof(*view->mapping));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        view->mapping = grown;
        view->mapping[i] = mapping;
        view->mapping_count = i + 1;
    }
}

static void decode_content(struct kernel_reader *reader, bool is_pinned, struct kernel_content *content)
{
    uint8_t kind = is_pinned ? kernel_read_u8(reader) : 0;
    content->is_image = kind == 1;
    content->size = 0;
    if (kind > 1) {
        kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    } else if (kind == 1) {
        content->content = kernel_read(reader, KERNEL_DIGEST_SIZE);
        content->length = KERNEL_DIGEST_SIZE;
    } else {
        content->content = kernel_read_bytes(reader, &content->length);
        content->size = kernel_read_u64(reader);
    }
}

static struct kernel_content *decode_contents(struct kernel_reader *reader, bool is_pinned, size_t *entry_count)
{
    struct kernel_content *list = NULL;
    uint32_t count = kernel_read_count(reader);
    size_t capacity = 0;
    uint64_t key = 0;
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        key = kernel_read_key(reader, 4, i == 0, key);
        void *grown = kernel_grow(list, i, &capacity, sizeof(*list));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return list;
        }
        list = grown;
        list[i].slot = (uint32_t)key;
        decode_content(reader, is_pinned, &list[i]);
        *entry_count = i + 1;
    }
    return list;
}

void kernel_view_decode(struct kernel_reader *reader, struct kernel_view *view)
{
    *view = (struct kernel_view){.code = NULL};
    view->code = kernel_read_bytes(reader, &view->code_size);
    decode_endpoints(reader, view);
    decode_mappings(reader, view);
    view->gas = decode_words(reader, &view->gas_count);
    view->quota = decode_words(reader, &view->quota_count);
    view->pinned = decode_contents(reader, true, &view->pinned_count);
    view->initial = decode_contents(reader, false, &view->initial_count);
    uint8_t option = kernel_read_u8(reader);
    if (option > 1) {
        reader->at -= 1;
        kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    }
    view->has_yield_slot = option == 1;
    view->yield_slot = option == 1 ? kernel_read_u32(reader) : 0;
}

void kernel_view_clear(struct kernel_view *view)
{
    free(view->endpoint);
    free(view->mapping);
    free(view->pinned);
    free(view->initial);
    *view = (struct kernel_view){.code = NULL};
}

/* ---- encoding ------------------------------------------------------------------------------- */

static void encode_words(struct kernel_out *out, const uint8_t *words, uint32_t count)
{
    kernel_put_u32(out, count);
    kernel_put(out, words, 4 * (size_t)count);
}

static void encode_endpoints(struct kernel_out *out, const struct kernel_view *view)
{
    kernel_put_u32(out, (uint32_t)view->endpoint_count);
    for (size_t i = 0; i < view->endpoint_count; i++) {
        const struct kernel_endpoint *endpoint = &view->endpoint[i];
        kernel_put_u8(out, endpoint->index);
        kernel_put_u64(out, endpoint->entry_pc);
        kernel_put_u8(out, endpoint->arg_registers);
        kernel_put_u8(out, endpoint->arg_cnode_size);
        kernel_put_u32(out, endpoint->reg_count);
        kernel_put(out, endpoint->reg, REG_SIZE * (size_t)endpoint->reg_count);
    }
}

static void encode_mappings(struct kernel_out *out, const struct kernel_view *view)
{
    kernel_put_u32(out, (uint32_t)view->mapping_count);
    for (size_t i = 0; i < view->mapping_count; i++) {
        kernel_put_u64(out, view->mapping[i].start);
        kernel_put_u64(out, view->mapping[i].size);
        encode_words(out, view->mapping[i].step, view->mapping[i].step_count);
    }
}

static void encode_contents(struct kernel_out *out, const struct kernel_content *list, size_t count, bool is_pinned)
{
    kernel_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        kernel_put_u32(out, list[i].slot);
        if (is_pinned) {
            kernel_put_u8(out, list[i].is_image);
        }
        if (list[i].is_image) {
            kernel_put(out, list[i].content, KERNEL_DIGEST_SIZE);
        } else {
            kernel_put_bytes(out, list[i].content, list[i].length);
            kernel_put_u64(out, list[i].size);
        }
    }
}

void kernel_view_encode(struct kernel_out *out, const struct kernel_view *view)
{
    kernel_put_bytes(out, view->code, view->code_size);
    encode_endpoints(out, view);
    encode_mappings(out, view);
    encode_words(out, view->gas, view->gas_count);
    encode_words(out, view->quota, view->quota_count);
    encode_contents(out, view->pinned, view->pinned_count, true);
    encode_contents(out, view->initial, view->initial_count, false);
    kernel_put_u8(out, view->has_yield_slot);
    if (view->has_yield_slot) {
        kernel_put_u32(out, view->yield_slot);
    }
}
