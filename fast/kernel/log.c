/*
 * Changes of sigma and tables, and their undoing.
 *
 * A change is noted before it is made. Payloads need no note: they only ever arrive, so that their count is
 * one. The notes serve rollback (chain/event/rollback) and records alike.
 */
#include "kernel.h"

struct kernel_mark kernel_log_mark(const struct kernel_core *core)
{
    return (struct kernel_mark){core->log.count, core->state.payloads.count, core->state.next_file_id};
}

static int note(struct kernel_core *core, const struct kernel_change *change)
{
    struct kernel_log *log = &core->log;
    void *grown = kernel_grow(log->change, log->count, &log->capacity, sizeof(*log->change));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    log->change = grown;
    log->change[log->count++] = *change;
    return 0;
}

static int set_number(struct kernel_core *core, enum kernel_change_kind kind, struct kernel_numbers *numbers,
                      uint64_t id, uint64_t value)
{
    struct kernel_change change = {.kind = kind, .id = id, .before = kernel_number_get(numbers, id)};
    if (change.before == value) {
        return 0;
    }
    int error = note(core, &change);
    if (error == 0) {
        error = kernel_number_set(numbers, id, value);
        core->log.count -= error != 0;
    }
    return error;
}

int kernel_set_meter(struct kernel_core *core, uint64_t id, uint64_t value)
{
    return set_number(core, KERNEL_CHANGED_METER, &core->tables.meters, id, value);
}

int kernel_set_quota(struct kernel_core *core, uint64_t id, uint64_t value)
{
    return set_number(core, KERNEL_CHANGED_QUOTA, &core->tables.quotas, id, value);
}

int kernel_set_file(struct kernel_core *core, uint64_t id, const struct kernel_blob *blob)
{
    const struct kernel_blob *before = kernel_file_find(&core->state, id);
    struct kernel_change change = {.kind = KERNEL_CHANGED_FILE, .was_there = before != NULL, .id = id};
    if (before != NULL) {
        change.blob = *before;
    }
    int error = note(core, &change);
    if (error == 0) {
        error = kernel_file_put(&core->state, id, blob);
        core->log.count -= error != 0;
    }
    return error;
}

/* What is set again was there, so there is room for it. */
static void undo(struct kernel_core *core, const struct kernel_change *change)
{
    switch (change->kind) {
    case KERNEL_CHANGED_METER:
        kernel_number_set(&core->tables.meters, change->id, change->before);
        break;
    case KERNEL_CHANGED_QUOTA:
        kernel_number_set(&core->tables.quotas, change->id, change->before);
        break;
    case KERNEL_CHANGED_FILE:
        if (change->was_there) {
            kernel_file_put(&core->state, change->id, &change->blob);
        } else {
            kernel_file_remove(&core->state, change->id);
        }
        break;
    }
}

void kernel_log_undo(struct kernel_core *core, const struct kernel_mark *mark)
{
    while (core->log.count > mark->change_count) {
        undo(core, &core->log.change[--core->log.count]);
    }
    kernel_payload_undo(&core->state.payloads, mark->payload_count);
    core->state.next_file_id = mark->next_file_id;
}
