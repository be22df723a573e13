/*
 * The recompiler: every internal type and prototype, one section a source file.
 *
 *   blob -> struct fast_program -> compile -> struct fast_code -> run
 *
 * A program is parsed once into padded copies of its code and bitmask, with a bit a position for the sets E and P.
 * It is compiled at the first run, a flavour at a time: production code has no hooks; the block flavour calls out
 * at each block, the instruction flavour after each instruction as well. Guest memory is a reserved window of
 * 4 GiB whose page protections are the guest's permissions, so that a guest access is one host access and a bad
 * one is a SIGSEGV, which becomes a PageFault (fault.c).
 */
#ifndef FAST_MACHINE_H
#define FAST_MACHINE_H

#include "assay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum fast_limit {
#define LIMIT(name, value) FAST_##name = value,
#include "machine/limit.def"
#undef LIMIT
};

/* ---- blob.c: the program --------------------------------------------------------------------- */

enum { FAST_PADDING = 64 }; /* readable bytes after code and bitmaps: operands read 0, start bits read 1 */

struct fast_program {
    uint32_t code_len;
    uint32_t jump_len; /* clamped to what an address can reach: fast_blob_parse */
    uint32_t start_count;
    uint32_t mem_cycles;
    bool is_checked; /* its memory is: fast_mem */
    bool is_short;   /* likewise */
    const uint8_t *code;
    const uint8_t *start;  /* bit i: an instruction starts at i, or i is at or beyond code_len */
    uint8_t *block;        /* bit i: i is in both P and E */
    uint8_t *in_p;         /* bit i: i is in P */
    uint32_t *jump_target; /* jump_len entries */
    void *memory;          /* the one allocation behind all of them */
};

/* 0 and *program is set, > 0 enum assay_reject, < 0 enum assay_error. */
int fast_blob_parse(const uint8_t *blob, size_t size, struct fast_program *program);
void fast_blob_clear(struct fast_program *program);

static inline bool fast_blob_bit(const uint8_t *bits, uint64_t i)
{
    return (bits[i / 8] >> (i % 8) & 1) != 0;
}

/* 64 bits from `i`, a multiple of 64, on. */
static inline uint64_t fast_blob_bits_64(const uint8_t *bits, uint64_t i)
{
    uint64_t word;
    memcpy(&word, bits + i / 8, 8);
    return word;
}

/* ---- isa.c: what an opcode is, and its operands ---------------------------------------------- */

enum fast_opcode {
#define INSN(name, byte, form, flow) FAST_OPCODE_##name = byte,
#include "machine/isa.def"
#undef INSN
};

enum { FAST_OPCODE_VALUES = 256 };

struct fast_insn {
    uint32_t pc;
    uint32_t npc; /* at most code_len */
    uint64_t x, y;
    uint64_t target; /* wraps when negative, far beyond any code */
    uint8_t opcode;
    uint8_t ra, rb, rd;
};

enum { FAST_FLOW_NEXT = 1, FAST_FLOW_ENDS = 2 };

extern const uint8_t fast_isa_flow[FAST_OPCODE_VALUES]; /* 0: no opcode */

static inline bool fast_isa_is_opcode(uint8_t byte)
{
    return fast_isa_flow[byte] != 0;
}

static inline bool fast_isa_is_terminator(uint8_t byte)
{
    return fast_isa_flow[byte] == FAST_FLOW_ENDS;
}

/* A terminator behind which the guest flows on. */
static inline bool fast_isa_falls_through(uint8_t opcode)
{
    return opcode == FAST_OPCODE_fallthrough || opcode == FAST_OPCODE_unlikely;
}

/* isa/executable: in E. */
static inline bool fast_isa_is_executable(const struct fast_program *program, uint64_t pc)
{
    return pc < program->code_len && fast_blob_bit(program->start, pc) && fast_isa_is_opcode(program->code[pc]);
}

/* In both P and E. */
static inline bool fast_isa_begins_block(const struct fast_program *program, uint64_t pc)
{
    return pc < program->code_len && fast_blob_bit(program->block, pc);
}

/* isa/skip: the next start bit within 25 positions; past the end the padding has ones. */
static inline uint32_t fast_isa_next(const struct fast_program *program, uint32_t pc)
{
    uint64_t first = (uint64_t)pc + 1, bits;
    memcpy(&bits, program->start + first / 8, 8);
    bits = bits >> first % 8 | UINT64_C(1) << FAST_skip_max;
    return (uint32_t)(first + (uint64_t)__builtin_ctzll(bits));
}

void fast_isa_decode(const struct fast_program *program, uint32_t pc, struct fast_insn *insn);

/* A memory access as the instruction describes it; width 0 when there is none. */
struct fast_access {
    uint32_t width;
    bool is_store;
    int base;      /* guest register, or -1 */
    int source;    /* guest register stored, or -1: the immediate */
    uint64_t disp; /* added to the base modulo 2^32 */
    uint64_t value;
};

