/*
 * The first record in which two engines differ, of a run of any length, without a stored trace.
 *
 * Both run observed and keep a ladder of digests for each level of records. The window between the last rung that
 * agrees and the first that does not is run again with a finer ladder, until it is small enough to keep its records.
 * Where both levels differ, the one whose record comes first counts: a run that is stopped after a record of one
 * level tells how many of the other level came before it.
 */
#include "diff_records.h"

#include "diff_broken.h"

static const char *const level_key[] = {"instruction", "block"};

/* ---- running ----------------------------------------------------------------------------- */

struct window {
    bool has[2]; /* by level: its records are kept */
    uint64_t first[2], end[2];
};

/* The context is the two ladders of a side. */
static void on_block(void *context, const struct assay_state *entry)
{
    ladder_block(&((struct ladder *)context)[LEVEL_L1], entry);
}

static void on_instruction(void *context, const struct assay_step *record)
{
    ladder_instruction(&((struct ladder *)context)[LEVEL_L0], record);
}

/* A side that keeps only so many records of one run is run in pieces from then on. */
static void run_side(struct diff *diff, size_t side, size_t step, const struct vector_step *changed,
                     const struct window *window)
{
    struct ladder *ladder = diff->ladder[side];
    struct lab *lab = &diff->lab[side];
    for (bool is_cut = true; is_cut;) {
        struct assay_observer observer = {.context = ladder};
        if (window->has[LEVEL_L0]) {
            ladder_start(&ladder[LEVEL_L0], LEVEL_L0, window->first[LEVEL_L0], window->end[LEVEL_L0]);
            observer.instruction = on_instruction;
        }
        if (window->has[LEVEL_L1]) {
            ladder_start(&ladder[LEVEL_L1], LEVEL_L1, window->first[LEVEL_L1], window->end[LEVEL_L1]);
            observer.block = on_block;
        }
        lab_run(lab, step, changed, &observer);
        is_cut = engine_records_cut(lab->engine) && !lab->in_pieces && !lab_is_failure(lab->result);
        lab->in_pieces = lab->in_pieces || is_cut;
    }
}

/* Runs the step observed on both sides, records [first, end) of one level. */
static void run_window(struct diff *diff, size_t step, enum level level, uint64_t first, uint64_t end)
{
    struct vector_step changed = diff_step(diff, step);
    struct window window = {0};
    uint64_t *until = level == LEVEL_L0 ? &changed.until.instructions : &changed.until.blocks;
    if (!diff->uncut && end != UINT64_MAX && (*until == 0 || end < *until)) {
        *until = end;
    }
    window.has[level] = true;
    window.first[level] = first;
    window.end[level] = end;
    for (size_t side = 0; side < 2; side++) {
        run_side(diff, side, step, &changed, &window);
    }
    diff->runs++;
}

/* ---- records ----------------------------------------------------------------------------- */

static bool is_kept(const struct ladder *ladder, uint64_t index)
{
    return index >= ladder->first && index - ladder->first < ladder->digest.count;
}

static void write_kept(struct text *text, const struct ladder *ladder, uint64_t index)
{
    if (!is_kept(ladder, index)) {
        return;
    }
    if (ladder->level == LEVEL_L0) {
        write_record(text, &ladder->instruction[index - ladder->first]);
    } else {
        write_state(text, &ladder->block[index - ladder->first]);
    }
}

static void compare_kept(const struct ladder *left, const struct ladder *right, uint64_t index,
                         struct differences *differences)
{
    uint64_t slot = index - left->first;
    *differences = (struct differences){0};
    if (!is_kept(left, index) || !is_kept(right, index)) {
        compare_words(differences, "record", is_kept(left, index) ? "present" : "none",
                      is_kept(right, index) ? "present" : "none");
    } else if (left->level == LEVEL_L0) {
        compare_steps(differences, "", &left->instruction[slot], &right->instruction[slot]);
    } else {
        compare_states(differences, "", &left->block[slot], &right->block[slot]);
    }
}

/*
 * Runs ever smaller windows until one is kept whole; false when the engines stop repeating
 * themselves.
 */
