/*
 * The chain level: genesis, events, roots (chain.md).
 *
 * Every event is done in a region of its own, on a copy of sigma; only when it is done does that region become the
 * chain's.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

/* What lasts from event to event. */
struct durable {
    struct ref_state state;
    struct ref_image image;
    struct ref_hash chain, content;
};

struct assay_chain {
    struct ref_region *region;
    struct durable durable;
    struct ref_region *answer; /* of the state asked for last */
    struct assay_observer observer;
};

static void close_chain(struct assay_chain *chain)
{
    if (chain != NULL) {
        ref_region_free(chain->region);
        ref_region_free(chain->answer);
        free(chain);
    }
}

/* chain/genesis, chain/genesis/contents */
static int begin(struct ref_region *region, struct assay_bytes bytes, struct durable *durable)
{
    struct assay_bytes own = ref_region_copy(region, bytes);
    int rejected = ref_admit_image(region, own, &durable->image, NULL);
    if (rejected != 0) {
        return rejected;
    }
    const struct ref_image *image = &durable->image;
    durable->chain = ref_hash_bytes(own);
    struct ref_state *state = &durable->state;
    ref_state_put_code(region, state, 0, image->code);
    ref_state_put_vault(region, state, (struct ref_vault){.chain = durable->chain, .content = durable->content});
    ref_state_store_given(region, state, image->pinned, image->pinned_count);
    ref_state_store_given(region, state, image->initial, image->initial_count);
    state->next_code_id = 1;
    state->next_vault_id = 1;
    return 0;
}

static int genesis(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **result)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    *result = NULL;
    struct assay_chain *chain = calloc(1, sizeof(*chain));
    if (chain == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    chain->region = ref_region_new();
    int error;
    REF_REGION_TRY(error, chain->region, begin(chain->region, (struct assay_bytes){image, size}, &chain->durable));
    if (error != 0) {
        close_chain(chain);
        return error;
    }
    *result = chain;
    return 0;
}

/* chain/kernel_caps */
static void put_kernel_caps(struct ref_cap slot[REF_slot_count])
{
    static const struct ref_hash nothing;
#define KERNEL_SLOT(name, number)                                                                                      \
    slot[number] = ref_cap_instance(ref_cap_kernel_image(REF_KERNEL_IMAGE_##name), nothing);
#include "kernel/kernel.def"
}

/* chain/image_slots */
static void put_given(struct ref_cap slot[REF_slot_count], const struct ref_given *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        slot[list[i].slot] = ref_image_given_cap(&list[i]);
    }
}

static struct ref_cnode root_of(struct ref_region *region, const struct ref_image *image, struct ref_cap payload)
{
    struct ref_root *root = ref_region_take(region, 1, sizeof(*root));
    root->size_log = REF_root_size_log;
    put_kernel_caps(root->slot);
    put_given(root->slot, image->pinned, image->pinned_count);
    put_given(root->slot, image->initial, image->initial_count);
    root->slot[REF_payload_slot] = payload;
    return ref_root_cnode(region, root);
}

/* chain/event/halt */
static void halt(struct ref_region *region, struct durable *durable, const struct ref_ending *ending)
{
    durable->image = ending->image;
    durable->chain = ending->chain;
    durable->content = ending->content;
    ref_state_put_vault(region, &durable->state,
                        (struct ref_vault){.chain = ending->chain, .content = ending->content});
    ref_state_put_code(region, &durable->state, 0, ending->image.code);
}

/* The event on a copy of what lasts, in a region that will be the chain's. */
static int perform(struct ref_region *region, const struct assay_chain *chain, const struct assay_event *event,
                   struct durable *durable, struct assay_event_result *result)
{
    *durable = chain->durable;
    durable->state = ref_state_copy(region, &durable->state);
    ref_admit_image(region, ref_region_copy(region, durable->image.bytes), &durable->image, NULL); /* as before */

    struct ref_hash hash = ref_state_store(region, &durable->state, event->payload); /* chain/event/payload */
    struct ref_kernel kernel = {
        .region = region,
        .state = ref_state_snapshot(region, &durable->state),
        .entry = ref_region_take(region, REF_stack_max, sizeof(struct ref_entry)),
        .observer = chain->observer,
    };
    ref_tables_set(region, &kernel.tables.meters, 0, event->gas); /* chain/event/tables */
    ref_tables_set(region, &kernel.tables.quotas, 0, event->quota);
    struct ref_start start = {
        .chain = durable->chain,
        .content = durable->content,
        .image = durable->image,
        .cnode = root_of(region, &durable->image, ref_cap_data(event->payload.size, hash)),
        .endpoint = event->endpoint,
        .gas = event->gas,
    };
    struct ref_ending ending;
    ref_call_run(&kernel, &start, &ending);
    bool is_halt = ending.outcome == ASSAY_OUTCOME_HALT;
    if (is_halt) {
        durable->state = kernel.state;
        halt(region, durable, &ending);
    }
    *result = (struct assay_event_result){
        .outcome = ending.outcome,
        .exit = ending.exit,
        .argument = ending.argument,
        .value = is_halt ? ending.state.reg[A0] : 0,
        .gas_used = ending.gas_used,
    };
    return 0;
}

static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct ref_region *region = ref_region_new();
    struct durable durable;
    int error;
    REF_REGION_TRY(error, region, perform(region, chain, event, &durable, result));
    if (error != 0) {
        ref_region_free(region);
        return error;
    }
    ref_region_free(chain->region);
    chain->region = region;
    chain->durable = durable;
    return 0;
}

static int write_state(struct ref_region *region, const struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct ref_writer writer = {.region = region};
    ref_state_write(&writer, &chain->durable.state);
    *bytes = ref_scale_written(&writer);
    return 0;
}

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct ref_region *region = ref_region_new();
    int error;
    REF_REGION_TRY(error, region, write_state(region, chain, bytes));
    if (error != 0) {
        ref_region_free(region);
        return error;
    }
    ref_region_free(chain->answer);
    chain->answer = region;
    return 0;
}

static int root(struct assay_chain *chain, uint8_t root[32])
{
    struct ref_hash hash = ref_state_hash(&chain->durable.state);
    memcpy(root, hash.byte, REF_HASH_SIZE);
    return 0;
}

static int instance(struct assay_chain *chain, uint8_t bytes[64])
{
    memcpy(bytes, chain->durable.chain.byte, REF_HASH_SIZE);
    memcpy(bytes + REF_HASH_SIZE, chain->durable.content.byte, REF_HASH_SIZE);
    return 0;
}

static int observe(struct assay_chain *chain, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    chain->observer = observer == NULL ? nobody : *observer;
    return 0;
}

const struct assay_chain_level ref_chain_level = {
    .size = sizeof(struct assay_chain_level),
    .genesis = genesis,
    .close = close_chain,
    .apply = apply,
    .state = state,
    .root = root,
    .instance = instance,
    .observe = observe,
};
