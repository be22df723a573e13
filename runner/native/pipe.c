/* One request to a program and its reply; see pipe.h. */
#include "pipe.h"

#include <stdio.h>
#include <string.h>

enum { HEAD_SIZE = 4 };

static const double dying_seconds = 1; /* for a process whose output has ended */

/* ---- what goes wrong --------------------------------------------------------------------- */

static int stop_with(struct pipe *pipe, int failure)
{
    pipe->failure = failure;
    for (size_t kind = 0; kind < PIPE_KIND_COUNT; kind++) {
        pipe->serial[kind]++;
    }
    return failure;
}

static void add_words(struct pipe *pipe, const char *if_none)
{
    struct text words = {0};
    text_clear(&words);
    process_last_words(&pipe->process, &words);
    if (words.size > 0) {
        text_format(&pipe->trouble, "; its last words: %s", words.data);
    } else {
        text_raw(&pipe->trouble, if_none);
    }
    text_free(&words);
}

/* A piece of its output, as far as it is text. */
static void add_quote(struct text *text, const uint8_t *data, size_t size)
{
    text_raw(text, "'");
    for (size_t i = 0; i < size && i < QUOTE_MAX; i++) {
        bool is_plain = data[i] >= 0x20 && data[i] < 0x7f;
        text_add(text, is_plain ? (const char *)&data[i] : ".", 1);
    }
    text_raw(text, "'");
}

static int died(struct pipe *pipe)
{
    const struct pipe_process *process = &pipe->process;
    bool ended = process_end(&pipe->process, dying_seconds);
    if (ended) {
        process_how_it_ended(process, &pipe->trouble);
    } else {
        text_raw(&pipe->trouble, "it closed its output and went on");
    }
    text_format(&pipe->trouble, " during %s", pipe->op);
    add_words(pipe, "; it said nothing");
    if (process->received_size > 0) {
        size_t shown = process->received_size < QUOTE_MAX ? process->received_size : QUOTE_MAX;
        text_raw(&pipe->trouble, " (and half a reply, ");
        add_quote(&pipe->trouble, process->received + process->received_size - shown, shown);
        text_raw(&pipe->trouble, ")");
    }
    return stop_with(pipe, ENGINE_DIED);
}

static int hung(struct pipe *pipe)
{
    process_end(&pipe->process, 0);
    text_format(&pipe->trouble, "no reply to %s within %g s, so it was ended", pipe->op, pipe->seconds);
    add_words(pipe, "");
    return stop_with(pipe, ENGINE_HUNG);
}

/* `at` is where in `text` the reason was seen, and `offset` where the text stands in all of its output. */
static int garbage(struct pipe *pipe, const char *reason, struct bytes text, size_t at, uint64_t offset)
{
    size_t from = at > QUOTE_MAX / 2 ? at - QUOTE_MAX / 2 : 0;
    from = from < text.size ? from : text.size;
    offset += at;
    text_format(&pipe->trouble, "its reply to %s is not of the protocol: %s, at byte %llu of its output, in ", pipe->op,
                reason, (unsigned long long)offset);
    add_quote(&pipe->trouble, text.data + from, text.size - from);
    process_end(&pipe->process, 0);
    return stop_with(pipe, ENGINE_GARBAGE);
}

static int unusable(struct pipe *pipe, const char *reason)
{
    const struct pipe_process *process = &pipe->process;
    return garbage(pipe, reason, (struct bytes){process->received, process->received_size}, 0, process->taken);
}

/* ---- one request ------------------------------------------------------------------------- */

void pipe_request(struct pipe *pipe, const char *op)
{
    pipe->op = op;
    text_clear(&pipe->request);
    if (pipe->process.framed) {
        text_add(&pipe->request, "\0\0\0\0", HEAD_SIZE);
    }
    text_format(&pipe->request, "{\"op\": \"%s\"", op);
}

static void close_request(struct pipe *pipe)
{
    struct text *request = &pipe->request;
    text_raw(request, pipe->process.framed ? "}" : "}\n");
    size_t size = request->size - HEAD_SIZE;
    for (size_t i = 0; i < HEAD_SIZE && pipe->process.framed; i++) {
        request->data[i] = (char)(uint8_t)(size >> 8 * i);
    }
}

