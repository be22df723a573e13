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

enum { MESSAGE_MAX = JSON_SIZE_MAX };

static void write_features(struct text *text, const struct assay_engine *engine)
{
    const struct {
        const char *name;
        bool has;
    } feature[] = {
        {"blocks", engine_has(engine, ASSAY_FEATURE_BLOCKS)},
        {"instructions", engine_has(engine, ASSAY_FEATURE_INSTRUCTIONS)},
        {"codec", engine_level(engine, ENGINE_CODEC) != NULL},
        {"invocation", engine_level(engine, ENGINE_INVOCATION) != NULL},
        {"chain", engine_level(engine, ENGINE_CHAIN) != NULL},
    };
    const char *comma = "";
    text_raw(text, ", \"features\": [");
    for (size_t i = 0; i < sizeof feature / sizeof *feature; i++) {
        if (feature[i].has) {
            text_format(text, "%s\"%s\"", comma, feature[i].name);
            comma = ", ";
        }
    }
    text_raw(text, "]");
}

/* What protocol 2 says more. */
static void write_revisions(struct text *text, const struct assay_engine *engine)
{
    const char *comma = "";
    text_raw(text, ", \"revisions\": [");
    for (unsigned revision = 0; revision < 64; revision++) {
        if ((engine->revisions >> revision & 1) != 0) {
            text_format(text, "%s%u", comma, revision);
            comma = ", ";
        }
    }
    comma = "";
    text_raw(text, "], \"profiles\": [");
    for (uint32_t profile = 0; profile < 64; profile++) {
        if ((engine->profiles >> profile & 1) != 0 && profile_name(profile) != NULL) {
            text_format(text, "%s\"%s\"", comma, profile_name(profile));
            comma = ", ";
        }
    }
    text_raw(text, "]");
}

/* From here on the protocol that was asked for is spoken; before any hello, the oldest. */
static void hello(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"protocol", true}};
    const cJSON *found[2];
    const struct assay_engine *engine = server->engine;
    struct text *reply = &server->reply;
    server_members(server, request, key, 2, found);
    uint64_t protocol = json_read_number(&server->reader, found[1], UINT64_MAX);
    if (protocol < PROTOCOL_OLDEST || protocol > PROTOCOL_NEWEST) {
        json_reject(&server->reader, found[1], "protocols %d to %d are spoken here", PROTOCOL_OLDEST, PROTOCOL_NEWEST);
    }
    if (server->reader.failed) {
        return;
    }
    server->protocol = (unsigned)protocol;
    text_format(reply, "{\"ok\": {\"protocol\": %u, \"name\": ", server->protocol);
    text_string(reply, engine->name);
    text_raw(reply, ", \"version\": ");
    text_string(reply, engine->version);
    text_format(reply, ", \"abi\": %u", engine->abi);
    write_features(reply, engine);
    if (server->protocol > PROTOCOL_OLDEST) {
        write_revisions(reply, engine);
    }
    text_raw(reply, "}}");
}

static void bye(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        server->finished = true;
        server_done(server);
    }
}

static const struct server_request server_talk[] = {{"hello", hello}, {"bye", bye}, {NULL, NULL}};

static void dispatch(struct server *server, const cJSON *request)
{
    static const struct server_request *const table[] = {server_talk, server_machine, server_kernel};
    const cJSON *op = cJSON_GetObjectItemCaseSensitive(request, "op");
    if (!cJSON_IsObject(request) || !cJSON_IsString(op)) {
        json_reject(&server->reader, op != NULL ? op : request, "a request is an object with a string \"op\"");
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (const struct server_request *at = table[i]; at->op != NULL; at++) {
            if (strcmp(op->valuestring, at->op) == 0) {
                at->answer(server, request);
                return;
            }
        }
    }
    json_reject(&server->reader, op, "unknown op \"%.30s\"; PROTOCOL.md lists them", op->valuestring);
}

void server_answer(struct server *server)
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
        text_raw(&server->reply, "\n");
    }
    size_t size = server->reply.size, head_size = server->framed ? 4 : 0;
    uint8_t head[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), (uint8_t)(size >> 24)};
    if (fwrite(head, 1, head_size, server->output) != head_size ||
        fwrite(server->reply.data, 1, size, server->output) != size || fflush(server->output) != 0) {
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
    while ((byte = getc(server->input)) != EOF && byte != '\n') {
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
    if (fread(head, 1, 4, server->input) != 4) {
        return RECEIPT_END;
    }
    size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    for (size_t left = size; left > 0;) {
        size_t wanted = left < sizeof part ? left : sizeof part;
        size_t got = fread(part, 1, wanted, server->input);
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

void server_close(struct server *server)
{
    server_forget_machine(server);
    server_forget_kernel(server);
    text_free(&server->event);
    free(server->message);
    free(server->block);
    free(server->instruction);
    text_free(&server->reply);
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
            server_answer(server);
        }
        send_reply(server);
    }
    server_close(server);
}

static int run(int argument_count, char **arguments)
{
    const char *engine = NULL, *timeout = NULL, *framed = NULL, *tell = NULL, *ends = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", ENGINE_HELP, &engine, NULL},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--framed", NULL, "length-prefixed frames instead of JSON lines", &framed, NULL},
        {"--tell", NULL, "kernel records on standard error too, each as it comes", &tell, NULL},
        {"--ends", NULL, "the other side asks to unload and to close each time (this changes nothing here)", &ends,
         NULL},
    };
    struct server server = {.protocol = PROTOCOL_OLDEST};
    int left = options_read(&command_serve, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (engine == NULL) {
        complain("serve: --engine is needed; see assay-native serve --help");
        return CODE_USAGE;
    }
    if (!server_take_streams(&server)) {
        complain("serve: standard input and output cannot be moved");
        return CODE_HOST;
    }
    server.engine = engine_open(engine, timeout);
    server.framed = framed != NULL;
    server.tells = tell != NULL;
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
