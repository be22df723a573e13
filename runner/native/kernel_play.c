/* Plays kernel cases; see kernel_play.h. What an engine gives is copied before the engine is called again. */
#include "kernel_play.h"

#include <stdlib.h>
#include <string.h>

/* ---- what an engine has ------------------------------------------------------------------ */

static enum engine_level level_of(const struct kernel_case *vector)
{
    return vector->act == ACT_WORLD ? ENGINE_INVOCATION : vector->act == ACT_GENESIS ? ENGINE_CHAIN : ENGINE_CODEC;
}

const char *kernel_lack(const struct assay_engine *engine, const struct kernel_case *vector)
{
    static const char *const lacks[] = {
        [ENGINE_CODEC] = "the engine lacks the level codec",
        [ENGINE_INVOCATION] = "the engine lacks the level invocation",
        [ENGINE_CHAIN] = "the engine lacks the level chain",
    };
    enum engine_level level = level_of(vector);
    if (engine_level(engine, level) == NULL) {
        return lacks[level];
    }
    if ((engine->revisions >> vector->revision & 1) == 0) {
        return vector->revision == ASSAY_REVISION_1 ? "the engine lacks revision 1 of the kernel"
                                                    : "the engine lacks revision 2 of the kernel";
    }
    return NULL;
}

bool kernel_is_observable(const struct assay_engine *engine, const struct kernel_case *vector)
{
    const struct assay_invocation_level *invocation = engine_level(engine, ENGINE_INVOCATION);
    const struct assay_chain_level *chain = engine_level(engine, ENGINE_CHAIN);
    return vector->step_count > 0 && (vector->act == ACT_WORLD ? invocation->observe != NULL : chain->observe != NULL);
}

/* ---- records ----------------------------------------------------------------------------- */

static void on_event(void *context, const uint8_t *record, size_t size)
{
    struct kernel_records *records = context;
    if (records->count == records->room) {
        records->room = records->room == 0 ? 64 : records->room * 2;
        records->end = memory_resize(records->end, records->room * sizeof *records->end);
    }
    text_add(&records->text, (const char *)record, size);
    records->end[records->count++] = records->text.size;
}

static void forget_records(struct kernel_play *play)
{
    text_clear(&play->records.text);
    play->records.count = 0;
}

struct assay_bytes kernel_record(const struct kernel_records *records, size_t index)
{
    size_t start = index == 0 ? 0 : records->end[index - 1];
    return (struct assay_bytes){(const uint8_t *)records->text.data + start, records->end[index] - start};
}

/* Records that were cut say nothing as a whole. */
static void answer_records(struct kernel_play *play, struct kernel_answer *answer)
{
    if (play->is_observed && !engine_records_cut(play->engine)) {
        answer_bytes(answer, "records", (const uint8_t *)play->records.text.data, play->records.text.size);
    }
}

/* ---- answers ----------------------------------------------------------------------------- */

void kernel_play_init(struct kernel_play *play, const struct assay_engine *engine, const struct kernel_case *vector,
                      bool is_observed)
{
    *play = (struct kernel_play){.engine = engine, .vector = vector, .is_observed = is_observed};
}

int kernel_play_end(struct kernel_play *play)
{
    const struct assay_invocation_level *invocation = engine_level(play->engine, ENGINE_INVOCATION);
    const struct assay_chain_level *chain = engine_level(play->engine, ENGINE_CHAIN);
    bool is_open = play->world != NULL || play->chain != NULL;
    if (play->world != NULL) {
        invocation->close(play->world);
    }
    if (play->chain != NULL) {
        chain->close(play->chain);
    }
    play->world = NULL;
    play->chain = NULL;
    return is_open ? engine_end_failure(play->engine) : 0;
}

void kernel_play_close(struct kernel_play *play)
{
    kernel_play_end(play);
    text_free(&play->records.text);
    free(play->records.end);
    arena_clear(&play->arena);
    *play = (struct kernel_play){.engine = play->engine, .vector = play->vector, .is_observed = play->is_observed};
}

/* Notes a failure of the engine or its host; what is refused is an answer like others. */
static bool is_failure(struct kernel_play *play, int result)
{
    play->failure = result < 0 && result != ASSAY_ERROR_ARGUMENT ? result : 0;
    return play->failure != 0;
}

/* After observe: an engine that does not take the observer has not opened what is played. */
static bool is_watched(struct kernel_play *play, int observed, struct kernel_answer *answer)
{
    if (is_failure(play, observed)) {
        return false;
    }
    if (observed != 0) {
        *answer = (struct kernel_answer){0};
        answer_named(answer, "observe", NULL, (uint64_t)(int64_t)observed);
    }
    return observed == 0;
}

