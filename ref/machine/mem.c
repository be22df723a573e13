/* Guest memory: pages in a two-level table, permissions checked before any byte moves (mem.md). */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_PAGES = 1024 };

static const uint64_t ADDRESS_END = UINT64_C(1) << 32;

/* mem/page_given_once */
static int give_page(struct ref_memory *memory, const struct assay_page *page)
{
    if (page->address % ASSAY_PAGE_SIZE != 0 || page->size > ASSAY_PAGE_SIZE ||
        (page->access != ASSAY_ACCESS_RO && page->access != ASSAY_ACCESS_RW) ||
        (page->data == NULL && page->size != 0) || ref_mem_page(memory, page->address) != NULL) {
        return ASSAY_ERROR_ARGUMENT;
    }
    uint32_t index = page->address / ASSAY_PAGE_SIZE;
    struct ref_page ***group = &memory->group[index / GROUP_PAGES];
    if (*group == NULL) {
        *group = calloc(GROUP_PAGES, sizeof(**group));
    }
    if (*group == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    struct ref_page *copy = calloc(1, sizeof(*copy));
    if (copy == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    copy->access = page->access;
    if (page->size != 0) {
        memcpy(copy->byte, page->data, page->size);
    }
    (*group)[index % GROUP_PAGES] = copy;
    return 0;
}

int ref_mem_init(struct ref_memory *memory, const struct assay_page *page, size_t page_count)
{
    memset(memory, 0, sizeof(*memory));
    for (size_t i = 0; i < page_count; i++) {
        int error = give_page(memory, &page[i]);
        if (error != 0) {
            ref_mem_clear(memory);
            return error;
        }
    }
    return 0;
}

void ref_mem_clear(struct ref_memory *memory)
{
    for (size_t i = 0; i < GROUP_PAGES; i++) {
        struct ref_page **group = memory->group[i];
        for (size_t k = 0; group != NULL && k < GROUP_PAGES; k++) {
            if (group[k] != NULL) {
                free(group[k]);
            }
        }
        free(group);
        memory->group[i] = NULL;
    }
}

struct ref_page *ref_mem_page(const struct ref_memory *memory, uint32_t address)
{
    uint32_t index = address / ASSAY_PAGE_SIZE;
    struct ref_page **group = memory->group[index / GROUP_PAGES];
    return group == NULL ? NULL : group[index % GROUP_PAGES];
}

/* mem/load_permission, mem/store_permission, mem/fault_address, mem/past_end */
bool ref_mem_check(const struct ref_memory *memory, uint32_t address, uint64_t width, uint32_t access, uint32_t *fault)
{
    uint64_t end = address + width;
    for (uint64_t at = address - address % ASSAY_PAGE_SIZE; at < end && at < ADDRESS_END; at += ASSAY_PAGE_SIZE) {
        const struct ref_page *page = ref_mem_page(memory, (uint32_t)at);
        if (page == NULL || page->access < access) {
            *fault = (uint32_t)at;
            return false;
        }
    }
    if (end > ADDRESS_END) {
        *fault = (uint32_t)(ADDRESS_END - ASSAY_PAGE_SIZE);
        return false;
    }
    return true;
}

bool ref_mem_allows(const struct ref_memory *memory, uint32_t address, uint64_t size, uint32_t access)
{
    uint32_t fault;
    return size == 0 || (size <= ADDRESS_END && ref_mem_check(memory, address, size, access, &fault));
}

/* mem/little_endian */
uint64_t ref_mem_load(const struct ref_memory *memory, uint32_t address, uint32_t width)
{
    uint64_t value = 0;
    for (uint32_t i = width; i > 0; i--) {
        uint32_t at = address + i - 1;
        value = value << 8 | ref_mem_page(memory, at)->byte[at % ASSAY_PAGE_SIZE];
    }
    return value;
}

void ref_mem_store(struct ref_memory *memory, uint32_t address, uint32_t width, uint64_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        uint32_t at = address + i;
        ref_mem_page(memory, at)->byte[at % ASSAY_PAGE_SIZE] = (uint8_t)(value >> (8 * i));
    }
}
