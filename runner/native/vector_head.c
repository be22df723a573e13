/* Reads the head of a vector file: schema, area, subject, votes and, in files of the kernel, Images. */
#include "vector_head.h"

#include <string.h>

static const char machine_schema[] = "assay-machine-1", kernel_schema[] = "assay-kernel-1";
static const char *const key_name[HEAD_COUNT] = {"schema", "area", "subject", "votes", "images", "cases"};

void vector_head_init(struct vector_head *head)
{
    *head = (struct vector_head){0};
}

void vector_head_clear(struct vector_head *head)
{
    arena_clear(&head->arena);
}

static bool is_key(const struct json_scanner *scanner, size_t start, const char *name)
{
    size_t size = strlen(name);
    return scanner->at - start - 2 == size && memcmp(scanner->text + start + 1, name, size) == 0;
}

bool vector_head_key(struct vector_head *head, struct json_scanner *scanner, enum head_key *key)
{
    size_t start = scanner->at;
    char buffer[32];
    if (start >= scanner->size || scanner->text[start] != '"') {
        return json_fail(scanner, start, "found %s where a key of the file must stand", json_describe(scanner, buffer));
    }
    if (!json_scan_string(scanner)) {
        return false;
    }
    *key = HEAD_SCHEMA;
    while (*key < HEAD_COUNT && !is_key(scanner, start, key_name[*key])) {
        (*key)++;
    }
    if (*key == HEAD_COUNT) {
        return json_fail(scanner, start,
                         "unknown key of a vector file; it has schema, area, subject, votes, images and cases");
    }
    if (head->seen[*key]) {
        return json_fail(scanner, start, "duplicate key \"%s\"; remove one", key_name[*key]);
    }
    if (*key != HEAD_SCHEMA && !head->seen[HEAD_SCHEMA]) {
        return json_fail(scanner, start, "the first key of a vector file must be \"schema\"");
    }
    head->seen[*key] = true;
    return true;
}

static void read_schema(struct vector_head *head, struct json_reader *reader, const cJSON *root)
{
    const char *name = json_read_string(reader, root);
    head->is_kernel = strcmp(name, kernel_schema) == 0;
    if (!head->is_kernel && strcmp(name, machine_schema) != 0) {
        json_reject(reader, root, "schema must be \"%s\" or \"%s\"", machine_schema, kernel_schema);
    }
}

static void read_images(struct vector_head *head, struct json_reader *reader, const cJSON *root)
{
    if (!head->is_kernel) {
        json_reject(reader, root, "images belong to schema \"%s\"", kernel_schema);
        return;
    }
    struct json_reader keeper = {.arena = &head->arena, .error = reader->error};
    kernel_read_images(&keeper, root, &head->images);
    reader->failed = keeper.failed;
}

static void read_name(struct json_reader *reader, const cJSON *root, const char *what)
{
    const char *name = json_read_string(reader, root);
    if (!vector_is_word(name)) {
        json_reject(reader, root, "%s \"%.60s\" must be a lower-case word", what, name);
    }
}

bool vector_head_value(struct vector_head *head, struct json_scanner *scanner, enum head_key key)
{
    struct arena arena = {0};
    struct json_reader reader = {.arena = &arena, .error = scanner->error};
    scanner->offset_count = 0;
    if (!json_scan_value(scanner)) {
        return false;
    }
    cJSON *root = json_build(scanner, scanner->offset[0], scanner->at, 0);
    if (root == NULL) {
        return false;
    }
    root->string = (char *)key_name[key]; /* what complaints call it; cJSON does not free it */
    root->type |= cJSON_StringIsConst;
    if (key == HEAD_VOTES) {
        vector_read_votes(&reader, root);
    } else if (key == HEAD_IMAGES) {
        read_images(head, &reader, root);
    } else if (key == HEAD_SCHEMA) {
        read_schema(head, &reader, root);
    } else {
        read_name(&reader, root, key_name[key]);
    }
    cJSON_Delete(root);
    arena_clear(&arena);
    return !reader.failed;
}

bool vector_head_is_whole(const struct vector_head *head, struct json_scanner *scanner)
{
    for (enum head_key key = HEAD_SCHEMA; key < HEAD_COUNT; key++) {
        if (!head->seen[key] && (key != HEAD_IMAGES || head->is_kernel)) {
            return json_fail(scanner, scanner->at, "key \"%s\" of the file is missing", key_name[key]);
        }
    }
    return true;
}
