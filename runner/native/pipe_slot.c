/*
 * The programs that are open. The functions that make a machine, a world or a chain, and those of the codec level,
 * are not told which engine is meant; so each slot has its own.
 */
#define _POSIX_C_SOURCE 200809L

#include "pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pipe slot[PIPE_MAX];
static size_t slot_count;

#define SLOT(n)                                                                                                        \
    static int load_##n(const struct assay_program *program, struct assay_machine **machine)                           \
    {                                                                                                                  \
        return pipe_load(&slot[n], program, machine);                                                                  \
    }                                                                                                                  \
    static int decode_##n(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset,         \
                          uint8_t *again, size_t *again_size)                                                          \
    {                                                                                                                  \
        return pipe_decode(&slot[n], revision, type, bytes, size, offset, again, again_size);                          \
    }                                                                                                                  \
    static int admit_##n(const uint8_t *image, size_t size, size_t *offset)                                            \
    {                                                                                                                  \
        return pipe_admit(&slot[n], image, size, offset);                                                              \
    }                                                                                                                  \
    static int hash_##n(uint32_t revision, uint32_t hash, const uint8_t *value, size_t size, uint8_t digest[32])       \
    {                                                                                                                  \
        return pipe_hash(&slot[n], revision, hash, value, size, digest);                                               \
    }                                                                                                                  \
    static int open_##n(uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result)             \
    {                                                                                                                  \
        return pipe_open(&slot[n], revision, world, size, result);                                                     \
    }                                                                                                                  \
    static int genesis_##n(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain)           \
    {                                                                                                                  \
        return pipe_genesis(&slot[n], revision, image, size, chain);                                                   \
    }

SLOT(0)
SLOT(1)
SLOT(2)
SLOT(3)

#undef SLOT

#define PER_SLOT(name) {name##_0, name##_1, name##_2, name##_3}

/* The tables of one slot. */
static void fill_levels(size_t n, struct assay_engine *engine)
{
    static int (*const load[PIPE_MAX])(const struct assay_program *, struct assay_machine **) = PER_SLOT(load);
    static int (*const decode[PIPE_MAX])(uint32_t, uint32_t, const uint8_t *, size_t, size_t *, uint8_t *, size_t *) =
        PER_SLOT(decode);
    static int (*const admit[PIPE_MAX])(const uint8_t *, size_t, size_t *) = PER_SLOT(admit);
    static int (*const hash[PIPE_MAX])(uint32_t, uint32_t, const uint8_t *, size_t, uint8_t *) = PER_SLOT(hash);
    static int (*const open[PIPE_MAX])(uint32_t, const uint8_t *, size_t, struct assay_world **) = PER_SLOT(open);
    static int (*const genesis[PIPE_MAX])(uint32_t, const uint8_t *, size_t, struct assay_chain **) = PER_SLOT(genesis);
    static struct assay_machine_level machine[PIPE_MAX];
    static struct assay_codec_level codec[PIPE_MAX];
    static struct assay_invocation_level invocation[PIPE_MAX];
    static struct assay_chain_level chain[PIPE_MAX];
    machine[n] = pipe_machine;
    machine[n].load = load[n];
    codec[n] = (struct assay_codec_level){sizeof codec[n], decode[n], admit[n], hash[n]};
    invocation[n] = pipe_invocation;
    invocation[n].open = open[n];
    chain[n] = pipe_chain;
    chain[n].genesis = genesis[n];
    *engine = (struct assay_engine){
        .size = sizeof *engine,
        .abi = ASSAY_ABI,
        .machine = &machine[n],
        .codec = &codec[n],
        .invocation = &invocation[n],
        .chain = &chain[n],
    };
}

#undef PER_SLOT

/* ---- opening ------------------------------------------------------------------------------- */

static const char command_mark[] = "=cmd:";

/* Where in "NAME=cmd:COMMAND" the name ends; 0 when it is something else, the path of a shared object. */
static size_t name_size(const char *spec)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t size = strspn(spec, others);
    bool is_name = strspn(spec, letters) > 0;
    return is_name && strncmp(spec + size, command_mark, sizeof command_mark - 1) == 0 ? size : 0;
}

bool pipe_is_spec(const char *spec)
{
    return name_size(spec) > 0;
}

