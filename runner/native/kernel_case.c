/* Reads one case of a kernel vector file: the tables below are those of vectors/README.md. */
#include "kernel_case.h"

#include "id_set.h"
#include "vector.h"

#include <string.h>

const char *const kernel_act_name[ACT_COUNT] = {"decode", "admit", "hash", "world", "genesis"};

/* ---- values ------------------------------------------------------------------------------ */

static struct assay_bytes read_bytes(struct json_reader *reader, const cJSON *item)
{
    struct bytes bytes = {0};
    if (item != NULL) {
        bytes = json_read_bytes(reader, item);
    }
    return (struct assay_bytes){bytes.data, bytes.size};
}

static void read_exactly(struct json_reader *reader, const cJSON *item, uint8_t *data, size_t size)
{
    struct assay_bytes bytes = read_bytes(reader, item);
    if (!reader->failed && bytes.size != size) {
        json_reject(reader, item, "%s has %zu bytes and must have %zu", item->string, bytes.size, size);
    }
    if (!reader->failed) {
        memcpy(data, bytes.data, size);
    }
}

static uint8_t read_endpoint(struct json_reader *reader, const cJSON *item)
{
    return (uint8_t)json_read_number(reader, item, UINT8_MAX);
}

/* The number whose word the item is. */
static uint32_t read_word(struct json_reader *reader, const cJSON *item, const char *(*name)(uint32_t number))
{
    const char *text = json_read_string(reader, item);
    uint32_t number = 0;
    while (!reader->failed && name(number) != NULL && strcmp(text, name(number)) != 0) {
        number++;
    }
    if (!reader->failed && name(number) == NULL) {
        json_reject(reader, item, "%s \"%.30s\" is none that is known", item->string, text);
    }
    return number;
}

static uint32_t read_exit(struct json_reader *reader, const cJSON *item)
{
    const char *name = json_read_string(reader, item);
    uint32_t number = 0;
    if (!reader->failed && (!exit_number(name, &number) || number == ASSAY_EXIT_STOPPED)) {
        json_reject(reader, item, "exit \"%.30s\" is none of the kernel's; exit.def lists them", name);
    }
    return number;
}

/* A rule that rejects bytes, or `accepted` (NULL: only a rule will do). */
static const char *read_verdict(struct json_reader *reader, const cJSON *item, const char *accepted)
{
    const char *name = json_read_string(reader, item);
    int number = 0;
    bool is_accepted = accepted != NULL && strcmp(name, accepted) == 0;
    if (!reader->failed && !is_accepted && !rejection_number(name, &number)) {
        json_reject(reader, item, "%s \"%.60s\" must be %s%s%sa rule of kernel.def", item->string, name,
                    accepted == NULL ? "" : "\"", accepted == NULL ? "" : accepted, accepted == NULL ? "" : "\" or ");
    }
    return is_accepted ? accepted : rejection_name(number);
}

static void read_changes(struct json_reader *reader, const cJSON *item)
{
    json_read_array(reader, item);
    for (const cJSON *child = json_first(item); child != NULL; child = child->next) {
        json_read_string(reader, child);
    }
}

/* ---- Images ------------------------------------------------------------------------------ */

bool kernel_read_images(struct json_reader *reader, const cJSON *item, struct kernel_images *images)
{
    struct id_set names = {0};
    *images = (struct kernel_images){0};
    if (!cJSON_IsObject(item)) {
        json_reject(reader, item, "images must be an object of names and Images");
        return false;
    }
    images->image = arena_list(reader->arena, (size_t)cJSON_GetArraySize(item), sizeof *images->image);
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        struct kernel_image *image = &images->image[images->count++];
        image->name = arena_copy(reader->arena, child->string);
        image->bytes = read_bytes(reader, child);
        if (!vector_is_word(child->string)) {
            json_reject(reader, child, "name \"%.60s\" of an Image must be a lower-case word", child->string);
        } else if (!id_set_add(&names, child->string)) {
            json_reject(reader, child, "duplicate name \"%.60s\"; remove one", child->string);
        }
    }
    id_set_free(&names);
    return !reader->failed;
}

/* Bytes, or "@name" of an Image of the file. */
static struct assay_bytes read_image(struct json_reader *reader, const cJSON *item, const struct kernel_images *images)
{
    const char *text = json_read_string(reader, item);
    if (text[0] != '@') {
        return read_bytes(reader, item);
    }
    for (size_t i = 0; i < images->count; i++) {
        if (strcmp(images->image[i].name, text + 1) == 0) {
            return images->image[i].bytes;
        }
    }
    json_reject(reader, item, "the file has no Image \"%.60s\"; \"images\" stands before the cases", text + 1);
    return (struct assay_bytes){0};
}

