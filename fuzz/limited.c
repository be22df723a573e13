/* Wraps two engines; see limited.h. A table has no context, so every function is there once a side. */
#include "limited.h"

#include "limits.h"

#include <string.h>

static struct limited {
    const struct assay_engine *inner;
    struct assay_engine table;
    struct assay_machine_level machine;
    struct assay_codec_level codec;
    struct assay_invocation_level invocation;
    struct assay_chain_level chain;
} limited[LIMITED_MAX];

/* ---- what each function does ----------------------------------------------------------------- */

static int load(const struct limited *side, const struct assay_program *program, struct assay_machine **machine)
{
    *machine = NULL;
    return program->page_count > LIMIT_PAGES ? ASSAY_ERROR_ARGUMENT : side->inner->machine->load(program, machine);
}

static int run(const struct limited *side, bool resumes, struct assay_machine *machine, const struct assay_state *state,
               const struct assay_until *until, struct assay_stop *stop)
{
    const struct assay_machine_level *level = side->inner->machine;
    struct assay_state bounded = *state;
    limit_gas(&bounded.gas);
    return resumes ? level->resume(machine, &bounded, until, stop) : level->run(machine, &bounded, until, stop);
}

/* A copy that may be cut down. */
static struct assay_bytes copy(struct arena *arena, const uint8_t *data, size_t size)
{
    uint8_t *bytes = arena_take(arena, size);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    return (struct assay_bytes){bytes, size};
}

/* Where a value fails to decode is a diagnostic that engines need not agree on. */
static int decode(const struct limited *side, uint32_t revision, uint32_t type, struct assay_bytes bytes,
                  size_t *offset, uint8_t *again, size_t *again_size)
{
    size_t unsaid = 0;
    int result = side->inner->codec->decode(revision, type, bytes.data, bytes.size, &unsaid, again, again_size);
    if (offset != NULL) {
        *offset = 0;
    }
    return result;
}

static int admit(const struct limited *side, const uint8_t *image, size_t size, size_t *offset)
{
    size_t unsaid = 0;
    int result = side->inner->codec->admit(image, size, &unsaid);
    if (offset != NULL) {
        *offset = 0;
    }
    return result;
}

static int open_world(const struct limited *side, uint32_t revision, const uint8_t *world, size_t size,
                      struct assay_world **result)
{
    struct arena arena = {0};
    struct assay_bytes bytes = copy(&arena, world, size);
    limit_world(&arena, bytes);
    int outcome = side->inner->invocation->open(revision, bytes.data, size, result);
    arena_clear(&arena);
    return outcome;
}

static int run_world(const struct limited *side, struct assay_world *world, const struct assay_invocation *invocation,
                     struct assay_result *result)
{
    struct arena arena = {0};
    struct assay_invocation bounded = *invocation;
    bounded.image = copy(&arena, invocation->image.data, invocation->image.size);
    limit_image(&arena, bounded.image);
    limit_gas(&bounded.gas);
    int outcome = side->inner->invocation->run(world, &bounded, result);
    arena_clear(&arena);
    return outcome;
}

static int genesis(const struct limited *side, uint32_t revision, const uint8_t *image, size_t size,
                   struct assay_chain **chain)
{
    struct arena arena = {0};
    struct assay_bytes bytes = copy(&arena, image, size);
    limit_image(&arena, bytes);
    int outcome = side->inner->chain->genesis(revision, bytes.data, size, chain);
    arena_clear(&arena);
    return outcome;
}

static int apply(const struct limited *side, struct assay_chain *chain, const struct assay_event *event,
                 struct assay_event_result *result)
{
    struct assay_event bounded = *event;
    limit_gas(&bounded.gas);
    return side->inner->chain->apply(chain, &bounded, result);
}

/* ---- once a side ----------------------------------------------------------------------------- */

