/*
 * replay: every case of some vector files on one engine, once in production and once observed.
 *
 * A verdict is one JSON line. Before a case runs, its "begin" line is flushed, so that whoever
 * watches knows which case an engine died in and can go on behind it with --from.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_ERROR, VERDICT_BROKEN, VERDICT_INVALID, VERDICT_COUNT };

static const char *const verdict_name[VERDICT_COUNT] = {"pass", "fail", "error", "broken", "invalid"};

struct replay {
    const struct assay_engine *engine;
    bool needs_records; /* --records */
    bool covers;        /* --cover */
    bool selects;       /* --select */
    struct id_set selected, met;
    uint64_t from;
    uint64_t verdict_count[VERDICT_COUNT];
    uint64_t executed[256]; /* by opcode */
    uint64_t records_skipped;
    struct text text;
};

/* One case on one engine. */
struct attempt {
    struct replay *replay;
    const struct vector_case *vector;
    bool observed;
    size_t step;
    struct differences differences;
    const char *trouble; /* of the harness or the host: verdict error */
    bool broken;         /* the trouble is that a program died, hung or answered garbage: verdict broken */
    const struct vector_step *expected;
    uint64_t blocks, instructions; /* records of this step so far */
    bool blocks_differ, instructions_differ;
    struct code_view code;
};

static void on_block(void *context, const struct assay_state *entry)
{
    struct attempt *attempt = context;
    const struct vector_step *step = attempt->expected;
    uint64_t i = attempt->blocks++;
    if (step->has_blocks && !attempt->blocks_differ && i < step->block_count) {
        char prefix[40];
        size_t before = attempt->differences.count;
        snprintf(prefix, sizeof prefix, "blocks[%llu].", (unsigned long long)i);
        compare_states(&attempt->differences, prefix, &step->block[i], entry);
        attempt->blocks_differ = attempt->differences.count != before;
    }
}

static void on_instruction(void *context, const struct assay_step *record)
{
    struct attempt *attempt = context;
    const struct vector_step *step = attempt->expected;
    uint64_t i = attempt->instructions++;
    if (record->pc < attempt->code.code_size) {
        attempt->replay->executed[attempt->code.code[record->pc]]++;
    }
    if (step->has_instructions && !attempt->instructions_differ && i < step->instruction_count) {
        char prefix[40];
        size_t before = attempt->differences.count;
        snprintf(prefix, sizeof prefix, "instructions[%llu].", (unsigned long long)i);
        compare_steps(&attempt->differences, prefix, &step->instruction[i], record);
        attempt->instructions_differ = attempt->differences.count != before;
    }
}

/*
 * An instruction that ends in a trap, panic or fault has no record; it was executed all the
 * same.
 */
static void cover_exit(struct attempt *attempt, const struct assay_stop *stop)
{
    bool is_inside =
        stop->exit == ASSAY_EXIT_TRAP || stop->exit == ASSAY_EXIT_PANIC || stop->exit == ASSAY_EXIT_PAGE_FAULT;
    if (is_inside && code_is_executable(&attempt->code, stop->state.pc)) {
        attempt->replay->executed[attempt->code.code[stop->state.pc]]++;
    }
}

/* Keeps what a negative result that no case can expect means; false when it is none. */
static bool is_trouble(struct attempt *attempt, int result)
{
    if (result >= 0 || result == ASSAY_ERROR_ARGUMENT) {
        return false;
    }
    const char *trouble = engine_trouble(attempt->replay->engine);
    attempt->trouble = trouble != NULL ? trouble : engine_error_name(result);
    attempt->broken = engine_is_broken(result);
    return true;
}

static void observe(struct attempt *attempt, struct assay_machine *machine)
{
    const struct assay_engine *engine = attempt->replay->engine;
    struct assay_observer observer = {.context = attempt};
    if (engine_has(engine, ASSAY_FEATURE_BLOCKS)) {
        observer.block = on_block;
    }
    if (engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS)) {
        observer.instruction = on_instruction;
    }
    int result = engine->machine->observe(machine, &observer);
    if (!is_trouble(attempt, result) && result != 0) {
        attempt->trouble = engine_error_name(result);
    }
}

static void compare_record_counts(struct attempt *attempt, const struct vector_step *step)
{
    const struct replay *replay = attempt->replay;
    if (step->has_blocks && engine_has(replay->engine, ASSAY_FEATURE_BLOCKS)) {
        compare_counts(&attempt->differences, "blocks", step->block_count, attempt->blocks);
    }
    if (step->has_instructions && engine_has(replay->engine, ASSAY_FEATURE_INSTRUCTIONS)) {
        compare_counts(&attempt->differences, "instructions", step->instruction_count, attempt->instructions);
    }
}