/* ---- codec ------------------------------------------------------------------------------- */

static void read_decode(struct json_reader *reader, const cJSON *item, struct kernel_case *vector)
{
    static const struct json_key key[] = {{"type", true}, {"bytes", true}, {"verdict", true}};
    const cJSON *found[3];
    if (json_read_object(reader, item, key, 3, found)) {
        vector->kind = read_word(reader, found[0], type_name);
        vector->given = read_bytes(reader, found[1]);
        vector->verdict = read_verdict(reader, found[2], "decoded");
    }
}

static void read_admit(struct json_reader *reader, const cJSON *item, const struct kernel_images *images,
                       struct kernel_case *vector)
{
    static const struct json_key key[] = {{"image", true}, {"verdict", true}};
    const cJSON *found[2];
    if (json_read_object(reader, item, key, 2, found)) {
        vector->given = read_image(reader, found[0], images);
        vector->verdict = read_verdict(reader, found[1], "admitted");
    }
}

static void read_hash(struct json_reader *reader, const cJSON *item, struct kernel_case *vector)
{
    static const struct json_key key[] = {{"kind", true}, {"value", true}, {"digest", true}};
    const cJSON *found[3];
    if (!json_read_object(reader, item, key, 3, found)) {
        return;
    }
    vector->kind = read_word(reader, found[0], hash_name);
    vector->given = read_bytes(reader, found[1]);
    if (strchr(json_read_string(reader, found[2]), '/') != NULL) {
        vector->verdict = read_verdict(reader, found[2], NULL);
    } else {
        read_exactly(reader, found[2], vector->digest, HASH_BYTES);
    }
}

/* ---- worlds ------------------------------------------------------------------------------ */

static void read_run(struct json_reader *reader, const cJSON *item, const struct kernel_images *images,
                     struct kernel_step *step)
{
    static const struct json_key key[] = {
        {"instance", true}, {"image", true}, {"cnode", true}, {"endpoint", true}, {"gas", true}};
    const cJSON *found[5];
    if (json_read_object(reader, item, key, 5, found)) {
        read_exactly(reader, found[0], step->run.instance, INSTANCE_BYTES);
        step->run.image = read_image(reader, found[1], images);
        step->run.cnode = read_bytes(reader, found[2]);
        step->run.endpoint = read_endpoint(reader, found[3]);
        step->run.gas = json_read_hex(reader, found[4], 64);
    }
}

static void read_resume(struct json_reader *reader, const cJSON *item, struct kernel_step *step)
{
    static const struct json_key key[] = {{"scratchpad", false}};
    const cJSON *found[1];
    step->is_resume = true;
    if (json_read_object(reader, item, key, 1, found)) {
        step->has_scratchpad = found[0] != NULL;
        step->scratchpad = read_bytes(reader, found[0]);
    }
}

/* A result in one word: nothing has run. */
static const char *read_result_word(struct json_reader *reader, const cJSON *item)
{
    static const char *const word[] = {"refused", "stack_full", "not_paused"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        if (strcmp(item->valuestring, word[i]) == 0) {
            return word[i];
        }
    }
    return read_verdict(reader, item, NULL);
}

static void read_result(struct json_reader *reader, const cJSON *item, struct kernel_result *result)
{
    static const struct json_key key[] = {{"outcome", true}, {"exit", true},  {"argument", true}, {"pc", true},
                                          {"gas", true},     {"regs", true},  {"gas_used", true}, {"instance", true},
                                          {"cnode", true},   {"pages", true}, {"payload", true}};
    const cJSON *found[11];
    if (!json_read_object(reader, item, key, 11, found)) {
        return;
    }
    result->outcome = read_word(reader, found[0], outcome_name);
    result->exit = read_exit(reader, found[1]);
    result->argument = json_read_hex(reader, found[2], 64);
    result->state.pc = json_read_hex(reader, found[3], 64);
    result->state.gas = json_read_hex(reader, found[4], 64);
    vector_read_registers(reader, found[5], result->state.reg);
    result->gas_used = json_read_hex(reader, found[6], 64);
    read_exactly(reader, found[7], result->instance, INSTANCE_BYTES);
    read_exactly(reader, found[8], result->cnode, HASH_BYTES);
    read_exactly(reader, found[9], result->pages, HASH_BYTES);
    result->payload = read_bytes(reader, found[10]);
}

