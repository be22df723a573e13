/*
 * Walks vector files. A case is scanned, built and read on its own, so that a broken one costs
 * nobody else: after an error the walk goes on at the next line that can begin a case.
 */
#include "id_set.h"
#include "vector_head.h"

#include <stdlib.h>
#include <string.h>

const char *vector_level(const struct vector_item *item)
{
    return item->is_kernel ? "kernel" : "machine";
}

struct walk {
    vector_visit_fn *visit;
    void *context;
    struct vector_item item;
    struct json_scanner scanner;
    struct id_set seen;
    struct arena arena; /* of the case at hand */
    struct vector_head head;
    bool ended; /* the visitor has had enough */
    bool cut;   /* the rest of this file was given up and that was reported */
};

static void visit(struct walk *walk, const char *id, bool is_readable)
{
    if (!walk->ended) {
        walk->item.id = id;
        walk->item.is_readable = is_readable;
        walk->ended = !walk->visit(walk->context, &walk->item);
        walk->item.index++;
    }
}

/* The characters of a string that may begin at `at`, after spaces; NULL when none does. */
static const char *string_at(struct walk *walk, size_t at)
{
    const struct json_scanner *scanner = &walk->scanner;
    while (at < scanner->size && scanner->text[at] == ' ') {
        at++;
    }
    if (at >= scanner->size || scanner->text[at] != '"') {
        return NULL;
    }
    size_t start = at + 1, end = start;
    while (end < scanner->size && scanner->text[end] != '"' && scanner->text[end] >= 0x20) {
        end++;
    }
    char *string = arena_take(&walk->arena, end - start + 1);
    memcpy(string, scanner->text + start, end - start);
    return string;
}

/* The id of a case that cannot be read, found by eye: between `start` and the end of its line. */
static const char *guess_id(struct walk *walk, size_t start)
{
    const struct json_scanner *scanner = &walk->scanner;
    static const char key[] = "\"id\":";
    size_t key_size = sizeof key - 1;
    for (size_t at = start; at + key_size < scanner->size && scanner->text[at] != '\n'; at++) {
        if (memcmp(scanner->text + at, key, key_size) == 0) {
            return string_at(walk, at + key_size);
        }
    }
    return NULL;
}

/* Moves to the next line that begins with '{' or ']'; false at the end of the text. */
static bool find_next_case(struct json_scanner *scanner)
{
    while (scanner->at < scanner->size) {
        const uint8_t *newline = memchr(scanner->text + scanner->at, '\n', scanner->size - scanner->at);
        scanner->at = newline == NULL ? scanner->size : (size_t)(newline - scanner->text) + 1;
        json_skip_space(scanner);
        if (scanner->at < scanner->size && (scanner->text[scanner->at] == '{' || scanner->text[scanner->at] == ']')) {
            return true;
        }
    }
    return false;
}

/* Reads the case in text[start, scanner.at), which the scanner has accepted, and hands it on. */
static void take_case(struct walk *walk, size_t start)
{
    struct json_reader reader = {.arena = &walk->arena, .error = &walk->item.error};
    struct vector_case machine;
    struct kernel_case kernel;
    bool is_kernel = walk->head.is_kernel;
    walk->item.start = start;
    walk->item.end = walk->scanner.at;
    cJSON *root = json_build(&walk->scanner, start, walk->scanner.at, 0);
    bool good = root != NULL && (is_kernel ? kernel_read_case(&reader, root, &walk->head.images, &kernel)
                                           : vector_read_case(&reader, root, &machine));
    walk->item.vector = good && !is_kernel ? &machine : NULL;
    walk->item.kernel = good && is_kernel ? &kernel : NULL;
    const char *id = !good ? guess_id(walk, start) : is_kernel ? kernel.id : machine.id;
    if (good && !id_set_add(&walk->seen, id)) {
        good = json_fail(&walk->scanner, start, "duplicate id; every case of the suite needs its own");
    }
    visit(walk, id, good);
    walk->item.vector = NULL;
    walk->item.kernel = NULL;
    cJSON_Delete(root);
    arena_clear(&walk->arena);
}

static void report_broken(struct walk *walk, size_t start)
{
    visit(walk, guess_id(walk, start), false);
    arena_clear(&walk->arena);
}

