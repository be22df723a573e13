/* The bytes of inputs; see bytes.h. */
#include "bytes.h"

enum { SEVEN_BITS = 0x7f, GOES_ON = 0x80 };

uint8_t source_byte(struct source *source)
{
    return source->at < source->size ? source->data[source->at++] : 0;
}

uint64_t source_fixed(struct source *source, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)source_byte(source) << (8 * i);
    }
    return value;
}

uint64_t source_number(struct source *source)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = source_byte(source);
        value |= (uint64_t)(byte & SEVEN_BITS) << shift;
        if ((byte & GOES_ON) == 0) {
            break;
        }
    }
    return value;
}

static size_t source_left(const struct source *source)
{
    return source->size - source->at;
}

size_t source_count(struct source *source)
{
    uint64_t count = source_number(source);
    return count < source_left(source) ? (size_t)count : source_left(source);
}

struct assay_bytes source_take(struct source *source, size_t size)
{
    size_t taken = size < source_left(source) ? size : source_left(source);
    struct assay_bytes bytes = {source->data + source->at, taken};
    source->at += taken;
    return bytes;
}

struct assay_bytes source_bytes(struct source *source)
{
    return source_take(source, source_count(source));
}

struct assay_bytes source_rest(struct source *source)
{
    return source_take(source, source_left(source));
}

void sink_byte(struct text *sink, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    text_add(sink, (const char *)&byte, 1);
}

void sink_fixed(struct text *sink, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        sink_byte(sink, (unsigned)(value >> (8 * i) & UINT8_MAX));
    }
}

void sink_number(struct text *sink, uint64_t value)
{
    for (; value > SEVEN_BITS; value >>= 7) {
        sink_byte(sink, (unsigned)(value & SEVEN_BITS) | GOES_ON);
    }
    sink_byte(sink, (unsigned)value);
}

void sink_raw(struct text *sink, const uint8_t *data, size_t size)
{
    if (size > 0) {
        text_add(sink, (const char *)data, size);
    }
}

void sink_bytes(struct text *sink, const uint8_t *data, size_t size)
{
    sink_number(sink, size);
    sink_raw(sink, data, size);
}
