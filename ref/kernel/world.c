/* The invocation level: a world built by hand, runs and resumes on it (exchange.md, call.md, yield.md). */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

struct assay_world {
    struct ref_region *region;
    struct ref_world given;
    struct ref_kernel kernel; /* on the state of the given one */
};

static void close_world(struct assay_world *world)
{
    if (world != NULL) {
        ref_region_free(world->region);
        free(world);
    }
}

/* A reader of a copy that lasts as long as the world. */
static struct ref_reader reader_of(struct assay_world *world, struct assay_bytes bytes)
{
    struct assay_bytes own = ref_region_copy(world->region, bytes);
    return (struct ref_reader){.region = world->region, .data = own.data, .size = own.size};
}

static int fill_world(struct assay_world *world, struct assay_bytes bytes)
{
    struct ref_reader reader = reader_of(world, bytes);
    world->given = ref_exchange_read_world(&reader);
    bool is_good =
        ref_scale_read_end(&reader) == 0 && ref_exchange_open_world(world->region, &world->given, &world->kernel);
    return is_good ? 0 : ASSAY_ERROR_ARGUMENT;
}

static int open_world(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_world **result)
{
    *result = NULL;
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    struct assay_world *world = calloc(1, sizeof(*world));
    if (world == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    world->region = ref_region_new();
    int error;
    REF_REGION_TRY(error, world->region, fill_world(world, (struct assay_bytes){bytes, size}));
    if (error != 0) {
        close_world(world);
        return error;
    }
    *result = world;
    return 0;
}

static void fill_result(struct ref_region *region, const struct ref_ending *ending, struct assay_result *result)
{
    struct ref_writer cnode = {.region = region}, pages = {.region = region}, payload = {.region = region};
    ref_cap_write_cnode(&cnode, &ending->cnode);
    ref_exchange_write_pages(&pages, &ending->pages);
    if (ending->payload.kind != REF_KIND_empty) {
        ref_cap_write(&payload, &ending->payload);
    }
    *result = (struct assay_result){
        .outcome = ending->outcome,
        .exit = ending->exit,
        .argument = ending->argument,
        .state = ending->state,
        .gas_used = ending->gas_used,
        .cnode = ref_scale_written(&cnode),
        .pages = ref_scale_written(&pages),
        .payload = ref_scale_written(&payload),
    };
    memcpy(result->instance, ending->chain.byte, REF_HASH_SIZE);
    memcpy(result->instance + REF_HASH_SIZE, ending->content.byte, REF_HASH_SIZE);
}

static bool reference_is_on_top(const struct ref_kernel *kernel)
{
    return kernel->depth > 0 && kernel->entry[kernel->depth - 1].is_reference;
}

static int run_on(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    struct ref_kernel *kernel = &world->kernel;
    struct ref_start start = {.endpoint = invocation->endpoint, .gas = invocation->gas};
    struct assay_bytes image = ref_region_copy(world->region, invocation->image);
    int rejected = ref_admit_image(world->region, image, &start.image, NULL); /* call/run/admits_first */
    if (rejected != 0) {
        return rejected;
    }
    struct ref_reader reader = reader_of(world, invocation->cnode);
    start.cnode = ref_cap_read_cnode(&reader);
    if (ref_scale_read_end(&reader) != 0 || start.cnode.size_log > REF_root_size_log || reference_is_on_top(kernel)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (kernel->depth == REF_stack_max) {
        return ASSAY_CALL_STACK_FULL;
    }
    memcpy(start.chain.byte, invocation->instance, REF_HASH_SIZE);
    memcpy(start.content.byte, invocation->instance + REF_HASH_SIZE, REF_HASH_SIZE);
    struct ref_ending ending;
    ref_call_run(kernel, &start, &ending);
    fill_result(world->region, &ending, result);
    return 0;
}

static int resume_on(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    struct ref_cap cap = {.kind = REF_KIND_empty};
    if (scratchpad != NULL) {
        struct ref_reader reader = reader_of(world, *scratchpad);
        cap = ref_cap_read(&reader);
        if (ref_scale_read_end(&reader) != 0) {
            return ASSAY_ERROR_ARGUMENT;
        }
    }
    if (!reference_is_on_top(&world->kernel)) {
        return ASSAY_CALL_NOT_PAUSED;
    }
    struct ref_ending ending;
    ref_call_resume(&world->kernel, scratchpad == NULL ? NULL : &cap, &ending);
    fill_result(world->region, &ending, result);
    return 0;
}

static int dump_of(struct assay_world *world, struct assay_bytes *bytes)
{
    *bytes = ref_exchange_dump(&world->kernel);
    return 0;
}

static int run(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    int error;
    REF_REGION_TRY(error, world->region, run_on(world, invocation, result));
    return error;
}

static int resume(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    int error;
    REF_REGION_TRY(error, world->region, resume_on(world, scratchpad, result));
    return error;
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    int error;
    REF_REGION_TRY(error, world->region, dump_of(world, bytes));
    return error;
}

static int observe(struct assay_world *world, const struct assay_observer *observer)
{
    static const struct assay_observer nobody;
    world->kernel.observer = observer == NULL ? nobody : *observer;
    return 0;
}

const struct assay_invocation_level ref_invocation_level = {
    .size = sizeof(struct assay_invocation_level),
    .open = open_world,
    .close = close_world,
    .run = run,
    .resume = resume,
    .dump = dump,
    .observe = observe,
};
