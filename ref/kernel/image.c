/* Images: decoding and encoding (image.md). */
#include "kernel.h"

static struct ref_slots read_slots(struct ref_reader *reader)
{
    struct ref_slots slots = {0};
    struct ref_sequence sequence = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&sequence)) {
        uint32_t slot = ref_scale_read_u32(reader);
        slots.slot = ref_array_append(reader->region, slots.slot, &slots.count, &slot, sizeof(slot));
    }
    return slots;
}

static void write_slots(struct ref_writer *writer, const struct ref_slots *slots)
{
    ref_scale_write_u32(writer, (uint32_t)slots->count);
    for (size_t i = 0; i < slots->count; i++) {
        ref_scale_write_u32(writer, slots->slot[i]);
    }
}

static struct ref_endpoint read_endpoint(struct ref_reader *reader, uint8_t index)
{
    struct ref_endpoint endpoint = {.index = index};
    endpoint.entry_pc = ref_scale_read_u64(reader);
    endpoint.arg_registers = ref_scale_read_u8(reader);
    endpoint.arg_cnode_size = ref_scale_read_u8(reader);
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_initial_register reg = {.number = (uint8_t)ref_scale_read_key(&map, 1)};
        reg.value = ref_scale_read_u64(reader);
        endpoint.reg = ref_array_append(reader->region, endpoint.reg, &endpoint.reg_count, &reg, sizeof(reg));
    }
    return endpoint;
}

static void write_endpoint(struct ref_writer *writer, const struct ref_endpoint *endpoint)
{
    ref_scale_write_u8(writer, endpoint->index);
    ref_scale_write_u64(writer, endpoint->entry_pc);
    ref_scale_write_u8(writer, endpoint->arg_registers);
    ref_scale_write_u8(writer, endpoint->arg_cnode_size);
    ref_scale_write_u32(writer, (uint32_t)endpoint->reg_count);
    for (size_t i = 0; i < endpoint->reg_count; i++) {
        ref_scale_write_u8(writer, endpoint->reg[i].number);
        ref_scale_write_u64(writer, endpoint->reg[i].value);
    }
}

static void read_endpoints(struct ref_reader *reader, struct ref_image *image)
{
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_endpoint endpoint = read_endpoint(reader, (uint8_t)ref_scale_read_key(&map, 1));
        image->endpoint =
            ref_array_append(reader->region, image->endpoint, &image->endpoint_count, &endpoint, sizeof(endpoint));
    }
}

static void read_mappings(struct ref_reader *reader, struct ref_image *image)
{
    struct ref_sequence sequence = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&sequence)) {
        struct ref_mapping mapping;
        mapping.start = ref_scale_read_u64(reader);
        mapping.size = ref_scale_read_u64(reader);
        mapping.path = read_slots(reader);
        image->mapping =
            ref_array_append(reader->region, image->mapping, &image->mapping_count, &mapping, sizeof(mapping));
    }
}

static struct ref_given *read_given(struct ref_reader *reader, bool pinned, size_t *count)
{
    struct ref_given *list = NULL;
    struct ref_sequence map = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&map)) {
        struct ref_given given = {.slot = (uint32_t)ref_scale_read_key(&map, 4)};
        given.is_image = pinned && ref_scale_read_choice(reader, 2) == 1;
        if (given.is_image) {
            given.hash = ref_scale_read_hash(reader);
        } else {
            given.content = ref_scale_read_bytes(reader);
            given.size = ref_scale_read_u64(reader);
        }
        list = ref_array_append(reader->region, list, count, &given, sizeof(given));
    }
    return list;
}

struct ref_image ref_image_read(struct ref_reader *reader)
{
    struct ref_image image = {0};
    size_t start = reader->at;
    image.code = ref_scale_read_bytes(reader);
    read_endpoints(reader, &image);
    read_mappings(reader, &image);
    image.gas_slots = read_slots(reader);
    image.quota_slots = read_slots(reader);
    image.pinned = read_given(reader, true, &image.pinned_count);
    image.initial = read_given(reader, false, &image.initial_count);
    image.has_yield_slot = ref_scale_read_choice(reader, 2) == 1;
    image.yield_slot = image.has_yield_slot ? ref_scale_read_u32(reader) : 0;
    image.bytes = (struct assay_bytes){reader->data + start, reader->at - start};
    return image;
}

static void write_given(struct ref_writer *writer, const struct ref_given *list, size_t count, bool pinned)
{
    ref_scale_write_u32(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        ref_scale_write_u32(writer, list[i].slot);
        if (pinned) {
            ref_scale_write_u8(writer, list[i].is_image ? 1 : 0);
        }
        if (list[i].is_image) {
            ref_scale_write_hash(writer, &list[i].hash);
        } else {
            ref_scale_write_bytes(writer, list[i].content);
            ref_scale_write_u64(writer, list[i].size);
        }
    }
}

void ref_image_write(struct ref_writer *writer, const struct ref_image *image)
{
    ref_scale_write_bytes(writer, image->code);
    ref_scale_write_u32(writer, (uint32_t)image->endpoint_count);
    for (size_t i = 0; i < image->endpoint_count; i++) {
        write_endpoint(writer, &image->endpoint[i]);
    }
    ref_scale_write_u32(writer, (uint32_t)image->mapping_count);
    for (size_t i = 0; i < image->mapping_count; i++) {
        ref_scale_write_u64(writer, image->mapping[i].start);
        ref_scale_write_u64(writer, image->mapping[i].size);
        write_slots(writer, &image->mapping[i].path);
    }
    write_slots(writer, &image->gas_slots);
    write_slots(writer, &image->quota_slots);
    write_given(writer, image->pinned, image->pinned_count, true);
    write_given(writer, image->initial, image->initial_count, false);
    ref_scale_write_u8(writer, image->has_yield_slot ? 1 : 0);
    if (image->has_yield_slot) {
        ref_scale_write_u32(writer, image->yield_slot);
    }
}

bool ref_image_pins(const struct ref_image *image, uint32_t slot)
{
    for (size_t i = 0; i < image->pinned_count; i++) {
        if (image->pinned[i].slot == slot) {
            return true;
        }
    }
    return false;
}

struct ref_cap ref_image_given_cap(const struct ref_given *given)
{
    return given->is_image ? ref_cap_image(given->hash) : ref_cap_data(given->size, ref_hash_bytes(given->content));
}

/* image/strip */
struct assay_bytes ref_image_strip(struct assay_bytes bytes)
{
    while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0) {
        bytes.size--;
    }
    return bytes;
}
