/*
 * diff: the first record in which two engines differ, of a run of any length, without a stored
 * trace.
 *
 * Production runs are compared first. Then both run observed and keep a ladder of digests; the
 * window between the last rung that agrees and the first that does not is run again with a
 * finer ladder, until it is small enough to keep its records. Where only production code
 * differs there are no records to compare, and the budget of gas is bisected instead: gas is
 * the clock.
 */
#define _POSIX_C_SOURCE 200809L

#include "lab.h"
#include "ladder.h"
#include "measure.h"

#include <stdio.h>
#include <string.h>

struct diff {
    const struct assay_engine *engine[2];
    bool has_step, has_level;
    uint64_t step;
    enum level level;
    struct arena arena;
    struct lab lab[2];
    struct ladder ladder[2];
    struct assay_stop production[2];
    const struct vector_case *vector;
    uint64_t records, rounds;
    struct text text;
    struct differences flavour[2]; /* production against observed of the same engine */
};

static const char *const level_name[] = {"L0", "L1"};

/* Runs the step in production on both sides and compares. */
static void run_production(struct diff *diff, size_t step, const struct vector_step *changed,
                           struct differences *differences)
{
    for (size_t i = 0; i < 2; i++) {
        lab_run(&diff->lab[i], step, changed, NULL);
    }
    diff->rounds++;
    *differences = (struct differences){0};
    lab_compare(&diff->lab[0], &diff->lab[1], differences);
}

/* Runs the step observed on both sides, records [first, end). */
static void run_window(struct diff *diff, size_t step, uint64_t first, uint64_t end)
{
    struct vector_step changed = diff->vector->step[step];
    uint64_t *until = diff->level == LEVEL_L0 ? &changed.until.instructions : &changed.until.blocks;
    if (end != UINT64_MAX && (*until == 0 || end < *until)) {
        *until = end;
    }
    for (size_t i = 0; i < 2; i++) {
        ladder_start(&diff->ladder[i], diff->level, first, end);
        struct assay_observer observer = ladder_observer(&diff->ladder[i]);
        lab_run(&diff->lab[i], step, &changed, &observer);
    }
    diff->rounds++;
}

static void write_kept(struct text *text, const struct ladder *ladder, uint64_t index)
{
    uint64_t slot = index - ladder->first;
    if (index < ladder->first || slot >= ladder->digest.count) {
        text_raw(text, "null");
    } else if (ladder->level == LEVEL_L0) {
        write_record(text, &ladder->instruction[slot]);
    } else {
        write_state(text, &ladder->block[slot]);
    }
}

static void compare_kept(const struct ladder *left, const struct ladder *right, uint64_t index,
                         struct differences *differences)
{
    uint64_t slot = index - left->first;
    *differences = (struct differences){0};
    if (slot >= left->digest.count || slot >= right->digest.count) {
        compare_words(differences, "record", slot < left->digest.count ? "present" : "none",
                      slot < right->digest.count ? "present" : "none");
    } else if (left->level == LEVEL_L0) {
        compare_steps(differences, "", &left->instruction[slot], &right->instruction[slot]);
    } else {
        compare_states(differences, "", &left->block[slot], &right->block[slot]);
    }
}

static void begin_report(struct diff *diff, size_t step, const char *kind)
{
    text_clear(&diff->text);
    text_raw(&diff->text, "{\"case\": ");
    text_string(&diff->text, diff->vector->id);
    text_format(&diff->text, ", \"step\": %zu, \"divergence\": {\"kind\": \"%s\"", step, kind);
}

/*
 * Runs ever smaller windows until one is kept whole; false when the engines stop repeating
 * themselves.
 */
static bool narrow(struct diff *diff, size_t step, uint64_t first, uint64_t end)
{
    for (;;) {
        bool keeps = end - first <= RUNG_MAX - 1;
        uint64_t from = keeps && first > 0 ? first - 1 : first; /* the last agreed record is shown too */
        run_window(diff, step, from, end);
        if (keeps) {
            return true;
        }
        if (!ladder_compare(&diff->ladder[0], &diff->ladder[1], &first, &end)) {
            return false;
        }
    }
}

static void report_end(struct diff *diff, size_t step, const char *kind, const struct differences *differences)
{
    begin_report(diff, step, kind);
    text_format(&diff->text, ", \"level\": \"%s\", \"index\": %llu", level_name[diff->level],
                (unsigned long long)diff->records);
    write_differences(&diff->text, differences);
    text_raw(&diff->text, "}");
}

