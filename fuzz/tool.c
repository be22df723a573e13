/*
 * assay-fuzz: the targets without a fuzzer. It plays inputs, shows them as cases of a vector file, and makes inputs of
 * cases.
 */
#define _POSIX_C_SOURCE 200809L

#include "feedback.h"
#include "kernel_input.h"
#include "reader.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int run_run(int argument_count, char **arguments);
static int run_show(int argument_count, char **arguments);
static int run_import(int argument_count, char **arguments);

static const struct command command_run = {
    .name = "run",
    .arguments = "FILE...",
    .summary = "play inputs and compare engines",
    .help = "Plays each input on the first engine beside every other one, in production and\n"
            "observed, and prints one JSON line a file.\n\n"
            "Exit code: 0 agreed, 1 engines differ, 2 usage, 3 a file is no input, 4 an engine cannot\n"
            "be loaded, 5 nothing was run.",
    .run = run_run,
};

static const struct command command_show = {
    .name = "show",
    .arguments = "FILE...",
    .summary = "print inputs as cases of a vector file",
    .help = "Prints one JSON line a file: the target, and the case with the outcomes of the engine.\n"
            "Of the target reader it is the text.\n\n"
            "Exit code: 0 shown, 2 usage, 3 a file is no input, 4 the engine cannot be loaded.",
    .run = run_show,
};

static const struct command command_import = {
    .name = "import",
    .arguments = "FILE...",
    .summary = "make inputs of the cases of vector files",
    .help = "Writes one file a case, FOLDER/TARGET/ID with '.' for '/', and prints one JSON line for\n"
            "each. With --requests each file is one of requests of the protocol, one a line, and\n"
            "becomes an input of the target reader; with --text a vector file becomes one.\n\n"
            "Exit code: 0 done, 2 usage, 3 a case cannot be read, 5 none was selected, 6 a file\n"
            "cannot be written.",
    .run = run_import,
};

static const struct command *const commands[] = {&command_run, &command_show, &command_import};

/* Nobody counts what a guest does. */
void feedback_hit(uint32_t cell)
{
    (void)cell;
}

/* ---- run and show ------------------------------------------------------------------------------ */

/* Reads an input and finds its target; NULL after a complaint. */
static const struct target *read_input(const char *path, const char *name, struct bytes *content)
{
    struct json_error error;
    if (!vector_read_file(path, content, &error)) {
        complain("%s: %s", path, error.message);
        return NULL;
    }
    const struct target *target = target_of(content->data, content->size);
    if (target == NULL || (name != NULL && target != target_named(name))) {
        complain("%s: it is no input of %s%s; fuzz/README.md has the formats", path,
                 name == NULL ? "any target" : "the target ", name == NULL ? "" : name);
        free(content->data);
        return NULL;
    }
    return target;
}

static bool open_engines(const char *const *spec, const char *timeout, struct engines *engines)
{
    for (size_t i = 0; i < ENGINES_MAX && spec[i] != NULL; i++) {
        engines->engine[i] = engine_open(spec[i], timeout);
        if (engines->engine[i] == NULL) {
            return false;
        }
        engines->count++;
    }
    return true;
}

static void begin_line(struct text *text, const char *path)
{
    text_clear(text);
    text_raw(text, "{\"file\": ");
    text_string(text, path);
    text_raw(text, ", ");
}

static int run_files(const struct engines *engines, const char *name, int count, char **files)
{
    int code = count == 0 ? CODE_NOTHING : CODE_AGREED;
    struct text text = {0};
    for (int i = 0; i < count; i++) {
        struct bytes content;
        struct verdict verdict;
        const struct target *target = read_input(files[i], name, &content);
        if (target == NULL) {
            code = code == CODE_AGREED ? CODE_VECTORS : code;
            continue;
        }
        target_run(target, engines, content.data, content.size, &verdict);
        begin_line(&text, files[i]);
        report_write(&text, target, engines, &verdict);
        text_raw(&text, "}");
        text_line(&text);
        code = verdict.kind == VERDICT_DIFFERED ? CODE_DIFFERED : code;
        free(content.data);
    }
    text_free(&text);
    return code;
}

static int run_run(int argument_count, char **arguments)
{
    const char *engine[ENGINES_MAX + 1] = {NULL}, *timeout = NULL, *name = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", "an engine; given twice or more, the first one's outcomes are \"expected\"", engine,
         engine + ENGINES_MAX},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--target", "NAME", "inputs of other targets are refused", &name, NULL},
    };
    struct engines engines = {0};
    int left = options_read(&command_run, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine[1] == NULL) {
        complain("run: --engine is needed twice; see assay-fuzz run --help");
        return CODE_USAGE;
    }
    return open_engines(engine, timeout, &engines) ? run_files(&engines, name, left, arguments) : CODE_ENGINE;
}

static void show_one(const struct target *target, const struct assay_engine *engine, const struct bytes *content,
                     bool is_whole, struct text *text)
{
    struct arena arena = {0};
    struct source source = {content->data + TAG_SIZE, content->size - TAG_SIZE, 0};
    text_format(text, "\"target\": \"%s\", \"case\": ", target->name);
    target->show(engine, &arena, source, is_whole, text);
    text_raw(text, "}");
    text_line(text);
    arena_clear(&arena);
}