static bool narrow(struct diff *diff, size_t step, enum level level, uint64_t first, uint64_t end)
{
    for (;;) {
        bool keeps = end - first <= RUNG_MAX - 1;
        uint64_t from = keeps && first > 0 ? first - 1 : first; /* the last agreed record is kept too */
        run_window(diff, step, level, from, end);
        if (keeps) {
            return true;
        }
        if (!ladder_compare(&diff->ladder[0][level], &diff->ladder[1][level], &first, &end)) {
            return false;
        }
    }
}

/* The index of the first record of the kept window that differs; false when none does. */
static bool find_kept(struct diff *diff, enum level level, uint64_t *index, struct differences *differences)
{
    const struct ladder *left = &diff->ladder[0][level], *right = &diff->ladder[1][level];
    uint64_t most = left->digest.count > right->digest.count ? left->digest.count : right->digest.count;
    for (*index = left->first; *index < left->first + most; ++*index) {
        compare_kept(left, right, *index, differences);
        if (differences->count > 0) {
            return true;
        }
    }
    return false;
}

/* Finds it in a window; an engine that says less of a run which is not cut short is run whole. */
static bool find_in(struct diff *diff, size_t step, enum level level, uint64_t first, uint64_t end, uint64_t *index)
{
    struct differences kept;
    if (narrow(diff, step, level, first, end) && find_kept(diff, level, index, &kept)) {
        return true;
    }
    diff->uncut = true;
    return narrow(diff, step, level, first, end) && find_kept(diff, level, index, &kept);
}

/* ---- order ------------------------------------------------------------------------------- */

struct tally {
    uint64_t count[2]; /* by level */
};

static void tally_block(void *context, const struct assay_state *entry)
{
    (void)entry;
    ((struct tally *)context)->count[LEVEL_L1]++;
}

static void tally_instruction(void *context, const struct assay_step *record)
{
    (void)record;
    ((struct tally *)context)->count[LEVEL_L0]++;
}

/* How many records of the other level come before record `index`; false when that side has no such record. */
static bool count_before(struct diff *diff, size_t side, size_t step, enum level level, uint64_t index, uint64_t *count)
{
    struct vector_step changed = diff_step(diff, step);
    struct tally tally = {0};
    struct assay_observer observer = {.context = &tally, .block = tally_block, .instruction = tally_instruction};
    uint64_t *until = level == LEVEL_L0 ? &changed.until.instructions : &changed.until.blocks;
    if (*until == 0 || index + 1 < *until) {
        *until = index + 1;
    }
    lab_run(&diff->lab[side], step, &changed, &observer);
    *count = tally.count[level == LEVEL_L0 ? LEVEL_L1 : LEVEL_L0];
    return tally.count[level] == index + 1;
}

/* The same, by whichever side has the record. */
static bool count_before_on_any(struct diff *diff, size_t step, enum level level, uint64_t index, uint64_t *count)
{
    return count_before(diff, 0, step, level, index, count) || count_before(diff, 1, step, level, index, count);
}

/* Whether a side enters the block before it comes to the instruction. */
static bool enters_before(struct diff *diff, size_t step, const uint64_t index[2])
{
    for (size_t side = 0; side < 2; side++) {
        uint64_t instructions;
        if (count_before(diff, side, step, LEVEL_L1, index[LEVEL_L1], &instructions) &&
            instructions <= index[LEVEL_L0]) {
            return true;
        }
    }
    return false;
}

/* Of the first wrong instruction and the first wrong block, which comes first. */
static enum level first_of(struct diff *diff, size_t step, const uint64_t index[2])
{
    uint64_t blocks;
    if (!count_before_on_any(diff, step, LEVEL_L0, index[LEVEL_L0], &blocks) || index[LEVEL_L1] < blocks) {
        return LEVEL_L1;
    }
    return index[LEVEL_L1] == blocks && enters_before(diff, step, index) ? LEVEL_L1 : LEVEL_L0;
}

/* ---- the last record that agrees ---------------------------------------------------------- */

static void write_before(struct diff *diff, enum level level, uint64_t index)
{
    struct text *text = &diff->found.before;
    struct text record = {0};
    write_kept(&record, &diff->ladder[0][level], index);
    if (record.size > 0) {
        text_format(text, "{\"kind\": \"%s\", \"index\": %llu, ", level_key[level], (unsigned long long)index);
        text_raw(text, record.data + 1);
    }
    text_free(&record);
}

