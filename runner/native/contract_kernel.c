/* The contract of the kernel's levels: codec, invocation, chain. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

/* ---- small encodings (image.md, exchange.md) ----------------------------------------------------------------------
 */

enum { ENCODING_MAX = 256 };

struct encoding {
    uint8_t data[ENCODING_MAX];
    size_t size;
};

static void put(struct encoding *encoding, const void *data, size_t size)
{
    memcpy(encoding->data + encoding->size, data, size);
    encoding->size += size;
}

static void put_zeros(struct encoding *encoding, size_t size)
{
    memset(encoding->data + encoding->size, 0, size);
    encoding->size += size;
}

static void put_u32(struct encoding *encoding, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    put(encoding, bytes, sizeof bytes);
}

/* An Image of one trap, with endpoint 0 at pc 0 and nothing else. */
static struct encoding image_of(const struct contract_blob *blob)
{
    struct encoding image = {0};
    put_u32(&image, (uint32_t)blob->size);
    put(&image, blob->data, blob->size);
    put_u32(&image, 1);               /* endpoints */
    put_zeros(&image, 1 + 8 + 2);     /* index, entry_pc, two counts */
    put_zeros(&image, 4);             /* initial_regs */
    put_zeros(&image, (size_t)5 * 4); /* mappings, gas, quota, pinned, initial */
    put_zeros(&image, 1);             /* no yield marker */
    return image;
}

static struct encoding good_image(void)
{
    struct contract_blob blob = contract_trap();
    return image_of(&blob);
}

/* sigma without an entry, no tables, an empty stack. */
static struct encoding empty_state(void)
{
    struct encoding state = {0};
    put_zeros(&state, 5 * 4 + 3 * 8);
    return state;
}

static struct encoding empty_world(void)
{
    struct encoding world = empty_state();
    put_zeros(&world, 3 * 4 + 4);
    return world;
}

/* ---- codec
 * ----------------------------------------------------------------------------------------------------------- */

static void decode_optional(struct contract *contract)
{
    const struct assay_codec_level *codec = contract->engine->codec;
    struct encoding image = good_image();
    uint8_t again[ENCODING_MAX];
    size_t size = 0, offset = 0;
    contract_equal(contract, "decode without again and offset", 0,
                   codec->decode(ASSAY_REVISION_1, ASSAY_TYPE_IMAGE, image.data, image.size, NULL, NULL, NULL));
    contract_equal(contract, "decode", 0,
                   codec->decode(ASSAY_REVISION_1, ASSAY_TYPE_IMAGE, image.data, image.size, &offset, again, &size));
    contract_equal(contract, "size of the encoding", (int64_t)image.size, (int64_t)size);
    contract_same(contract, "the encoding", image.data, again, size);
    contract_equal(contract, "decode of a part", ASSAY_DECODE_UNEXPECTED_EOF,
                   codec->decode(ASSAY_REVISION_1, ASSAY_TYPE_IMAGE, image.data, image.size - 1, NULL, NULL, NULL));
    contract_equal(contract, "admit without offset", 0, codec->admit(image.data, image.size, NULL));
}

static void codec_revision(struct contract *contract)
{
    const struct assay_codec_level *codec = contract->engine->codec;
    struct encoding image = good_image();
    uint8_t digest[32];
    contract_equal(contract, "decode of revision 0", ASSAY_ERROR_UNSUPPORTED,
                   codec->decode(0, ASSAY_TYPE_IMAGE, image.data, image.size, NULL, NULL, NULL));
    contract_equal(contract, "hash of revision 99", ASSAY_ERROR_UNSUPPORTED,
                   codec->hash(99, ASSAY_HASH_BYTES, image.data, image.size, digest));
}

