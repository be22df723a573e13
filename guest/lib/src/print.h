/* What the files of the printf family share. */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>
#include <stddef.h>

/* Where text goes: what does not fit is counted, and lost. */
struct print_sink {
    char *target;
    size_t size, used;
};

struct print_format {
    bool is_left, has_plus, has_space, has_prefix, has_zeros, has_precision;
    size_t width, precision;
    char length; /* b hh, h, l, L, or 0; ll, j, z and t are l */
    char kind;
};

void print_text(struct print_sink *sink, const char *text, size_t size);
void print_repeated(struct print_sink *sink, char letter, size_t count);

/* One of eEfFgGaA. */
void print_real(struct print_sink *sink, const struct print_format *format, double number);

#endif
