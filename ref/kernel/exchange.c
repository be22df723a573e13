/* Exchange encodings: Worlds, Pages, Dumps (exchange.md). */
#include "kernel.h"

static struct ref_world_entry read_entry(struct ref_reader *reader)
{
    bool is_reference = ref_scale_read_choice(reader, 2) == 1;
    if (is_reference) {
        return (struct ref_world_entry){.target = ref_scale_read_u32(reader)};
    }
    struct ref_world_instance *instance = ref_region_take(reader->region, 1, sizeof(*instance));
    instance->chain = ref_scale_read_hash(reader);
    instance->content = ref_scale_read_hash(reader);
    instance->image = ref_scale_read_bytes(reader);
    instance->cnode = ref_cap_read_cnode(reader);
    return (struct ref_world_entry){.instance = instance};
}

struct ref_world ref_exchange_read_world(struct ref_reader *reader)
{
    struct ref_world world = {0};
    world.state = ref_state_read(reader);
    world.tables = ref_tables_read(reader);
    struct ref_sequence sequence = ref_scale_read_sequence(reader);
    while (ref_scale_read_next(&sequence)) {
        struct ref_world_entry entry = read_entry(reader);
        world.entry = ref_array_append(reader->region, world.entry, &world.count, &entry, sizeof(entry));
    }
    return world;
}

/* False when the entry is not well formed where it stands. */
static bool push(struct ref_kernel *kernel, const struct ref_world_entry *given)
{
    if (kernel->depth == REF_stack_max) {
        return false;
    }
    struct ref_entry *entry = &kernel->entry[kernel->depth];
    const struct ref_world_instance *instance = given->instance;
    *entry = (struct ref_entry){.is_reference = instance == NULL, .target = given->target};
    if (instance == NULL) {
        bool good = given->target < kernel->depth && !kernel->entry[given->target].is_reference;
        kernel->depth += good;
        return good;
    }
    if (instance->cnode.size_log > REF_root_size_log ||
        ref_admit_image(kernel->region, instance->image, &entry->current, NULL) != 0) {
        return false;
    }
    entry->chain = instance->chain;
    entry->content = instance->content;
    entry->entered = entry->current;
    entry->root = ref_root_new(kernel->region, &instance->cnode);
    kernel->depth++;
    return true;
}

static bool payloads_are_under_their_hash(const struct ref_state *state)
{
    for (size_t i = 0; i < state->payload_count; i++) {
        struct ref_hash hash = ref_hash_bytes(state->payload[i].bytes);
        if (!ref_hash_same(&hash, &state->payload[i].hash)) {
            return false;
        }
    }
    return true;
}

bool ref_exchange_open_world(struct ref_region *region, struct ref_world *world, struct ref_kernel *kernel)
{
    *kernel = (struct ref_kernel){.region = region, .state = &world->state, .tables = world->tables};
    kernel->entry = ref_region_take(region, REF_stack_max, sizeof(*kernel->entry));
    for (size_t i = 0; i < world->count; i++) {
        if (!push(kernel, &world->entry[i])) {
            return false;
        }
    }
    bool ends_well = world->count == 0 || world->entry[world->count - 1].instance != NULL;
    return ends_well && payloads_are_under_their_hash(kernel->state);
}

void ref_exchange_write_pages(struct ref_writer *writer, const struct ref_pages *pages)
{
    ref_scale_write_u32(writer, (uint32_t)pages->count);
    for (size_t i = 0; i < pages->count; i++) {
        ref_scale_write_u32(writer, pages->page[i].address);
        ref_scale_write_u8(writer, (uint8_t)pages->page[i].access);
        ref_scale_write_bytes(writer, ref_image_strip((struct assay_bytes){pages->page[i].byte, ASSAY_PAGE_SIZE}));
    }
}

static void write_entry(struct ref_writer *writer, const struct ref_entry *entry, bool is_top)
{
    ref_scale_write_u8(writer, entry->is_reference ? 1 : 0);
    ref_scale_write_u8(writer, is_top ? 0 : 1);
    if (entry->is_reference) {
        ref_scale_write_u32(writer, entry->target);
        return;
    }
    struct ref_hash image = ref_hash_bytes(entry->current.bytes);
    struct ref_cnode cnode = ref_root_cnode(writer->region, entry->root);
    ref_scale_write_hash(writer, &entry->chain);
    ref_scale_write_hash(writer, &entry->content);
    ref_scale_write_hash(writer, &image);
    ref_cap_write_cnode(writer, &cnode);
    ref_scale_write_u8(writer, entry->is_suspended ? 1 : 0);
    if (entry->is_suspended) {
        ref_scale_write_u64(writer, entry->suspended.pc);
        ref_scale_write_u64(writer, entry->suspended.gas);
        ref_scale_write_u8(writer, entry->has_meter ? 1 : 0);
        if (entry->has_meter) {
            ref_scale_write_u64(writer, entry->meter);
        }
        for (size_t i = 0; i < REF_register_count; i++) {
            ref_scale_write_u64(writer, entry->suspended.reg[i]);
        }
        ref_exchange_write_pages(writer, &entry->pages);
    }
}

struct assay_bytes ref_exchange_dump(const struct ref_kernel *kernel)
{
    struct ref_writer writer = {.region = kernel->region};
    ref_state_write(&writer, kernel->state);
    ref_tables_write(&writer, &kernel->tables);
    ref_scale_write_u32(&writer, (uint32_t)kernel->depth);
    for (size_t i = 0; i < kernel->depth; i++) {
        write_entry(&writer, &kernel->entry[i], i + 1 == kernel->depth);
    }
    return ref_scale_written(&writer);
}