static void forget_reply(struct pipe *pipe)
{
    cJSON_Delete(pipe->reply);
    pipe->reply = NULL;
    arena_clear(&pipe->scratch);
}

/* {"kind", "message", "offset"} as a result; the message is kept. */
static int read_error(struct pipe *pipe, const cJSON *item)
{
    static const struct json_key key[] = {{"kind", true}, {"message", true}, {"offset", false}};
    static const struct {
        const char *name;
        int result;
    } kind[] = {
        {"refused", ASSAY_ERROR_ARGUMENT},
        {"unsupported", ASSAY_ERROR_UNSUPPORTED},
        {"protocol", ENGINE_BLAMES},
        {"host", ASSAY_ERROR_HOST},
    };
    const cJSON *found[3];
    json_read_object(&pipe->reader, item, key, 3, found);
    const char *name = json_read_string(&pipe->reader, found[0]);
    const char *message = json_read_string(&pipe->reader, found[1]);
    uint64_t offset = json_read_number(&pipe->reader, found[2], UINT64_MAX);
    for (size_t i = 0; i < sizeof kind / sizeof *kind && !pipe->reader.failed; i++) {
        if (strcmp(name, kind[i].name) == 0) {
            text_format(&pipe->trouble, "answers %s with %s: %.*s", pipe->op, name, WORDS_SHOWN, message);
            if (found[2] != NULL) {
                text_format(&pipe->trouble, " (byte %llu)", (unsigned long long)offset);
            }
            return kind[i].result;
        }
    }
    json_reject(&pipe->reader, found[0], "error kind \"%.40s\" is not one of refused, unsupported, protocol, host",
                name);
    return 0;
}

/* The reply has come whole: its "ok", or what its "error" means. */
static int read_reply(struct pipe *pipe, const cJSON **ok)
{
    static const struct json_key key[] = {{"ok", false}, {"error", false}};
    const cJSON *found[2];
    pipe->reply = json_parse(pipe->reply_text.data, pipe->reply_text.size, &pipe->error);
    if (pipe->reply == NULL) {
        pipe->reader.failed = true;
        return pipe_accept(pipe);
    }
    json_read_object(&pipe->reader, pipe->reply, key, 2, found);
    if ((found[0] == NULL) == (found[1] == NULL)) {
        json_reject(&pipe->reader, pipe->reply, "neither {\"ok\": ...} nor {\"error\": ...}");
    }
    *ok = found[0];
    int result = found[1] == NULL ? 0 : read_error(pipe, found[1]);
    if (pipe->reader.failed || result != 0) {
        int accepted = pipe_accept(pipe);
        return accepted != 0 ? accepted : result;
    }
    return 0;
}

int pipe_ask(struct pipe *pipe, struct arena *arena, const cJSON **ok)
{
    *ok = NULL;
    pipe->reader = (struct json_reader){.arena = arena, .error = &pipe->error};
    pipe->failure = 0;
    text_clear(&pipe->trouble);
    close_request(pipe);
    switch (process_exchange(&pipe->process, pipe->request.data, pipe->request.size, pipe->seconds, &pipe->reply_text,
                             &pipe->reply_offset)) {
    case EXCHANGE_ENDED:
        return died(pipe);
    case EXCHANGE_LATE:
        return hung(pipe);
    case EXCHANGE_TOO_LONG:
        return unusable(pipe, "a reply of more than 64 MiB");
    case EXCHANGE_UNASKED:
        return unusable(pipe, "output that nobody asked for");
    default:
        return read_reply(pipe, ok);
    }
}

int pipe_accept(struct pipe *pipe)
{
    int result = 0;
    if (pipe->reader.failed) {
        result = garbage(pipe, pipe->error.message, pipe->reply_text, pipe->error.offset, pipe->reply_offset);
    }
    forget_reply(pipe);
    return result;
}

int pipe_tell(struct pipe *pipe)
{
    const cJSON *ok;
    int result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    json_read_object(&pipe->reader, ok, NULL, 0, NULL);
    return pipe_accept(pipe);
}

