/*
 * Guest memory: the pages of a program in a window (window.c).
 *
 * In: the pages of a program. Out: host memory that faults where the guest must. Of an earlier guest nothing is ever
 * seen: each page given is written or cleared, as far as it is not what it has to be already; pages that are zero are
 * never touched.
 *
 * Each run of pages with one access is a mapping of the host, of which a process has some 65,000. A layout with too
 * many is checked: the window is open as a whole, and compiled code looks at a table of permissions before it touches
 * memory (load_store.c).
 */
#include "window.h"

#include <stdlib.h>
#include <sys/mman.h>

static const uint64_t ADDRESS_END = UINT64_C(1) << 32;

/* ---- the pages given ------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct assay_page *)a)->address, y = ((const struct assay_page *)b)->address;
    return (x > y) - (x < y);
}

/* mem/page_given_once, for pages in ascending order */
static bool are_well_formed(const struct assay_page *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (page[i].address % ASSAY_PAGE_SIZE != 0 || page[i].size > ASSAY_PAGE_SIZE ||
            (page[i].access != ASSAY_ACCESS_RO && page[i].access != ASSAY_ACCESS_RW) ||
            (page[i].data == NULL && page[i].size != 0) || (i > 0 && page[i - 1].address == page[i].address)) {
            return false;
        }
    }
    return true;
}

static void make_runs(const struct assay_page *page, size_t count, struct fast_mem *mem)
{
    mem->page_count = count;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = page[i].address / ASSAY_PAGE_SIZE;
        struct fast_mem_run *last = mem->run + mem->run_count - 1;
        if (mem->run_count > 0 && last->first + last->count == index && last->access == page[i].access) {
            last->count++;
        } else {
            mem->run[mem->run_count++] = (struct fast_mem_run){index, 1, page[i].access};
        }
    }
}

bool fast_mem_protect(const struct fast_mem *mem, uint32_t first, size_t count, uint32_t access)
{
    static const int protection[] = {
        [0] = PROT_NONE, [ASSAY_ACCESS_RO] = PROT_READ, [ASSAY_ACCESS_RW] = PROT_READ | PROT_WRITE};
    uint8_t *at = mem->base + (size_t)first * ASSAY_PAGE_SIZE;
    return mprotect(at, count * ASSAY_PAGE_SIZE, protection[access]) == 0;
}

/* ---- content --------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static bool holds(const uint8_t *at, const struct assay_page *page)
{
    return (page->size == 0 || memcmp(at, page->data, page->size) == 0) &&
           is_zero(at + page->size, ASSAY_PAGE_SIZE - page->size);
}

void fast_mem_clear(uint8_t *at, size_t size)
{
    while (size != 0) {
        size_t left = ASSAY_PAGE_SIZE - (uintptr_t)at % ASSAY_PAGE_SIZE, part = size < left ? size : left;
        if (!is_zero(at, part)) {
            memset(at, 0, part);
        }
        at += part;
        size -= part;
    }
}

/* ---- from the layout that the window has to the one that is wanted --------------------------- */

/* A page in either of them: its access as it is, while it is written, and in the end. */
struct change {
    uint32_t page;
    uint8_t before, meanwhile, after;
    const struct assay_page *given; /* NULL: not wanted any more */
};

/* All pages of both, in ascending order. */
static size_t list_changes(const struct fast_mem *window, const struct assay_page *page, size_t count,
                           struct change *change)
{
    size_t made = 0, i = 0, run = 0, in_run = 0;
    while (i < count || run < window->run_count) {
        uint64_t old = run < window->run_count ? (uint64_t)window->run[run].first + in_run : UINT64_MAX;
        uint64_t new = i < count ? page[i].address / ASSAY_PAGE_SIZE : UINT64_MAX;
        struct change *now = &change[made++];
        *now = (struct change){.page = (uint32_t)(old < new ? old : new)};
        if (old <= new) {
            now->before = (uint8_t)window->run[run].access;
            in_run++;
            if (in_run == window->run[run].count) {
                run++;
                in_run = 0;
            }
        }
        if (new <= old) {
            now->after = (uint8_t)page[i].access;
            now->given = &page[i++];
        }
    }
    return made;
}

