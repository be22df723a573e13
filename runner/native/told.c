#include "told.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX = 1 << 20, RECORDS_MAX = 16 << 20 };

static const char step_line[] = "step\n", record_start[] = "record ", digits[] = "0123456789abcdef";

void told_clear(struct told *told)
{
    text_clear(&told->line);
    text_clear(&told->records);
    told->is_cut = false;
}

/* The digits of a record line and the newline behind them; NULL: it is another line. */
static const char *record_of(const struct text *line)
{
    size_t start = sizeof record_start - 1;
    if (line->size <= start || memcmp(line->data, record_start, start) != 0) {
        return NULL;
    }
    size_t count = strspn(line->data + start, digits);
    return count % 2 == 0 && start + count + 1 == line->size ? line->data + start : NULL;
}

static void take_line(struct told *told, struct text *others)
{
    const char *record = record_of(&told->line);
    if (strcmp(told->line.data, step_line) == 0) {
        text_clear(&told->records);
        told->is_cut = false;
    } else if (record == NULL) {
        text_add(others, told->line.data, told->line.size);
    } else if (told->records.size + told->line.size > RECORDS_MAX) {
        told->is_cut = true;
    } else {
        text_raw(&told->records, record);
    }
    text_clear(&told->line);
}

void told_take(struct told *told, const char *data, size_t size, struct text *others)
{
    for (size_t i = 0; i < size; i++) {
        text_add(&told->line, &data[i], 1);
        if (data[i] == '\n' || told->line.size >= LINE_MAX) {
            take_line(told, others);
        }
    }
}

static uint8_t nibble(char digit)
{
    return (uint8_t)(strchr(digits, digit) - digits);
}

void told_give(const struct told *told, const struct assay_observer *observer)
{
    size_t at = 0;
    while (at < told->records.size) {
        size_t count = strspn(told->records.data + at, digits) / 2;
        uint8_t *record = memory_resize(NULL, count + 1);
        for (size_t i = 0; i < count; i++, at += 2) {
            record[i] = (uint8_t)(nibble(told->records.data[at]) << 4 | nibble(told->records.data[at + 1]));
        }
        observer->event(observer->context, record, count);
        free(record);
        at++; /* the newline */
    }
}
