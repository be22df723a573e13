/*
 * assay.h - what an engine is. This one file is the whole contract: copy it, or install it; it includes
 * nothing but the standard library, and compiles as C17 and as C++17.
 *
 * An engine is an implementation of the machine (and, above it, of the kernel) that can be compared with
 * others. It is one constant table of functions. A shared object named libassay_NAME.so exports exactly one
 * symbol, the table `assay_NAME`:
 *
 *   ASSAY_EXPORT const struct assay_engine assay_mine = {.size = sizeof assay_mine, .abi = ASSAY_ABI, ...};
 *
 * Conventions, for every function of every table:
 *
 *   returns  0   done
 *           >0   an outcome that the specification defines (here: enum assay_reject)
 *           <0   the harness or the host failed (enum assay_error); nothing has changed
 *
 * What a guest does, a trap or a page fault, is data in struct assay_stop and never an error. Whatever bytes
 * a caller passes as blob, pages, registers, pc or gas, an engine neither crashes nor hangs nor touches
 * memory that is not its own. It needs no global set-up, and it chains any signal handler it installs.
 * Different machines may be used by different threads; one machine is used by one thread at a time.
 *
 * Addresses, pc and lengths count bytes; gas is a plain 64-bit unsigned amount over its whole range (gas/range).
 * All pointers are borrowed for the call unless a comment says otherwise.
 */
#ifndef ASSAY_H
#define ASSAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Raised when the meaning of an existing field changes. Within an ABI tables only grow at their end, which their
 * `size` tells, and `reserved` members, zero until then, get a meaning.
 */
#define ASSAY_ABI 2u

/* Makes the engine's table visible where everything else is hidden; works for C and C++. */
#ifdef __cplusplus
#define ASSAY_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define ASSAY_EXPORT __attribute__((visibility("default")))
#endif

#define ASSAY_PAGE_SIZE 4096u
#define ASSAY_REGISTER_COUNT 13u

/* How a run ended (exit.md). */
enum assay_exit {
    ASSAY_EXIT_HALT = 0,
    ASSAY_EXIT_TRAP = 1,
    ASSAY_EXIT_PANIC = 2,
    ASSAY_EXIT_OUT_OF_GAS = 3,
    ASSAY_EXIT_PAGE_FAULT = 4,
    ASSAY_EXIT_HOST_CALL = 5,
    ASSAY_EXIT_ECALL = 6,
    ASSAY_EXIT_STOPPED = 7,
};

/* Why a blob was rejected: the rule blob/header_short and so on. All > 0. */
enum assay_reject {
    ASSAY_REJECT_HEADER_SHORT = 1,
    ASSAY_REJECT_ENTRY_SIZE = 2,
    ASSAY_REJECT_TRUNCATED = 3,
    ASSAY_REJECT_TRAILING_BYTES = 4,
    ASSAY_REJECT_STRAY_BITS = 5,
};

/* Failures of the caller or of the host; never caused by a guest. All < 0. */
enum assay_error {
    ASSAY_ERROR_ARGUMENT = -1,    /* a precondition written below does not hold */
    ASSAY_ERROR_MEMORY = -2,      /* the host has no memory left for this */
    ASSAY_ERROR_HOST = -3,        /* the host lacks something the engine needs (executable memory, a signal) */
    ASSAY_ERROR_UNSUPPORTED = -4, /* this engine lacks that feature, revision or profile */
};

/*
 * Signals, threads and processes. An engine may take SIGSEGV for the faults of its guests, from its first load on. It
 * hands on every other one, those that raise and kill send included, to what the host had set up: a handler with its
 * mask and flags, or the default. SIGSEGV may be blocked: an engine lets it through while a guest runs. A thread that
 * blocks it between two calls on one chain or world, or before it resumes a machine, lets it through for the second.
 *
 * A host may install a handler later. Each load and run, and each event, looks for it and steps in front of it again,
 * so that it goes on getting the host's own faults. Only for faults between such a handler's installation and the
 * next load, run or event, which is in a resume, must the handler hand on what it does not know to the one it replaced.
 *
 * Different machines, chains and worlds may be used by different threads at once. After fork both processes may go on
 * with all of them, and neither sees what the other does. An engine that took a signal stays loaded after dlclose.
 */
enum assay_access {
    ASSAY_ACCESS_RO = 1, /* loads */
    ASSAY_ACCESS_RW = 2, /* loads and stores */
};

/* One 4 KiB page of guest memory. Pages not given have no access at all (mem/access). */
struct assay_page {
    uint32_t address;    /* multiple of 4096; each address at most once (mem/page_given_once) */
    uint32_t access;     /* enum assay_access */
    const uint8_t *data; /* its first `size` bytes, the rest is zero; may be NULL when size is 0 */
    size_t size;         /* 0..4096 */
};

