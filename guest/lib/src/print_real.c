/* Floating-point numbers as text: exact digits, then one rounding. */
#include "decimal.h"
#include "print.h"
#include <string.h>

/* Digits around a point, as they are written. */
struct picture {
    const char *before; /* the sign, and 0x */
    const char *digits;
    size_t count;     /* of the digits; what is behind them is 0 */
    long point;       /* how many of them are before the point; what is before them is 0 */
    size_t fraction;  /* digits behind the point */
    char exponent[8]; /* e+00, or nothing */
    bool has_point;
};

static void print_picture(struct print_sink *sink, const struct print_format *format, const struct picture *picture)
{
    size_t whole = picture->point > 0 ? (size_t)picture->point : 1, start = strlen(picture->before);
    size_t end = strlen(picture->exponent), size = start + whole + picture->has_point + picture->fraction + end;
    size_t blanks = format->width > size ? format->width - size : 0;
    bool has_zeros = format->has_zeros && !format->is_left;
    print_repeated(sink, ' ', format->is_left || has_zeros ? 0 : blanks);
    print_text(sink, picture->before, start);
    print_repeated(sink, '0', has_zeros ? blanks : 0);
    for (long n = picture->point > 0 ? 0 : picture->point - 1; n < picture->point + (long)picture->fraction; n++) {
        if (n == picture->point && picture->has_point)
            print_text(sink, ".", 1);
        print_repeated(sink, n >= 0 && (size_t)n < picture->count ? picture->digits[n] : '0', 1);
    }
    if (picture->fraction == 0 && picture->has_point)
        print_text(sink, ".", 1);
    print_text(sink, picture->exponent, end);
    print_repeated(sink, ' ', format->is_left ? blanks : 0);
}

/* e+00, with at least so many digits. */
static void write_exponent(char *target, char letter, int exponent, int least)
{
    char digits[4];
    int count = 0;
    for (int left = exponent < 0 ? -exponent : exponent; left > 0 || count < least; left /= 10)
        digits[count++] = (char)('0' + left % 10);
    *target++ = letter;
    *target++ = exponent < 0 ? '-' : '+';
    while (count > 0)
        *target++ = digits[--count];
    *target = 0;
}

static bool is_large(char kind)
{
    return kind >= 'A' && kind <= 'Z';
}

static void print_decimal(struct print_sink *sink, const struct print_format *format, struct real number,
                          const char *before)
{
    struct decimal decimal;
    struct picture picture = {.before = before, .digits = decimal.digits};
    char kind = (char)(format->kind | 0x20);
    long digits = format->has_precision ? (long)format->precision : 6; /* behind the point; for g, in all */
    long kept;
    decimal_of(&decimal, number);
    if (kind == 'g' && digits == 0)
        digits = 1;
    kept = digits + (kind == 'e' ? 1 : kind == 'f' ? decimal.exponent + 1 : 0);
    decimal_round(&decimal, kept < DECIMAL_ROOM ? (int)kept : DECIMAL_ROOM);
    if (kind == 'g') {
        bool is_plain = decimal.exponent >= -4 && decimal.exponent < digits;
        kind = is_plain ? 'f' : 'e';
        if (!format->has_prefix && digits > decimal.count)
            digits = decimal.count > decimal.exponent || !is_plain ? decimal.count : decimal.exponent + 1;
        digits = is_plain ? digits - 1 - decimal.exponent : digits - 1;
    }
    picture.count = (size_t)decimal.count;
    picture.point = kind == 'f' ? decimal.exponent + 1 : 1;
    picture.fraction = (size_t)digits;
    picture.has_point = digits > 0 || format->has_prefix;
    if (kind == 'e')
        write_exponent(picture.exponent, is_large(format->kind) ? 'E' : 'e', decimal.exponent, 2);
    print_picture(sink, format, &picture);
}

/* The top bit of the fraction, then digits of four bits; a number below the normal ones begins with 0. */
static void print_hexadecimal(struct print_sink *sink, const struct print_format *format, struct real number,
                              const char *before)
{
    const char *letters = is_large(format->kind) ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[16];
    struct picture picture = {.before = before, .digits = digits, .point = 1};
    int exponent = number.kind == REAL_ZERO ? 0 : number.exponent < -1022 ? -1022 : number.exponent, last = 13;
    uint64_t value = number.fraction >> 11 >> (exponent - (number.kind == REAL_ZERO ? 0 : number.exponent));
    if (format->has_precision && format->precision < 13) {
        int dropped = 4 * (13 - (int)format->precision);
        uint64_t half = UINT64_C(1) << (dropped - 1), low = value & (2 * half - 1);
        value = (value >> dropped) + (low > half || (low == half && value >> dropped & 1));
        value <<= dropped;
    }
    for (int n = 0; n <= 13; n++)
        digits[n] = letters[value >> (52 - 4 * n) & 15];
    while (last > 0 && digits[last] == '0')
        last--;
    picture.count = (size_t)last + 1;
    picture.fraction = format->has_precision ? format->precision : (size_t)last;
    picture.has_point = picture.fraction > 0 || format->has_prefix;
    write_exponent(picture.exponent, is_large(format->kind) ? 'P' : 'p', exponent, 1);
    print_picture(sink, format, &picture);
}

static void print_word(struct print_sink *sink, const struct print_format *format, const char *sign, const char *word)
{
    size_t size = strlen(sign) + strlen(word), blanks = format->width > size ? format->width - size : 0;
    print_repeated(sink, ' ', format->is_left ? 0 : blanks);
    print_text(sink, sign, strlen(sign));
    print_text(sink, word, strlen(word));
    print_repeated(sink, ' ', format->is_left ? blanks : 0);
}

void print_real(struct print_sink *sink, const struct print_format *format, double value)
{
    uint64_t bits;
    struct real number;
    const char *sign;
    char before[4] = "";
    __builtin_memcpy(&bits, &value, sizeof bits);
    number = real_of(bits, REAL_DOUBLE);
    sign = number.is_negative ? "-" : format->has_plus ? "+" : format->has_space ? " " : "";
    strcpy(before, sign);
    if (number.kind == REAL_NAN) {
        print_word(sink, format, sign, is_large(format->kind) ? "NAN" : "nan");
    } else if (number.kind == REAL_INFINITE) {
        print_word(sink, format, sign, is_large(format->kind) ? "INF" : "inf");
    } else if ((format->kind | 0x20) == 'a') {
        strcat(before, is_large(format->kind) ? "0X" : "0x");
        print_hexadecimal(sink, format, number, before);
    } else {
        print_decimal(sink, format, number, before);
    }
}
