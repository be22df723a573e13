/* An encoded World as a value (exchange.md); whether it is well formed is for world.c to say. */
#include "kernel.h"

#include <stdlib.h>

static void decode_entry(struct kernel_reader *reader, struct kernel_entry_value *entry)
{
    *entry = (struct kernel_entry_value){.is_reference = false};
    uint8_t kind = kernel_read_u8(reader);
    if (kind > 1) {
        kernel_fail(reader, ASSAY_DECODE_INVALID_DISCRIMINATOR);
    } else if (kind == 1) {
        entry->is_reference = true;
        entry->target = kernel_read_u32(reader);
    } else {
        kernel_read_digest(reader, &entry->chain);
        kernel_read_digest(reader, &entry->content);
        entry->image = kernel_read_bytes(reader, &entry->image_size);
        kernel_cnode_decode(reader, &entry->cnode);
    }
}

void kernel_world_decode(struct kernel_reader *reader, struct kernel_world_value *world)
{
    *world = (struct kernel_world_value){.entry = NULL};
    kernel_state_decode(reader, &world->state);
    kernel_tables_decode(reader, &world->tables);
    uint32_t count = kernel_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        void *grown = kernel_grow(world->entry, i, &world->entry_capacity, sizeof(*world->entry));
        if (grown == NULL) {
            kernel_fail(reader, ASSAY_ERROR_MEMORY);
            return;
        }
        world->entry = grown;
        decode_entry(reader, &world->entry[i]);
        world->entry_count = i + 1;
    }
}

static void encode_entry(struct kernel_out *out, const struct kernel_entry_value *entry)
{
    kernel_put_u8(out, entry->is_reference);
    if (entry->is_reference) {
        kernel_put_u32(out, entry->target);
        return;
    }
    kernel_put_digest(out, &entry->chain);
    kernel_put_digest(out, &entry->content);
    kernel_put_bytes(out, entry->image, entry->image_size);
    kernel_cnode_encode(out, &entry->cnode);
}

void kernel_world_encode(struct kernel_out *out, struct kernel_world_value *world)
{
    kernel_state_encode(out, &world->state);
    kernel_tables_encode(out, &world->tables, false);
    kernel_put_u32(out, (uint32_t)world->entry_count);
    for (size_t i = 0; i < world->entry_count; i++) {
        encode_entry(out, &world->entry[i]);
    }
}

void kernel_world_clear(struct kernel_world_value *world)
{
    kernel_state_clear(&world->state);
    kernel_tables_clear(&world->tables);
    for (size_t i = 0; i < world->entry_count; i++) {
        kernel_cap_release(&world->entry[i].cnode);
    }
    free(world->entry);
    *world = (struct kernel_world_value){.entry = NULL};
}
