/* The codec, invocation and chain levels of an engine that is a program. */
#include "pipe.h"

#include <stdlib.h>
#include <string.h>

enum { DIGEST_SIZE = 32, INSTANCE_SIZE = 64 };

struct assay_world {
    struct pipe *pipe;
    uint64_t serial;
    struct arena arena; /* what the last call gave */
    struct assay_observer observer;
};

struct assay_chain {
    struct pipe *pipe;
    uint64_t serial;
    struct arena arena;
    struct assay_observer observer;
};

static int start(struct pipe *pipe, uint32_t revision)
{
    int result = pipe_start(pipe);
    if (result == 0 && !pipe_knows_revision(pipe, revision)) {
        result = ASSAY_ERROR_UNSUPPORTED;
    }
    return result;
}

static void read_exactly(struct json_reader *reader, const cJSON *item, uint8_t *data, size_t size)
{
    struct bytes got = json_read_bytes(reader, item);
    if (item != NULL && got.size != size) {
        json_reject(reader, item, "%zu bytes, not %zu", got.size, size);
    }
    if (!reader->failed && item != NULL) {
        memcpy(data, got.data, size);
    }
}

/* 0 for the good word, else the number of the rule that is named. */
static int read_verdict(struct json_reader *reader, const cJSON *item, const char *good)
{
    int number = 0;
    const char *verdict = json_read_string(reader, item);
    if (!reader->failed && strcmp(verdict, good) != 0 && !rejection_number(verdict, &number)) {
        json_reject(reader, item, "verdict \"%.60s\" is neither \"%s\" nor a rejecting rule", verdict, good);
    }
    return number;
}

static int verdict_of(struct pipe *pipe, int number)
{
    int accepted = pipe_accept(pipe);
    return accepted != 0 ? accepted : number;
}

/* ---- codec ------------------------------------------------------------------------------- */

static void read_again(struct json_reader *reader, const cJSON *item, size_t room, uint8_t *again, size_t *again_size)
{
    struct bytes got = json_read_bytes(reader, item);
    if (got.size > room) {
        json_reject(reader, item, "again has %zu bytes, more than the %zu that were decoded", got.size, room);
    }
    if (!reader->failed && again != NULL) {
        memcpy(again, got.data, got.size);
        *again_size = got.size;
    }
}

int pipe_decode(struct pipe *pipe, uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset,
                uint8_t *again, size_t *again_size)
{
    static const struct json_key key[] = {{"verdict", true}, {"again", false}, {"offset", false}};
    const cJSON *ok, *found[3];
    struct json_reader *reader = &pipe->reader;
    if (type_name(type) == NULL) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int result = start(pipe, revision);
    if (result != 0) {
        return result;
    }
    pipe_request(pipe, "decode");
    text_format(&pipe->request, ", \"type\": \"%s\"", type_name(type));
    pipe_add_bytes(pipe, "bytes", bytes, size);
    pipe_add_revision(pipe, revision);
    result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    json_read_object(reader, ok, key, 3, found);
    int number = read_verdict(reader, found[0], "decoded");
    uint64_t at = json_read_number(reader, found[2], size);
    if (number == 0 && found[1] == NULL) {
        json_reject(reader, ok, "what is decoded comes with \"again\"");
    } else if (number == 0) {
        read_again(reader, found[1], size, again, again_size);
    }
    if (number != 0 && offset != NULL) {
        *offset = (size_t)at;
    }
    return verdict_of(pipe, number);
}

int pipe_admit(struct pipe *pipe, const uint8_t *image, size_t size, size_t *offset)
{
    static const struct json_key key[] = {{"verdict", true}, {"offset", false}};
    const cJSON *ok, *found[2];
    int result = pipe_start(pipe);
    if (result != 0) {
        return result;
    }
    pipe_request(pipe, "admit");
    pipe_add_bytes(pipe, "image", image, size);
    result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    json_read_object(&pipe->reader, ok, key, 2, found);
    int number = read_verdict(&pipe->reader, found[0], "admitted");
    uint64_t at = json_read_number(&pipe->reader, found[1], size);
    if (number != 0 && offset != NULL) {
        *offset = (size_t)at;
    }
    return verdict_of(pipe, number);
}