/* Which machine a program is for. Later ones get later numbers. */
enum assay_profile {
    ASSAY_PROFILE_JAR = 0, /* the machine of spec/machine */
};

struct assay_program {
    const uint8_t *blob; /* code blob (blob.md); any bytes */
    size_t blob_size;
    uint32_t mem_cycles; /* 25, 50, 75 or 100 (gas/mem_cycles) */
    uint32_t profile;    /* enum assay_profile; another one is ASSAY_ERROR_UNSUPPORTED */
    const struct assay_page *page;
    size_t page_count;
    uint64_t reserved[4]; /* 0; anything else is ASSAY_ERROR_UNSUPPORTED */
};

/* Where a machine is: before an instruction, or at the entry of a block that has just been paid (level L1). */
struct assay_state {
    uint64_t pc;
    uint64_t gas;
    uint64_t reg[ASSAY_REGISTER_COUNT];
};

/* How and where a run ended. Every field is exact after every exit (exit/definedness). */
struct assay_stop {
    uint32_t exit;     /* enum assay_exit */
    uint32_t argument; /* page address, host-call id, or 0: the third column of exit.def */
    struct assay_state state;
};

/* One completed instruction (level L0). */
struct assay_step {
    uint64_t pc;                        /* of the instruction */
    uint64_t reg[ASSAY_REGISTER_COUNT]; /* after it */
    uint64_t store_value;               /* the low store_width bytes count, the others are 0 */
    uint32_t store_address;
    uint32_t store_width; /* 1, 2, 4, 8; 0 when nothing was stored, then address and value are 0 too */
};

/*
 * Told what happens while it happens. A member that is NULL is not called. The records live for the call
 * only. An observer must not call the engine.
 */
struct assay_observer {
    void *context;
    void (*block)(void *context, const struct assay_state *entry);     /* needs ASSAY_FEATURE_BLOCKS */
    void (*instruction)(void *context, const struct assay_step *step); /* needs ASSAY_FEATURE_INSTRUCTIONS */
    void (*event)(void *context, const uint8_t *record, size_t size);  /* a Record (chain/record) */
    void *reserved[4];                                                 /* NULL */
};

/*
 * When to stop although the guest goes on (exit/stopped); 0 means never. Both counts start afresh with every run
 * and resume. An exit that the guest causes at the same moment wins.
 */
struct assay_until {
    uint64_t blocks;       /* after that many L1 records, before the block's first instruction */
    uint64_t instructions; /* after that many L0 records, before whatever comes next is charged or checked */
};

struct assay_machine; /* the engine's own */

struct assay_machine_level {
    uint32_t size; /* of this table; a reader looks at no member beyond it */

    /*
     * Makes a machine. Copies what it needs. 0: *machine is set; > 0: the blob is rejected (enum
     * assay_reject); < 0: ASSAY_ERROR_ARGUMENT for a page or mem_cycles that breaks its comment above, checked
     * before the blob is looked at. *machine is NULL unless 0 is returned.
     */
    int (*load)(const struct assay_program *program, struct assay_machine **machine);

    /* Frees it. NULL is allowed. */
    void (*unload)(struct assay_machine *machine);

    /*
     * Starts at state->pc with that gas and those registers (exit/entry). Always legal; memory is as the last
     * run, resume or write left it. `until` may be NULL: no stop. Returns 0, and < 0 only when the host fails.
     */
    int (*run)(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
               struct assay_stop *stop);

    /*
     * Goes on from where the machine stopped, with state->gas and state->reg; state->pc is ignored, a machine
     * resumes only at its own pc (exit/resume). ASSAY_ERROR_ARGUMENT unless the last run or resume ended in
     * host_call, ecall, out_of_gas or stopped.
     */
    int (*resume)(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop);

    /*
     * Copies `size` bytes at guest `address` out of or into the machine, whatever the access of the pages.
     * ASSAY_ERROR_ARGUMENT, and nothing is copied, when a byte lies on a page not given or beyond 2^32.
     */
    int (*read)(struct assay_machine *machine, uint32_t address, void *data, size_t size);
    int (*write)(struct assay_machine *machine, uint32_t address, const void *data, size_t size);

    /*
     * Attaches an observer (copied), or detaches with NULL; from the next run or resume on. Without an
     * observer and without `until` the engine runs its production code; the records and stops of the observed
     * code must agree with it.
     */
    int (*observe)(struct assay_machine *machine, const struct assay_observer *observer);
};

/* ---- kernel ------------------------------------------------------------------------------------------------ */

