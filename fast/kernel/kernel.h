/*
 * The kernel levels: every internal type and prototype, one section a source file.
 *
 *   bytes -> reader -> values (capabilities, Images, states) -> digests, or activations over them
 *
 * Values that several owners share (payloads, nested CNodes, Images) are immutable and counted; a digest is computed
 * once. A root CNode has one owner and is plain memory. sigma and tables are changed in place and remember what
 * they held in a log, so that undoing an event costs what the event changed.
 */
#ifndef FAST_KERNEL_H
#define FAST_KERNEL_H

#include "assay.h"
#include "machine/machine.h"

#include <blake2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fast_kernel_limit {
#define KERNEL_LIMIT(name, value) FAST_##name = value,
#include "kernel/kernel.def"
};

/* 0 is an empty slot; the discriminator of the exchange encoding is one less. */
enum fast_kind {
    FAST_KIND_EMPTY = 0,
#define CAP(name, number) FAST_KIND_##name = number + 1,
#include "kernel/kernel.def"
};

enum fast_tag {
#define TAG(name, byte) FAST_TAG_##name = byte,
#include "kernel/kernel.def"
};

enum fast_kernel_image {
#define KERNEL_IMAGE(name, label) FAST_IMAGE_##name,
#include "kernel/kernel.def"
    FAST_IMAGE_COUNT,
};

enum fast_operation {
#define OP(name, number) FAST_OPERATION_##name = number,
#include "kernel/kernel.def"
};

enum { FAST_DIGEST_SIZE = 32 };

struct fast_digest {
    uint8_t byte[FAST_DIGEST_SIZE];
};