int pipe_hash(struct pipe *pipe, uint32_t revision, uint32_t hash, const uint8_t *value, size_t size,
              uint8_t digest[DIGEST_SIZE])
{
    static const struct json_key key[] = {{"digest", false}, {"verdict", false}};
    const cJSON *ok, *found[2];
    struct json_reader *reader = &pipe->reader;
    if (hash_name(hash) == NULL) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int result = start(pipe, revision);
    if (result != 0) {
        return result;
    }
    pipe_request(pipe, "hash");
    text_format(&pipe->request, ", \"kind\": \"%s\"", hash_name(hash));
    pipe_add_bytes(pipe, "value", value, size);
    pipe_add_revision(pipe, revision);
    result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    json_read_object(reader, ok, key, 2, found);
    if ((found[0] == NULL) == (found[1] == NULL)) {
        json_reject(reader, ok, "either \"digest\" or \"verdict\"");
    }
    int number = found[1] == NULL ? 0 : read_verdict(reader, found[1], "");
    if (found[1] != NULL && number == 0) {
        json_reject(reader, found[1], "verdict is no rejecting rule");
    }
    read_exactly(reader, found[0], digest, DIGEST_SIZE);
    return verdict_of(pipe, number);
}

/* ---- kernel records ------------------------------------------------------------------------ */

static void add_records(struct pipe *pipe, const struct assay_observer *observer)
{
    if (observer->event != NULL) {
        text_raw(&pipe->request, ", \"records\": true");
    }
}

/* The list is there exactly when it was asked for. */
static void check_events(struct pipe *pipe, const cJSON *ok, const cJSON *events, const cJSON *cut, bool wanted)
{
    struct json_reader *reader = &pipe->reader;
    if (wanted != (events != NULL)) {
        json_reject(reader, events != NULL ? events : ok, "\"events\" is %s",
                    wanted ? "missing" : "not what was asked for");
    }
    pipe_read_cut(pipe, cut, events == NULL ? 0 : json_read_array(reader, events));
}

/* Reads all records before any is told, so that a bad reply tells nothing. */
static void tell(struct pipe *pipe, const cJSON *events, const struct assay_observer *observer)
{
    struct json_reader *reader = &pipe->reader;
    if (events == NULL) {
        return;
    }
    size_t count = json_read_array(reader, events), i = 0;
    struct bytes *record = arena_list(&pipe->scratch, count + 1, sizeof *record);
    for (const cJSON *item = pipe_items(reader, events); item != NULL; item = item->next) {
        record[i++] = json_read_bytes(reader, item);
    }
    for (i = 0; i < count && !reader->failed; i++) {
        observer->event(observer->context, record[i].data, record[i].size);
    }
}

/* A step that came to no reply: what the program has told of it on the way. */
static void tell_what_was_told(struct pipe *pipe, const struct assay_observer *observer)
{
    if (observer->event != NULL && pipe->process.told.listens) {
        process_hear(&pipe->process);
        told_give(&pipe->process.told, observer);
    }
}

static uint32_t read_outcome(struct json_reader *reader, const cJSON *item, uint32_t last)
{
    const char *text = json_read_string(reader, item);
    for (uint32_t i = 0; i <= last; i++) {
        if (strcmp(text, outcome_name(i)) == 0) {
            return i;
        }
    }
    json_reject(reader, item, "unknown outcome \"%.40s\"", text);
    return 0;
}

/* ---- invocation ---------------------------------------------------------------------------- */

int pipe_open(struct pipe *pipe, uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result)
{
    *result = NULL;
    int code = start(pipe, revision);
    if (code != 0) {
        return code;
    }
    pipe_request(pipe, "world_open");
    pipe_add_bytes(pipe, "world", world, size);
    pipe_add_revision(pipe, revision);
    uint64_t serial = ++pipe->serial[PIPE_WORLD];
    code = pipe_tell(pipe);
    if (code == 0) {
        *result = memory_resize(NULL, sizeof **result);
        **result = (struct assay_world){.pipe = pipe, .serial = serial};
    }
    return code;
}

