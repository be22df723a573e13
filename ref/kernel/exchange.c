/* Exchange encodings: Worlds, Pages, Dumps (exchange.md). */
#include "kernel.h"

#include <string.h>

/* A stack entry as the World has it; the Image stays bytes. */
struct given_entry {
    bool is_reference;
    uint32_t target;
    struct ref_hash chain, content;
    struct ref_bytes image;
    struct ref_cnode cnode;
};

static struct given_entry read_entry(struct ref_reader *reader)
{
    struct given_entry entry = {0};
    entry.is_reference = ref_read_choice(reader, 2) == 1;
    if (entry.is_reference) {
        entry.target = ref_read_u32(reader);
    } else {
        entry.chain = ref_read_hash(reader);
        entry.content = ref_read_hash(reader);
        entry.image = ref_read_bytes(reader);
        entry.cnode = ref_read_cnode(reader);
    }
    return entry;
}

/* False when the entry is not well formed where it stands. */
static bool push(struct ref_kernel *kernel, const struct given_entry *given)
{
    if (kernel->depth == REF_stack_max) {
        return false;
    }
    struct ref_entry *entry = &kernel->entry[kernel->depth];
    *entry = (struct ref_entry){.is_reference = given->is_reference, .target = given->target};
    if (given->is_reference) {
        bool good = given->target < kernel->depth && !kernel->entry[given->target].is_reference;
        kernel->depth += good;
        return good;
    }
    if (given->cnode.size_log > REF_root_size_log ||
        ref_admit(kernel->room, given->image, &entry->current, NULL) != 0) {
        return false;
    }
    entry->chain = given->chain;
    entry->content = given->content;
    entry->entered = entry->current;
    entry->root = ref_take(kernel->room, 1, sizeof(*entry->root));
    ref_root_from(entry->root, &given->cnode);
    kernel->depth++;
    return true;
}

static bool payloads_are_under_their_hash(const struct ref_state *state)
{
    for (size_t i = 0; i < state->payload_count; i++) {
        struct ref_hash hash = ref_hash(state->payload[i].bytes);
        if (!ref_same(&hash, &state->payload[i].hash)) {
            return false;
        }
    }
    return true;
}

int ref_read_world(struct ref_reader *reader, struct ref_kernel *kernel)
{
    struct given_entry *list = NULL;
    size_t list_count = 0;
    kernel->room = reader->room;
    kernel->state = ref_read_state(reader);
    kernel->tables = ref_read_tables(reader);
    uint32_t count = ref_read_count(reader);
    for (uint32_t i = 0; i < count && reader->error == 0; i++) {
        struct given_entry entry = read_entry(reader);
        list = ref_grow(reader->room, list, list_count, sizeof(entry));
        list[list_count++] = entry;
    }
    int error = ref_read_end(reader);
    if (error != 0) {
        return error;
    }
    kernel->entry = ref_take(reader->room, REF_stack_max, sizeof(*kernel->entry));
    for (size_t i = 0; i < list_count; i++) {
        if (!push(kernel, &list[i])) {
            return ASSAY_ERROR_ARGUMENT;
        }
    }
    bool ends_well = list_count == 0 || !list[list_count - 1].is_reference;
    return ends_well && payloads_are_under_their_hash(&kernel->state) ? 0 : ASSAY_ERROR_ARGUMENT;
}

void ref_write_pages(struct ref_writer *writer, const struct ref_pages *pages)
{
    ref_write_u32(writer, (uint32_t)pages->count);
    for (size_t i = 0; i < pages->count; i++) {
        ref_write_u32(writer, pages->page[i].address);
        ref_write_u8(writer, (uint8_t)pages->page[i].access);
        ref_write_bytes(writer, ref_strip((struct ref_bytes){pages->page[i].byte, ASSAY_PAGE_SIZE}));
    }
}

static void write_entry(struct ref_writer *writer, const struct ref_entry *entry, bool is_top)
{
    ref_write_u8(writer, entry->is_reference ? 1 : 0);
    ref_write_u8(writer, is_top ? 0 : 1);
    if (entry->is_reference) {
        ref_write_u32(writer, entry->target);
        return;
    }
    struct ref_hash image = ref_hash(entry->current.bytes);
    struct ref_cnode cnode = ref_root_cnode(writer->room, entry->root);
    ref_write_hash(writer, &entry->chain);
    ref_write_hash(writer, &entry->content);
    ref_write_hash(writer, &image);
    ref_write_cnode(writer, &cnode);
    ref_write_u8(writer, entry->is_suspended ? 1 : 0);
    if (entry->is_suspended) {
        ref_write_u64(writer, entry->suspended.pc);
        ref_write_u64(writer, entry->suspended.gas);
        for (size_t i = 0; i < REF_register_count; i++) {
            ref_write_u64(writer, entry->suspended.reg[i]);
        }
        ref_write_pages(writer, &entry->pages);
    }
}

struct ref_bytes ref_dump(struct ref_kernel *kernel)
{
    struct ref_writer writer = {.room = kernel->room};
    ref_write_state(&writer, &kernel->state);
    ref_write_tables(&writer, &kernel->tables);
    ref_write_u32(&writer, (uint32_t)kernel->depth);
    for (size_t i = 0; i < kernel->depth; i++) {
        write_entry(&writer, &kernel->entry[i], i + 1 == kernel->depth);
    }
    return ref_written(&writer);
}
