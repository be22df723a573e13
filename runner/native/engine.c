/* What an engine has, and its results in words. */
#include "native.h"

#include <stddef.h>
#include <string.h>

bool engine_is_broken(int result)
{
    return result == ENGINE_DIED || result == ENGINE_HUNG || result == ENGINE_GARBAGE;
}

void engine_complain(const struct assay_engine *engine, int result)
{
    const char *trouble = engine_trouble(engine);
    complain("engine %s: %s", engine->name, trouble != NULL ? trouble : engine_error_name(result));
}

bool engine_has(const struct assay_engine *engine, uint64_t feature)
{
    return (engine->features & feature) == feature;
}

const char *engine_error_name(int error)
{
    switch (error) {
    case ASSAY_ERROR_ARGUMENT:
        return "refused";
    case ASSAY_ERROR_MEMORY:
        return "the engine has no memory left; fast also needs 4 GiB of address space for each machine (ulimit -v)";
    case ASSAY_ERROR_HOST:
        return "the engine misses something of its host; fast needs executable memory, a handler of SIGSEGV and the GS "
               "base";
    case ASSAY_ERROR_UNSUPPORTED:
        return "the engine lacks that feature";
    case ENGINE_DIED:
        return "the engine's process died";
    case ENGINE_HUNG:
        return "the engine's process gave no reply in time";
    case ENGINE_GARBAGE:
        return "the engine's process answered what is not of the protocol";
    case ENGINE_BLAMES:
        return "the engine's process says that the request was wrong";
    case ENGINE_MISUSED:
        return "the harness used what the engine's process has forgotten";
    default:
        return "the engine returned a number that assay.h does not define";
    }
}

/* A table counts when the engine's own table reaches it and it is as large as this harness knows it. */
const void *engine_level(const struct assay_engine *engine, enum engine_level level)
{
    const struct {
        size_t end, size;
    } known[] = {
        [ENGINE_CODEC] = {offsetof(struct assay_engine, codec) + sizeof engine->codec,
                          sizeof(struct assay_codec_level)},
        [ENGINE_INVOCATION] = {offsetof(struct assay_engine, invocation) + sizeof engine->invocation,
                               sizeof(struct assay_invocation_level)},
        [ENGINE_CHAIN] = {offsetof(struct assay_engine, chain) + sizeof engine->chain,
                          sizeof(struct assay_chain_level)},
    };
    if (engine->size < known[level].end) {
        return NULL;
    }
    const void *table = level == ENGINE_CODEC        ? (const void *)engine->codec
                        : level == ENGINE_INVOCATION ? (const void *)engine->invocation
                                                     : (const void *)engine->chain;
    uint32_t size = 0;
    if (table != NULL) {
        memcpy(&size, table, sizeof size); /* the first member of every level */
    }
    return size >= known[level].size ? table : NULL;
}
