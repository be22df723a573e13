/* The functions that a compiler may call without being asked. Words where it can: the machine may access any
 * address. */
#include <assay/guest.h>

#define WORD sizeof(uint64_t)

static uint64_t load_word(const unsigned char *from)
{
    uint64_t word;
    __builtin_memcpy(&word, from, WORD);
    return word;
}

static void store_word(unsigned char *to, uint64_t word)
{
    __builtin_memcpy(to, &word, WORD);
}

static void copy_up(unsigned char *to, const unsigned char *from, size_t size)
{
    for (; size >= 4 * WORD; size -= 4 * WORD, to += 4 * WORD, from += 4 * WORD) {
        uint64_t first = load_word(from), second = load_word(from + WORD);
        uint64_t third = load_word(from + 2 * WORD), fourth = load_word(from + 3 * WORD);
        store_word(to, first);
        store_word(to + WORD, second);
        store_word(to + 2 * WORD, third);
        store_word(to + 3 * WORD, fourth);
    }
    for (; size >= WORD; size -= WORD, to += WORD, from += WORD)
        store_word(to, load_word(from));
    for (; size > 0; size--)
        *to++ = *from++;
}

static void copy_down(unsigned char *to, const unsigned char *from, size_t size)
{
    for (; size >= WORD; size -= WORD)
        store_word(to + size - WORD, load_word(from + size - WORD));
    for (; size > 0; size--)
        to[size - 1] = from[size - 1];
}

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    copy_up(target, source, size);
    return target;
}

void *memmove(void *target, const void *source, size_t size)
{
    if ((uintptr_t)target - (uintptr_t)source >= size)
        copy_up(target, source, size);
    else
        copy_down(target, source, size);
    return target;
}

void *memset(void *target, int value, size_t size)
{
    unsigned char *to = target;
    uint64_t word = (unsigned char)value * UINT64_C(0x0101010101010101);
    for (; size >= WORD; size -= WORD, to += WORD)
        store_word(to, word);
    for (; size > 0; size--)
        *to++ = (unsigned char)value;
    return target;
}

int memcmp(const void *first, const void *second, size_t size)
{
    const unsigned char *a = first, *b = second;
    for (; size >= WORD && load_word(a) == load_word(b); size -= WORD, a += WORD, b += WORD)
        continue;
    for (; size > 0; size--, a++, b++)
        if (*a != *b)
            return *a < *b ? -1 : 1;
    return 0;
}