/* Whether an option stands in a command. */
static bool was_told(const char *command, const char *word)
{
    static const char blank[] = " \t\n";
    for (const char *at = strstr(command, word); at != NULL; at = strstr(at + 1, word)) {
        char after = at[strlen(word)];
        if (at > command && strchr(blank, at[-1]) != NULL && (after == '\0' || strchr(blank, after) != NULL)) {
            return true;
        }
    }
    return false;
}

static bool read_timeout(const char *text, double *seconds)
{
    static const double longest = 86400;
    char *end = NULL;
    *seconds = 10;
    if (text == NULL) {
        return true;
    }
    *seconds = strtod(text, &end);
    if (strspn(text, "0123456789.") != strlen(text) || *end != '\0' || !(*seconds > 0 && *seconds <= longest)) {
        complain("--timeout %s: must be a number of seconds, more than 0 and at most %g", text, longest);
        return false;
    }
    return true;
}

static void stop_all(void)
{
    for (size_t i = 0; i < slot_count; i++) {
        pipe_stop(&slot[i]);
    }
}

const struct assay_engine *pipe_engine(const char *spec, const char *timeout)
{
    size_t size = name_size(spec);
    double seconds;
    if (!read_timeout(timeout, &seconds)) {
        return NULL;
    }
    if (slot_count == PIPE_MAX) {
        complain("engine %s: at most %d programs can be engines at the same time", spec, PIPE_MAX);
        return NULL;
    }
    struct pipe *pipe = &slot[slot_count];
    if (slot_count++ == 0) {
        atexit(stop_all);
    }
    fill_levels(slot_count - 1, &pipe->engine);
    pipe->seconds = seconds;
    pipe->name = memory_resize(NULL, size + 1);
    memcpy(pipe->name, spec, size);
    pipe->name[size] = '\0';
    pipe->engine.name = pipe->name;
    pipe->process.command = spec + size + sizeof command_mark - 1;
    pipe->process.framed = was_told(pipe->process.command, "--framed");
    pipe->process.told.listens = was_told(pipe->process.command, "--tell");
    pipe->wants_ends = was_told(pipe->process.command, "--ends");
    if (pipe_start(pipe) != 0) {
        complain("engine %s: %s", pipe->name, pipe->trouble.data);
        return NULL;
    }
    return &pipe->engine;
}

struct pipe *pipe_of(const struct assay_engine *engine)
{
    for (size_t i = 0; i < slot_count; i++) {
        if (engine == &slot[i].engine) {
            return &slot[i];
        }
    }
    return NULL;
}

/* ---- what native.h says of engines ----------------------------------------------------------- */

const char *engine_trouble(const struct assay_engine *engine)
{
    const struct pipe *pipe = pipe_of(engine);
    return pipe == NULL || pipe->trouble.size == 0 ? NULL : pipe->trouble.data;
}

int engine_end_failure(const struct assay_engine *engine)
{
    const struct pipe *pipe = pipe_of(engine);
    return pipe == NULL ? 0 : pipe->end_failure;
}

const char *engine_request(const struct assay_engine *engine)
{
    const struct pipe *pipe = pipe_of(engine);
    return pipe == NULL ? NULL : pipe->op;
}

bool engine_restart(const struct assay_engine *engine)
{
    struct pipe *pipe = pipe_of(engine);
    if (pipe == NULL) {
        return true;
    }
    pipe_stop(pipe);
    return pipe_start(pipe) == 0;
}

bool engine_farewell(const struct assay_engine *engine)
{
    struct pipe *pipe = pipe_of(engine);
    return pipe == NULL || pipe_farewell(pipe);
}

bool engines_farewell(struct text *text, const struct assay_engine *const *engine, size_t count)
{
    bool all_well = true;
    for (size_t i = 0; i < count; i++) {
        bool ended_well = engine_farewell(engine[i]);
        if (!ended_well && all_well) {
            text_raw(text, ", \"endings\": [");
            for (size_t before = 0; before < i; before++) {
                text_raw(text, "null, ");
            }
            all_well = false;
        } else if (!all_well) {
            text_raw(text, ", ");
        }
        if (!ended_well) {
            text_string(text, engine_trouble(engine[i]));
        } else if (!all_well) {
            text_raw(text, "null");
        }
    }
    text_raw(text, all_well ? "" : "]");
    return all_well;
}

bool engine_records_cut(const struct assay_engine *engine)
{
    const struct pipe *pipe = pipe_of(engine);
    return pipe != NULL && pipe->records_cut;
}