static void close_world(struct assay_world *world)
{
    if (world != NULL) {
        pipe_end(world->pipe, PIPE_WORLD, world->serial);
        arena_clear(&world->arena);
        free(world);
    }
}

static struct assay_bytes given(struct bytes bytes)
{
    return (struct assay_bytes){bytes.data, bytes.size};
}

enum result_member {
    RESULT_RESULT,
    RESULT_EVENTS,
    RESULT_CUT,
    RESULT_OUTCOME,
    RESULT_EXIT,
    RESULT_ARGUMENT,
    RESULT_PC,
    RESULT_GAS,
    RESULT_REGS,
    RESULT_GAS_USED,
    RESULT_INSTANCE,
    RESULT_CNODE,
    RESULT_PAGES,
    RESULT_PAYLOAD,
    RESULT_MEMBERS,
};

static void read_done(struct json_reader *reader, const cJSON *ok, const cJSON *const *found,
                      struct assay_result *result)
{
    for (size_t i = RESULT_OUTCOME; i < RESULT_MEMBERS; i++) {
        if (found[i] == NULL) {
            json_reject(reader, ok,
                        "a result \"done\" has outcome, exit, argument, pc, gas, regs, gas_used, instance, "
                        "cnode, pages and payload");
        }
    }
    result->outcome = read_outcome(reader, found[RESULT_OUTCOME], ASSAY_OUTCOME_PAUSED);
    result->exit = pipe_read_exit(reader, found[RESULT_EXIT]);
    result->argument = (uint32_t)json_read_hex(reader, found[RESULT_ARGUMENT], 32);
    result->state.pc = json_read_hex(reader, found[RESULT_PC], 64);
    result->state.gas = json_read_hex(reader, found[RESULT_GAS], 64);
    json_read_registers(reader, found[RESULT_REGS], result->state.reg);
    result->gas_used = json_read_hex(reader, found[RESULT_GAS_USED], 64);
    read_exactly(reader, found[RESULT_INSTANCE], result->instance, INSTANCE_SIZE);
    result->cnode = given(json_read_bytes(reader, found[RESULT_CNODE]));
    result->pages = given(json_read_bytes(reader, found[RESULT_PAGES]));
    result->payload = given(json_read_bytes(reader, found[RESULT_PAYLOAD]));
}

/* 0 for "done", else the outcome that the word stands for. */
static int result_number(struct json_reader *reader, const cJSON *item)
{
    const char *word = json_read_string(reader, item);
    int number = 0;
    if (strcmp(word, "stack_full") == 0) {
        return ASSAY_CALL_STACK_FULL;
    }
    if (strcmp(word, "not_paused") == 0) {
        return ASSAY_CALL_NOT_PAUSED;
    }
    if (strcmp(word, "done") != 0 && !rejection_number(word, &number)) {
        json_reject(reader, item, "unknown result \"%.60s\"", word);
    }
    return number;
}

static int ask_for_result(struct assay_world *world, struct assay_result *result)
{
    static const struct json_key key[RESULT_MEMBERS] = {
        [RESULT_RESULT] = {"result", true},
        [RESULT_EVENTS] = {"events", false},
        [RESULT_CUT] = {"records_cut", false},
        [RESULT_OUTCOME] = {"outcome", false},
        [RESULT_EXIT] = {"exit", false},
        [RESULT_ARGUMENT] = {"argument", false},
        [RESULT_PC] = {"pc", false},
        [RESULT_GAS] = {"gas", false},
        [RESULT_REGS] = {"regs", false},
        [RESULT_GAS_USED] = {"gas_used", false},
        [RESULT_INSTANCE] = {"instance", false},
        [RESULT_CNODE] = {"cnode", false},
        [RESULT_PAGES] = {"pages", false},
        [RESULT_PAYLOAD] = {"payload", false},
    };
    struct pipe *pipe = world->pipe;
    const cJSON *ok, *found[RESULT_MEMBERS];
    add_records(pipe, &world->observer);
    arena_clear(&world->arena);
    told_clear(&pipe->process.told);
    int code = pipe_ask(pipe, &world->arena, &ok);
    if (code != 0) {
        tell_what_was_told(pipe, &world->observer);
        return code;
    }
    struct json_reader *reader = &pipe->reader;
    json_read_object(reader, ok, key, RESULT_MEMBERS, found);
    int number = result_number(reader, found[RESULT_RESULT]);
    if (number == 0) {
        *result = (struct assay_result){0};
        read_done(reader, ok, found, result);
    }
    for (size_t i = RESULT_OUTCOME; i < RESULT_MEMBERS && number != 0; i++) {
        if (found[i] != NULL) {
            json_reject(reader, found[i], "only a result \"done\" has this");
        }
    }
    check_events(pipe, ok, found[RESULT_EVENTS], found[RESULT_CUT], world->observer.event != NULL);
    tell(pipe, found[RESULT_EVENTS], &world->observer);
    return verdict_of(pipe, number);
}

