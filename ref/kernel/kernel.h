/*
 * The reference kernel: every internal type and prototype, one section a source file; a file calls those above it.
 *
 * Everything is a value. A CNode inside a capability never changes, so values share it; only the 256 slots of an
 * activation's root CNode are written in place. Nothing is remembered that could be computed again: hashes, decoded
 * Images and machines are made anew each time they are needed.
 *
 * Memory comes from regions: what an event or a world needs is taken from one and given back with it. When the host
 * has no more memory, a region jumps out to where it was entered (REF_REGION_TRY), so nobody in between checks.
 */
#ifndef REF_KERNEL_H
#define REF_KERNEL_H

#include "machine/machine.h"

#include <setjmp.h>
#include <sodium.h>

enum ref_kernel_limit {
#define KERNEL_LIMIT(name, value) REF_##name = value,
#include "kernel/kernel.def"
};

enum ref_op {
#define OP(name, number) REF_OP_##name = number,
#include "kernel/kernel.def"
};

enum ref_tag {
#define TAG(name, byte) REF_TAG_##name = byte,
#include "kernel/kernel.def"
};

enum ref_kernel_image {
#define KERNEL_IMAGE(name, label) REF_KERNEL_IMAGE_##name,
#include "kernel/kernel.def"
};

/* What operations read their operands from and write their results to: phi7..phi12. */
enum ref_register { A0 = 7, A1, A2, A3, A4, A5 };
enum { REF_OPERANDS = A5 - A0 + 1 };

/* ---- region.c: memory ------------------------------------------------------------------------- */

struct ref_region {
    struct ref_chunk *chunk;
    struct assay_machine *machine; /* one that runs; given back with the region */
    struct ref_region *inner;      /* given back with the region, or before it */
    jmp_buf *out;                  /* where REF_REGION_TRY waits */
};

struct ref_region *ref_region_new(void); /* NULL: no memory */
void ref_region_free(struct ref_region *region);
/* A region inside this one, for something short; there is one at a time. */
struct ref_region *ref_region_new_inside(struct ref_region *outer);
void ref_region_free_inside(struct ref_region *outer);
/* Zeroed. */
void *ref_region_take(struct ref_region *region, size_t count, size_t size);
struct assay_bytes ref_region_copy(struct ref_region *region, struct assay_bytes bytes);
_Noreturn void ref_region_give_up(struct ref_region *region);

/*
 * What every entry of the kernel does once: `call`, which takes from the region, gives `result`; ASSAY_ERROR_MEMORY if
 * there is no region or it has to give up.
 */
