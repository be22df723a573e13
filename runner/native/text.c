/* Text put together piece by piece and written line by line; strings leave it as valid JSON. */
#include "json.h"
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

void text_line(struct text *text)
{
    text_add(text, "\n", 1);
    if (fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout) != 0) {
        complain("standard output cannot be written; nobody would see the rest, so this is the end");
        exit(CODE_HOST);
    }
    text_clear(text);
}

void complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("assay-native: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
