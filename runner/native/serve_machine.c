/* serve: the requests of the machine level (runner/PROTOCOL.md). */
#include "serve.h"

#include <string.h>

enum { READ_MAX = 16 * 1024 * 1024 };

static void on_block(void *context, const struct assay_state *entry)
{
    struct server *server = context;
    if (server->block_count == RECORD_MAX) {
        server->records_cut = true;
    } else {
        server->block[server->block_count++] = *entry;
    }
}

static void on_instruction(void *context, const struct assay_step *step)
{
    struct server *server = context;
    if (server->instruction_count == RECORD_MAX) {
        server->records_cut = true;
    } else {
        server->instruction[server->instruction_count++] = *step;
    }
}

void server_forget_machine(struct server *server)
{
    if (server->machine != NULL) {
        server->engine->machine->unload(server->machine);
        server->machine = NULL;
    }
}

/* The profile asked for; the first one when none is. */
static uint32_t read_profile(struct server *server, const cJSON *item)
{
    uint32_t profile = ASSAY_PROFILE_JAR;
    if (server_newer_member(server, item)) {
        const char *name = json_read_string(&server->reader, item);
        if (!server->reader.failed && !profile_number(name, &profile)) {
            json_reject(&server->reader, item, "unknown profile \"%.30s\"; hello lists those of the engine", name);
        }
    }
    return profile;
}

static void load(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {
        {"op", true}, {"blob", true}, {"mem_cycles", true}, {"pages", true}, {"profile", false}};
    const cJSON *found[5];
    struct assay_program program = {0};
    server_members(server, request, key, 5, found);
    struct bytes blob = json_read_bytes(&server->reader, found[1]);
    program.blob = blob.data;
    program.blob_size = blob.size;
    program.mem_cycles = (uint32_t)json_read_number(&server->reader, found[2], UINT32_MAX);
    if (found[3] != NULL) {
        vector_read_pages(&server->reader, found[3], &program);
    }
    program.profile = read_profile(server, found[4]);
    if (server->reader.failed) {
        return;
    }
    server_forget_machine(server);
    int result = server->engine->machine->load(&program, &server->machine);
    if (result != 0) {
        server->machine = NULL;
    }
    if (server_lacks(server, result, server->machine)) {
        return;
    }
    const char *name = result == 0 ? "admitted" : result == ASSAY_ERROR_ARGUMENT ? "refused" : reject_name(result);
    if (name == NULL) {
        server_result(server, result, "");
    } else {
        text_format(&server->reply, "{\"ok\": {\"load\": \"%s\"}}", name);
    }
}

static uint64_t read_records(struct server *server, const cJSON *item)
{
    uint64_t wanted = 0;
    size_t count = item == NULL ? 0 : json_read_array(&server->reader, item);
    for (const cJSON *child = count == 0 ? NULL : item->child; child != NULL; child = child->next) {
        const char *name = json_read_string(&server->reader, child);
        uint64_t feature = strcmp(name, "blocks") == 0         ? ASSAY_FEATURE_BLOCKS
                           : strcmp(name, "instructions") == 0 ? ASSAY_FEATURE_INSTRUCTIONS
                                                               : 0;
        if (feature == 0 || (wanted & feature) != 0) {
            json_reject(&server->reader, child, "records may hold \"blocks\" and \"instructions\", each once");
        }
        wanted |= feature;
    }
    return wanted;
}

static void write_records(struct server *server, uint64_t wanted)
{
    struct text *reply = &server->reply;
    if ((wanted & ASSAY_FEATURE_BLOCKS) != 0) {
        text_raw(reply, ", \"blocks\": [");
        for (size_t i = 0; i < server->block_count; i++) {
            text_raw(reply, i == 0 ? "" : ", ");
            write_state(reply, &server->block[i]);
        }
        text_raw(reply, "]");
    }
    if ((wanted & ASSAY_FEATURE_INSTRUCTIONS) != 0) {
        text_raw(reply, ", \"instructions\": [");
        for (size_t i = 0; i < server->instruction_count; i++) {
            text_raw(reply, i == 0 ? "" : ", ");
            write_record(reply, &server->instruction[i]);
        }
        text_raw(reply, "]");
    }
    if (server->records_cut) {
        text_raw(reply, ", \"records_cut\": true");
    }
}

/* The room for the records of one reply, made once. */
static void *room_for(void *records, size_t size)
{
    return records != NULL ? records : memory_resize(NULL, RECORD_MAX * size);
}