/* ---- hello ------------------------------------------------------------------------------- */

/* What an engine can do, in the words of hello: features of assay.h, and levels. */
enum {
    ABILITY_FEATURES = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS,
    ABILITY_CODEC = 1 << 16,
    ABILITY_INVOCATION = 1 << 17,
    ABILITY_CHAIN = 1 << 18,
    ABILITY_KERNEL = ABILITY_CODEC | ABILITY_INVOCATION | ABILITY_CHAIN,
};

static const struct {
    const char *name;
    uint32_t bit;
} ability[] = {
    {"blocks", ASSAY_FEATURE_BLOCKS}, {"instructions", ASSAY_FEATURE_INSTRUCTIONS},
    {"codec", ABILITY_CODEC},         {"invocation", ABILITY_INVOCATION},
    {"chain", ABILITY_CHAIN},
};

enum { ABILITY_COUNT = sizeof ability / sizeof *ability };

struct greeting {
    unsigned protocol;
    const char *version;
    uint32_t abilities;
    uint64_t revisions, profiles;
};

const cJSON *pipe_items(struct json_reader *reader, const cJSON *list)
{
    return json_read_array(reader, list) == 0 ? NULL : list->child;
}

static uint32_t read_abilities(struct json_reader *reader, const cJSON *list)
{
    uint32_t abilities = 0;
    for (const cJSON *item = pipe_items(reader, list); item != NULL; item = item->next) {
        const char *name = json_read_string(reader, item);
        size_t i = 0;
        while (i < ABILITY_COUNT && strcmp(ability[i].name, name) != 0) {
            i++;
        }
        if (i == ABILITY_COUNT) {
            json_reject(reader, item, "unknown feature \"%.40s\"", name);
            break;
        }
        abilities |= ability[i].bit;
    }
    return abilities;
}

static uint64_t read_revisions(struct json_reader *reader, const cJSON *list)
{
    uint64_t revisions = 0;
    for (const cJSON *item = pipe_items(reader, list); item != NULL; item = item->next) {
        revisions |= UINT64_C(1) << json_read_number(reader, item, 63);
    }
    return revisions;
}

static uint64_t read_profiles(struct json_reader *reader, const cJSON *list)
{
    uint64_t profiles = 0;
    for (const cJSON *item = pipe_items(reader, list); item != NULL; item = item->next) {
        const char *name = json_read_string(reader, item);
        uint32_t number = 0;
        if (profile_number(name, &number)) { /* one that is not known here is nothing to ask for */
            profiles |= UINT64_C(1) << number;
        }
    }
    return profiles;
}

static void read_greeting(struct json_reader *reader, const cJSON *ok, struct greeting *greeting)
{
    static const struct json_key key[] = {{"protocol", true}, {"name", true},       {"version", true},  {"abi", true},
                                          {"features", true}, {"revisions", false}, {"profiles", false}};
    const cJSON *found[7];
    json_read_object(reader, ok, key, 7, found);
    greeting->protocol = (unsigned)json_read_number(reader, found[0], PROTOCOL_NEWEST);
    json_read_string(reader, found[1]);
    greeting->version = json_read_string(reader, found[2]);
    json_read_number(reader, found[3], UINT32_MAX);
    greeting->abilities = read_abilities(reader, found[4]);
    greeting->revisions = read_revisions(reader, found[5]);
    greeting->profiles = read_profiles(reader, found[6]);
    bool is_older = greeting->protocol == PROTOCOL_OLDEST;
    if (!is_older && (found[5] == NULL || found[6] == NULL)) {
        json_reject(reader, ok, "hello of protocol 2 has \"revisions\" and \"profiles\"");
    }
    if (is_older && (found[5] != NULL || found[6] != NULL)) {
        json_reject(reader, found[5] != NULL ? found[5] : found[6], "hello of protocol 1 has no such key");
    }
    if (is_older) {
        greeting->revisions = (greeting->abilities & ABILITY_KERNEL) != 0 ? 1u << ASSAY_REVISION_1 : 0;
        greeting->profiles = 1u << ASSAY_PROFILE_JAR;
    }
}