static void hash_sizes(struct contract *contract)
{
    const struct assay_codec_level *codec = contract->engine->codec;
    const uint8_t bytes[65] = {0};
    uint8_t digest[32];
    contract_equal(contract, "bmt of 33 bytes", ASSAY_ERROR_ARGUMENT,
                   codec->hash(ASSAY_REVISION_1, ASSAY_HASH_BMT, bytes, 33, digest));
    contract_equal(contract, "chain of 65 bytes", ASSAY_ERROR_ARGUMENT,
                   codec->hash(ASSAY_REVISION_1, ASSAY_HASH_CHAIN, bytes, 65, digest));
    contract_equal(contract, "H of nothing", 0, codec->hash(ASSAY_REVISION_1, ASSAY_HASH_BYTES, NULL, 0, digest));
}

/* ---- invocation
 * -------------------------------------------------------------------------------------------------------- */

static struct assay_world *open_world(struct contract *contract)
{
    struct encoding encoded = empty_world();
    struct assay_world *world = NULL;
    contract_equal(contract, "open", 0,
                   contract->engine->invocation->open(ASSAY_REVISION_1, encoded.data, encoded.size, &world));
    contract_true(contract, "open gives a world", world != NULL);
    return world;
}

static void refuse_world(struct contract *contract, const char *what, uint32_t revision, const struct encoding *world,
                         int expected)
{
    struct assay_world *result = (struct assay_world *)&result; /* anything but NULL */
    contract_equal(contract, what, expected,
                   contract->engine->invocation->open(revision, world->data, world->size, &result));
    contract_true(contract, "*result is NULL", result == NULL);
}

static void open_malformed(struct contract *contract)
{
    struct encoding encoded = empty_world();
    for (struct encoding part = {0}; part.size < encoded.size; part.size++) {
        memcpy(part.data, encoded.data, part.size);
        refuse_world(contract, "open of a part of a World", ASSAY_REVISION_1, &part, ASSAY_ERROR_ARGUMENT);
    }
    refuse_world(contract, "open of an unknown revision", 99, &encoded, ASSAY_ERROR_UNSUPPORTED);
    put_zeros(&encoded, 1);
    refuse_world(contract, "open with a byte too many", ASSAY_REVISION_1, &encoded, ASSAY_ERROR_ARGUMENT);
    struct encoding reference = empty_state();
    put_zeros(&reference, (size_t)3 * 4);
    put_u32(&reference, 1);
    put(&reference, "\1\0\0\0\0", 5); /* a stack of one reference, to itself */
    refuse_world(contract, "open with a reference at the bottom", ASSAY_REVISION_1, &reference, ASSAY_ERROR_ARGUMENT);
}

static void run_world(struct contract *contract)
{
    const struct assay_invocation_level *level = contract->engine->invocation;
    struct assay_world *world = open_world(contract);
    struct encoding image = good_image();
    const uint8_t cnode[] = {8, 0, 0, 0, 0};
    struct assay_invocation invocation = {
        .image = {image.data, image.size}, .cnode = {cnode, sizeof cnode}, .gas = 1000};
    struct assay_result result = {0};
    contract_equal(contract, "run", 0, level->run(world, &invocation, &result));
    contract_equal(contract, "outcome of a trap", ASSAY_OUTCOME_FAULTED, result.outcome);
    contract_equal(contract, "exit", ASSAY_EXIT_TRAP, result.exit);
    contract_true(contract, "the final cnode is given", result.cnode.size >= 5);
    invocation.image.size = 3;
    contract_true(contract, "run of bytes that are no Image", level->run(world, &invocation, &result) > 0);
    invocation.image.size = image.size;
    invocation.cnode.size = 4;
    contract_true(contract, "run with a CNode that does not decode", level->run(world, &invocation, &result) < 0);
    contract_equal(contract, "resume with nothing paused", ASSAY_CALL_NOT_PAUSED, level->resume(world, NULL, &result));
    level->close(world);
    level->close(NULL);
}

static void dump_repeats(struct contract *contract)
{
    const struct assay_invocation_level *level = contract->engine->invocation;
    struct assay_world *world = open_world(contract);
    struct encoding expected = empty_world();
    struct assay_bytes dump = {0};
    for (int i = 0; i < 3; i++) {
        contract_equal(contract, "dump", 0, level->dump(world, &dump));
        contract_equal(contract, "size of the dump of an empty world", (int64_t)expected.size, (int64_t)dump.size);
        contract_same(contract, "the dump", expected.data, dump.data, dump.size);
    }
    level->close(world);
}

