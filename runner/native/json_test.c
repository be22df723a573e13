/* The strict scanner: what it accepts, what it rejects and at which byte. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned failures;

static void accepts(const char *text)
{
    struct json_error error = {0};
    cJSON *root = json_parse((const uint8_t *)text, strlen(text), &error);
    if (root == NULL) {
        printf("rejected at %zu: %s\n  %s\n", error.offset, error.message, text);
        failures++;
    }
    cJSON_Delete(root);
}

static void rejects_bytes(const char *text, size_t size, size_t offset, const char *why)
{
    struct json_error error = {0};
    cJSON *root = json_parse((const uint8_t *)text, size, &error);
    if (root != NULL || error.offset != offset || strstr(error.message, why) == NULL) {
        printf("%s: \"%s\" at %zu instead of \"%s\" at %zu\n  %s\n", root == NULL ? "rejected" : "accepted",
               error.message, error.offset, why, offset, text);
        failures++;
    }
    cJSON_Delete(root);
}

static void rejects(const char *text, size_t offset, const char *why)
{
    rejects_bytes(text, strlen(text), offset, why);
}

static void test_structure(void)
{
    accepts("{}");
    accepts(" [ ] ");
    accepts("{\"a\": [1, 2, {\"b\": \"c\"}], \"d\": {}}\n");
    accepts("[true, false, null]");
    accepts("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
    rejects("", 0, "the end of the text");
    rejects("{", 1, "a key in quotes");
    rejects("{\"a\" 1}", 5, "instead of ':'");
    rejects("{\"a\": 1,}", 8, "a key in quotes");
    rejects("[1,]", 3, "where a value must stand");
    rejects("[1 2]", 3, "instead of ','");
    rejects("{} {}", 3, "after the end");
    rejects("[]]", 2, "after the end");
    rejects("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 16, "nested deeper");
    rejects("{\"a\": 1, \"b\": 2, \"a\": 3}", 17, "duplicate key \"a\"");
    rejects("{\"\\u0061\": 1}", 1, "key with an escape");
    rejects("nul", 0, "where a value must stand");
    rejects_bytes("[1]\0", 4, 3, "byte 0x00");
}

static void test_numbers(void)
{
    accepts("[0, 1, 9007199254740991]");
    rejects("[9007199254740992]", 1, "past 2^53");
    rejects("[99999999999999999999999]", 1, "past 2^53");
    rejects("[01]", 1, "leading zero");
    rejects("[-1]", 1, "negative");
    rejects("[1.5]", 2, "plain decimal");
    rejects("[1e3]", 2, "plain decimal");
    rejects("[0x1]", 2, "plain decimal");
    rejects("[.5]", 1, "where a value must stand");
}

static void test_strings(void)
{
    accepts("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"]");
    accepts("[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"]");
    rejects("[\"abc", 1, "without an end");
    rejects("[\"a\nb\"]", 3, "control byte");
    rejects("[\"a\x1f\"]", 3, "control byte");
    rejects("[\"\xc0\x80\"]", 2, "broken UTF-8");
    rejects("[\"\xed\xa0\x80\"]", 2, "broken UTF-8");
    rejects("[\"\xf4\x90\x80\x80\"]", 2, "broken UTF-8");
    rejects("[\"a\xe2\x82\"]", 3, "broken UTF-8");
    rejects("[\"\\u0000\"]", 2, "u0000");
    rejects("[\"\\ud800\"]", 2, "surrogate");
    rejects("[\"\\udc00\\ud800\"]", 2, "surrogate");
    rejects("[\"\\x\"]", 2, "escape");
    rejects("[\"\\u12g4\"]", 2, "escape");
    rejects("[\"\\", 2, "escape");
}

static void test_member_limit(void)
{
    struct text text = {0};
    text_raw(&text, "{");
    for (int i = 0; i <= JSON_MEMBER_MAX; i++) {
        text_format(&text, "%s\"k%d\": 0", i == 0 ? "" : ", ", i);
    }
    text_raw(&text, "}");
    size_t offset = (size_t)(strstr(text.data, "\"k64\"") - text.data);
    rejects(text.data, offset, "more than 64 members");
    text_free(&text);
}

static void test_offsets(void)
{
    const char *source = " {\"a\": [7, \"x\"], \"b\": {\"c\": 9}}";
    struct json_error error = {0};
    cJSON *root = json_parse((const uint8_t *)source, strlen(source), &error);
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(root, "a");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(root, "b");
    bool good = root != NULL && root->valueint == 1 && a->valueint == 7 && a->child->valueint == 8 &&
                a->child->next->valueint == 11 && b->valueint == 22 && b->child->valueint == 28;
    if (!good) {
        printf("offsets of values are wrong\n");
        failures++;
    }
    cJSON_Delete(root);
}

static void test_hex(void)
{
    static const struct {
        const char *text;
        unsigned bits;
        const char *why; /* NULL: accepted */
    } sample[] = {
        {"[\"0x0\"]", 64, NULL},
        {"[\"0xffffffffffffffff\"]", 64, NULL},
        {"[\"0x10000000000000000\"]", 64, "too wide"},
        {"[\"0x100000000\"]", 32, "too wide"},
        {"[\"0x00\"]", 64, "no leading zeros"},
        {"[\"0xAB\"]", 64, "lower case"},
        {"[\"0X1\"]", 64, "0x and at least"},
        {"[\"0x\"]", 64, "0x and at least"},
        {"[\"12\"]", 64, "0x and at least"},
        {"[12]", 64, "must be a string"},
    };
    for (size_t i = 0; i < sizeof sample / sizeof *sample; i++) {
        struct json_error error = {0};
        struct json_reader reader = {.error = &error};
        cJSON *root = json_parse((const uint8_t *)sample[i].text, strlen(sample[i].text), &error);
        json_read_hex(&reader, root->child, sample[i].bits);
        const char *why = sample[i].why;
        if (reader.failed != (why != NULL) || (why != NULL && strstr(error.message, why) == NULL)) {
            printf("%s: %s\n", sample[i].text, error.message);
            failures++;
        }
        cJSON_Delete(root);
    }
}

/* Random damage to a good text must be accepted or rejected, never read beyond its end. */
static void test_damage(void)
{
    static const char good[] = "{\"id\": \"a/b/c\", \"list\": [1, \"\\u00e9\", {\"x\": \"0xff\"}], \"n\": 12}";
    uint64_t random = 1;
    for (int round = 0; round < 200000; round++) {
        size_t size = sizeof good - 1;
        uint8_t *text = memory_resize(NULL, size);
        memcpy(text, good, size);
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        for (uint64_t k = 0; k < 1 + (random >> 60); k++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            text[(random >> 33) % size] =
                (random >> 20 & 1) != 0 ? (uint8_t)(random >> 40) : (uint8_t)good[(random >> 40) % size];
        }
        size = (random >> 50) % 4 == 0 ? (random >> 33) % size : size;
        text = memory_resize(text, size); /* so that the end of the text is the end of the block */
        struct json_error error = {0};
        cJSON_Delete(json_parse(text, size, &error));
        free(text);
    }
}

int main(void)
{
    test_structure();
    test_numbers();
    test_strings();
    test_member_limit();
    test_offsets();
    test_hex();
    test_damage();
    printf("%u failures\n", failures);
    return failures == 0 ? 0 : 1;
}
