/*
 * The chain level (chain.md): genesis, events, the state and its root.
 *
 * The root CNode of an event is a copy of one made when the chain Image was set. Only the payload and what
 * the event itself does are new, and only that is undone when it faults.
 */
#include "kernel.h"

#include <stdlib.h>

struct assay_chain {
    struct kernel_core core;
    struct kernel_digest chain, content; /* the chain Instance */
    struct kernel_image *image;
    struct kernel_root fresh; /* without the payload */
    struct kernel_out state;
};

/* chain/kernel_caps, chain/image_slots */
static void make_fresh(struct assay_chain *chain)
{
    static const struct {
        enum kernel_image_name name;
        uint32_t slot;
    } kernel_slot[] = {
#define KERNEL_SLOT(name, slot) {KERNEL_IMAGE_##name, slot},
#include "kernel/kernel.def"
    };
    const struct kernel_image *image = chain->image;
    chain->fresh = (struct kernel_root){.size_log = KERNEL_root_size_log};
    for (size_t i = 0; i < sizeof(kernel_slot) / sizeof(kernel_slot[0]); i++) {
        struct kernel_cap *cap = &chain->fresh.slot[kernel_slot[i].slot];
        cap->kind = KERNEL_KIND_instance;
        cap->chain = *kernel_image_hash(kernel_slot[i].name);
    }
    kernel_place(&chain->fresh, image->view.pinned, image->pinned_hash, image->view.pinned_count);
    kernel_place(&chain->fresh, image->view.initial, image->initial_hash, image->view.initial_count);
}

static void close(struct assay_chain *chain)
{
    if (chain == NULL) {
        return;
    }
    kernel_core_clear(&chain->core);
    kernel_image_release(chain->image);
    kernel_out_clear(&chain->state);
    free(chain);
}

/* ---- genesis -------------------------------------------------------------------------------- */

static struct kernel_bytes *code_of(const struct kernel_image *image)
{
    return kernel_bytes_new(image->view.code, image->view.code_size, &kernel_zero_digest);
}

static int found(struct assay_chain *chain)
{
    struct kernel_state *state = &chain->core.state;
    struct kernel_bytes *code = code_of(chain->image);
    state->code = kernel_grow(NULL, 0, &state->code_capacity, sizeof(*state->code));
    state->vault = kernel_grow(NULL, 0, &state->vault_capacity, sizeof(*state->vault));
    if (code == NULL || state->code == NULL || state->vault == NULL) {
        kernel_bytes_release(code);
        return ASSAY_ERROR_MEMORY;
    }
    chain->chain = chain->image->hash;
    state->code[state->code_count++] = (struct kernel_code_blob){0, code};
    state->vault[state->vault_count++] = (struct kernel_vault){0, chain->chain, chain->content};
    state->next_code_id = 1;
    state->next_vault_id = 1;
    make_fresh(chain);
    return kernel_store_contents(state, chain->image);
}

static int genesis(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_chain **result)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    *result = NULL;
    struct kernel_image *image;
    int outcome = kernel_image_open(bytes, size, &image);
    if (outcome != 0) {
        return outcome;
    }
    struct assay_chain *chain = calloc(1, sizeof(*chain));
    if (chain == NULL) {
        kernel_image_release(image);
        return ASSAY_ERROR_MEMORY;
    }
    chain->image = image;
    outcome = found(chain);
    if (outcome != 0) {
        close(chain);
        return outcome;
    }
    *result = chain;
    return 0;
}

/* ---- events --------------------------------------------------------------------------------- */

/* chain/event/tables: nothing of an earlier event stays. */
static int set_tables(struct kernel_tables *tables, const struct assay_event *event)
{
    tables->meters.count = tables->quotas.count = 0;
    int error = kernel_number_set(&tables->meters, 0, event->gas);
    return error != 0 ? error : kernel_number_set(&tables->quotas, 0, event->quota);
}

