/* Tokens, with room for all of them or too few, whole and in pieces. */
#include "json.h"
#include <jsmn.h>

static void one(void)
{
    static jsmntok_t tokens[400];
    jsmn_parser parser;
    unsigned room = (unsigned)(draw(3) ? 400 : draw(20));
    int found;
    make_json();
    jsmn_init(&parser);
    note((uint64_t)jsmn_parse(&parser, (const char *)input, input_size, NULL, 0));
    jsmn_init(&parser);
    for (size_t end = draw(3) ? input_size : draw(input_size + 1);; end = input_size) {
        found = jsmn_parse(&parser, (const char *)input, end, tokens, room);
        note((uint64_t)found);
        note(parser.pos + 1000 * (uint64_t)parser.toknext);
        if (end == input_size)
            break;
    }
    for (unsigned n = 0; n < parser.toknext && n < room; n++) {
        note((uint64_t)tokens[n].type + 8 * (uint64_t)tokens[n].size);
        note((uint64_t)tokens[n].start + 4096 * (uint64_t)tokens[n].end);
    }
}
