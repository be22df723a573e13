/* Normal forms, case, properties and graphemes of random letters of all planes. */
#include "common.h"
#include <utf8proc.h>

static const utf8proc_option_t forms[] = {
    UTF8PROC_STABLE | UTF8PROC_COMPOSE,
    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
    UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
    UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK,
    UTF8PROC_COMPOSE | UTF8PROC_NLF2LS | UTF8PROC_LUMP,
};

static void one(void)
{
    static const uint32_t ends[] = {0x80, 0x370, 0x2000, 0xd7ff, 0x1f000, 0x10ffff};
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t size;
    utf8proc_int32_t last = 'a';
    input_size = 0;
    for (uint64_t n = draw(60); n > 0; n--) {
        utf8proc_int32_t letter = (utf8proc_int32_t)draw(ends[draw(6)]);
        input_size += (size_t)utf8proc_encode_char(letter, input + input_size);
        note((uint64_t)utf8proc_tolower(letter) + 3 * (uint64_t)utf8proc_toupper(letter));
        note((uint64_t)utf8proc_category(letter) + 31 * (uint64_t)utf8proc_charwidth(letter));
        note(utf8proc_grapheme_break(last, letter));
        last = letter;
    }
    if (input_size && draw(4) == 0)
        input[draw(input_size)] = (unsigned char)draw(256);
    size = utf8proc_map(input, (utf8proc_ssize_t)input_size, &made, forms[draw(6)]);
    note((uint64_t)size);
    if (size >= 0)
        note_bytes(made, (size_t)size);
    free(made);
}