/* chain/event/halt; what can fail comes first. */
static int commit(struct assay_chain *chain)
{
    struct kernel_activation *now = &chain->core.activation;
    struct kernel_state *state = &chain->core.state;
    if (now->current != chain->image) {
        struct kernel_bytes *code = code_of(now->current);
        if (code == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        kernel_bytes_release(state->code[0].bytes);
        state->code[0].bytes = code;
        kernel_image_release(chain->image);
        chain->image = kernel_image_keep(now->current);
        make_fresh(chain);
    }
    chain->chain = now->chain;
    chain->content = now->content;
    state->vault[0].chain = now->chain;
    state->vault[0].content = now->content;
    return 0;
}

/* chain/event/fresh */
static int run_event(struct assay_chain *chain, const struct assay_event *event, const struct kernel_digest *hash)
{
    struct kernel_core *core = &chain->core;
    struct kernel_start start = {
        .chain = chain->chain,
        .content = chain->content,
        .image = chain->image,
        .endpoint = event->endpoint,
        .gas = event->gas,
    };
    core->activation.root = chain->fresh;
    struct kernel_cap *payload = &core->activation.root.slot[KERNEL_payload_slot];
    *payload = (struct kernel_cap){.kind = KERNEL_KIND_data, .size = event->payload.size, .hash = *hash};
    return kernel_run(core, &start);
}

/* chain/event/outcome */
static void give_result(const struct kernel_activation *now, struct assay_event_result *result)
{
    *result = (struct assay_event_result){
        .outcome = now->outcome,
        .exit = now->exit,
        .argument = now->argument,
        .value = now->outcome == ASSAY_OUTCOME_HALT ? now->stop.state.reg[KERNEL_FIRST_ARGUMENT] : 0,
        .gas_used = now->gas_at_entry - now->stop.state.gas,
    };
}

/* chain/event/payload, chain/event/rollback */
static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct kernel_core *core = &chain->core;
    core->log.count = 0;
    struct kernel_mark before = kernel_log_mark(core);
    struct kernel_digest hash;
    kernel_hash(event->payload.data, event->payload.size, &hash);
    int error = set_tables(&core->tables, event);
    if (error == 0) {
        error = kernel_payload_store(&core->state.payloads, event->payload.data, event->payload.size, &hash);
    }
    struct kernel_mark stored = kernel_log_mark(core);
    if (error == 0) {
        error = run_event(chain, event, &hash);
        if (error == 0 && core->activation.outcome == ASSAY_OUTCOME_HALT) {
            error = commit(chain);
        } else if (error == 0) {
            kernel_log_undo(core, &stored);
        }
    }
    if (error != 0) {
        kernel_log_undo(core, &before);
    } else {
        give_result(&core->activation, result);
    }
    kernel_activation_clear(&core->activation);
    return error;
}

/* ---- the state ------------------------------------------------------------------------------ */

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct kernel_out *out = &chain->state;
    out->size = 0;
    kernel_state_encode(out, &chain->core.state);
    if (out->failed) {
        out->failed = false;
        return ASSAY_ERROR_MEMORY;
    }
    *bytes = (struct assay_bytes){out->data, out->size};
    return 0;
}

static int root(struct assay_chain *chain, uint8_t digest[32])
{
    struct kernel_digest result;
    int error = kernel_state_root(&chain->core.state, &result);
    if (error == 0) {
        memcpy(digest, &result, sizeof(result));
    }
    return error;
}

static int instance(struct assay_chain *chain, uint8_t bytes[64])
{
    memcpy(bytes, &chain->chain, KERNEL_DIGEST_SIZE);
    memcpy(bytes + KERNEL_DIGEST_SIZE, &chain->content, KERNEL_DIGEST_SIZE);
    return 0;
}

static int observe(struct assay_chain *chain, const struct assay_observer *observer)
{
    return kernel_observe(&chain->core, observer);
}

const struct assay_chain_level kernel_chain_level = {
    .size = sizeof(struct assay_chain_level),
    .genesis = genesis,
    .close = close,
    .apply = apply,
    .state = state,
    .root = root,
    .instance = instance,
    .observe = observe,
};
