/* Ladders of digests; see ladder.h. */
#include "ladder.h"

#include <stdlib.h>
#include <string.h>

void ladder_start(struct ladder *ladder, enum level level, uint64_t first, uint64_t end)
{
    ladder->level = level;
    ladder->first = first;
    ladder->end = end;
    ladder->seen = 0;
    ladder->stride = 1;
    ladder->digest = (struct digest){0};
    ladder->rung_count = 0;
    ladder->keeps = end - first <= RUNG_MAX;
    if (ladder->keeps && level == LEVEL_L0) {
        ladder->instruction = memory_resize(ladder->instruction, RUNG_MAX * sizeof *ladder->instruction);
    }
    if (ladder->keeps && level == LEVEL_L1) {
        ladder->block = memory_resize(ladder->block, RUNG_MAX * sizeof *ladder->block);
    }
}

void ladder_free(struct ladder *ladder)
{
    free(ladder->block);
    free(ladder->instruction);
    ladder->block = NULL;
    ladder->instruction = NULL;
}

/*
 * Keeps every other rung: the later one of each pair, which is where the doubled stride has its
 * rungs.
 */
static void thin(struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->rung_count / 2; i++) {
        ladder->rung[i] = ladder->rung[2 * i + 1];
    }
    ladder->rung_count /= 2;
    ladder->stride *= 2;
}

static void climb(struct ladder *ladder)
{
    if (ladder->digest.count % ladder->stride != 0) {
        return;
    }
    if (ladder->rung_count == RUNG_MAX) {
        thin(ladder);
    }
    if (ladder->digest.count % ladder->stride == 0) {
        ladder->rung[ladder->rung_count++] = ladder->digest.value;
    }
}

static bool is_inside(struct ladder *ladder)
{
    uint64_t index = ladder->seen++;
    return index >= ladder->first && index < ladder->end;
}

void ladder_block(void *context, const struct assay_state *entry)
{
    struct ladder *ladder = context;
    if (is_inside(ladder)) {
        if (ladder->keeps) {
            ladder->block[ladder->digest.count] = *entry;
        }
        digest_block(&ladder->digest, entry);
        climb(ladder);
    }
}

void ladder_instruction(void *context, const struct assay_step *record)
{
    struct ladder *ladder = context;
    if (is_inside(ladder)) {
        if (ladder->keeps) {
            ladder->instruction[ladder->digest.count] = *record;
        }
        digest_instruction(&ladder->digest, record);
        climb(ladder);
    }
}

struct assay_observer ladder_observer(struct ladder *ladder)
{
    return (struct assay_observer){
        .context = ladder,
        .block = ladder->level == LEVEL_L1 ? ladder_block : NULL,
        .instruction = ladder->level == LEVEL_L0 ? ladder_instruction : NULL,
    };
}

bool ladder_compare(struct ladder *left, struct ladder *right, uint64_t *first, uint64_t *end)
{
    if (left->digest.count == right->digest.count && left->digest.value == right->digest.value) {
        return false;
    }
    while (left->stride < right->stride) {
        thin(left);
    }
    while (right->stride < left->stride) {
        thin(right);
    }
    size_t low = 0, high = left->rung_count < right->rung_count ? left->rung_count : right->rung_count;
    while (low < high) { /* rungs below `low` agree; `high` differs or is beyond a ladder */
        size_t middle = low + (high - low) / 2;
        if (left->rung[middle] == right->rung[middle]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint64_t base = left->first, stride = left->stride;
    *first = base + low * stride;
    *end = base + (low + 1) * stride;
    return true;
}