#define SIDE(n)                                                                                                        \
    static int load_##n(const struct assay_program *program, struct assay_machine **machine)                           \
    {                                                                                                                  \
        return load(&limited[n], program, machine);                                                                    \
    }                                                                                                                  \
    static int run_##n(struct assay_machine *machine, const struct assay_state *state,                                 \
                       const struct assay_until *until, struct assay_stop *stop)                                       \
    {                                                                                                                  \
        return run(&limited[n], false, machine, state, until, stop);                                                   \
    }                                                                                                                  \
    static int resume_##n(struct assay_machine *machine, const struct assay_state *state,                              \
                          const struct assay_until *until, struct assay_stop *stop)                                    \
    {                                                                                                                  \
        return run(&limited[n], true, machine, state, until, stop);                                                    \
    }                                                                                                                  \
    static int decode_##n(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset,         \
                          uint8_t *again, size_t *again_size)                                                          \
    {                                                                                                                  \
        return decode(&limited[n], revision, type, (struct assay_bytes){bytes, size}, offset, again, again_size);      \
    }                                                                                                                  \
    static int admit_##n(const uint8_t *image, size_t size, size_t *offset)                                            \
    {                                                                                                                  \
        return admit(&limited[n], image, size, offset);                                                                \
    }                                                                                                                  \
    static int open_##n(uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result)             \
    {                                                                                                                  \
        return open_world(&limited[n], revision, world, size, result);                                                 \
    }                                                                                                                  \
    static int call_##n(struct assay_world *world, const struct assay_invocation *invocation,                          \
                        struct assay_result *result)                                                                   \
    {                                                                                                                  \
        return run_world(&limited[n], world, invocation, result);                                                      \
    }                                                                                                                  \
    static int genesis_##n(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain)           \
    {                                                                                                                  \
        return genesis(&limited[n], revision, image, size, chain);                                                     \
    }                                                                                                                  \
    static int apply_##n(struct assay_chain *chain, const struct assay_event *event,                                   \
                         struct assay_event_result *result)                                                            \
    {                                                                                                                  \
        return apply(&limited[n], chain, event, result);                                                               \
    }

SIDE(0)
SIDE(1)

static const struct {
    int (*load)(const struct assay_program *program, struct assay_machine **machine);
    int (*run)(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop);
    int (*resume)(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop);
    int (*decode)(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size);
    int (*admit)(const uint8_t *image, size_t size, size_t *offset);
    int (*open)(uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result);
    int (*call)(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result);
    int (*genesis)(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain);
    int (*apply)(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result);
} function[LIMITED_MAX] = {
    {load_0, run_0, resume_0, decode_0, admit_0, open_0, call_0, genesis_0, apply_0},
    {load_1, run_1, resume_1, decode_1, admit_1, open_1, call_1, genesis_1, apply_1},
};

static void wrap_kernel(struct limited *side, unsigned number)
{
    const struct assay_invocation_level *invocation = engine_level(side->inner, ENGINE_INVOCATION);
    const struct assay_chain_level *chain = engine_level(side->inner, ENGINE_CHAIN);
    const struct assay_codec_level *codec = engine_level(side->inner, ENGINE_CODEC);
    if (codec != NULL) {
        side->codec = *codec;
        side->codec.decode = function[number].decode;
        side->codec.admit = function[number].admit;
        side->table.codec = &side->codec;
    }
    if (invocation != NULL) {
        side->invocation = *invocation;
        side->invocation.open = function[number].open;
        side->invocation.run = function[number].call;
        side->table.invocation = &side->invocation;
    }
    if (chain != NULL) {
        side->chain = *chain;
        side->chain.genesis = function[number].genesis;
        side->chain.apply = function[number].apply;
        side->table.chain = &side->chain;
    }
}

const struct assay_engine *limited_engine(unsigned side, const struct assay_engine *engine)
{
    struct limited *wrapped = &limited[side];
    wrapped->inner = engine;
    wrapped->table = *engine;
    wrapped->table.name = "engine";
    wrapped->table.version = "0";
    wrapped->machine = *engine->machine;
    wrapped->machine.load = function[side].load;
    wrapped->machine.run = function[side].run;
    wrapped->machine.resume = function[side].resume;
    wrapped->table.machine = &wrapped->machine;
    wrap_kernel(wrapped, side);
    return &wrapped->table;
}