static void report_record(struct diff *diff, size_t step, uint64_t first, uint64_t end)
{
    struct text *text = &diff->text;
    const struct ladder *left = &diff->ladder[0], *right = &diff->ladder[1];
    struct differences differences = {0};
    if (!narrow(diff, step, first, end)) {
        report_end(diff, step, "unsteady", &differences);
        return;
    }
    uint64_t index = left->first;
    uint64_t most = left->digest.count > right->digest.count ? left->digest.count : right->digest.count;
    for (; index < left->first + most; index++) {
        compare_kept(left, right, index, &differences);
        if (differences.count > 0) {
            break;
        }
    }
    begin_report(diff, step, "record");
    text_format(text, ", \"level\": \"%s\", \"index\": %llu, \"last_agreed\": ", level_name[diff->level],
                (unsigned long long)index);
    if (index == 0) {
        text_raw(text, "null");
    } else {
        write_kept(text, left, index - 1);
    }
    text_raw(text, ", \"expected\": ");
    write_kept(text, left, index);
    text_raw(text, ", \"got\": ");
    write_kept(text, right, index);
    write_differences(text, &differences);
    text_raw(text, "}");
}

/* The budget with which the step surely shows its difference: what it used, if that is enough. */
static uint64_t enough_gas(struct diff *diff, size_t step)
{
    struct vector_step changed = diff->vector->step[step];
    struct differences differences;
    uint64_t all = changed.state.gas, used = 0;
    for (size_t i = 0; i < 2; i++) {
        uint64_t left = diff->production[i].state.gas;
        used = left <= all && all - left > used ? all - left : used;
    }
    changed.state.gas = used;
    run_production(diff, step, &changed, &differences);
    return differences.count > 0 ? used : all;
}

/*
 * Production code differs and the observed code does not: the least budget of gas with which it
 * shows.
 */
static void report_gas(struct diff *diff, size_t step)
{
    struct vector_step changed = diff->vector->step[step];
    struct differences differences;
    struct text *text = &diff->text;
    uint64_t agreed = 0, differs = enough_gas(diff, step);
    while (differs - agreed > 1) {
        changed.state.gas = agreed + (differs - agreed) / 2;
        run_production(diff, step, &changed, &differences);
        if (differences.count == 0) {
            agreed = changed.state.gas;
        } else {
            differs = changed.state.gas;
        }
    }
    changed.state.gas = agreed;
    run_production(diff, step, &changed, &differences);
    struct assay_stop last = diff->lab[0].stop;
    if (differences.count == 0) {
        changed.state.gas = differs;
        run_production(diff, step, &changed, &differences);
    }
    begin_report(diff, step, "gas");
    text_raw(text, ", \"gas\": ");
    text_hex(text, changed.state.gas);
    text_raw(text, ", \"last_agreed\": ");
    if (changed.state.gas == agreed) { /* it differs with no gas at all */
        text_raw(text, "null");
    } else {
        write_stop(text, &last);
    }
    text_raw(text, ", \"expected\": ");
    write_stop(text, &diff->lab[0].stop);
    text_raw(text, ", \"got\": ");
    write_stop(text, &diff->lab[1].stop);
    write_differences(text, &differences);
    text_raw(text, "}");
}

/* Runs both observed over the whole step; true when a record differs, and then reports it. */
static bool compare_level(struct diff *diff, size_t step, struct differences *differences)
{
    uint64_t first, end;
    run_window(diff, step, 0, UINT64_MAX);
    diff->records = diff->ladder[0].seen;
    for (size_t i = 0; i < 2; i++) {
        diff->flavour[i] = (struct differences){0};
        compare_stops(&diff->flavour[i], &diff->production[i], &diff->lab[i].stop);
    }
    *differences = (struct differences){0};
    lab_compare(&diff->lab[0], &diff->lab[1], differences);
    if (!ladder_compare(&diff->ladder[0], &diff->ladder[1], &first, &end)) {
        return false;
    }
    report_record(diff, step, first, end);
    return true;
}

static bool both_have(const struct diff *diff, enum level level)
{
    uint64_t feature = level == LEVEL_L0 ? ASSAY_FEATURE_INSTRUCTIONS : ASSAY_FEATURE_BLOCKS;
    return engine_has(diff->engine[0], feature) && engine_has(diff->engine[1], feature);
}

/* True when the step differs in any way; then the report is begun. */
static bool diff_step(struct diff *diff, size_t step)
{
    struct differences production, observed = {0};
    run_production(diff, step, NULL, &production);
    diff->production[0] = diff->lab[0].stop;
    diff->production[1] = diff->lab[1].stop;
    if (diff->lab[0].result != 0 || diff->lab[1].result != 0) {
        if (production.count > 0) {
            report_end(diff, step, "result", &production);
        }
        return production.count > 0;
    }
    for (enum level level = LEVEL_L0; level <= LEVEL_L1; level++) {
        bool is_asked = !diff->has_level || diff->level == level;
        if (!is_asked || !both_have(diff, level)) {
            continue;
        }
        enum level asked = diff->level;
        diff->level = level;
        if (compare_level(diff, step, &observed)) {
            return true;
        }
        if (observed.count > 0) {
            report_end(diff, step, "stop", &observed);
            return true;
        }
        diff->level = asked;
    }
    if (production.count > 0) {
        report_gas(diff, step);
    }
    return production.count > 0;
}