/* A read-only page that holds what it should stays closed. */
static void plan_changes(const struct fast_mem *mem, struct change *change, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct change *now = &change[i];
        const uint8_t *at = mem->base + (size_t)now->page * ASSAY_PAGE_SIZE;
        bool stays = now->given == NULL ||
                     (now->before == ASSAY_ACCESS_RO && now->after == ASSAY_ACCESS_RO && holds(at, now->given));
        now->meanwhile = stays ? now->before : ASSAY_ACCESS_RW;
    }
}

enum moment { TO_MEANWHILE, TO_AFTER };

static uint8_t access_now(const struct change *change, enum moment moment)
{
    return moment == TO_MEANWHILE ? change->before : change->meanwhile;
}

static uint8_t access_then(const struct change *change, enum moment moment)
{
    return moment == TO_MEANWHILE ? change->meanwhile : change->after;
}

/* One call for neighbours that get the same access. Behind the list lies page 0, which is nobody's next. */
static bool change_access(const struct fast_mem *mem, const struct change *change, size_t count, enum moment moment)
{
    for (size_t i = 0; i < count;) {
        uint8_t then = access_then(&change[i], moment);
        size_t n = 1;
        if (then != access_now(&change[i], moment)) {
            while (change[i + n].page == change[i].page + n && access_then(&change[i + n], moment) == then) {
                n++;
            }
            if (!fast_mem_protect(mem, change[i].page, n, then)) {
                return false;
            }
        }
        i += n;
    }
    return true;
}

static void write_page(uint8_t *at, const struct assay_page *page)
{
    if (page->size != 0 && memcmp(at, page->data, page->size) != 0) {
        memcpy(at, page->data, page->size);
    }
    fast_mem_clear(at + page->size, ASSAY_PAGE_SIZE - page->size);
}

/* Pages of a fresh window are zero. */
static void write_all(struct fast_mem *mem, const struct change *change, size_t count, bool is_fresh)
{
    for (size_t i = 0; i < count; i++) {
        const struct assay_page *page = change[i].given;
        mem->touched += change[i].before == 0;
        if (page != NULL && change[i].meanwhile == ASSAY_ACCESS_RW && !(is_fresh && is_zero(page->data, page->size))) {
            write_page(mem->base + page->address, page);
        }
    }
}

