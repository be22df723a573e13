/*
 * An engine that knows four instructions: trap, fallthrough, unlikely and ecall. Each is a block of its own, so
 * that its gas is a number. Whatever else it meets it says that it cannot do, and assay believes it.
 *
 *   cc -std=c17 -shared -fPIC -fvisibility=hidden -I include docs/examples/mine.c -o libassay_mine.so
 */
#include "assay.h"

#include <stdlib.h>
#include <string.h>

struct assay_machine {
    uint8_t *blob;
    const uint8_t *code, *start; /* start: a bit a byte of code */
    uint64_t size;
    size_t page_count;
    struct assay_page *page; /* their data is ours, 4,096 bytes each */
    struct assay_state at;
    int can_resume;
};

/* ---- load: spec/machine/blob.md ---- */

static uint32_t u32(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static int parse(struct assay_machine *machine, const uint8_t *blob, size_t size)
{
    if (size < 9) {
        return ASSAY_REJECT_HEADER_SHORT;
    }
    if (blob[4] < 1 || blob[4] > 4) {
        return ASSAY_REJECT_ENTRY_SIZE;
    }
    uint64_t jumps = (uint64_t)u32(blob) * blob[4], code = u32(blob + 5), bits = (code + 7) / 8;
    if (size - 9 < jumps + code + bits) {
        return ASSAY_REJECT_TRUNCATED;
    }
    if (size - 9 > jumps + code + bits) {
        return ASSAY_REJECT_TRAILING_BYTES;
    }
    if (code % 8 != 0 && blob[size - 1] >> code % 8 != 0) {
        return ASSAY_REJECT_STRAY_BITS;
    }
    machine->size = code;
    machine->code = machine->blob + 9 + jumps;
    machine->start = machine->code + code;
    return 0;
}

static struct assay_page *page_of(struct assay_machine *machine, uint64_t address)
{
    for (size_t i = 0; i < machine->page_count; i++) {
        if (machine->page[i].address == (address & ~UINT64_C(4095))) {
            return &machine->page[i];
        }
    }
    return NULL;
}

static void unload(struct assay_machine *machine)
{
    if (machine != NULL) {
        for (size_t i = 0; i < machine->page_count; i++) {
            free((void *)machine->page[i].data);
        }
        free(machine->page);
        free(machine->blob);
        free(machine);
    }
}

static int take_pages(struct assay_machine *machine, const struct assay_program *program)
{
    machine->page = calloc(program->page_count + 1, sizeof *machine->page);
    for (size_t i = 0; i < program->page_count; i++) {
        struct assay_page page = program->page[i];
        if (page.address % 4096 != 0 || page.size > 4096 || page.access < ASSAY_ACCESS_RO ||
            page.access > ASSAY_ACCESS_RW || page_of(machine, page.address) != NULL) {
            return ASSAY_ERROR_ARGUMENT;
        }
        uint8_t *data = calloc(1, 4096);
        if (page.size > 0) {
            memcpy(data, page.data, page.size);
        }
        page.data = data;
        machine->page[machine->page_count++] = page;
    }
    return 0;
}

static int load(const struct assay_program *program, struct assay_machine **result)
{
    *result = NULL;
    if (program->profile != ASSAY_PROFILE_JAR || program->reserved[0] != 0) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    if (program->mem_cycles != 25 && program->mem_cycles != 50 && program->mem_cycles != 75 &&
        program->mem_cycles != 100) {
        return ASSAY_ERROR_ARGUMENT;
    }
    struct assay_machine *machine = calloc(1, sizeof *machine);
    machine->blob = calloc(1, program->blob_size + 1);
    if (program->blob_size > 0) {
        memcpy(machine->blob, program->blob, program->blob_size);
    }
    int outcome = take_pages(machine, program);
    outcome = outcome != 0 ? outcome : parse(machine, machine->blob, program->blob_size);
    if (outcome != 0) {
        unload(machine);
        return outcome;
    }
    *result = machine;
    return 0;
}

/* ---- run: spec/machine/exit.md, gas.md ---- */

enum { TRAP = 0, FALLTHROUGH = 1, UNLIKELY = 2, ECALL = 3 };

static int is_start(const struct assay_machine *machine, uint64_t pc)
{
    return pc < machine->size && (machine->start[pc / 8] >> pc % 8 & 1) != 0;
}

/* isa/skip: the position of the next instruction, at most 25 further. */
static uint64_t next(const struct assay_machine *machine, uint64_t pc)
{
    uint64_t at = pc + 1;
    while (at < machine->size && at <= pc + 24 && !is_start(machine, at)) {
        at++;
    }
    return at;
}

static int stopped(struct assay_machine *machine, uint32_t exit, struct assay_stop *stop)
{
    machine->can_resume = exit == ASSAY_EXIT_ECALL || exit == ASSAY_EXIT_OUT_OF_GAS;
    *stop = (struct assay_stop){.exit = exit, .state = machine->at};
    return 0;
}

/* gas/out_of_gas: nothing of a block that cannot be paid runs. */
static int pay(struct assay_machine *machine, uint64_t cost)
{
    int is_paid = machine->at.gas >= cost;
    machine->at.gas = is_paid ? machine->at.gas - cost : 0;
    return is_paid;
}

static int go_on(struct assay_machine *machine, struct assay_stop *stop)
{
    static const uint64_t cost[] = {[TRAP] = 1, [FALLTHROUGH] = 1, [UNLIKELY] = 37, [ECALL] = 97};
    for (;;) {
        if (!is_start(machine, machine->at.pc)) { /* isa/implicit_trap */
            machine->at.pc = machine->size;
            return stopped(machine, pay(machine, 1) ? ASSAY_EXIT_TRAP : ASSAY_EXIT_OUT_OF_GAS, stop);
        }
        uint8_t opcode = machine->code[machine->at.pc];
        if (opcode > ECALL) {
            return ASSAY_ERROR_UNSUPPORTED; /* go on here: the next instruction */
        }
        if (!pay(machine, cost[opcode])) {
            return stopped(machine, ASSAY_EXIT_OUT_OF_GAS, stop);
        }
        if (opcode == TRAP) {
            return stopped(machine, ASSAY_EXIT_TRAP, stop);
        }
        machine->at.pc = next(machine, machine->at.pc);
        if (opcode == ECALL) {
            return stopped(machine, ASSAY_EXIT_ECALL, stop);
        }
    }
}

/* exit/entry: a run begins at 0 or behind one of our four instructions, all of which end a block. */
static int begins_block(const struct assay_machine *machine, uint64_t pc)
{
    for (uint64_t at = pc < 25 ? 0 : pc - 25; at < pc && pc != 0; at++) {
        if (is_start(machine, at) && machine->code[at] <= ECALL && next(machine, at) == pc) {
            return is_start(machine, pc);
        }
    }
    return pc == 0 && is_start(machine, 0);
}

static int run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop)
{
    if (until != NULL && (until->blocks != 0 || until->instructions != 0)) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    machine->at = *state;
    uint64_t pc = state->pc;
    return begins_block(machine, pc) ? go_on(machine, stop) : stopped(machine, ASSAY_EXIT_PANIC, stop);
}

