/*
 * Executable memory, reused.
 *
 * In: how much is wanted. Out: writable memory whose front can be sealed: then that is executable and no longer
 * writable. Arenas come in sizes of powers of two and go back to a list, because a fresh page costs more than
 * compiling a small program. One mapping with its protection flipped is used, not two mappings of one file: it works
 * under every checker and emulator, and a forked child never shares it with its parent.
 *
 *   fresh or reused: RW  -- seal -->  RX, the rest RW  -- give back, take -->  RW
 */
#include "machine.h"

#include <sys/mman.h>

enum {
    SMALLEST_LOG = 16,
    CLASS_COUNT = 9, /* up to 16 MiB; larger ones are not kept */
    KEPT_EACH = 8,
    PAGE = 4096,
};

struct kept {
    uint8_t *base;
    size_t used;
};

static struct kept kept[CLASS_COUNT][KEPT_EACH];
static size_t kept_count[CLASS_COUNT];

static size_t page_rounded(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

static size_t class_of(size_t size)
{
    size_t class = 0;
    while (class < CLASS_COUNT && (size_t)1 << (SMALLEST_LOG + class) < size) {
        class ++;
    }
    return class;
}

static struct kept take_kept(size_t class)
{
    struct kept found = {.base = NULL};
    if (class < CLASS_COUNT) {
        fast_lock_take();
        if (kept_count[class] > 0) {
            found = kept[class][--kept_count[class]];
        }
        fast_lock_give();
    }
    return found;
}

int fast_arena_take(size_t size, struct fast_arena *arena)
{
    size_t class = class_of(size);
    struct kept found = take_kept(class);
    arena->size = class < CLASS_COUNT ? (size_t)1 << (SMALLEST_LOG + class) : page_rounded(size);
    if (found.base != NULL) {
        arena->base = found.base;
        if (mprotect(found.base, page_rounded(found.used), PROT_READ | PROT_WRITE) == 0) {
            return 0;
        }
        munmap(found.base, arena->size);
    }
    void *fresh = mmap(NULL, arena->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    arena->base = fresh == MAP_FAILED ? NULL : fresh;
    return arena->base == NULL ? ASSAY_ERROR_MEMORY : 0;
}

int fast_arena_seal(const struct fast_arena *arena, size_t used)
{
    return mprotect(arena->base, page_rounded(used), PROT_READ | PROT_EXEC) == 0 ? 0 : ASSAY_ERROR_HOST;
}

void fast_arena_give_back(struct fast_arena *arena, size_t used)
{
    size_t class = class_of(arena->size);
    bool is_kept = false;
    if (class < CLASS_COUNT) {
        fast_lock_take();
        is_kept = kept_count[class] < KEPT_EACH;
        if (is_kept) {
            kept[class][kept_count[class]++] = (struct kept){arena->base, used};
        }
        fast_lock_give();
    }
    if (!is_kept) {
        munmap(arena->base, arena->size);
    }
    arena->base = NULL;
}
