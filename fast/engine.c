/* The one public symbol: the engine's table of functions (assay.h). */
#include "kernel/kernel.h"

#include <stdlib.h>

static void unload(struct assay_machine *machine)
{
    if (machine == NULL) {
        return;
    }
    for (int flavour = 0; flavour < FAST_FLAVOUR_COUNT; flavour++) {
        if (machine->compiled[flavour]) {
            fast_code_clear(&machine->code[flavour]);
        }
    }
    fast_window_close(&machine->window);
    fast_program_clear(&machine->program);
    free(machine);
}

/* gas/mem_cycles */
static bool is_mem_cycles(uint32_t value)
{
    return value == 25 || value == 50 || value == 75 || value == 100;
}

/* Whether a member is set that ABI 2 has not given a meaning. */
static bool has_reserved(const struct assay_program *program)
{
    static const uint64_t none[sizeof program->reserved / sizeof *program->reserved];
    return memcmp(program->reserved, none, sizeof none) != 0;
}

static int load(const struct assay_program *program, struct assay_machine **result)
{
    *result = NULL;
    if (program->profile != ASSAY_PROFILE_JAR || has_reserved(program)) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    if (!is_mem_cycles(program->mem_cycles)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    fast_host();
    int error = fast_fault_install();
    if (error != 0) {
        return error;
    }
    struct assay_machine *machine = calloc(1, sizeof(*machine));
    if (machine == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    machine->context.machine = machine;
    int outcome = fast_window_open(program->page, program->page_count, &machine->window);
    if (outcome == 0) {
        outcome = fast_program_parse(program->blob, program->blob_size, &machine->program);
    }
    if (outcome != 0) {
        unload(machine);
        return outcome;
    }
    machine->program.mem_cycles = program->mem_cycles;
    *result = machine;
    return 0;
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    return fast_window_read(&machine->window, address, data, size);
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    return fast_window_write(&machine->window, address, data, size);
}

static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    machine->observer = observer == NULL ? nobody : *observer;
    return 0;
}

static const struct assay_machine_level machine_level = {
    .size = sizeof(struct assay_machine_level),
    .load = load,
    .unload = unload,
    .run = fast_run,
    .resume = fast_resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};

extern const struct assay_engine assay_fast;

ASSAY_EXPORT const struct assay_engine assay_fast = {
    .size = sizeof(struct assay_engine),
    .abi = ASSAY_ABI,
    .name = "fast",
    .version = "1.0.0",
    .features = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS,
    .revisions = UINT64_C(1) << ASSAY_REVISION_1,
    .profiles = UINT64_C(1) << ASSAY_PROFILE_JAR,
    .machine = &machine_level,
    .codec = &kernel_codec_level,
    .invocation = &kernel_invocation_level,
    .chain = &kernel_chain_level,
};
