/*
 * Windows of 4 GiB whose page protections are the permissions of a guest, and which stay open for a layout of pages.
 *
 *   | permissions | guard |  page 0  |  NONE ...  RW RW  RO ...  | page 0xfffff |  guard |
 *                         ^ base = GS                                          ^ base + 2^32
 *
 * In: the layout that a machine wants. Out: a window, with the layout in which an earlier machine left it: only the
 * difference has to be changed, and a program that has the layout of an earlier one costs no call of the host. What is
 * kept is bounded in windows, pages and mappings; a window with much of any goes back to the host at once.
 *
 * An access that would pass 2^32 runs into the guard behind. The permissions in front are for windows whose layout the
 * host cannot have as protections (mem.c).
 */
#include "window.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
    GUARD = 65536,
    KEPT_MAX = 24,
    KEPT_RUNS = 32,   /* of one window */
    KEPT_PAGES = 64,  /* likewise */
    TOUCHED_MAX = 16, /* likewise, beside those of its layout, until what they hold is given back */
};

_Static_assert(FAST_MEM_PERMISSIONS == GUARD + FAST_MEM_PAGES, "they lie in front of the guard");

static const size_t RESERVED = ((size_t)1 << 32) + (size_t)GUARD + FAST_MEM_PERMISSIONS;

/* The last one closed comes first. */
static struct fast_mem kept[KEPT_MAX];
static size_t kept_count, kept_pages;

static size_t live_mappings; /* of all windows in use; changed by atomic operations */

/* ---- reserving ------------------------------------------------------------------------------- */

uint8_t *fast_window_reserve(void)
{
    void *fresh = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return fresh == MAP_FAILED || fresh == NULL ? NULL : (uint8_t *)fresh + FAST_MEM_PERMISSIONS;
}

void fast_window_release(uint8_t *base)
{
    munmap(base - FAST_MEM_PERMISSIONS, RESERVED);
}

/* Room in the host's limit of mappings: each run is at most two of them. */
static size_t mappings_of(const struct fast_mem *mem)
{
    return mem->is_checked ? 4 : 2 * mem->run_count + 1;
}

void fast_window_drop(struct fast_mem *mem)
{
    if (mem->base != NULL) {
        fast_window_release(mem->base);
    }
    free(mem->run);
    *mem = (struct fast_mem){.base = NULL};
}

/* ---- the kept ones --------------------------------------------------------------------------- */

static bool same_layout(const struct fast_mem *a, const struct fast_mem *b)
{
    return a->run_count == b->run_count && memcmp(a->run, b->run, a->run_count * sizeof(*a->run)) == 0;
}

static bool has_run(const struct fast_mem *mem, const struct fast_mem_run *run)
{
    for (size_t i = 0; i < mem->run_count; i++) {
        if (memcmp(&mem->run[i], run, sizeof(*run)) == 0) {
            return true;
        }
    }
    return false;
}

/* About how many calls of the host lead from one layout to the other. */
static size_t distance(const struct fast_mem *from, const struct fast_mem *to)
{
    size_t shared = 0;
    for (size_t i = 0; i < to->run_count; i++) {
        shared += has_run(from, &to->run[i]);
    }
    return from->run_count + to->run_count - 2 * shared;
}

/* The nearest, of several the one that was closed first. With the lock held, and some kept. */
static size_t best_kept(const struct fast_mem *wanted)
{
    size_t best = 0, least = SIZE_MAX;
    for (size_t i = kept_count; i > 0 && least > 0; i--) {
        size_t far = distance(&kept[i - 1], wanted);
        if (far < least) {
            least = far;
            best = i - 1;
        }
    }
    return best;
}

/* A fresh window is preferred to changing one until there are many, so that their layouts differ. */
static bool take_kept(const struct fast_mem *wanted, bool any, struct fast_mem *window)
{
    fast_lock_take();
    size_t at = best_kept(wanted);
    bool found = kept_count > 0 && (any || kept_count == KEPT_MAX || same_layout(&kept[at], wanted));
    if (found) {
        *window = kept[at];
        kept_count--;
        kept_pages -= window->touched;
        memmove(&kept[at], &kept[at + 1], (kept_count - at) * sizeof(kept[0]));
    }
    fast_lock_give();
    return found;
}

static bool keep(const struct fast_mem *mem)
{
    size_t share = fast_budget_share(FAST_BUDGET_WINDOWS) / 2 / ASSAY_PAGE_SIZE; /* short.c has the other half */
    fast_lock_take();
    bool fits = share > 0 && kept_count < KEPT_MAX && kept_pages + mem->touched <= share;
    if (fits) {
        memmove(&kept[1], &kept[0], kept_count * sizeof(kept[0]));
        kept[0] = *mem;
        kept_count++;
        kept_pages += mem->touched;
    }
    fast_lock_give();
    return fits;
}

void fast_mem_drop_kept(void)
{
    static const struct fast_mem no_layout;
    struct fast_mem mem;
    fast_short_drop_kept();
    while (take_kept(&no_layout, true, &mem)) {
        fast_window_drop(&mem);
    }
}

/* ---- taking and giving back ------------------------------------------------------------------ */

static bool is_small(const struct fast_mem *mem)
{
    return !mem->is_checked && mem->run_count <= KEPT_RUNS && mem->page_count <= KEPT_PAGES;
}

void fast_window_adopt(const struct fast_mem *mem)
{
    __atomic_add_fetch(&live_mappings, mappings_of(mem), __ATOMIC_RELAXED);
}

bool fast_window_fits(const struct fast_mem *wanted)
{
    size_t live = __atomic_load_n(&live_mappings, __ATOMIC_RELAXED);
    return wanted->run_count == 0 ||
           (wanted->run_count <= FAST_WINDOW_RUNS && live + mappings_of(wanted) <= FAST_WINDOW_MAPPINGS);
}

int fast_window_take(const struct fast_mem *wanted, struct fast_mem *window)
{
    *window = (struct fast_mem){.base = NULL};
    if (!is_small(wanted) || !take_kept(wanted, false, window)) {
        window->base = fast_window_reserve();
    }
    if (window->base == NULL && !(is_small(wanted) && take_kept(wanted, true, window))) {
        fast_budget_shed();
        window->base = fast_window_reserve();
    }
    if (window->base == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    fast_window_adopt(wanted);
    return 0;
}

/* What a host that did not do it left is cleared as if it had been kept: only a fresh window is taken to be zero. */
void fast_window_empty(struct fast_mem *mem)
{
    madvise(mem->base, (size_t)1 << 32, MADV_DONTNEED);
    mem->touched = mem->page_count > 0 ? mem->page_count : 1;
}

void fast_window_give_back(struct fast_mem *mem)
{
    __atomic_sub_fetch(&live_mappings, mappings_of(mem), __ATOMIC_RELAXED);
    if (!is_small(mem) || mem->touched == SIZE_MAX) {
        fast_window_drop(mem);
        return;
    }
    if (mem->touched > TOUCHED_MAX + mem->page_count) {
        fast_window_empty(mem);
    }
    if (!keep(mem)) {
        fast_window_drop(mem);
    }
}
