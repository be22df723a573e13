/*
 * The invocation level (assay.h): a world of sigma, tables and a stack, and runs in it.
 *
 * Results are built in buffers that the world keeps for the next ones.
 */
#include "kernel.h"

#include <stdlib.h>

struct assay_world {
    struct fast_core core;
    struct fast_image *last; /* the Image that was run last: its bytes come again and again */
    struct fast_out cnode, pages, payload, dump;
};

/* ---- opening --------------------------------------------------------------------------------- */

static int take_instance(struct fast_waiting *to, struct fast_seated *from)
{
    if (from->cnode.size_log > FAST_root_size_log) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int outcome = fast_cache_open(from->image, from->image_size, &to->image);
    if (outcome != 0) {
        to->image = NULL;
        return outcome > 0 ? ASSAY_ERROR_ARGUMENT : outcome;
    }
    to->chain = from->chain;
    to->content = from->content;
    to->cnode = from->cnode;
    from->cnode = (struct fast_cap){.kind = FAST_KIND_EMPTY};
    fast_yield_set_catcher(to);
    return 0;
}

/* exchange.md: a reference's target is an Instance entry below it, and the last entry is no reference. */
static int take_entry(struct fast_waiting *waiting, struct fast_entry *entry, size_t at, bool is_last)
{
    if (entry[at].instance != NULL) {
        return take_instance(&waiting[at], entry[at].instance);
    }
    uint32_t target = entry[at].target;
    if (is_last || target >= at || entry[target].instance == NULL) {
        return ASSAY_ERROR_ARGUMENT;
    }
    waiting[at].is_reference = true;
    waiting[at].target = target;
    return 0;
}

