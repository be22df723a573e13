/*
 * The reference kernel: every internal type and prototype, one section a source file.
 *
 * Everything is a value. A CNode inside a capability never changes, so values share it; only the 256 slots of an
 * activation's root CNode are written in place. Nothing is remembered that could be computed again: hashes, decoded
 * Images and machines are made anew each time they are needed.
 *
 * Memory comes from rooms: what an event or a world needs is taken from one and given back with it. When the host has
 * no more memory a room jumps out to where it was entered (room.c), so nobody in between checks.
 */
#ifndef REF_KERNEL_H
#define REF_KERNEL_H

#include "machine/machine.h"

#include <setjmp.h>

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

enum { REF_HASH_SIZE = 32 };

struct ref_hash {
    uint8_t byte[REF_HASH_SIZE];
};

struct ref_bytes {
    const uint8_t *data;
    size_t size;
};

/* ---- room.c: memory ------------------------------------------------------------------------- */

struct ref_room {
    struct ref_chunk *chunk;
    struct assay_machine *machine; /* one that runs; given back with the room */
    struct ref_room *scratch;      /* of a record that is being made; given back with the room */
    jmp_buf *out;                  /* where ref_room_enter waits */
};

typedef int ref_body_fn(struct ref_room *room, void *arguments);

struct ref_room *ref_room_new(void); /* NULL: no memory */
void ref_room_free(struct ref_room *room);
/* Calls the body; ASSAY_ERROR_MEMORY if the room had to jump out of it. */
int ref_room_enter(struct ref_room *room, ref_body_fn *body, void *arguments);
/* Zeroed. */
void *ref_take(struct ref_room *room, size_t count, size_t size);
/* Room for one more at the end of an array; *count is not changed. */
void *ref_grow(struct ref_room *room, void *array, size_t count, size_t size);
struct ref_bytes ref_copy(struct ref_room *room, struct ref_bytes bytes);
_Noreturn void ref_out_of_memory(struct ref_room *room);

/* ---- scale.c: the encoding ------------------------------------------------------------------ */

/* After the first error every read gives 0 and nothing moves (image/decode/order). */
struct ref_reader {
    struct ref_room *room;
    const uint8_t *data;
    size_t size, at;
    int error;     /* ASSAY_DECODE_... */
    size_t offset; /* of the error */
};

void ref_fail(struct ref_reader *reader, int error, size_t offset);
uint8_t ref_read_u8(struct ref_reader *reader);
uint32_t ref_read_u32(struct ref_reader *reader);
uint64_t ref_read_u64(struct ref_reader *reader);
struct ref_hash ref_read_hash(struct ref_reader *reader);
/* A count of elements; 0 after an error (image/decode/sequence_too_long). */
uint32_t ref_read_count(struct ref_reader *reader);
struct ref_bytes ref_read_bytes(struct ref_reader *reader);
/* A key of a map: fails unless it is above the one before it; `first` has none before it. */
uint64_t ref_read_key(struct ref_reader *reader, unsigned width, bool first, uint64_t before);
struct ref_hash ref_read_hash_key(struct ref_reader *reader, bool first, const struct ref_hash *before);
/* A discriminator below `count`. */
uint8_t ref_read_choice(struct ref_reader *reader, uint8_t count);
/* image/decode/trailing_bytes; returns the error, if any. */
int ref_read_end(struct ref_reader *reader);

/* With a digest what is written is hashed and not kept. */
struct ref_writer {
    struct ref_room *room;
    uint8_t *data;
    size_t size, space;
    struct ref_digest *digest;
};

void ref_write(struct ref_writer *writer, const void *data, size_t size);
void ref_write_u8(struct ref_writer *writer, uint8_t value);
void ref_write_u32(struct ref_writer *writer, uint32_t value);
void ref_write_u64(struct ref_writer *writer, uint64_t value);
void ref_write_hash(struct ref_writer *writer, const struct ref_hash *hash);
void ref_write_bytes(struct ref_writer *writer, struct ref_bytes bytes);
struct ref_bytes ref_written(const struct ref_writer *writer);

struct ref_state;

/* ---- cap.c: capabilities and CNodes ---------------------------------------------------------- */

enum ref_kind {
    REF_KIND_empty,
#define CAP(name, number) REF_KIND_##name = number + 1,
#include "kernel/kernel.def"
};

struct ref_cap {
    enum ref_kind kind;
    struct ref_hash chain;   /* Instance, Type */
    struct ref_hash content; /* Instance, Image, Data */
    uint64_t size;           /* Data */
    const struct ref_cnode *cnode;
};

