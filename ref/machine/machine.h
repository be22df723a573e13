/*
 * The reference interpreter: every internal type and prototype, one section a source file.
 *
 * It is written to be read beside the chapters of spec/. Two things are remembered: the set P, which needs a scan of
 * the whole code, and the cost of each block that was entered. Nothing is allocated after load.
 */
#ifndef REF_MACHINE_H
#define REF_MACHINE_H

#include "assay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ref_limit {
#define LIMIT(name, value) REF_##name = value,
#include "machine/limit.def"
#undef LIMIT
};

/* ---- blob.c: the code blob ------------------------------------------------------------------ */

/* Pointers into one copy of the blob. */
struct ref_blob {
    uint8_t *bytes;
    uint64_t jump_len;
    uint64_t entry_size;
    uint64_t code_len;
    const uint8_t *jump_table;
    const uint8_t *code;
    const uint8_t *bitmask;
};

/* Looks only: 0 and *blob points into `bytes`, or the enum assay_reject. */
int ref_blob_parse(uint8_t *bytes, size_t size, struct ref_blob *blob);
/* code[i], 0 beyond the end. */
uint8_t ref_blob_code(const struct ref_blob *blob, uint64_t i);
/* start(i), false beyond the end. */
bool ref_blob_start(const struct ref_blob *blob, uint64_t i);
uint64_t ref_blob_jump_entry(const struct ref_blob *blob, uint64_t index);

/* ---- isa.c: instruction stream and operands ------------------------------------------------- */

enum ref_opcode {
#define INSN(name, byte, form, flow) REF_OPCODE_##name = byte,
#include "machine/isa.def"
#undef INSN
};

struct ref_insn {
    uint64_t pc;
    uint64_t npc;
    uint64_t x, y;   /* immediates */
    uint64_t target; /* pc + offset; a target below 0 has wrapped to far beyond any code */
    uint8_t opcode;
    uint8_t ra, rb, rd;
};

bool ref_isa_is_opcode(uint8_t byte);
bool ref_isa_is_terminator(uint8_t byte);
/* isa/skip, as the position after the instruction: pc + 1 + skip(pc). */
uint64_t ref_isa_next(const struct ref_blob *blob, uint64_t pc);
bool ref_isa_is_executable(const struct ref_blob *blob, uint64_t pc);
/* isa/block_starts: sets in_p[i] to 1 for each i in P; in_p has code_len zeroed bytes. */
void ref_isa_mark_block_starts(const struct ref_blob *blob, uint8_t *in_p);
/* Whether pc is executable and in P. */
bool ref_isa_begins_block(const struct ref_blob *blob, const uint8_t *in_p, uint64_t pc);
struct ref_insn ref_isa_decode(const struct ref_blob *blob, uint64_t pc);

/* ---- mem.c: pages --------------------------------------------------------------------------- */

struct ref_page {
    uint32_t access; /* enum assay_access */
    uint8_t byte[ASSAY_PAGE_SIZE];
};

/* 2^20 pages as 1024 groups of 1024; a group or page that is NULL is NONE. */
struct ref_memory {
    struct ref_page **group[1024];
};

int ref_mem_init(struct ref_memory *memory, const struct assay_page *page, size_t page_count);
void ref_mem_clear(struct ref_memory *memory);
struct ref_page *ref_mem_page(const struct ref_memory *memory, uint32_t address);
/*
 * Checks a whole guest access of `width` bytes that needs at least `access`. True, or false and *fault is the
 * argument of the PageFault (mem/fault_address, mem/past_end).
 */
bool ref_mem_check(const struct ref_memory *memory, uint32_t address, uint64_t width, uint32_t access, uint32_t *fault);
/* Whether every byte of [address, address + size) has at least that access; no byte, no question. */
bool ref_mem_allows(const struct ref_memory *memory, uint32_t address, uint64_t size, uint32_t access);
/* Little-endian reads and writes of checked guest memory. */
uint64_t ref_mem_load(const struct ref_memory *memory, uint32_t address, uint32_t width);
void ref_mem_store(struct ref_memory *memory, uint32_t address, uint32_t width, uint64_t value);