#define REF_REGION_TRY(result, region, call)                                                                           \
    do {                                                                                                               \
        jmp_buf ref_out;                                                                                               \
        (result) = ASSAY_ERROR_MEMORY;                                                                                 \
        if ((region) != NULL) {                                                                                        \
            (region)->out = &ref_out;                                                                                  \
            if (setjmp(ref_out) == 0) {                                                                                \
                (result) = (call);                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

/* ---- array.c: arrays that grow, and maps ------------------------------------------------------- */

/* These give the array, which may have moved, and raise *count when an element is added. */
void *ref_array_append(struct ref_region *region, void *array, size_t *count, const void *element, size_t size);
void *ref_array_insert(struct ref_region *region, void *array, size_t *count, size_t at, const void *element,
                       size_t size);
/* The array stays where it is, and has room for what was removed. */
void ref_array_remove(void *array, size_t *count, size_t at, size_t size);
/* In a map the first member of an element is its uint64_t id, and they ascend. Over the one that has the id, or new. */
void *ref_array_put(struct ref_region *region, void *map, size_t *count, const void *element, size_t size);
const void *ref_array_find(const void *map, size_t count, uint64_t id, size_t size); /* NULL: absent */
/* One that can be changed without changing this one. */
void *ref_array_copy(struct ref_region *region, const void *array, size_t count, size_t size);

/* ---- hash.c ------------------------------------------------------------------------------------ */

enum { REF_HASH_SIZE = 32 };

struct ref_hash {
    uint8_t byte[REF_HASH_SIZE];
};

struct ref_hash ref_hash_bytes(struct assay_bytes bytes);
/* The same of bytes that come piece by piece. */
struct ref_digest {
    crypto_generichash_state state;
};
void ref_hash_begin(struct ref_digest *digest);
void ref_hash_add(struct ref_digest *digest, const void *data, size_t size);
struct ref_hash ref_hash_end(struct ref_digest *digest);
bool ref_hash_same(const struct ref_hash *a, const struct ref_hash *b);
bool ref_hash_is_below(const struct ref_hash *a, const struct ref_hash *b); /* as 32 bytes, the first counts most */
/* H(tag, first, second); either may be NULL and is left out then. */
struct ref_hash ref_hash_tagged(uint8_t tag, const struct ref_hash *first, const struct ref_hash *second);
struct ref_hash ref_hash_node(const struct ref_hash *left, const struct ref_hash *right);
/* Of leaves that stand one after the other. */
struct ref_hash ref_hash_bmt(struct ref_region *region, struct assay_bytes leaves);
struct ref_hash ref_hash_chain(const struct ref_hash *chain, const struct ref_hash *image);

/* ---- scale.c: the encoding ------------------------------------------------------------------ */

/* After the first error every read gives 0 and nothing moves (image/decode/order). */
struct ref_reader {
    struct ref_region *region;
    const uint8_t *data;
    size_t size, at;
    int error;     /* ASSAY_DECODE_... */
    size_t offset; /* of the error */
};

/* A sequence or map that is being read; a map remembers its last key. */
struct ref_sequence {
    struct ref_reader *reader;
    uint32_t left;
    bool has_key;
    uint64_t key;
    struct ref_hash hash_key;
};

void ref_scale_fail(struct ref_reader *reader, int error, size_t offset);
uint8_t ref_scale_read_u8(struct ref_reader *reader);
uint32_t ref_scale_read_u32(struct ref_reader *reader);
uint64_t ref_scale_read_u64(struct ref_reader *reader);
struct ref_hash ref_scale_read_hash(struct ref_reader *reader);
struct assay_bytes ref_scale_read_bytes(struct ref_reader *reader);
/* A discriminator below `count`. */
uint8_t ref_scale_read_choice(struct ref_reader *reader, uint8_t count);
/* Reads the count; then `while (ref_scale_read_next(&sequence))` is one turn an element, until the first error. */
struct ref_sequence ref_scale_read_sequence(struct ref_reader *reader);
bool ref_scale_read_next(struct ref_sequence *sequence);
/* The key of a map's element: fails unless it is above the one before it. */
uint64_t ref_scale_read_key(struct ref_sequence *map, unsigned width);
struct ref_hash ref_scale_read_hash_key(struct ref_sequence *map);
/* image/decode/trailing_bytes; returns the error, if any. */
int ref_scale_read_end(struct ref_reader *reader);

/* With a digest, what is written is hashed and not kept. */
struct ref_writer {
    struct ref_region *region;
    uint8_t *data;
    size_t size, space;
    struct ref_digest *digest;
};

void ref_scale_write(struct ref_writer *writer, const void *data, size_t size);
void ref_scale_write_u8(struct ref_writer *writer, uint8_t value);
void ref_scale_write_u32(struct ref_writer *writer, uint32_t value);
void ref_scale_write_u64(struct ref_writer *writer, uint64_t value);
void ref_scale_write_hash(struct ref_writer *writer, const struct ref_hash *hash);
void ref_scale_write_bytes(struct ref_writer *writer, struct assay_bytes bytes);
struct assay_bytes ref_scale_written(const struct ref_writer *writer);

/* ---- cap.c: capabilities and CNodes ---------------------------------------------------------- */

enum ref_kind {
    REF_KIND_empty = 0,
#define CAP(name, number) REF_KIND_##name = number + 1,
#include "kernel/kernel.def"
};

struct ref_cap {
    enum ref_kind kind;
    struct ref_hash chain;   /* Instance, Type */
    struct ref_hash content; /* Instance, Image, Data */
    uint64_t size;           /* Data */
    struct ref_cnode *cnode;
};

struct ref_slot {
    uint32_t index;
    struct ref_cap cap;
};

/* Full slots only, ascending. */
struct ref_cnode {
    uint8_t size_log;
    bool is_hashed; /* no operation writes inside a nested CNode: it is hashed once */
    struct ref_hash hash;
    struct ref_slot *slot;
    size_t count;
};

struct ref_cap ref_cap_read(struct ref_reader *reader);
struct ref_cnode ref_cap_read_cnode(struct ref_reader *reader);
void ref_cap_write(struct ref_writer *writer, const struct ref_cap *cap);
void ref_cap_write_cnode(struct ref_writer *writer, const struct ref_cnode *cnode);
/* 0^32 for an empty one (exchange.md, SlotChange). */
struct ref_hash ref_cap_hash(const struct ref_cap *cap);
struct ref_hash ref_cap_hash_cnode(struct ref_cnode *cnode);
struct ref_cap ref_cap_instance(struct ref_hash chain, struct ref_hash content);
struct ref_cap ref_cap_data(uint64_t size, struct ref_hash content);
struct ref_cap ref_cap_image(struct ref_hash content);
/* H of a kernel image's label. */
struct ref_hash ref_cap_kernel_image(enum ref_kernel_image image);
bool ref_cap_is_handle(const struct ref_cap *cap, enum ref_kernel_image image);
struct ref_cap ref_cap_handle(enum ref_kernel_image image, uint64_t id);
uint64_t ref_cap_handle_id(const struct ref_cap *cap);

/* ---- root.c: the root CNode of an activation --------------------------------------------------- */

/* Slots at or beyond 2^size_log stay empty. */
struct ref_root {
    uint8_t size_log;
    struct ref_cap slot[REF_slot_count];
};

/* Of a CNode whose size_log is at most 8, and back. */
struct ref_root *ref_root_new(struct ref_region *region, const struct ref_cnode *cnode);
struct ref_cnode ref_root_cnode(struct ref_region *region, const struct ref_root *root);
bool ref_root_has(const struct ref_root *root, uint32_t slot);
/* An empty capability beyond the root (cap/operand_range). */
struct ref_cap ref_root_read(const struct ref_root *root, uint32_t slot);
void ref_root_write(struct ref_root *root, uint32_t slot, struct ref_cap cap);

/* ---- image.c: Images ---------------------------------------------------------------------------- */

struct ref_endpoint {
    uint8_t index;
    uint64_t entry_pc;
    uint8_t arg_registers, arg_cnode_size;
    struct ref_initial_register {
        uint8_t number;
        uint64_t value;
    } *reg;
    size_t reg_count;
};

struct ref_slots {
    uint32_t *slot;
    size_t count;
};

struct ref_mapping {
    uint64_t start, size;
    struct ref_slots path;
};

/* A pinned or an initial capability: Data with its content, or an Image's hash. */
struct ref_given {
    uint32_t slot;
    bool is_image;
    struct ref_hash hash;
    struct assay_bytes content;
    uint64_t size;
};

struct ref_image {
    struct assay_bytes bytes; /* its encoding */
    struct assay_bytes code;
    struct ref_endpoint *endpoint;
    size_t endpoint_count;
    struct ref_mapping *mapping;
    size_t mapping_count;
    struct ref_slots gas_slots, quota_slots;
    struct ref_given *pinned, *initial;
    size_t pinned_count, initial_count;
    bool has_yield_slot;
    uint32_t yield_slot;
};

struct ref_image ref_image_read(struct ref_reader *reader);
void ref_image_write(struct ref_writer *writer, const struct ref_image *image);
bool ref_image_pins(const struct ref_image *image, uint32_t slot);
struct ref_cap ref_image_given_cap(const struct ref_given *given);
/* Without the zeros at the end. */
struct assay_bytes ref_image_strip(struct assay_bytes bytes);

/* ---- admit.c: admission ------------------------------------------------------------------------- */

/* Decodes and admits: 0, ASSAY_DECODE_... or ASSAY_ADMIT_...; *offset may be NULL. */
int ref_admit_image(struct ref_region *region, struct assay_bytes bytes, struct ref_image *image, size_t *offset);

/* ---- state.c: sigma ----------------------------------------------------------------------------- */

struct ref_file {
    uint64_t id;
    struct ref_hash content;
    uint64_t size;
    uint32_t refcount;
    uint64_t backing_quota;
};

struct ref_payload {
    struct ref_hash hash;
    struct assay_bytes bytes;
};

struct ref_code {
    uint64_t id;
    struct assay_bytes bytes;
};

struct ref_vault {
    uint64_t id;
    struct ref_hash chain, content;
};

/* What was added to sigma since the journal began, so that it can be taken out again. */
struct ref_journal {
    struct ref_region *region; /* of the list */
    struct ref_hash *stored;   /* payloads, in the order they came */
    size_t stored_count;
    size_t file_count;     /* at the beginning */
    uint64_t next_file_id; /* at the beginning */
};

/* Maps are arrays, ascending by key. */
struct ref_state {
    struct ref_region *region;   /* of the arrays */
    struct ref_journal *journal; /* NULL: nothing will be undone */
    struct ref_file *file;
    size_t file_count;
    struct ref_payload *payload;
    size_t payload_count;
    struct ref_code *code;
    size_t code_count;
    struct ref_vault *vault;
    size_t vault_count;
    struct ref_hash *validator;
    size_t validator_count;
    uint64_t next_file_id, next_code_id, next_vault_id;
};

struct ref_state ref_state_read(struct ref_reader *reader);
void ref_state_write(struct ref_writer *writer, const struct ref_state *state);
void ref_state_write_file(struct ref_writer *writer, const struct ref_file *file);
struct ref_hash ref_state_hash(const struct ref_state *state);
/* A copy with arrays of its own; the bytes, which never change, are shared. */
struct ref_state ref_state_snapshot(struct ref_region *region, const struct ref_state *state);
const struct ref_payload *ref_state_payload(const struct ref_state *state, const struct ref_hash *hash);
/* Stores bytes, which are copied into a region, under their hash. */
struct ref_hash ref_state_store(struct ref_region *region, struct ref_state *state, struct assay_bytes bytes);
/* Stores the contents of the Data among them. */
void ref_state_store_given(struct ref_region *region, struct ref_state *state, const struct ref_given *list,
                           size_t count);
const struct ref_file *ref_state_file(const struct ref_state *state, uint64_t id);
void ref_state_put_file(struct ref_state *state, struct ref_file file);
void ref_state_put_code(struct ref_state *state, uint64_t id, struct assay_bytes bytes); /* which last */
void ref_state_put_vault(struct ref_state *state, struct ref_vault vault);
/* Both leave alone the first payloads of the journal. Takes out what was added, and makes what was added last. */
void ref_state_undo(struct ref_state *state, size_t first);
void ref_state_keep(struct ref_state *state, size_t first);

/* ---- tables.c: meters, quotas, catchers ---------------------------------------------------------- */

struct ref_amount {
    uint64_t id, value;
};

struct ref_amounts {
    struct ref_amount *entry;
    size_t count;
};

struct ref_catcher {
    struct ref_hash id;
    struct ref_hash *marker;
    size_t marker_count;
};

struct ref_tables {
    struct ref_amounts meters, quotas;
    struct ref_catcher *catcher;
    size_t catcher_count;
};

struct ref_tables ref_tables_read(struct ref_reader *reader);
/* Without zeros and empty lists. */
void ref_tables_write(struct ref_writer *writer, const struct ref_tables *tables);
/* A copy with arrays of its own. */
struct ref_tables ref_tables_snapshot(struct ref_region *region, const struct ref_tables *tables);
uint64_t ref_tables_get(const struct ref_amounts *amounts, uint64_t id); /* 0: absent */
void ref_tables_set(struct ref_region *region, struct ref_amounts *amounts, uint64_t id, uint64_t value);
const struct ref_catcher *ref_tables_catcher(const struct ref_tables *tables, const struct ref_hash *id);

/* ---- activations: what the files below work on ---------------------------------------------------- */

struct ref_saved_page {
    uint32_t address, access;
    const uint8_t *byte; /* 4096 */
};

struct ref_pages {
    struct ref_saved_page *page;
    size_t count;
};

/* A mapping that memory was built from. */
struct ref_mapped {
    uint32_t start, slot;
    uint64_t size;
    bool is_rw;
};

struct ref_entry {
    bool is_reference;
    uint32_t target; /* of a reference: index of the entry */

    struct ref_hash chain, content;
    struct ref_image current;
    struct ref_root *root;

    /* What the activation was entered with (host/set_image/later). */
    struct ref_image entered;
    struct ref_mapped *mapped;
    size_t mapped_count;
    bool has_meter; /* as run found it (call/gas/meter) */
    uint64_t meter;

    bool is_suspended;
    struct assay_state suspended; /* gas is 0 with a meter, which has it */
    struct ref_pages pages;       /* while suspended */
};

struct ref_kernel {
    struct ref_region *region;
    struct ref_state *state;
    struct ref_tables tables;
    struct ref_entry *entry; /* REF_stack_max of them */
    size_t depth;
    struct assay_observer observer;
};

/* The running activation: the entry on top and its machine. */
struct ref_activation {
    struct ref_kernel *kernel;
    struct ref_entry *entry;
    struct assay_machine *machine;
    uint64_t gas_at_entry;
    struct assay_stop stop;
    struct ref_cap payload; /* of a yield */
};

enum ref_result { REF_RESULT_GOES_ON, REF_RESULT_TRAP, REF_RESULT_HALT, REF_RESULT_PAUSED };

struct ref_ending {
    enum assay_outcome outcome;
    uint32_t exit, argument;
    struct assay_state state;
    uint64_t gas_used;
    struct ref_hash chain, content;
    struct ref_cnode cnode;
    struct ref_pages pages;
    struct ref_cap payload;
    struct ref_image image; /* current at the end */
};

/* Everything a run needs, checked. */
struct ref_start {
    struct ref_hash chain, content;
    struct ref_image image;
    struct ref_cnode cnode;
    uint8_t endpoint;
    uint64_t gas;
};

/* ---- record.c ------------------------------------------------------------------------------------ */

/* What a record compares with. */
struct ref_before {
    struct ref_region *region;
    uint64_t reg[REF_OPERANDS];
    struct ref_root root;
    struct ref_state state;
    struct ref_tables tables;
};

enum ref_record { REF_RECORD_OPERATION, REF_RECORD_RUN, REF_RECORD_RESUME, REF_RECORD_EXIT };

struct ref_record_head {
    enum ref_record kind;
    uint32_t op;
    uint8_t result, exit;
    uint32_t argument;
};

/* NULL without an observer. */
struct ref_before *ref_record_begin(const struct ref_kernel *kernel, const struct ref_entry *entry,
                                    const uint64_t reg[REF_register_count]);
void ref_record_end(const struct ref_kernel *kernel, const struct ref_entry *entry, const struct ref_before *before,
                    struct ref_record_head head);

/* ---- yield.c, host.c, call.c ---------------------------------------------------------------------- */

/* False: nobody catches, or the stack is full. Otherwise the reference is pushed. */
bool ref_yield_raise(struct ref_activation *activation, const struct ref_hash *key);

enum ref_result ref_host_perform(struct ref_activation *activation, uint32_t op);

void ref_call_run(struct ref_kernel *kernel, const struct ref_start *start, struct ref_ending *ending);
/* The top is a reference. */
void ref_call_resume(struct ref_kernel *kernel, const struct ref_cap *scratchpad, struct ref_ending *ending);

/* ---- exchange.c: Worlds, Pages, Dumps --------------------------------------------------------------- */

/* An Instance on the stack as a World has it; the Image stays bytes. */
struct ref_world_instance {
    struct ref_hash chain, content;
    struct assay_bytes image;
    struct ref_cnode cnode;
};

struct ref_world_entry {
    struct ref_world_instance *instance; /* NULL: a reference */
    uint32_t target;
};

struct ref_world {
    struct ref_state state;
    struct ref_tables tables;
    struct ref_world_entry *entry;
    size_t count;
};

struct ref_world ref_exchange_read_world(struct ref_reader *reader);
/* Makes a kernel of a World, whose state it uses; false when it is not well formed. */
bool ref_exchange_open_world(struct ref_region *region, struct ref_world *world, struct ref_kernel *kernel);
void ref_exchange_write_pages(struct ref_writer *writer, const struct ref_pages *pages);
struct assay_bytes ref_exchange_dump(const struct ref_kernel *kernel);

/* ---- codec.c, world.c, chain.c: the levels --------------------------------------------------------- */

extern const struct assay_codec_level ref_codec_level;
extern const struct assay_invocation_level ref_invocation_level;
extern const struct assay_chain_level ref_chain_level;

#endif
