/* The machine level of an engine that is a program. */
#include "pipe.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MAX = 16 * 1024 * 1024 }; /* bytes of one `read` or `write`, as PROTOCOL.md says */

struct assay_machine {
    struct pipe *pipe;
    uint64_t serial;
    struct assay_observer observer; /* all NULL: none */
};

/* ---- load -------------------------------------------------------------------------------- */

static void add_pages(struct text *request, const struct assay_program *program)
{
    text_raw(request, ", \"pages\": [");
    for (size_t i = 0; i < program->page_count; i++) {
        const struct assay_page *page = &program->page[i];
        text_raw(request, i == 0 ? "[" : ", [");
        text_hex(request, page->address);
        text_raw(request, page->access == ASSAY_ACCESS_RO ? ", \"ro\", " : ", \"rw\", ");
        text_bytes(request, page->data, page->size);
        text_raw(request, "]");
    }
    text_raw(request, "]");
}

/* What a page may not be. The protocol has no words for the first two, so they are refused here. */
static bool can_be_said(const struct assay_program *program)
{
    for (size_t i = 0; i < program->page_count; i++) {
        const struct assay_page *page = &program->page[i];
        bool has_access = page->access == ASSAY_ACCESS_RO || page->access == ASSAY_ACCESS_RW;
        if (!has_access || (page->data == NULL && page->size > 0)) {
            return false;
        }
    }
    return true;
}

static int read_load(struct pipe *pipe, const cJSON *ok)
{
    static const struct json_key key[] = {{"load", true}};
    const cJSON *found[1];
    int number = 0;
    json_read_object(&pipe->reader, ok, key, 1, found);
    const char *load = json_read_string(&pipe->reader, found[0]);
    if (strcmp(load, "refused") == 0) {
        number = ASSAY_ERROR_ARGUMENT;
    } else if (strcmp(load, "admitted") != 0 && !reject_number(load, &number)) {
        json_reject(&pipe->reader, found[0], "load is \"%.40s\", neither admitted, refused nor a rejecting rule", load);
    }
    int accepted = pipe_accept(pipe);
    return accepted != 0 ? accepted : number;
}

