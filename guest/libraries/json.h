/* Random texts of JSON: nested, with numbers and escapes of all kinds, some of them damaged. */
#ifndef LIBRARIES_JSON_H
#define LIBRARIES_JSON_H

#include "common.h"

static void json_add(const char *text)
{
    size_t size = strlen(text);
    if (input_size + size < sizeof input) {
        memcpy(input + input_size, text, size);
        input_size += size;
    }
}

static void json_blank(void)
{
    static const char *const blanks[] = {"", "", "", " ", "\n\t", "\r "};
    json_add(blanks[draw(6)]);
}

static void json_string(void)
{
    static const char *const parts[] = {"a",
                                        "key",
                                        "\\n",
                                        "\\u00e9",
                                        "\\\"",
                                        "\xc3\xa4",
                                        "\\u20AC",
                                        "\\ud83d\\ude00",
                                        "/",
                                        "\\/",
                                        "\\\\\\t",
                                        "\xf0\x9f\x98\x80",
                                        " x ",
                                        "0",
                                        "\x7f",
                                        "\\b\\f",
                                        "\xe2\x82\xac",
                                        "B"};
    json_add("\"");
    for (uint64_t n = draw(6); n > 0; n--)
        json_add(parts[draw(18)]);
    json_add("\"");
}

static void json_digits(uint64_t most)
{
    char digit[2] = {(char)('1' + draw(9)), 0};
    json_add(digit);
    for (uint64_t n = draw(most); n > 0; n--) {
        digit[0] = (char)('0' + draw(10));
        json_add(digit);
    }
}

static void json_number(void)
{
    static const char *const whole[] = {"0", "-0", "1", "2147483647", "-2147483649", "9223372036854775808", "1e400"};
    static const char *const powers[] = {"e", "E", "e+", "E-", "e-0"};
    if (draw(5) == 0) {
        json_add(whole[draw(7)]);
        return;
    }
    json_add(draw(3) ? "" : "-");
    json_digits(draw(3) ? 6 : 24);
    if (draw(2)) {
        json_add(".");
        json_digits(draw(3) ? 4 : 20);
    }
    if (draw(3) == 0) {
        json_add(powers[draw(5)]);
        json_digits(draw(6) ? 2 : 3);
    }
}

static void json_value(int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    uint64_t kind = draw(depth > 0 ? 8 : 4);
    json_blank();
    if (kind == 0) {
        json_add(words[draw(3)]);
    } else if (kind == 1) {
        json_string();
    } else if (kind < 4) {
        json_number();
    } else {
        json_add(kind < 6 ? "[" : "{");
        for (uint64_t n = draw(5), more = n; more > 0; more--) {
            json_add(more < n ? "," : "");
            json_blank();
            if (kind >= 6) {
                json_string();
                json_blank();
                json_add(":");
            }
            json_value(depth - 1);
        }
        json_add(kind < 6 ? "]" : "}");
    }
    json_blank();
}

/* The text, and a byte 0 behind it. */
static void make_json(void)
{
    input_size = 0;
    json_value(5);
    if (draw(4) == 0)
        input[draw(input_size)] = (unsigned char)"{}[]\",:\\ e-+.0\x01\xff"[draw(16)];
    if (draw(8) == 0)
        input_size = draw(input_size);
    input[input_size] = 0;
}

static inline void note_double(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    note(bits);
}

#endif