/* Why bytes do not decode (image/decode/...) or an Image is not admitted (image/admit/...). All > 0. */
enum assay_rejection {
    ASSAY_DECODE_UNEXPECTED_EOF = 101,
    ASSAY_DECODE_INVALID_DISCRIMINATOR = 102,
    ASSAY_DECODE_SEQUENCE_TOO_LONG = 103,
    ASSAY_DECODE_NOT_SORTED = 104,
    ASSAY_DECODE_TRAILING_BYTES = 105,
    ASSAY_ADMIT_CODE_HEADER_SHORT = 201,
    ASSAY_ADMIT_CODE_ENTRY_SIZE = 202,
    ASSAY_ADMIT_CODE_TRUNCATED = 203,
    ASSAY_ADMIT_CODE_TRAILING_BYTES = 204,
    ASSAY_ADMIT_CODE_STRAY_BITS = 205,
    ASSAY_ADMIT_SLOT_RANGE = 206,
    ASSAY_ADMIT_EMPTY_PATH = 207,
    ASSAY_ADMIT_START_UNALIGNED = 208,
    ASSAY_ADMIT_SIZE_UNALIGNED = 209,
    ASSAY_ADMIT_END_RANGE = 210,
    ASSAY_ADMIT_SIZE_ZERO = 211,
    ASSAY_ADMIT_OVERLAP = 212,
    ASSAY_ADMIT_PINNED_AND_INITIAL = 213,
    ASSAY_ADMIT_CONTENT_TOO_LONG = 214,
    ASSAY_ADMIT_RESERVED_SLOT = 215,
    ASSAY_ADMIT_UNIT_SLOT_PINNED = 216,
    ASSAY_ADMIT_ENTRY_PC = 217,
    ASSAY_ADMIT_CONTENT_UNSTRIPPED = 218,
    ASSAY_ADMIT_PATH_FROM_SLOT_0 = 219,
    ASSAY_ADMIT_TOO_MANY_PAGES = 220,
};

/* Outcomes of the invocation level's run and resume that change nothing. */
enum assay_call_outcome {
    ASSAY_CALL_STACK_FULL = 301, /* call/stack/depth */
    ASSAY_CALL_NOT_PAUSED = 302, /* yield/resume/not_paused */
};

struct assay_bytes {
    const uint8_t *data;
    size_t size;
};

/*
 * Revisions of the kernel. A chain or world keeps the one it was made with. `revision` stands first where what
 * is encoded depends on it; one that the engine lacks (assay_engine.revisions) is ASSAY_ERROR_UNSUPPORTED.
 */
enum assay_revision {
    ASSAY_REVISION_1 = 1,
    ASSAY_REVISION_2 = 2,
};

/* Encoded types that the codec level decodes: image.md and exchange.md. */
enum assay_type {
    ASSAY_TYPE_IMAGE = 0,
    ASSAY_TYPE_STATE = 1,
    ASSAY_TYPE_CAP = 2,
    ASSAY_TYPE_CNODE = 3,
    ASSAY_TYPE_WORLD = 4,
};

/* Hashes of given values (image/hash/...), and what `value` is. */
enum assay_hash {
    ASSAY_HASH_BYTES = 0, /* any bytes: H */
    ASSAY_HASH_BMT = 1,   /* leaves of 32 bytes each, one after the other: Merkle root */
    ASSAY_HASH_CAP = 2,   /* Cap */
    ASSAY_HASH_CNODE = 3, /* CNode */
    ASSAY_HASH_IMAGE = 4, /* Image, admissible or not: content hash */
    ASSAY_HASH_CHAIN = 5, /* 64 bytes: chain, image content hash */
    ASSAY_HASH_STATE = 6, /* State: state root */
};

struct assay_codec_level {
    uint32_t size;

    /*
     * Decodes `bytes` as a whole. 0, or an enum assay_rejection; *offset, if not NULL, is then the byte at which it was
     * found (a diagnostic, never compared). When it decodes and `again` is not NULL, the value is encoded
     * anew into `again`, which has room for `size` bytes, and *again_size is set.
     */
    int (*decode)(uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset, uint8_t *again,
                  size_t *again_size);

    /* Decodes and admits an Image. 0, or an enum assay_rejection; offset as above. */
    int (*admit)(const uint8_t *image, size_t size, size_t *offset);

    /* 0, an enum assay_rejection when the value does not decode, ASSAY_ERROR_ARGUMENT for a wrong size of bmt or chain.
     */
    int (*hash)(uint32_t revision, uint32_t hash, const uint8_t *value, size_t size, uint8_t digest[32]);
};

/* How an activation ended or was set aside. */
enum assay_outcome {
    ASSAY_OUTCOME_HALT = 0,
    ASSAY_OUTCOME_FAULTED = 1,
    ASSAY_OUTCOME_PAUSED = 2,
};

