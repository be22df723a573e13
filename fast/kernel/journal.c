/*
 * Changes of sigma and tables, and their undoing.
 *
 * A change is noted before it is made. Payloads need no note: they only ever arrive, so that their count is
 * one. The notes serve rollback (chain/event/rollback) and records alike.
 */
#include "kernel.h"

struct fast_mark fast_journal_mark(const struct fast_core *core)
{
    return (struct fast_mark){core->journal.count, core->state.payloads.count, core->state.next_file_id};
}

static int note(struct fast_core *core, const struct fast_change *change)
{
    struct fast_journal *log = &core->journal;
    void *grown = fast_scale_grow(log->change, log->count, &log->capacity, sizeof(*log->change));
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    log->change = grown;
    log->change[log->count++] = *change;
    return 0;
}

static int set_number(struct fast_core *core, enum fast_change_kind kind, struct fast_numbers *numbers, uint64_t id,
                      uint64_t value)
{
    struct fast_change change = {.kind = kind, .id = id, .before = fast_tables_get(numbers, id)};
    if (change.before == value) {
        return 0;
    }
    int error = note(core, &change);
    if (error == 0) {
        error = fast_tables_set(numbers, id, value);
        core->journal.count -= error != 0;
    }
    return error;
}

int fast_journal_set_meter(struct fast_core *core, uint64_t id, uint64_t value)
{
    return set_number(core, FAST_CHANGED_METER, &core->tables.meters, id, value);
}

int fast_journal_set_quota(struct fast_core *core, uint64_t id, uint64_t value)
{
    return set_number(core, FAST_CHANGED_QUOTA, &core->tables.quotas, id, value);
}

int fast_journal_set_file(struct fast_core *core, uint64_t id, const struct fast_file_blob *blob)
{
    const struct fast_file_blob *before = fast_state_file_find(&core->state, id);
    struct fast_change change = {.kind = FAST_CHANGED_FILE, .was_there = before != NULL, .id = id};
    if (before != NULL) {
        change.blob = *before;
    }
    int error = note(core, &change);
    if (error == 0) {
        error = fast_state_file_put(&core->state, id, blob);
        core->journal.count -= error != 0;
    }
    return error;
}

/* What is set again was there, so there is room for it. */
static void undo(struct fast_core *core, const struct fast_change *change)
{
    switch (change->kind) {
    case FAST_CHANGED_METER:
        fast_tables_set(&core->tables.meters, change->id, change->before);
        break;
    case FAST_CHANGED_QUOTA:
        fast_tables_set(&core->tables.quotas, change->id, change->before);
        break;
    case FAST_CHANGED_FILE:
        if (change->was_there) {
            fast_state_file_put(&core->state, change->id, &change->blob);
        } else {
            fast_state_file_remove(&core->state, change->id);
        }
        break;
    }
}

void fast_journal_undo(struct fast_core *core, const struct fast_mark *mark)
{
    while (core->journal.count > mark->change_count) {
        undo(core, &core->journal.change[--core->journal.count]);
    }
    fast_payload_undo(&core->state.payloads, mark->payload_count);
    core->state.next_file_id = mark->next_file_id;
}