int pipe_load(struct pipe *pipe, const struct assay_program *program, struct assay_machine **machine)
{
    const cJSON *ok;
    *machine = NULL;
    if (!can_be_said(program)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int result = pipe_start(pipe);
    if (result != 0) {
        return result;
    }
    if (program->profile >= 64 || (pipe->engine.profiles >> program->profile & 1) == 0) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    pipe_request(pipe, "load");
    pipe_add_bytes(pipe, "blob", program->blob, program->blob_size);
    text_format(&pipe->request, ", \"mem_cycles\": %u", program->mem_cycles);
    add_pages(&pipe->request, program);
    if (pipe->protocol > PROTOCOL_OLDEST) {
        text_format(&pipe->request, ", \"profile\": \"%s\"", profile_name(program->profile));
    }
    uint64_t serial = ++pipe->serial[PIPE_MACHINE];
    result = pipe_ask(pipe, &pipe->scratch, &ok);
    result = result != 0 ? result : read_load(pipe, ok);
    if (result == 0) {
        *machine = memory_resize(NULL, sizeof **machine);
        **machine = (struct assay_machine){.pipe = pipe, .serial = serial};
    }
    return result;
}

static void unload(struct assay_machine *machine)
{
    if (machine != NULL) {
        pipe_end(machine->pipe, PIPE_MACHINE, machine->serial);
    }
    free(machine);
}

/* ---- run and resume ------------------------------------------------------------------------ */

static void add_start(struct text *request, const struct assay_state *state)
{
    text_raw(request, ", \"gas\": ");
    text_hex(request, state->gas);
    text_raw(request, ", \"regs\": ");
    text_registers(request, state->reg);
}

static void add_until(struct text *request, const struct assay_until *until)
{
    if (until == NULL || (until->blocks == 0 && until->instructions == 0)) {
        return;
    }
    text_raw(request, ", \"until\": {");
    if (until->blocks != 0) {
        text_format(request, "\"blocks\": %llu", (unsigned long long)until->blocks);
    }
    if (until->instructions != 0) {
        text_format(request, "%s\"instructions\": %llu", until->blocks != 0 ? ", " : "",
                    (unsigned long long)until->instructions);
    }
    text_raw(request, "}");
}

static void add_records(struct text *request, const struct assay_observer *observer)
{
    if (observer->block != NULL || observer->instruction != NULL) {
        text_format(request, ", \"records\": [%s%s%s]", observer->block != NULL ? "\"blocks\"" : "",
                    observer->block != NULL && observer->instruction != NULL ? ", " : "",
                    observer->instruction != NULL ? "\"instructions\"" : "");
    }
}

static struct assay_state read_block(struct json_reader *reader, const cJSON *item)
{
    static const struct json_key key[] = {{"pc", true}, {"gas", true}, {"regs", true}};
    const cJSON *found[3];
    struct assay_state state = {0};
    json_read_object(reader, item, key, 3, found);
    state.pc = json_read_hex(reader, found[0], 64);
    state.gas = json_read_hex(reader, found[1], 64);
    json_read_registers(reader, found[2], state.reg);
    return state;
}

/* [address, width, value] */
static void read_store(struct json_reader *reader, const cJSON *item, struct assay_step *step)
{
    const cJSON *found[3];
    json_read_tuple(reader, item, 3, found);
    uint64_t width = json_read_number(reader, found[1], 8);
    if (width != 1 && width != 2 && width != 4 && width != 8) {
        json_reject(reader, found[1], "the width of a store is 1, 2, 4 or 8");
    }
    step->store_width = (uint32_t)width;
    step->store_address = (uint32_t)json_read_hex(reader, found[0], 32);
    step->store_value = json_read_hex(reader, found[2], (unsigned)(8 * width));
}

static struct assay_step read_instruction(struct json_reader *reader, const cJSON *item)
{
    static const struct json_key key[] = {{"pc", true}, {"regs", true}, {"store", false}};
    const cJSON *found[3];
    struct assay_step step = {0};
    json_read_object(reader, item, key, 3, found);
    step.pc = json_read_hex(reader, found[0], 64);
    json_read_registers(reader, found[1], step.reg);
    if (found[2] != NULL) {
        read_store(reader, found[2], &step);
    }
    return step;
}

struct records {
    struct assay_state *block;
    size_t block_count;
    struct assay_step *instruction;
    size_t instruction_count;
};

/* Whether the reply has the list exactly when it was asked for. */
static const cJSON *wanted_list(struct json_reader *reader, const cJSON *ok, const cJSON *list, bool wanted,
                                const char *name)
{
    if (wanted != (list != NULL)) {
        json_reject(reader, list != NULL ? list : ok, "\"%s\" is %s", name,
                    wanted ? "missing" : "not what was asked for");
    }
    return wanted ? list : NULL;
}

static void read_records(struct pipe *pipe, const cJSON *blocks, const cJSON *instructions, struct records *records)
{
    struct json_reader *reader = &pipe->reader;
    if (blocks != NULL) {
        records->block = arena_list(&pipe->scratch, json_read_array(reader, blocks) + 1, sizeof *records->block);
        for (const cJSON *item = pipe_items(reader, blocks); item != NULL; item = item->next) {
            records->block[records->block_count++] = read_block(reader, item);
        }
    }
    if (instructions != NULL) {
        size_t count = json_read_array(reader, instructions);
        records->instruction = arena_list(&pipe->scratch, count + 1, sizeof *records->instruction);
        for (const cJSON *item = pipe_items(reader, instructions); item != NULL; item = item->next) {
            records->instruction[records->instruction_count++] = read_instruction(reader, item);
        }
    }
}

/* The lists come apart; a block is entered before the instruction that stands where it begins. */
static void tell(const struct assay_observer *observer, const struct records *records)
{
    size_t block = 0;
    for (size_t i = 0; i < records->instruction_count; i++) {
        if (block < records->block_count && records->block[block].pc == records->instruction[i].pc) {
            observer->block(observer->context, &records->block[block++]);
        }
        observer->instruction(observer->context, &records->instruction[i]);
    }
    while (block < records->block_count) {
        observer->block(observer->context, &records->block[block++]);
    }
}

/* A stop, and what the observer is to be told once the whole reply is known to be good. */
static void read_stop(struct pipe *pipe, const cJSON *ok, const struct assay_observer *observer,
                      struct assay_stop *stop, struct records *records)
{
    static const struct json_key key[] = {{"exit", true},          {"argument", true},    {"pc", true},
                                          {"gas", true},           {"regs", true},        {"blocks", false},
                                          {"instructions", false}, {"records_cut", false}};
    const cJSON *found[8];
    struct json_reader *reader = &pipe->reader;
    json_read_object(reader, ok, key, 8, found);
    stop->exit = pipe_read_exit(reader, found[0]);
    stop->argument = (uint32_t)json_read_hex(reader, found[1], 32);
    stop->state.pc = json_read_hex(reader, found[2], 64);
    stop->state.gas = json_read_hex(reader, found[3], 64);
    json_read_registers(reader, found[4], stop->state.reg);
    const cJSON *blocks = wanted_list(reader, ok, found[5], observer->block != NULL, "blocks");
    const cJSON *instructions = wanted_list(reader, ok, found[6], observer->instruction != NULL, "instructions");
    read_records(pipe, blocks, instructions, records);
    size_t more = records->block_count > records->instruction_count ? records->block_count : records->instruction_count;
    pipe_read_cut(pipe, found[7], more);
}

static int execute(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop)
{
    struct pipe *pipe = machine->pipe;
    struct records records = {0};
    const cJSON *ok;
    add_start(&pipe->request, state);
    add_until(&pipe->request, until);
    add_records(&pipe->request, &machine->observer);
    int result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    read_stop(pipe, ok, &machine->observer, stop, &records);
    if (!pipe->reader.failed) {
        tell(&machine->observer, &records);
    }
    return pipe_accept(pipe);
}

static int run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop)
{
    int result = pipe_check(machine->pipe, PIPE_MACHINE, machine->serial);
    if (result != 0) {
        return result;
    }
    pipe_request(machine->pipe, "run");
    text_raw(&machine->pipe->request, ", \"pc\": ");
    text_hex(&machine->pipe->request, state->pc);
    return execute(machine, state, until, stop);
}