static int run(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    struct pipe *pipe = world->pipe;
    int code = pipe_check(pipe, PIPE_WORLD, world->serial);
    if (code != 0) {
        return code;
    }
    pipe_request(pipe, "world_run");
    pipe_add_bytes(pipe, "instance", invocation->instance, sizeof invocation->instance);
    pipe_add_bytes(pipe, "image", invocation->image.data, invocation->image.size);
    pipe_add_bytes(pipe, "cnode", invocation->cnode.data, invocation->cnode.size);
    text_format(&pipe->request, ", \"endpoint\": %u, \"gas\": ", invocation->endpoint);
    text_hex(&pipe->request, invocation->gas);
    return ask_for_result(world, result);
}

static int resume(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    int code = pipe_check(world->pipe, PIPE_WORLD, world->serial);
    if (code != 0) {
        return code;
    }
    pipe_request(world->pipe, "world_resume");
    if (scratchpad != NULL) {
        pipe_add_bytes(world->pipe, "scratchpad", scratchpad->data, scratchpad->size);
    }
    return ask_for_result(world, result);
}

/* A request without members, whose reply is one value of bytes; it lies in the arena. */
static int ask_for_bytes(struct pipe *pipe, struct arena *arena, const char *op, const char *name,
                         struct assay_bytes *bytes)
{
    const struct json_key key[] = {{name, true}};
    const cJSON *ok, *found[1];
    arena_clear(arena);
    pipe_request(pipe, op);
    int code = pipe_ask(pipe, arena, &ok);
    if (code != 0) {
        return code;
    }
    json_read_object(&pipe->reader, ok, key, 1, found);
    *bytes = given(json_read_bytes(&pipe->reader, found[0]));
    return pipe_accept(pipe);
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    int code = pipe_check(world->pipe, PIPE_WORLD, world->serial);
    return code != 0 ? code : ask_for_bytes(world->pipe, &world->arena, "world_dump", "dump", bytes);
}

static int observe_world(struct assay_world *world, const struct assay_observer *observer)
{
    world->observer = observer == NULL ? (struct assay_observer){0} : *observer;
    return 0;
}

const struct assay_invocation_level pipe_invocation = {
    .size = sizeof pipe_invocation,
    .close = close_world,
    .run = run,
    .resume = resume,
    .dump = dump,
    .observe = observe_world,
};

/* ---- chain --------------------------------------------------------------------------------- */

int pipe_genesis(struct pipe *pipe, uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain)
{
    static const struct json_key key[] = {{"verdict", true}};
    const cJSON *ok, *found[1];
    *chain = NULL;
    int code = start(pipe, revision);
    if (code != 0) {
        return code;
    }
    pipe_request(pipe, "chain_genesis");
    pipe_add_bytes(pipe, "image", image, size);
    pipe_add_revision(pipe, revision);
    uint64_t serial = ++pipe->serial[PIPE_CHAIN];
    code = pipe_ask(pipe, &pipe->scratch, &ok);
    if (code != 0) {
        return code;
    }
    json_read_object(&pipe->reader, ok, key, 1, found);
    code = verdict_of(pipe, read_verdict(&pipe->reader, found[0], "admitted"));
    if (code == 0) {
        *chain = memory_resize(NULL, sizeof **chain);
        **chain = (struct assay_chain){.pipe = pipe, .serial = serial};
    }
    return code;
}

