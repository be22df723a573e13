/* serve_kernel: the requests of the kernel levels (runner/PROTOCOL.md). */
#include "serve.h"

#include <stdio.h>
#include <string.h>

/* Which number has this word; 0 after an error. */
static uint32_t read_name(struct server *server, const cJSON *item, const char *(*name)(uint32_t number))
{
    const char *text = item == NULL ? "" : json_read_string(&server->reader, item);
    for (uint32_t i = 0; name(i) != NULL; i++) {
        if (strcmp(text, name(i)) == 0) {
            return i;
        }
    }
    if (item != NULL) {
        json_reject(&server->reader, item, "unknown name \"%.30s\"; PROTOCOL.md lists them", text);
    }
    return 0;
}

static bool read_flag(struct server *server, const cJSON *item)
{
    if (item != NULL && !cJSON_IsBool(item)) {
        json_reject(&server->reader, item, "this must be true or false");
    }
    return cJSON_IsTrue(item);
}

static void write_bytes(struct text *text, const char *key, const uint8_t *data, size_t size)
{
    text_format(text, ", \"%s\": ", key);
    text_bytes(text, data, size);
}

static void unsupported(struct server *server, const char *level)
{
    char message[64];
    snprintf(message, sizeof message, "the engine lacks the level %s", level);
    server_error(server, "unsupported", message);
}

/* A verdict with a rule; false when the number is none. */
static bool write_verdict(struct server *server, int result, const size_t *offset)
{
    const char *name = rejection_name(result);
    if (name != NULL) {
        text_format(&server->reply, "{\"ok\": {\"verdict\": \"%s\"", name);
        if (offset != NULL) {
            text_format(&server->reply, ", \"offset\": %zu", *offset);
        }
        text_raw(&server->reply, "}}");
    }
    return name != NULL;
}

/* The revision asked for; the first one when none is. */
static uint32_t read_revision(struct server *server, const cJSON *item)
{
    uint32_t revision = ASSAY_REVISION_1;
    if (server_newer_member(server, item)) {
        revision = (uint32_t)json_read_number(&server->reader, item, UINT32_MAX);
    }
    return revision;
}

/* ---- codec ------------------------------------------------------------------------------- */

static void decode(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"type", true}, {"bytes", true}, {"revision", false}};
    const cJSON *found[4];
    const struct assay_codec_level *level = engine_level(server->engine, ENGINE_CODEC);
    server_members(server, request, key, 4, found);
    uint32_t type = read_name(server, found[1], type_name);
    struct bytes bytes = json_read_bytes(&server->reader, found[2]);
    uint32_t revision = read_revision(server, found[3]);
    if (server->reader.failed) {
        return;
    }
    if (level == NULL) {
        unsupported(server, "codec");
        return;
    }
    size_t offset = 0, again_size = 0;
    uint8_t *again = arena_take(&server->arena, bytes.size + 1);
    int result = level->decode(revision, type, bytes.data, bytes.size, &offset, again, &again_size);
    if (result == 0) {
        text_raw(&server->reply, "{\"ok\": {\"verdict\": \"decoded\"");
        write_bytes(&server->reply, "again", again, again_size);
        text_raw(&server->reply, "}}");
    } else if (!write_verdict(server, result, &offset)) {
        server_result(server, result, "the type cannot be decoded");
    }
}

static void admit(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"image", true}};
    const cJSON *found[2];
    const struct assay_codec_level *level = engine_level(server->engine, ENGINE_CODEC);
    server_members(server, request, key, 2, found);
    struct bytes image = json_read_bytes(&server->reader, found[1]);
    if (server->reader.failed) {
        return;
    }
    if (level == NULL) {
        unsupported(server, "codec");
        return;
    }
    size_t offset = 0;
    if (server->tells) {
        level->admit(image.data, image.size, NULL); /* as a replay does, so that what breaks in that breaks here too */
    }
    int result = level->admit(image.data, image.size, &offset);
    if (result == 0) {
        text_raw(&server->reply, "{\"ok\": {\"verdict\": \"admitted\"}}");
    } else if (!write_verdict(server, result, &offset)) {
        server_result(server, result, "");
    }
}

