/* What cases of both levels have in common: names, ids, rules, votes and registers. */
#include "id_set.h"
#include "vector.h"

#include <stdio.h>
#include <string.h>

static const char lower[] = "abcdefghijklmnopqrstuvwxyz", word[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

bool vector_is_word(const char *name)
{
    return name[0] != '\0' && strchr(lower, name[0]) != NULL && strspn(name, word) == strlen(name);
}

/* How many parts a path such as area/subject/behaviour has, the first of letters; 0 when it is no path. */
static size_t path_parts(const char *path)
{
    size_t parts = 1, size = strspn(path, lower);
    while (size > 0 && path[size] == '/') {
        path += size + 1;
        size = strspn(path, word);
        parts++;
    }
    return size > 0 && path[size] == '\0' ? parts : 0;
}

static void read_rules(struct json_reader *reader, const cJSON *item)
{
    struct id_set seen = {0};
    json_read_array(reader, item);
    for (const cJSON *child = json_first(item); child != NULL; child = child->next) {
        const char *rule = json_read_string(reader, child);
        if (path_parts(rule) < 2) {
            json_reject(reader, child, "rule \"%.60s\" must be area/name in lower case", rule);
        } else if (!id_set_add(&seen, rule)) {
            json_reject(reader, child, "rule \"%.60s\" stands twice; remove one", rule);
        }
    }
    id_set_free(&seen);
}

void vector_read_votes(struct json_reader *reader, const cJSON *item)
{
    struct id_set seen = {0};
    json_read_array(reader, item);
    for (const cJSON *child = json_first(item); child != NULL; child = child->next) {
        const char *name = json_read_string(reader, child);
        if (!reader->failed && !id_set_add(&seen, name)) {
            json_reject(reader, child, "vote \"%.60s\" stands twice; remove one", name);
        }
    }
    id_set_free(&seen);
}

const char *vector_read_common(struct json_reader *reader, const cJSON *const *member, uint32_t revision_max,
                               uint32_t *revision)
{
    const char *id = arena_copy(reader->arena, json_read_string(reader, member[CASE_ID]));
    if (path_parts(id) != 3) {
        json_reject(reader, member[CASE_ID], "id \"%.60s\" must be area/subject/behaviour in lower case", id);
    }
    read_rules(reader, member[CASE_RULES]);
    read_rules(reader, member[CASE_AGAINST]);
    vector_read_votes(reader, member[CASE_VOTES]);
    json_read_string(reader, member[CASE_NOTE]);
    *revision = 1;
    if (member[CASE_REVISION] != NULL) {
        *revision = (uint32_t)json_read_number(reader, member[CASE_REVISION], UINT32_MAX);
        if (*revision == 0 || *revision > revision_max) {
            json_reject(reader, member[CASE_REVISION], "revision %lu is not one of 1 to %lu", (unsigned long)*revision,
                        (unsigned long)revision_max);
        }
    }
    return id;
}

/* "r0" to "r12", or 13 */
static size_t register_index(const char *name)
{
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        char wanted[8];
        snprintf(wanted, sizeof wanted, "r%zu", i);
        if (strcmp(name, wanted) == 0) {
            return i;
        }
    }
    return ASSAY_REGISTER_COUNT;
}

uint16_t vector_read_registers(struct json_reader *reader, const cJSON *item, uint64_t reg[ASSAY_REGISTER_COUNT])
{
    if (reader->failed || item == NULL) {
        return 0;
    }
    if (!cJSON_IsObject(item)) {
        json_reject(reader, item, "regs must be an object such as {\"r1\": \"0x2\"}");
        return 0;
    }
    uint16_t listed = 0;
    for (const cJSON *member = item->child; member != NULL && !reader->failed; member = member->next) {
        size_t i = register_index(member->string);
        if (i == ASSAY_REGISTER_COUNT) {
            json_reject(reader, member, "unknown register \"%.20s\"; there are r0 to r12", member->string);
        } else {
            reg[i] = json_read_hex(reader, member, 64);
            listed |= (uint16_t)(1U << i);
        }
    }
    return listed;
}
