/*
 * The chain level (chain.md): genesis, events, the state and its root.
 *
 * The root CNode of an event is a copy of one made when the chain Image was set. Only the payload and what
 * the event itself does are new, and only that is undone when it faults.
 */
#include "kernel.h"

#include <stdlib.h>

struct assay_chain {
    struct fast_core core;
    struct fast_digest chain, content; /* the chain Instance */
    struct fast_image *image;
    struct fast_root fresh; /* without the payload */
    struct fast_out state;
};

/* chain/kernel_caps, chain/image_slots */
static void make_fresh(struct assay_chain *chain)
{
    static const struct {
        enum fast_kernel_image name;
        uint32_t slot;
    } granted[] = {
#define KERNEL_SLOT(name, slot) {FAST_IMAGE_##name, slot},
#include "kernel/kernel.def"
    };
    const struct fast_image *image = chain->image;
    chain->fresh = (struct fast_root){.size_log = FAST_root_size_log};
    for (size_t i = 0; i < sizeof(granted) / sizeof(granted[0]); i++) {
        struct fast_cap *cap = &chain->fresh.slot[granted[i].slot];
        cap->kind = FAST_KIND_instance;
        cap->chain = *fast_hash_kernel_image(granted[i].name);
    }
    fast_host_place(&chain->fresh, image->view.pinned, image->pinned_hash, image->view.pinned_count);
    fast_host_place(&chain->fresh, image->view.initial, image->initial_hash, image->view.initial_count);
}

static void close(struct assay_chain *chain)
{
    if (chain == NULL) {
        return;
    }
    fast_call_clear_core(&chain->core);
    fast_cache_release(chain->image);
    fast_scale_clear(&chain->state);
    free(chain);
}

/* ---- genesis --------------------------------------------------------------------------------- */

static struct fast_bytes *code_of(const struct fast_image *image)
{
    return fast_payload_bytes_new(image->view.code, image->view.code_size, &fast_hash_zero);
}

static int found(struct assay_chain *chain)
{
    struct fast_state *state = &chain->core.state;
    struct fast_bytes *code = code_of(chain->image);
    state->code = fast_scale_grow(NULL, 0, &state->code_capacity, sizeof(*state->code));
    state->vault = fast_scale_grow(NULL, 0, &state->vault_capacity, sizeof(*state->vault));
    if (code == NULL || state->code == NULL || state->vault == NULL) {
        free(code);
        return ASSAY_ERROR_MEMORY;
    }
    chain->chain = chain->image->hash;
    state->code[state->code_count++] = (struct fast_code_blob){0, code};
    state->vault[state->vault_count++] = (struct fast_vault){0, chain->chain, chain->content};
    state->next_code_id = 1;
    state->next_vault_id = 1;
    make_fresh(chain);
    return fast_host_store_contents(state, chain->image);
}

static int genesis(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_chain **result)
{
    *result = NULL;
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    fast_fault_ask_again();
    struct fast_image *image;
    int outcome = fast_cache_open(bytes, size, &image);
    if (outcome != 0) {
        return outcome;
    }
    struct assay_chain *chain = calloc(1, sizeof(*chain));
    if (chain == NULL) {
        fast_cache_release(image);
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

/* ---- events ---------------------------------------------------------------------------------- */

/* chain/event/tables: nothing of an earlier event stays. */
static int set_tables(struct fast_tables *tables, const struct assay_event *event)
{
    tables->meters.count = tables->quotas.count = 0;
    int error = fast_tables_set(&tables->meters, 0, event->gas);
    return error != 0 ? error : fast_tables_set(&tables->quotas, 0, event->quota);
}

/* chain/event/halt; what can fail comes first. */
static int commit(struct assay_chain *chain)
{
    struct fast_activation *now = &chain->core.activation;
    struct fast_state *state = &chain->core.state;
    if (now->current != chain->image) {
        struct fast_bytes *code = code_of(now->current);
        if (code == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        free(state->code[0].bytes);
        state->code[0].bytes = code;
        fast_cache_release(chain->image);
        chain->image = fast_cache_keep(now->current);
        make_fresh(chain);
    }
    chain->chain = now->chain;
    chain->content = now->content;
    state->vault[0].chain = now->chain;
    state->vault[0].content = now->content;
    return 0;
}

/* chain/event/fresh */
static int run_event(struct assay_chain *chain, const struct assay_event *event, const struct fast_digest *hash)
{
    struct fast_core *core = &chain->core;
    struct fast_start start = {
        .chain = chain->chain,
        .content = chain->content,
        .image = chain->image,
        .endpoint = event->endpoint,
        .gas = event->gas,
    };
    core->activation.root = chain->fresh;
    struct fast_cap *payload = &core->activation.root.slot[FAST_payload_slot];
    *payload = (struct fast_cap){.kind = FAST_KIND_data, .size = event->payload.size, .hash = *hash};
    return fast_call_run(core, &start);
}

/* chain/event/outcome */
static void give_result(const struct fast_activation *now, struct assay_event_result *result)
{
    *result = (struct assay_event_result){
        .outcome = now->outcome,
        .exit = now->exit,
        .argument = now->argument,
        .value = now->outcome == ASSAY_OUTCOME_HALT ? now->stop.state.reg[FAST_FIRST_ARGUMENT] : 0,
        .gas_used = now->gas_at_entry - now->stop.state.gas,
    };
}

/* chain/event/payload, chain/event/rollback */
static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    struct fast_core *core = &chain->core;
    core->journal.count = 0;
    struct fast_mark before = fast_journal_mark(core);
    struct fast_digest hash;
    fast_hash_bytes(event->payload.data, event->payload.size, &hash);
    int error = set_tables(&core->tables, event);
    if (error == 0) {
        error = fast_payload_store(&core->state.payloads, event->payload.data, event->payload.size, &hash);
    }
    struct fast_mark stored = fast_journal_mark(core);
    if (error == 0) {
        error = run_event(chain, event, &hash);
        if (error == 0 && core->activation.outcome == ASSAY_OUTCOME_HALT) {
            error = commit(chain);
        } else if (error == 0) {
            fast_journal_undo(core, &stored);
        }
    }
    if (error != 0) {
        fast_journal_undo(core, &before);
    } else {
        give_result(&core->activation, result);
    }
    fast_call_clear(&core->activation);
    return error;
}

/* ---- the state ------------------------------------------------------------------------------- */

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    struct fast_out *out = &chain->state;
    out->size = 0;
    fast_state_encode(out, &chain->core.state);
    if (out->failed) {
        out->failed = false;
        return ASSAY_ERROR_MEMORY;
    }
    *bytes = (struct assay_bytes){out->data, out->size};
    return 0;
}

static int root(struct assay_chain *chain, uint8_t digest[32])
{
    struct fast_digest result;
    int error = fast_state_root(&chain->core.state, &result);
    if (error == 0) {
        memcpy(digest, &result, sizeof(result));
    }
    return error;
}

static int instance(struct assay_chain *chain, uint8_t bytes[64])
{
    memcpy(bytes, &chain->chain, FAST_DIGEST_SIZE);
    memcpy(bytes + FAST_DIGEST_SIZE, &chain->content, FAST_DIGEST_SIZE);
    return 0;
}

static int observe(struct assay_chain *chain, const struct assay_observer *observer)
{
    return fast_call_observe(&chain->core, observer);
}

const struct assay_chain_level fast_chain_level = {
    .size = sizeof(struct assay_chain_level),
    .genesis = genesis,
    .close = close,
    .apply = apply,
    .state = state,
    .root = root,
    .instance = instance,
    .observe = observe,
};
