/* Strings and memory, as C says; each function is tested against that of a host. */
#ifndef ASSAY_STRING_H
#define ASSAY_STRING_H

#include <assay/language.h>
#include <stddef.h>

ASSAY_C_BEGIN

void *memcpy(void *ASSAY_RESTRICT target, const void *ASSAY_RESTRICT source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *first, const void *second, size_t size);
void *memchr(const void *place, int value, size_t size);
void *memrchr(const void *place, int value, size_t size);
void *memmem(const void *place, size_t size, const void *part, size_t part_size);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
char *strcpy(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source);
char *strncpy(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source, size_t size);
char *stpcpy(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source);
char *strcat(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source);
char *strncat(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source, size_t most);
int strcmp(const char *first, const char *second);
int strncmp(const char *first, const char *second, size_t most);
int strcoll(const char *first, const char *second);
size_t strxfrm(char *ASSAY_RESTRICT target, const char *ASSAY_RESTRICT source, size_t size);
char *strchr(const char *text, int letter);
char *strrchr(const char *text, int letter);
char *strchrnul(const char *text, int letter);
size_t strspn(const char *text, const char *letters);
size_t strcspn(const char *text, const char *letters);
char *strpbrk(const char *text, const char *letters);
char *strstr(const char *text, const char *part);
char *strtok(char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT letters);
char *strtok_r(char *ASSAY_RESTRICT text, const char *ASSAY_RESTRICT letters, char **ASSAY_RESTRICT place);
char *strdup(const char *text);
char *strndup(const char *text, size_t most);
char *strerror(int number);

ASSAY_C_END

#endif
