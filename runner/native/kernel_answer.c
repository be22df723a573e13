/* Named values of a step of a kernel case: put together, expected by a vector, compared. */
#include "kernel_answer.h"

#include <assert.h>
#include <blake2.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BYTES = 64 };

static const char *const register_name[ASSAY_REGISTER_COUNT] = {"r0", "r1", "r2", "r3",  "r4",  "r5", "r6",
                                                                "r7", "r8", "r9", "r10", "r11", "r12"};

void hash_bytes(const uint8_t *data, size_t size, uint8_t hash[HASH_BYTES])
{
    blake2b(hash, size == 0 ? "" : (const void *)data, NULL, HASH_BYTES, size, 0);
}

static struct kernel_value *add(struct kernel_answer *answer, const char *name, enum value_kind kind)
{
    assert(answer->count < ANSWER_MAX);
    struct kernel_value *value = &answer->value[answer->count++];
    *value = (struct kernel_value){.name = name, .kind = kind};
    return value;
}

void answer_word(struct kernel_answer *answer, const char *name, const char *word)
{
    add(answer, name, VALUE_WORD)->word = word;
}

void answer_named(struct kernel_answer *answer, const char *name, const char *word, uint64_t number)
{
    struct kernel_value *value = add(answer, name, VALUE_WORD);
    value->word = word;
    value->number = number;
}

void answer_number(struct kernel_answer *answer, const char *name, uint64_t number)
{
    add(answer, name, VALUE_NUMBER)->number = number;
}

void answer_registers(struct kernel_answer *answer, const uint64_t reg[ASSAY_REGISTER_COUNT])
{
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        answer_number(answer, register_name[i], reg[i]);
    }
}

void answer_bytes(struct kernel_answer *answer, const char *name, const uint8_t *data, size_t size)
{
    add(answer, name, VALUE_BYTES)->bytes = (struct assay_bytes){data, size};
}

void answer_hash(struct kernel_answer *answer, const char *name, const uint8_t hash[HASH_BYTES])
{
    add(answer, name, VALUE_HASH)->bytes = (struct assay_bytes){hash, HASH_BYTES};
}

const struct kernel_value *answer_find(const struct kernel_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (strcmp(answer->value[i].name, name) == 0) {
            return &answer->value[i];
        }
    }
    return NULL;
}

/* ---- what a vector expects --------------------------------------------------------------- */

/* The root is the hash of the State (image/hash/state), so that it says what both are. */
static void expect_root(const uint8_t root[HASH_BYTES], struct kernel_answer *answer)
{
    answer_bytes(answer, "root", root, HASH_BYTES);
    answer_hash(answer, "state", root);
}

void expect_opening(const struct kernel_case *vector, struct kernel_answer *answer)
{
    *answer = (struct kernel_answer){0};
    switch (vector->act) {
    case ACT_HASH:
        if (vector->verdict != NULL) {
            answer_word(answer, "digest", vector->verdict);
        } else {
            answer_bytes(answer, "digest", vector->digest, HASH_BYTES);
        }
        break;
    case ACT_WORLD:
        answer_word(answer, "world", vector->verdict);
        break;
    default:
        answer_word(answer, "verdict", vector->verdict);
        if (strcmp(vector->verdict, "decoded") == 0) {
            answer_bytes(answer, "encoded again", vector->given.data, vector->given.size);
        } else if (vector->act == ACT_GENESIS && strcmp(vector->verdict, "admitted") == 0) {
            expect_root(vector->root, answer);
        }
    }
}

static void expect_result(const struct kernel_result *result, struct kernel_answer *answer)
{
    answer_word(answer, "outcome", outcome_name(result->outcome));
    answer_word(answer, "exit", exit_name(result->exit));
    answer_number(answer, "argument", result->argument);
    answer_number(answer, "pc", result->state.pc);
    answer_number(answer, "gas", result->state.gas);
    answer_number(answer, "gas_used", result->gas_used);
    answer_bytes(answer, "instance", result->instance, INSTANCE_BYTES);
    answer_bytes(answer, "payload", result->payload.data, result->payload.size);
    answer_registers(answer, result->state.reg);
    answer_hash(answer, "cnode", result->cnode);
    answer_hash(answer, "pages", result->pages);
}

void expect_step(const struct kernel_case *vector, size_t step, struct kernel_answer *answer)
{
    *answer = (struct kernel_answer){0};
    if (vector->act == ACT_WORLD) {
        const struct kernel_step *expected = &vector->step[step];
        if (expected->word != NULL) {
            answer_word(answer, "result", expected->word);
        } else {
            expect_result(&expected->result, answer);
        }
        answer_hash(answer, "dump", expected->dump);
        answer_hash(answer, "records", expected->records);
        return;
    }
    const struct kernel_event *expected = &vector->event[step];
    answer_word(answer, "outcome", outcome_name(expected->outcome));
    answer_word(answer, "exit", exit_name(expected->exit));
    answer_number(answer, "argument", expected->argument);
    answer_number(answer, "value", expected->value);
    answer_number(answer, "gas_used", expected->gas_used);
    answer_hash(answer, "records", expected->records);
    answer_bytes(answer, "instance", expected->instance, INSTANCE_BYTES);
    expect_root(expected->root, answer);
}

