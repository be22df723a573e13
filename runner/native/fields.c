/*
 * Typed reading of values that the scanner has accepted; every complaint carries the offset of
 * its value.
 */
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void json_reject(struct json_reader *reader, const cJSON *item, const char *format, ...)
{
    if (reader->failed) {
        return;
    }
    va_list list;
    va_start(list, format);
    reader->failed = true;
    reader->error->offset = item == NULL ? 0 : (size_t)item->valueint;
    vsnprintf(reader->error->message, sizeof reader->error->message, format, list);
    va_end(list);
}

static const char *name_of(const cJSON *item)
{
    return item->string != NULL ? item->string : "item";
}

static size_t find_key(const struct json_key *key, size_t key_count, const char *name)
{
    size_t i = 0;
    while (i < key_count && strcmp(key[i].name, name) != 0) {
        i++;
    }
    return i;
}

bool json_read_object(struct json_reader *reader, const cJSON *item, const struct json_key *key, size_t key_count,
                      const cJSON **found)
{
    for (size_t i = 0; i < key_count; i++) {
        found[i] = NULL;
    }
    if (reader->failed || item == NULL) {
        return false;
    }
    if (!cJSON_IsObject(item)) {
        json_reject(reader, item, "%s must be an object", name_of(item));
        return false;
    }
    for (const cJSON *member = item->child; member != NULL; member = member->next) {
        size_t i = find_key(key, key_count, member->string);
        if (i == key_count) {
            json_reject(reader, member, "unknown key \"%.60s\"; remove it or correct it", member->string);
            return false;
        }
        found[i] = member;
    }
    for (size_t i = 0; i < key_count; i++) {
        if (key[i].required && found[i] == NULL) {
            json_reject(reader, item, "key \"%s\" is missing; add it", key[i].name);
            return false;
        }
    }
    return true;
}

size_t json_read_array(struct json_reader *reader, const cJSON *item)
{
    if (reader->failed || item == NULL) {
        return 0;
    }
    if (!cJSON_IsArray(item)) {
        json_reject(reader, item, "%s must be a list", name_of(item));
        return 0;
    }
    size_t count = 0;
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        count++;
    }
    return count;
}

const cJSON *json_first(const cJSON *list)
{
    return cJSON_IsArray(list) ? list->child : NULL;
}

bool json_read_tuple(struct json_reader *reader, const cJSON *item, size_t count, const cJSON **found)
{
    for (size_t i = 0; i < count; i++) {
        found[i] = NULL;
    }
    if (json_read_array(reader, item) != count) {
        json_reject(reader, item, "%s must be a list of %zu items", item == NULL ? "item" : name_of(item), count);
    }
    if (reader->failed || item == NULL) {
        return false;
    }
    const cJSON *child = item->child;
    for (size_t i = 0; i < count; i++, child = child->next) {
        found[i] = child;
    }
    return true;
}

const char *json_read_string(struct json_reader *reader, const cJSON *item)
{
    if (reader->failed || item == NULL) {
        return "";
    }
    if (!cJSON_IsString(item)) {
        json_reject(reader, item, "%s must be a string", name_of(item));
        return "";
    }
    return item->valuestring;
}

uint64_t json_read_number(struct json_reader *reader, const cJSON *item, uint64_t max)
{
    if (reader->failed || item == NULL) {
        return 0;
    }
    if (!cJSON_IsNumber(item)) {
        json_reject(reader, item, "%s must be a number without quotes", name_of(item));
        return 0;
    }
    uint64_t value = (uint64_t)item->valuedouble; /* the scanner lets only integers below 2^53 through */
    if (value > max) {
        json_reject(reader, item, "%s must be at most %llu", name_of(item), (unsigned long long)max);
        return 0;
    }
    return value;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* What is wrong with a hex number, or NULL. */
static const char *hex_trouble(const char *text, unsigned bits)
{
    if (strncmp(text, "0x", 2) != 0 || text[2] == '\0') {
        return "0x and at least one digit are needed";
    }
    for (const char *at = text + 2; *at != '\0'; at++) {
        if (digit_value(*at) < 0) {
            return "only digits 0-9 and a-f, in lower case";
        }
    }
    if (text[2] == '0' && text[3] != '\0') {
        return "no leading zeros";
    }
    return strlen(text + 2) > bits / 4 ? "too wide" : NULL;
}

uint64_t json_read_hex(struct json_reader *reader, const cJSON *item, unsigned bits)
{
    if (reader->failed || item == NULL) {
        return 0;
    }
    if (!cJSON_IsString(item)) {
        json_reject(reader, item, "%s must be a string \"0x...\"", name_of(item));
        return 0;
    }
    const char *trouble = hex_trouble(item->valuestring, bits);
    if (trouble != NULL) {
        json_reject(reader, item, "%s \"%.40s\" is not a hex number of %u bits: %s", name_of(item), item->valuestring,
                    bits, trouble);
        return 0;
    }
    uint64_t value = 0;
    for (const char *at = item->valuestring + 2; *at != '\0'; at++) {
        value = value * 16 + (uint64_t)digit_value(*at);
    }
    return value;
}

struct bytes json_read_bytes(struct json_reader *reader, const cJSON *item)
{
    const char *text = json_read_string(reader, item);
    size_t digit_count = strlen(text);
    struct bytes bytes = {arena_take(reader->arena, digit_count / 2), digit_count / 2};
    if (digit_count % 2 != 0) {
        json_reject(reader, item, "%s has an odd number of hex digits; a byte has two", name_of(item));
    }
    for (size_t i = 0; i < bytes.size && !reader->failed; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            json_reject(reader, item, "%s is not made of lower-case hex digits (byte %zu)", name_of(item), i);
            break;
        }
        bytes.data[i] = (uint8_t)(high * 16 + low);
    }
    return bytes;
}

void json_read_registers(struct json_reader *reader, const cJSON *item, uint64_t reg[ASSAY_REGISTER_COUNT])
{
    const cJSON *part[ASSAY_REGISTER_COUNT];
    if (json_read_tuple(reader, item, ASSAY_REGISTER_COUNT, part)) {
        for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
            reg[i] = json_read_hex(reader, part[i], 64);
        }
    }
}
