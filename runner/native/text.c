/* Text put together piece by piece and written line by line; strings leave it as valid JSON. */
#include "native.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(struct text *text, size_t more)
{
    size_t needed = text->size + more + 1;
    if (needed > text->room) {
        text->room = needed * 2 > 256 ? needed * 2 : 256;
        text->data = memory_resize(text->data, text->room);
    }
}

void text_clear(struct text *text)
{
    make_room(text, 0);
    text->size = 0;
    text->data[0] = '\0';
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

void text_add(struct text *text, const char *data, size_t size)
{
    make_room(text, size);
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_raw(struct text *text, const char *raw)
{
    text_add(text, raw, strlen(raw));
}

void text_visible(struct text *text, uint8_t byte)
{
    enum { DELETE = 0x7f };
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == DELETE) {
        text_format(text, "\\x%02x", (unsigned)byte);
    } else {
        text_add(text, (const char *)&byte, 1);
    }
}

void text_format(struct text *text, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    make_room(text, 120);
    size_t room = text->room - text->size;
    int size = vsnprintf(text->data + text->size, room, format, list);
    if (size > 0 && (size_t)size >= room) {
        make_room(text, (size_t)size);
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
    }
    text->size += size > 0 ? (size_t)size : 0;
    va_end(again);
    va_end(list);
}

size_t utf8_size(const uint8_t *at, size_t left)
{
    static const struct {
        uint8_t first, last, low, high, size; /* of the first byte; of the second byte */
    } shape[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        if (left == 0 || at[0] < shape[i].first || at[0] > shape[i].last) {
            continue;
        }
        if (left < shape[i].size || (shape[i].size > 1 && (at[1] < shape[i].low || at[1] > shape[i].high))) {
            return 0;
        }
        for (size_t k = 2; k < shape[i].size; k++) {
            if (at[k] < 0x80 || at[k] > 0xbf) {
                return 0;
            }
        }
        return shape[i].size;
    }
    return 0;
}

void text_string(struct text *text, const char *string)
{
    const uint8_t *at = (const uint8_t *)string;
    size_t left = strlen(string);
    text_raw(text, "\"");
    while (left > 0) {
        size_t size = utf8_size(at, left);
        if (size == 0) {
            text_raw(text, "\\ufffd");
            size = 1;
        } else if (*at == '"' || *at == '\\') {
            text_format(text, "\\%c", *at);
        } else if (*at < 0x20) {
            text_format(text, "\\u%04x", (unsigned)*at);
        } else {
            text_add(text, (const char *)at, size);
        }
        at += size;
        left -= size;
    }
    text_raw(text, "\"");
}

void text_hex(struct text *text, uint64_t value)
{
    char digits[16];
    size_t count = 0;
    do {
        digits[15 - count++] = "0123456789abcdef"[value % 16];
        value /= 16;
    } while (value != 0);
    text_add(text, "\"0x", 3);
    text_add(text, digits + 16 - count, count);
    text_add(text, "\"", 1);
}

void text_bytes(struct text *text, const uint8_t *data, size_t size)
{
    make_room(text, size * 2 + 2);
    text_raw(text, "\"");
    for (size_t i = 0; i < size; i++) {
        char pair[2] = {"0123456789abcdef"[data[i] / 16], "0123456789abcdef"[data[i] % 16]};
        text_add(text, pair, 2);
    }
    text_raw(text, "\"");
}

void text_registers(struct text *text, const uint64_t reg[ASSAY_REGISTER_COUNT])
{
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        text_raw(text, i == 0 ? "[" : ", ");
        text_hex(text, reg[i]);
    }
    text_raw(text, "]");
}

void text_line(struct text *text)
{
    text_add(text, "\n", 1);
    if (fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout) != 0) {
        complain("standard output cannot be written; nobody would see the rest, so this is the end");
        exit(CODE_HOST);
    }
    text_clear(text);
}