static const char *result_name(int result)
{
    return result == 0 ? "done" : engine_error_name(result);
}

/* One run or resume; `image` is what memory must be and is brought up to date. */
static void run_step(struct attempt *attempt, struct assay_machine *machine, const struct vector_step *step,
                     uint8_t *image)
{
    struct assay_stop stop;
    attempt->expected = step;
    attempt->blocks = attempt->instructions = 0;
    attempt->blocks_differ = attempt->instructions_differ = false;
    int result = step_execute(attempt->replay->engine, machine, step, &stop);
    if (is_trouble(attempt, result)) {
        return;
    }
    compare_words(&attempt->differences, step->kind == STEP_RUN ? "run" : "resume", step->refused ? "refused" : "done",
                  result_name(result));
    if (result != 0 || step->refused) {
        return;
    }
    compare_stops(&attempt->differences, &step->stop, &stop);
    for (size_t i = 0; i < step->memory_count; i++) {
        image_apply(&attempt->vector->program, image, &step->memory[i]);
    }
    if (attempt->observed) {
        compare_record_counts(attempt, step);
        cover_exit(attempt, &stop);
    }
}

static void write_memory(struct attempt *attempt, struct assay_machine *machine, const struct vector_step *step,
                         uint8_t *image)
{
    const struct memory_run *run = &step->write;
    int result = attempt->replay->engine->machine->write(machine, run->address, run->data.data, run->data.size);
    if (is_trouble(attempt, result)) {
        return;
    }
    compare_words(&attempt->differences, "write", "done", result_name(result));
    image_apply(&attempt->vector->program, image, run);
}

static void run_steps(struct attempt *attempt, struct assay_machine *machine, uint8_t *image, uint8_t *got)
{
    const struct vector_case *vector = attempt->vector;
    for (size_t i = 0; i < vector->step_count && attempt->trouble == NULL; i++) {
        const struct vector_step *step = &vector->step[i];
        attempt->step = i;
        if (step->kind == STEP_WRITE) {
            write_memory(attempt, machine, step, image);
        } else {
            run_step(attempt, machine, step, image);
        }
        if (attempt->trouble != NULL) {
            return;
        }
        int result = image_read(attempt->replay->engine, machine, &vector->program, got);
        if (is_trouble(attempt, result)) {
            return;
        }
        compare_words(&attempt->differences, "read", "done", result_name(result));
        if (result == 0) {
            compare_images(&attempt->differences, &vector->program, image, got);
        }
        if (attempt->differences.count > 0) {
            return;
        }
    }
}

static const char *load_name(int load)
{
    const char *name = reject_name(load);
    if (load == LOAD_ADMITTED) {
        return "admitted";
    }
    return name != NULL ? name : engine_error_name(load);
}

static void run_flavour(struct attempt *attempt)
{
    const struct assay_machine_level *level = attempt->replay->engine->machine;
    const struct vector_case *vector = attempt->vector;
    struct assay_machine *machine = NULL;
    int load = level->load(&vector->program, &machine);
    if (is_trouble(attempt, load)) {
        return;
    }
    compare_words(&attempt->differences, "load", load_name(vector->load), load_name(load));
    if (load == LOAD_ADMITTED && vector->load == LOAD_ADMITTED) {
        uint8_t *image = memory_resize(NULL, 2 * image_size(&vector->program));
        image_start(&vector->program, image);
        if (attempt->observed) {
            code_view(vector->program.blob, vector->program.blob_size, &attempt->code);
            observe(attempt, machine);
        }
        run_steps(attempt, machine, image, image + image_size(&vector->program));
        free(image);
    }
    if (load == LOAD_ADMITTED) {
        level->unload(machine);
    }
}

/* A vector with records needs an engine that has them; without --records that is only counted. */
static const char *missing_feature(const struct replay *replay, const struct vector_case *vector)
{
    for (size_t i = 0; i < vector->step_count; i++) {
        if (vector->step[i].has_blocks && !engine_has(replay->engine, ASSAY_FEATURE_BLOCKS)) {
            return "the case has L1 records and the engine has not got the feature blocks";
        }
        if (vector->step[i].has_instructions && !engine_has(replay->engine, ASSAY_FEATURE_INSTRUCTIONS)) {
            return "the case has L0 records and the engine has not got the feature instructions";
        }
    }
    return NULL;
}