static inline bool fast_hash_same(const struct fast_digest *a, const struct fast_digest *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- scale.c: reading and writing ------------------------------------------------------------ */

/* After the first error every read gives 0 and reads nothing. */
struct fast_reader {
    const uint8_t *start, *at, *end;
    int error;
    size_t error_offset;
};

struct fast_reader fast_scale_reader(const uint8_t *bytes, size_t size);
void fast_scale_fail(struct fast_reader *reader, int error);
size_t fast_scale_left(const struct fast_reader *reader);
/* `size` bytes of the input, NULL when it ends before. */
const uint8_t *fast_scale_read(struct fast_reader *reader, size_t size);
uint8_t fast_scale_read_u8(struct fast_reader *reader);
uint32_t fast_scale_read_u32(struct fast_reader *reader);
uint64_t fast_scale_read_u64(struct fast_reader *reader);
uint32_t fast_scale_read_count(struct fast_reader *reader);
/* A Vec<u8>. */
const uint8_t *fast_scale_read_bytes(struct fast_reader *reader, uint32_t *size);
void fast_scale_read_digest(struct fast_reader *reader, struct fast_digest *digest);
/* The key of an ascending map: `previous` is the one before it unless this is the first. */
uint64_t fast_scale_read_key(struct fast_reader *reader, size_t width, bool first, uint64_t previous);
void fast_scale_read_digest_key(struct fast_reader *reader, bool first, struct fast_digest *key);
/* The verdict on a value that has to be the whole input. */
int fast_scale_read_whole(struct fast_reader *reader);

static inline uint32_t fast_scale_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t fast_scale_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* Bytes that are written: into memory that grows, or through a buffer into a hash. */
struct fast_out {
    uint8_t *data;
    size_t size, capacity;
    blake2b_state *hash; /* NULL: memory */
    bool failed;         /* there was no memory */
};

void fast_scale_put(struct fast_out *out, const void *data, size_t size);
void fast_scale_put_u8(struct fast_out *out, uint8_t value);
void fast_scale_put_u32(struct fast_out *out, uint32_t value);
void fast_scale_put_u64(struct fast_out *out, uint64_t value);
void fast_scale_put_bytes(struct fast_out *out, const void *data, size_t size);
void fast_scale_put_digest(struct fast_out *out, const struct fast_digest *digest);
/* Hands what is buffered to the hash. */
void fast_scale_flush(struct fast_out *out);
void fast_scale_clear(struct fast_out *out);

/* An array with room for one more entry, or NULL, and the old one stays. */
void *fast_scale_grow(void *array, size_t count, size_t *capacity, size_t entry);

/* ---- hash.c: hashes -------------------------------------------------------------------------- */

void fast_hash_bytes(const void *data, size_t size, struct fast_digest *digest);
/* image/hash/chain */
void fast_hash_chain(const struct fast_digest *chain, const struct fast_digest *content, struct fast_digest *digest);
/* image/hash/bmt; `leaf` is overwritten. */
void fast_hash_bmt(struct fast_digest *leaf, size_t count, struct fast_digest *digest);

struct fast_cap;
struct fast_cnode;

void fast_hash_cap(const struct fast_cap *cap, struct fast_digest *digest);
/* The hash of a CNode of `size_log` whose full slots are `cnode`'s, NULL for none. */
void fast_hash_cnode(uint8_t size_log, struct fast_cnode *cnode, struct fast_digest *digest);

/* cap/kernel_image */
const struct fast_digest *fast_hash_kernel_image(enum fast_kernel_image name);
/* H of nothing. */
const struct fast_digest *fast_hash_nothing(void);

extern const struct fast_digest fast_hash_zero;

/* ---- cap.c: capabilities and CNodes ---------------------------------------------------------- */

struct fast_cap {
    uint8_t kind;     /* enum fast_kind */
    uint8_t size_log; /* of a CNode */
    uint64_t size;    /* of Data */
    union {
        struct fast_digest chain; /* of an Instance or Type */
        struct fast_digest hash;  /* of an Image or Data */
    };
    struct fast_digest content; /* of an Instance */
    struct fast_cnode *cnode;   /* the full slots of a CNode, NULL when it has none */
};

struct fast_slot {
    uint32_t index;
    struct fast_cap cap;
};

/* Full slots in ascending order; no operation writes inside a nested CNode. Counted by one thread at a time. */
struct fast_cnode {
    uint32_t references;
    uint32_t count;
    bool is_hashed;
    struct fast_digest digest;
    struct fast_slot slot[];
};

/* The root CNode of an activation. */
struct fast_root {
    uint8_t size_log; /* at most FAST_root_size_log */
    struct fast_cap slot[FAST_slot_count];
};

void fast_cap_keep(const struct fast_cap *cap);
void fast_cap_release(struct fast_cap *cap);
/* Fills `cap`, or fails and leaves it empty. */
void fast_cap_decode(struct fast_reader *reader, struct fast_cap *cap);
void fast_cap_encode(struct fast_out *out, const struct fast_cap *cap);
/* Puts a copy of `cap` into a slot, whatever it held. */
void fast_cap_put(struct fast_cap *slot, const struct fast_cap *cap);
/* cap/unit_handle */
bool fast_cap_is_handle(const struct fast_cap *cap, enum fast_kernel_image name, uint64_t *id);
/* A CNode as a capability. */
void fast_cap_decode_cnode(struct fast_reader *reader, struct fast_cap *cap);
void fast_cap_encode_cnode(struct fast_out *out, const struct fast_cap *cap);

/* Takes over the full slots of a decoded CNode; false when it is too large for a root. */
bool fast_cap_root_fill(struct fast_root *root, const struct fast_cap *cnode);
void fast_cap_root_clear(struct fast_root *root);
void fast_cap_root_encode(struct fast_out *out, const struct fast_root *root);
/* Slots beyond are never written, and read as empty (cap/operand_range). */
static inline bool fast_cap_root_has(const struct fast_root *root, uint32_t slot)
{
    return slot >> root->size_log == 0;
}

/* ---- image.c: Images ------------------------------------------------------------------------- */

/* All pointers of a view lead into the bytes that it was decoded from. */
struct fast_endpoint {
    uint64_t entry_pc;
    const uint8_t *reg; /* reg_count times u8, u64 */
    uint32_t reg_count;
    uint8_t index, arg_registers, arg_cnode_size;
};

struct fast_mapping {
    uint64_t start, size;
    const uint8_t *step; /* step_count times u32 */
    uint32_t step_count;
};

/* Of pinned_slots or initial_slots. */
struct fast_content {
    uint32_t slot;
    uint32_t length;
    const uint8_t *content; /* of Data; the content hash of a pinned Image */
    uint64_t size;
    bool is_image;
};

struct fast_view {
    const uint8_t *code;
    uint32_t code_size;
    uint32_t gas_count, quota_count;
    const uint8_t *gas, *quota; /* u32 each */
    struct fast_endpoint *endpoint;
    struct fast_mapping *mapping;
    struct fast_content *pinned, *initial;
    size_t endpoint_count, mapping_count, pinned_count, initial_count;
    uint32_t yield_slot;
    bool has_yield_slot;
};

void fast_image_decode(struct fast_reader *reader, struct fast_view *view);
void fast_image_encode(struct fast_out *out, const struct fast_view *view);
void fast_image_clear(struct fast_view *view);
/* NULL when the Image has no such endpoint. */
const struct fast_endpoint *fast_image_endpoint(const struct fast_view *view, uint8_t index);
/* The length of data without its trailing zeros (image/strip). */
size_t fast_image_stripped(const uint8_t *data, size_t size);

/* ---- admit.c: whether an Image may run ------------------------------------------------------- */

/* 0 and the program of its code, > 0 enum assay_rejection, < 0 enum assay_error. */
int fast_admit_image(const struct fast_view *view, struct fast_program *program);

/* ---- payload.c: bytes by their digest -------------------------------------------------------- */

/* Immutable bytes under a digest. */
struct fast_bytes {
    size_t size;
    struct fast_digest digest;
    uint8_t data[];
};

struct fast_bytes *fast_payload_bytes_new(const void *data, size_t size, const struct fast_digest *digest);

enum { FAST_PAYLOAD_KEYS = 1 + 32 / 4 }; /* one for each 32 bits of a digest, and one more */

/*
 * Payloads by digest: a table with open addressing, and the list of all, whose front is in ascending order and whose
 * back is in the order of arrival.
 */
struct fast_payloads {
    struct fast_bytes **order;
    size_t count, capacity, sorted;
    struct fast_bytes **table;
    size_t table_size;               /* 0 or a power of two above the count */
    uint64_t key[FAST_PAYLOAD_KEYS]; /* of this table, drawn by lot */
};

struct fast_bytes *fast_payload_find(const struct fast_payloads *payloads, const struct fast_digest *digest);
/* Stores bytes under their digest unless they are there. 0, or < 0 and nothing has changed. */
int fast_payload_store(struct fast_payloads *payloads, const void *data, size_t size, const struct fast_digest *digest);
/* Adds bytes that are not there, and takes over one reference, even when it fails. */
int fast_payload_add(struct fast_payloads *payloads, struct fast_bytes *bytes);
/* Puts all of them in order. 0, or < 0 and nothing has changed. */
int fast_payload_sort(struct fast_payloads *payloads);
/* Takes away all that came after there were `count`; the list must not have been put in order since. */
void fast_payload_undo(struct fast_payloads *payloads, size_t count);

/* ---- state.c: sigma -------------------------------------------------------------------------- */

struct fast_file_blob {
    struct fast_digest hash;
    uint64_t size;
    uint64_t backing_quota;
    uint32_t refcount;
};

struct fast_file {
    uint64_t id;
    struct fast_file_blob blob;
};

struct fast_code_blob {
    uint64_t id;
    struct fast_bytes *bytes;
};

struct fast_vault {
    uint64_t id;
    struct fast_digest chain, content;
};

struct fast_state {
    struct fast_file *file;
    struct fast_payloads payloads;
    struct fast_code_blob *code;
    struct fast_vault *vault;
    struct fast_digest *validator;
    size_t file_count, file_capacity, code_count, code_capacity, vault_count, vault_capacity;
    size_t validator_count, validator_capacity;
    uint64_t next_file_id, next_code_id, next_vault_id;
};

/* With `state` NULL the encoding is only checked. */
void fast_state_decode(struct fast_reader *reader, struct fast_state *state);
/* Puts the payloads in order first. */
void fast_state_encode(struct fast_out *out, struct fast_state *state);
int fast_state_root(struct fast_state *state, struct fast_digest *root);
void fast_state_clear(struct fast_state *state);

const struct fast_file_blob *fast_state_file_find(const struct fast_state *state, uint64_t id);
int fast_state_file_put(struct fast_state *state, uint64_t id, const struct fast_file_blob *blob);
void fast_state_file_remove(struct fast_state *state, uint64_t id);

/* ---- tables.c: meters, quotas, catchers ------------------------------------------------------ */

struct fast_number {
    uint64_t id, value;
};

/* A function from ids to numbers, 0 where nothing is stored (chain/tables_as_functions). */
struct fast_numbers {
    struct fast_number *entry;
    size_t count, capacity;
};

struct fast_catcher {
    struct fast_digest id;
    struct fast_digest *marker;
    size_t count;
};

struct fast_tables {
    struct fast_numbers meters, quotas;
    struct fast_catcher *catcher;
    size_t catcher_count, catcher_capacity;
};

uint64_t fast_tables_get(const struct fast_numbers *numbers, uint64_t id);
int fast_tables_set(struct fast_numbers *numbers, uint64_t id, uint64_t value);
bool fast_tables_catches(const struct fast_tables *tables, const struct fast_digest *id, const struct fast_digest *key);
void fast_tables_decode(struct fast_reader *reader, struct fast_tables *tables);
/* `strip`: without zeros and empty lists. */
void fast_tables_encode(struct fast_out *out, const struct fast_tables *tables, bool strip);
void fast_tables_clear(struct fast_tables *tables);

/* ---- exchange.c: an encoded World ------------------------------------------------------------ */

struct fast_seated {
    struct fast_digest chain, content;
    const uint8_t *image;
    uint32_t image_size;
    struct fast_cap cnode;
};

/* A reference is five encoded bytes: it must not take the room of an Instance. */
struct fast_entry {
    struct fast_seated *instance; /* NULL: a reference */
    uint32_t target;
};

struct fast_world {
    struct fast_state state;
    struct fast_tables tables;
    struct fast_entry *entry;
    size_t entry_count, entry_capacity;
};

void fast_exchange_decode(struct fast_reader *reader, struct fast_world *world);
void fast_exchange_encode(struct fast_out *out, struct fast_world *world);
void fast_exchange_clear(struct fast_world *world);

/* ---- cache.c: admitted Images ---------------------------------------------------------------- */

/* A mapping that is memory: its path is one step. */
struct fast_area {
    uint32_t address;
    uint8_t slot;
    bool is_read_only;
    size_t size;
};

/* An admitted Image with all that is derived from it; shared by threads, and immutable but for its machines. */
struct fast_image {
    uint32_t references; /* changed by atomic operations */
    struct fast_digest hash;
    uint8_t *bytes;
    size_t size;
    struct fast_view view;
    struct fast_digest *pinned_hash, *initial_hash; /* content hash, one an entry of the view */
    bool pinned[FAST_slot_count];
    struct fast_area *area;
    size_t area_count, page_count;
    struct fast_program program;
    struct fast_code code[2]; /* of the production flavour, once compiled: for guarded and for checked memory */
    bool is_compiled[2];
    struct fast_guest *idle; /* machines to use again */
    size_t idle_count;
    size_t cost; /* about the bytes of memory that it takes, without its machines */
    bool is_kept;
    struct fast_image *before, *behind; /* among all that there are */
};

/* Decodes and admits. 0, > 0 enum assay_rejection, < 0 enum assay_error. */
int fast_cache_open(const uint8_t *bytes, size_t size, struct fast_image **image);
/* The same for bytes whose hash is known. */
int fast_cache_open_hashed(const uint8_t *bytes, size_t size, const struct fast_digest *hash,
                           struct fast_image **image);
struct fast_image *fast_cache_keep(struct fast_image *image);
void fast_cache_release(struct fast_image *image);
/* It takes so much more now. */
void fast_cache_grow(struct fast_image *image, size_t bytes);
/* Calls it with each Image that there is, with the lock held. */
void fast_cache_each(void (*visit)(struct fast_image *image, void *context), void *context);

/* ---- pool.c: machines of an Image, ready to be used again ------------------------------------ */

/* What is known of an area's bytes. */
struct fast_fill {
    const struct fast_bytes *payload; /* that the activation began with */
    struct fast_digest digest;        /* of a read-only area's content; zeros for none */
    size_t high;                      /* all bytes from here on are zero */
};

struct fast_guest {
    struct assay_machine machine;
    struct fast_guest *next;
    struct fast_fill fill[];
};

int fast_pool_take(struct fast_image *image, struct fast_guest **result);
void fast_pool_give_back(struct fast_image *image, struct fast_guest *guest);
void fast_pool_destroy(struct fast_guest *guest);
/* Destroys the idle machines of an Image, or of all when it is NULL. */
void fast_pool_drop_idle(struct fast_image *image);
/* call/map/content */
int fast_pool_fill(struct fast_guest *guest, const struct fast_image *image, const struct fast_root *root,
                   const struct fast_payloads *payloads);
/* The Pages of a machine. */
void fast_pool_encode(struct fast_out *out, const struct fast_guest *guest);

/* ---- journal.c: changes of sigma and tables, and their undoing ------------------------------- */

enum fast_change_kind { FAST_CHANGED_METER, FAST_CHANGED_QUOTA, FAST_CHANGED_FILE };

struct fast_change {
    enum fast_change_kind kind;
    bool was_there; /* a file */
    uint64_t id;
    uint64_t before;            /* of a number */
    struct fast_file_blob blob; /* before, if it was there */
};

struct fast_journal {
    struct fast_change *change;
    size_t count, capacity;
};

/* A moment to go back to. */
struct fast_mark {
    size_t change_count, payload_count;
    uint64_t next_file_id;
};

struct fast_core;

struct fast_mark fast_journal_mark(const struct fast_core *core);
void fast_journal_undo(struct fast_core *core, const struct fast_mark *mark);
/* These three: 0, or < 0 and nothing has changed. */
int fast_journal_set_meter(struct fast_core *core, uint64_t id, uint64_t value);
int fast_journal_set_quota(struct fast_core *core, uint64_t id, uint64_t value);
int fast_journal_set_file(struct fast_core *core, uint64_t id, const struct fast_file_blob *blob);

/* ---- record.c: kernel records (chain/record) ------------------------------------------------- */

enum fast_record_kind { FAST_RECORD_OPERATION, FAST_RECORD_RUN, FAST_RECORD_RESUME, FAST_RECORD_EXIT };

enum { FAST_RECORD_REGISTERS = 6, FAST_FIRST_ARGUMENT = 7 };

/* What a record begins with; the changes behind it are found. */
struct fast_record {
    uint8_t kind; /* enum fast_record_kind */
    uint8_t result, exit;
    uint32_t op, argument;
};

struct fast_recorder {
    struct fast_out out;
    struct fast_mark mark;
    struct fast_root before;
    uint64_t reg[FAST_RECORD_REGISTERS];
    bool has_lost; /* a record, for want of memory */
};

/* Both do nothing unless an observer wants records. */
void fast_record_begin(struct fast_core *core);
void fast_record_end(struct fast_core *core, const struct fast_record *record);

/* ---- call.c: activations --------------------------------------------------------------------- */

/* An entry of the stack that waits below all activations; only a World has them. */
struct fast_waiting {
    bool is_reference, has_catcher;
    uint32_t target;
    struct fast_digest chain, content;
    struct fast_image *image;
    struct fast_cap cnode;
    struct fast_digest catcher; /* its marker list's id */
};

struct fast_activation {
    struct fast_digest chain, content;
    struct fast_image *entered; /* code, mappings and gas slot */
    struct fast_image *current; /* pinned slots and yield marker slot */
    struct fast_guest *guest;
    struct assay_stop stop; /* where the machine is */
    struct fast_root root;
    bool has_meter;
    uint64_t meter, gas_at_entry;
    uint32_t outcome, exit, argument; /* how it ended, as in struct assay_result */
    struct fast_cap payload;          /* of a pause */
};

/*
 * sigma, tables and a stack: the waiting entries, then at most one activation, since run is refused above a reference
 * and everything else that ends takes its entry along; above it its reference while it is paused.
 */
struct fast_core {
    struct fast_state state;
    struct fast_tables tables;
    struct fast_journal journal;
    struct fast_waiting *waiting;
    size_t waiting_count;
    struct fast_activation activation;
    bool is_paused;
    uint32_t catcher; /* the target of the reference */
    struct assay_observer observer;
    struct fast_recorder *recorder;
};

struct fast_start {
    struct fast_digest chain, content;
    struct fast_image *image;
    uint8_t endpoint;
    uint64_t gas;
};

/* Runs an activation on the root CNode that core->activation holds already. */
int fast_call_run(struct fast_core *core, const struct fast_start *how);
/* Goes on with the paused activation; `scratchpad` may be NULL and is taken over. */
int fast_call_resume(struct fast_core *core, struct fast_cap *scratchpad);
/* Gives back what an activation holds. */
void fast_call_clear(struct fast_activation *now);
int fast_call_observe(struct fast_core *core, const struct assay_observer *observer);
void fast_call_clear_core(struct fast_core *core);

/* ---- host.c: operations ---------------------------------------------------------------------- */

/* A record's result, or < 0 enum assay_error. */
enum fast_host_result { FAST_HOST_GOES_ON, FAST_HOST_TRAP, FAST_HOST_HALT, FAST_HOST_PAUSED };

int fast_host_operate(struct fast_core *core, uint32_t selector);
/* Stores an Image's pinned and initial Data. */
int fast_host_store_contents(struct fast_state *state, const struct fast_image *image);
/* The capabilities that an Image pins, or begins with. */
void fast_host_place(struct fast_root *root, const struct fast_content *list, const struct fast_digest *hash,
                     size_t count);

/* ---- yield.c: who catches -------------------------------------------------------------------- */

/* The waiting entry that catches a key, or -1 (yield/walk, yield/stack_full). */
int fast_yield_find_catcher(const struct fast_core *core, const struct fast_digest *key);
/* What a waiting entry catches with. */
void fast_yield_set_catcher(struct fast_waiting *waiting);

/* ---- world.c: the invocation level; chain.c: the chain level --------------------------------- */

extern const struct assay_invocation_level fast_world_level;
extern const struct assay_chain_level fast_chain_level;

/* ---- codec.c: the codec level ---------------------------------------------------------------- */

extern const struct assay_codec_level fast_codec_level;

#endif
