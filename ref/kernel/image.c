/* Images: decoding and encoding (image.md). */
#include "kernel.h"

static struct ref_slots read_slots(struct ref_reader *reader)
{
    struct ref_slots slots = {0};
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint32_t slot = ref_read_u32(reader);
        slots.slot = ref_grow(reader->room, slots.slot, slots.count, sizeof(slot));
        slots.slot[slots.count++] = slot;
    }
    return slots;
}

static void write_slots(struct ref_writer *writer, const struct ref_slots *slots)
{
    ref_write_u32(writer, (uint32_t)slots->count);
    for (size_t i = 0; i < slots->count; i++) {
        ref_write_u32(writer, slots->slot[i]);
    }
}

static struct ref_endpoint read_endpoint(struct ref_reader *reader, uint8_t index)
{
    struct ref_endpoint endpoint = {.index = index};
    endpoint.entry_pc = ref_read_u64(reader);
    endpoint.arg_registers = ref_read_u8(reader);
    endpoint.arg_cnode_size = ref_read_u8(reader);
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_initial_register reg = {0};
        reg.number = (uint8_t)ref_read_key(reader, 1, i == 0, i == 0 ? 0 : endpoint.reg[i - 1].number);
        reg.value = ref_read_u64(reader);
        endpoint.reg = ref_grow(reader->room, endpoint.reg, endpoint.reg_count, sizeof(reg));
        endpoint.reg[endpoint.reg_count++] = reg;
    }
    return endpoint;
}

static void write_endpoint(struct ref_writer *writer, const struct ref_endpoint *endpoint)
{
    ref_write_u8(writer, endpoint->index);
    ref_write_u64(writer, endpoint->entry_pc);
    ref_write_u8(writer, endpoint->arg_registers);
    ref_write_u8(writer, endpoint->arg_cnode_size);
    ref_write_u32(writer, (uint32_t)endpoint->reg_count);
    for (size_t i = 0; i < endpoint->reg_count; i++) {
        ref_write_u8(writer, endpoint->reg[i].number);
        ref_write_u64(writer, endpoint->reg[i].value);
    }
}

static void read_endpoints(struct ref_reader *reader, struct ref_image *image)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        uint8_t index = (uint8_t)ref_read_key(reader, 1, i == 0, i == 0 ? 0 : image->endpoint[i - 1].index);
        struct ref_endpoint endpoint = read_endpoint(reader, index);
        image->endpoint = ref_grow(reader->room, image->endpoint, image->endpoint_count, sizeof(endpoint));
        image->endpoint[image->endpoint_count++] = endpoint;
    }
}

static void read_mappings(struct ref_reader *reader, struct ref_image *image)
{
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_mapping mapping;
        mapping.start = ref_read_u64(reader);
        mapping.size = ref_read_u64(reader);
        mapping.path = read_slots(reader);
        image->mapping = ref_grow(reader->room, image->mapping, image->mapping_count, sizeof(mapping));
        image->mapping[image->mapping_count++] = mapping;
    }
}

static void read_content(struct ref_reader *reader, struct ref_given *given)
{
    given->content = ref_read_bytes(reader);
    given->size = ref_read_u64(reader);
}

static struct ref_given *read_given(struct ref_reader *reader, bool pinned, size_t *given_count)
{
    struct ref_given *list = NULL;
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct ref_given given = {0};
        given.slot = (uint32_t)ref_read_key(reader, 4, i == 0, i == 0 ? 0 : list[i - 1].slot);
        given.is_image = pinned && ref_read_choice(reader, 2) == 1;
        if (given.is_image) {
            given.hash = ref_read_hash(reader);
        } else {
            read_content(reader, &given);
        }
        list = ref_grow(reader->room, list, *given_count, sizeof(given));
        list[(*given_count)++] = given;
    }
    return list;
}

struct ref_image ref_read_image(struct ref_reader *reader)
{
    struct ref_image image = {0};
    size_t start = reader->at;
    image.code = ref_read_bytes(reader);
    read_endpoints(reader, &image);
    read_mappings(reader, &image);
    image.gas_slots = read_slots(reader);
    image.quota_slots = read_slots(reader);
    image.pinned = read_given(reader, true, &image.pinned_count);
    image.initial = read_given(reader, false, &image.initial_count);
    image.has_yield_slot = ref_read_choice(reader, 2) == 1;
    image.yield_slot = image.has_yield_slot ? ref_read_u32(reader) : 0;
    image.bytes = (struct ref_bytes){reader->data + start, reader->at - start};
    return image;
}

static void write_given(struct ref_writer *writer, const struct ref_given *list, size_t count, bool pinned)
{
    ref_write_u32(writer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        ref_write_u32(writer, list[i].slot);
        if (pinned) {
            ref_write_u8(writer, list[i].is_image ? 1 : 0);
        }
        if (list[i].is_image) {
            ref_write_hash(writer, &list[i].hash);
        } else {
            ref_write_bytes(writer, list[i].content);
            ref_write_u64(writer, list[i].size);
        }
    }
}

void ref_write_image(struct ref_writer *writer, const struct ref_image *image)
{
    ref_write_bytes(writer, image->code);
    ref_write_u32(writer, (uint32_t)image->endpoint_count);
    for (size_t i = 0; i < image->endpoint_count; i++) {
        write_endpoint(writer, &image->endpoint[i]);
    }
    ref_write_u32(writer, (uint32_t)image->mapping_count);
    for (size_t i = 0; i < image->mapping_count; i++) {
        ref_write_u64(writer, image->mapping[i].start);
        ref_write_u64(writer, image->mapping[i].size);
        write_slots(writer, &image->mapping[i].path);
    }
    write_slots(writer, &image->gas_slots);
    write_slots(writer, &image->quota_slots);
    write_given(writer, image->pinned, image->pinned_count, true);
    write_given(writer, image->initial, image->initial_count, false);
    ref_write_u8(writer, image->has_yield_slot ? 1 : 0);
    if (image->has_yield_slot) {
        ref_write_u32(writer, image->yield_slot);
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
