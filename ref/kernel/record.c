/* Records of kernel events: what was before, what is after, what differs (chain/record, exchange.md). */
#include "kernel.h"

#include <string.h>

struct ref_before *ref_record_begin(const struct ref_kernel *kernel, const struct ref_entry *entry,
                                    const uint64_t reg[REF_register_count])
{
    if (kernel->observer.event == NULL) {
        return NULL;
    }
    struct ref_region *region = ref_region_new_inside(kernel->region);
    struct ref_before *before = ref_region_take(region, 1, sizeof(*before));
    before->region = region;
    memcpy(before->reg, &reg[A0], sizeof(before->reg));
    before->root = *entry->root;
    before->state = ref_state_snapshot(region, kernel->state);
    before->tables = ref_tables_snapshot(region, &kernel->tables);
    return before;
}

/* A list in the making: its elements are counted first. */
struct list {
    struct ref_writer writer;
    uint32_t count;
};

static void write_list(struct ref_writer *writer, const struct list *list)
{
    ref_scale_write_u32(writer, list->count);
    ref_scale_write(writer, list->writer.data, list->writer.size);
}

static void write_slots(struct ref_writer *writer, const struct ref_root *before, const struct ref_root *after)
{
    struct list list = {.writer.region = writer->region};
    for (uint32_t i = 0; i < REF_slot_count; i++) {
        struct ref_hash was = ref_cap_hash(&before->slot[i]), is = ref_cap_hash(&after->slot[i]);
        if (!ref_hash_same(&was, &is)) {
            list.count++;
            ref_scale_write_u32(&list.writer, i);
            ref_scale_write_hash(&list.writer, &was);
            ref_scale_write_hash(&list.writer, &is);
        }
    }
    write_list(writer, &list);
}

/* Every id of `after` is looked at, and as no operation removes an entry that is every id. */
static void write_amounts(struct ref_writer *writer, const struct ref_amounts *before, const struct ref_amounts *after)
{
    struct list list = {.writer.region = writer->region};
    for (size_t i = 0; i < after->count; i++) {
        uint64_t was = ref_tables_get(before, after->entry[i].id), is = after->entry[i].value;
        if (was != is) {
            list.count++;
            ref_scale_write_u64(&list.writer, after->entry[i].id);
            ref_scale_write_u64(&list.writer, was);
            ref_scale_write_u64(&list.writer, is);
        }
    }
    write_list(writer, &list);
}

static bool same_file(const struct ref_file *a, const struct ref_file *b)
{
    return a != NULL && ref_hash_same(&a->content, &b->content) && a->size == b->size && a->refcount == b->refcount &&
           a->backing_quota == b->backing_quota;
}

static void write_files(struct ref_writer *writer, const struct ref_state *before, const struct ref_state *after)
{
    struct list list = {.writer.region = writer->region};
    for (size_t i = 0; i < after->file_count; i++) {
        const struct ref_file *is = &after->file[i], *was = ref_state_file(before, is->id);
        if (same_file(was, is)) {
            continue;
        }
        list.count++;
        ref_scale_write_u64(&list.writer, is->id);
        ref_scale_write_u8(&list.writer, was != NULL);
        if (was != NULL) {
            ref_state_write_file(&list.writer, was);
        }
        ref_scale_write_u8(&list.writer, 1);
        ref_state_write_file(&list.writer, is);
    }
    write_list(writer, &list);
}

static void write_payloads(struct ref_writer *writer, const struct ref_state *before, const struct ref_state *after)
{
    struct list list = {.writer.region = writer->region};
    for (size_t i = 0; i < after->payload_count; i++) {
        const struct ref_payload *is = &after->payload[i];
        if (ref_state_payload(before, &is->hash) == NULL) {
            list.count++;
            ref_scale_write_hash(&list.writer, &is->hash);
            ref_scale_write_u8(&list.writer, 0);
            ref_scale_write_u8(&list.writer, 1);
            ref_scale_write_u64(&list.writer, is->bytes.size);
        }
    }
    write_list(writer, &list);
}

static void write_nothing(struct ref_writer *writer)
{
    enum { LISTS = 6 };
    for (int i = 0; i < LISTS; i++) {
        ref_scale_write_u32(writer, 0);
    }
}

void ref_record_end(const struct ref_kernel *kernel, const struct ref_entry *entry, const struct ref_before *before,
                    struct ref_record_head head)
{
    if (before == NULL) {
        return;
    }
    struct ref_writer writer = {.region = before->region};
    ref_scale_write_u8(&writer, (uint8_t)head.kind);
    ref_scale_write_u32(&writer, head.op);
    for (size_t i = 0; i < REF_OPERANDS; i++) {
        ref_scale_write_u64(&writer, before->reg[i]);
    }
    ref_scale_write_u8(&writer, head.result);
    ref_scale_write_u8(&writer, head.exit);
    ref_scale_write_u32(&writer, head.argument);
    if (head.kind == REF_RECORD_OPERATION && head.result == REF_RESULT_TRAP) {
        write_nothing(&writer); /* chain/record/trap */
    } else {
        write_slots(&writer, &before->root, entry->root);
        write_amounts(&writer, &before->tables.meters, &kernel->tables.meters);
        write_amounts(&writer, &before->tables.quotas, &kernel->tables.quotas);
        ref_scale_write_u32(&writer, 0); /* no operation changes the catchers */
        write_files(&writer, &before->state, kernel->state);
        write_payloads(&writer, &before->state, kernel->state);
    }
    kernel->observer.event(kernel->observer.context, writer.data, writer.size);
    ref_region_free_inside(kernel->region);
}
