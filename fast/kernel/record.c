/*
 * Kernel records (chain/record, exchange.md).
 *
 * In: the moment before something happens, and the moment after. Out: one encoded record to the observer.
 * Root slots are compared with a copy; the rest stands in the journal. Without an observer nothing here costs
 * anything.
 */
#include "kernel.h"

#include <stdlib.h>

void fast_record_begin(struct fast_core *core)
{
    struct fast_recorder *recorder = core->recorder;
    if (recorder == NULL) {
        return;
    }
    recorder->mark = fast_journal_mark(core);
    recorder->before = core->activation.root;
    memcpy(recorder->reg, core->activation.stop.state.reg + FAST_FIRST_ARGUMENT, sizeof(recorder->reg));
    for (uint32_t i = 0; i < FAST_slot_count; i++) {
        fast_cap_keep(&recorder->before.slot[i]);
    }
}

/* Writes a count in front of what is written between these two. */
static size_t begin_list(struct fast_out *out)
{
    fast_scale_put_u32(out, 0);
    return out->size;
}

static void end_list(struct fast_out *out, size_t begin, uint32_t count)
{
    if (!out->failed) {
        memcpy(out->data + begin - 4, &count, 4);
    }
}

static bool put_slot(struct fast_out *out, uint32_t index, const struct fast_cap *before, const struct fast_cap *after)
{
    struct fast_digest a, b;
    if (before->kind == FAST_KIND_EMPTY && after->kind == FAST_KIND_EMPTY) {
        return false;
    }
    fast_hash_cap(before, &a);
    fast_hash_cap(after, &b);
    if (fast_hash_same(&a, &b)) {
        return false;
    }
    fast_scale_put_u32(out, index);
    fast_scale_put_digest(out, &a);
    fast_scale_put_digest(out, &b);
    return true;
}

static void put_slots(struct fast_out *out, const struct fast_root *before, const struct fast_root *after)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (uint32_t i = 0; i < FAST_slot_count; i++) {
        count += put_slot(out, i, &before->slot[i], &after->slot[i]);
    }
    end_list(out, begin, count);
}

/* What one record covers changes one meter and one quota at most. */
static void put_numbers(struct fast_out *out, const struct fast_core *core, enum fast_change_kind kind,
                        const struct fast_numbers *numbers)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (size_t i = core->recorder->mark.change_count; i < core->journal.count; i++) {
        const struct fast_change *change = &core->journal.change[i];
        if (change->kind == kind) {
            fast_scale_put_u64(out, change->id);
            fast_scale_put_u64(out, change->before);
            fast_scale_put_u64(out, fast_tables_get(numbers, change->id));
            count++;
        }
    }
    end_list(out, begin, count);
}

static void put_blob(struct fast_out *out, const struct fast_file_blob *blob)
{
    fast_scale_put_u8(out, blob != NULL);
    if (blob != NULL) {
        fast_scale_put_digest(out, &blob->hash);
        fast_scale_put_u64(out, blob->size);
        fast_scale_put_u32(out, blob->refcount);
        fast_scale_put_u64(out, blob->backing_quota);
    }
}

static bool same_blob(const struct fast_file_blob *a, const struct fast_file_blob *b)
{
    return fast_hash_same(&a->hash, &b->hash) && a->size == b->size && a->refcount == b->refcount &&
           a->backing_quota == b->backing_quota;
}

static void put_files(struct fast_out *out, const struct fast_core *core)
{
    size_t begin = begin_list(out);
    uint32_t count = 0;
    for (size_t i = core->recorder->mark.change_count; i < core->journal.count; i++) {
        const struct fast_change *change = &core->journal.change[i];
        if (change->kind != FAST_CHANGED_FILE) {
            continue;
        }
        const struct fast_file_blob *after = fast_state_file_find(&core->state, change->id);
        if (!change->was_there || !same_blob(&change->blob, after)) {
            fast_scale_put_u64(out, change->id);
            put_blob(out, change->was_there ? &change->blob : NULL);
            put_blob(out, after);
            count++;
        }
    }
    end_list(out, begin, count);
}

static int by_digest(const void *a, const void *b)
{
    const struct fast_bytes *const *x = a, *const *y = b;
    return memcmp(&(*x)->digest, &(*y)->digest, sizeof((*x)->digest));
}

/* Payloads that have arrived; sorting them among each other leaves the way back open. */
static void put_payloads(struct fast_out *out, const struct fast_core *core)
{
    const struct fast_payloads *payloads = &core->state.payloads;
    size_t first = core->recorder->mark.payload_count, count = payloads->count - first;
    fast_scale_put_u32(out, (uint32_t)count);
    if (count > 1) {
        qsort(payloads->order + first, count, sizeof(payloads->order[0]), by_digest);
    }
    for (size_t i = first; i < payloads->count; i++) {
        fast_scale_put_digest(out, &payloads->order[i]->digest);
        fast_scale_put_u8(out, 0);
        fast_scale_put_u8(out, 1);
        fast_scale_put_u64(out, payloads->order[i]->size);
    }
}

void fast_record_end(struct fast_core *core, const struct fast_record *record)
{
    struct fast_recorder *recorder = core->recorder;
    if (recorder == NULL) {
        return;
    }
    struct fast_out *out = &recorder->out;
    out->size = 0;
    fast_scale_put_u8(out, record->kind);
    fast_scale_put_u32(out, record->op);
    fast_scale_put(out, recorder->reg, sizeof(recorder->reg));
    fast_scale_put_u8(out, record->result);
    fast_scale_put_u8(out, record->exit);
    fast_scale_put_u32(out, record->argument);
    put_slots(out, &recorder->before, &core->activation.root);
    put_numbers(out, core, FAST_CHANGED_METER, &core->tables.meters);
    put_numbers(out, core, FAST_CHANGED_QUOTA, &core->tables.quotas);
    fast_scale_put_u32(out, 0); /* no operation changes a catcher */
    put_files(out, core);
    put_payloads(out, core);
    fast_cap_root_clear(&recorder->before);
    if (out->failed) {
        recorder->has_lost = true;
    } else {
        core->observer.event(core->observer.context, out->data, out->size);
    }
    out->failed = false;
}
