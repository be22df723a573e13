/* Numbers, memory, sorting. There are no files and no environment. */
#ifndef ASSAY_STDLIB_H
#define ASSAY_STDLIB_H

#include <assay/language.h>
#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1

typedef struct {
    int quot, rem;
} div_t;
typedef struct {
    long quot, rem;
} ldiv_t;
typedef struct {
    long long quot, rem;
} lldiv_t;

ASSAY_C_BEGIN

/* Memory of the heap, aligned to 16; NULL when there is none left. What is freed is used again for the same size. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *place, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void free(void *place);

/* exit(0) halts with 0, after what atexit was given; abort and every other status panic. */
ASSAY_NORETURN void abort(void);
ASSAY_NORETURN void exit(int status);
int atexit(void (*function)(void));
char *getenv(const char *name);

int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
long strtol(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end, int base);
long long strtoll(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end, int base);
unsigned long strtoul(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end, int base);
unsigned long long strtoull(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end, int base);

/* The nearest number; ERANGE where it is too large, or too small to be exact. */
double strtod(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end);
float strtof(const char *ASSAY_RESTRICT text, char **ASSAY_RESTRICT end);
double atof(const char *text);

int abs(int value);
long labs(long value);
long long llabs(long long value);
div_t div(int value, int divisor);
ldiv_t ldiv(long value, long divisor);
lldiv_t lldiv(long long value, long long divisor);

int rand(void);
void srand(unsigned seed);

void qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *items, size_t count, size_t size,
              int (*compare)(const void *, const void *));

ASSAY_C_END

#endif
