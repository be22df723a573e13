/*
 * json.h - strict JSON: what the text is, where everything in it stands, and typed reading of
 * its fields.
 *
 * cJSON accepts too much: duplicate keys, trailing text, control bytes, broken UTF-8, numbers
 * of any shape. So a scanner walks the text first and accepts or rejects it, with the byte
 * offset; only an accepted text reaches cJSON, and the offset of each value is then kept in
 * that value's `valueint`, which nothing else uses.
 */
#ifndef ASSAY_NATIVE_JSON_H
#define ASSAY_NATIVE_JSON_H

#include "native.h"

#include <cJSON.h>

enum {
    JSON_DEPTH_MAX = 16,  /* nesting of objects and arrays */
    JSON_MEMBER_MAX = 64, /* members of one object */
    JSON_SIZE_MAX = 64 * 1024 * 1024,
    JSON_VALUE_MAX = 8 * 1024 * 1024, /* values of one text, or of one case */
    JSON_MESSAGE_MAX = 240,
};

struct json_error {
    size_t offset; /* of the byte where it was noticed */
    char message[JSON_MESSAGE_MAX];
};

struct json_scanner {
    const uint8_t *text;
    size_t size;
    size_t at;
    unsigned depth;
    struct json_error *error;
    size_t *offset; /* of every value passed, parents before children */
    size_t offset_count;
    size_t offset_room;
};

void json_scanner_free(struct json_scanner *scanner);
void json_skip_space(struct json_scanner *scanner);
/* Fills in the error, at offset `at`, and returns false. */
bool json_fail(struct json_scanner *scanner, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool json_scan_string(struct json_scanner *scanner); /* at its quote; moves behind the other one */
bool json_scan_value(struct json_scanner *scanner);  /* white space, then one value */
/* What stands at the scanner, in words, for an error message. */
const char *json_describe(const struct json_scanner *scanner, char buffer[32]);

/*
 * Parses text[start, end), which the scanner has just accepted with offsets from `first` on,
 * and leaves the byte offset of every value in its valueint. NULL after an error. Free it with
 * cJSON_Delete.
 */
cJSON *json_build(struct json_scanner *scanner, size_t start, size_t end, size_t first);

/* Scans and builds a whole text that must be one value. */
cJSON *json_parse(const uint8_t *text, size_t size, struct json_error *error);

/* ---- typed reading ----------------------------------------------------------------------- */

/* The first error sticks: readers called later do nothing and return 0 or NULL. */
struct json_reader {
    struct arena *arena;
    struct json_error *error;
    bool failed;
};

struct json_key {
    const char *name;
    bool required;
};

void json_reject(struct json_reader *reader, const cJSON *item, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts the members of an object that may have only these keys into `found`, NULL where absent. */
bool json_read_object(struct json_reader *reader, const cJSON *item, const struct json_key *key, size_t key_count,
                      const cJSON **found);
/* Checks that it is an array and returns its length. */
size_t json_read_array(struct json_reader *reader, const cJSON *item);
const cJSON *json_first(const cJSON *list); /* its first item; NULL when there is none, or no list */
/* Checks that it is an array of exactly `count` items and puts them into `found`. */
bool json_read_tuple(struct json_reader *reader, const cJSON *item, size_t count, const cJSON **found);
const char *json_read_string(struct json_reader *reader, const cJSON *item);
uint64_t json_read_number(struct json_reader *reader, const cJSON *item, uint64_t max);
uint64_t json_read_hex(struct json_reader *reader, const cJSON *item, unsigned bits);
struct bytes json_read_bytes(struct json_reader *reader, const cJSON *item);
void json_read_registers(struct json_reader *reader, const cJSON *item, uint64_t reg[ASSAY_REGISTER_COUNT]);

#endif