/* Behind '['. Returns false when the rest of the file cannot be read. */
static bool walk_cases(struct walk *walk)
{
    struct json_scanner *scanner = &walk->scanner;
    bool comma = true; /* a case may begin here */
    bool first = true;
    while (!walk->ended) {
        json_skip_space(scanner);
        size_t start = scanner->at;
        bool closes = start < scanner->size && scanner->text[start] == ']';
        if (closes && (!comma || first)) {
            if (first) {
                json_fail(scanner, start, "the file has no cases; add some or remove it");
                visit(walk, NULL, false);
            }
            scanner->at++;
            return true;
        }
        if (!comma && start < scanner->size) {
            json_fail(scanner, start, "a comma is missing before this case");
            report_broken(walk, start);
        }
        scanner->offset_count = 0;
        scanner->depth = 0;
        if (!closes && json_scan_value(scanner)) {
            take_case(walk, start);
            json_skip_space(scanner);
            comma = scanner->at < scanner->size && scanner->text[scanner->at] == ',';
            scanner->at += comma;
            first = false;
            continue;
        }
        if (closes) {
            json_fail(scanner, start, "a comma stands before this ']'; remove it");
        }
        report_broken(walk, start);
        if (!closes && !find_next_case(scanner)) {
            walk->cut = true;
            return false;
        }
        comma = scanner->text[scanner->at] == '{';
        first = false;
    }
    return true;
}

static bool take_symbol(struct json_scanner *scanner, char wanted, const char *where)
{
    char buffer[32];
    json_skip_space(scanner);
    if (scanner->at >= scanner->size || scanner->text[scanner->at] != (uint8_t)wanted) {
        return json_fail(scanner, scanner->at, "found %s instead of '%c' %s", json_describe(scanner, buffer), wanted,
                         where);
    }
    scanner->at++;
    return true;
}

static bool take_comma(struct json_scanner *scanner)
{
    bool is_there = scanner->at < scanner->size && scanner->text[scanner->at] == ',';
    scanner->at += is_there;
    return is_there;
}

static bool walk_members(struct walk *walk)
{
    struct json_scanner *scanner = &walk->scanner;
    enum head_key key;
    if (!take_symbol(scanner, '{', "at the start of the file")) {
        return false;
    }
    do {
        json_skip_space(scanner);
        if (!vector_head_key(&walk->head, scanner, &key) || !take_symbol(scanner, ':', "after a key")) {
            return false;
        }
        if (key != HEAD_CASES) {
            if (!vector_head_value(&walk->head, scanner, key)) {
                return false;
            }
            walk->item.is_kernel = walk->head.is_kernel;
        } else if (!take_symbol(scanner, '[', "at the start of the cases") || !walk_cases(walk)) {
            return false;
        }
        json_skip_space(scanner);
    } while (!walk->ended && take_comma(scanner));
    return walk->ended ||
           (vector_head_is_whole(&walk->head, scanner) && take_symbol(scanner, '}', "at the end of the file"));
}

static void walk_text(struct walk *walk, struct bytes content)
{
    walk->item.is_kernel = false;
    walk->cut = false;
    vector_head_init(&walk->head);
    walk->scanner = (struct json_scanner){.text = content.data, .size = content.size, .error = &walk->item.error};
    bool good = walk_members(walk);
    if (good && !walk->ended) {
        json_skip_space(&walk->scanner);
        good = walk->scanner.at == walk->scanner.size;
        if (!good) {
            json_fail(&walk->scanner, walk->scanner.at, "text after the end of the file's object; remove it");
        }
    }
    if (!good && !walk->cut) {
        visit(walk, NULL, false);
    }
    json_scanner_free(&walk->scanner);
    arena_clear(&walk->arena);
    vector_head_clear(&walk->head);
}

static void walk_file(struct walk *walk, const char *path)
{
    struct bytes content;
    walk->item.file = path;
    walk->item.is_kernel = false;
    if (vector_read_file(path, &content, &walk->item.error)) {
        walk_text(walk, content);
        free(content.data);
    } else {
        visit(walk, NULL, false);
    }
}

void vector_walk(char *const *file, size_t file_count, vector_visit_fn *visitor, void *context)
{
    struct walk walk = {.visit = visitor, .context = context};
    for (size_t i = 0; i < file_count && !walk.ended; i++) {
        walk_file(&walk, file[i]);
    }
    id_set_free(&walk.seen);
}

void vector_walk_text(struct bytes text, vector_visit_fn *visitor, void *context)
{
    struct walk walk = {.visit = visitor, .context = context, .item.file = "the input"};
    walk_text(&walk, text);
    id_set_free(&walk.seen);
}