static enum verdict run_case(struct replay *replay, struct attempt *attempt)
{
    const char *missing = missing_feature(replay, attempt->vector);
    replay->records_skipped += missing != NULL;
    if (missing != NULL && replay->needs_records) {
        attempt->trouble = missing;
        return VERDICT_ERROR;
    }
    run_flavour(attempt);
    if (attempt->differences.count == 0 && attempt->trouble == NULL && replay->engine->features != 0) {
        attempt->observed = true;
        run_flavour(attempt);
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
    if (item->index < replay->from || (item->is_kernel && item->vector != NULL)) {
        return true; /* cases of the kernel are played through `serve` */
    }
    if (item->vector == NULL) {
        report(replay, item, NULL, VERDICT_INVALID);
        return true;
    }
    begin_line(replay, item, "begin");
    text_raw(&replay->text, "}");
    text_line(&replay->text);
    struct attempt *attempt = memory_resize(NULL, sizeof *attempt);
    *attempt = (struct attempt){.replay = replay, .vector = item->vector};
    report(replay, item, attempt, run_case(replay, attempt));
    free(attempt);
    return true;
}

/* Reads one id a line; false after a complaint. */
static bool read_selection(struct replay *replay, const char *path)
{
    struct bytes content;
    struct json_error error;
    if (!vector_read_file(path, &content, &error)) {
        complain("selection %s: %s", path, error.message);
        return false;
    }
    replay->selects = true;
    for (size_t start = 0; start < content.size;) {
        const uint8_t *newline = memchr(content.data + start, '\n', content.size - start);
        size_t end = newline == NULL ? content.size : (size_t)(newline - content.data);
        char *id = memory_resize(NULL, end - start + 1);
        memcpy(id, content.data + start, end - start);
        id[end - start] = '\0';
        if (id[0] != '\0') {
            id_set_add(&replay->selected, id);
        }
        free(id);
        start = end + 1;
    }
    free(content.data);
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
    if (count[VERDICT_FAIL] + count[VERDICT_ERROR] + count[VERDICT_BROKEN] > 0) {
        return CODE_DIFFERED;
    }
    if (replay->verdict_count[VERDICT_INVALID] > 0) {
        return CODE_VECTORS;
    }
    return replay->verdict_count[VERDICT_PASS] == 0 ? CODE_NOTHING : CODE_AGREED;
}

static int run(int argument_count, char **arguments)
{
    const char *engine = NULL, *timeout = NULL, *selection = NULL, *from = NULL, *records = NULL, *cover = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", ENGINE_HELP, &engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--select", "FILE", "run only the cases whose ids are in FILE, one a line", &selection, NULL},
        {"--from", "N", "run only cases with an index of at least N", &from, NULL},
        {"--records", NULL, "an engine that cannot give the records a case has is an error", &records, NULL},
        {"--cover", NULL, "add the executed opcodes to the last line", &cover, NULL},
    };
    struct replay replay = {0};
    int left = options_read(&command_replay, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine == NULL || left == 0) {
        complain("replay: %s; see assay-native replay --help", engine == NULL ? "--engine is needed" : "no file named");
        return CODE_USAGE;
    }
    if (!option_number("--from", from, UINT64_MAX, &replay.from)) {
        return CODE_USAGE;
    }
    if (selection != NULL && !read_selection(&replay, selection)) {
        return CODE_VECTORS;
    }
    replay.needs_records = records != NULL;
    replay.covers = cover != NULL;
    replay.engine = engine_open(engine, timeout);
    if (replay.engine == NULL) {
        return CODE_ENGINE;
    }
    vector_walk(arguments, (size_t)left, visit, &replay);
    report_unmet(&replay);
    finish(&replay);
    id_set_free(&replay.selected);
    id_set_free(&replay.met);
    text_free(&replay.text);
    return code_of(&replay);
}

const struct command command_replay = {
    .name = "replay",
    .arguments = "FILE...",
    .summary = "run the cases of vector files on an engine",
    .help = "Runs each case twice, in production and observed, and compares every stop, every\n"
            "register, every given page and the records that the case has. Prints JSON lines:\n"
            "{\"begin\": id, ...} before a case, then {\"case\": id, \"verdict\": \"pass\" |\n"
            "\"fail\" | \"error\" | \"broken\" | \"invalid\", ...}, and {\"done\": true, ...} at the end. An\n"
            "unreadable case is \"invalid\", with its byte offset; all others still run.\n\n"
            "Exit code: 0 all pass, 1 some fail or are in error, 2 usage, 3 invalid vectors or\n"
            "selection, 4 the engine cannot be loaded, 5 no case was run, 6 no memory or no\n"
            "output.",
    .run = run,
};
