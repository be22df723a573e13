/*
 * serve: puts an engine behind the messages of runner/PROTOCOL.md, on standard input and
 * output.
 *
 * A request is read whole, then parsed and checked whole, and only then acted upon. So a
 * request that is wrong in any way changes nothing.
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_MAX = 16 * 1024 * 1024, MESSAGE_MAX = JSON_SIZE_MAX };

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

void server_error(struct server *server, const char *kind, const char *message)
{
    text_clear(&server->reply);
    text_format(&server->reply, "{\"error\": {\"kind\": \"%s\", \"message\": ", kind);
    text_string(&server->reply, message);
    if (strcmp(kind, "protocol") == 0) {
        text_format(&server->reply, ", \"offset\": %zu", server->error.offset);
    }
    text_raw(&server->reply, "}}");
}

void server_result(struct server *server, int result, const char *refusal)
{
    switch (result) {
    case ASSAY_ERROR_ARGUMENT:
        server_error(server, "refused", refusal);
        break;
    case ASSAY_ERROR_UNSUPPORTED:
        server_error(server, "unsupported", engine_error_name(result));
        break;
    default:
        server_error(server, "host", engine_error_name(result));
        break;
    }
}

bool server_members(struct server *server, const cJSON *request, const struct json_key *key, size_t key_count,
                    const cJSON **found)
{
    return json_read_object(&server->reader, request, key, key_count, found);
}

static void hello(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"protocol", true}};
    const cJSON *found[2];
    const struct assay_engine *engine = server->engine;
    bool has_blocks = engine_has(engine, ASSAY_FEATURE_BLOCKS);
    bool has_instructions = engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS);
    server_members(server, request, key, 2, found);
    if (json_read_number(&server->reader, found[1], UINT64_MAX) != 1) {
        json_reject(&server->reader, found[1], "only protocol 1 is spoken here");
    }
    if (server->reader.failed) {
        return;
    }
    text_raw(&server->reply, "{\"ok\": {\"protocol\": 1, \"name\": ");
    text_string(&server->reply, engine->name);
    text_raw(&server->reply, ", \"version\": ");
    text_string(&server->reply, engine->version);
    const struct {
        const char *name;
        bool has;
    } feature[] = {
        {"blocks", has_blocks},
        {"instructions", has_instructions},
        {"codec", engine_level(engine, ENGINE_CODEC) != NULL},
        {"invocation", engine_level(engine, ENGINE_INVOCATION) != NULL},
        {"chain", engine_level(engine, ENGINE_CHAIN) != NULL},
    };
    const char *comma = "";
    text_format(&server->reply, ", \"abi\": %u, \"features\": [", engine->abi);
    for (size_t i = 0; i < sizeof feature / sizeof *feature; i++) {
        if (feature[i].has) {
            text_format(&server->reply, "%s\"%s\"", comma, feature[i].name);
            comma = ", ";
        }
    }
    text_raw(&server->reply, "]}}");
}

static void forget_machine(struct server *server)
{
    if (server->machine != NULL) {
        server->engine->machine->unload(server->machine);
        server->machine = NULL;
    }
}

static void load(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"blob", true}, {"mem_cycles", true}, {"pages", true}};
    const cJSON *found[4];
    struct assay_program program = {0};
    server_members(server, request, key, 4, found);
    struct bytes blob = json_read_bytes(&server->reader, found[1]);
    program.blob = blob.data;
    program.blob_size = blob.size;
    program.mem_cycles = (uint32_t)json_read_number(&server->reader, found[2], UINT32_MAX);
    if (found[3] != NULL) {
        vector_read_pages(&server->reader, found[3], &program);
    }
    if (server->reader.failed) {
        return;
    }
    forget_machine(server);
    int result = server->engine->machine->load(&program, &server->machine);
    if (result != 0) {
        server->machine = NULL;
    }
    const char *name = result == 0 ? "admitted" : result == ASSAY_ERROR_ARGUMENT ? "refused" : reject_name(result);
    if (name == NULL) {
        server_result(server, result, "");
    } else {
        text_format(&server->reply, "{\"ok\": {\"load\": \"%s\"}}", name);
    }
}

static void read_all_registers(struct server *server, const cJSON *item, uint64_t reg[ASSAY_REGISTER_COUNT])
{
    const cJSON *part[ASSAY_REGISTER_COUNT];
    if (item != NULL && json_read_tuple(&server->reader, item, ASSAY_REGISTER_COUNT, part)) {
        for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
            reg[i] = json_read_hex(&server->reader, part[i], 64);
        }
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
        server->block = memory_resize(server->block, RECORD_MAX * sizeof *server->block);
    }
    if ((wanted & ASSAY_FEATURE_INSTRUCTIONS) != 0) {
        observer.instruction = on_instruction;
        server->instruction = memory_resize(server->instruction, RECORD_MAX * sizeof *server->instruction);
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
        server_error(server, "unsupported", "the engine has not got a feature that until or records need");
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
    read_all_registers(server, found[3], step.state.reg);
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
    read_all_registers(server, found[2], step.state.reg);
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
        text_raw(&server->reply, "{\"ok\": {}}");
    }
}

static void unload(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        forget_machine(server);
        text_raw(&server->reply, "{\"ok\": {}}");
    }
}

static void bye(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        server->finished = true;
        text_raw(&server->reply, "{\"ok\": {}}");
    }
}

static void dispatch(struct server *server, const cJSON *request)
{
    static const struct {
        const char *op;
        void (*answer)(struct server *server, const cJSON *request);
    } table[] = {
        {"hello", hello},      {"load", load},          {"run", run_machine}, {"resume", resume_machine},
        {"read", read_memory}, {"write", write_memory}, {"unload", unload},   {"bye", bye},
    };
    const cJSON *op = cJSON_GetObjectItemCaseSensitive(request, "op");
    if (!cJSON_IsObject(request) || !cJSON_IsString(op)) {
        json_reject(&server->reader, op != NULL ? op : request, "a request is an object with a string \"op\"");
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(op->valuestring, table[i].op) == 0) {
            table[i].answer(server, request);
            return;
        }
    }
    if (server_answer_kernel(server, op->valuestring, request)) {
        return;
    }
    json_reject(&server->reader, op, "unknown op \"%.30s\"; PROTOCOL.md lists them", op->valuestring);
}

static void answer(struct server *server)
{
    server->reader = (struct json_reader){.arena = &server->arena, .error = &server->error};
    text_clear(&server->reply);
    cJSON *request = json_parse(server->message, server->message_size, &server->error);
    if (request != NULL) {
        dispatch(server, request);
    }
    if (request == NULL || server->reader.failed) {
        server_error(server, "protocol", server->error.message);
    }
    cJSON_Delete(request);
    arena_clear(&server->arena);
}

static void send_reply(struct server *server)
{
    if (!server->framed) {
        text_line(&server->reply);
        return;
    }
    size_t size = server->reply.size;
    uint8_t head[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), (uint8_t)(size >> 24)};
    if (fwrite(head, 1, 4, stdout) != 4 || fwrite(server->reply.data, 1, size, stdout) != size || fflush(stdout) != 0) {
        complain("serve: the reply cannot be written; the other side is gone");
        exit(CODE_HOST);
    }
}

static void keep(struct server *server, const uint8_t *data, size_t size)
{
    if (server->message_room - server->message_size < size) {
        server->message_room = (server->message_size + size) * 2;
        server->message = memory_resize(server->message, server->message_room);
    }
    memcpy(server->message + server->message_size, data, size);
    server->message_size += size;
}

enum receipt { RECEIPT_END, RECEIPT_MESSAGE, RECEIPT_TOO_LONG };

static enum receipt receive_line(struct server *server)
{
    bool too_long = false;
    int byte;
    server->message_size = 0;
    while ((byte = getc(stdin)) != EOF && byte != '\n') {
        uint8_t value = (uint8_t)byte;
        too_long = too_long || server->message_size == MESSAGE_MAX;
        if (!too_long) {
            keep(server, &value, 1);
        }
    }
    if (byte == EOF && server->message_size == 0) {
        return RECEIPT_END;
    }
    return too_long ? RECEIPT_TOO_LONG : RECEIPT_MESSAGE;
}

/* A frame that the input ends in the middle of counts as the end of the input. */
static enum receipt receive_frame(struct server *server)
{
    uint8_t head[4], part[4096];
    server->message_size = 0;
    if (fread(head, 1, 4, stdin) != 4) {
        return RECEIPT_END;
    }
    size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    for (size_t left = size; left > 0;) {
        size_t wanted = left < sizeof part ? left : sizeof part;
        size_t got = fread(part, 1, wanted, stdin);
        if (got == 0) {
            return RECEIPT_END;
        }
        if (size <= MESSAGE_MAX) {
            keep(server, part, got);
        }
        left -= got;
    }
    return size > MESSAGE_MAX ? RECEIPT_TOO_LONG : RECEIPT_MESSAGE;
}