/* ---- comparing --------------------------------------------------------------------------- */

/* The index of the first byte that two strings of bytes do not share. */
static size_t first_difference(struct assay_bytes left, struct assay_bytes right)
{
    size_t i = 0;
    while (i < left.size && i < right.size && left.data[i] == right.data[i]) {
        i++;
    }
    return i;
}

static bool are_equal(const struct kernel_value *left, const struct kernel_value *right)
{
    if ((left->kind == VALUE_WORD) != (right->kind == VALUE_WORD)) {
        return false;
    }
    if (left->kind == VALUE_WORD && left->word != NULL && right->word != NULL) {
        return strcmp(left->word, right->word) == 0;
    }
    if (left->kind == VALUE_WORD) {
        return left->word == NULL && right->word == NULL && left->number == right->number;
    }
    if (left->kind == VALUE_NUMBER) {
        return left->number == right->number;
    }
    return left->bytes.size == right->bytes.size && first_difference(left->bytes, right->bytes) == left->bytes.size;
}

/* Writes the value as JSON; of long bytes a piece from `from` on. */
static void show(char shown[DIFFERENCE_TEXT], const struct kernel_value *value, size_t from)
{
    struct text text = {0};
    size_t start = value->bytes.size <= SHOWN_BYTES ? 0 : from < value->bytes.size ? from : value->bytes.size;
    size_t left = value->bytes.size - start, size = left < SHOWN_BYTES ? left : SHOWN_BYTES;
    if (value->kind == VALUE_WORD && value->word != NULL) {
        text_format(&text, "\"%.100s\"", value->word);
    } else if (value->kind == VALUE_WORD || value->kind == VALUE_NUMBER) {
        text_hex(&text, value->number);
    } else if (size == value->bytes.size) {
        text_bytes(&text, value->bytes.data, size);
    } else {
        text_raw(&text, start == 0 ? "\"" : "\"…");
        for (size_t i = 0; i < size; i++) {
            text_format(&text, "%02x", value->bytes.data[start + i]);
        }
        text_raw(&text, size == left ? "\"" : "…\"");
    }
    snprintf(shown, DIFFERENCE_TEXT, "%s", text.data);
    text_free(&text);
}

static void compare_values(struct differences *differences, const char *name, const struct kernel_value *expected,
                           const struct kernel_value *got)
{
    uint8_t hash[HASH_BYTES];
    struct kernel_value hashed = *got;
    if (expected->kind == VALUE_HASH && got->kind == VALUE_BYTES) {
        hash_bytes(got->bytes.data, got->bytes.size, hash);
        hashed.bytes = (struct assay_bytes){hash, HASH_BYTES};
    }
    if (!are_equal(expected, &hashed)) {
        size_t from = first_difference(expected->bytes, hashed.bytes);
        struct difference *difference = differences_add(differences, name);
        show(difference->expected, expected, from);
        show(difference->got, &hashed, from);
    }
}

void answer_compare(struct differences *differences, const struct kernel_answer *expected,
                    const struct kernel_answer *got)
{
    const struct kernel_value *left = &expected->value[0], *right = &got->value[0]; /* how it went, in one word */
    if (strcmp(left->name, right->name) != 0) {
        compare_values(differences, "result", left, right);
    }
    for (size_t i = 0; i < expected->count; i++) {
        const struct kernel_value *value = &expected->value[i], *other = answer_find(got, value->name);
        if (other != NULL) {
            compare_values(differences, value->name, value, other);
        }
    }
}

/* ---- writing ----------------------------------------------------------------------------- */

void answer_write_value(struct text *text, const struct kernel_value *value)
{
    if (value->kind == VALUE_WORD && value->word != NULL) {
        text_string(text, value->word);
    } else if (value->kind == VALUE_WORD || value->kind == VALUE_NUMBER) {
        text_hex(text, value->number);
    } else {
        text_bytes(text, value->bytes.data, value->bytes.size);
    }
}

bool answer_is_result(const char *name)
{
    static const char *const other[] = {"dump", "records", "root", "state"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        if (strcmp(name, other[i]) == 0) {
            return false;
        }
    }
    return true;
}

void answer_write_result(struct text *text, const struct kernel_answer *answer)
{
    const char *comma = "{";
    for (size_t i = 0; i < answer->count; i++) {
        if (answer_is_result(answer->value[i].name)) {
            text_format(text, "%s\"%s\": ", comma, answer->value[i].name);
            answer_write_value(text, &answer->value[i]);
            comma = ", ";
        }
    }
    text_raw(text, "}");
}
