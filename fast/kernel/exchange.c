/* An encoded World as a value (exchange.md); whether it is well formed is for world.c to say. */
#include "kernel.h"

#include <stdlib.h>

static struct fast_seated *decode_instance(struct fast_reader *reader)
{
    struct fast_seated *instance = calloc(1, sizeof(*instance));
    if (instance == NULL) {
        fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
        return NULL;
    }
    fast_scale_read_digest(reader, &instance->chain);
    fast_scale_read_digest(reader, &instance->content);
    instance->image = fast_scale_read_bytes(reader, &instance->image_size);
    fast_cap_decode_cnode(reader, &instance->cnode);
    return instance;
}

static void decode_entry(struct fast_reader *reader, struct fast_entry *entry)
{
    *entry = (struct fast_entry){.instance = NULL};
    uint8_t kind = fast_scale_read_u8(reader);
    if (kind > 1) {
        fast_scale_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    } else if (kind == 1) {
        entry->target = fast_scale_read_u32(reader);
    } else {
        entry->instance = decode_instance(reader);
    }
}

void fast_exchange_decode(struct fast_reader *reader, struct fast_world *world)
{
    *world = (struct fast_world){.entry = NULL};
    fast_state_decode(reader, &world->state);
    fast_tables_decode(reader, &world->tables);
    uint32_t count = fast_scale_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        void *grown = fast_scale_grow(world->entry, i, &world->entry_capacity, sizeof(*world->entry));
        if (grown == NULL) {
            fast_scale_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        world->entry = grown;
        decode_entry(reader, &world->entry[i]);
        world->entry_count = i + 1;
    }
}

static void encode_entry(struct fast_out *out, const struct fast_entry *entry)
{
    const struct fast_seated *instance = entry->instance;
    fast_scale_put_u8(out, instance == NULL);
    if (instance == NULL) {
        fast_scale_put_u32(out, entry->target);
        return;
    }
    fast_scale_put_digest(out, &instance->chain);
    fast_scale_put_digest(out, &instance->content);
    fast_scale_put_bytes(out, instance->image, instance->image_size);
    fast_cap_encode_cnode(out, &instance->cnode);
}

void fast_exchange_encode(struct fast_out *out, struct fast_world *world)
{
    fast_state_encode(out, &world->state);
    fast_tables_encode(out, &world->tables, false);
    fast_scale_put_u32(out, (uint32_t)world->entry_count);
    for (size_t i = 0; i < world->entry_count; i++) {
        encode_entry(out, &world->entry[i]);
    }
}

void fast_exchange_clear(struct fast_world *world)
{
    fast_state_clear(&world->state);
    fast_tables_clear(&world->tables);
    for (size_t i = 0; i < world->entry_count; i++) {
        if (world->entry[i].instance != NULL) {
            fast_cap_release(&world->entry[i].instance->cnode);
            free(world->entry[i].instance);
        }
    }
    free(world->entry);
    *world = (struct fast_world){.entry = NULL};
}