static int resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop)
{
    int result = pipe_check(machine->pipe, PIPE_MACHINE, machine->serial);
    if (result != 0) {
        return result;
    }
    pipe_request(machine->pipe, "resume");
    return execute(machine, state, until, stop);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* 0, or why a range cannot be asked for. */
static int check_range(struct assay_machine *machine, uint32_t address, size_t size)
{
    int result = pipe_check(machine->pipe, PIPE_MACHINE, machine->serial);
    if (result != 0) {
        return result;
    }
    bool is_sayable = size <= READ_MAX && size <= (UINT64_C(1) << 32) - address;
    return is_sayable ? 0 : ASSAY_ERROR_ARGUMENT;
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    static const struct json_key key[] = {{"data", true}};
    struct pipe *pipe = machine->pipe;
    const cJSON *ok, *found[1];
    int result = check_range(machine, address, size);
    if (result != 0) {
        return result;
    }
    pipe_request(pipe, "read");
    text_raw(&pipe->request, ", \"address\": ");
    text_hex(&pipe->request, address);
    text_format(&pipe->request, ", \"size\": %zu", size);
    result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    json_read_object(&pipe->reader, ok, key, 1, found);
    struct bytes got = json_read_bytes(&pipe->reader, found[0]);
    if (got.size != size) {
        json_reject(&pipe->reader, found[0], "data has %zu bytes, and %zu were asked for", got.size, size);
    }
    if (!pipe->reader.failed) {
        memcpy(data, got.data, size);
    }
    return pipe_accept(pipe);
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    struct pipe *pipe = machine->pipe;
    int result = check_range(machine, address, size);
    if (result != 0) {
        return result;
    }
    pipe_request(pipe, "write");
    text_raw(&pipe->request, ", \"address\": ");
    text_hex(&pipe->request, address);
    pipe_add_bytes(pipe, "data", data, size);
    return pipe_tell(pipe);
}

/* Nothing is said until the next run: what it asks for is what the observer wants. */
static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    const struct assay_observer *wanted = observer == NULL ? &nobody : observer;
    uint64_t needed = (wanted->block != NULL ? ASSAY_FEATURE_BLOCKS : 0u) |
                      (wanted->instruction != NULL ? ASSAY_FEATURE_INSTRUCTIONS : 0u);
    if (!engine_has(&machine->pipe->engine, needed)) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    machine->observer = *wanted;
    return 0;
}

const struct assay_machine_level pipe_machine = {
    .size = sizeof pipe_machine,
    .unload = unload,
    .run = run,
    .resume = resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};