/* A result other than 0 in one word; NULL: a number that is none of the contract. */
static const char *word_of(int result)
{
    return result == ASSAY_ERROR_ARGUMENT    ? "refused"
           : result == ASSAY_CALL_STACK_FULL ? "stack_full"
           : result == ASSAY_CALL_NOT_PAUSED ? "not_paused"
                                             : rejection_name(result);
}

static void answer_result(struct kernel_answer *answer, const char *name, int result)
{
    answer_named(answer, name, word_of(result), (uint64_t)(int64_t)result);
}

static void answer_copy(struct kernel_play *play, struct kernel_answer *answer, const char *name,
                        struct assay_bytes bytes)
{
    uint8_t *copy = arena_take(&play->arena, bytes.size);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    answer_bytes(answer, name, copy, bytes.size);
}

/* Room for an answer. It holds what no engine answers, so that an engine that leaves it alone is noticed. */
static void *spoil(void *room, size_t size)
{
    return memset(room, 0xa5, size);
}

static uint8_t *take_spoilt(struct kernel_play *play, size_t size)
{
    return spoil(arena_take(&play->arena, size), size);
}

/* ---- codec ------------------------------------------------------------------------------- */

static void decode(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_codec_level *level = engine_level(play->engine, ENGINE_CODEC);
    const struct kernel_case *vector = play->vector;
    size_t again_size = 0, size = vector->given.size;
    uint8_t *again = take_spoilt(play, size + 1);
    int result = level->decode(vector->revision, vector->kind, vector->given.data, size, NULL, again, &again_size);
    if (is_failure(play, result)) {
        return;
    }
    if (result != 0) {
        answer_result(answer, "verdict", result);
        return;
    }
    answer_word(answer, "verdict", "decoded");
    if (again_size <= size) {
        answer_bytes(answer, "encoded again", again, again_size);
    } else {
        answer_named(answer, "encoded again", "more bytes than were decoded", again_size);
    }
}

static void admit(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_codec_level *level = engine_level(play->engine, ENGINE_CODEC);
    int result = level->admit(play->vector->given.data, play->vector->given.size, NULL);
    if (is_failure(play, result)) {
        return;
    }
    if (result == 0) {
        answer_word(answer, "verdict", "admitted");
    } else {
        answer_result(answer, "verdict", result);
    }
}

static void hash(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_codec_level *level = engine_level(play->engine, ENGINE_CODEC);
    const struct kernel_case *vector = play->vector;
    uint8_t *digest = take_spoilt(play, HASH_BYTES);
    int result = level->hash(vector->revision, vector->kind, vector->given.data, vector->given.size, digest);
    if (is_failure(play, result)) {
        return;
    }
    if (result == 0) {
        answer_bytes(answer, "digest", digest, HASH_BYTES);
    } else {
        answer_result(answer, "digest", result);
    }
}

static uint64_t gas_of(const struct kernel_play *play, size_t step, uint64_t gas)
{
    return play->is_cut && play->cut_step == step ? play->cut_gas : gas;
}

/* ---- worlds ------------------------------------------------------------------------------ */

static bool open_world(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_invocation_level *level = engine_level(play->engine, ENGINE_INVOCATION);
    const struct kernel_case *vector = play->vector;
    struct assay_observer observer = {.context = &play->records, .event = on_event};
    int result = level->open(vector->revision, vector->given.data, vector->given.size, &play->world);
    if (result != 0) {
        play->world = NULL;
    }
    if (is_failure(play, result)) {
        return false;
    }
    if (result != 0) {
        answer_result(answer, "world", result);
        return false;
    }
    answer_word(answer, "world", "opened");
    return !play->is_observed || is_watched(play, level->observe(play->world, &observer), answer);
}

static void answer_done(struct kernel_play *play, const struct assay_result *done, struct kernel_answer *answer)
{
    answer_named(answer, "outcome", outcome_name(done->outcome), done->outcome);
    answer_named(answer, "exit", exit_name(done->exit), done->exit);
    answer_number(answer, "argument", done->argument);
    answer_number(answer, "pc", done->state.pc);
    answer_number(answer, "gas", done->state.gas);
    answer_number(answer, "gas_used", done->gas_used);
    answer_copy(play, answer, "instance", (struct assay_bytes){done->instance, sizeof done->instance});
    answer_copy(play, answer, "payload", done->payload);
    answer_registers(answer, done->state.reg);
    answer_copy(play, answer, "cnode", done->cnode);
    answer_copy(play, answer, "pages", done->pages);
}

