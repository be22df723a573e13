/*
 * diff: the first difference of two engines on cases of vector files, one JSON line a case.
 */
#include "diff_kernel.h"
#include "diff_machine.h"
#include "id_set.h"
#include "measure.h"

#include <stdio.h>
#include <string.h>

enum { CASE_MAX = 64 };

/* All cases that are asked for. */
struct survey {
    const struct assay_engine *engine[2];
    struct id_set asked, met;
    bool has_step, has_level, says_no_bye;
    uint64_t step;
    enum level level;
    uint64_t cases, divergences, unread;
    struct text text;
};

/* ---- lines --------------------------------------------------------------------------------- */

static void write_engines(struct text *text, const struct assay_engine *const engine[2])
{
    text_raw(text, ", \"engines\": [");
    text_string(text, engine[0]->name);
    text_raw(text, ", ");
    text_string(text, engine[1]->name);
    text_raw(text, "]");
}

/* What is known of cases of the machine only. */
static void write_machine(struct text *text, const struct diff *diff)
{
    const char *comma = "";
    text_raw(text, ", \"stops\": ");
    if (diff->has_stops) {
        text_raw(text, "[");
        write_stop(text, &diff->production[0]);
        text_raw(text, ", ");
        write_stop(text, &diff->production[1]);
        text_raw(text, "]");
    } else {
        text_raw(text, "null");
    }
    text_raw(text, ", \"flavours_differ\": [");
    for (size_t i = 0; i < 2; i++) {
        if (diff->flavour[i].count > 0) {
            text_raw(text, comma);
            text_string(text, diff->engine[i]->name);
            comma = ", ";
        }
    }
    text_raw(text, "]");
}

static void write_line(struct survey *survey, const struct vector_item *item, const struct diff *diff, double seconds)
{
    static const char *const flavour[] = {
        [FLAVOUR_PRODUCTION] = "production", [FLAVOUR_OBSERVED] = "observed", [FLAVOUR_BOTH] = "both"};
    const struct divergence *found = &diff->found;
    struct text *text = &survey->text;
    text_clear(text);
    text_raw(text, "{\"case\": ");
    text_string(text, item->id);
    text_format(text, ", \"level\": \"%s\"", vector_level(item));
    if (found->kind != DIVERGENCE_NONE && found->has_step) {
        text_format(text, ", \"step\": %zu", found->step);
    } else {
        text_raw(text, ", \"step\": null");
    }
    if (found->kind != DIVERGENCE_NONE) {
        text_format(text, ", \"flavour\": \"%s\"", flavour[found->flavours]);
    } else {
        text_raw(text, ", \"flavour\": null");
    }
    text_raw(text, ", ");
    divergence_write(text, found);
    write_engines(text, survey->engine);
    if (item->vector != NULL) {
        write_machine(text, diff);
    }
    text_format(text, ", \"unseen\": [%s], \"records\": %llu, \"runs\": %llu, \"seconds\": %.3f}",
                diff->unseen.size == 0 ? "" : diff->unseen.data, (unsigned long long)diff->records,
                (unsigned long long)diff->runs, seconds);
    text_line(text);
}

/* ---- cases --------------------------------------------------------------------------------- */

static void compare_case(struct survey *survey, const struct vector_item *item)
{
    static struct diff diff;
    double started = seconds_now();
    memset(&diff, 0, sizeof diff);
    diff.engine[0] = survey->engine[0];
    diff.engine[1] = survey->engine[1];
    diff.has_step = survey->has_step;
    diff.asked_step = survey->step;
    diff.has_level = survey->has_level;
    diff.asked_level = survey->level;
    if (item->vector != NULL) {
        diff_machine(&diff, item->vector);
    } else {
        diff_kernel(&diff, item->kernel);
    }
    survey->cases++;
    survey->divergences += diff.found.kind != DIVERGENCE_NONE;
    write_line(survey, item, &diff, seconds_now() - started);
    divergence_clear(&diff.found);
    text_free(&diff.unseen);
    arena_clear(&diff.arena);
}

static void report_unread(struct survey *survey, const struct vector_item *item)
{
    struct text *text = &survey->text;
    survey->unread++;
    text_clear(text);
    text_raw(text, "{\"case\": ");
    if (item->id == NULL) {
        text_raw(text, "null");
    } else {
        text_string(text, item->id);
    }
    text_raw(text, ", \"file\": ");
    text_string(text, item->file);
    text_format(text, ", \"verdict\": \"invalid\", \"offset\": %zu, \"message\": ", item->error.offset);
    text_string(text, item->error.message);
    text_raw(text, "}");
    text_line(text);
}

static bool visit(void *context, const struct vector_item *item)
{
    struct survey *survey = context;
    if (item->id != NULL && !id_set_has(&survey->asked, item->id)) {
        return true;
    }
    if (item->id != NULL) {
        id_set_add(&survey->met, item->id);
    }
    if (item->is_readable) {
        compare_case(survey, item);
    } else {
        report_unread(survey, item);
    }
    return survey->unread > 0 || survey->met.count < survey->asked.count;
}

static void report_unmet(struct survey *survey)
{
    for (size_t i = 0; i < survey->asked.room; i++) {
        const char *id = survey->asked.slot[i];
        if (id != NULL && !id_set_has(&survey->met, id)) {
            struct vector_item item = {.file = "", .id = id};
            snprintf(item.error.message, sizeof item.error.message, "asked for, but in none of the files");
            report_unread(survey, &item);
        }
    }
}

