/* The printf family, to memory. */
#include "print.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void print_text(struct print_sink *sink, const char *text, size_t size)
{
    if (sink->used < sink->size) {
        size_t room = sink->size - sink->used;
        memcpy(sink->target + sink->used, text, size < room ? size : room);
    }
    sink->used += size;
}

void print_repeated(struct print_sink *sink, char letter, size_t count)
{
    for (; count > 0; count--)
        print_text(sink, &letter, 1);
}

static const char *read_number(const char *at, size_t *value)
{
    for (*value = 0; *at >= '0' && *at <= '9'; at++)
        *value = *value * 10 + (size_t)(*at - '0');
    return at;
}

static const char *read_flags(const char *at, struct print_format *format)
{
    for (;; at++) {
        switch (*at) {
        case '-':
            format->is_left = true;
            break;
        case '+':
            format->has_plus = true;
            break;
        case ' ':
            format->has_space = true;
            break;
        case '#':
            format->has_prefix = true;
            break;
        case '0':
            format->has_zeros = true;
            break;
        default:
            return at;
        }
    }
}

static const char *read_length(const char *at, struct print_format *format)
{
    for (; *at != 0 && strchr("hljztL", *at) != NULL; at++) {
        if (*at == 'h')
            format->length = format->length == 'h' ? 'b' : 'h';
        else
            format->length = *at == 'L' ? 'L' : 'l';
    }
    return at;
}

/* A number, sign or prefix before it; the digits are in `digits`, without leading zeros. */
static void put_number(struct print_sink *sink, const struct print_format *format, const char *before,
                       const char *digits)
{
    size_t size = strlen(digits), start = strlen(before), zeros = 0, blanks;
    if (format->has_precision)
        zeros = format->precision > size ? format->precision - size : 0;
    else if (format->has_zeros && !format->is_left && format->width > size + start)
        zeros = format->width - size - start;
    blanks = format->width > start + zeros + size ? format->width - start - zeros - size : 0;
    print_repeated(sink, ' ', format->is_left ? 0 : blanks);
    print_text(sink, before, start);
    print_repeated(sink, '0', zeros);
    print_text(sink, digits, size);
    print_repeated(sink, ' ', format->is_left ? blanks : 0);
}

/* The digits of a value at the end of `room`, which holds 65 letters; no digit for 0. */
static char *digits_of(uint64_t value, unsigned base, bool is_large, char *room)
{
    const char *digits = is_large ? "0123456789ABCDEF" : "0123456789abcdef";
    char *at = room + 64;
    for (*at = 0; value > 0; value /= base)
        *--at = digits[value % base];
    return at;
}

static void put_unsigned(struct print_sink *sink, struct print_format *format, uint64_t value)
{
    char room[65];
    unsigned base = format->kind == 'o' ? 8 : format->kind == 'u' ? 10 : 16;
    char *digits = digits_of(value, base, format->kind == 'X', room);
    const char *before = "";
    if (format->has_prefix && base == 16 && value != 0)
        before = format->kind == 'X' ? "0X" : "0x";
    if (value == 0 && (!format->has_precision || format->precision > 0))
        *--digits = '0';
    if (format->has_prefix && base == 8 && *digits != '0') {
        size_t size = strlen(digits);
        if (!format->has_precision || format->precision <= size)
            *--digits = '0';
    }
    put_number(sink, format, before, digits);
}

static void put_signed(struct print_sink *sink, struct print_format *format, int64_t value)
{
    char room[65];
    char *digits = digits_of(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, false, room);
    if (value == 0 && (!format->has_precision || format->precision > 0))
        *--digits = '0';
    put_number(sink, format, value < 0 ? "-" : format->has_plus ? "+" : format->has_space ? " " : "", digits);
}

static void put_text(struct print_sink *sink, const struct print_format *format, const char *text, size_t size)
{
    size_t blanks = format->width > size ? format->width - size : 0;
    print_repeated(sink, ' ', format->is_left ? 0 : blanks);
    print_text(sink, text, size);
    print_repeated(sink, ' ', format->is_left ? blanks : 0);
}

static void put_string(struct print_sink *sink, const struct print_format *format, const char *text)
{
    if (text == NULL)
        text = format->has_precision && format->precision < 6 ? "" : "(null)";
    put_text(sink, format, text, strnlen(text, format->has_precision ? format->precision : SIZE_MAX));
}

