/*
 * contract.h - the sentences of assay.h that no vector can ask, each as a check.
 *
 * A check runs in a child process of its own: an engine that crashes, hangs or spoils the process costs that
 * check and no other. It ends by returning, or by `contract_broken`, which says what was wrong and ends the child.
 */
#ifndef ASSAY_NATIVE_CONTRACT_H
#define ASSAY_NATIVE_CONTRACT_H

#include "native.h"

struct contract {
    const struct assay_engine *engine;
    int words; /* where the child says what was broken */
};

enum contract_need { NEEDS_MACHINE, NEEDS_BLOCKS, NEEDS_INSTRUCTIONS, NEEDS_CODEC, NEEDS_INVOCATION, NEEDS_CHAIN };

struct contract_check {
    const char *name;     /* "machine/load/page_twice" */
    const char *sentence; /* what assay.h says */
    enum contract_need need;
    void (*run)(struct contract *contract);
};

_Noreturn void contract_broken(struct contract *contract, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Breaks unless `got` is what the contract says. */
void contract_equal(struct contract *contract, const char *what, int64_t expected, int64_t got);
void contract_true(struct contract *contract, const char *what, bool holds);
void contract_same(struct contract *contract, const char *what, const void *expected, const void *got, size_t size);

extern const struct contract_check contract_machine[], contract_host[], contract_kernel[];
extern const size_t contract_machine_count, contract_host_count, contract_kernel_count;

/* ---- contract_program.c: small programs for the checks --------------------------------------------------------- */

enum { CONTRACT_BLOB_MAX = 128 };

struct contract_blob {
    uint8_t data[CONTRACT_BLOB_MAX];
    size_t size;
};

/* Code whose instructions start where `starts` has a '1'. */
struct contract_blob contract_blob(const uint8_t *code, size_t size, const char *starts);
struct contract_blob contract_trap(void);      /* trap */
struct contract_blob contract_host_call(void); /* ecalli 7; trap */
struct contract_blob contract_store(void);     /* store_u8 r0 at 0x10000; ecalli 7; trap */
struct contract_blob contract_three(void);     /* load_imm r1, 1; fallthrough; load_imm r2, 2; fallthrough; trap */

struct assay_program contract_program(const struct contract_blob *blob);

/* Loads, or breaks. */
struct assay_machine *contract_load(struct contract *contract, const struct assay_program *program);
/* Runs from pc 0 with plenty of gas, or breaks. Every byte of the stop is 0xaa before. */
struct assay_stop contract_run(struct contract *contract, struct assay_machine *machine, uint64_t r0);
struct assay_stop contract_resume(struct contract *contract, struct assay_machine *machine,
                                  const struct assay_stop *at);
void contract_same_stop(struct contract *contract, const char *what, const struct assay_stop *a,
                        const struct assay_stop *b);

#endif
