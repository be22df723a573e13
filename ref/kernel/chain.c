/*
 * The chain level: genesis, events, roots (chain.md).
 *
 * What lasts is in the chain's region, what an event needs in one inside it. An event works on sigma itself; a journal
 * says what it added, and that is taken out again when it faults.
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

struct assay_chain {
    struct ref_region *region; /* of sigma */
    struct ref_state state;
    struct ref_journal journal; /* of the event */
    struct assay_bytes image;   /* of the chain: its encoding */
    struct ref_hash chain, content;
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
static int begin(struct assay_chain *chain, struct assay_bytes bytes)
{
    struct ref_region *region = chain->region;
    struct ref_image image;
    chain->image = ref_region_copy(region, bytes);
    int rejected = ref_admit_image(region, chain->image, &image, NULL);
    if (rejected != 0) {
        return rejected;
    }
    chain->chain = ref_hash_bytes(chain->image);
    struct ref_state *state = &chain->state;
    state->region = region;
    ref_state_put_code(state, 0, image.code);
    ref_state_put_vault(state, (struct ref_vault){.chain = chain->chain, .content = chain->content});
    ref_state_store_given(region, state, image.pinned, image.pinned_count);
    ref_state_store_given(region, state, image.initial, image.initial_count);
    state->next_code_id = 1;
    state->next_vault_id = 1;
    return 0;
}

static int genesis(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **result)
{
    *result = NULL;
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct assay_chain *chain = calloc(1, sizeof(*chain));
    if (chain == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    chain->region = ref_region_new();
    int error;
    REF_REGION_TRY(error, chain->region, begin(chain, (struct assay_bytes){image, size}));
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

/* chain/event/halt; what may need memory comes first. */
static void halt(struct ref_region *region, struct assay_chain *chain, const struct ref_ending *ending, size_t first)
{
    struct ref_state *state = &chain->state;
    ref_state_keep(state, first);
    if (ending->image.bytes.data != chain->image.data) { /* set by host/set_image, from a payload */
        struct ref_hash hash = ref_hash_bytes(ending->image.bytes);
        struct ref_image image;
        struct assay_bytes bytes = ref_state_payload(state, &hash)->bytes;
        ref_admit_image(region, bytes, &image, NULL);
        chain->image = bytes;
        ref_state_put_code(state, 0, image.code);
    }
    chain->chain = ending->chain;
    chain->content = ending->content;
    ref_state_put_vault(state, (struct ref_vault){.chain = ending->chain, .content = ending->content});
}

/* The event, in a region that is given back after it. */
static int perform(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct ref_region *region = ref_region_new_inside(chain->region);
    struct ref_state *state = &chain->state;
    chain->journal.region = region;
    struct ref_hash hash = ref_state_store(chain->region, state, event->payload); /* chain/event/payload */
    size_t first = chain->journal.stored_count;
    struct ref_kernel kernel = {
        .region = region,
        .state = state,
        .entry = ref_region_take(region, REF_stack_max, sizeof(struct ref_entry)),
        .observer = chain->observer,
    };
    ref_tables_set(region, &kernel.tables.meters, 0, event->gas); /* chain/event/tables */
    ref_tables_set(region, &kernel.tables.quotas, 0, event->quota);
    struct ref_start start = {
        .chain = chain->chain,
        .content = chain->content,
        .endpoint = event->endpoint,
        .gas = event->gas,
    };
    ref_admit_image(region, chain->image, &start.image, NULL); /* as before */
    start.cnode = root_of(region, &start.image, ref_cap_data(event->payload.size, hash));
    struct ref_ending ending;
    ref_call_run(&kernel, &start, &ending);
    bool is_halt = ending.outcome == ASSAY_OUTCOME_HALT;
    if (is_halt) {
        halt(region, chain, &ending, first);
    } else {
        ref_state_undo(state, first);
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

static int try_event(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    int error;
    REF_REGION_TRY(error, chain->region, perform(chain, event, result));
    return error;
}

static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct ref_state *state = &chain->state;
    chain->journal = (struct ref_journal){.file_count = state->file_count, .next_file_id = state->next_file_id};
    state->journal = &chain->journal;
    int error = try_event(chain, event, result);
    if (error != 0) {
        ref_state_undo(state, 0);
    }
    ref_region_free_inside(chain->region);
    return error;
}

static int write_state(struct ref_region *region, const struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct ref_writer writer = {.region = region};
    ref_state_write(&writer, &chain->state);
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
    struct ref_hash hash = ref_state_hash(&chain->state);
    memcpy(root, hash.byte, REF_HASH_SIZE);
    return 0;
}

static int instance(struct assay_chain *chain, uint8_t bytes[64])
{
    memcpy(bytes, chain->chain.byte, REF_HASH_SIZE);
    memcpy(bytes + REF_HASH_SIZE, chain->content.byte, REF_HASH_SIZE);
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
