/* What the host programs beside this file share: an engine by its path, small programs for it, and saying what is
 * wrong. */
#ifndef HOST_H
#define HOST_H

#define _GNU_SOURCE
#include "assay.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEED(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            _Exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

struct bytes {
    uint8_t *data;
    size_t size, capacity;
};

static inline void put(struct bytes *to, const void *from, size_t size)
{
    if (to->size + size > to->capacity) {
        to->capacity = 2 * (to->size + size) + 64;
        to->data = realloc(to->data, to->capacity);
        NEED(to->data != NULL);
    }
    if (size != 0) {
        memcpy(to->data + to->size, from, size);
    }
    to->size += size;
}

static inline void put_number(struct bytes *to, uint64_t value, size_t width)
{
    put(to, &value, width);
}

/* A code blob without a jump table; `mask` has a bit for each byte of code. */
static inline struct bytes blob_of(const uint8_t *code, size_t size, const uint8_t *mask)
{
    struct bytes blob = {0};
    put_number(&blob, 0, 4);
    put_number(&blob, 1, 1);
    put_number(&blob, size, 4);
    put(&blob, code, size);
    put(&blob, mask, (size + 7) / 8);
    return blob;
}

/* `size` bytes of one opcode, each an instruction of its own, and a trap at the end. */
static inline struct bytes blob_of_opcode(uint8_t opcode, size_t size)
{
    uint8_t *code = malloc(size), *mask = malloc(size / 8 + 1);
    NEED(code != NULL && mask != NULL);
    memset(code, opcode, size);
    memset(mask, 0xff, size / 8 + 1);
    code[size - 1] = 0;
    if (size % 8 != 0) {
        mask[size / 8] = (uint8_t)((1u << size % 8) - 1);
    }
    struct bytes blob = blob_of(code, size, mask);
    free(code);
    free(mask);
    return blob;
}

/* An Image of that code with one endpoint at 0; mapping i is `count` pages from page first + i * stride on. */
static inline struct bytes image_of(const struct bytes *blob, uint32_t mappings, uint64_t first, uint64_t stride,
                                    uint64_t count)
{
    struct bytes image = {0};
    put_number(&image, blob->size, 4);
    put(&image, blob->data, blob->size);
    put_number(&image, 1, 4); /* endpoints: index, pc, two counts, no registers */
    put_number(&image, 0, 1);
    put_number(&image, 0, 8);
    put_number(&image, 0, 6);
    put_number(&image, mappings, 4);
    for (uint32_t i = 0; i < mappings; i++) {
        put_number(&image, (first + i * stride) * ASSAY_PAGE_SIZE, 8);
        put_number(&image, count * ASSAY_PAGE_SIZE, 8);
        put_number(&image, 1, 4);
        put_number(&image, 1, 4);
    }
    put_number(&image, 0, 8); /* gas, quota */
    put_number(&image, 0, 8); /* pinned, initial */
    put_number(&image, 0, 1);
    return image;
}

static inline const struct assay_engine *engine_at(const char *library, const char *symbol)
{
    void *handle = dlopen(library, RTLD_NOW);
    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        _Exit(1);
    }
    const struct assay_engine *engine = dlsym(handle, symbol);
    NEED(engine != NULL);
    return engine;
}

/* store_imm_u8 to address 0x5000, where no page is. */
static inline struct bytes blob_of_fault(void)
{
    static const uint8_t code[] = {30, 4, 0, 0x50, 0, 0, 1}, mask[] = {1};
    return blob_of(code, sizeof code, mask);
}

/* Its run ends in ASSAY_EXIT_PAGE_FAULT. Else < 0, of load or run. */
static inline int fault_of_guest(const struct assay_engine *engine)
{
    struct bytes blob = blob_of_fault();
    struct assay_program program = {.blob = blob.data, .blob_size = blob.size, .mem_cycles = 25};
    struct assay_machine *machine;
    struct assay_state state = {.gas = 1000};
    struct assay_stop stop = {0};
    int result = engine->machine->load(&program, &machine);
    if (result == 0) {
        result = engine->machine->run(machine, &state, NULL, &stop);
        engine->machine->unload(machine);
    }
    free(blob.data);
    return result != 0 ? result : (int)stop.exit;
}

/* One event on a new chain of that Image. */
static inline int event_of(const struct assay_engine *engine, const struct bytes *image)
{
    struct assay_chain *chain;
    struct assay_event event = {.gas = 1000};
    struct assay_event_result answer;
    int result = engine->chain->genesis(ASSAY_REVISION_1, image->data, image->size, &chain);
    if (result == 0) {
        result = engine->chain->apply(chain, &event, &answer);
        engine->chain->close(chain);
    }
    return result;
}

/* How many mappings of the process are at least that large. */
static inline int mappings_of(unsigned long least)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned long from, to;
    int count = 0;
    NEED(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        count += sscanf(line, "%lx-%lx", &from, &to) == 2 && to - from >= least;
    }
    fclose(maps);
    return count;
}

static inline int mappings(void)
{
    return mappings_of(1);
}

/* Windows of guest memory, as long as nothing has cut them into small pieces. */
static inline int windows(void)
{
    return mappings_of(2000000000ul);
}

static inline long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size, pages;
    NEED(file != NULL && fscanf(file, "%ld %ld", &size, &pages) == 2);
    fclose(file);
    return pages * 4;
}

/* What a program can be asked to play, by its name. */
struct what {
    const char *name;
    void (*play)(void);
};

static inline bool play_what(const struct what *what, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(what[i].name, name) == 0) {
            what[i].play();
            return true;
        }
    }
    return false;
}

#endif
