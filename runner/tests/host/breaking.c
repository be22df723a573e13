/*
 * Around the engine ref: one that breaks in the call that ASSAY_TEST_BREAKS names, "read:dies" or "read:hangs", and is
 * right in all others.
 */
#include "assay.h"

#include <stdlib.h>
#include <string.h>

extern const struct assay_engine assay_ref;

static void meet(const char *call)
{
    const char *asked = getenv("ASSAY_TEST_BREAKS");
    size_t size = strlen(call);
    if (asked == NULL || strncmp(asked, call, size) != 0 || asked[size] != ':') {
        return;
    }
    if (strcmp(asked + size + 1, "dies") == 0) {
        abort();
    }
    for (volatile int turn = 0;; turn = 1 - turn) {
    }
}

/* ---- the machine --------------------------------------------------------------------------- */

static int load(const struct assay_program *program, struct assay_machine **machine)
{
    meet("load");
    return assay_ref.machine->load(program, machine);
}

static void unload(struct assay_machine *machine)
{
    if (machine != NULL) {
        meet("unload");
    }
    assay_ref.machine->unload(machine);
}

static int run(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop)
{
    meet("run");
    return assay_ref.machine->run(machine, state, until, stop);
}

static int resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop)
{
    meet("resume");
    return assay_ref.machine->resume(machine, state, until, stop);
}

static int read_memory(struct assay_machine *machine, uint32_t address, void *data, size_t size)
{
    meet("read");
    return assay_ref.machine->read(machine, address, data, size);
}

static int write_memory(struct assay_machine *machine, uint32_t address, const void *data, size_t size)
{
    meet("write");
    return assay_ref.machine->write(machine, address, data, size);
}

static int observe(struct assay_machine *machine, const struct assay_observer *observer)
{
    return assay_ref.machine->observe(machine, observer);
}

static const struct assay_machine_level machine_level = {
    .size = sizeof machine_level,
    .load = load,
    .unload = unload,
    .run = run,
    .resume = resume,
    .read = read_memory,
    .write = write_memory,
    .observe = observe,
};

/* ---- the codec ----------------------------------------------------------------------------- */

static int decode(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size)
{
    meet("decode");
    return assay_ref.codec->decode(revision, type, bytes, size, offset, again, again_size);
}

static int admit(const uint8_t *image, size_t size, size_t *offset)
{
    meet("admit");
    return assay_ref.codec->admit(image, size, offset);
}

static int hash(uint32_t revision, uint32_t kind, const uint8_t *value, size_t size, uint8_t digest[32])
{
    meet("hash");
    return assay_ref.codec->hash(revision, kind, value, size, digest);
}

static const struct assay_codec_level codec_level = {
    .size = sizeof codec_level,
    .decode = decode,
    .admit = admit,
    .hash = hash,
};

/* ---- worlds -------------------------------------------------------------------------------- */

static int open_world(uint32_t revision, const uint8_t *bytes, size_t size, struct assay_world **world)
{
    meet("world_open");
    return assay_ref.invocation->open(revision, bytes, size, world);
}

static void close_world(struct assay_world *world)
{
    if (world != NULL) {
        meet("world_close");
    }
    assay_ref.invocation->close(world);
}

static int run_world(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result)
{
    meet("world_run");
    return assay_ref.invocation->run(world, invocation, result);
}

static int resume_world(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result)
{
    meet("world_resume");
    return assay_ref.invocation->resume(world, scratchpad, result);
}

static int dump(struct assay_world *world, struct assay_bytes *bytes)
{
    meet("world_dump");
    return assay_ref.invocation->dump(world, bytes);
}

static int observe_world(struct assay_world *world, const struct assay_observer *observer)
{
    return assay_ref.invocation->observe(world, observer);
}

static const struct assay_invocation_level invocation_level = {
    .size = sizeof invocation_level,
    .open = open_world,
    .close = close_world,
    .run = run_world,
    .resume = resume_world,
    .dump = dump,
    .observe = observe_world,
};

/* ---- chains -------------------------------------------------------------------------------- */

static int genesis(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain)
{
    meet("chain_genesis");
    return assay_ref.chain->genesis(revision, image, size, chain);
}

static void close_chain(struct assay_chain *chain)
{
    if (chain != NULL) {
        meet("chain_close");
    }
    assay_ref.chain->close(chain);
}

static int apply(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result)
{
    meet("chain_apply");
    return assay_ref.chain->apply(chain, event, result);
}

static int state(struct assay_chain *chain, struct assay_bytes *bytes)
{
    meet("chain_state");
    return assay_ref.chain->state(chain, bytes);
}

static int root(struct assay_chain *chain, uint8_t hash[32])
{
    meet("chain_root");
    return assay_ref.chain->root(chain, hash);
}

static int instance(struct assay_chain *chain, uint8_t bytes[64])
{
    meet("chain_instance");
    return assay_ref.chain->instance(chain, bytes);
}

static int observe_chain(struct assay_chain *chain, const struct assay_observer *observer)
{
    return assay_ref.chain->observe(chain, observer);
}

static const struct assay_chain_level chain_level = {
    .size = sizeof chain_level,
    .genesis = genesis,
    .close = close_chain,
    .apply = apply,
    .state = state,
    .root = root,
    .instance = instance,
    .observe = observe_chain,
};

const struct assay_engine assay_breaking = {
    .size = sizeof assay_breaking,
    .abi = ASSAY_ABI,
    .name = "breaking",
    .version = "1",
    .features = ASSAY_FEATURE_BLOCKS | ASSAY_FEATURE_INSTRUCTIONS,
    .revisions = (UINT64_C(1) << ASSAY_REVISION_1) | (UINT64_C(1) << ASSAY_REVISION_2),
    .profiles = UINT64_C(1) << ASSAY_PROFILE_JAR,
    .machine = &machine_level,
    .codec = &codec_level,
    .invocation = &invocation_level,
    .chain = &chain_level,
};
