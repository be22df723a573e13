/*
 * Guest memory: a reserved window of 4 GiB whose page protections are the guest's permissions.
 *
 *   | guard |  page 0  |  NONE ...  RW RW  RO ...  | page 0xfffff |  guard |
 *           ^ base = GS                                          ^ base + 2^32
 *
 * In: the pages of a program. Out: host memory that faults where the guest must. An access that would pass 2^32 runs
 * into the guard behind. Windows go back to a list with all their pages NONE again; a page's bytes are all written
 * when it is given, so nothing of an earlier guest is ever seen.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const uint64_t ADDRESS_END = UINT64_C(1) << 32;

enum {
    GUARD = 65536,
    KEPT_MAX = 16,
    DROP_PAGES = 64, /* a longer run gives its memory back to the host when the window closes */
};

static const size_t RESERVED = ((size_t)1 << 32) + (size_t)2 * GUARD;

static uint8_t *kept[KEPT_MAX];
static size_t kept_count;

static uint8_t *reserve(void)
{
    uint8_t *base = NULL;
    fast_lock_take();
    if (kept_count > 0) {
        base = kept[--kept_count];
    }
    fast_lock_give();
    if (base != NULL) {
        return base;
    }
    void *fresh = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return fresh == MAP_FAILED ? NULL : (uint8_t *)fresh + GUARD;
}

static void release(uint8_t *base)
{
    bool is_kept;
    fast_lock_take();
    is_kept = kept_count < KEPT_MAX;
    if (is_kept) {
        kept[kept_count++] = base;
    }
    fast_lock_give();
    if (!is_kept) {
        munmap(base - GUARD, RESERVED);
    }
}

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

static bool protect(const struct fast_mem *mem, const struct fast_mem_run *run, int protection)
{
    uint8_t *at = mem->base + (size_t)run->first * ASSAY_PAGE_SIZE;
    return mprotect(at, (size_t)run->count * ASSAY_PAGE_SIZE, protection) == 0;
}

static bool protect_all(const struct fast_mem *mem)
{
    for (size_t i = 0; i < mem->run_count; i++) {
        if (!protect(mem, &mem->run[i], PROT_READ | PROT_WRITE)) {
            return false;
        }
    }
    return true;
}

static bool fill(const struct fast_mem *mem, const struct assay_page *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *at = mem->base + page[i].address;
        if (page[i].size != 0) {
            memcpy(at, page[i].data, page[i].size);
        }
        memset(at + page[i].size, 0, ASSAY_PAGE_SIZE - page[i].size);
    }
    for (size_t i = 0; i < mem->run_count; i++) {
        if (mem->run[i].access == ASSAY_ACCESS_RO && !protect(mem, &mem->run[i], PROT_READ)) {
            return false;
        }
    }
    return true;
}

int fast_mem_open(const struct assay_page *page, size_t page_count, struct fast_mem *mem)
{
    *mem = (struct fast_mem){.base = NULL};
    if (page_count > ADDRESS_END / ASSAY_PAGE_SIZE) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct assay_page *sorted = malloc((page_count + 1) * sizeof(*sorted));
    mem->run = malloc((page_count + 1) * sizeof(*mem->run));
    int error = sorted == NULL || mem->run == NULL ? ASSAY_ERROR_MEMORY : 0;
    if (error == 0 && page_count > 0) {
        memcpy(sorted, page, page_count * sizeof(*sorted));
        qsort(sorted, page_count, sizeof(*sorted), by_address);
        error = are_well_formed(sorted, page_count) ? 0 : ASSAY_ERROR_ARGUMENT;
    }
    if (error == 0) {
        make_runs(sorted, page_count, mem);
        mem->base = reserve();
        bool ready = mem->base != NULL && protect_all(mem) && fill(mem, sorted, page_count);
        error = ready ? 0 : ASSAY_ERROR_MEMORY;
    }
    free(sorted);
    if (error != 0) {
        fast_mem_close(mem);
    }
    return error;
}

void fast_mem_close(struct fast_mem *mem)
{
    bool clean = true;
    for (size_t i = 0; mem->base != NULL && i < mem->run_count; i++) {
        const struct fast_mem_run *run = &mem->run[i];
        clean = clean && protect(mem, run, PROT_NONE);
        if (run->count > DROP_PAGES) {
            madvise(mem->base + (size_t)run->first * ASSAY_PAGE_SIZE, (size_t)run->count * ASSAY_PAGE_SIZE,
                    MADV_DONTNEED);
        }
    }
    if (mem->base != NULL && clean) {
        release(mem->base);
    } else if (mem->base != NULL) {
        munmap(mem->base - GUARD, RESERVED);
    }
    free(mem->run);
    *mem = (struct fast_mem){.base = NULL};
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

/* Read-only runs are opened for the copy and closed again. */
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
        bool closed = run->access == ASSAY_ACCESS_RO;
        if (closed && !protect(mem, run, PROT_READ | PROT_WRITE)) {
            return ASSAY_ERROR_HOST;
        }
        memcpy(mem->base + address, from, part);
        if (closed && !protect(mem, run, PROT_READ)) {
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
    const struct fast_mem_run *run = run_of(mem, address / ASSAY_PAGE_SIZE);
    uint8_t *at = mem->base + address;
    bool closed = run->access == ASSAY_ACCESS_RO;
    size_t extent = (size + zeros + ASSAY_PAGE_SIZE - 1) / ASSAY_PAGE_SIZE * ASSAY_PAGE_SIZE;
    if (closed && mprotect(at, extent, PROT_READ | PROT_WRITE) != 0) {
        return ASSAY_ERROR_HOST;
    }
    if (size != 0) {
        memcpy(at, data, size);
    }
    memset(at + size, 0, zeros);
    if (closed && mprotect(at, extent, PROT_READ) != 0) {
        return ASSAY_ERROR_HOST;
    }
    return 0;
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