static void close_chain(struct assay_chain *chain)
{
    if (chain != NULL) {
        pipe_end(chain->pipe, PIPE_CHAIN, chain->serial);
        arena_clear(&chain->arena);
        free(chain);
    }
}

static void add_event(struct pipe *pipe, const struct assay_event *event)
{
    struct text *request = &pipe->request;
    text_format(request, ", \"endpoint\": %u", event->endpoint);
    pipe_add_bytes(pipe, "payload", event->payload.data, event->payload.size);
    text_raw(request, ", \"gas\": ");
    text_hex(request, event->gas);
    text_raw(request, ", \"quota\": ");
    text_hex(request, event->quota);
}

static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    static const struct json_key key[] = {{"outcome", true},  {"exit", true},    {"argument", true},    {"value", true},
                                          {"gas_used", true}, {"events", false}, {"records_cut", false}};
    struct pipe *pipe = chain->pipe;
    struct json_reader *reader = &pipe->reader;
    const cJSON *ok, *found[7];
    int code = pipe_check(pipe, PIPE_CHAIN, chain->serial);
    if (code != 0) {
        return code;
    }
    pipe_request(pipe, "chain_apply");
    add_event(pipe, event);
    add_records(pipe, &chain->observer);
    told_clear(&pipe->process.told);
    code = pipe_ask(pipe, &pipe->scratch, &ok);
    if (code != 0) {
        tell_what_was_told(pipe, &chain->observer);
        return code;
    }
    json_read_object(reader, ok, key, 7, found);
    *result = (struct assay_event_result){.outcome = read_outcome(reader, found[0], ASSAY_OUTCOME_FAULTED)};
    result->exit = pipe_read_exit(reader, found[1]);
    result->argument = (uint32_t)json_read_hex(reader, found[2], 32);
    result->value = json_read_hex(reader, found[3], 64);
    result->gas_used = json_read_hex(reader, found[4], 64);
    check_events(pipe, ok, found[5], found[6], chain->observer.event != NULL);
    tell(pipe, found[5], &chain->observer);
    return pipe_accept(pipe);
}

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    int code = pipe_check(chain->pipe, PIPE_CHAIN, chain->serial);
    return code != 0 ? code : ask_for_bytes(chain->pipe, &chain->arena, "chain_state", "state", bytes);
}

/* The same, of a fixed size. */
static int ask_for_exactly(struct assay_chain *chain, const char *op, const char *name, uint8_t *data, size_t size)
{
    const struct json_key key[] = {{name, true}};
    struct pipe *pipe = chain->pipe;
    const cJSON *ok, *found[1];
    int code = pipe_check(pipe, PIPE_CHAIN, chain->serial);
    if (code != 0) {
        return code;
    }
    pipe_request(pipe, op);
    code = pipe_ask(pipe, &pipe->scratch, &ok);
    if (code != 0) {
        return code;
    }
    json_read_object(&pipe->reader, ok, key, 1, found);
    read_exactly(&pipe->reader, found[0], data, size);
    return pipe_accept(pipe);
}

static int root(struct assay_chain *chain, uint8_t digest[DIGEST_SIZE])
{
    return ask_for_exactly(chain, "chain_root", "root", digest, DIGEST_SIZE);
}

static int instance(struct assay_chain *chain, uint8_t identity[INSTANCE_SIZE])
{
    return ask_for_exactly(chain, "chain_instance", "instance", identity, INSTANCE_SIZE);
}

static int observe_chain(struct assay_chain *chain, const struct assay_observer *observer)
{
    chain->observer = observer == NULL ? (struct assay_observer){0} : *observer;
    return 0;
}

const struct assay_chain_level pipe_chain = {
    .size = sizeof pipe_chain,
    .close = close_chain,
    .apply = apply,
    .state = state,
    .root = root,
    .instance = instance,
    .observe = observe_chain,
};
