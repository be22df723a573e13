/* The machine level: a machine is made of a program, looked into and given back (assay.h, blob.md). */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

void ref_load_free(struct assay_machine *machine)
{
    if (machine != NULL) {
        ref_mem_clear(&machine->memory);
        free(machine->in_p);
        free(machine->cost);
        free(machine->blob.bytes);
        free(machine);
    }
}

/* gas/mem_cycles */
static bool is_mem_cycles(uint32_t value)
{
    return value == 25 || value == 50 || value == 75 || value == 100;
}

/* Copies and parses the blob, then marks P. An empty allocation is avoided: calloc may answer it with NULL. */
static int load_blob(struct assay_machine *machine, const struct assay_program *program)
{
    machine->blob.bytes = calloc(1, program->blob_size + 1);
    if (machine->blob.bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (program->blob_size != 0) {
        memcpy(machine->blob.bytes, program->blob, program->blob_size);
    }
    int rejected = ref_blob_parse(machine->blob.bytes, program->blob_size, &machine->blob);
    if (rejected != 0) {
        return rejected;
    }
    machine->in_p = calloc(1, (size_t)machine->blob.code_len + 1);
    machine->cost = calloc((size_t)machine->blob.code_len + 1, sizeof(*machine->cost));
    if (machine->in_p == NULL || machine->cost == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    ref_isa_mark_block_starts(&machine->blob, machine->in_p);
    return 0;
}

/* Whether a member is set that ABI 2 has not given a meaning. */
static bool has_reserved(const struct assay_program *program)
{
    static const uint64_t none[sizeof program->reserved / sizeof *program->reserved];
    return memcmp(program->reserved, none, sizeof none) != 0;
}

int ref_load_machine(const struct assay_program *program, struct assay_machine **result)
{
    *result = NULL;
    if (program->profile != ASSAY_PROFILE_JAR || has_reserved(program)) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    if (!is_mem_cycles(program->mem_cycles)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct assay_machine *machine = calloc(1, sizeof(*machine));
    if (machine == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    machine->mem_cycles = program->mem_cycles;
    int outcome = ref_mem_init(&machine->memory, program->page, program->page_count);
    if (outcome == 0) {
        outcome = load_blob(machine, program);
    }
    if (outcome != 0) {
        ref_load_free(machine);
        return outcome;
    }
    *result = machine;
    return 0;
}

/* How many of `size` bytes from the address on lie on its page. */
static size_t part_of_page(uint32_t address, size_t size)
{
    size_t left = ASSAY_PAGE_SIZE - address % ASSAY_PAGE_SIZE;
    return size < left ? size : left;
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    if (!ref_mem_allows(&machine->memory, address, size, ASSAY_ACCESS_RO)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    uint8_t *to = data;
    for (size_t done = 0, part; done < size; done += part) {
        uint32_t at = address + (uint32_t)done;
        part = part_of_page(at, size - done);
        memcpy(to + done, ref_mem_page(&machine->memory, at)->byte + at % ASSAY_PAGE_SIZE, part);
    }
    return 0;
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    if (!ref_mem_allows(&machine->memory, address, size, ASSAY_ACCESS_RO)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    const uint8_t *from = data;
    for (size_t done = 0, part; done < size; done += part) {
        uint32_t at = address + (uint32_t)done;
        part = part_of_page(at, size - done);
        memcpy(ref_mem_page(&machine->memory, at)->byte + at % ASSAY_PAGE_SIZE, from + done, part);
    }
    return 0;
}

static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    machine->observer = observer == NULL ? nobody : *observer;
    return 0;
}

const struct assay_machine_level ref_machine_level = {
    .size = sizeof(struct assay_machine_level),
    .load = ref_load_machine,
    .unload = ref_load_free,
    .run = ref_run_start,
    .resume = ref_run_resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};