static void hash(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"kind", true}, {"value", true}, {"revision", false}};
    const cJSON *found[4];
    const struct assay_codec_level *level = engine_level(server->engine, ENGINE_CODEC);
    server_members(server, request, key, 4, found);
    uint32_t kind = read_name(server, found[1], hash_name);
    struct bytes value = json_read_bytes(&server->reader, found[2]);
    uint32_t revision = read_revision(server, found[3]);
    if (server->reader.failed) {
        return;
    }
    if (level == NULL) {
        unsupported(server, "codec");
        return;
    }
    uint8_t digest[32];
    int result = level->hash(revision, kind, value.data, value.size, digest);
    if (result == 0) {
        text_raw(&server->reply, "{\"ok\": {\"digest\": ");
        text_bytes(&server->reply, digest, sizeof digest);
        text_raw(&server->reply, "}}");
    } else if (!write_verdict(server, result, NULL)) {
        server_result(server, result, "bmt takes leaves of 32 bytes, chain takes 64 bytes");
    }
}

/* ---- records ----------------------------------------------------------------------------- */

static void tell(const uint8_t *record, size_t size)
{
    fputs("record ", stderr);
    for (size_t i = 0; i < size; i++) {
        fprintf(stderr, "%02x", record[i]);
    }
    fputs("\n", stderr);
    fflush(stderr);
}

static void on_event(void *context, const uint8_t *record, size_t size)
{
    struct server *server = context;
    if (server->tells) {
        tell(record, size);
    }
    if (server->event_count++ < RECORD_MAX) {
        text_raw(&server->event, server->event_count == 1 ? "" : ", ");
        text_bytes(&server->event, record, size);
    }
}

static struct assay_observer observer_of(struct server *server)
{
    text_clear(&server->event);
    server->event_count = 0;
    if (server->tells) {
        fputs("step\n", stderr);
    }
    return (struct assay_observer){.context = server, .event = on_event};
}

static void write_events(struct server *server, bool wanted)
{
    if (wanted) {
        text_raw(&server->reply, ", \"events\": [");
        text_raw(&server->reply, server->event_count == 0 ? "" : server->event.data);
        text_raw(&server->reply, "]");
        if (server->event_count > RECORD_MAX) {
            text_raw(&server->reply, ", \"records_cut\": true");
        }
    }
}

/* ---- worlds ------------------------------------------------------------------------------ */

static const char no_world[] = "no world is open; send a world_open that is not refused first";

static const struct assay_invocation_level *invocation_level(struct server *server)
{
    const struct assay_invocation_level *level = engine_level(server->engine, ENGINE_INVOCATION);
    if (level == NULL) {
        unsupported(server, "invocation");
    }
    return level;
}

static void world_open(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"world", true}, {"revision", false}};
    const cJSON *found[3];
    server_members(server, request, key, 3, found);
    struct bytes world = json_read_bytes(&server->reader, found[1]);
    uint32_t revision = read_revision(server, found[2]);
    const struct assay_invocation_level *level = server->reader.failed ? NULL : invocation_level(server);
    if (level == NULL) {
        return;
    }
    level->close(server->world);
    server->world = NULL;
    int result = level->open(revision, world.data, world.size, &server->world);
    if (result != 0) {
        server->world = NULL;
        server_result(server, result, "the world is not well formed");
    } else if (!server_lacks(server, result, server->world)) {
        server_done(server);
    }
}

static void write_result(struct server *server, int result, const struct assay_result *done, bool records)
{
    struct text *reply = &server->reply;
    const char *name = result == ASSAY_CALL_STACK_FULL   ? "stack_full"
                       : result == ASSAY_CALL_NOT_PAUSED ? "not_paused"
                                                         : rejection_name(result);
    if (result != 0 && name == NULL) {
        server_result(server, result, "a reference is on top, or a value does not decode");
        return;
    }
    if (result != 0) {
        text_format(reply, "{\"ok\": {\"result\": \"%s\"", name);
        write_events(server, records);
        text_raw(reply, "}}");
        return;
    }
    if (done->outcome > ASSAY_OUTCOME_PAUSED || exit_name(done->exit) == NULL) {
        server_error(server, "host", "the engine's outcome or exit is none of the contract");
        return;
    }
    text_format(reply, "{\"ok\": {\"result\": \"done\", \"outcome\": \"%s\", \"exit\": \"%s\"",
                outcome_name(done->outcome), exit_name(done->exit));
    text_format(reply, ", \"argument\": \"0x%x\", \"pc\": \"0x%llx\", \"gas\": \"0x%llx\"", done->argument,
                (unsigned long long)done->state.pc, (unsigned long long)done->state.gas);
    text_raw(reply, ", \"regs\": ");
    text_registers(reply, done->state.reg);
    text_format(reply, ", \"gas_used\": \"0x%llx\"", (unsigned long long)done->gas_used);
    write_bytes(reply, "instance", done->instance, sizeof done->instance);
    write_bytes(reply, "cnode", done->cnode.data, done->cnode.size);
    write_bytes(reply, "pages", done->pages.data, done->pages.size);
    write_bytes(reply, "payload", done->payload.data, done->payload.size);
    write_events(server, records);
    text_raw(reply, "}}");
}

