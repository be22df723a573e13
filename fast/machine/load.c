/*
 * The machine level (assay.h): loading, unloading, and what is asked of a machine between two runs.
 *
 * In: a blob and pages. Out: a machine that is not compiled yet: run.c does that when it knows which flavour is wanted.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_BLOB = 4096 }; /* bytes; a larger one is not compiled twice */

static void unload(struct assay_machine *machine)
{
    if (machine == NULL) {
        return;
    }
    for (int flavour = 0; flavour < FAST_FLAVOUR_COUNT; flavour++) {
        if (machine->compiled[flavour]) {
            fast_compile_discard(&machine->code[flavour]);
        }
    }
    fast_mem_close(&machine->mem);
    fast_blob_clear(&machine->program);
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
    fast_cpu_ask();
    int error = fast_fault_install();
    if (error != 0) {
        return error;
    }
    struct assay_machine *machine = calloc(1, sizeof(*machine));
    if (machine == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    machine->context.machine = machine;
    bool is_short = program->blob_size <= SHORT_BLOB;
    int outcome = fast_mem_open(program->page, program->page_count, is_short, &machine->mem);
    if (outcome == 0) {
        outcome = fast_blob_parse(program->blob, program->blob_size, &machine->program);
    }
    if (outcome == 0) {
        outcome = fast_cpu_set_gs(machine->mem.base); /* better here than at the first run */
    }
    if (outcome != 0) {
        unload(machine);
        return outcome;
    }
    machine->program.mem_cycles = program->mem_cycles;
    machine->program.is_checked = machine->mem.is_checked;
    machine->program.is_short = machine->mem.whole != NULL;
    machine->short_gas = fast_run_short_gas(&machine->program);
    *result = machine;
    return 0;
}

/* ---- running: the host is asked about its signals once a run, and again where another thread resumes --------- */

static __thread bool has_run_here __attribute__((tls_model("initial-exec")));

static int run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop)
{
    struct fast_fault_mask mask;
    int error = fast_fault_begin(&mask);
    if (error == 0) {
        has_run_here = !mask.was_blocked;
        error = fast_run_start(machine, state, until, stop);
        fast_fault_end(&mask);
    }
    return error;
}

__attribute__((noinline)) static int resume_guarded(struct assay_machine *machine, const struct assay_state *state,
                                                    const struct assay_until *until, struct assay_stop *stop)
{
    struct fast_fault_mask mask;
    int error = fast_fault_begin(&mask);
    if (error == 0) {
        error = fast_run_resume(machine, state, until, stop);
        fast_fault_end(&mask);
    }
    return error;
}

/* As short a way as can be: a host call and its resume cost little more than this. */
static int resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop)
{
    return has_run_here ? fast_run_resume(machine, state, until, stop) : resume_guarded(machine, state, until, stop);
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    return fast_mem_read(&machine->mem, address, data, size);
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    return fast_mem_write(&machine->mem, address, data, size);
}

static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    machine->observer = observer == NULL ? nobody : *observer;
    return 0;
}

const struct assay_machine_level fast_load_level = {
    .size = sizeof(struct assay_machine_level),
    .load = load,
    .unload = unload,
    .run = run,
    .resume = resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};
