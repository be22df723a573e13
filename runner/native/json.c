/*
 * The strict scanner. It accepts exactly the JSON that the formats of this project use: UTF-8
 * without control bytes, keys without escapes and never twice, numbers that are plain integers
 * below 2^53, bounded nesting.
 */
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t exact_max = (UINT64_C(1) << 53) - 1; /* what a double still holds exactly */

void json_scanner_free(struct json_scanner *scanner)
{
    free(scanner->offset);
    scanner->offset = NULL;
    scanner->offset_count = scanner->offset_room = 0;
}

bool json_fail(struct json_scanner *scanner, size_t at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    scanner->error->offset = at;
    vsnprintf(scanner->error->message, sizeof scanner->error->message, format, list);
    va_end(list);
    return false;
}

void json_skip_space(struct json_scanner *scanner)
{
    while (scanner->at < scanner->size && strchr(" \t\r\n", scanner->text[scanner->at]) != NULL &&
           scanner->text[scanner->at] != '\0') {
        scanner->at++;
    }
}

const char *json_describe(const struct json_scanner *scanner, char buffer[32])
{
    if (scanner->at >= scanner->size) {
        return "the end of the text";
    }
    uint8_t byte = scanner->text[scanner->at];
    snprintf(buffer, 32, byte > 0x20 && byte < 0x7f ? "'%c'" : "byte 0x%02x", byte);
    return buffer;
}

static bool is_next(const struct json_scanner *scanner, char wanted)
{
    return scanner->at < scanner->size && scanner->text[scanner->at] == (uint8_t)wanted;
}

static bool expect(struct json_scanner *scanner, char wanted, const char *why)
{
    char buffer[32];
    if (!is_next(scanner, wanted)) {
        return json_fail(scanner, scanner->at, "found %s instead of '%c' %s", json_describe(scanner, buffer), wanted,
                         why);
    }
    scanner->at++;
    return true;
}

/* The value of four hex digits, or -1. */
static int read_hex4(const struct json_scanner *scanner, size_t at)
{
    int value = 0;
    for (size_t i = at; i < at + 4; i++) {
        if (i >= scanner->size) {
            return -1;
        }
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = scanner->text[i] == '\0' ? NULL : strchr(digits, scanner->text[i]);
        if (found == NULL) {
            return -1;
        }
        value = value * 16 + (int)((found - digits) % 16);
    }
    return value;
}

/*
 * At the backslash. A surrogate must be one half of a pair; \u0000 would cut the string short
 * in C.
 */
