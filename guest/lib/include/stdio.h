/*
 * Text to memory. There are no files: stdout and stderr are one buffer, which assay_printed shows; what does not fit
 * is lost, as fflush says. There is no floating point: %e, %f, %g and %a print a question mark.
 */
#ifndef ASSAY_STDIO_H
#define ASSAY_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)
#define BUFSIZ 4096

typedef struct assay_file FILE;

extern FILE *const stdout;
extern FILE *const stderr;
#define stdout stdout
#define stderr stderr

int snprintf(char *restrict target, size_t size, const char *restrict format, ...)
    __attribute__((format(printf, 3, 4)));
int sprintf(char *restrict target, const char *restrict format, ...) __attribute__((format(printf, 2, 3)));
int vsnprintf(char *restrict target, size_t size, const char *restrict format, va_list arguments);
int vsprintf(char *restrict target, const char *restrict format, va_list arguments);

int printf(const char *restrict format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *restrict format, va_list arguments);
int fprintf(FILE *restrict file, const char *restrict format, ...) __attribute__((format(printf, 2, 3)));
int vfprintf(FILE *restrict file, const char *restrict format, va_list arguments);
int putchar(int letter);
int puts(const char *text);
int fputc(int letter, FILE *file);
int putc(int letter, FILE *file);
int fputs(const char *restrict text, FILE *restrict file);
size_t fwrite(const void *restrict items, size_t size, size_t count, FILE *restrict file);
int fflush(FILE *file);
void perror(const char *text);

/* What was printed so far, and how many bytes; the buffer is new in each event. */
const char *assay_printed(size_t *size);

#endif