static void keep_greeting(struct pipe *pipe, const struct greeting *greeting)
{
    struct assay_engine *engine = &pipe->engine;
    size_t size = strlen(greeting->version) + 1;
    pipe->version = memcpy(memory_resize(pipe->version, size), greeting->version, size);
    engine->version = pipe->version;
    engine->features = greeting->abilities & ABILITY_FEATURES;
    engine->revisions = greeting->revisions;
    engine->profiles = greeting->profiles;
    engine->codec = (greeting->abilities & ABILITY_CODEC) != 0 ? engine->codec : NULL;
    engine->invocation = (greeting->abilities & ABILITY_INVOCATION) != 0 ? engine->invocation : NULL;
    engine->chain = (greeting->abilities & ABILITY_CHAIN) != 0 ? engine->chain : NULL;
    pipe->greeted = true;
}

/* Whether it says of itself what it said at its first start. */
static bool is_the_same(const struct pipe *pipe, const struct greeting *greeting)
{
    const struct assay_engine *engine = &pipe->engine;
    uint64_t abilities = engine->features | (engine->codec != NULL ? ABILITY_CODEC : 0u) |
                         (engine->invocation != NULL ? ABILITY_INVOCATION : 0u) |
                         (engine->chain != NULL ? ABILITY_CHAIN : 0u);
    return abilities == greeting->abilities && engine->revisions == greeting->revisions &&
           engine->profiles == greeting->profiles;
}

/* Says hello in one protocol. 0: *spoken is the protocol of its answer; it may be an older one. */
static int greet(struct pipe *pipe, unsigned protocol, unsigned *spoken)
{
    struct greeting greeting = {0};
    const cJSON *ok;
    pipe_request(pipe, "hello");
    text_format(&pipe->request, ", \"protocol\": %u", protocol);
    int result = pipe_ask(pipe, &pipe->scratch, &ok);
    if (result != 0) {
        return result;
    }
    read_greeting(&pipe->reader, ok, &greeting);
    *spoken = greeting.protocol;
    if (greeting.protocol < PROTOCOL_OLDEST || greeting.protocol > protocol) {
        json_reject(&pipe->reader, ok, "it speaks protocol %u, and %u was asked for", greeting.protocol, protocol);
    }
    if (!pipe->reader.failed && greeting.protocol == protocol) {
        if (pipe->greeted && !is_the_same(pipe, &greeting)) {
            json_reject(&pipe->reader, ok, "its hello is not the one of its first start");
        } else {
            keep_greeting(pipe, &greeting);
        }
    }
    return pipe_accept(pipe);
}

/* The newest protocol first. An older engine answers with an error or with its own protocol, and is greeted in it. */
static int negotiate(struct pipe *pipe)
{
    unsigned spoken = 0;
    int result = 0;
    for (pipe->protocol = PROTOCOL_NEWEST; pipe->protocol >= PROTOCOL_OLDEST; pipe->protocol--) {
        result = greet(pipe, pipe->protocol, &spoken);
        if (engine_is_broken(result) || (result == 0 && spoken == pipe->protocol)) {
            return result;
        }
    }
    pipe->protocol = PROTOCOL_OLDEST;
    return result;
}

static int start_once(struct pipe *pipe)
{
    pipe->op = "start";
    text_clear(&pipe->trouble);
    if (!process_start(&pipe->process)) {
        text_raw(&pipe->trouble, "it cannot be started: the host has no process or pipe left");
        return stop_with(pipe, ENGINE_DIED);
    }
    int result = negotiate(pipe);
    if (result != 0 && !engine_is_broken(result)) { /* it answers hello with an error and goes on */
        process_end(&pipe->process, 0);
        return stop_with(pipe, ENGINE_GARBAGE);
    }
    return result;
}

/* A process that fails at its start may have been unlucky once; after that it is not started any more. */
int pipe_start(struct pipe *pipe)
{
    enum { STARTS_MAX = 2 };
    if (pipe->process.id != 0) {
        return 0;
    }
    if (pipe->false_starts >= STARTS_MAX) {
        return stop_with(pipe, pipe->failure);
    }
    int result = 0;
    do {
        result = start_once(pipe);
        pipe->false_starts = result == 0 ? 0 : pipe->false_starts + 1;
    } while (result != 0 && pipe->false_starts < STARTS_MAX);
    return result;
}