static void serve(struct server *server)
{
    while (!server->finished) {
        enum receipt receipt = server->framed ? receive_frame(server) : receive_line(server);
        if (receipt == RECEIPT_END) {
            break;
        }
        if (receipt == RECEIPT_TOO_LONG) {
            server->error.offset = MESSAGE_MAX;
            server_error(server, "protocol", "the request is longer than 64 MiB; split it into several");
        } else {
            answer(server);
        }
        send_reply(server);
    }
    forget_machine(server);
    server_forget_kernel(server);
    text_free(&server->event);
    free(server->message);
    free(server->block);
    free(server->instruction);
    text_free(&server->reply);
}

static int run(int argument_count, char **arguments)
{
    const char *engine = NULL, *timeout = NULL, *framed = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", ENGINE_HELP, &engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--framed", NULL, "length-prefixed frames instead of JSON lines", &framed, NULL},
    };
    struct server server = {0};
    int left = options_read(&command_serve, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine == NULL) {
        complain("serve: --engine is needed; see assay-native serve --help");
        return CODE_USAGE;
    }
    server.engine = engine_open(engine, timeout);
    server.framed = framed != NULL;
    if (server.engine == NULL) {
        return CODE_ENGINE;
    }
    serve(&server);
    return CODE_AGREED;
}

const struct command command_serve = {
    .name = "serve",
    .arguments = NULL,
    .summary = "answer the engine protocol on standard input and output",
    .help = "Speaks runner/PROTOCOL.md: one request, one reply, in order. Whatever is wrong\n"
            "with a request is answered with an error that names the byte; the process goes on.\n"
            "It ends with \"bye\" or the end of the input.\n\n"
            "Exit code: 0 after the end, 2 usage, 4 the engine cannot be loaded, 6 no memory or\n"
            "no output.",
    .run = run,
};