static void read_step(struct json_reader *reader, const cJSON *item, const struct kernel_images *images,
                      struct kernel_step *step)
{
    static const struct json_key key[] = {{"run", false}, {"resume", false}, {"result", true},
                                          {"dump", true}, {"records", true}, {"changes", true}};
    const cJSON *found[6];
    if (!json_read_object(reader, item, key, 6, found)) {
        return;
    }
    if ((found[0] != NULL) == (found[1] != NULL)) {
        json_reject(reader, item, "a step has exactly one of run and resume");
        return;
    }
    if (found[0] != NULL) {
        read_run(reader, found[0], images, step);
    } else {
        read_resume(reader, found[1], step);
    }
    if (cJSON_IsString(found[2])) {
        step->word = read_result_word(reader, found[2]);
    } else {
        read_result(reader, found[2], &step->result);
    }
    read_exactly(reader, found[3], step->dump, HASH_BYTES);
    read_exactly(reader, found[4], step->records, HASH_BYTES);
    read_changes(reader, found[5]);
}

/* ---- chains ------------------------------------------------------------------------------ */

static void read_event_result(struct json_reader *reader, const cJSON *item, struct kernel_event *event)
{
    static const struct json_key key[] = {
        {"outcome", true}, {"exit", true}, {"argument", true}, {"value", true}, {"gas_used", true}};
    const cJSON *found[5];
    if (!json_read_object(reader, item, key, 5, found)) {
        return;
    }
    event->outcome = read_word(reader, found[0], outcome_name);
    if (!reader->failed && event->outcome == ASSAY_OUTCOME_PAUSED) {
        json_reject(reader, found[0], "an event ends in halt or faulted");
    }
    event->exit = read_exit(reader, found[1]);
    event->argument = json_read_hex(reader, found[2], 64);
    event->value = json_read_hex(reader, found[3], 64);
    event->gas_used = json_read_hex(reader, found[4], 64);
}

static void read_event(struct json_reader *reader, const cJSON *item, struct kernel_event *event)
{
    static const struct json_key key[] = {{"endpoint", true}, {"payload", true}, {"gas", true},
                                          {"quota", true},    {"result", true},  {"root", true},
                                          {"instance", true}, {"records", true}, {"changes", true}};
    const cJSON *found[9];
    if (!json_read_object(reader, item, key, 9, found)) {
        return;
    }
    event->given.endpoint = read_endpoint(reader, found[0]);
    event->given.payload = read_bytes(reader, found[1]);
    event->given.gas = json_read_hex(reader, found[2], 64);
    event->given.quota = json_read_hex(reader, found[3], 64);
    read_event_result(reader, found[4], event);
    read_exactly(reader, found[5], event->root, HASH_BYTES);
    read_exactly(reader, found[6], event->instance, INSTANCE_BYTES);
    read_exactly(reader, found[7], event->records, HASH_BYTES);
    read_changes(reader, found[8]);
}

enum {
    KEY_DECODE = CASE_OWN,
    KEY_ADMIT,
    KEY_HASH,
    KEY_WORLD,
    KEY_GENESIS,
    KEY_OPEN,
    KEY_STEPS,
    KEY_VERDICT,
    KEY_ROOT,
    KEY_EVENTS,
    CASE_KEYS
};

/* A World has steps, or is refused. */
static void read_world(struct json_reader *reader, const cJSON *const *member, const struct kernel_images *images,
                       struct kernel_case *vector)
{
    const cJSON *open = member[KEY_OPEN], *steps = member[KEY_STEPS];
    vector->given = read_bytes(reader, member[KEY_WORLD]);
    vector->verdict = open == NULL ? "opened" : "refused";
    if ((open == NULL) == (steps == NULL)) {
        json_reject(reader, member[KEY_WORLD], "a World has exactly one of steps and open");
    } else if (open != NULL && strcmp(json_read_string(reader, open), "refused") != 0) {
        json_reject(reader, open, "open must be \"refused\"");
    }
    if (reader->failed || open != NULL) {
        return;
    }
    vector->step_count = json_read_array(reader, steps);
    if (vector->step_count == 0) {
        json_reject(reader, steps, "steps must hold at least one step");
    }
    vector->step = arena_list(reader->arena, vector->step_count, sizeof *vector->step);
    const cJSON *child = json_first(steps);
    for (size_t i = 0; i < vector->step_count && !reader->failed; i++, child = child->next) {
        read_step(reader, child, images, &vector->step[i]);
    }
}

