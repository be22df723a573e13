/*
 * replay: every case of some vector files on one engine, once in production and once observed.
 *
 * A verdict is one JSON line. Before a case runs, its "begin" line is flushed, so that whoever
 * watches knows which case an engine died in and can go on behind it with --from.
 */
#include "replay.h"

#include "id_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_ERROR, VERDICT_BROKEN, VERDICT_INVALID, VERDICT_COUNT };

static const char *const verdict_name[VERDICT_COUNT] = {"pass", "fail", "error", "broken", "invalid"};

struct replay {
    const struct assay_engine *engine;
    bool needs_records;          /* --records */
    bool covers;                 /* --cover */
    bool has_one_flavour;        /* --one-flavour */
    bool selects;                /* --select */
    struct id_set selected, met; /* ids */
    uint64_t from;
    uint64_t deaths_max; /* a program that broke as often is given up */
    uint64_t verdict_count[VERDICT_COUNT];
    uint64_t executed[256]; /* by opcode */
    uint64_t records_skipped;
    bool ended_well;     /* after bye */
    struct text endings; /* what was wrong then, as a member of the last line */
    struct text text;
};

/* Plays the case in production and, where that gives records, observed. */
static enum verdict run_case(struct replay *replay, struct attempt *attempt)
{
    const struct player *player = attempt->item->is_kernel ? &kernel_player : &machine_player;
    attempt->trouble = replay->verdict_count[VERDICT_BROKEN] >= replay->deaths_max ? "not run: the engine was given up"
                                                                                   : player->lacks(attempt);
    if (attempt->trouble != NULL) {
        attempt->cannot = player->lacks(attempt) != NULL;
        return VERDICT_ERROR;
    }
    const char *missing = player->lacks_records(attempt);
    replay->records_skipped += missing != NULL;
    if (missing != NULL && replay->needs_records) {
        attempt->trouble = missing;
        attempt->cannot = true;
        return VERDICT_ERROR;
    }
    bool is_observable = player->is_observable(attempt);
    if (replay->has_one_flavour) {
        is_observable = is_observable && player->has_records(attempt);
    }
    if (!replay->has_one_flavour || !is_observable) {
        player->play(attempt);
    }
    if (attempt->differences.count == 0 && attempt->trouble == NULL && is_observable) {
        attempt->observed = true;
        player->play(attempt);
    }
    if (attempt->differences.count > 0) {
        return VERDICT_FAIL;
    }
    return attempt->broken ? VERDICT_BROKEN : attempt->trouble != NULL ? VERDICT_ERROR : VERDICT_PASS;
}

static void begin_line(struct replay *replay, const struct vector_item *item, const char *key)
{
    text_clear(&replay->text);
    text_format(&replay->text, "{\"%s\": ", key);
    if (item->id == NULL) {
        text_raw(&replay->text, "null");
    } else {
        text_string(&replay->text, item->id);
    }
    text_raw(&replay->text, ", \"file\": ");
    text_string(&replay->text, item->file);
    text_format(&replay->text, ", \"index\": %zu", item->index);
    if (item->is_readable) {
        text_format(&replay->text, ", \"level\": \"%s\"", vector_level(item));
    }
}

static void report(struct replay *replay, const struct vector_item *item, const struct attempt *attempt,
                   enum verdict verdict)
{
    struct text *text = &replay->text;
    replay->verdict_count[verdict]++;
    begin_line(replay, item, "case");
    text_format(text, ", \"verdict\": \"%s\"", verdict_name[verdict]);
    if (verdict == VERDICT_INVALID) {
        text_format(text, ", \"offset\": %zu, \"message\": ", item->error.offset);
        text_string(text, item->error.message);
    } else if (verdict != VERDICT_PASS) {
        text_format(text, ", \"flavour\": \"%s\", \"step\": %zu", attempt->observed ? "observed" : "production",
                    attempt->step);
    }
    if (verdict == VERDICT_ERROR || verdict == VERDICT_BROKEN) {
        text_raw(text, ", \"message\": ");
        text_string(text, attempt->trouble);
        text_raw(text, attempt->cannot ? ", \"cannot\": true" : "");
    }
    if (verdict == VERDICT_FAIL) {
        write_differences(text, &attempt->differences);
    }
    text_raw(text, "}");
    text_line(text);
}

static bool visit(void *context, const struct vector_item *item)
{
    struct replay *replay = context;
    if (item->id != NULL && replay->selects) {
        if (!id_set_has(&replay->selected, item->id)) {
            return true;
        }
        id_set_add(&replay->met, item->id);
    }
    if (item->index < replay->from) {
        return true;
    }
    if (!item->is_readable) {
        report(replay, item, NULL, VERDICT_INVALID);
        return true;
    }
    begin_line(replay, item, "begin");
    text_raw(&replay->text, "}");
    text_line(&replay->text);
    struct attempt *attempt = memory_resize(NULL, sizeof *attempt);
    *attempt = (struct attempt){.engine = replay->engine, .item = item, .executed = replay->executed};
    report(replay, item, attempt, run_case(replay, attempt));
    free(attempt);
    return true;
}