/* What run and resume of the invocation level give. Pointers are valid until the next call on that world. */
struct assay_result {
    uint32_t outcome;         /* enum assay_outcome */
    uint32_t exit;            /* enum assay_exit: halt; the fault; host_call or out_of_gas when paused */
    uint32_t argument;        /* as in struct assay_stop; 16 for a voluntary yield */
    struct assay_state state; /* at the end: pc, remaining gas, registers */
    uint64_t gas_used;
    uint8_t instance[64];       /* chain, content */
    struct assay_bytes cnode;   /* CNode: the activation's root CNode */
    struct assay_bytes pages;   /* Pages: its memory */
    struct assay_bytes payload; /* Cap: what a paused run yields; empty otherwise */
    uint64_t reserved[4];       /* 0 */
};

struct assay_invocation {
    uint8_t instance[64];     /* chain, content */
    struct assay_bytes image; /* Image, any bytes */
    struct assay_bytes cnode; /* CNode with size_log 0..8 */
    uint8_t endpoint;
    uint64_t gas;
    uint64_t reserved[4]; /* 0 */
};

struct assay_world; /* kernel tables, sigma and a stack; the engine's own */

struct assay_invocation_level {
    uint32_t size;

    /*
     * Makes a world of an encoded World; ASSAY_ERROR_ARGUMENT when it is not well formed (exchange.md).
     * *result is NULL unless 0 is returned.
     */
    int (*open)(uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result);
    void (*close)(struct assay_world *world);

    /*
     * 0: *result is set; > 0: the Image's rejection or ASSAY_CALL_STACK_FULL; < 0: the CNode does not decode or is
     * too large, or a reference is on top (call/run/reference_on_top).
     */
    int (*run)(struct assay_world *world, const struct assay_invocation *invocation, struct assay_result *result);

    /* `scratchpad` is a Cap, or NULL for none. 0, or ASSAY_CALL_NOT_PAUSED; < 0 when the Cap does not decode. */
    int (*resume)(struct assay_world *world, const struct assay_bytes *scratchpad, struct assay_result *result);

    /* The whole world as a Dump; valid until the next call on it. */
    int (*dump)(struct assay_world *world, struct assay_bytes *dump);

    int (*observe)(struct assay_world *world, const struct assay_observer *observer);
};

struct assay_event {
    uint8_t endpoint;
    struct assay_bytes payload;
    uint64_t gas;
    uint64_t quota;
    uint64_t reserved[4]; /* 0 */
};

struct assay_event_result {
    uint32_t outcome;  /* halt or faulted */
    uint32_t exit;     /* enum assay_exit */
    uint32_t argument; /* of the fault */
    uint64_t value;    /* of a halt: phi7; else 0 */
    uint64_t gas_used;
    uint64_t reserved[4]; /* 0 */
};

struct assay_chain; /* the engine's own */

struct assay_chain_level {
    uint32_t size;

    /* 0: *chain is set; > 0: the Image's rejection. *chain is NULL unless 0 is returned. */
    int (*genesis)(uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain);
    void (*close)(struct assay_chain *chain);

    /* Applies one event. Returns 0, and < 0 only when the host fails, then nothing has changed. */
    int (*apply)(struct assay_chain *chain, const struct assay_event *event, struct assay_event_result *result);

    /* The encoded State, valid until the next call on the chain; its root; the chain Instance (chain, content). */
    int (*state)(struct assay_chain *chain, struct assay_bytes *state);
    int (*root)(struct assay_chain *chain, uint8_t root[32]);
    int (*instance)(struct assay_chain *chain, uint8_t instance[64]);

    int (*observe)(struct assay_chain *chain, const struct assay_observer *observer);
};

enum assay_feature {
    ASSAY_FEATURE_BLOCKS = 1,       /* observer.block and until.blocks */
    ASSAY_FEATURE_INSTRUCTIONS = 2, /* observer.instruction and until.instructions */
};

struct assay_engine {
    uint32_t size; /* of this table; levels added later lie beyond the size of older engines */
    uint32_t abi;  /* ASSAY_ABI it was built with */
    const char *name;
    const char *version;
    uint64_t features;  /* enum assay_feature, or-ed */
    uint64_t revisions; /* bit r for revision r of the kernel: 1u << ASSAY_REVISION_1, or-ed; 0 without a kernel */
    uint64_t profiles;  /* bit p for machine profile p: 1u << ASSAY_PROFILE_JAR, or-ed */

    /* The levels; NULL for those that the engine lacks. */
    const struct assay_machine_level *machine;
    const struct assay_codec_level *codec;
    const struct assay_invocation_level *invocation;
    const struct assay_chain_level *chain;
};

#ifdef __cplusplus
}
#endif

#endif
