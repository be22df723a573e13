/*
 * Walks vector files. A case is scanned, built and read on its own, so that a broken one costs
 * nobody else: after an error the walk goes on at the next line that can begin a case.
 */
#define _POSIX_C_SOURCE 200809L

#include "vector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char machine_schema[] = "assay-machine-1", kernel_schema[] = "assay-kernel-1";

static size_t hash_of(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id != '\0'; id++) {
        hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

static size_t find_slot(const struct id_set *set, const char *id)
{
    size_t i = hash_of(id) & (set->room - 1);
    while (set->slot[i] != NULL && strcmp(set->slot[i], id) != 0) {
        i = (i + 1) & (set->room - 1);
    }
    return i;
}

static void grow(struct id_set *set)
{
    struct id_set bigger = {.room = set->room == 0 ? 256 : set->room * 2, .count = set->count};
    bigger.slot = memory_resize(NULL, bigger.room * sizeof *bigger.slot);
    memset(bigger.slot, 0, bigger.room * sizeof *bigger.slot);
    for (size_t i = 0; i < set->room; i++) {
        if (set->slot[i] != NULL) {
            bigger.slot[find_slot(&bigger, set->slot[i])] = set->slot[i];
        }
    }
    free(set->slot);
    *set = bigger;
}

bool id_set_add(struct id_set *set, const char *id)
{
    if (set->count * 2 >= set->room) {
        grow(set);
    }
    size_t i = find_slot(set, id);
    if (set->slot[i] != NULL) {
        return false;
    }
    size_t size = strlen(id) + 1;
    set->slot[i] = memcpy(memory_resize(NULL, size), id, size);
    set->count++;
    return true;
}

bool id_set_has(const struct id_set *set, const char *id)
{
    return set->room > 0 && set->slot[find_slot(set, id)] != NULL;
}

void id_set_free(struct id_set *set)
{
    for (size_t i = 0; i < set->room; i++) {
        free(set->slot[i]);
    }
    free(set->slot);
    *set = (struct id_set){0};
}

static bool read_stream(FILE *stream, struct bytes *content)
{
    size_t room = 0, got = 1;
    while (got > 0 && content->size <= (size_t)JSON_SIZE_MAX) {
        if (content->size == room) {
            room = room == 0 ? 64 * 1024 : room * 2;
            content->data = memory_resize(content->data, room);
        }
        got = fread(content->data + content->size, 1, room - content->size, stream);
        content->size += got;
    }
    return !ferror(stream);
}

bool vector_read_file(const char *path, struct bytes *content, struct json_error *error)
{
    struct stat status;
    const char *trouble = NULL;
    *content = (struct bytes){0};
    error->offset = 0;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        trouble = strerror(errno);
    } else if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        trouble = "it is a folder; name the files in it";
    } else if (!read_stream(stream, content)) {
        trouble = strerror(errno);
    } else if (content->size > (size_t)JSON_SIZE_MAX) {
        trouble = "it has more than 64 MiB; split it";
    }
    if (stream != NULL) {
        fclose(stream);
    }
    if (trouble != NULL) {
        snprintf(error->message, sizeof error->message, "cannot be read: %s", trouble);
        free(content->data);
        *content = (struct bytes){0};
    }
    return trouble == NULL;
}

struct walk {
    vector_visit_fn *visit;
    void *context;
    struct vector_item item;
    struct json_scanner scanner;
    struct id_set seen;
    struct arena arena;
    bool ended; /* the visitor has had enough */
    bool cut;   /* the rest of this file was given up and that was reported */
};