void fast_isa_decode_access(const struct fast_insn *insn, struct fast_access *access);

/* ---- budget.c: how much is kept ------------------------------------------------------------- */

enum fast_budget_part { FAST_BUDGET_WINDOWS, FAST_BUDGET_CODE, FAST_BUDGET_IMAGES };

/* Bytes. */
size_t fast_budget_share(enum fast_budget_part part);
/* Gives back all that is kept and idle, before something is refused. */
void fast_budget_shed(void);
/* `more` is called too. */
void fast_budget_on_shed(void (*more)(void));

/* ---- probe.c: whether the host does what it says --------------------------------------------- */

/* Asked once: 0, or ASSAY_ERROR_HOST. */
int fast_probe_host(void);
/* Whether the eight bytes can be written; they are, if so. */
bool fast_probe_writable(uint8_t *at);

/* ---- arena.c: executable memory -------------------------------------------------------------- */

struct fast_arena {
    uint8_t *base; /* where it is executed */
    uint8_t
        *write; /* where it is written: another address, or the same until it is sealed; then NULL, or still there */
    size_t size;
    size_t touched; /* bytes from the front that may hold memory */
    uint64_t forks; /* how many there had been when it was taken */
};

/* At least `size` writable bytes; reused when one is free. */
int fast_arena_take(size_t size, struct fast_arena *arena);
/* Its first `used` bytes can be executed from now on. */
int fast_arena_seal(struct fast_arena *arena, size_t used);
void fast_arena_give_back(struct fast_arena *arena);
void fast_arena_drop_kept(void);
/* In both processes after a fork, with the lock held. */
void fast_arena_forked(bool child);

/* ---- mem.c: guest memory --------------------------------------------------------------------- */

/* A run of neighbouring pages with one access. */
struct fast_mem_run {
    uint32_t first; /* page index */
    uint32_t count;
    uint32_t access;
};

enum {
    FAST_MEM_PAGES = 1 << 20,
    /* Where a checked window has the access of its pages, a byte each: that far in front of guest address 0. */
    FAST_MEM_PERMISSIONS = FAST_MEM_PAGES + 65536,
};

struct fast_short;

struct fast_mem {
    uint8_t *base; /* guest address 0 */
    struct fast_mem_run *run;
    size_t run_count;
    size_t page_count;        /* of all runs */
    size_t touched;           /* pages of the window that may hold memory; SIZE_MAX when its state is not known */
    bool is_checked;          /* compiled code checks each access; the host guards nothing */
    struct fast_short *whole; /* checked until the program has run for some time (short.c), or NULL */
};

/* `is_short`: for a program that may not run long: then it begins whole, if it is small. */
int fast_mem_open(const struct assay_page *page, size_t page_count, bool is_short, struct fast_mem *mem);
/* A whole one becomes one that the host guards, if it can, or else one that is checked all the time. */
int fast_short_guard(struct fast_mem *mem);
bool fast_mem_protect(const struct fast_mem *mem, uint32_t first, size_t count, uint32_t access);
void fast_mem_close(struct fast_mem *mem);
/* The same, and what its pages held is given back: for who had many events' worth of it. */
void fast_mem_close_empty(struct fast_mem *mem);
/* Gives back the windows that are kept for later. */
void fast_mem_drop_kept(void);
/* The access of a page, 0 when it was not given. */
uint32_t fast_mem_access(const struct fast_mem *mem, uint32_t page_index);
/* PageFault's argument of a guest access, or -1 when all of it is allowed (mem/fault_address, mem/past_end). */
int64_t fast_mem_fault(const struct fast_mem *mem, uint32_t address, uint32_t width, bool is_store);
int fast_mem_read(const struct fast_mem *mem, uint32_t address, void *data, size_t size);
int fast_mem_write(const struct fast_mem *mem, uint32_t address, const void *data, size_t size);
/* Fills whole neighbouring pages of one access with `size` bytes and `zeros` zeros behind; zeros are not touched. */
int fast_mem_set(const struct fast_mem *mem, uint32_t address, const void *data, size_t size, size_t zeros);
/* Zeros; what is zero already is read only, a page at a time. */
void fast_mem_clear(uint8_t *at, size_t size);
/* Whether all of the bytes lie below 2^32 on pages of at least that access. */
bool fast_mem_allows(const struct fast_mem *mem, uint32_t address, uint64_t size, uint32_t access);

/* ---- compile.c: a program into host code ----------------------------------------------------- */

enum fast_flavour { FAST_PRODUCTION, FAST_BLOCKS, FAST_INSTRUCTIONS, FAST_FLAVOUR_COUNT };

