/* Strings. What allocates is in allocate.c, and what a compiler calls by itself in memory.c. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

void *memchr(const void *place, int value, size_t size)
{
    const unsigned char *at = place;
    for (; size > 0; size--, at++)
        if (*at == (unsigned char)value)
            return (void *)(uintptr_t)at;
    return NULL;
}

void *memrchr(const void *place, int value, size_t size)
{
    const unsigned char *start = place;
    while (size > 0)
        if (start[--size] == (unsigned char)value)
            return (void *)(uintptr_t)(start + size);
    return NULL;
}

void *memmem(const void *place, size_t size, const void *part, size_t part_size)
{
    const unsigned char *at = place;
    for (; size >= part_size; size--, at++)
        if (memcmp(at, part, part_size) == 0)
            return (void *)(uintptr_t)at;
    return NULL;
}

size_t strlen(const char *text)
{
    size_t size = 0;
    while (text[size] != 0)
        size++;
    return size;
}

size_t strnlen(const char *text, size_t most)
{
    size_t size = 0;
    while (size < most && text[size] != 0)
        size++;
    return size;
}

char *stpcpy(char *restrict target, const char *restrict source)
{
    size_t size = strlen(source);
    memcpy(target, source, size + 1);
    return target + size;
}

char *strcpy(char *restrict target, const char *restrict source)
{
    stpcpy(target, source);
    return target;
}

char *strncpy(char *restrict target, const char *restrict source, size_t size)
{
    size_t used = strnlen(source, size);
    memcpy(target, source, used);
    memset(target + used, 0, size - used);
    return target;
}

char *strcat(char *restrict target, const char *restrict source)
{
    stpcpy(target + strlen(target), source);
    return target;
}

char *strncat(char *restrict target, const char *restrict source, size_t most)
{
    size_t used = strlen(target), size = strnlen(source, most);
    memcpy(target + used, source, size);
    target[used + size] = 0;
    return target;
}

int strncmp(const char *first, const char *second, size_t most)
{
    for (; most > 0; most--, first++, second++)
        if (*first != *second || *first == 0)
            return (unsigned char)*first - (unsigned char)*second;
    return 0;
}

int strcmp(const char *first, const char *second)
{
    return strncmp(first, second, SIZE_MAX);
}

int strcoll(const char *first, const char *second)
{
    return strcmp(first, second);
}

size_t strxfrm(char *restrict target, const char *restrict source, size_t size)
{
    size_t length = strlen(source);
    if (size > 0) {
        size_t used = length < size ? length : size - 1;
        memcpy(target, source, used);
        target[used] = 0;
    }
    return length;
}

int strncasecmp(const char *first, const char *second, size_t most)
{
    for (; most > 0; most--, first++, second++) {
        int a = tolower((unsigned char)*first), b = tolower((unsigned char)*second);
        if (a != b || a == 0)
            return a - b;
    }
    return 0;
}

int strcasecmp(const char *first, const char *second)
{
    return strncasecmp(first, second, SIZE_MAX);
}

char *strchrnul(const char *text, int letter)
{
    while (*text != 0 && *text != (char)letter)
        text++;
    return (char *)(uintptr_t)text;
}

char *strchr(const char *text, int letter)
{
    char *found = strchrnul(text, letter);
    return *found == (char)letter ? found : NULL;
}

char *strrchr(const char *text, int letter)
{
    return memrchr(text, letter, strlen(text) + 1);
}

size_t strspn(const char *text, const char *letters)
{
    size_t size = 0;
    while (text[size] != 0 && strchr(letters, text[size]) != NULL)
        size++;
    return size;
}

size_t strcspn(const char *text, const char *letters)
{
    size_t size = 0;
    while (text[size] != 0 && strchr(letters, text[size]) == NULL)
        size++;
    return size;
}

char *strpbrk(const char *text, const char *letters)
{
    text += strcspn(text, letters);
    return *text != 0 ? (char *)(uintptr_t)text : NULL;
}

char *strstr(const char *text, const char *part)
{
    return memmem(text, strlen(text), part, strlen(part));
}

char *strtok_r(char *restrict text, const char *restrict letters, char **restrict place)
{
    char *end;
    if (text == NULL)
        text = *place;
    text += strspn(text, letters);
    end = text + strcspn(text, letters);
    *place = end;
    if (end == text)
        return NULL;
    if (*end != 0) {
        *end = 0;
        *place = end + 1;
    }
    return text;
}

char *strtok(char *restrict text, const char *restrict letters)
{
    static char *place;
    return strtok_r(text, letters, &place);
}
