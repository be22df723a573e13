/*
 * The kernel levels: every internal type and prototype, one section a source file.
 *
 *   bytes -> reader -> values (capabilities, Images, states) -> digests, or activations over them
 *
 * Values that several owners share (payloads, nested CNodes, Images) are immutable and counted; a digest is computed
 * once. A root CNode has one owner and is plain memory. sigma and tables are changed in place and remember what
 * they held in a log, so that undoing an event costs what the event changed.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "assay.h"
#include "fast.h"

#include <blake2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kernel_limit {
#define KERNEL_LIMIT(name, value) KERNEL_##name = value,
#include "kernel.def"
};

/* 0 is an empty slot; the discriminator of the exchange encoding is one less. */
enum kernel_kind {
    KERNEL_EMPTY = 0,
#define CAP(name, number) KERNEL_KIND_##name = number + 1,
#include "kernel.def"
};

enum kernel_tag {
#define TAG(name, byte) KERNEL_TAG_##name = byte,
#include "kernel.def"
};

enum kernel_image_name {
#define KERNEL_IMAGE(name, label) KERNEL_IMAGE_##name,
#include "kernel.def"
    KERNEL_IMAGE_COUNT,
};

enum { KERNEL_DIGEST_SIZE = 32 };

struct kernel_digest {
    uint8_t byte[KERNEL_DIGEST_SIZE];
};