/* ---- chain
 * ---------------------------------------------------------------------------------------------------------------- */

static void genesis_refuses(struct contract *contract)
{
    const struct assay_chain_level *level = contract->engine->chain;
    struct encoding image = good_image();
    struct assay_chain *chain = (struct assay_chain *)&chain; /* anything but NULL */
    contract_true(contract, "genesis of half an Image", level->genesis(ASSAY_REVISION_1, image.data, 9, &chain) > 0);
    contract_true(contract, "*chain is NULL", chain == NULL);
    chain = (struct assay_chain *)&chain;
    contract_equal(contract, "genesis of an unknown revision", ASSAY_ERROR_UNSUPPORTED,
                   level->genesis(99, image.data, image.size, &chain));
    contract_true(contract, "*chain is NULL", chain == NULL);
    level->close(NULL);
}

static void state_and_root(struct contract *contract)
{
    const struct assay_chain_level *level = contract->engine->chain;
    struct encoding image = good_image();
    struct assay_chain *chain = NULL, *other = NULL;
    contract_equal(contract, "genesis", 0, level->genesis(ASSAY_REVISION_1, image.data, image.size, &chain));
    contract_equal(contract, "genesis", 0, level->genesis(ASSAY_REVISION_1, image.data, image.size, &other));
    uint8_t before[32], after[32], hashed[32];
    contract_equal(contract, "root", 0, level->root(chain, before));
    const struct assay_event event = {.payload = {(const uint8_t *)"hi", 2}, .gas = 1000};
    struct assay_event_result result;
    memset(&result, 0xaa, sizeof result);
    contract_equal(contract, "apply", 0, level->apply(chain, &event, &result));
    contract_equal(contract, "outcome of a trap", ASSAY_OUTCOME_FAULTED, result.outcome);
    contract_equal(contract, "value of a fault", 0, (int64_t)result.value);
    contract_equal(contract, "root", 0, level->root(chain, after));
    struct assay_bytes state = {0};
    contract_equal(contract, "state", 0, level->state(chain, &state));
    if (engine_level(contract->engine, ENGINE_CODEC) != NULL) {
        contract_equal(
            contract, "hash of the state", 0,
            contract->engine->codec->hash(ASSAY_REVISION_1, ASSAY_HASH_STATE, state.data, state.size, hashed));
        contract_same(contract, "root is the hash of the state", after, hashed, sizeof after);
    }
    uint8_t untouched[32];
    contract_equal(contract, "root of the other chain", 0, level->root(other, untouched));
    contract_same(contract, "the other chain is untouched", before, untouched, sizeof before);
    level->close(chain);
    level->close(other);
}

const struct contract_check contract_kernel[] = {
    {"codec/decode/optional", "offset and again may be NULL", NEEDS_CODEC, decode_optional},
    {"codec/revision", "an unknown revision is ASSAY_ERROR_UNSUPPORTED", NEEDS_CODEC, codec_revision},
    {"codec/hash/size", "a wrong size of bmt or chain is ASSAY_ERROR_ARGUMENT", NEEDS_CODEC, hash_sizes},
    {"invocation/open/malformed", "a World that is not well formed is ASSAY_ERROR_ARGUMENT", NEEDS_INVOCATION,
     open_malformed},
    {"invocation/run", "run and resume give the outcomes that the header lists", NEEDS_INVOCATION, run_world},
    {"invocation/dump", "dump gives the whole world, again and again", NEEDS_INVOCATION, dump_repeats},
    {"chain/genesis", "genesis refuses what is no Image, and an unknown revision", NEEDS_CHAIN, genesis_refuses},
    {"chain/state_and_root", "root is the hash of state; chains do not touch each other", NEEDS_CHAIN, state_and_root},
};
const size_t contract_kernel_count = sizeof contract_kernel / sizeof *contract_kernel;