struct ref_slot {
    uint32_t index;
    struct ref_cap cap;
};

/* Full slots only, ascending. */
struct ref_cnode {
    uint8_t size_log;
    struct ref_slot *slot;
    size_t count;
};

/* An activation's root CNode; slots at or beyond 2^size_log stay empty. */
struct ref_root {
    uint8_t size_log;
    struct ref_cap slot[REF_slot_count];
};

struct ref_cap ref_read_cap(struct ref_reader *reader);
struct ref_cnode ref_read_cnode(struct ref_reader *reader);
void ref_write_cap(struct ref_writer *writer, const struct ref_cap *cap);
void ref_write_cnode(struct ref_writer *writer, const struct ref_cnode *cnode);
/* A root of size_log at most 8, and back. */
void ref_root_from(struct ref_root *root, const struct ref_cnode *cnode);
struct ref_cnode ref_root_cnode(struct ref_room *room, const struct ref_root *root);
bool ref_root_has(const struct ref_root *root, uint32_t slot);
/* An empty capability beyond the root (cap/operand_range). */
struct ref_cap ref_root_read(const struct ref_root *root, uint32_t slot);
void ref_root_write(struct ref_root *root, uint32_t slot, struct ref_cap cap);
struct ref_cap ref_instance(struct ref_hash chain, struct ref_hash content);
struct ref_cap ref_data(uint64_t size, struct ref_hash content);
struct ref_cap ref_image_cap(struct ref_hash content);
bool ref_is_handle(const struct ref_cap *cap, enum ref_kernel_image image);
struct ref_cap ref_handle(enum ref_kernel_image image, uint64_t id);
uint64_t ref_handle_id(const struct ref_cap *cap);

/* ---- hash.c ---------------------------------------------------------------------------------- */

struct ref_hash ref_hash(struct ref_bytes bytes);
/* image/hash/state, without the encoding in memory. */
struct ref_hash ref_hash_state(const struct ref_state *state);
void ref_digest_add(struct ref_digest *digest, const void *data, size_t size);
bool ref_same(const struct ref_hash *a, const struct ref_hash *b);
struct ref_hash ref_hash_bmt(struct ref_room *room, const struct ref_hash *leaf, size_t count);
struct ref_hash ref_hash_cap(const struct ref_cap *cap);
/* 0^32 for an empty one (exchange.md, SlotChange). */
struct ref_hash ref_hash_slot(const struct ref_cap *cap);
struct ref_hash ref_hash_cnode(const struct ref_cnode *cnode);
struct ref_hash ref_hash_chain(const struct ref_hash *chain, const struct ref_hash *image);
/* H of a kernel image's label. */
struct ref_hash ref_kernel_image(enum ref_kernel_image image);
struct ref_bytes ref_strip(struct ref_bytes bytes);

/* ---- image.c, admit.c ------------------------------------------------------------------------ */

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
    struct ref_bytes content;
    uint64_t size;
};

