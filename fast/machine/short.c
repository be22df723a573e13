/*
 * Short programs: windows that are open as a whole.
 *
 * A protection is worth its call of the host where a guest runs long. So a small program begins in a window that is
 * open as a whole, with code that looks up each access in the table of permissions (load_store.c). From one such
 * program to the next only bytes change, whatever their layouts are. A program that has used up its gas for that
 * (run.c) goes on in the same window, guarded by the host, in other code.
 *
 * In: a layout and pages. Out: a window that holds them, and zeros elsewhere; it is given back zeroed. What was written
 * is cleared by its pages, and not more of it.
 */
#include "window.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
    KEPT_MAX = 4,
    PAGES_MAX = 64,    /* of a layout */
    TOUCHED_MAX = 128, /* pages that may hold memory, though zeros, until it is given back */
};

static const size_t WINDOW_SIZE = (size_t)1 << 32;

struct fast_short {
    uint8_t *base;
    size_t touched;
    uint32_t page[TOUCHED_MAX + PAGES_MAX]; /* those that may hold memory, each once */
};

static struct fast_short *kept[KEPT_MAX];
static size_t kept_count;

/* A window that is not kept costs more than the protections of one that is. */
static bool may_be_kept(void)
{
    size_t most = (size_t)KEPT_MAX * (TOUCHED_MAX + PAGES_MAX) * ASSAY_PAGE_SIZE;
    return fast_budget_share(FAST_BUDGET_WINDOWS) / 2 >= most;
}

static struct fast_short *take_kept(void)
{
    fast_lock_take();
    struct fast_short *window = kept_count > 0 ? kept[--kept_count] : NULL;
    fast_lock_give();
    return window;
}

/* A huge page would be cleared as a whole for one of its 512 pages. */
static bool open_all(uint8_t *base)
{
    uint8_t *permission = base - FAST_MEM_PERMISSIONS;
    madvise(permission, FAST_MEM_PERMISSIONS + WINDOW_SIZE, MADV_NOHUGEPAGE);
    return mprotect(permission, FAST_MEM_PAGES, PROT_READ | PROT_WRITE) == 0 &&
           mprotect(base, WINDOW_SIZE, PROT_READ | PROT_WRITE) == 0;
}

static void release(struct fast_short *window)
{
    fast_window_release(window->base);
    free(window);
}

static struct fast_short *open_fresh(void)
{
    struct fast_short *window = malloc(sizeof(*window));
    uint8_t *base = window == NULL ? NULL : fast_window_reserve();
    if (base == NULL) {
        free(window);
        return NULL;
    }
    window->base = base;
    window->touched = 0;
    if (!open_all(base)) {
        release(window);
        return NULL;
    }
    return window;
}

static void note(struct fast_short *window, uint32_t page)
{
    for (size_t i = 0; i < window->touched; i++) {
        if (window->page[i] == page) {
            return;
        }
    }
    window->page[window->touched++] = page;
}

bool fast_short_open(struct fast_mem *mem, const struct assay_page *page, size_t count)
{
    if (count > PAGES_MAX || !may_be_kept()) {
        return false;
    }
    struct fast_short *window = take_kept();
    window = window == NULL ? open_fresh() : window;
    if (window == NULL) {
        return false;
    }
    mem->whole = window;
    mem->base = window->base;
    mem->is_checked = true;
    uint8_t *permission = mem->base - FAST_MEM_PERMISSIONS;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = page[i].address / ASSAY_PAGE_SIZE;
        note(window, index);
        permission[index] = (uint8_t)page[i].access;
        if (page[i].size != 0) {
            memcpy(mem->base + page[i].address, page[i].data, page[i].size);
        }
    }
    return true;
}

static void zero(const struct fast_mem *mem)
{
    uint8_t *permission = mem->base - FAST_MEM_PERMISSIONS;
    for (size_t i = 0; i < mem->run_count; i++) {
        const struct fast_mem_run *run = &mem->run[i];
        memset(permission + run->first, 0, run->count);
        fast_mem_clear(mem->base + (size_t)run->first * ASSAY_PAGE_SIZE, (size_t)run->count * ASSAY_PAGE_SIZE);
    }
}

static bool keep(struct fast_short *window)
{
    fast_lock_take();
    bool fits = kept_count < KEPT_MAX;
    if (fits) {
        kept[kept_count++] = window;
    }
    fast_lock_give();
    return fits;
}

void fast_short_close(struct fast_mem *mem)
{
    struct fast_short *window = mem->whole;
    zero(mem);
    if (window->touched > TOUCHED_MAX) {
        madvise(window->base, WINDOW_SIZE, MADV_DONTNEED);
        window->touched = 0;
    }
    if (!keep(window)) {
        release(window);
    }
    free(mem->run);
}

void fast_short_drop_kept(void)
{
    struct fast_short *window;
    while ((window = take_kept()) != NULL) {
        release(window);
    }
}

/* ---- going on guarded ------------------------------------------------------------------------ */

static bool guard(const struct fast_mem *mem)
{
    bool done = mprotect(mem->base, WINDOW_SIZE, PROT_NONE) == 0;
    for (size_t i = 0; done && i < mem->run_count; i++) {
        done = fast_mem_protect(mem, mem->run[i].first, mem->run[i].count, mem->run[i].access);
    }
    return done;
}

int fast_short_guard(struct fast_mem *mem)
{
    bool may = fast_window_fits(mem), done = may && guard(mem);
    if (may && !done && mprotect(mem->base, WINDOW_SIZE, PROT_READ | PROT_WRITE) != 0) {
        return ASSAY_ERROR_HOST;
    }
    mem->touched = mem->whole->touched;
    free(mem->whole);
    mem->whole = NULL;
    mem->is_checked = !done;
    fast_window_adopt(mem);
    return 0;
}
