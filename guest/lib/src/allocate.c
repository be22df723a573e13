/*
 * malloc: memory comes from the heap of assay_alloc. Sizes are rounded up to one of a list, four of them for each power
 * of two; what is freed waits in the list of its size. 16 bytes before what is given say which list that is.
 */
#include <assay/guest.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)16)
#define SMALLEST 5 /* the power of two that holds the least block */
#define LISTS (4 * (64 - SMALLEST))
#define LARGEST (SIZE_MAX / 4)

struct block {
    size_t list; /* from LISTS on: how far behind the block's own head this one is, for alignments above 16 */
    struct block *next;
};

static struct block *waiting[LISTS];

/* The bytes of a block of a list, with its head. */
static size_t bytes_of(size_t list)
{
    size_t quarter = (size_t)1 << (list / 4 + SMALLEST - 2);
    return (4 + list % 4) * quarter;
}

/* The list of the least blocks of so many bytes. */
static size_t list_of(size_t size)
{
    size_t list;
    if (size <= (size_t)1 << SMALLEST)
        return 0;
    list = 4 * (63 - (size_t)__builtin_clzll(size) - SMALLEST);
    while (bytes_of(list) < size)
        list++;
    return list;
}

static struct block *head_of(void *place)
{
    struct block *head = (struct block *)((unsigned char *)place - ALIGNMENT);
    if (head->list >= LISTS)
        head = (struct block *)((unsigned char *)head - (head->list - LISTS));
    return head;
}

/* A block taken from its list, or a new one; NULL when there is no memory left. */
static struct block *taken(size_t list)
{
    struct block *block = waiting[list];
    if (block != NULL)
        waiting[list] = block->next;
    else if (((bytes_of(list) + ALIGNMENT - 1) & ~(ALIGNMENT - 1)) <= assay_alloc_left())
        block = assay_alloc(bytes_of(list));
    return block;
}

void *malloc(size_t size)
{
    size_t list = size < LARGEST ? list_of(size + ALIGNMENT) : 0;
    struct block *block = size < LARGEST ? taken(list) : NULL;
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    block->list = list;
    return (unsigned char *)block + ALIGNMENT;
}

void free(void *place)
{
    if (place != NULL) {
        struct block *head = head_of(place);
        head->next = waiting[head->list];
        waiting[head->list] = head;
    }
}

void *calloc(size_t count, size_t size)
{
    size_t bytes = 0;
    void *place = __builtin_mul_overflow(count, size, &bytes) ? malloc(SIZE_MAX) : malloc(bytes);
    return place != NULL ? memset(place, 0, bytes) : NULL;
}

void *realloc(void *place, size_t size)
{
    struct block *head;
    size_t room;
    void *larger;
    if (place == NULL)
        return malloc(size);
    head = head_of(place);
    room = bytes_of(head->list) - (size_t)((unsigned char *)place - (unsigned char *)head);
    if (size <= room)
        return place;
    larger = malloc(size);
    if (larger != NULL) {
        memcpy(larger, place, room);
        free(place);
    }
    return larger;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    unsigned char *place;
    size_t distance;
    if (alignment <= ALIGNMENT || size >= LARGEST || alignment >= LARGEST)
        return malloc(size);
    place = malloc(size + alignment);
    if (place == NULL)
        return NULL;
    distance = -(uintptr_t)place & (alignment - 1);
    if (distance > 0) {
        place += distance;
        ((struct block *)(place - ALIGNMENT))->list = LISTS + distance;
    }
    return place;
}

char *strndup(const char *text, size_t most)
{
    size_t size = strnlen(text, most);
    char *copy = malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = 0;
    }
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, SIZE_MAX);
}