static void visit(struct walk *walk, const char *id, const struct vector_case *vector)
{
    if (!walk->ended) {
        walk->item.id = id;
        walk->item.vector = vector;
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

/* A case of the kernel: only its id is read here; runner/assay/kernel_case.py reads the rest. */
static bool read_kernel_id(struct json_reader *reader, const cJSON *root, struct vector_case *vector)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(root, "id");
    *vector = (struct vector_case){.id = ""};
    if (id == NULL) {
        json_reject(reader, root, "a case is an object with an \"id\"");
    } else {
        vector->id = json_read_string(reader, id);
    }
    return !reader->failed;
}

/* Reads the case in text[start, scanner.at), which the scanner has accepted, and hands it on. */
static void take_case(struct walk *walk, size_t start)
{
    struct json_reader reader = {.arena = &walk->arena, .error = &walk->item.error};
    struct vector_case vector;
    walk->item.start = start;
    walk->item.end = walk->scanner.at;
    cJSON *root = json_build(&walk->scanner, start, walk->scanner.at, 0);
    bool good = root != NULL && (walk->item.is_kernel ? read_kernel_id(&reader, root, &vector)
                                                      : vector_read_case(&reader, root, &vector));
    if (!good) {
        visit(walk, guess_id(walk, start), NULL);
    } else if (!id_set_add(&walk->seen, vector.id)) {
        json_fail(&walk->scanner, start, "duplicate id; every case of the suite needs its own");
        visit(walk, vector.id, NULL);
    } else {
        visit(walk, vector.id, &vector);
    }
    cJSON_Delete(root);
    arena_clear(&walk->arena);
}

static void report_broken(struct walk *walk, size_t start)
{
    visit(walk, guess_id(walk, start), NULL);
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
                visit(walk, NULL, NULL);
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

enum { HEAD_SCHEMA, HEAD_AREA, HEAD_SUBJECT, HEAD_VOTES, HEAD_IMAGES, HEAD_CASES, HEAD_COUNT };

static const char *const head_key[HEAD_COUNT] = {"schema", "area", "subject", "votes", "images", "cases"};

/* A key of the file's object: which one, or HEAD_COUNT after an error. */
static size_t take_key(struct json_scanner *scanner, bool seen[HEAD_COUNT])
{
    size_t start = scanner->at;
    char buffer[32];
    if (start >= scanner->size || scanner->text[start] != '"') {
        json_fail(scanner, start, "found %s where a key of the file must stand", json_describe(scanner, buffer));
        return HEAD_COUNT;
    }
    if (!json_scan_string(scanner)) {
        return HEAD_COUNT;
    }
    for (size_t i = 0; i < HEAD_COUNT; i++) {
        size_t size = strlen(head_key[i]);
        if (scanner->at - start - 2 != size || memcmp(scanner->text + start + 1, head_key[i], size) != 0) {
            continue;
        }
        if (seen[i]) {
            json_fail(scanner, start, "duplicate key \"%s\"; remove one", head_key[i]);
            return HEAD_COUNT;
        }
        if (i != HEAD_SCHEMA && !seen[HEAD_SCHEMA]) {
            json_fail(scanner, start, "the first key of a vector file must be \"schema\"");
            return HEAD_COUNT;
        }
        seen[i] = true;
        return i;
    }
    json_fail(scanner, start, "unknown key of a vector file; it has schema, area, subject, votes, images and cases");
    return HEAD_COUNT;
}

/* "images": names and bytes, in files of the kernel only. */
static void take_images(struct walk *walk, struct json_reader *reader, const cJSON *root)
{
    if (!walk->item.is_kernel || !cJSON_IsObject(root)) {
        json_reject(reader, root, "images is an object and belongs to schema \"%s\"", kernel_schema);
        return;
    }
    struct id_set names = {0};
    for (const cJSON *child = root->child; child != NULL; child = child->next) {
        json_read_bytes(reader, child);
        if (!id_set_add(&names, child->string)) {
            json_reject(reader, child, "duplicate name \"%.60s\"; remove one", child->string);
        }
    }
    id_set_free(&names);
}

/* The value of a key other than "cases". */
static bool take_head_value(struct walk *walk, size_t key)
{
    struct json_scanner *scanner = &walk->scanner;
    struct json_reader reader = {.arena = &walk->arena, .error = &walk->item.error};
    scanner->offset_count = 0;
    if (!json_scan_value(scanner)) {
        return false;
    }
    cJSON *root = json_build(scanner, scanner->offset[0], scanner->at, 0);
    if (root == NULL) {
        return false;
    }
    if (key == HEAD_VOTES) {
        size_t count = json_read_array(&reader, root);
        for (const cJSON *child = count == 0 ? NULL : root->child; child != NULL; child = child->next) {
            json_read_string(&reader, child);
        }
    } else if (key == HEAD_IMAGES) {
        take_images(walk, &reader, root);
    } else if (key == HEAD_SCHEMA) {
        const char *name = json_read_string(&reader, root);
        walk->item.is_kernel = strcmp(name, kernel_schema) == 0;
        if (!walk->item.is_kernel && strcmp(name, machine_schema) != 0) {
            json_reject(&reader, root, "schema must be \"%s\" or \"%s\"", machine_schema, kernel_schema);
        }
    } else {
        json_read_string(&reader, root);
    }
    cJSON_Delete(root);
    return !reader.failed;
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

static bool walk_members(struct walk *walk)
{
    struct json_scanner *scanner = &walk->scanner;
    bool seen[HEAD_COUNT] = {false};
    if (!take_symbol(scanner, '{', "at the start of the file")) {
        return false;
    }
    do {
        json_skip_space(scanner);
        size_t key = take_key(scanner, seen);
        if (key == HEAD_COUNT || !take_symbol(scanner, ':', "after a key")) {
            return false;
        }
        if (key != HEAD_CASES) {
            if (!take_head_value(walk, key)) {
                return false;
            }
        } else if (!take_symbol(scanner, '[', "at the start of the cases") || !walk_cases(walk)) {
            return false;
        }
        json_skip_space(scanner);
    } while (!walk->ended && scanner->at < scanner->size && scanner->text[scanner->at] == ',' && ++scanner->at != 0);
    for (size_t i = 0; i < HEAD_COUNT && !walk->ended; i++) {
        if (!seen[i] && (i != HEAD_IMAGES || walk->item.is_kernel)) {
            return json_fail(scanner, scanner->at, "key \"%s\" of the file is missing", head_key[i]);
        }
    }
    return walk->ended || take_symbol(scanner, '}', "at the end of the file");
}

static void walk_file(struct walk *walk, const char *path)
{
    struct bytes content;
    walk->item.file = path;
    walk->item.is_kernel = false;
    walk->cut = false;
    if (!vector_read_file(path, &content, &walk->item.error)) {
        visit(walk, NULL, NULL);
        return;
    }
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
        visit(walk, NULL, NULL);
    }
    json_scanner_free(&walk->scanner);
    arena_clear(&walk->arena);
    free(content.data);
}

void vector_walk(char *const *file, size_t file_count, vector_visit_fn *visitor, void *context)
{
    struct walk walk = {.visit = visitor, .context = context};
    for (size_t i = 0; i < file_count && !walk.ended; i++) {
        walk_file(&walk, file[i]);
    }
    id_set_free(&walk.seen);
}