/* ---- run.c: running ------------------------------------------------------------------------- */

/* What an instruction asks for. */
enum ref_flow {
    REF_FLOW_NEXT, /* go on at npc */
    REF_FLOW_JUMP, /* go on at machine->target, which is legal */
    REF_FLOW_CALL, /* exit completed at npc: ecall, ecalli */
    REF_FLOW_EXIT, /* exit at this pc, not completed */
};

struct assay_machine {
    struct ref_blob blob;
    uint8_t *in_p;  /* one byte a code position */
    uint64_t *cost; /* of the block that begins at a code position; 0: not entered yet, as no block is free */
    uint32_t mem_cycles;
    struct ref_memory memory;

    uint64_t reg[REF_register_count];
    uint64_t pc;
    uint64_t gas;
    bool paid;      /* the block at pc has been charged and has not begun */
    bool resumable; /* exit/resume/legal */

    /* Set by the instruction being executed. */
    enum ref_flow flow;
    uint64_t target;
    uint32_t exit;
    uint32_t argument;
    struct assay_step store; /* only the store members are used */

    struct assay_observer observer;
};

int ref_run_start(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                  struct assay_stop *stop);
int ref_run_resume(struct assay_machine *machine, const struct assay_state *state, const struct assay_until *until,
                   struct assay_stop *stop);

/* Makes a machine that has not run yet resumable at pc, as after a host call that ended there. */
void ref_run_place(struct assay_machine *machine, uint64_t pc);

/* ---- gas.c: the cost of a block ------------------------------------------------------------- */

uint64_t ref_gas_block_cost(const struct assay_machine *machine, uint64_t start);

/* ---- number.c: fixed-width arithmetic without undefined behaviour --------------------------- */

int64_t ref_number_signed_64(uint64_t value);
int32_t ref_number_signed_32(uint64_t value);
/* Sign-extends the low `bits` bits, 1..64. */
uint64_t ref_number_sign_extend(uint64_t value, unsigned bits);
uint64_t ref_number_extend_32(uint64_t value);
/* floor(value / 2^count) of a signed value, count 0..63. */
uint64_t ref_number_shift_right_signed(uint64_t value, unsigned count);
uint64_t ref_number_rotate_right_64(uint64_t value, unsigned count);
uint32_t ref_number_rotate_right_32(uint32_t value, unsigned count);
unsigned ref_number_count_ones(uint64_t value);
/* Zeros above and below the ones of the low `width` bits; `width` for zero. */
unsigned ref_number_leading_zeros(uint64_t value, unsigned width);
unsigned ref_number_trailing_zeros(uint64_t value, unsigned width);
/* The upper 64 bits of the 128-bit product. */
uint64_t ref_number_multiply_upper(uint64_t a, uint64_t b);

/* ---- load.c: the machine level --------------------------------------------------------------- */

int ref_load_machine(const struct assay_program *program, struct assay_machine **result);
void ref_load_free(struct assay_machine *machine); /* NULL is allowed */

extern const struct assay_machine_level ref_machine_level;

/* ---- alu_*.c, load_store.c, flow.c: one function an instruction ------------------------------ */

/* flow.c: makes the instruction being executed end the run at its own pc. */
void ref_flow_exit(struct assay_machine *machine, uint32_t exit, uint32_t argument);

typedef void ref_op_fn(struct assay_machine *machine, const struct ref_insn *insn);

/* Hidden, so that a library which lacks one of them does not link. */
#define INSN(name, byte, form, flow) __attribute__((visibility("hidden"))) ref_op_fn ref_op_##name;
#include "machine/isa.def"
#undef INSN

#endif