static int guard(struct fast_mem *mem, const struct fast_mem *window, const struct assay_page *page, size_t count)
{
    size_t old_pages = window->page_count;
    struct change *change = calloc(count + old_pages + 1, sizeof(*change));
    if (change == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    size_t changes = list_changes(window, page, count, change);
    plan_changes(mem, change, changes);
    bool done = change_access(mem, change, changes, TO_MEANWHILE);
    if (done) {
        write_all(mem, change, changes, window->touched == 0);
        done = change_access(mem, change, changes, TO_AFTER);
    }
    free(change);
    return done ? 0 : ASSAY_ERROR_MEMORY;
}

/* ---- a window that is checked ---------------------------------------------------------------- */

static int open_whole(struct fast_mem *mem, const struct assay_page *page, size_t count)
{
    uint8_t *permission = mem->base - FAST_MEM_PERMISSIONS;
    uint32_t first = mem->run[0].first, end = mem->run[mem->run_count - 1].first + mem->run[mem->run_count - 1].count;
    if (mprotect(permission, FAST_MEM_PAGES, PROT_READ | PROT_WRITE) != 0 ||
        !fast_mem_protect(mem, first, end - first, ASSAY_ACCESS_RW)) {
        return ASSAY_ERROR_MEMORY;
    }
    madvise(permission, FAST_MEM_PERMISSIONS + (size_t)ADDRESS_END, MADV_NOHUGEPAGE); /* each would be 512 pages */
    for (size_t i = 0; i < count; i++) {
        permission[page[i].address / ASSAY_PAGE_SIZE] = (uint8_t)page[i].access;
        if (!is_zero(page[i].data, page[i].size)) {
            memcpy(mem->base + page[i].address, page[i].data, page[i].size);
        }
    }
    return 0;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static int open_sorted(struct fast_mem *mem, const struct assay_page *page, size_t count)
{
    struct fast_mem window;
    int error = fast_window_take(mem, &window);
    if (error != 0) {
        return error;
    }
    mem->base = window.base;
    mem->touched = window.touched;
    error = mem->is_checked ? open_whole(mem, page, count) : guard(mem, &window, page, count);
    free(window.run);
    if (error != 0) {
        mem->touched = SIZE_MAX;
        struct fast_mem broken = *mem;
        broken.run = NULL;
        fast_window_give_back(&broken);
        mem->base = NULL;
    }
    return error;
}

/* Guarded by the host if it can; when it has no mappings left, checked. */
static int open_either(struct fast_mem *mem, bool is_short, const struct assay_page *page, size_t count)
{
    if (is_short && fast_short_open(mem, page, count)) {
        return 0;
    }
    mem->is_checked = !fast_window_fits(mem);
    int error = open_sorted(mem, page, count);
    if (error == ASSAY_ERROR_MEMORY && !mem->is_checked && mem->run_count > 0) {
        fast_budget_shed();
        mem->is_checked = true;
        mem->touched = 0;
        error = open_sorted(mem, page, count);
    }
    return error;
}

int fast_mem_open(const struct assay_page *page, size_t page_count, bool is_short, struct fast_mem *mem)
{
    *mem = (struct fast_mem){.base = NULL};
    if (page_count > ADDRESS_END / ASSAY_PAGE_SIZE) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int error = fast_probe_host();
    if (error != 0) {
        return error;
    }
    struct assay_page *sorted = malloc((page_count + 1) * sizeof(*sorted));
    mem->run = malloc((page_count + 1) * sizeof(*mem->run));
    error = sorted == NULL || mem->run == NULL ? ASSAY_ERROR_MEMORY : 0;
    if (error == 0 && page_count > 0) {
        memcpy(sorted, page, page_count * sizeof(*sorted));
        qsort(sorted, page_count, sizeof(*sorted), by_address);
        error = are_well_formed(sorted, page_count) ? 0 : ASSAY_ERROR_ARGUMENT;
    }
    if (error == 0) {
        make_runs(sorted, page_count, mem);
        error = open_either(mem, is_short, sorted, page_count);
    }
    free(sorted);
    if (error != 0) {
        fast_mem_close(mem);
    }
    return error;
}

void fast_mem_close(struct fast_mem *mem)
{
    if (mem->whole != NULL) {
        fast_short_close(mem);
    } else if (mem->base != NULL) {
        fast_window_give_back(mem);
    } else {
        free(mem->run);
    }
    *mem = (struct fast_mem){.base = NULL};
}

void fast_mem_close_empty(struct fast_mem *mem)
{
    if (mem->base != NULL && mem->touched != SIZE_MAX) {
        fast_window_empty(mem);
    }
    fast_mem_close(mem);
}

/* ---- asking and copying ---------------------------------------------------------------------- */

static const struct fast_mem_run *run_of(const struct fast_mem *mem, uint32_t page_index)
{
    size_t low = 0, high = mem->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct fast_mem_run *run = &mem->run[middle];
        if (page_index < run->first) {
            high = middle;
        } else if (page_index - run->first >= run->count) {
            low = middle + 1;
        } else {
            return run;
        }
    }
    return NULL;
}

uint32_t fast_mem_access(const struct fast_mem *mem, uint32_t page_index)
{
    const struct fast_mem_run *run = run_of(mem, page_index);
    return run == NULL ? 0 : run->access;
}

int64_t fast_mem_fault(const struct fast_mem *mem, uint32_t address, uint32_t width, bool is_store)
{
    uint32_t needed = is_store ? ASSAY_ACCESS_RW : ASSAY_ACCESS_RO;
    uint64_t end = (uint64_t)address + width;
    uint64_t first = address / ASSAY_PAGE_SIZE, last = (end - 1) / ASSAY_PAGE_SIZE;
    for (uint64_t page = first; page <= last && page < ADDRESS_END / ASSAY_PAGE_SIZE; page++) {
        if (fast_mem_access(mem, (uint32_t)page) < needed) {
            return (int64_t)(page * ASSAY_PAGE_SIZE);
        }
    }
    return end > ADDRESS_END ? (int64_t)(ADDRESS_END - ASSAY_PAGE_SIZE) : -1;
}

static bool is_given(const struct fast_mem *mem, uint32_t address, size_t size)
{
    if (size > ADDRESS_END - address) {
        return false;
    }
    uint64_t page = address / ASSAY_PAGE_SIZE, end = (address + size + ASSAY_PAGE_SIZE - 1) / ASSAY_PAGE_SIZE;
    while (size != 0 && page < end) {
        const struct fast_mem_run *run = run_of(mem, (uint32_t)page);
        if (run == NULL) {
            return false;
        }
        page = (uint64_t)run->first + run->count;
    }
    return true;
}

int fast_mem_read(const struct fast_mem *mem, uint32_t address, void *data, size_t size)
{
    if (!is_given(mem, address, size)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (size != 0) {
        memcpy(data, mem->base + address, size);
    }
    return 0;
}

/* A read-only page is opened for the copy and closed again, where the host guards it. */
static bool open_for(const struct fast_mem *mem, uint32_t access, uint32_t first, size_t count)
{
    return access == ASSAY_ACCESS_RW || mem->is_checked || fast_mem_protect(mem, first, count, ASSAY_ACCESS_RW);
}

static bool close_behind(const struct fast_mem *mem, uint32_t access, uint32_t first, size_t count)
{
    return access == ASSAY_ACCESS_RW || mem->is_checked || fast_mem_protect(mem, first, count, access);
}

int fast_mem_write(const struct fast_mem *mem, uint32_t address, const void *data, size_t size)
{
    if (!is_given(mem, address, size)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    const uint8_t *from = data;
    while (size != 0) {
        const struct fast_mem_run *run = run_of(mem, address / ASSAY_PAGE_SIZE);
        size_t left = ((size_t)run->first + run->count) * ASSAY_PAGE_SIZE - address;
        size_t part = size < left ? size : left;
        if (!open_for(mem, run->access, run->first, run->count)) {
            return ASSAY_ERROR_HOST;
        }
        memcpy(mem->base + address, from, part);
        if (!close_behind(mem, run->access, run->first, run->count)) {
            return ASSAY_ERROR_HOST;
        }
        address += (uint32_t)part;
        from += part;
        size -= part;
    }
    return 0;
}

int fast_mem_set(const struct fast_mem *mem, uint32_t address, const void *data, size_t size, size_t zeros)
{
    uint32_t access = fast_mem_access(mem, address / ASSAY_PAGE_SIZE), first = address / ASSAY_PAGE_SIZE;
    uint8_t *at = mem->base + address;
    size_t pages = (size + zeros) / ASSAY_PAGE_SIZE;
    if (!open_for(mem, access, first, pages)) {
        return ASSAY_ERROR_HOST;
    }
    if (size != 0) {
        memcpy(at, data, size);
    }
    fast_mem_clear(at + size, zeros);
    return close_behind(mem, access, first, pages) ? 0 : ASSAY_ERROR_HOST;
}

bool fast_mem_allows(const struct fast_mem *mem, uint32_t address, uint64_t size, uint32_t access)
{
    if (size > ADDRESS_END - address) {
        return false;
    }
    uint64_t page = address / ASSAY_PAGE_SIZE, end = (address + size + ASSAY_PAGE_SIZE - 1) / ASSAY_PAGE_SIZE;
    while (size != 0 && page < end) {
        const struct fast_mem_run *run = run_of(mem, (uint32_t)page);
        if (run == NULL || run->access < access) {
            return false;
        }
        page = (uint64_t)run->first + run->count;
    }
    return true;
}
