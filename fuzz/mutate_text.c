/* Changes of text: whole lines, members between commas, and words; see mutate.h. */
#include "mutate.h"
#include "reader.h"

#include <string.h>

/* From a place just behind a separator up to the next one. */
static struct assay_bytes any_piece(struct random *random, struct assay_bytes text)
{
    static const char separators[] = "\n,{[";
    char separator = separators[random_below(random, sizeof separators - 1)];
    size_t start = text.size == 0 ? 0 : random_below(random, text.size), end = start;
    while (start > 0 && text.data[start - 1] != (uint8_t)separator) {
        start--;
    }
    while (end < text.size && text.data[end] != (uint8_t)separator && end - start < 2000) {
        end++;
    }
    end += end < text.size;
    return (struct assay_bytes){text.data + start, end > start ? end - start : 0};
}

static void add(struct text *sink, const uint8_t *from, const uint8_t *to)
{
    sink_raw(sink, from, (size_t)(to - from));
}

void mutate_text(struct mutation *mutation, struct source source, struct text *sink)
{
    static const char *const words[] = {"\"0x0\"", "\"0xffffffffffffffff\"", "null", "[]", "{}", "true", "\"\"", "0",
                                        "\"x\"",   "18446744073709551615"};
    struct random *random = &mutation->random;
    unsigned form = source_byte(&source);
    struct assay_bytes text = source_rest(&source), other = mutation->other;
    struct assay_bytes piece = any_piece(random, text);
    const uint8_t *end = text.data + text.size, *behind = piece.data + piece.size;
    text_raw(sink, TAG_READER);
    sink_byte(sink, form);
    switch (random_below(random, 5)) {
    case 0: /* out */
        add(sink, text.data, piece.data);
        add(sink, behind, end);
        break;
    case 1: /* twice */
        add(sink, text.data, behind);
        add(sink, piece.data, end);
        break;
    case 2: { /* one of another input */
        struct assay_bytes second = any_piece(random, other);
        add(sink, text.data, piece.data);
        sink_raw(sink, second.data, second.size);
        add(sink, piece.data, end);
        break;
    }
    case 3: { /* a value */
        const uint8_t *colon = piece.size == 0 ? NULL : memchr(piece.data, ':', piece.size);
        const uint8_t *at = colon == NULL ? piece.data : colon + 1;
        add(sink, text.data, at);
        text_raw(sink, words[random_below(random, sizeof words / sizeof *words)]);
        add(sink, random_chance(random, 2) && piece.size > 0 ? behind - 1 : at, end);
        break;
    }
    default:
        text = mutate_bytes(mutation, text, (struct assay_bytes){0});
        sink_raw(sink, text.data, text.size);
    }
}