bool pipe_farewell(struct pipe *pipe)
{
    if (pipe->process.id == 0) {
        return true;
    }
    pipe_request(pipe, "bye");
    if (pipe_tell(pipe) != 0) {
        return false;
    }
    bool by_itself = process_end(&pipe->process, pipe->seconds);
    stop_with(pipe, 0);
    if (by_itself && process_ended_well(&pipe->process)) {
        return true;
    }
    if (by_itself) {
        process_how_it_ended(&pipe->process, &pipe->trouble);
        text_raw(&pipe->trouble, " after bye");
    } else {
        text_format(&pipe->trouble, "it did not end within %g s after bye, so it was ended", pipe->seconds);
    }
    add_words(pipe, "; it said nothing");
    return false;
}

void pipe_stop(struct pipe *pipe)
{
    static const double grace = 0.5; /* it ends by itself at the end of its input */
    if (pipe->process.id != 0) {
        process_end(&pipe->process, grace);
        stop_with(pipe, 0);
    }
}

void pipe_end(struct pipe *pipe, enum pipe_kind kind, uint64_t serial)
{
    static const char *const op[PIPE_KIND_COUNT] = {
        [PIPE_MACHINE] = "unload", [PIPE_WORLD] = "world_close", [PIPE_CHAIN] = "chain_close"};
    pipe->end_failure = 0;
    if (!pipe->wants_ends || serial != pipe->serial[kind] || pipe->process.id == 0) {
        return;
    }
    int failure = pipe->failure;
    text_free(&pipe->aside);
    pipe->aside = pipe->trouble;
    pipe->trouble = (struct text){0};
    pipe->serial[kind]++;
    pipe_request(pipe, op[kind]);
    int result = pipe_tell(pipe);
    if (engine_is_broken(result)) {
        pipe->end_failure = result;
    } else { /* what went wrong before is still the last that did */
        text_free(&pipe->trouble);
        pipe->trouble = pipe->aside;
        pipe->aside = (struct text){0};
        pipe->failure = failure;
    }
}

int pipe_check(struct pipe *pipe, enum pipe_kind kind, uint64_t serial)
{
    if (serial == pipe->serial[kind] && pipe->process.id != 0) {
        return 0;
    }
    if (engine_is_broken(pipe->failure)) {
        return pipe->failure;
    }
    text_clear(&pipe->trouble);
    text_raw(&pipe->trouble, "the harness used a machine, world or chain that the process has forgotten");
    return pipe->failure = ENGINE_MISUSED;
}

/* ---- what several levels read and write ---------------------------------------------------- */

bool pipe_knows_revision(const struct pipe *pipe, uint32_t revision)
{
    return revision < 64 && (pipe->engine.revisions >> revision & 1) != 0;
}

void pipe_add_revision(struct pipe *pipe, uint32_t revision)
{
    if (pipe->protocol > PROTOCOL_OLDEST) {
        text_format(&pipe->request, ", \"revision\": %u", revision);
    }
}

void pipe_add_bytes(struct pipe *pipe, const char *key, const uint8_t *data, size_t size)
{
    text_format(&pipe->request, ", \"%s\": ", key);
    text_bytes(&pipe->request, data, size);
}

uint32_t pipe_read_exit(struct json_reader *reader, const cJSON *item)
{
    uint32_t number = 0;
    const char *name = json_read_string(reader, item);
    if (!reader->failed && !exit_number(name, &number)) {
        json_reject(reader, item, "unknown exit \"%.40s\"", name);
    }
    return number;
}

void pipe_read_cut(struct pipe *pipe, const cJSON *item, size_t longest)
{
    if (item != NULL && !cJSON_IsTrue(item)) {
        json_reject(&pipe->reader, item, "records_cut is true or not there");
    } else if (item != NULL && longest != RECORD_MAX) {
        json_reject(&pipe->reader, item, "records_cut, and no list has %d records", RECORD_MAX);
    }
    pipe->records_cut = item != NULL;
}
