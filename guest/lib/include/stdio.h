/*
 * Text to memory. There are no files: stdout and stderr are one buffer, which assay_printed shows; what does not fit
 * is lost, as fflush says. Numbers of long double are printed as a question mark.
 */
#ifndef ASSAY_STDIO_H
#define ASSAY_STDIO_H

#include <assay/language.h>
#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)
#define BUFSIZ 4096

typedef struct assay_file FILE;

ASSAY_C_BEGIN

extern FILE *const stdout;
extern FILE *const stderr;
#define stdout stdout
#define stderr stderr

int snprintf(char *ASSAY_RESTRICT target, size_t size, const char *ASSAY_RESTRICT format, ...)
    __attribute__((format(printf, 3, 4)));
int sprintf(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT format, ...) __attribute__((format(printf, 2, 3)));
int vsnprintf(char *ASSAY_RESTRICT target, size_t size, const char *ASSAY_RESTRICT format, va_list arguments);
int vsprintf(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT format, va_list arguments);

int sscanf(const char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT format, ...)
    __attribute__((format(scanf, 2, 3)));
int vsscanf(const char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT format, va_list arguments);

int printf(const char *ASSAY_RESTRICT format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *ASSAY_RESTRICT format, va_list arguments);
int fprintf(FILE *ASSAY_RESTRICT file, const char *ASSAY_RESTRICT format, ...) __attribute__((format(printf, 2, 3)));
int vfprintf(FILE *ASSAY_RESTRICT file, const char *ASSAY_RESTRICT format, va_list arguments);
int putchar(int letter);
int puts(const char *text);
int fputc(int letter, FILE *file);
int putc(int letter, FILE *file);
int fputs(const char *ASSAY_RESTRICT text, FILE *ASSAY_RESTRICT file);
size_t fwrite(const void *ASSAY_RESTRICT items, size_t size, size_t count, FILE *ASSAY_RESTRICT file);
int fflush(FILE *file);
void perror(const char *text);

/* What was printed so far, and how many bytes; the buffer is new in each event. */
const char *assay_printed(size_t *size);

ASSAY_C_END

#endif