static int64_t narrow_signed(char length, long value)
{
    return length == 'b' ? (signed char)value : length == 'h' ? (short)value : length == 'l' ? value : (int)value;
}

static uint64_t narrow_unsigned(char length, unsigned long value)
{
    if (length == 'b')
        return (unsigned char)value;
    return length == 'h' ? (unsigned short)value : length == 'l' ? value : (unsigned)value;
}

static void put_pointer(struct print_sink *sink, struct print_format *format, uintptr_t value)
{
    if (value == 0) {
        put_text(sink, format, "(nil)", 5);
        return;
    }
    format->kind = 'x';
    format->has_prefix = true;
    put_unsigned(sink, format, value);
}

/* One conversion; the arguments are read here alone, because where they are is one place. */
static void put_one(struct print_sink *sink, struct print_format *format, va_list *arguments)
{
    char letter;
    switch (format->kind) {
    case 'd':
    case 'i':
        if (format->length == 'l')
            put_signed(sink, format, va_arg(*arguments, long));
        else
            put_signed(sink, format, narrow_signed(format->length, va_arg(*arguments, int)));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        if (format->length == 'l')
            put_unsigned(sink, format, va_arg(*arguments, unsigned long));
        else
            put_unsigned(sink, format, narrow_unsigned(format->length, va_arg(*arguments, unsigned)));
        break;
    case 'c':
        letter = (char)va_arg(*arguments, int);
        put_text(sink, format, &letter, 1);
        break;
    case 's':
        put_string(sink, format, va_arg(*arguments, const char *));
        break;
    case 'p':
        put_pointer(sink, format, (uintptr_t)va_arg(*arguments, void *));
        break;
    case '%':
        print_text(sink, "%", 1);
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        if (format->length != 'L') {
            print_real(sink, format, va_arg(*arguments, double));
            break;
        }
        (void)va_arg(*arguments, long double); /* there is no arithmetic for it */
        print_text(sink, "?", 1);
        break;
    case 'n':
        *va_arg(*arguments, int *) = (int)sink->used;
        break;
    default:
        (void)va_arg(*arguments, long);
        print_text(sink, "?", 1);
    }
}

static const char *read_size(const char *at, size_t *value, bool *is_negative, va_list *arguments)
{
    int given;
    if (*at != '*')
        return read_number(at, value);
    given = va_arg(*arguments, int);
    *is_negative = given < 0;
    *value = given < 0 ? -(size_t)given : (size_t)given;
    return at + 1;
}

static void print(struct print_sink *sink, const char *at, va_list *arguments)
{
    while (*at != 0) {
        struct print_format format = {0};
        bool is_negative = false;
        size_t plain = strcspn(at, "%");
        print_text(sink, at, plain);
        at += plain;
        if (*at == 0)
            return;
        at = read_flags(at + 1, &format);
        at = read_size(at, &format.width, &is_negative, arguments);
        format.is_left |= is_negative;
        if (*at == '.') {
            is_negative = false;
            at = read_size(at + 1, &format.precision, &is_negative, arguments);
            format.has_precision = !is_negative;
        }
        at = read_length(at, &format);
        if (*at == 0)
            return;
        format.kind = *at++;
        put_one(sink, &format, arguments);
    }
}

int vsnprintf(char *restrict target, size_t size, const char *restrict format, va_list arguments)
{
    struct print_sink sink = {target, size > 0 ? size - 1 : 0, 0};
    va_list here;
    va_copy(here, arguments);
    print(&sink, format, &here);
    va_end(here);
    if (size > 0)
        target[sink.used < sink.size ? sink.used : sink.size] = 0;
    return (int)sink.used;
}

int vsprintf(char *restrict target, const char *restrict format, va_list arguments)
{
    return vsnprintf(target, SIZE_MAX >> 1, format, arguments);
}

int snprintf(char *restrict target, size_t size, const char *restrict format, ...)
{
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = vsnprintf(target, size, format, arguments);
    va_end(arguments);
    return count;
}

int sprintf(char *restrict target, const char *restrict format, ...)
{
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = vsprintf(target, format, arguments);
    va_end(arguments);
    return count;
}
