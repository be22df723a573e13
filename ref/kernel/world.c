/* The invocation level: a world built by hand, runs and resumes on it (exchange.md, call.md, yield.md). */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

struct assay_world {
    struct ref_room *room;
    struct ref_kernel kernel;
};

struct task {
    struct assay_world *world;
    struct ref_bytes bytes;
    const struct assay_invocation *invocation;
    const struct assay_bytes *scratchpad;
    struct assay_result *result;
    struct assay_bytes *dump;
};

static void close_world(struct assay_world *world)
{
    if (world != NULL) {
        ref_room_free(world->room);
        free(world);
    }
}

static int open_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_bytes own = ref_copy(room, task->bytes);
    struct ref_reader reader = {.room = room, .data = own.data, .size = own.size};
    return ref_read_world(&reader, &task->world->kernel) == 0 ? 0 : ASSAY_ERROR_ARGUMENT;
}

static int open_world(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_world **result)
{
    if (revision != ASSAY_REVISION_1) {
        return ASSAY_ERROR_UNSUPPORTED;
    }
    *result = NULL;
    struct assay_world *world = calloc(1, sizeof(*world));
    if (world == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    world->room = ref_room_new();
    struct task task = {.world = world, .bytes = {bytes, size}};
    int error = world->room == NULL ? ASSAY_ERROR_MEMORY : ref_room_enter(world->room, open_body, &task);
    if (error != 0) {
        close_world(world);
        return error;
    }
    *result = world;
    return 0;
}

static struct assay_bytes given(const struct ref_writer *writer)
{
    return (struct assay_bytes){writer->data, writer->size};
}

static void fill_result(struct ref_room *room, const struct ref_ending *ending, struct assay_result *result)
{
    *result = (struct assay_result){
        .outcome = ending->outcome,
        .exit = ending->exit,
        .argument = ending->argument,
        .state = ending->state,
        .gas_used = ending->gas_used,
    };
    memcpy(result->instance, ending->chain.byte, REF_HASH_SIZE);
    memcpy(result->instance + REF_HASH_SIZE, ending->content.byte, REF_HASH_SIZE);
    struct ref_writer cnode = {.room = room}, pages = {.room = room}, payload = {.room = room};
    ref_write_cnode(&cnode, &ending->cnode);
    ref_write_pages(&pages, &ending->pages);
    if (ending->payload.kind != REF_KIND_empty) {
        ref_write_cap(&payload, &ending->payload);
    }
    result->cnode = given(&cnode);
    result->pages = given(&pages);
    result->payload = given(&payload);
}

static bool reference_is_on_top(const struct ref_kernel *kernel)
{
    return kernel->depth > 0 && kernel->entry[kernel->depth - 1].is_reference;
}

static int run_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_kernel *kernel = &task->world->kernel;
    const struct assay_invocation *invocation = task->invocation;
    struct ref_start start = {.endpoint = invocation->endpoint, .gas = invocation->gas};
    struct ref_bytes image = ref_copy(room, (struct ref_bytes){invocation->image.data, invocation->image.size});
    int rejected = ref_admit(room, image, &start.image, NULL); /* call/run/admits_first */
    if (rejected != 0) {
        return rejected;
    }
    struct ref_bytes cnode = ref_copy(room, (struct ref_bytes){invocation->cnode.data, invocation->cnode.size});
    struct ref_reader reader = {.room = room, .data = cnode.data, .size = cnode.size};
    start.cnode = ref_read_cnode(&reader);
    if (ref_read_end(&reader) != 0 || start.cnode.size_log > REF_root_size_log || reference_is_on_top(kernel)) {
        return ASSAY_ERROR_ARGUMENT;
    }
    if (kernel->depth == REF_stack_max) {
        return ASSAY_CALL_STACK_FULL;
    }
    memcpy(start.chain.byte, invocation->instance, REF_HASH_SIZE);
    memcpy(start.content.byte, invocation->instance + REF_HASH_SIZE, REF_HASH_SIZE);
    struct ref_ending ending;
    ref_call_run(kernel, &start, &ending);
    fill_result(room, &ending, task->result);
    return 0;
}

static int resume_body(struct ref_room *room, void *arguments)
{
    struct task *task = arguments;
    struct ref_kernel *kernel = &task->world->kernel;
    struct ref_cap scratchpad;
    if (task->scratchpad != NULL) {
        struct ref_bytes own = ref_copy(room, (struct ref_bytes){task->scratchpad->data, task->scratchpad->size});
        struct ref_reader reader = {.room = room, .data = own.data, .size = own.size};
        scratchpad = ref_read_cap(&reader);
        if (ref_read_end(&reader) != 0) {
            return ASSAY_ERROR_ARGUMENT;
        }
    }
    if (!reference_is_on_top(kernel)) {
        return ASSAY_CALL_NOT_PAUSED;
    }
    struct ref_ending ending;
    ref_call_resume(kernel, task->scratchpad == NULL ? NULL : &scratchpad, &ending);
    fill_result(room, &ending, task->result);
    return 0;
}

static int run(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    struct task task = {.world = world, .invocation = invocation, .result = result};
    return ref_room_enter(world->room, run_body, &task);
}

static int resume(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    struct task task = {.world = world, .scratchpad = scratchpad, .result = result};
    return ref_room_enter(world->room, resume_body, &task);
}

static int dump_body(struct ref_room *room, void *arguments)
{
    (void)room;
    struct task *task = arguments;
    struct ref_bytes bytes = ref_dump(&task->world->kernel);
    *task->dump = (struct assay_bytes){bytes.data, bytes.size};
    return 0;
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    struct task task = {.world = world, .dump = bytes};
    return ref_room_enter(world->room, dump_body, &task);
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