static void do_call(struct kernel_play *play, size_t index, struct kernel_answer *answer)
{
    const struct assay_invocation_level *level = engine_level(play->engine, ENGINE_INVOCATION);
    const struct kernel_step *step = &play->vector->step[index];
    struct assay_invocation invocation = step->run;
    invocation.gas = gas_of(play, index, invocation.gas);
    struct assay_result done;
    spoil(&done, sizeof done);
    done.cnode = done.pages = done.payload = (struct assay_bytes){0};
    struct assay_bytes dump = {0};
    forget_records(play);
    int result = step->is_resume ? level->resume(play->world, step->has_scratchpad ? &step->scratchpad : NULL, &done)
                                 : level->run(play->world, &invocation, &done);
    if (is_failure(play, result)) {
        return;
    }
    if (result == 0) {
        answer_done(play, &done, answer);
    } else {
        answer_result(answer, "result", result);
    }
    play->has_result = true;
    result = level->dump(play->world, &dump);
    if (is_failure(play, result)) {
        return;
    }
    if (result == 0) {
        answer_copy(play, answer, "dump", dump);
    } else {
        answer_result(answer, "dump", result);
    }
    answer_records(play, answer);
}

/* ---- chains ------------------------------------------------------------------------------ */

/* Root, Instance and State of the chain, as far as they are asked for. */
static bool answer_chain(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_chain_level *level = engine_level(play->engine, ENGINE_CHAIN);
    uint8_t *root = take_spoilt(play, HASH_BYTES), *instance = take_spoilt(play, INSTANCE_BYTES);
    struct assay_bytes state = {0};
    int result = level->instance(play->chain, instance);
    result = result == 0 ? level->root(play->chain, root) : result;
    result = result == 0 && play->has_state ? level->state(play->chain, &state) : result;
    if (is_failure(play, result)) {
        return false;
    }
    if (result != 0) {
        answer_result(answer, "root", result);
        return false;
    }
    answer_bytes(answer, "instance", instance, INSTANCE_BYTES);
    answer_bytes(answer, "root", root, HASH_BYTES);
    if (play->has_state) {
        answer_copy(play, answer, "state", state);
    }
    return true;
}

static bool begin_chain(struct kernel_play *play, struct kernel_answer *answer)
{
    const struct assay_chain_level *level = engine_level(play->engine, ENGINE_CHAIN);
    const struct kernel_case *vector = play->vector;
    struct assay_observer observer = {.context = &play->records, .event = on_event};
    int result = level->genesis(vector->revision, vector->given.data, vector->given.size, &play->chain);
    if (result != 0) {
        play->chain = NULL;
    }
    if (is_failure(play, result)) {
        return false;
    }
    if (result != 0) {
        answer_result(answer, "verdict", result);
        return false;
    }
    answer_word(answer, "verdict", "admitted");
    play->has_result = true;
    return answer_chain(play, answer) &&
           (!play->is_observed || is_watched(play, level->observe(play->chain, &observer), answer));
}

static void apply(struct kernel_play *play, size_t index, struct kernel_answer *answer)
{
    const struct assay_chain_level *level = engine_level(play->engine, ENGINE_CHAIN);
    struct assay_event event = play->vector->event[index].given;
    event.gas = gas_of(play, index, event.gas);
    struct assay_event_result done;
    spoil(&done, sizeof done);
    forget_records(play);
    int result = level->apply(play->chain, &event, &done);
    if (is_failure(play, result)) {
        return;
    }
    play->has_result = true;
    if (result != 0) {
        answer_result(answer, "result", result);
        return;
    }
    answer_named(answer, "outcome", outcome_name(done.outcome), done.outcome);
    answer_named(answer, "exit", exit_name(done.exit), done.exit);
    answer_number(answer, "argument", done.argument);
    answer_number(answer, "value", done.value);
    answer_number(answer, "gas_used", done.gas_used);
    answer_records(play, answer);
    answer_chain(play, answer);
}

/* ---- a case ------------------------------------------------------------------------------ */

bool kernel_play_open(struct kernel_play *play, struct kernel_answer *answer)
{
    *answer = (struct kernel_answer){0};
    arena_clear(&play->arena);
    switch (play->vector->act) {
    case ACT_DECODE:
        decode(play, answer);
        return false;
    case ACT_ADMIT:
        admit(play, answer);
        return false;
    case ACT_HASH:
        hash(play, answer);
        return false;
    case ACT_WORLD:
        return open_world(play, answer);
    default:
        return begin_chain(play, answer);
    }
}

void kernel_play_step(struct kernel_play *play, size_t step, struct kernel_answer *answer)
{
    *answer = (struct kernel_answer){0};
    play->has_result = false;
    arena_clear(&play->arena);
    if (play->vector->act == ACT_WORLD) {
        do_call(play, step, answer);
    } else {
        apply(play, step, answer);
    }
}