static int run_show(int argument_count, char **arguments)
{
    const char *engine[ENGINES_MAX + 1] = {NULL}, *timeout = NULL, *whole = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", "whose outcomes the case has", engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--whole", NULL, "as the input has it, without the limits that the target keeps to", &whole, NULL},
    };
    struct engines engines = {0};
    int code = CODE_AGREED;
    int left = options_read(&command_show, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine[0] == NULL) {
        complain("show: --engine is needed; see assay-fuzz show --help");
        return CODE_USAGE;
    }
    if (!open_engines(engine, timeout, &engines)) {
        return CODE_ENGINE;
    }
    struct text text = {0};
    for (int i = 0; i < left; i++) {
        struct bytes content;
        const struct target *target = read_input(arguments[i], NULL, &content);
        if (target == NULL) {
            code = CODE_VECTORS;
            continue;
        }
        begin_line(&text, arguments[i]);
        show_one(target, engines.engine[0], &content, whole != NULL, &text);
        free(content.data);
    }
    text_free(&text);
    return code;
}

/* ---- import ------------------------------------------------------------------------------------ */

struct import {
    const char *folder;
    const char *id; /* only this case; NULL: all */
    size_t written;
    int code;
    struct text input, line;
};

static bool make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* FOLDER/TARGET/ID; false when it cannot be written. */
static bool write_input(struct import *import, const struct target *target, const char *id)
{
    char folder[4096], path[4096], name[512];
    snprintf(name, sizeof name, "%s", id);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == '/' ? '.' : *c;
    }
    snprintf(folder, sizeof folder, "%s/%s", import->folder, target->name);
    snprintf(path, sizeof path, "%.3000s/%s/%s", import->folder, target->name, name);
    FILE *stream = make_folder(import->folder) && make_folder(folder) ? fopen(path, "wbe") : NULL;
    bool good = stream != NULL && fwrite(import->input.data, 1, import->input.size, stream) == import->input.size;
    good = stream != NULL && fclose(stream) == 0 && good;
    if (!good) {
        complain("import: %s cannot be written: %s", path, strerror(errno));
        import->code = CODE_HOST;
        return false;
    }
    text_clear(&import->line);
    text_raw(&import->line, "{\"case\": ");
    text_string(&import->line, id);
    text_format(&import->line, ", \"target\": \"%s\", \"file\": ", target->name);
    text_string(&import->line, path);
    text_raw(&import->line, "}");
    text_line(&import->line);
    import->written++;
    return true;
}

static bool import_case(void *context, const struct vector_item *item)
{
    struct import *import = context;
    if (import->id != NULL && (item->id == NULL || strcmp(import->id, item->id) != 0)) {
        return true;
    }
    if (!item->is_readable) {
        complain("%s: %s, at byte %zu", item->file, item->error.message, item->error.offset);
        import->code = CODE_VECTORS;
        return true;
    }
    struct arena arena = {0};
    struct machine_input input;
    const struct target *target = &target_machine;
    text_clear(&import->input);
    if (item->vector != NULL) {
        machine_input_of(&arena, item->vector, &input);
        machine_input_write(&import->input, &input);
    } else {
        enum kernel_act act = item->kernel->act;
        target = act == ACT_WORLD ? &target_invocation : act == ACT_GENESIS ? &target_chain : &target_codec;
        kernel_input_write(&import->input, item->kernel);
    }
    arena_clear(&arena);
    return write_input(import, target, item->id);
}

static void import_text(struct import *import, const char *path, unsigned form)
{
    struct bytes content;
    struct json_error error;
    if (!vector_read_file(path, &content, &error)) {
        complain("%s: %s", path, error.message);
        import->code = CODE_VECTORS;
        return;
    }
    const char *name = strrchr(path, '/');
    text_clear(&import->input);
    text_raw(&import->input, TAG_READER);
    sink_byte(&import->input, form);
    sink_raw(&import->input, content.data, content.size);
    write_input(import, &target_reader, name == NULL ? path : name + 1);
    free(content.data);
}

static int run_import(int argument_count, char **arguments)
{
    const char *folder = NULL, *id = NULL, *requests = NULL, *text = NULL;
    const struct option option[] = {
        {"--out", "FOLDER", "where the inputs go", &folder, NULL},
        {"--case", "ID", "only this case", &id, NULL},
        {"--requests", NULL, "the files hold requests", &requests, NULL},
        {"--text", NULL, "the files become inputs of the target reader as they are", &text, NULL},
    };
    int left = options_read(&command_import, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (folder == NULL) {
        complain("import: --out is needed; see assay-fuzz import --help");
        return CODE_USAGE;
    }
    struct import import = {.folder = folder, .id = id};
    for (int i = 0; i < left && (requests != NULL || text != NULL); i++) {
        import_text(&import, arguments[i], requests != NULL ? READER_REQUESTS : READER_VECTORS);
    }
    if (requests == NULL && text == NULL) {
        vector_walk(arguments, (size_t)left, import_case, &import);
    }
    text_free(&import.input);
    text_free(&import.line);
    return import.code != 0 ? import.code : import.written == 0 ? CODE_NOTHING : CODE_AGREED;
}

/* ---- the command line ---------------------------------------------------------------------------- */

static void print_usage(FILE *stream)
{
    fputs("assay-fuzz COMMAND [OPTIONS] FILE...\n\nThe fuzzing targets without a fuzzer.\n\nCommands:\n", stream);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\nassay-fuzz COMMAND --help tells what a command prints and returns.\n", stream);
}

int main(int argument_count, char **arguments)
{
    bool asks = argument_count > 1 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0);
    for (size_t i = 0; argument_count > 1 && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(arguments[1], commands[i]->name) == 0) {
            return commands[i]->run(argument_count - 2, arguments + 2);
        }
    }
    print_usage(asks ? stdout : stderr);
    return asks ? CODE_AGREED : CODE_USAGE;
}
