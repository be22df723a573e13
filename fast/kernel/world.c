/*
 * The invocation level (assay.h): a world of sigma, tables and a stack, and runs in it.
 *
 * Results are built in buffers that the world keeps for the next ones.
 */
#include "kernel.h"

#include <stdlib.h>

struct assay_world {
    struct kernel_core core;
    struct kernel_image *last; /* the Image that was run last: its bytes come again and again */
    struct kernel_out cnode, pages, payload, dump;
};

/* ---- opening -------------------------------------------------------------------------------- */

static int take_instance(struct kernel_waiting *to, struct kernel_entry_value *from)
{
    if (from->cnode.size_log > KERNEL_root_size_log) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int outcome = kernel_image_open(from->image, from->image_size, &to->image);
    if (outcome != 0) {
        to->image = NULL;
        return outcome > 0 ? ASSAY_ERROR_ARGUMENT : outcome;
    }
    to->chain = from->chain;
    to->content = from->content;
    to->cnode = from->cnode;
    from->cnode = (struct kernel_cap){.kind = KERNEL_EMPTY};
    kernel_waiting_catcher(to);
    return 0;
}

/* exchange.md: a reference's target is an Instance entry below it, and the last entry is no reference. */
static int take_entry(struct kernel_waiting *waiting, struct kernel_entry_value *entry, size_t at, bool is_last)
{
    if (!entry[at].is_reference) {
        return take_instance(&waiting[at], &entry[at]);
    }
    uint32_t target = entry[at].target;
    if (is_last || target >= at || entry[target].is_reference) {
        return ASSAY_ERROR_ARGUMENT;
    }
    waiting[at].is_reference = true;
    waiting[at].target = target;
    return 0;
}