static bool scan_escape(struct json_scanner *scanner)
{
    size_t start = scanner->at;
    uint8_t kind = start + 1 < scanner->size ? scanner->text[start + 1] : 0;
    if (kind != 0 && strchr("\"\\/bfnrt", kind) != NULL) {
        scanner->at += 2;
        return true;
    }
    int unit = kind == 'u' ? read_hex4(scanner, start + 2) : -1;
    if (unit < 0) {
        return json_fail(scanner, start,
                         "unknown or incomplete escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    }
    if (unit == 0) {
        return json_fail(scanner, start, "\\u0000 is not accepted in a string; remove it");
    }
    scanner->at += 6;
    if (unit < 0xd800 || unit > 0xdfff) {
        return true;
    }
    bool paired =
        unit <= 0xdbff && is_next(scanner, '\\') && start + 7 < scanner->size && scanner->text[start + 7] == 'u';
    int low = paired ? read_hex4(scanner, start + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        return json_fail(scanner, start, "half of a surrogate pair; write both halves or the character itself");
    }
    scanner->at += 6;
    return true;
}

bool json_scan_string(struct json_scanner *scanner)
{
    size_t start = scanner->at++;
    while (scanner->at < scanner->size) {
        uint8_t byte = scanner->text[scanner->at];
        if (byte == '"') {
            scanner->at++;
            return true;
        }
        if (byte < 0x20) {
            return json_fail(scanner, scanner->at, "control byte 0x%02x in a string; write it as an escape", byte);
        }
        if (byte == '\\') {
            if (!scan_escape(scanner)) {
                return false;
            }
            continue;
        }
        size_t size = utf8_size(scanner->text + scanner->at, scanner->size - scanner->at);
        if (size == 0) {
            return json_fail(scanner, scanner->at, "broken UTF-8 (byte 0x%02x); save the text as UTF-8", byte);
        }
        scanner->at += size;
    }
    return json_fail(scanner, start, "string without an end; close it with '\"'");
}

static bool scan_number(struct json_scanner *scanner)
{
    size_t start = scanner->at;
    uint64_t value = 0;
    while (scanner->at < scanner->size && scanner->text[scanner->at] >= '0' && scanner->text[scanner->at] <= '9') {
        value = value * 10 + (uint64_t)(scanner->text[scanner->at] - '0');
        if (value > exact_max) {
            return json_fail(scanner, start, "number past 2^53 - 1; write it as a string \"0x...\"");
        }
        scanner->at++;
    }
    if (scanner->at == start) {
        return json_fail(scanner, start, "negative numbers are not used here");
    }
    if (scanner->text[start] == '0' && scanner->at - start > 1) {
        return json_fail(scanner, start, "number with a leading zero; remove it");
    }
    if (scanner->at < scanner->size && strchr(".eE+-xX", scanner->text[scanner->at]) != NULL &&
        scanner->text[scanner->at] != '\0') {
        return json_fail(scanner, scanner->at, "number that is not a plain decimal integer");
    }
    return true;
}

static bool scan_word(struct json_scanner *scanner)
{
    static const char *const word[] = {"true", "false", "null"};
    char buffer[32];
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        size_t size = strlen(word[i]);
        if (scanner->size - scanner->at >= size && memcmp(scanner->text + scanner->at, word[i], size) == 0) {
            scanner->at += size;
            return true;
        }
    }
    return json_fail(scanner, scanner->at, "found %s where a value must stand", json_describe(scanner, buffer));
}

struct key_span {
    const uint8_t *text;
    size_t size;
};

static bool scan_key(struct json_scanner *scanner, struct key_span *key, size_t count)
{
    size_t start = scanner->at;
    char buffer[32];
    if (!is_next(scanner, '"')) {
        return json_fail(scanner, start, "found %s where a key in quotes must stand", json_describe(scanner, buffer));
    }
    if (count == JSON_MEMBER_MAX) {
        return json_fail(scanner, start, "object with more than %d members", JSON_MEMBER_MAX);
    }
    if (!json_scan_string(scanner)) {
        return false;
    }
    key[count] = (struct key_span){scanner->text + start + 1, scanner->at - start - 2};
    if (memchr(key[count].text, '\\', key[count].size) != NULL) {
        return json_fail(scanner, start, "key with an escape; no key of this format needs one");
    }
    for (size_t i = 0; i < count; i++) {
        if (key[i].size == key[count].size && memcmp(key[i].text, key[count].text, key[count].size) == 0) {
            int shown = key[i].size > 40 ? 40 : (int)key[i].size;
            return json_fail(scanner, start, "duplicate key \"%.*s\"; remove one", shown, (const char *)key[i].text);
        }
    }
    return true;
}

static bool scan_members(struct json_scanner *scanner)
{
    struct key_span key[JSON_MEMBER_MAX];
    size_t count = 0;
    json_skip_space(scanner);
    if (is_next(scanner, '}')) {
        scanner->at++;
        return true;
    }
    for (;;) {
        json_skip_space(scanner);
        if (!scan_key(scanner, key, count++)) {
            return false;
        }
        json_skip_space(scanner);
        if (!expect(scanner, ':', "after a key") || !json_scan_value(scanner)) {
            return false;
        }
        json_skip_space(scanner);
        if (is_next(scanner, '}')) {
            scanner->at++;
            return true;
        }
        if (!expect(scanner, ',', "or '}' after a member")) {
            return false;
        }
    }
}

static bool scan_items(struct json_scanner *scanner)
{
    json_skip_space(scanner);
    if (is_next(scanner, ']')) {
        scanner->at++;
        return true;
    }
    for (;;) {
        if (!json_scan_value(scanner)) {
            return false;
        }
        json_skip_space(scanner);
        if (is_next(scanner, ']')) {
            scanner->at++;
            return true;
        }
        if (!expect(scanner, ',', "or ']' after an item")) {
            return false;
        }
    }
}

static bool scan_nested(struct json_scanner *scanner)
{
    bool is_object = scanner->text[scanner->at] == '{';
    if (scanner->depth == JSON_DEPTH_MAX) {
        return json_fail(scanner, scanner->at, "nested deeper than %d levels", JSON_DEPTH_MAX);
    }
    scanner->depth++;
    scanner->at++;
    bool good = is_object ? scan_members(scanner) : scan_items(scanner);
    scanner->depth--;
    return good;
}

bool json_scan_value(struct json_scanner *scanner)
{
    char buffer[32];
    json_skip_space(scanner);
    if (scanner->at >= scanner->size) {
        return json_fail(scanner, scanner->at, "found %s where a value must stand", json_describe(scanner, buffer));
    }
    if (scanner->offset_count == JSON_VALUE_MAX) {
        return json_fail(scanner, scanner->at, "more than %d values; split the text", JSON_VALUE_MAX);
    }
    if (scanner->offset_count == scanner->offset_room) {
        scanner->offset_room = scanner->offset_room == 0 ? 64 : scanner->offset_room * 2;
        scanner->offset = memory_resize(scanner->offset, scanner->offset_room * sizeof *scanner->offset);
    }
    scanner->offset[scanner->offset_count++] = scanner->at;
    switch (scanner->text[scanner->at]) {
    case '{':
    case '[':
        return scan_nested(scanner);
    case '"':
        return json_scan_string(scanner);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number(scanner);
    default:
        return scan_word(scanner);
    }
}

/*
 * cJSON keeps the order of the text, so a walk over the tree meets the offsets in the order of
 * the scan.
 */
static void place_offsets(cJSON *item, const size_t **offset)
{
    for (; item != NULL; item = item->next) {
        item->valueint = (int)*(*offset)++;
        place_offsets(item->child, offset);
    }
}

cJSON *json_build(struct json_scanner *scanner, size_t start, size_t end, size_t first)
{
    if (end > (size_t)JSON_SIZE_MAX) {
        json_fail(scanner, start, "text of more than %d bytes; split it", JSON_SIZE_MAX);
        return NULL;
    }
    cJSON *root = cJSON_ParseWithLengthOpts((const char *)scanner->text + start, end - start, NULL, 0);
    if (root == NULL) {
        json_fail(scanner, start, "the JSON library cannot read this value, or has no memory left");
        return NULL;
    }
    const size_t *offset = scanner->offset + first;
    place_offsets(root, &offset);
    return root;
}

cJSON *json_parse(const uint8_t *text, size_t size, struct json_error *error)
{
    struct json_scanner scanner = {.text = text, .size = size, .error = error};
    cJSON *root = NULL;
    char buffer[32];
    if (json_scan_value(&scanner)) {
        size_t end = scanner.at;
        json_skip_space(&scanner);
        if (scanner.at < size) {
            json_fail(&scanner, scanner.at, "found %s after the end of the value; remove it",
                      json_describe(&scanner, buffer));
        } else {
            root = json_build(&scanner, scanner.offset[0], end, 0);
        }
    }
    json_scanner_free(&scanner);
    return root;
}
