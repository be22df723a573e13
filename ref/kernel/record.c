/* Records of kernel events: what was before, what is after, what differs (chain/record, exchange.md). */
#include "kernel.h"

#include <string.h>

struct ref_before *ref_record_begin(const struct ref_kernel *kernel, const struct ref_entry *entry,
                                    const uint64_t reg[REF_register_count])
{
    if (kernel->observer.event == NULL) {
        return NULL;
    }
    struct ref_room *room = ref_room_new();
    if (room == NULL) {
        ref_out_of_memory(kernel->room);
    }
    kernel->room->scratch = room;
    room->out = kernel->room->out;
    struct ref_before *before = ref_take(room, 1, sizeof(*before));
    before->room = room;
    memcpy(before->reg, reg + 7, sizeof(before->reg));
    before->root = *entry->root;
    before->state = ref_snapshot_state(room, &kernel->state);
    before->tables = ref_snapshot_tables(room, &kernel->tables);
    return before;
}

/* A list in the making: its elements are counted first. */
struct list {
    struct ref_writer writer;
    uint32_t count;
};

static void write_list(struct ref_writer *writer, const struct list *list)
{
    ref_write_u32(writer, list->count);
    ref_write(writer, list->writer.data, list->writer.size);
}

static void write_slots(struct ref_writer *writer, const struct ref_root *before, const struct ref_root *after)
{
    struct list list = {.writer.room = writer->room};
    for (uint32_t i = 0; i < REF_slot_count; i++) {
        struct ref_hash was = ref_hash_slot(&before->slot[i]), is = ref_hash_slot(&after->slot[i]);
        if (!ref_same(&was, &is)) {
            list.count++;
            ref_write_u32(&list.writer, i);
            ref_write_hash(&list.writer, &was);
            ref_write_hash(&list.writer, &is);
        }
    }
    write_list(writer, &list);
}

/* Every id of `after` is looked at, and as no operation removes an entry that is every id. */
static void write_numbers(struct ref_writer *writer, const struct ref_numbers *before, const struct ref_numbers *after)
{
    struct list list = {.writer.room = writer->room};
    for (size_t i = 0; i < after->count; i++) {
        uint64_t was = ref_number_of(before, after->entry[i].id), is = after->entry[i].value;
        if (was != is) {
            list.count++;
            ref_write_u64(&list.writer, after->entry[i].id);
            ref_write_u64(&list.writer, was);
            ref_write_u64(&list.writer, is);
        }
    }
    write_list(writer, &list);
}

static bool same_file(const struct ref_file *a, const struct ref_file *b)
{
    return a != NULL && ref_same(&a->content, &b->content) && a->size == b->size && a->refcount == b->refcount &&
           a->backing_quota == b->backing_quota;
}

static void write_files(struct ref_writer *writer, const struct ref_state *before, const struct ref_state *after)
{
    struct list list = {.writer.room = writer->room};
    for (size_t i = 0; i < after->file_count; i++) {
        const struct ref_file *is = &after->file[i], *was = ref_file_of(before, is->id);
        if (same_file(was, is)) {
            continue;
        }
        list.count++;
        ref_write_u64(&list.writer, is->id);
        ref_write_u8(&list.writer, was != NULL);
        if (was != NULL) {
            ref_write_file(&list.writer, was);
        }
        ref_write_u8(&list.writer, 1);
        ref_write_file(&list.writer, is);
    }
    write_list(writer, &list);
}

static void write_payloads(struct ref_writer *writer, const struct ref_state *before, const struct ref_state *after)
{
    struct list list = {.writer.room = writer->room};
    for (size_t i = 0; i < after->payload_count; i++) {
        const struct ref_payload *is = &after->payload[i];
        if (ref_payload_of(before, &is->hash) == NULL) {
            list.count++;
            ref_write_hash(&list.writer, &is->hash);
            ref_write_u8(&list.writer, 0);
            ref_write_u8(&list.writer, 1);
            ref_write_u64(&list.writer, is->bytes.size);
        }
    }
    write_list(writer, &list);
}

static void write_nothing(struct ref_writer *writer)
{
    enum { LISTS = 6 };
    for (int i = 0; i < LISTS; i++) {
        ref_write_u32(writer, 0);
    }
}

void ref_record_end(const struct ref_kernel *kernel, const struct ref_entry *entry, const struct ref_before *before,
                    struct ref_record_head head)
{
    if (before == NULL) {
        return;
    }
    struct ref_writer writer = {.room = before->room};
    ref_write_u8(&writer, (uint8_t)head.kind);
    ref_write_u32(&writer, head.op);
    for (size_t i = 0; i < 6; i++) {
        ref_write_u64(&writer, before->reg[i]);
    }
    ref_write_u8(&writer, head.result);
    ref_write_u8(&writer, head.exit);
    ref_write_u32(&writer, head.argument);
    if (head.kind == REF_RECORD_OPERATION && head.result == REF_RESULT_TRAP) {
        write_nothing(&writer); /* chain/record/trap */
    } else {
        write_slots(&writer, &before->root, entry->root);
        write_numbers(&writer, &before->tables.meters, &kernel->tables.meters);
        write_numbers(&writer, &before->tables.quotas, &kernel->tables.quotas);
        ref_write_u32(&writer, 0); /* no operation changes the catchers */
        write_files(&writer, &before->state, &kernel->state);
        write_payloads(&writer, &before->state, &kernel->state);
    }
    kernel->observer.event(kernel->observer.context, writer.data, writer.size);
    kernel->room->scratch = NULL;
    ref_room_free(before->room);
}