static int resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop)
{
    if (!machine->can_resume) {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (until != NULL && (until->blocks != 0 || until->instructions != 0)) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    uint64_t pc = machine->at.pc;
    machine->at = *state;
    machine->at.pc = pc;
    return go_on(machine, stop);
}

/* ---- memory: spec/machine/mem.md ---- */

static int copy(struct assay_machine *machine, uint32_t address, uint8_t *out, const uint8_t *in, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((uint64_t)address + i > UINT32_MAX || page_of(machine, (uint64_t)address + i) == NULL) {
            return ASSAY_ERROR_ARGUMENT;
        }
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t *byte = (uint8_t *)page_of(machine, (uint64_t)address + i)->data + (address + i) % 4096;
        if (out != NULL) {
            out[i] = *byte;
        } else {
            *byte = in[i];
        }
    }
    return 0;
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    return copy(machine, address, data, NULL, size);
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    return copy(machine, address, NULL, data, size);
}

static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    (void)machine;
    return observer == NULL ? 0 : ASSAY_ERROR_UNSUPPORTED;
}

static const struct assay_machine_level level = {
    .size = sizeof level,
    .load = load,
    .unload = unload,
    .run = run,
    .resume = resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};

extern const struct assay_engine assay_mine;
ASSAY_EXPORT const struct assay_engine assay_mine = {
    .size = sizeof assay_mine,
    .abi = ASSAY_ABI,
    .name = "mine",
    .version = "0.1",
    .profiles = 1u << ASSAY_PROFILE_JAR,
    .machine = &level,
};