static void read_genesis(struct json_reader *reader, const cJSON *const *member, const struct kernel_images *images,
                         struct kernel_case *vector)
{
    vector->given = read_image(reader, member[KEY_GENESIS], images);
    vector->verdict = read_verdict(reader, member[KEY_VERDICT], "admitted");
    bool is_admitted = !reader->failed && strcmp(vector->verdict, "admitted") == 0;
    for (size_t i = KEY_ROOT; i <= KEY_EVENTS && !reader->failed; i++) {
        if ((member[i] != NULL) != is_admitted) {
            json_reject(reader, member[KEY_VERDICT], "root and events must be there exactly when it is admitted");
        }
    }
    if (reader->failed || !is_admitted) {
        return;
    }
    read_exactly(reader, member[KEY_ROOT], vector->root, HASH_BYTES);
    vector->step_count = json_read_array(reader, member[KEY_EVENTS]);
    vector->event = arena_list(reader->arena, vector->step_count, sizeof *vector->event);
    const cJSON *child = json_first(member[KEY_EVENTS]);
    for (size_t i = 0; i < vector->step_count && !reader->failed; i++, child = child->next) {
        read_event(reader, child, &vector->event[i]);
    }
}

/* ---- a case ------------------------------------------------------------------------------ */

static const struct json_key case_key[CASE_KEYS] = {
    VECTOR_COMMON_KEYS,           [KEY_DECODE] = {"decode", false}, [KEY_ADMIT] = {"admit", false},
    [KEY_HASH] = {"hash", false}, [KEY_WORLD] = {"world", false},   [KEY_GENESIS] = {"genesis", false},
    [KEY_OPEN] = {"open", false}, [KEY_STEPS] = {"steps", false},   [KEY_VERDICT] = {"verdict", false},
    [KEY_ROOT] = {"root", false}, [KEY_EVENTS] = {"events", false},
};

/* Which act the case has; the keys that belong to it, and no others, are there. */
static bool find_act(struct json_reader *reader, const cJSON *item, const cJSON *const *member, enum kernel_act *act)
{
    static const enum kernel_act owner[CASE_KEYS] = {[KEY_OPEN] = ACT_WORLD,
                                                     [KEY_STEPS] = ACT_WORLD,
                                                     [KEY_VERDICT] = ACT_GENESIS,
                                                     [KEY_ROOT] = ACT_GENESIS,
                                                     [KEY_EVENTS] = ACT_GENESIS};
    size_t count = 0;
    for (enum kernel_act i = 0; i < ACT_COUNT; i++) {
        if (member[KEY_DECODE + i] != NULL) {
            *act = i;
            count++;
        }
    }
    if (count != 1) {
        json_reject(reader, item, "a case has exactly one of decode, admit, hash, world and genesis");
        return false;
    }
    for (size_t i = KEY_OPEN; i < CASE_KEYS; i++) {
        bool is_needed = owner[i] == *act && i == KEY_VERDICT;
        if (member[i] != NULL && owner[i] != *act) {
            json_reject(reader, member[i], "%s belongs to %s", case_key[i].name, kernel_act_name[owner[i]]);
        } else if (member[i] == NULL && is_needed) {
            json_reject(reader, item, "key \"%s\" is missing; add it", case_key[i].name);
        }
    }
    return !reader->failed;
}

bool kernel_read_case(struct json_reader *reader, const cJSON *item, const struct kernel_images *images,
                      struct kernel_case *vector)
{
    const cJSON *member[CASE_KEYS];
    *vector = (struct kernel_case){0};
    if (!json_read_object(reader, item, case_key, CASE_KEYS, member) || !find_act(reader, item, member, &vector->act)) {
        return false;
    }
    vector->id = vector_read_common(reader, member, ASSAY_REVISION_2, &vector->revision);
    switch (vector->act) {
    case ACT_DECODE:
        read_decode(reader, member[KEY_DECODE], vector);
        break;
    case ACT_ADMIT:
        read_admit(reader, member[KEY_ADMIT], images, vector);
        break;
    case ACT_HASH:
        read_hash(reader, member[KEY_HASH], vector);
        break;
    case ACT_WORLD:
        read_world(reader, member, images, vector);
        break;
    default:
        read_genesis(reader, member, images, vector);
    }
    return !reader->failed;
}