static void finish(struct diff *diff, double seconds)
{
    struct text *text = &diff->text;
    text_raw(text, ", \"engines\": [");
    for (size_t i = 0; i < 2; i++) {
        text_raw(text, i == 0 ? "" : ", ");
        text_string(text, diff->engine[i]->name);
    }
    text_raw(text, "], \"stops\": [");
    write_stop(text, &diff->production[0]);
    text_raw(text, ", ");
    write_stop(text, &diff->production[1]);
    text_raw(text, "], \"flavours_differ\": [");
    const char *comma = "";
    for (size_t i = 0; i < 2; i++) {
        if (diff->flavour[i].count > 0) {
            text_raw(text, comma);
            text_string(text, diff->engine[i]->name);
            comma = ", ";
        }
    }
    text_format(text, "], \"records\": %llu, \"rounds\": %llu, \"seconds\": %.3f}", (unsigned long long)diff->records,
                (unsigned long long)diff->rounds, seconds);
    text_line(text);
}

static int diff_case(void *context, const struct vector_case *vector)
{
    struct diff *diff = context;
    double started = seconds_now();
    bool found = false;
    diff->vector = vector;
    if (vector->step_count == 0 || (diff->has_step && diff->step >= vector->step_count)) {
        complain("diff: %s has %zu steps; choose one with --step", vector->id, vector->step_count);
        return CODE_USAGE;
    }
    for (size_t i = 0; i < 2; i++) {
        lab_init(&diff->lab[i], diff->engine[i], vector, &diff->arena);
    }
    for (size_t step = 0; step < vector->step_count && !found; step++) {
        bool is_asked = !diff->has_step || diff->step == step;
        if (is_asked && vector->step[step].kind != STEP_WRITE) {
            found = diff_step(diff, step);
        }
    }
    if (!found) {
        text_clear(&diff->text);
        text_raw(&diff->text, "{\"case\": ");
        text_string(&diff->text, vector->id);
        text_raw(&diff->text, ", \"divergence\": null");
    }
    finish(diff, seconds_now() - started);
    for (size_t i = 0; i < 2; i++) {
        lab_close(&diff->lab[i]);
        ladder_free(&diff->ladder[i]);
    }
    arena_clear(&diff->arena);
    text_free(&diff->text);
    return found ? CODE_DIFFERED : CODE_AGREED;
}

static bool read_level(const char *name, struct diff *diff)
{
    diff->has_level = name != NULL;
    if (name != NULL && strcmp(name, "L0") != 0 && strcmp(name, "L1") != 0) {
        complain("--level %s: must be L0 (instructions) or L1 (blocks)", name);
        return false;
    }
    diff->level = name != NULL && strcmp(name, "L1") == 0 ? LEVEL_L1 : LEVEL_L0;
    return true;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[2] = {NULL, NULL}, *timeout = NULL, *id = NULL, *level = NULL, *step = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", "an engine; given twice, the first one's records are \"expected\"", engine, engine + 2},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--case", "ID", "the case to run", &id, NULL},
        {"--level", "L0|L1", "compare instructions or blocks only (both, instructions first)", &level, NULL},
        {"--step", "N", "only this step of the case, counted from 0 (the first that differs)", &step, NULL},
    };
    static struct diff diff;
    int left = options_read(&command_diff, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine[1] == NULL || id == NULL || left == 0) {
        complain("diff: --engine twice, --case and a file are needed; see assay-native diff --help");
        return CODE_USAGE;
    }
    diff.has_step = step != NULL;
    if (!option_number("--step", step, UINT32_MAX, &diff.step) || !read_level(level, &diff)) {
        return CODE_USAGE;
    }
    diff.engine[0] = engine_open(engine[0], timeout);
    diff.engine[1] = diff.engine[0] == NULL ? NULL : engine_open(engine[1], timeout);
    if (diff.engine[1] == NULL) {
        return CODE_ENGINE;
    }
    if (diff.has_level && !both_have(&diff, diff.level)) {
        complain("diff: an engine lacks the records of %s", level_name[diff.level]);
        return CODE_USAGE;
    }
    return lab_with_case("diff", id, arguments, (size_t)left, diff_case, &diff);
}

const struct command command_diff = {
    .name = "diff",
    .arguments = "FILE...",
    .summary = "find the first record in which two engines differ",
    .help = "Prints one JSON object. \"divergence\" is null, or has a \"kind\": \"record\"\n"
            "(with level, index, the last agreed record, and the record of each engine),\n"
            "\"stop\" (all records agree, the end does not), \"gas\" (only production code\n"
            "differs: the least budget of gas with which it does), \"result\" (an engine\n"
            "refuses) or \"unsteady\" (an engine does not do the same twice).\n"
            "\"flavours_differ\" names engines whose observed code stops otherwise than their\n"
            "production code. Runs of any length: at most 4,096 digests an engine are kept, and\n"
            "the run is repeated.\n\n"
            "Exit code: 0 no divergence, 1 one was found, 2 usage, 3 no such case, 4 an engine\n"
            "cannot be loaded, 6 no memory or no output.",
    .run = run,
};