struct ref_image {
    struct ref_bytes bytes; /* its encoding */
    struct ref_bytes code;
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

struct ref_image ref_read_image(struct ref_reader *reader);
void ref_write_image(struct ref_writer *writer, const struct ref_image *image);
/* Decodes and admits: 0, ASSAY_DECODE_... or ASSAY_ADMIT_...; *offset may be NULL. */
int ref_admit(struct ref_room *room, struct ref_bytes bytes, struct ref_image *image, size_t *offset);
bool ref_image_pins(const struct ref_image *image, uint32_t slot);

/* ---- state.c: sigma and the tables ------------------------------------------------------------ */

struct ref_file {
    uint64_t id;
    struct ref_hash content;
    uint64_t size;
    uint32_t refcount;
    uint64_t backing_quota;
};

struct ref_payload {
    struct ref_hash hash;
    struct ref_bytes bytes;
};

struct ref_code {
    uint64_t id;
    struct ref_bytes bytes;
};

struct ref_vault {
    uint64_t id;
    struct ref_hash chain, content;
};

/* Maps are arrays, ascending by key. */
struct ref_state {
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

struct ref_number {
    uint64_t id, value;
};

struct ref_numbers {
    struct ref_number *entry;
    size_t count;
};

struct ref_catcher {
    struct ref_hash id;
    struct ref_hash *marker;
    size_t marker_count;
};

struct ref_tables {
    struct ref_numbers meters, quotas;
    struct ref_catcher *catcher;
    size_t catcher_count;
};

struct ref_state ref_read_state(struct ref_reader *reader);
void ref_write_state(struct ref_writer *writer, const struct ref_state *state);
/* A copy with arrays and bytes of its own. */
struct ref_state ref_copy_state(struct ref_room *room, const struct ref_state *state);
/* Copies with arrays of their own; the bytes, which never change, are shared. */
struct ref_state ref_snapshot_state(struct ref_room *room, const struct ref_state *state);
struct ref_tables ref_snapshot_tables(struct ref_room *room, const struct ref_tables *tables);
const struct ref_payload *ref_payload_of(const struct ref_state *state, const struct ref_hash *hash);
/* Stores bytes, which are copied, under their hash. */
struct ref_hash ref_store_payload(struct ref_room *room, struct ref_state *state, struct ref_bytes bytes);
const struct ref_file *ref_file_of(const struct ref_state *state, uint64_t id);
void ref_put_file(struct ref_room *room, struct ref_state *state, struct ref_file file);
void ref_put_code(struct ref_room *room, struct ref_state *state, uint64_t id, struct ref_bytes bytes);
void ref_put_vault(struct ref_room *room, struct ref_state *state, struct ref_vault vault);

struct ref_tables ref_read_tables(struct ref_reader *reader);
void ref_write_file(struct ref_writer *writer, const struct ref_file *file);
void ref_write_catcher_list(struct ref_writer *writer, const struct ref_catcher *catcher);
/* Without zeros and empty lists. */
void ref_write_tables(struct ref_writer *writer, const struct ref_tables *tables);
uint64_t ref_number_of(const struct ref_numbers *numbers, uint64_t id); /* 0: absent */
void ref_set_number(struct ref_room *room, struct ref_numbers *numbers, uint64_t id, uint64_t value);
const struct ref_catcher *ref_catcher_of(const struct ref_tables *tables, const struct ref_hash *id);

/* ---- call.c, yield.c: activations ------------------------------------------------------------- */

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

    bool is_suspended;
    struct assay_state suspended;
    struct ref_pages pages; /* while suspended */
};

struct ref_kernel {
    struct ref_room *room;
    struct ref_state state;
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
    bool has_meter;
    uint64_t meter;
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

void ref_call_run(struct ref_kernel *kernel, const struct ref_start *start, struct ref_ending *ending);
/* The top is a reference. */
void ref_call_resume(struct ref_kernel *kernel, const struct ref_cap *scratchpad, struct ref_ending *ending);
/* False: nobody catches, or the stack is full. Otherwise the reference is pushed. */
bool ref_yield(struct ref_activation *activation, const struct ref_hash *key);

/* ---- host.c, manage.c: operations -------------------------------------------------------------- */

enum ref_result ref_host(struct ref_activation *activation, uint32_t op);
/* One of copy, move, drop, swap, mint_cnode; false is Trap. */
bool ref_manage(struct ref_activation *activation, uint32_t op);
/* The slot that an operand names, or -1 beyond the root (cap/operand, cap/operand_range). */
int ref_operand(const struct ref_activation *activation, unsigned reg);
/* The same for a destination, which must not be pinned (cap/pinned_destination). */
int ref_destination(const struct ref_activation *activation, unsigned reg);

/* ---- exchange.c, record.c ------------------------------------------------------------------------ */

/* A World into the kernel; the decoding error, or ASSAY_ERROR_ARGUMENT when it is not well formed. */
int ref_read_world(struct ref_reader *reader, struct ref_kernel *kernel);
void ref_write_pages(struct ref_writer *writer, const struct ref_pages *pages);
struct ref_bytes ref_dump(struct ref_kernel *kernel);

/* What a record compares with. */
struct ref_before {
    struct ref_room *room;
    uint64_t reg[6]; /* phi7..phi12 */
    struct ref_root root;
    struct ref_state state;
    struct ref_tables tables;
};

enum ref_record { REF_RECORD_OPERATION, REF_RECORD_RUN, REF_RECORD_RESUME, REF_RECORD_EXIT };

/* NULL without an observer. */
struct ref_before *ref_record_begin(const struct ref_kernel *kernel, const struct ref_entry *entry,
                                    const uint64_t reg[REF_register_count]);
struct ref_record_head {
    enum ref_record kind;
    uint32_t op;
    uint8_t result, exit;
    uint32_t argument;
};
void ref_record_end(const struct ref_kernel *kernel, const struct ref_entry *entry, const struct ref_before *before,
                    struct ref_record_head head);

/* ---- codec.c, world.c, chain.c: the levels --------------------------------------------------------- */

extern const struct assay_codec_level ref_codec_level;
extern const struct assay_invocation_level ref_invocation_level;
extern const struct assay_chain_level ref_chain_level;

#endif