static int finish(struct survey *survey, double seconds)
{
    struct text *text = &survey->text;
    text_clear(text);
    text_raw(text, "{\"done\": true");
    write_engines(text, survey->engine);
    text_format(text, ", \"cases\": %llu, \"divergences\": %llu, \"invalid\": %llu, \"seconds\": %.3f",
                (unsigned long long)survey->cases, (unsigned long long)survey->divergences,
                (unsigned long long)survey->unread, seconds);
    bool ended_well = survey->says_no_bye || engines_farewell(text, survey->engine, 2);
    text_raw(text, "}");
    text_line(text);
    text_free(text);
    if (survey->divergences > 0 || !ended_well) {
        return CODE_DIFFERED;
    }
    return survey->unread > 0 ? CODE_VECTORS : survey->cases == 0 ? CODE_NOTHING : CODE_AGREED;
}

/* ---- the command --------------------------------------------------------------------------- */

static bool read_level(const char *name, struct survey *survey)
{
    survey->has_level = name != NULL;
    if (name != NULL && strcmp(name, "L0") != 0 && strcmp(name, "L1") != 0) {
        complain("--level %s: must be L0 (instructions) or L1 (blocks)", name);
        return false;
    }
    survey->level = name != NULL && strcmp(name, "L1") == 0 ? LEVEL_L1 : LEVEL_L0;
    return true;
}

/* A timeout given once is for both. */
static bool open_engines(struct survey *survey, const char *const spec[2], const char *const timeout[2])
{
    for (size_t i = 0; i < 2; i++) {
        survey->engine[i] = engine_open(spec[i], timeout[i] != NULL ? timeout[i] : timeout[0]);
        if (survey->engine[i] == NULL) {
            return false;
        }
    }
    return true;
}

static bool has_level(const struct survey *survey)
{
    for (size_t i = 0; i < 2 && survey->has_level; i++) {
        if (!diff_has_level(survey->engine[i], survey->level)) {
            complain("diff: the engine %s lacks the records of this level; leave --level out, and what can be seen "
                     "is compared",
                     survey->engine[i]->name);
            return false;
        }
    }
    return true;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[2] = {NULL, NULL}, *id[CASE_MAX] = {NULL};
    const char *timeout[2] = {NULL}, *selection = NULL, *level = NULL, *step = NULL, *no_bye = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", "an engine; given twice, the first one's records are \"expected\"", engine, engine + 2},
        {"--timeout", "SECONDS", TIMEOUT_HELP "; given twice, the second is for the second engine", timeout,
         timeout + 2},
        {"--case", "ID", "a case to run; may be repeated", id, id + CASE_MAX},
        {"--select", "FILE", "run the cases whose ids are in FILE, one a line", &selection, NULL},
        {"--level", "L0|L1", "compare instructions or blocks only (both)", &level, NULL},
        {"--step", "N", "only this step of the case, counted from 0 (the first that differs)", &step, NULL},
        {"--no-bye", NULL, NO_BYE_HELP, &no_bye, NULL},
    };
    struct survey survey = {.has_step = false};
    int left = options_read(&command_diff, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine[1] == NULL || (id[0] == NULL && selection == NULL) || left == 0) {
        complain("diff: --engine twice, --case or --select, and a file are needed; see assay-native diff --help");
        return CODE_USAGE;
    }
    survey.has_step = step != NULL;
    survey.says_no_bye = no_bye != NULL;
    if (!option_number("--step", step, UINT32_MAX, &survey.step) || !read_level(level, &survey)) {
        return CODE_USAGE;
    }
    for (size_t i = 0; i < CASE_MAX && id[i] != NULL; i++) {
        id_set_add(&survey.asked, id[i]);
    }
    if (selection != NULL && !id_set_read(&survey.asked, selection)) {
        return CODE_VECTORS;
    }
    if (!open_engines(&survey, engine, timeout)) {
        return CODE_ENGINE;
    }
    if (!has_level(&survey)) {
        return CODE_USAGE;
    }
    double started = seconds_now();
    vector_walk(arguments, (size_t)left, visit, &survey);
    report_unmet(&survey);
    id_set_free(&survey.asked);
    id_set_free(&survey.met);
    return finish(&survey, seconds_now() - started);
}

const struct command command_diff = {
    .name = "diff",
    .arguments = "FILE...",
    .summary = "find the first difference of two engines",
    .help = "Prints one JSON line a case, and {\"done\": true, ...} at the end. \"divergence\" is null, or\n"
            "has a \"kind\": \"instruction\", \"block\" or \"event\" (the first record that differs),\n"
            "\"stop\" or \"memory\" (all records agree, the end does not), \"gas\" (no record shows it:\n"
            "the least budget of gas with which it shows), \"result\" (one side refuses, or a result of\n"
            "the kernel differs), \"dump\", \"state\", \"root\", \"load\", \"broken\" (an engine died,\n"
            "hung or answered garbage) or \"unsteady\" (an engine does not do the same twice).\n"
            "\"before\" is the last record or stop that both share; \"flavours_differ\" names engines\n"
            "whose observed code stops otherwise than their production code; \"unseen\" names what\n"
            "could not be compared, as an engine gives no such records. runner/native/README.md has all.\n\n"
            "Exit code: 0 they agree, 1 they differ, 2 usage, 3 no such case, 4 an engine cannot be\n"
            "loaded, 5 no case was run, 6 no memory or no output.",
    .run = run,
};
