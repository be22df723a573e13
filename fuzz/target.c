/* What all targets share; see target.h. */
#include "target.h"

#include "limits.h"

#include <stdlib.h>
#include <string.h>

const struct target *const targets[TARGET_COUNT] = {&target_machine, &target_codec, &target_invocation, &target_chain,
                                                    &target_reader};

const char *const skip_name[SKIP_REASONS] = {
    [SKIP_NOTHING] = "nothing",
    [SKIP_LACKS_LEVEL] = "an engine lacks the level",
    [SKIP_LACKS_RECORDS] = "an engine gives no records",
    [SKIP_CUT_RECORDS] = "an engine gives only the first records",
    [SKIP_HOST] = "the host gave out",
};

const struct target *target_of(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < TARGET_COUNT && size >= TAG_SIZE; i++) {
        if (memcmp(data, targets[i]->tag, TAG_SIZE) == 0) {
            return targets[i];
        }
    }
    return NULL;
}

const struct target *target_named(const char *name)
{
    for (size_t i = 0; i < TARGET_COUNT; i++) {
        if (strcmp(targets[i]->name, name) == 0) {
            return targets[i];
        }
    }
    return NULL;
}

void target_run(const struct target *target, const struct engines *engines, const uint8_t *data, size_t size,
                struct verdict *verdict)
{
    *verdict = (struct verdict){0};
    if (target_of(data, size) != target) {
        verdict->kind = VERDICT_FOREIGN;
        return;
    }
    struct arena arena = {0};
    size_t taken = (size < LIMIT_INPUT ? size : LIMIT_INPUT) - TAG_SIZE;
    uint8_t *copy = memory_resize(NULL, taken); /* of exactly that size: a sanitizer sees reads behind it */
    memcpy(copy, data + TAG_SIZE, taken);
    target->play(engines, &arena, (struct source){copy, taken, 0}, verdict);
    arena_clear(&arena);
    free(copy);
}

void verdict_skip(struct verdict *verdict, enum skip_reason reason)
{
    if (verdict->kind == VERDICT_AGREED) {
        verdict->kind = VERDICT_SKIPPED;
        verdict->skipped = reason;
    }
}

bool verdict_take(struct verdict *verdict, const struct differences *differences, const struct assay_engine *engine,
                  enum flavour flavour, size_t step)
{
    if (differences->count == 0) {
        return false;
    }
    verdict->kind = VERDICT_DIFFERED;
    verdict->differences = *differences;
    verdict->engine = engine->name;
    verdict->flavour = flavour;
    verdict->step = step;
    return true;
}

bool result_is_of_host(int result)
{
    return result == ASSAY_ERROR_MEMORY || result == ASSAY_ERROR_HOST;
}