static inline bool kernel_same(const struct kernel_digest *a, const struct kernel_digest *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- scale.c: reading and writing ----------------------------------------------------------- */

/* After the first error every read gives 0 and reads nothing. */
struct kernel_reader {
    const uint8_t *start, *at, *end;
    int error;
    size_t error_offset;
};

struct kernel_reader kernel_reader(const uint8_t *bytes, size_t size);
void kernel_fail(struct kernel_reader *reader, int error);
/* `size` bytes of the input, NULL when it ends before. */
const uint8_t *kernel_read(struct kernel_reader *reader, size_t size);
uint8_t kernel_read_u8(struct kernel_reader *reader);
uint32_t kernel_read_u32(struct kernel_reader *reader);
uint64_t kernel_read_u64(struct kernel_reader *reader);
uint32_t kernel_read_count(struct kernel_reader *reader);
/* A Vec<u8>. */
const uint8_t *kernel_read_bytes(struct kernel_reader *reader, uint32_t *size);
void kernel_read_digest(struct kernel_reader *reader, struct kernel_digest *digest);
/* The key of an ascending map: `previous` is the one before it unless this is the first. */
uint64_t kernel_read_key(struct kernel_reader *reader, size_t width, bool first, uint64_t previous);
void kernel_read_digest_key(struct kernel_reader *reader, bool first, struct kernel_digest *key);
/* The verdict on a value that has to be the whole input. */
int kernel_read_whole(struct kernel_reader *reader);

static inline uint32_t kernel_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t kernel_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Bytes that are written: into memory that grows, or through a buffer into a hash. */
struct kernel_out {
    uint8_t *data;
    size_t size, capacity;
    blake2b_state *hash; /* NULL: memory */
    bool failed;         /* there was no memory */
};

void kernel_put(struct kernel_out *out, const void *data, size_t size);
void kernel_put_u8(struct kernel_out *out, uint8_t value);
void kernel_put_u32(struct kernel_out *out, uint32_t value);
void kernel_put_u64(struct kernel_out *out, uint64_t value);
void kernel_put_bytes(struct kernel_out *out, const void *data, size_t size);
void kernel_put_digest(struct kernel_out *out, const struct kernel_digest *digest);
/* Hands what is buffered to the hash. */
void kernel_out_flush(struct kernel_out *out);
void kernel_out_clear(struct kernel_out *out);

/* An array with room for one more entry, or NULL, and the old one stays. */
void *kernel_grow(void *array, size_t count, size_t *capacity, size_t entry);

/* ---- digest.c: hashes ----------------------------------------------------------------------- */

void kernel_hash(const void *data, size_t size, struct kernel_digest *digest);
/* image/hash/chain */
void kernel_hash_chain(const struct kernel_digest *chain, const struct kernel_digest *content,
                       struct kernel_digest *digest);
/* image/hash/bmt; `leaf` is overwritten. */
void kernel_hash_bmt(struct kernel_digest *leaf, size_t count, struct kernel_digest *digest);

struct kernel_cap;
struct kernel_cnode;

void kernel_hash_cap(const struct kernel_cap *cap, struct kernel_digest *digest);
/* The hash of a CNode of `size_log` whose full slots are `cnode`'s, NULL for none. */
void kernel_hash_cnode(uint8_t size_log, struct kernel_cnode *cnode, struct kernel_digest *digest);

/* cap/kernel_image */
const struct kernel_digest *kernel_image_hash(enum kernel_image_name name);
/* H of nothing. */
const struct kernel_digest *kernel_hash_of_nothing(void);

extern const struct kernel_digest kernel_zero_digest;

/* ---- cap.c: capabilities and CNodes --------------------------------------------------------- */

struct kernel_cap {
    uint8_t kind;     /* enum kernel_kind */
    uint8_t size_log; /* of a CNode */
    uint64_t size;    /* of Data */
    union {
        struct kernel_digest chain; /* of an Instance or Type */
        struct kernel_digest hash;  /* of an Image or Data */
    };
    struct kernel_digest content; /* of an Instance */
    struct kernel_cnode *cnode;   /* the full slots of a CNode, NULL when it has none */
};

struct kernel_slot {
    uint32_t index;
    struct kernel_cap cap;
};

/* Full slots in ascending order; no operation writes inside a nested CNode. Counted by one thread at a time. */
struct kernel_cnode {
    uint32_t references;
    uint32_t count;
    bool is_hashed;
    struct kernel_digest digest;
    struct kernel_slot *slot;
};

/* The root CNode of an activation. */
struct kernel_root {
    uint8_t size_log; /* at most KERNEL_root_size_log */
    struct kernel_cap slot[KERNEL_slot_count];
};

void kernel_cap_keep(const struct kernel_cap *cap);
void kernel_cap_release(struct kernel_cap *cap);
/* Fills `cap`, or fails and leaves it empty. */
void kernel_cap_decode(struct kernel_reader *reader, struct kernel_cap *cap);
void kernel_cap_encode(struct kernel_out *out, const struct kernel_cap *cap);
/* A CNode as a capability. */
void kernel_cnode_decode(struct kernel_reader *reader, struct kernel_cap *cap);
void kernel_cnode_encode(struct kernel_out *out, const struct kernel_cap *cap);

/* Takes over the full slots of a decoded CNode; false when it is too large for a root. */
bool kernel_root_fill(struct kernel_root *root, const struct kernel_cap *cnode);
void kernel_root_clear(struct kernel_root *root);
void kernel_root_encode(struct kernel_out *out, const struct kernel_root *root);
/* What the kernel sees in a slot: one beyond the root is empty (cap/operand_range). */
static inline const struct kernel_cap *kernel_root_at(const struct kernel_root *root, uint32_t slot)
{
    return &root->slot[slot];
}
static inline bool kernel_root_has(const struct kernel_root *root, uint32_t slot)
{
    return slot >> root->size_log == 0;
}

/* ---- image.c: Images ------------------------------------------------------------------------ */

/* All pointers of a view lead into the bytes that it was decoded from. */
struct kernel_endpoint {
    uint64_t entry_pc;
    const uint8_t *reg; /* reg_count times u8, u64 */
    uint32_t reg_count;
    uint8_t index, arg_registers, arg_cnode_size;
};

struct kernel_mapping {
    uint64_t start, size;
    const uint8_t *step; /* step_count times u32 */
    uint32_t step_count;
};

/* Of pinned_slots or initial_slots. */
struct kernel_content {
    uint32_t slot;
    uint32_t length;
    const uint8_t *content; /* of Data; the content hash of a pinned Image */
    uint64_t size;
    bool is_image;
};

struct kernel_view {
    const uint8_t *code;
    uint32_t code_size;
    uint32_t gas_count, quota_count;
    const uint8_t *gas, *quota; /* u32 each */
    struct kernel_endpoint *endpoint;
    struct kernel_mapping *mapping;
    struct kernel_content *pinned, *initial;
    size_t endpoint_count, mapping_count, pinned_count, initial_count;
    uint32_t yield_slot;
    bool has_yield_slot;
};

void kernel_view_decode(struct kernel_reader *reader, struct kernel_view *view);
void kernel_view_encode(struct kernel_out *out, const struct kernel_view *view);
void kernel_view_clear(struct kernel_view *view);

/* ---- admit.c -------------------------------------------------------------------------------- */

/* 0 and the program of its code, > 0 enum assay_rejection, < 0 enum assay_error. */
int kernel_admit(const struct kernel_view *view, struct fast_program *program);

/* ---- state.c: sigma ------------------------------------------------------------------------- */

/* Immutable bytes under a digest. */
struct kernel_bytes {
    uint32_t references;
    size_t size;
    struct kernel_digest digest;
    uint8_t data[];
};

struct kernel_bytes *kernel_bytes_new(const void *data, size_t size, const struct kernel_digest *digest);
void kernel_bytes_release(struct kernel_bytes *bytes);

/*
 * Payloads by digest: a table with open addressing, and the list of all, whose front is in ascending order and whose
 * back is in the order of arrival.
 */
struct kernel_payloads {
    struct kernel_bytes **order;
    size_t count, capacity, sorted;
    struct kernel_bytes **table;
    size_t table_size; /* 0 or a power of two above the count */
};

struct kernel_blob {
    struct kernel_digest hash;
    uint64_t size;
    uint64_t backing_quota;
    uint32_t refcount;
};

struct kernel_file {
    uint64_t id;
    struct kernel_blob blob;
};

struct kernel_code_blob {
    uint64_t id;
    struct kernel_bytes *bytes;
};

struct kernel_vault {
    uint64_t id;
    struct kernel_digest chain, content;
};

struct kernel_state {
    struct kernel_file *file;
    struct kernel_payloads payloads;
    struct kernel_code_blob *code;
    struct kernel_vault *vault;
    struct kernel_digest *validator;
    size_t file_count, file_capacity, code_count, code_capacity, vault_count, vault_capacity;
    size_t validator_count, validator_capacity;
    uint64_t next_file_id, next_code_id, next_vault_id;
};

/* With `state` NULL the encoding is only checked. */
void kernel_state_decode(struct kernel_reader *reader, struct kernel_state *state);
/* Puts the payloads in order first. */
void kernel_state_encode(struct kernel_out *out, struct kernel_state *state);
int kernel_state_root(struct kernel_state *state, struct kernel_digest *root);
void kernel_state_clear(struct kernel_state *state);

struct kernel_bytes *kernel_payload_find(const struct kernel_payloads *payloads, const struct kernel_digest *digest);
/* Stores bytes under their digest unless they are there. 0, or < 0 and nothing has changed. */
int kernel_payload_store(struct kernel_payloads *payloads, const void *data, size_t size,
                         const struct kernel_digest *digest);
/* Takes away all that came after there were `count`; the list must not have been put in order since. */
void kernel_payload_undo(struct kernel_payloads *payloads, size_t count);

const struct kernel_blob *kernel_file_find(const struct kernel_state *state, uint64_t id);
int kernel_file_put(struct kernel_state *state, uint64_t id, const struct kernel_blob *blob);
void kernel_file_remove(struct kernel_state *state, uint64_t id);

/* ---- tables.c: meters, quotas, catchers ----------------------------------------------------- */

struct kernel_number {
    uint64_t id, value;
};

/* A function from ids to numbers, 0 where nothing is stored (chain/tables_as_functions). */
struct kernel_numbers {
    struct kernel_number *entry;
    size_t count, capacity;
};

struct kernel_catcher {
    struct kernel_digest id;
    struct kernel_digest *marker;
    size_t count;
};

struct kernel_tables {
    struct kernel_numbers meters, quotas;
    struct kernel_catcher *catcher;
    size_t catcher_count, catcher_capacity;
};

uint64_t kernel_number_get(const struct kernel_numbers *numbers, uint64_t id);
int kernel_number_set(struct kernel_numbers *numbers, uint64_t id, uint64_t value);
bool kernel_catcher_has(const struct kernel_tables *tables, const struct kernel_digest *id,
                        const struct kernel_digest *key);
void kernel_tables_decode(struct kernel_reader *reader, struct kernel_tables *tables);
/* `strip`: without zeros and empty lists. */
void kernel_tables_encode(struct kernel_out *out, const struct kernel_tables *tables, bool strip);
void kernel_tables_clear(struct kernel_tables *tables);

/* ---- exchange.c: an encoded World ----------------------------------------------------------- */

struct kernel_entry_value {
    bool is_reference;
    uint32_t target;
    struct kernel_digest chain, content;
    const uint8_t *image;
    uint32_t image_size;
    struct kernel_cap cnode;
};

struct kernel_world_value {
    struct kernel_state state;
    struct kernel_tables tables;
    struct kernel_entry_value *entry;
    size_t entry_count, entry_capacity;
};

void kernel_world_decode(struct kernel_reader *reader, struct kernel_world_value *world);
void kernel_world_encode(struct kernel_out *out, struct kernel_world_value *world);
void kernel_world_clear(struct kernel_world_value *world);

/* ---- codec.c -------------------------------------------------------------------------------- */

extern const struct assay_codec_level kernel_codec_level;

#endif
