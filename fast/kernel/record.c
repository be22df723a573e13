/*
 * Kernel records (chain/record, exchange.md).
 *
 * In: the moment before something happens, and the moment after. Out: one encoded record to the observer.
 * Root slots are compared with a copy; the rest stands in the log. Without an observer nothing here costs
 * anything.
 */
#include "kernel.h"

#include <stdlib.h>

void kernel_record_begin(struct kernel_core *core)
{
    struct kernel_recorder *recorder = core->recorder;
    if (recorder == NULL) {
        return;
    }
    recorder->mark = kernel_log_mark(core);
    recorder->before = core->activation.root;
    memcpy(recorder->reg, core->activation.stop.state.reg + KERNEL_FIRST_ARGUMENT, sizeof(recorder->reg));
    for (uint32_t i = 0; i < KERNEL_slot_count; i++) {
        kernel_cap_keep(&recorder->before.slot[i]);
    }
}

/* Writes a count in front of what is written between these two. */
static size_t begin_list(struct kernel_out *out)
{
    kernel_put_u32(out, 0);
    return out->size;
}

static void end_list(struct kernel_out *out, size_t begin, uint32_t count)
{
    if (!out->failed) {
        memcpy(out->data + begin - 4, &count, 4);
    }
}

static bool put_slot(struct kernel_out *out, uint32_t index, const struct kernel_cap *before,
                     const struct kernel_cap *after)
{
    struct kernel_digest a, b;
    if (before->kind == KERNEL_EMPTY && after->kind == KERNEL_EMPTY) {
        return false;
    }
    kernel_hash_cap(before, &a);
    kernel_hash_cap(after, &b);
    if (kernel_same(&a, &b)) {
        return false;
    }
    kernel_put_u32(out, index);
    kernel_put_digest(out, &a);
    kernel_put_digest(out, &b);
    return true;
}

static void put_slots(struct kernel_out *out, const struct kernel_root *before, const struct kernel_root *after)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (uint32_t i = 0; i < KERNEL_slot_count; i++) {
        count += put_slot(out, i, &before->slot[i], &after->slot[i]);
    }
    end_list(out, begin, count);
}

/* What one record covers changes one meter and one quota at most. */
static void put_numbers(struct kernel_out *out, const struct kernel_core *core, enum kernel_change_kind kind,
                        const struct kernel_numbers *numbers)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (size_t i = core->recorder->mark.change_count; i < core->log.count; i++) {
        const struct kernel_change *change = &core->log.change[i];
        if (change->kind == kind) {
            kernel_put_u64(out, change->id);
            kernel_put_u64(out, change->before);
            kernel_put_u64(out, kernel_number_get(numbers, change->id));
            count++;
        }
    }
    end_list(out, begin, count);
}

static void put_blob(struct kernel_out *out, const struct kernel_blob *blob)
{
    kernel_put_u8(out, blob != NULL);
    if (blob != NULL) {
        kernel_put_digest(out, &blob->hash);
        kernel_put_u64(out, blob->size);
        kernel_put_u32(out, blob->refcount);
        kernel_put_u64(out, blob->backing_quota);
    }
}

static bool same_blob(const struct kernel_blob *a, const struct kernel_blob *b)
{
    return kernel_same(&a->hash, &b->hash) && a->size == b->size && a->refcount == b->refcount &&
           a->backing_quota == b->backing_quota;
}

static void put_files(struct kernel_out *out, const struct kernel_core *core)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (size_t i = core->recorder->mark.change_count; i < core->log.count; i++) {
        const struct kernel_change *change = &core->log.change[i];
        if (change->kind != KERNEL_CHANGED_FILE) {
            continue;
        }
        const struct kernel_blob *after = kernel_file_find(&core->state, change->id);
        if (!change->was_there || !same_blob(&change->blob, after)) {
            kernel_put_u64(out, change->id);
            put_blob(out, change->was_there ? &change->blob : NULL);
            put_blob(out, after);
            count++;
        }
    }
    end_list(out, begin, count);
}

static int by_digest(const void *a, const void *b)
{
    const struct kernel_bytes *const *x = a, *const *y = b;
    return memcmp(&(*x)->digest, &(*y)->digest, sizeof((*x)->digest));
}

/* Payloads that have arrived; sorting them among each other leaves the way back open. */
static void put_payloads(struct kernel_out *out, const struct kernel_core *core)
{
    const struct kernel_payloads *payloads = &core->state.payloads;
    size_t first = core->recorder->mark.payload_count, count = payloads->count - first;
    kernel_put_u32(out, (uint32_t)count);
    if (count > 1) {
        qsort(payloads->order + first, count, sizeof(payloads->order[0]), by_digest);
    }
    for (size_t i = first; i < payloads->count; i++) {
        kernel_put_digest(out, &payloads->order[i]->digest);
        kernel_put_u8(out, 0);
        kernel_put_u8(out, 1);
        kernel_put_u64(out, payloads->order[i]->size);
    }
}

void kernel_record_end(struct kernel_core *core, enum kernel_record_kind kind, uint32_t op, uint8_t result,
                       uint32_t exit, uint32_t argument)
{
    struct kernel_recorder *recorder = core->recorder;
    if (recorder == NULL) {
        return;
    }
    struct kernel_out *out = &recorder->out;
    out->size = 0;
    kernel_put_u8(out, (uint8_t)kind);
    kernel_put_u32(out, op);
    kernel_put(out, recorder->reg, sizeof(recorder->reg));
    kernel_put_u8(out, result);
    kernel_put_u8(out, (uint8_t)exit);
    kernel_put_u32(out, argument);
    put_slots(out, &recorder->before, &core->activation.root);
    put_numbers(out, core, KERNEL_CHANGED_METER, &core->tables.meters);
    put_numbers(out, core, KERNEL_CHANGED_QUOTA, &core->tables.quotas);
    kernel_put_u32(out, 0); /* no operation changes a catcher */
    put_files(out, core);
    put_payloads(out, core);
    kernel_root_clear(&recorder->before);
    if (out->failed) {
        recorder->has_lost = true;
    } else {
        core->observer.event(core->observer.context, out->data, out->size);
    }
    out->failed = false;
}