/* A selected id that no file has is a wrong filter. */
static void report_unmet(struct replay *replay)
{
    for (size_t i = 0; i < replay->selected.room; i++) {
        const char *id = replay->selected.slot[i];
        if (id != NULL && !id_set_has(&replay->met, id)) {
            struct vector_item item = {.file = "", .id = id};
            snprintf(item.error.message, sizeof item.error.message, "selected, but in none of the files");
            report(replay, &item, NULL, VERDICT_INVALID);
        }
    }
}

static void finish(struct replay *replay)
{
    struct text *text = &replay->text;
    text_clear(text);
    text_raw(text, "{\"done\": true, \"engine\": ");
    text_string(text, replay->engine->name);
    text_raw(text, ", \"version\": ");
    text_string(text, replay->engine->version);
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        text_format(text, ", \"%s\": %llu", verdict_name[i], (unsigned long long)replay->verdict_count[i]);
    }
    text_raw(text, replay->endings.data);
    if (replay->records_skipped > 0) {
        text_format(text, ", \"records_skipped\": %llu", (unsigned long long)replay->records_skipped);
    }
    if (replay->covers) {
        const char *comma = "";
        text_raw(text, ", \"opcodes\": {");
        for (size_t i = 0; i < 256; i++) {
            if (replay->executed[i] > 0) {
                text_format(text, "%s\"%zu\": %llu", comma, i, (unsigned long long)replay->executed[i]);
                comma = ", ";
            }
        }
        text_raw(text, "}");
    }
    text_raw(text, "}");
    text_line(text);
}

static int code_of(const struct replay *replay)
{
    const uint64_t *count = replay->verdict_count;
    if (count[VERDICT_FAIL] + count[VERDICT_ERROR] + count[VERDICT_BROKEN] > 0 || !replay->ended_well) {
        return CODE_DIFFERED;
    }
    if (count[VERDICT_INVALID] > 0) {
        return CODE_VECTORS;
    }
    return count[VERDICT_PASS] == 0 ? CODE_NOTHING : CODE_AGREED;
}

static int run(int argument_count, char **arguments)
{
    const char *engine = NULL, *timeout = NULL, *selection = NULL, *from = NULL, *records = NULL, *cover = NULL;
    const char *one_flavour = NULL, *deaths = NULL, *no_bye = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", ENGINE_HELP, &engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--select", "FILE", "run only the cases whose ids are in FILE, one a line", &selection, NULL},
        {"--from", "N", "run only cases with an index of at least N", &from, NULL},
        {"--records", NULL, "an engine that cannot give the records a case has is an error", &records, NULL},
        {"--one-flavour", NULL, "what is observed is what runs: a case is played once, observed if it has records",
         &one_flavour, NULL},
        {"--deaths", "N", "give a program up that died, hung or answered garbage N times; 10", &deaths, NULL},
        {"--no-bye", NULL, NO_BYE_HELP, &no_bye, NULL},
        {"--cover", NULL, "add the executed opcodes to the last line", &cover, NULL},
    };
    struct replay replay = {.deaths_max = 10};
    int left = options_read(&command_replay, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine == NULL || left == 0) {
        complain("replay: %s; see assay-native replay --help", engine == NULL ? "--engine is needed" : "no file named");
        return CODE_USAGE;
    }
    if (!option_number("--from", from, UINT64_MAX, &replay.from) ||
        !option_number("--deaths", deaths, UINT64_MAX, &replay.deaths_max)) {
        return CODE_USAGE;
    }
    replay.selects = selection != NULL;
    if (selection != NULL && !id_set_read(&replay.selected, selection)) {
        return CODE_VECTORS;
    }
    replay.needs_records = records != NULL;
    replay.covers = cover != NULL;
    replay.has_one_flavour = one_flavour != NULL;
    replay.engine = engine_open(engine, timeout);
    if (replay.engine == NULL) {
        return CODE_ENGINE;
    }
    vector_walk(arguments, (size_t)left, visit, &replay);
    report_unmet(&replay);
    text_clear(&replay.endings);
    replay.ended_well = no_bye != NULL || engines_farewell(&replay.endings, &replay.engine, 1);
    finish(&replay);
    id_set_free(&replay.selected);
    id_set_free(&replay.met);
    text_free(&replay.text);
    text_free(&replay.endings);
    return code_of(&replay);
}

const struct command command_replay = {
    .name = "replay",
    .arguments = "FILE...",
    .summary = "run the cases of vector files on an engine",
    .help = "Runs each case twice, in production and observed, and compares every stop, every\n"
            "register, every given page and the records that the case has; of the kernel every\n"
            "verdict, result, dump, root and record. Prints JSON lines:\n"
            "{\"begin\": id, ...} before a case, then {\"case\": id, \"verdict\": \"pass\" |\n"
            "\"fail\" | \"error\" | \"broken\" | \"invalid\", ...}, and {\"done\": true, ...} at the end. An\n"
            "unreadable case is \"invalid\", with its byte offset; all others still run.\n\n"
            "Exit code: 0 all pass, 1 some fail or are in error, 2 usage, 3 invalid vectors or\n"
            "selection, 4 the engine cannot be loaded, 5 no case was run, 6 no memory or no\n"
            "output.",
    .run = run,
};
