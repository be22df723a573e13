/* stdout and stderr: one buffer of memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct assay_file {
    char text[BUFSIZ];
    size_t used;
    int is_full;
};

static struct assay_file buffer;
FILE *const stdout = &buffer;
FILE *const stderr = &buffer;

const char *assay_printed(size_t *size)
{
    *size = buffer.used;
    return buffer.text;
}

static int put(FILE *file, const char *text, size_t size)
{
    size_t room = sizeof file->text - file->used;
    size_t taken = size < room ? size : room;
    memcpy(file->text + file->used, text, taken);
    file->used += taken;
    file->is_full |= taken < size;
    return taken < size ? EOF : 0;
}

size_t fwrite(const void *restrict items, size_t size, size_t count, FILE *restrict file)
{
    return put(file, items, size * count) == 0 ? count : 0;
}

int fputs(const char *restrict text, FILE *restrict file)
{
    return put(file, text, strlen(text));
}

int puts(const char *text)
{
    return fputs(text, stdout) == EOF || putchar('\n') == EOF ? EOF : 1;
}

int fputc(int letter, FILE *file)
{
    char one = (char)letter;
    return put(file, &one, 1) == EOF ? EOF : (unsigned char)letter;
}

int putc(int letter, FILE *file)
{
    return fputc(letter, file);
}

int putchar(int letter)
{
    return fputc(letter, stdout);
}

int fflush(FILE *file)
{
    return (file == NULL ? stdout : file)->is_full ? EOF : 0;
}

int vfprintf(FILE *restrict file, const char *restrict format, va_list arguments)
{
    size_t room = sizeof file->text - file->used;
    char beyond;
    int count;
    if (room == 0)
        return vsnprintf(&beyond, 1, format, arguments) > 0 ? EOF : 0;
    count = vsnprintf(file->text + file->used, room, format, arguments);
    if (count < 0)
        return EOF;
    file->is_full |= (size_t)count >= room;
    file->used += (size_t)count < room ? (size_t)count : room - 1;
    return count;
}

int vprintf(const char *restrict format, va_list arguments)
{
    return vfprintf(stdout, format, arguments);
}

int fprintf(FILE *restrict file, const char *restrict format, ...)
{
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = vfprintf(file, format, arguments);
    va_end(arguments);
    return count;
}

int printf(const char *restrict format, ...)
{
    va_list arguments;
    int count;
    va_start(arguments, format);
    count = vfprintf(stdout, format, arguments);
    va_end(arguments);
    return count;
}

void perror(const char *text)
{
    fprintf(stderr, "%s%s%s\n", text == NULL ? "" : text, text == NULL ? "" : ": ", strerror(errno));
}