/* The level, if a world is open and records can be attached as wanted. */
static const struct assay_invocation_level *ready_world(struct server *server, bool records)
{
    const struct assay_invocation_level *level = invocation_level(server);
    if (level == NULL) {
        return NULL;
    }
    if (server->world == NULL) {
        server_error(server, "refused", no_world);
        return NULL;
    }
    struct assay_observer observer = observer_of(server);
    int result = level->observe(server->world, records ? &observer : NULL);
    if (result != 0) {
        server_result(server, result, "");
        return NULL;
    }
    return level;
}

static void world_run(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true},       {"instance", true}, {"image", true},   {"cnode", true},
                                          {"endpoint", true}, {"gas", true},      {"records", false}};
    const cJSON *found[7];
    struct assay_invocation invocation = {0};
    server_members(server, request, key, 7, found);
    struct bytes instance = json_read_bytes(&server->reader, found[1]);
    struct bytes image = json_read_bytes(&server->reader, found[2]);
    struct bytes cnode = json_read_bytes(&server->reader, found[3]);
    invocation.endpoint = (uint8_t)json_read_number(&server->reader, found[4], UINT8_MAX);
    invocation.gas = json_read_hex(&server->reader, found[5], 64);
    bool records = read_flag(server, found[6]);
    if (!server->reader.failed && instance.size != sizeof invocation.instance) {
        json_reject(&server->reader, found[1], "an instance has 64 bytes");
    }
    const struct assay_invocation_level *level = server->reader.failed ? NULL : ready_world(server, records);
    if (level == NULL) {
        return;
    }
    memcpy(invocation.instance, instance.data, instance.size);
    invocation.image = (struct assay_bytes){image.data, image.size};
    invocation.cnode = (struct assay_bytes){cnode.data, cnode.size};
    struct assay_result done = {0};
    write_result(server, level->run(server->world, &invocation, &done), &done, records);
}

static void world_resume(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"scratchpad", false}, {"records", false}};
    const cJSON *found[3];
    struct bytes scratchpad = {0};
    server_members(server, request, key, 3, found);
    if (found[1] != NULL) {
        scratchpad = json_read_bytes(&server->reader, found[1]);
    }
    bool records = read_flag(server, found[2]);
    const struct assay_invocation_level *level = server->reader.failed ? NULL : ready_world(server, records);
    if (level == NULL) {
        return;
    }
    struct assay_bytes given = {scratchpad.data, scratchpad.size};
    struct assay_result done = {0};
    int result = level->resume(server->world, found[1] == NULL ? NULL : &given, &done);
    write_result(server, result, &done, records);
}

static void world_dump(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    struct assay_bytes dump = {0};
    const struct assay_invocation_level *level =
        server_members(server, request, key, 1, found) ? ready_world(server, false) : NULL;
    if (level == NULL) {
        return;
    }
    int result = level->dump(server->world, &dump);
    if (result != 0) {
        server_result(server, result, "");
        return;
    }
    text_raw(&server->reply, "{\"ok\": {\"dump\": ");
    text_bytes(&server->reply, dump.data, dump.size);
    text_raw(&server->reply, "}}");
}

/* ---- chains ------------------------------------------------------------------------------ */

static const struct assay_chain_level *chain_level(struct server *server, bool needs_chain)
{
    const struct assay_chain_level *level = engine_level(server->engine, ENGINE_CHAIN);
    if (level == NULL) {
        unsupported(server, "chain");
    } else if (needs_chain && server->chain == NULL) {
        server_error(server, "refused", "no chain; send a chain_genesis that is admitted first");
        level = NULL;
    }
    return level;
}

static void chain_genesis(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}, {"image", true}, {"revision", false}};
    const cJSON *found[3];
    server_members(server, request, key, 3, found);
    struct bytes image = json_read_bytes(&server->reader, found[1]);
    uint32_t revision = read_revision(server, found[2]);
    const struct assay_chain_level *level = server->reader.failed ? NULL : chain_level(server, false);
    if (level == NULL) {
        return;
    }
    level->close(server->chain);
    server->chain = NULL;
    int result = level->genesis(revision, image.data, image.size, &server->chain);
    if (result != 0) {
        server->chain = NULL;
    }
    if (server_lacks(server, result, server->chain)) {
        return;
    }
    if (result == 0) {
        text_raw(&server->reply, "{\"ok\": {\"verdict\": \"admitted\"}}");
    } else if (!write_verdict(server, result, NULL)) {
        server_result(server, result, "");
    }
}

