/*
 * assay.h - what an engine is.
 *
 * An engine is an implementation of the machine (and, above it, of the kernel) that can be compared with
 * others. It is one constant table of functions. A shared object named libassay_NAME.so exports exactly one
 * symbol, the table `assay_NAME`.
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

#define ASSAY_ABI 1u /* raised when the meaning of an existing field changes; new fields only raise `size` */

#define ASSAY_PAGE_SIZE 4096u
#define ASSAY_REGISTER_COUNT 13u

/* How a run ended: ASSAY_EXIT_TRAP and so on, one for each record of exit.def. */
enum assay_exit {
#define EXIT(name, number, argument) ASSAY_EXIT_##name = number,
#include "exit.def"
#undef EXIT
};

/* Why a blob was rejected: ASSAY_REJECT_truncated and so on, one for each record of reject.def. All > 0. */
enum assay_reject {
#define REJECT(name, number) ASSAY_REJECT_##name = number,
#include "reject.def"
#undef REJECT
};

/* Failures of the caller or of the host; never caused by a guest. All < 0. */
enum assay_error {
    ASSAY_ERROR_ARGUMENT = -1,    /* a precondition written below does not hold */
    ASSAY_ERROR_MEMORY = -2,      /* the host has no memory left for this */
    ASSAY_ERROR_HOST = -3,        /* the host lacks something the engine needs (executable memory, a signal) */
    ASSAY_ERROR_UNSUPPORTED = -4, /* this engine has not got that feature (see assay_engine.features) */
};

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

struct assay_program {
    const uint8_t *blob; /* code blob (blob.md); any bytes */
    size_t blob_size;
    uint32_t mem_cycles; /* 25, 50, 75 or 100 (gas/mem_cycles) */
    const struct assay_page *page;
    size_t page_count;
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

enum assay_feature {
    ASSAY_FEATURE_BLOCKS = 1,       /* observer.block and until.blocks */
    ASSAY_FEATURE_INSTRUCTIONS = 2, /* observer.instruction and until.instructions */
};

struct assay_engine {
    uint32_t size; /* of this table; levels added later lie beyond the size of older engines */
    uint32_t abi;  /* ASSAY_ABI it was built with */
    const char *name;
    const char *version;
    uint64_t features; /* enum assay_feature, or-ed */

    const struct assay_machine_level *machine;
    /* Room for the levels codec, invocation and chain: pointers like the one above, NULL where not implemented. */
};

#endif