static int take_stack(struct fast_core *core, struct fast_world *value)
{
    if (value->entry_count > FAST_stack_max) {
        return ASSAY_ERROR_ARGUMENT;
    }
    core->waiting = calloc(value->entry_count + 1, sizeof(*core->waiting));
    if (core->waiting == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    core->waiting_count = value->entry_count;
    int error = 0;
    for (size_t i = 0; i < value->entry_count && error == 0; i++) {
        error = take_entry(core->waiting, value->entry, i, i + 1 == value->entry_count);
    }
    return error;
}

static bool payloads_are_true(const struct fast_payloads *payloads)
{
    for (size_t i = 0; i < payloads->count; i++) {
        struct fast_digest digest;
        fast_hash_bytes(payloads->order[i]->data, payloads->order[i]->size, &digest);
        if (!fast_hash_same(&digest, &payloads->order[i]->digest)) {
            return false;
        }
    }
    return true;
}

/* Moves the parts of a value into a core. */
static int take_world(struct fast_core *core, struct fast_world *value)
{
    if (!payloads_are_true(&value->state.payloads)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int error = take_stack(core, value);
    if (error == 0) {
        core->state = value->state;
        core->tables = value->tables;
        value->state = (struct fast_state){.file = NULL};
        value->tables = (struct fast_tables){.catcher = NULL};
    }
    return error;
}

static void close(struct assay_world *world)
{
    if (world == NULL) {
        return;
    }
    fast_call_clear_core(&world->core);
    fast_cache_release(world->last);
    fast_scale_clear(&world->cnode);
    fast_scale_clear(&world->pages);
    fast_scale_clear(&world->payload);
    fast_scale_clear(&world->dump);
    free(world);
}

static int open(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_world **result)
{
    *result = NULL;
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    fast_fault_ask_again();
    struct fast_reader reader = fast_scale_reader(bytes, size);
    struct fast_world value;
    fast_exchange_decode(&reader, &value);
    int error = fast_scale_read_whole(&reader);
    error = error > 0 ? ASSAY_ERROR_ARGUMENT : error;
    struct assay_world *world = error == 0 ? calloc(1, sizeof(*world)) : NULL;
    if (error == 0) {
        error = world == NULL ? ASSAY_ERROR_MEMORY : take_world(&world->core, &value);
    }
    fast_exchange_clear(&value);
    if (error != 0) {
        close(world);
        return error;
    }
    *result = world;
    return 0;
}

/* ---- results --------------------------------------------------------------------------------- */

static struct assay_bytes bytes_of(const struct fast_out *out)
{
    return (struct assay_bytes){out->data, out->size};
}

static int give_result(struct assay_world *world, struct assay_result *result)
{
    const struct fast_activation *now = &world->core.activation;
    world->cnode.size = world->pages.size = world->payload.size = 0;
    fast_cap_root_encode(&world->cnode, &now->root);
    fast_pool_encode(&world->pages, now->guest);
    if (now->outcome == ASSAY_OUTCOME_PAUSED) {
        fast_cap_encode(&world->payload, &now->payload);
    }
    if (world->cnode.failed || world->pages.failed || world->payload.failed) {
        world->cnode.failed = world->pages.failed = world->payload.failed = false;
        return ASSAY_ERROR_MEMORY;
    }
    *result = (struct assay_result){
        .outcome = now->outcome,
        .exit = now->exit,
        .argument = now->argument,
        .state = now->stop.state,
        .gas_used = now->gas_at_entry - now->stop.state.gas,
        .cnode = bytes_of(&world->cnode),
        .pages = bytes_of(&world->pages),
        .payload = bytes_of(&world->payload),
    };
    memcpy(result->instance, &now->chain, FAST_DIGEST_SIZE);
    memcpy(result->instance + FAST_DIGEST_SIZE, &now->content, FAST_DIGEST_SIZE);
    return 0;
}

/* An activation that has ended leaves the stack. */
static int finish(struct assay_world *world, struct assay_result *result)
{
    int error = give_result(world, result);
    if (!world->core.is_paused) {
        fast_call_clear(&world->core.activation);
    }
    return error;
}

/* ---- running --------------------------------------------------------------------------------- */

static int open_image(struct assay_world *world, const struct assay_bytes *bytes)
{
    struct fast_image *last = world->last;
    if (last != NULL && last->size == bytes->size && memcmp(last->bytes, bytes->data, bytes->size) == 0) {
        return 0;
    }
    struct fast_image *image;
    int outcome = fast_cache_open(bytes->data, bytes->size, &image);
    if (outcome == 0) {
        fast_cache_release(last);
        world->last = image;
    }
    return outcome;
}

/* The root CNode of the next activation; < 0 when it is refused. */
static int take_root(struct fast_core *core, const struct assay_bytes *bytes)
{
    struct fast_reader reader = fast_scale_reader(bytes->data, bytes->size);
    struct fast_cap cnode;
    fast_cap_decode_cnode(&reader, &cnode);
    int error = fast_scale_read_whole(&reader);
    error = error > 0 ? ASSAY_ERROR_ARGUMENT : error;
    if (error == 0 && cnode.size_log > FAST_root_size_log) {
        error = ASSAY_ERROR_ARGUMENT;
    }
    if (error == 0 && core->waiting_count == FAST_stack_max) {
        error = ASSAY_CALL_STACK_FULL;
    }
    if (error == 0) {
        fast_cap_root_fill(&core->activation.root, &cnode);
    }
    fast_cap_release(&cnode);
    return error;
}

/* call/run/admits_first, call/stack/depth, call/run/reference_on_top */
static int run(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    int outcome = open_image(world, &invocation->image);
    if (outcome != 0) {
        return outcome;
    }
    if (world->core.is_paused) {
        return ASSAY_ERROR_ARGUMENT;
    }
    outcome = take_root(&world->core, &invocation->cnode);
    if (outcome != 0) {
        return outcome;
    }
    struct fast_start start = {.image = world->last, .endpoint = invocation->endpoint, .gas = invocation->gas};
    memcpy(&start.chain, invocation->instance, FAST_DIGEST_SIZE);
    memcpy(&start.content, invocation->instance + FAST_DIGEST_SIZE, FAST_DIGEST_SIZE);
    outcome = fast_call_run(&world->core, &start);
    return outcome == 0 ? finish(world, result) : outcome;
}

/* yield/resume/not_paused */
static int resume(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    struct fast_cap cap = {.kind = FAST_KIND_EMPTY};
    if (scratchpad != NULL) {
        struct fast_reader reader = fast_scale_reader(scratchpad->data, scratchpad->size);
        fast_cap_decode(&reader, &cap);
        int error = fast_scale_read_whole(&reader);
        if (error != 0) {
            fast_cap_release(&cap);
            return error > 0 ? ASSAY_ERROR_ARGUMENT : error;
        }
    }
    if (!world->core.is_paused) {
        fast_cap_release(&cap);
        return ASSAY_CALL_NOT_PAUSED;
    }
    int error = fast_call_resume(&world->core, scratchpad == NULL ? NULL : &cap);
    return error == 0 ? finish(world, result) : error;
}

/* ---- the dump -------------------------------------------------------------------------------- */

enum { RUNNING, WAITING };
enum { DUMP_INSTANCE, DUMP_REFERENCE };

static void put_reference(struct fast_out *out, uint8_t status, uint32_t target)
{
    fast_scale_put_u8(out, DUMP_REFERENCE);
    fast_scale_put_u8(out, status);
    fast_scale_put_u32(out, target);
}

static void put_instance(struct fast_out *out, uint8_t status, const struct fast_digest *chain,
                         const struct fast_digest *content, const struct fast_image *image)
{
    fast_scale_put_u8(out, DUMP_INSTANCE);
    fast_scale_put_u8(out, status);
    fast_scale_put_digest(out, chain);
    fast_scale_put_digest(out, content);
    fast_scale_put_digest(out, &image->hash);
}

static void put_waiting(struct fast_out *out, uint8_t status, const struct fast_waiting *waiting)
{
    if (waiting->is_reference) {
        put_reference(out, status, waiting->target);
        return;
    }
    put_instance(out, status, &waiting->chain, &waiting->content, waiting->image);
    fast_cap_encode_cnode(out, &waiting->cnode);
    fast_scale_put_u8(out, 0);
}

static void put_paused(struct fast_out *out, const struct fast_core *core)
{
    const struct fast_activation *now = &core->activation;
    put_instance(out, WAITING, &now->chain, &now->content, now->current);
    fast_cap_root_encode(out, &now->root);
    fast_scale_put_u8(out, 1);
    fast_scale_put_u64(out, now->stop.state.pc);
    fast_scale_put_u64(out, now->has_meter ? 0 : now->stop.state.gas);
    fast_scale_put_u8(out, now->has_meter);
    if (now->has_meter) {
        fast_scale_put_u64(out, now->meter);
    }
    fast_scale_put(out, now->stop.state.reg, sizeof(now->stop.state.reg));
    fast_pool_encode(out, now->guest);
    put_reference(out, RUNNING, core->catcher);
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    struct fast_core *core = &world->core;
    struct fast_out *out = &world->dump;
    out->size = 0;
    fast_state_encode(out, &core->state);
    fast_tables_encode(out, &core->tables, true);
    fast_scale_put_u32(out, (uint32_t)core->waiting_count + (core->is_paused ? 2 : 0));
    for (size_t i = 0; i < core->waiting_count; i++) {
        bool is_top = !core->is_paused && i + 1 == core->waiting_count;
        put_waiting(out, is_top ? RUNNING : WAITING, &core->waiting[i]);
    }
    if (core->is_paused) {
        put_paused(out, core);
    }
    if (out->failed) {
        out->failed = false;
        return ASSAY_ERROR_MEMORY;
    }
    *bytes = bytes_of(out);
    return 0;
}

static int observe(struct assay_world *world, const struct assay_observer *observer)
{
    return fast_call_observe(&world->core, observer);
}

const struct assay_invocation_level fast_world_level = {
    .size = sizeof(struct assay_invocation_level),
    .open = open,
    .close = close,
    .run = run,
    .resume = resume,
    .dump = dump,
    .observe = observe,
};