/* Where a call out of compiled code comes from. */
enum fast_site_kind {
    FAST_SITE_BLOCK,       /* a block has been paid */
    FAST_SITE_INSTRUCTION, /* an instruction is complete and `next` follows */
    FAST_SITE_DYNAMIC,     /* a dynamic jump, if its target is legal */
    FAST_SITE_CALL,        /* ecall or ecalli is complete; the exit follows */
    FAST_SITE_IN_C,        /* count bits in C, for a processor that has no instruction for it */
};

struct fast_site {
    uint32_t pc;
    uint32_t next;
    uint32_t after; /* offset of the code behind the call out */
    enum fast_site_kind kind;
};

struct fast_fault {
    uint32_t native; /* offset of the host instruction that touches guest memory */
    uint32_t pc;
};

/* A block of dense code that costs much (dense.c). */
struct fast_dear {
    uint32_t pc, cost;
};

struct fast_code {
    struct fast_arena arena;
    size_t used;
    void *tables;        /* the one allocation behind the next five */
    uint32_t *native;    /* code_len + 1 offsets of block entries, 0 where none */
    uint64_t *jump;      /* jump_len host addresses: block entries, or the bad-jump tail */
    uint64_t bad_jump;   /* its address */
    uint32_t fault_exit; /* offset of the exit that the fault handler goes to */
    struct fast_fault *fault;
    size_t fault_count;
    struct fast_site *site;
    size_t site_count;
    struct fast_dear *dear;
    size_t dear_count;
};

int fast_compile_program(const struct fast_program *program, enum fast_flavour flavour, struct fast_code *code);
void fast_compile_discard(struct fast_code *code);
/* What the block at pc costs, as its code has it; of code that is not dense. */
uint32_t fast_compile_cost(const struct fast_code *code, uint32_t pc);
/* About the memory it takes. */
size_t fast_compile_size(const struct fast_program *program, const struct fast_code *code);

/* ---- run.c: into compiled code and out of it ------------------------------------------------- */

/* What compiled code reads and writes, by offset (compile.c). */
struct fast_context {
    uint64_t reg[FAST_register_count]; /* these two at a call out and when the harness stops the machine */
    uint64_t gas;
    uint64_t pc;            /* of the last stop */
    const uint64_t *jump;   /* of the code that runs */
    uint64_t dynamic_index; /* at a call out of a dynamic jump: its jump-table index */
    struct assay_machine *machine;
};

struct assay_machine {
    struct fast_context context;
    struct fast_program program;
    struct fast_mem mem;
    struct fast_code code[FAST_FLAVOUR_COUNT];
    bool compiled[FAST_FLAVOUR_COUNT];
    enum fast_flavour flavour; /* of the code that runs, or in which the machine was stopped */

    uint32_t last_exit;
    bool has_run;
    uint64_t resume_at; /* host address where a stopped machine goes on */

    struct assay_observer observer;
    uint64_t blocks_left; /* until the harness stops the machine; 0 is never */
    uint64_t instructions_left;
    uint64_t short_gas; /* that it may still use until it is guarded, while its memory is short */
};

/* How much gas a machine may use before its memory, if it is short, is guarded. */
uint64_t fast_run_short_gas(const struct fast_program *program);
int fast_run_start(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop);
int fast_run_resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                    struct assay_stop *stop);

/* ---- call_out.c: out of compiled code, and back ---------------------------------------------- */

/* Called from compiled code: see emit_call_out_tail in compile.c. Returns 0 to go on, or 1 to stop. */
uint64_t fast_call_out_handle(struct fast_context *context, uint64_t site_index, uint64_t return_address);

/* ---- fault.c: SIGSEGV into PageFault --------------------------------------------------------- */

extern __thread struct assay_machine *fast_fault_running; /* the machine whose code this thread executes */

int fast_fault_install(void);

/* Whether the thread had SIGSEGV blocked. */
struct fast_fault_mask {
    bool was_blocked;
};

/* Around the runs of a thread: the engine's handler stands in front, and SIGSEGV reaches it. */
int fast_fault_begin(struct fast_fault_mask *mask);
void fast_fault_end(const struct fast_fault_mask *mask);
/*
 * The same where many runs of a machine that has production code follow each other; the thread's mask is asked for the
 * first, and after fast_fault_ask_again.
 */
int fast_fault_begin_event(const struct assay_machine *machine, struct fast_fault_mask *mask);
void fast_fault_ask_again(void);

/* ---- lock.c: the one lock -------------------------------------------------------------------- */

void fast_lock_take(void);
void fast_lock_give(void);

/* ---- cpu.c: what the processor can do -------------------------------------------------------- */

struct fast_cpu {
    bool bmi1, bmi2, lzcnt, popcnt;
    bool fsgsbase;
};

const struct fast_cpu *fast_cpu_ask(void);
/* Makes GS the base of that window for this thread; ASSAY_ERROR_HOST when the host does not let it. */
int fast_cpu_set_gs(const uint8_t *base);

/* ---- load.c: the machine level --------------------------------------------------------------- */

extern const struct assay_machine_level fast_load_level;

#endif