/* Of the last instruction and the last block before a place, the later one; both are there. */
static void write_later(struct diff *diff, size_t step, const uint64_t count[2])
{
    uint64_t blocks = 0;
    count_before(diff, 0, step, LEVEL_L0, count[LEVEL_L0] - 1, &blocks);
    enum level level = blocks < count[LEVEL_L1] ? LEVEL_L1 : LEVEL_L0;
    run_window(diff, step, level, count[level] - 1, count[level]);
    write_before(diff, level, count[level] - 1);
}

/* The last record before a place that so many instructions and blocks come before. */
static void write_last(struct diff *diff, size_t step, const uint64_t count[2])
{
    if (count[LEVEL_L0] > 0 && count[LEVEL_L1] > 0) {
        write_later(diff, step, count);
        return;
    }
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        if (count[level] > 0) {
            run_window(diff, step, level, count[level] - 1, count[level]);
            write_before(diff, level, count[level] - 1);
        }
    }
}

void diff_last_record(struct diff *diff, size_t step)
{
    uint64_t count[2] = {0};
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        count[level] = diff_both_have(diff, level) ? diff->ladder[0][level].seen : 0;
    }
    write_last(diff, step, count);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Fills in `found` for record `index` of a level; the window that holds it has just been run. */
static void report_record(struct diff *diff, size_t step, enum level level, uint64_t index)
{
    struct divergence *found = &diff->found;
    uint64_t count[2] = {0};
    found->kind = level == LEVEL_L0 ? DIVERGENCE_INSTRUCTION : DIVERGENCE_BLOCK;
    found->has_index = true;
    found->index = index;
    compare_kept(&diff->ladder[0][level], &diff->ladder[1][level], index, &found->differences);
    write_kept(&found->expected, &diff->ladder[0][level], index);
    write_kept(&found->got, &diff->ladder[1][level], index);
    enum level other = level == LEVEL_L0 ? LEVEL_L1 : LEVEL_L0;
    count[level] = index;
    if (diff_both_have(diff, other) && !count_before_on_any(diff, step, level, index, &count[other])) {
        count[other] = 0;
    }
    write_last(diff, step, count);
}

static void report_unsteady(struct diff *diff)
{
    diff->found.kind = DIVERGENCE_UNSTEADY;
    text_raw(&diff->found.message, "records that differed agree when the engines run again");
}

/* Runs both observed over the whole step. */
static void run_whole(struct diff *diff, size_t step)
{
    struct window window = {.end = {UINT64_MAX, UINT64_MAX}};
    struct vector_step done = diff_step(diff, step);
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        window.has[level] = diff_both_have(diff, level);
    }
    for (size_t side = 0; side < 2; side++) {
        run_side(diff, side, step, &done, &window);
    }
    diff->runs++;
}

bool diff_records(struct diff *diff, size_t step, struct differences *differences)
{
    uint64_t first[2], end[2], index[2];
    bool differs[2] = {false, false};
    diff->uncut = false;
    run_whole(diff, step);
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        if (diff_both_have(diff, level)) {
            differs[level] =
                ladder_compare(&diff->ladder[0][level], &diff->ladder[1][level], &first[level], &end[level]);
            diff->records += diff->ladder[0][level].seen;
        }
    }
    *differences = (struct differences){0};
    lab_compare(&diff->lab[0], &diff->lab[1], differences);
    for (size_t side = 0; side < 2; side++) {
        if (lab_is_failure(diff->lab[side].result)) {
            diff_broken(diff, true, step, side, FLAVOUR_OBSERVED);
            return true;
        }
        diff->flavour[side] = (struct differences){0};
        compare_stops(&diff->flavour[side], &diff->production[side], &diff->lab[side].stop);
    }
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        if (differs[level] && !find_in(diff, step, level, first[level], end[level], &index[level])) {
            report_unsteady(diff);
            return true;
        }
    }
    if (!differs[LEVEL_L0] && !differs[LEVEL_L1]) {
        return false;
    }
    enum level level = differs[LEVEL_L0] ? LEVEL_L0 : LEVEL_L1;
    level = differs[LEVEL_L0] && differs[LEVEL_L1] ? first_of(diff, step, index) : level;
    run_window(diff, step, level, index[level], index[level] + 1);
    report_record(diff, step, level, index[level]);
    return true;
}