/* Attaches an observer for the records wanted, or none. */
static int attach(struct server *server, uint64_t wanted)
{
    struct assay_observer observer = {.context = server};
    server->block_count = server->instruction_count = 0;
    server->records_cut = false;
    if (server->engine->machine->observe == NULL) {
        return 0;
    }
    if ((wanted & ASSAY_FEATURE_BLOCKS) != 0) {
        observer.block = on_block;
        server->block = room_for(server->block, sizeof *server->block);
    }
    if ((wanted & ASSAY_FEATURE_INSTRUCTIONS) != 0) {
        observer.instruction = on_instruction;
        server->instruction = room_for(server->instruction, sizeof *server->instruction);
    }
    return server->engine->machine->observe(server->machine, wanted == 0 ? NULL : &observer);
}

static void execute(struct server *server, const struct vector_step *step, uint64_t wanted)
{
    struct assay_stop stop;
    uint64_t needed = wanted | (step->until.blocks != 0 ? ASSAY_FEATURE_BLOCKS : 0u) |
                      (step->until.instructions != 0 ? ASSAY_FEATURE_INSTRUCTIONS : 0u);
    if (server->machine == NULL) {
        server_error(server, "refused", "no machine is loaded; send a load that is admitted first");
        return;
    }
    if (!engine_has(server->engine, needed)) {
        server_error(server, "unsupported", "the engine lacks a feature that until or records need");
        return;
    }
    int result = attach(server, wanted);
    if (result == 0) {
        result = step_execute(server->engine, server->machine, step, &stop);
    }
    if (result != 0) {
        server_result(server, result, "resume follows only host_call, ecall, out_of_gas and stopped");
        return;
    }
    text_raw(&server->reply, "{\"ok\": ");
    write_stop(&server->reply, &stop);
    server->reply.size--; /* the records stand inside the same object */
    write_records(server, wanted);
    text_raw(&server->reply, "}}");
}

static void run_machine(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true},   {"pc", true},     {"gas", true},
                                          {"regs", true}, {"until", false}, {"records", false}};
    const cJSON *found[6];
    struct vector_step step = {.kind = STEP_RUN};
    server_members(server, request, key, 6, found);
    step.state.pc = json_read_hex(&server->reader, found[1], 64);
    step.state.gas = json_read_hex(&server->reader, found[2], 64);
    json_read_registers(&server->reader, found[3], step.state.reg);
    step.until = vector_read_until(&server->reader, found[4]);
    uint64_t wanted = read_records(server, found[5]);
    if (!server->reader.failed) {
        execute(server, &step, wanted);
    }
}

static void resume_machine(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {
        {"op", true}, {"gas", true}, {"regs", true}, {"until", false}, {"records", false}};
    const cJSON *found[5];
    struct vector_step step = {.kind = STEP_RESUME};
    server_members(server, request, key, 5, found);
    step.state.gas = json_read_hex(&server->reader, found[1], 64);
    json_read_registers(&server->reader, found[2], step.state.reg);
    step.until = vector_read_until(&server->reader, found[3]);
    uint64_t wanted = read_records(server, found[4]);
    if (!server->reader.failed) {
        execute(server, &step, wanted);
    }
}

static const char no_page[] = "no machine is loaded, or a byte lies on a page not given";

static void read_memory(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"address", true}, {"size", true}};
    const cJSON *found[3];
    server_members(server, request, key, 3, found);
    uint32_t address = (uint32_t)json_read_hex(&server->reader, found[1], 32);
    size_t size = (size_t)json_read_number(&server->reader, found[2], READ_MAX);
    if (server->reader.failed) {
        return;
    }
    uint8_t *data = arena_take(&server->arena, size);
    int result = server->machine == NULL ? ASSAY_ERROR_ARGUMENT
                                         : server->engine->machine->read(server->machine, address, data, size);
    if (result != 0) {
        server_result(server, result, no_page);
        return;
    }
    text_raw(&server->reply, "{\"ok\": {\"data\": ");
    text_bytes(&server->reply, data, size);
    text_raw(&server->reply, "}}");
}

static void write_memory(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"address", true}, {"data", true}};
    const cJSON *found[3];
    server_members(server, request, key, 3, found);
    uint32_t address = (uint32_t)json_read_hex(&server->reader, found[1], 32);
    struct bytes data = json_read_bytes(&server->reader, found[2]);
    if (server->reader.failed) {
        return;
    }
    int result = server->machine == NULL
                     ? ASSAY_ERROR_ARGUMENT
                     : server->engine->machine->write(server->machine, address, data.data, data.size);
    if (result != 0) {
        server_result(server, result, no_page);
    } else {
        server_done(server);
    }
}

static void unload(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        server_forget_machine(server);
        server_done(server);
    }
}

const struct server_request server_machine[] = {
    {"load", load},        {"run", run_machine},    {"resume", resume_machine},
    {"read", read_memory}, {"write", write_memory}, {"unload", unload},
    {NULL, NULL},
};
