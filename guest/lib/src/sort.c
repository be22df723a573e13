/* Heap sort, which needs no memory and has no bad case, and binary search. */
#include <stdlib.h>

typedef int compare_function(const void *, const void *);

static void exchange(unsigned char *a, unsigned char *b, size_t size)
{
    for (; size > 0; size--, a++, b++) {
        unsigned char kept = *a;
        *a = *b;
        *b = kept;
    }
}

static void sift(unsigned char *items, size_t at, size_t count, size_t size, compare_function *compare)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && compare(items + child * size, items + (child + 1) * size) < 0)
            child++;
        if (compare(items + at * size, items + child * size) >= 0)
            return;
        exchange(items + at * size, items + child * size, size);
        at = child;
    }
}

void qsort(void *items, size_t count, size_t size, compare_function *compare)
{
    for (size_t at = count / 2; at > 0; at--)
        sift(items, at - 1, count, size, compare);
    for (size_t end = count; end > 1; end--) {
        exchange(items, (unsigned char *)items + (end - 1) * size, size);
        sift(items, 0, end - 1, size, compare);
    }
}

void *bsearch(const void *key, const void *items, size_t count, size_t size, compare_function *compare)
{
    const unsigned char *first = items;
    while (count > 0) {
        const unsigned char *middle = first + count / 2 * size;
        int order = compare(key, middle);
        if (order == 0)
            return (void *)(unsigned long)middle;
        if (order > 0) {
            first = middle + size;
            count -= count / 2 + 1;
        } else {
            count /= 2;
        }
    }
    return NULL;
}
