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
#include "machine/machine.h"

#include <blake2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kernel_limit {
#define KERNEL_LIMIT(name, value) KERNEL_##name = value,
#include "kernel/kernel.def"
};

/* 0 is an empty slot; the discriminator of the exchange encoding is one less. */
enum kernel_kind {
    KERNEL_EMPTY = 0,
#define CAP(name, number) KERNEL_KIND_##name = number + 1,
#include "kernel/kernel.def"
};

enum kernel_tag {
#define TAG(name, byte) KERNEL_TAG_##name = byte,
#include "kernel/kernel.def"
};

enum kernel_image_name {
#define KERNEL_IMAGE(name, label) KERNEL_IMAGE_##name,
#include "kernel/kernel.def"
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
/* Slots beyond are never written, and read as empty (cap/operand_range). */
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

/* ---- cache.c: admitted Images --------------------------------------------------------------- */

/* A mapping that is memory: its path is one step. */
struct kernel_area {
    uint32_t address;
    uint8_t slot;
    bool is_read_only;
    size_t size;
};

/* An admitted Image with all that is derived from it; shared by threads, and immutable but for its machines. */
struct kernel_image {
    uint32_t references; /* changed by atomic operations */
    struct kernel_digest hash;
    uint8_t *bytes;
    size_t size;
    struct kernel_view view;
    struct kernel_digest *pinned_hash, *initial_hash; /* content hash, one an entry of the view */
    bool pinned[KERNEL_slot_count];
    struct kernel_area *area;
    size_t area_count, page_count;
    struct fast_program program;
    struct fast_code code; /* of the production flavour, once it is compiled */
    bool is_compiled;
    struct kernel_vm *idle; /* machines to use again */
    size_t idle_count;
};

/* Decodes and admits. 0, > 0 enum assay_rejection, < 0 enum assay_error. */
int kernel_image_open(const uint8_t *bytes, size_t size, struct kernel_image **image);
/* The same for bytes whose hash is known. */
int kernel_image_open_hashed(const uint8_t *bytes, size_t size, const struct kernel_digest *hash,
                             struct kernel_image **image);
struct kernel_image *kernel_image_keep(struct kernel_image *image);
void kernel_image_release(struct kernel_image *image);
/* NULL when the Image has no such endpoint. */
const struct kernel_endpoint *kernel_image_endpoint(const struct kernel_image *image, uint8_t index);

/* ---- vm.c: machines of an Image ------------------------------------------------------------- */

/* What is known of an area's bytes. */
struct kernel_fill {
    const struct kernel_bytes *payload; /* that the activation began with */
    struct kernel_digest digest;        /* of a read-only area's content; zeros for none */
    size_t high;                        /* all bytes from here on are zero */
};

struct kernel_vm {
    struct assay_machine machine;
    struct kernel_vm *next;
    struct kernel_fill fill[];
};

int kernel_vm_take(struct kernel_image *image, struct kernel_vm **vm);
void kernel_vm_give_back(struct kernel_image *image, struct kernel_vm *vm);
void kernel_vm_destroy(struct kernel_vm *vm);
/* call/map/content */
int kernel_vm_fill(struct kernel_vm *vm, const struct kernel_image *image, const struct kernel_root *root,
                   const struct kernel_payloads *payloads);
/* The Pages of a machine. */
void kernel_vm_encode(struct kernel_out *out, const struct kernel_vm *vm);
/* The length of data without its trailing zeros (image/strip). */
size_t kernel_stripped(const uint8_t *data, size_t size);

/* ---- log.c: changes of sigma and tables, and their undoing ---------------------------------- */

enum kernel_change_kind { KERNEL_CHANGED_METER, KERNEL_CHANGED_QUOTA, KERNEL_CHANGED_FILE };

struct kernel_change {
    enum kernel_change_kind kind;
    bool was_there; /* a file */
    uint64_t id;
    uint64_t before;         /* of a number */
    struct kernel_blob blob; /* before, if it was there */
};

struct kernel_log {
    struct kernel_change *change;
    size_t count, capacity;
};

/* A moment to go back to. */
struct kernel_mark {
    size_t change_count, payload_count;
    uint64_t next_file_id;
};

struct kernel_core;

struct kernel_mark kernel_log_mark(const struct kernel_core *core);
void kernel_log_undo(struct kernel_core *core, const struct kernel_mark *mark);
/* These three: 0, or < 0 and nothing has changed. */
int kernel_set_meter(struct kernel_core *core, uint64_t id, uint64_t value);
int kernel_set_quota(struct kernel_core *core, uint64_t id, uint64_t value);
int kernel_set_file(struct kernel_core *core, uint64_t id, const struct kernel_blob *blob);

/* ---- record.c: kernel records (chain/record) ------------------------------------------------ */

enum kernel_record_kind { KERNEL_RECORD_OPERATION, KERNEL_RECORD_RUN, KERNEL_RECORD_RESUME, KERNEL_RECORD_EXIT };

enum { KERNEL_RECORD_REGISTERS = 6, KERNEL_FIRST_ARGUMENT = 7 };

struct kernel_recorder {
    struct kernel_out out;
    struct kernel_mark mark;
    struct kernel_root before;
    uint64_t reg[KERNEL_RECORD_REGISTERS];
    bool has_lost; /* a record, for want of memory */
};

/* Both do nothing unless an observer wants records. */
void kernel_record_begin(struct kernel_core *core);
void kernel_record_end(struct kernel_core *core, enum kernel_record_kind kind, uint32_t op, uint8_t result,
                       uint32_t exit, uint32_t argument);

/* ---- call.c: activations -------------------------------------------------------------------- */

/* An entry of the stack that waits below all activations; only a World has them. */
struct kernel_waiting {
    bool is_reference, has_catcher;
    uint32_t target;
    struct kernel_digest chain, content;
    struct kernel_image *image;
    struct kernel_cap cnode;
    struct kernel_digest catcher; /* its marker list's id */
};

struct kernel_activation {
    struct kernel_digest chain, content;
    struct kernel_image *entered; /* code, mappings and gas slot */
    struct kernel_image *current; /* pinned slots and yield marker slot */
    struct kernel_vm *vm;
    struct assay_stop stop; /* where the machine is */
    struct kernel_root root;
    bool has_meter;
    uint64_t meter, gas_at_entry;
    uint32_t outcome, exit, argument; /* how it ended, as in struct assay_result */
    struct kernel_cap payload;        /* of a pause */
};

/*
 * sigma, tables and a stack: the waiting entries, then at most one activation, since run is refused above a reference
 * and everything else that ends takes its entry along; above it its reference while it is paused.
 */
struct kernel_core {
    struct kernel_state state;
    struct kernel_tables tables;
    struct kernel_log log;
    struct kernel_waiting *waiting;
    size_t waiting_count;
    struct kernel_activation activation;
    bool is_paused;
    uint32_t catcher; /* the target of the reference */
    struct assay_observer observer;
    struct kernel_recorder *recorder;
};

struct kernel_start {
    struct kernel_digest chain, content;
    struct kernel_image *image;
    uint8_t endpoint;
    uint64_t gas;
};

/* Runs an activation on the root CNode that core->activation holds already. */
int kernel_run(struct kernel_core *core, const struct kernel_start *start);
/* Goes on with the paused activation; `scratchpad` may be NULL and is taken over. */
int kernel_resume(struct kernel_core *core, struct kernel_cap *scratchpad);
/* Gives back what an activation holds. */
void kernel_activation_clear(struct kernel_activation *activation);
int kernel_observe(struct kernel_core *core, const struct assay_observer *observer);
void kernel_core_clear(struct kernel_core *core);
/* cap/unit_handle */
bool kernel_is_handle(const struct kernel_cap *cap, enum kernel_image_name name, uint64_t *id);

/* ---- host_ops.c: operations ----------------------------------------------------------------- */

/* A record's result, or < 0 enum assay_error. */
enum kernel_op_result { KERNEL_GOES_ON, KERNEL_TRAP, KERNEL_HALT, KERNEL_PAUSED };

int kernel_operate(struct kernel_core *core, uint32_t selector);
/* Stores an Image's pinned and initial Data. */
int kernel_store_contents(struct kernel_state *state, const struct kernel_image *image);
/* The capabilities that an Image pins, or begins with. */
void kernel_place(struct kernel_root *root, const struct kernel_content *list, const struct kernel_digest *hash,
                  size_t count);
void kernel_put_cap(struct kernel_cap *slot, const struct kernel_cap *cap);

/* ---- yield.c -------------------------------------------------------------------------------- */

/* The waiting entry that catches a key, or -1 (yield/walk, yield/stack_full). */
int kernel_find_catcher(const struct kernel_core *core, const struct kernel_digest *key);
/* What a waiting entry catches with. */
void kernel_waiting_catcher(struct kernel_waiting *waiting);

/* ---- world.c, chain.c ----------------------------------------------------------------------- */

extern const struct assay_invocation_level kernel_invocation_level;
extern const struct assay_chain_level kernel_chain_level;

/* ---- codec.c -------------------------------------------------------------------------------- */

extern const struct assay_codec_level kernel_codec_level;

#endif