static int take_stack(struct kernel_core *core, struct kernel_world_value *value)
{
    if (value->entry_count > KERNEL_stack_max) {
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

static bool payloads_are_true(const struct kernel_payloads *payloads)
{
    for (size_t i = 0; i < payloads->count; i++) {
        struct kernel_digest digest;
        kernel_hash(payloads->order[i]->data, payloads->order[i]->size, &digest);
        if (!kernel_same(&digest, &payloads->order[i]->digest)) {
            return false;
        }
    }
    return true;
}

/* Moves the parts of a value into a core. */
static int take_world(struct kernel_core *core, struct kernel_world_value *value)
{
    if (!payloads_are_true(&value->state.payloads)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    int error = take_stack(core, value);
    if (error == 0) {
        core->state = value->state;
        core->tables = value->tables;
        value->state = (struct kernel_state){.file = NULL};
        value->tables = (struct kernel_tables){.catcher = NULL};
    }
    return error;
}

static void close(struct assay_world *world)
{
    if (world == NULL) {
        return;
    }
    kernel_core_clear(&world->core);
    kernel_image_release(world->last);
    kernel_out_clear(&world->cnode);
    kernel_out_clear(&world->pages);
    kernel_out_clear(&world->payload);
    kernel_out_clear(&world->dump);
    free(world);
}

static int open(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_world **result)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    *result = NULL;
    struct kernel_reader reader = kernel_reader(bytes, size);
    struct kernel_world_value value;
    kernel_world_decode(&reader, &value);
    int error = kernel_read_whole(&reader);
    error = error > 0 ? ASSAY_ERROR_ARGUMENT : error;
    struct assay_world *world = error == 0 ? calloc(1, sizeof(*world)) : NULL;
    if (error == 0) {
        error = world == NULL ? ASSAY_ERROR_MEMORY : take_world(&world->core, &value);
    }
    kernel_world_clear(&value);
    if (error != 0) {
        close(world);
        return error;
    }
    *result = world;
    return 0;
}

/* ---- results -------------------------------------------------------------------------------- */

static struct assay_bytes bytes_of(const struct kernel_out *out)
{
    return (struct assay_bytes){out->data, out->size};
}

static int give_result(struct assay_world *world, struct assay_result *result)
{
    const struct kernel_activation *now = &world->core.activation;
    world->cnode.size = world->pages.size = world->payload.size = 0;
    kernel_root_encode(&world->cnode, &now->root);
    kernel_vm_encode(&world->pages, now->vm);
    if (now->outcome == ASSAY_OUTCOME_PAUSED) {
        kernel_cap_encode(&world->payload, &now->payload);
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
    memcpy(result->instance, &now->chain, KERNEL_DIGEST_SIZE);
    memcpy(result->instance + KERNEL_DIGEST_SIZE, &now->content, KERNEL_DIGEST_SIZE);
    return 0;
}

/* An activation that has ended leaves the stack. */
static int finish(struct assay_world *world, struct assay_result *result)
{
    int error = give_result(world, result);
    if (!world->core.is_paused) {
        kernel_activation_clear(&world->core.activation);
    }
    return error;
}

/* ---- running -------------------------------------------------------------------------------- */

static int open_image(struct assay_world *world, const struct assay_bytes *bytes)
{
    struct kernel_image *last = world->last;
    if (last != NULL && last->size == bytes->size && memcmp(last->bytes, bytes->data, bytes->size) == 0) {
        return 0;
    }
    struct kernel_image *image;
    int outcome = kernel_image_open(bytes->data, bytes->size, &image);
    if (outcome == 0) {
        kernel_image_release(last);
        world->last = image;
    }
    return outcome;
}

/* The root CNode of the next activation; < 0 when it is refused. */
static int take_root(struct kernel_core *core, const struct assay_bytes *bytes)
{
    struct kernel_reader reader = kernel_reader(bytes->data, bytes->size);
    struct kernel_cap cnode;
    kernel_cnode_decode(&reader, &cnode);
    int error = kernel_read_whole(&reader);
    error = error > 0 ? ASSAY_ERROR_ARGUMENT : error;
    if (error == 0 && cnode.size_log > KERNEL_root_size_log) {
        error = ASSAY_ERROR_ARGUMENT;
    }
    if (error == 0 && core->waiting_count == KERNEL_stack_max) {
        error = ASSAY_CALL_STACK_FULL;
    }
    if (error == 0) {
        kernel_root_fill(&core->activation.root, &cnode);
    }
    kernel_cap_release(&cnode);
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
    struct kernel_start start = {.image = world->last, .endpoint = invocation->endpoint, .gas = invocation->gas};
    memcpy(&start.chain, invocation->instance, KERNEL_DIGEST_SIZE);
    memcpy(&start.content, invocation->instance + KERNEL_DIGEST_SIZE, KERNEL_DIGEST_SIZE);
    outcome = kernel_run(&world->core, &start);
    return outcome == 0 ? finish(world, result) : outcome;
}

/* yield/resume/not_paused */
static int resume(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    struct kernel_cap cap = {.kind = KERNEL_EMPTY};
    if (scratchpad != NULL) {
        struct kernel_reader reader = kernel_reader(scratchpad->data, scratchpad->size);
        kernel_cap_decode(&reader, &cap);
        int error = kernel_read_whole(&reader);
        if (error != 0) {
            kernel_cap_release(&cap);
            return error > 0 ? ASSAY_ERROR_ARGUMENT : error;
        }
    }
    if (!world->core.is_paused) {
        kernel_cap_release(&cap);
        return ASSAY_CALL_NOT_PAUSED;
    }
    int error = kernel_resume(&world->core, scratchpad == NULL ? NULL : &cap);
    return error == 0 ? finish(world, result) : error;
}

/* ---- the dump ------------------------------------------------------------------------------- */

enum { RUNNING, WAITING, DUMP_INSTANCE = 0, DUMP_REFERENCE = 1 };

static void put_reference(struct kernel_out *out, uint8_t status, uint32_t target)
{
    kernel_put_u8(out, DUMP_REFERENCE);
    kernel_put_u8(out, status);
    kernel_put_u32(out, target);
}

static void put_instance(struct kernel_out *out, uint8_t status, const struct kernel_digest *chain,
                         const struct kernel_digest *content, const struct kernel_image *image)
{
    kernel_put_u8(out, DUMP_INSTANCE);
    kernel_put_u8(out, status);
    kernel_put_digest(out, chain);
    kernel_put_digest(out, content);
    kernel_put_digest(out, &image->hash);
}

static void put_waiting(struct kernel_out *out, uint8_t status, const struct kernel_waiting *waiting)
{
    if (waiting->is_reference) {
        put_reference(out, status, waiting->target);
        return;
    }
    put_instance(out, status, &waiting->chain, &waiting->content, waiting->image);
    kernel_cnode_encode(out, &waiting->cnode);
    kernel_put_u8(out, 0);
}

static void put_paused(struct kernel_out *out, const struct kernel_core *core)
{
    const struct kernel_activation *now = &core->activation;
    put_instance(out, WAITING, &now->chain, &now->content, now->current);
    kernel_root_encode(out, &now->root);
    kernel_put_u8(out, 1);
    kernel_put_u64(out, now->stop.state.pc);
    kernel_put_u64(out, now->stop.state.gas);
    kernel_put(out, now->stop.state.reg, sizeof(now->stop.state.reg));
    kernel_vm_encode(out, now->vm);
    put_reference(out, RUNNING, core->catcher);
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    struct kernel_core *core = &world->core;
    struct kernel_out *out = &world->dump;
    out->size = 0;
    kernel_state_encode(out, &core->state);
    kernel_tables_encode(out, &core->tables, true);
    kernel_put_u32(out, (uint32_t)core->waiting_count + (core->is_paused ? 2 : 0));
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
    return kernel_observe(&world->core, observer);
}

const struct assay_invocation_level kernel_invocation_level = {
    .size = sizeof(struct assay_invocation_level),
    .open = open,
    .close = close,
    .run = run,
    .resume = resume,
    .dump = dump,
    .observe = observe,
};