static void chain_apply(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true},  {"endpoint", true}, {"payload", true},
                                          {"gas", true}, {"quota", true},    {"records", false}};
    const cJSON *found[6];
    struct assay_event event = {0};
    server_members(server, request, key, 6, found);
    event.endpoint = (uint8_t)json_read_number(&server->reader, found[1], UINT8_MAX);
    struct bytes payload = json_read_bytes(&server->reader, found[2]);
    event.payload = (struct assay_bytes){payload.data, payload.size};
    event.gas = json_read_hex(&server->reader, found[3], 64);
    event.quota = json_read_hex(&server->reader, found[4], 64);
    bool records = read_flag(server, found[5]);
    const struct assay_chain_level *level = server->reader.failed ? NULL : chain_level(server, true);
    if (level == NULL) {
        return;
    }
    struct assay_observer observer = observer_of(server);
    struct assay_event_result done = {0};
    int result = level->observe(server->chain, records ? &observer : NULL);
    if (result == 0) {
        result = level->apply(server->chain, &event, &done);
    }
    if (result != 0 || done.outcome > ASSAY_OUTCOME_FAULTED || exit_name(done.exit) == NULL) {
        server_result(server, result == 0 ? ASSAY_ERROR_HOST : result, "");
        return;
    }
    text_format(&server->reply,
                "{\"ok\": {\"outcome\": \"%s\", \"exit\": \"%s\", \"argument\": \"0x%x\", "
                "\"value\": \"0x%llx\", \"gas_used\": \"0x%llx\"",
                outcome_name(done.outcome), exit_name(done.exit), done.argument, (unsigned long long)done.value,
                (unsigned long long)done.gas_used);
    write_events(server, records);
    text_raw(&server->reply, "}}");
}

static void reply_bytes(struct server *server, int result, const char *key, struct assay_bytes bytes)
{
    if (result != 0) {
        server_result(server, result, "");
        return;
    }
    text_format(&server->reply, "{\"ok\": {\"%s\": ", key);
    text_bytes(&server->reply, bytes.data, bytes.size);
    text_raw(&server->reply, "}}");
}

/* The level, for a request that has no member but "op". */
static const struct assay_chain_level *asked_chain(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    return server_members(server, request, key, 1, found) ? chain_level(server, true) : NULL;
}

static void chain_state(struct server *server, const cJSON *request)
{
    const struct assay_chain_level *level = asked_chain(server, request);
    if (level != NULL) {
        struct assay_bytes state = {0};
        reply_bytes(server, level->state(server->chain, &state), "state", state);
    }
}

static void chain_root(struct server *server, const cJSON *request)
{
    const struct assay_chain_level *level = asked_chain(server, request);
    if (level != NULL) {
        uint8_t root[32] = {0};
        int result = level->root(server->chain, root);
        reply_bytes(server, result, "root", (struct assay_bytes){root, sizeof root});
    }
}

static void chain_instance(struct server *server, const cJSON *request)
{
    const struct assay_chain_level *level = asked_chain(server, request);
    if (level != NULL) {
        uint8_t instance[64] = {0};
        int result = level->instance(server->chain, instance);
        reply_bytes(server, result, "instance", (struct assay_bytes){instance, sizeof instance});
    }
}

static void forget_world(struct server *server)
{
    const struct assay_invocation_level *level = engine_level(server->engine, ENGINE_INVOCATION);
    if (level != NULL) {
        level->close(server->world);
        server->world = NULL;
    }
}

static void forget_chain(struct server *server)
{
    const struct assay_chain_level *level = engine_level(server->engine, ENGINE_CHAIN);
    if (level != NULL) {
        level->close(server->chain);
        server->chain = NULL;
    }
}

void server_forget_kernel(struct server *server)
{
    forget_world(server);
    forget_chain(server);
}

static void world_close(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        forget_world(server);
        server_done(server);
    }
}

static void chain_close(struct server *server, const cJSON *request)
{
    static const struct json_key key[] = {{"op", true}};
    const cJSON *found[1];
    if (server_members(server, request, key, 1, found)) {
        forget_chain(server);
        server_done(server);
    }
}

const struct server_request server_kernel[] = {
    {"decode", decode},
    {"admit", admit},
    {"hash", hash},
    {"world_open", world_open},
    {"world_run", world_run},
    {"world_resume", world_resume},
    {"world_dump", world_dump},
    {"chain_genesis", chain_genesis},
    {"chain_apply", chain_apply},
    {"chain_state", chain_state},
    {"chain_root", chain_root},
    {"chain_instance", chain_instance},
    {"world_close", world_close},
    {"chain_close", chain_close},
    {NULL, NULL},
};
