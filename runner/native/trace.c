/* trace: the records of a case on one engine, as JSON lines, and its stops. */
#include "trace.h"
#include "lab.h"
#include "ladder.h"

#include <string.h>

struct trace {
    const struct assay_engine *engine;
    enum level level;
    uint64_t from, count, step;
    bool has_step, has_broken;
    uint64_t seen;
    size_t now; /* the step being run */
    struct text text;
};

static bool is_shown(struct trace *trace, uint64_t *index)
{
    *index = trace->seen++;
    return *index >= trace->from && *index - trace->from < trace->count;
}

static void begin_line(struct trace *trace, uint64_t index)
{
    text_clear(&trace->text);
    text_format(&trace->text, "{\"step\": %zu, \"index\": %llu, \"record\": ", trace->now, (unsigned long long)index);
}

static void on_block(void *context, const struct assay_state *entry)
{
    struct trace *trace = context;
    uint64_t index;
    if (is_shown(trace, &index)) {
        begin_line(trace, index);
        write_state(&trace->text, entry);
        text_raw(&trace->text, "}");
        text_line(&trace->text);
    }
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct trace *trace = context;
    uint64_t index;
    if (is_shown(trace, &index)) {
        begin_line(trace, index);
        write_record(&trace->text, record);
        text_raw(&trace->text, "}");
        text_line(&trace->text);
    }
}

static void trace_step(struct trace *trace, struct lab *lab, size_t step)
{
    struct assay_observer observer = {.context = trace};
    if (trace->level == LEVEL_L0) {
        observer.instruction = on_instruction;
    } else {
        observer.block = on_block;
    }
    trace->seen = 0;
    trace->now = step;
    lab_run(lab, step, NULL, &observer);
    text_clear(&trace->text);
    text_format(&trace->text, "{\"step\": %zu, \"records\": %llu, \"stop\": ", step, (unsigned long long)trace->seen);
    if (lab->result == 0) {
        write_stop(&trace->text, &lab->stop);
    } else {
        text_string(&trace->text, lab->result > 0 ? reject_name(lab->result) : engine_error_name(lab->result));
    }
    text_raw(&trace->text, "}");
    text_line(&trace->text);
    if (lab_is_failure(lab->result) && !trace->has_broken) {
        trace->has_broken = true;
        engine_complain(trace->engine, lab->result);
    }
}

static int trace_machine(struct trace *trace, const struct vector_case *vector)
{
    struct arena arena = {0};
    struct lab lab;
    if (!engine_has(trace->engine, trace->level == LEVEL_L0 ? ASSAY_FEATURE_INSTRUCTIONS : ASSAY_FEATURE_BLOCKS)) {
        complain("trace: the engine gives no such records; try the other --level");
        return CODE_USAGE;
    }
    if (vector->step_count == 0 || (trace->has_step && trace->step >= vector->step_count)) {
        complain("trace: %s has %zu steps; choose one with --step", vector->id, vector->step_count);
        return CODE_USAGE;
    }
    lab_init(&lab, trace->engine, vector, &arena);
    for (size_t i = 0; i < vector->step_count; i++) {
        bool is_asked = !trace->has_step || trace->step == i;
        if (is_asked && vector->step[i].kind != STEP_WRITE) {
            trace_step(trace, &lab, i);
        }
    }
    lab_close(&lab);
    arena_clear(&arena);
    text_free(&trace->text);
    return trace->has_broken ? CODE_DIFFERED : CODE_AGREED;
}

/* ---- the case that was asked for ---------------------------------------------------------- */

struct search {
    const char *id;
    struct trace *trace;
    int code;
    bool found;
};

static bool visit(void *context, const struct vector_item *item)
{
    struct search *search = context;
    bool is_wanted = item->id != NULL && strcmp(item->id, search->id) == 0;
    if (!item->is_readable && (is_wanted || item->id == NULL)) {
        complain("trace: %s: byte %zu: %s", item->file, item->error.offset, item->error.message);
    }
    if (is_wanted && item->is_readable) {
        const struct trace *trace = search->trace;
        search->found = true;
        search->code = item->vector != NULL ? trace_machine(search->trace, item->vector)
                                            : trace_kernel(trace->engine, item->kernel, trace->from, trace->count,
                                                           trace->has_step ? &trace->step : NULL);
    }
    return !search->found;
}

static int trace_files(struct trace *trace, const char *id, char *const *file, size_t file_count)
{
    struct search search = {.id = id, .trace = trace};
    vector_walk(file, file_count, visit, &search);
    if (!search.found) {
        complain("trace: no readable case %s in the files named; ids are area/subject/behaviour", id);
        return CODE_VECTORS;
    }
    return search.code;
}

static int run(int argument_count, char **arguments)
{
    const char *engine = NULL, *timeout = NULL, *id = NULL, *level = NULL, *from = NULL, *count = NULL, *step = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", ENGINE_HELP, &engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--case", "ID", "the case to run", &id, NULL},
        {"--level", "L0|L1", "of the machine: instructions (L0, the default) or blocks", &level, NULL},
        {"--from", "I", "index of the first record of a step to print (0)", &from, NULL},
        {"--count", "N", "how many records of a step to print at most (all)", &count, NULL},
        {"--step", "N", "only this step of the case, counted from 0 (all)", &step, NULL},
    };
    static struct trace trace = {.count = UINT64_MAX};
    int left = options_read(&command_trace, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine == NULL || id == NULL || left == 0) {
        complain("trace: --engine, --case and a file are needed; see assay-native trace --help");
        return CODE_USAGE;
    }
    trace.has_step = step != NULL;
    if (!option_number("--from", from, UINT64_MAX, &trace.from) ||
        !option_number("--count", count, UINT64_MAX, &trace.count) ||
        !option_number("--step", step, UINT32_MAX, &trace.step)) {
        return CODE_USAGE;
    }
    if (level != NULL && strcmp(level, "L0") != 0 && strcmp(level, "L1") != 0) {
        complain("--level %s: must be L0 (instructions) or L1 (blocks)", level);
        return CODE_USAGE;
    }
    trace.level = level != NULL && strcmp(level, "L1") == 0 ? LEVEL_L1 : LEVEL_L0;
    trace.engine = engine_open(engine, timeout);
    if (trace.engine == NULL) {
        return CODE_ENGINE;
    }
    int code = trace_files(&trace, id, arguments, (size_t)left);
    if (!engine_farewell(trace.engine) && code == CODE_AGREED) {
        engine_complain(trace.engine, 0);
        code = CODE_DIFFERED;
    }
    return code;
}

const struct command command_trace = {
    .name = "trace",
    .arguments = "FILE...",
    .summary = "print the records of a case",
    .help = "Prints one JSON line a record, {\"step\", \"index\", \"record\"}, and one after\n"
            "each step, {\"step\", \"records\", \"stop\"}. Records of the kernel are encoded\n"
            "bytes, and its steps end in a \"result\", the opening of a case in one of step null.\n\n"
            "Exit code: 0 done, 1 the engine broke or did not end well after bye, 2 usage, 3 no such\n"
            "case, 4 the engine cannot be loaded, 6 no memory or no output.",
    .run = run,
};
