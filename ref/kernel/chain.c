/*
 * The chain level: genesis, events, roots (chain.md).
 *
 * Every event is done in a room of its own, on a copy of sigma; only when it is done does that room become the chain's.
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
    struct ref_room *room;
    struct durable durable;
    struct ref_room *answer; /* of the state asked for last */
    struct assay_observer observer;
};

struct task {
    struct assay_chain *chain;
    struct ref_bytes bytes;
    const struct assay_event *event;
    struct assay_event_result *result;
    struct durable durable; /* as it is afterwards */
};

static void close_chain(struct assay_chain *chain)
{
    if (chain != NULL) {
        ref_room_free(chain->room);
        ref_room_free(chain->answer);
        free(chain);
    }
}

static void store_contents(struct ref_room *room, struct ref_state *state, const struct ref_given *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_image) {
            ref_store_payload(room, state, list[i].content);
        }
    }
}

/* chain/genesis, chain/genesis/contents */
static int genesis_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct durable *durable = &task->durable;
    struct ref_bytes own = ref_copy(room, task->bytes);
    int rejected = ref_admit(room, own, &durable->image, NULL);
    if (rejected != 0) {
        return rejected;
    }
    const struct ref_image *image = &durable->image;
    durable->chain = ref_hash(own);
    struct ref_state *state = &durable->state;
    ref_put_code(room, state, 0, image->code);
    ref_put_vault(room, state, (struct ref_vault){.chain = durable->chain, .content = durable->content});
    store_contents(room, state, image->pinned, image->pinned_count);
    store_contents(room, state, image->initial, image->initial_count);
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
    chain->room = ref_room_new();
    struct task task = {.bytes = {image, size}};
    int error = chain->room == NULL ? ASSAY_ERROR_MEMORY : ref_room_enter(chain->room, genesis_body, &task);
    if (error != 0) {
        close_chain(chain);
        return error;
    }
    chain->durable = task.durable;
    *result = chain;
    return 0;
}

/* chain/kernel_caps */
static void put_kernel_caps(struct ref_cap slot[REF_slot_count])
{
    static const struct ref_hash nothing;
#define KERNEL_SLOT(name, number) slot[number] = ref_instance(ref_kernel_image(REF_KERNEL_IMAGE_##name), nothing);
#include "kernel/kernel.def"
}

/* chain/image_slots */
static void put_given(struct ref_cap slot[REF_slot_count], const struct ref_given *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        slot[list[i].slot] =
            list[i].is_image ? ref_image_cap(list[i].hash) : ref_data(list[i].size, ref_hash(list[i].content));
    }
}

static struct ref_cnode root_of(struct ref_room *room, const struct ref_image *image, struct ref_cap payload)
{
    struct ref_root *root = ref_take(room, 1, sizeof(*root));
    root->size_log = REF_root_size_log;
    put_kernel_caps(root->slot);
    put_given(root->slot, image->pinned, image->pinned_count);
    put_given(root->slot, image->initial, image->initial_count);
    root->slot[REF_payload_slot] = payload;
    return ref_root_cnode(room, root);
}

/* chain/event/halt */
static void halt(struct ref_room *room, struct durable *durable, const struct ref_ending *ending)
{
    durable->image = ending->image;
    durable->chain = ending->chain;
    durable->content = ending->content;
    ref_put_vault(room, &durable->state, (struct ref_vault){.chain = ending->chain, .content = ending->content});
    ref_put_code(room, &durable->state, 0, ending->image.code);
}

static int apply_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    const struct assay_event *event = task->event;
    struct durable *durable = &task->durable;
    *durable = task->chain->durable;
    durable->state = ref_copy_state(room, &durable->state);
    ref_admit(room, ref_copy(room, durable->image.bytes), &durable->image, NULL); /* it was admitted before */

    struct ref_bytes payload = {event->payload.data, event->payload.size};
    struct ref_hash hash = ref_store_payload(room, &durable->state, payload); /* chain/event/payload */
    struct ref_kernel kernel = {
        .room = room,
        .state = ref_snapshot_state(room, &durable->state),
        .entry = ref_take(room, REF_stack_max, sizeof(struct ref_entry)),
        .observer = task->chain->observer,
    };
    ref_set_number(room, &kernel.tables.meters, 0, event->gas); /* chain/event/tables */
    ref_set_number(room, &kernel.tables.quotas, 0, event->quota);
    struct ref_start start = {
        .chain = durable->chain,
        .content = durable->content,
        .image = durable->image,
        .cnode = root_of(room, &durable->image, ref_data(payload.size, hash)),
        .endpoint = event->endpoint,
        .gas = event->gas,
    };
    struct ref_ending ending;
    ref_call_run(&kernel, &start, &ending);
    bool is_halt = ending.outcome == ASSAY_OUTCOME_HALT;
    if (is_halt) {
        durable->state = kernel.state;
        halt(room, durable, &ending);
    }
    *task->result = (struct assay_event_result){
        .outcome = ending.outcome,
        .exit = ending.exit,
        .argument = ending.argument,
        .value = is_halt ? ending.state.reg[7] : 0,
        .gas_used = ending.gas_used,
    };
    return 0;
}

static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct ref_room *room = ref_room_new();
    if (room == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    struct task task = {.chain = chain, .event = event, .result = result};
    int error = ref_room_enter(room, apply_body, &task);
    if (error != 0) {
        ref_room_free(room);
        return error;
    }
    ref_room_free(chain->room);
    chain->room = room;
    chain->durable = task.durable;
    return 0;
}

static int state_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_writer writer = {.room = room};
    ref_write_state(&writer, &task->chain->durable.state);
    task->bytes = ref_written(&writer);
    return 0;
}

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct ref_room *room = ref_room_new();
    struct task task = {.chain = chain};
    int error = room == NULL ? ASSAY_ERROR_MEMORY : ref_room_enter(room, state_body, &task);
    if (error != 0) {
        ref_room_free(room);
        return error;
    }
    ref_room_free(chain->answer);
    chain->answer = room;
    *bytes = (struct assay_bytes){task.bytes.data, task.bytes.size};
    return 0;
}

static int root(struct assay_chain *chain, uint8_t root[32])
{
    struct ref_hash hash = ref_hash_state(&chain->durable.state);
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
