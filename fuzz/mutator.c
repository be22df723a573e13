/*
 * The mutator as fuzzers load it: AFL_CUSTOM_MUTATOR_LIBRARY of afl-fuzz, and LLVMFuzzerCustomMutator of libFuzzer.
 *
 * afl-fuzz changes inputs by itself as well, and so spoils their tags; they are put right again before an execution.
 * ASSAY_FUZZ_TARGET names the target; without it the first input says which it is.
 */
#include "mutate.h"
#include "tags.h"

#include <stdlib.h>
#include <string.h>

enum { TRIMS_MAX = 24, RECENT = 16 };

struct mutator {
    struct mutation mutation;
    struct text made, checked, trimmed, base; /* each answer lives until the next call of its kind */
    char tag[TAG_SIZE + 1];
    size_t candidate;
};

/* What afl-fuzz calls; its header is not part of its package. */
void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **made, uint8_t *other, size_t other_size,
                       size_t max);
size_t afl_custom_post_process(void *data, uint8_t *buffer, size_t size, uint8_t **made);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size);
size_t afl_custom_trim(void *data, uint8_t **made);
int32_t afl_custom_post_trim(void *data, unsigned char success);

/* What libFuzzer calls, and what it offers. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static const char *const tags[][2] = {{"machine", TAG_MACHINE},
                                      {"codec", TAG_CODEC},
                                      {"invocation", TAG_INVOCATION},
                                      {"chain", TAG_CHAIN},
                                      {"reader", TAG_READER}};

static void learn_tag(struct mutator *mutator, const uint8_t *data, size_t size)
{
    const char *name = getenv("ASSAY_FUZZ_TARGET");
    for (size_t i = 0; i < sizeof tags / sizeof *tags && mutator->tag[0] == '\0'; i++) {
        bool is_named = name != NULL && strcmp(name, tags[i][0]) == 0;
        if (is_named || (name == NULL && size >= TAG_SIZE && memcmp(data, tags[i][1], TAG_SIZE) == 0)) {
            memcpy(mutator->tag, tags[i][1], TAG_SIZE);
        }
    }
}

/* ---- afl-fuzz ------------------------------------------------------------------------------------ */

void *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *mutator = memory_resize(NULL, sizeof *mutator);
    (void)afl;
    *mutator = (struct mutator){.mutation.random = {seed}};
    return mutator;
}

void afl_custom_deinit(void *data)
{
    struct mutator *mutator = data;
    text_free(&mutator->made);
    text_free(&mutator->checked);
    text_free(&mutator->trimmed);
    text_free(&mutator->base);
    free(mutator);
}

static void change(struct mutator *mutator, const uint8_t *data, size_t size, struct assay_bytes other)
{
    mutator->mutation.other = other.size > TAG_SIZE ? (struct assay_bytes){other.data + TAG_SIZE, other.size - TAG_SIZE}
                                                    : (struct assay_bytes){(const uint8_t *)"", 0};
    mutate_input(&mutator->mutation, data, size, &mutator->made);
    arena_clear(&mutator->mutation.arena);
}

size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **made, uint8_t *other, size_t other_size,
                       size_t max)
{
    struct mutator *mutator = data;
    change(mutator, buffer, size, (struct assay_bytes){other, other == NULL ? 0 : other_size});
    *made = (uint8_t *)mutator->made.data;
    return mutator->made.size < max ? mutator->made.size : max;
}

size_t afl_custom_post_process(void *data, uint8_t *buffer, size_t size, uint8_t **made)
{
    struct mutator *mutator = data;
    learn_tag(mutator, buffer, size);
    if (mutator->tag[0] == '\0' || (size >= TAG_SIZE && memcmp(buffer, mutator->tag, TAG_SIZE) == 0)) {
        *made = buffer;
        return size;
    }
    text_clear(&mutator->checked);
    sink_raw(&mutator->checked, (const uint8_t *)mutator->tag, TAG_SIZE);
    sink_raw(&mutator->checked, buffer + TAG_SIZE, size > TAG_SIZE ? size - TAG_SIZE : 0);
    *made = (uint8_t *)mutator->checked.data;
    return mutator->checked.size;
}

int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size)
{
    struct mutator *mutator = data;
    text_clear(&mutator->base);
    sink_raw(&mutator->base, buffer, size);
    mutator->candidate = 0;
    return shrink_input(buffer, size, 0, &mutator->trimmed) ? TRIMS_MAX : 0;
}

/* The next candidate that is smaller: one that leaves nothing out would succeed for ever. */
static bool find_smaller(struct mutator *mutator)
{
    const struct text *base = &mutator->base;
    for (; mutator->candidate < TRIMS_MAX; mutator->candidate++) {
        if (!shrink_input((const uint8_t *)base->data, base->size, mutator->candidate, &mutator->trimmed)) {
            return false;
        }
        if (mutator->trimmed.size < base->size) {
            return true;
        }
    }
    return false;
}

size_t afl_custom_trim(void *data, uint8_t **made)
{
    struct mutator *mutator = data;
    if (!find_smaller(mutator)) {
        text_clear(&mutator->trimmed);
        sink_raw(&mutator->trimmed, (const uint8_t *)mutator->base.data, mutator->base.size);
        mutator->candidate = TRIMS_MAX;
    }
    *made = (uint8_t *)mutator->trimmed.data;
    return mutator->trimmed.size;
}

/* What is left is tried again from the same candidate on; the end is reached when none is left. */
int32_t afl_custom_post_trim(void *data, unsigned char success)
{
    struct mutator *mutator = data;
    if (success && mutator->candidate < TRIMS_MAX) {
        text_clear(&mutator->base);
        sink_raw(&mutator->base, (const uint8_t *)mutator->trimmed.data, mutator->trimmed.size);
    } else {
        mutator->candidate++;
    }
    return (int32_t)(mutator->candidate < TRIMS_MAX ? mutator->candidate : TRIMS_MAX);
}

/* ---- libFuzzer ----------------------------------------------------------------------------------- */

/* Inputs changed lately, to take pieces from. */
static struct text recent[RECENT];

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static struct mutator mutator;
    mutator.mutation.random = (struct random){seed};
    learn_tag(&mutator, data, size);
    const struct text *other = &recent[random_below(&mutator.mutation.random, RECENT)];
    if (LLVMFuzzerMutate != NULL && random_chance(&mutator.mutation.random, 3) && size > TAG_SIZE) {
        return TAG_SIZE + LLVMFuzzerMutate(data + TAG_SIZE, size - TAG_SIZE, max - TAG_SIZE);
    }
    change(&mutator, data, size, (struct assay_bytes){(const uint8_t *)other->data, other->size});
    struct text *kept = &recent[random_below(&mutator.mutation.random, RECENT)];
    text_clear(kept);
    sink_raw(kept, data, size);
    size_t made = mutator.made.size < max ? mutator.made.size : max;
    memcpy(data, mutator.made.data, made);
    if (made >= TAG_SIZE && mutator.tag[0] != '\0') {
        memcpy(data, mutator.tag, TAG_SIZE);
    }
    return made;
}
