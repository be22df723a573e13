/*
 * bench.h - the kernels that bench times: guest code put together by hand, and the same work in
 * C.
 */
#ifndef ASSAY_NATIVE_BENCH_H
#define ASSAY_NATIVE_BENCH_H

#include "encode.h"
#include "native.h"

enum {
    BENCH_ADDRESS = 0x10000, /* where the pages of a kernel begin */
    BENCH_RESULT = 2,        /* the register that holds the result */
    COMPILE_INSTRUCTIONS = 20000,
};

struct kernel {
    const char *name;
    const char *unit; /* what one `work` is */
    size_t page_count;
    uint64_t resumes; /* how often it stops in a host call and is resumed */
    struct bytes (*build)(struct arena *arena);
    uint64_t (*native)(uint8_t *memory); /* does the same to a copy of the pages; returns the result */
};

enum { KERNEL_COUNT = 6 };

extern const struct kernel kernel_table[KERNEL_COUNT];

void kernel_fill_memory(uint8_t *memory, size_t size); /* what the pages hold at the start */

/*
 * A program of `count` instructions of all opcodes, every block start valid; and the smallest
 * program.
 */
struct bytes kernel_compile_program(struct arena *arena, size_t count, bool any);

/* Sizes shared by the guest code and its twin in C. */
enum {
    ARITHMETIC_ROUNDS = 300000,
    SIEVE_SIZE = 65536,
    SIEVE_ROUNDS = 4,
    COPY_SIZE = 65536,
    COPY_ROUNDS = 60,
    HASH_ROUNDS = 100000,
    CALL_ROUNDS = 200000,
    HOST_ROUNDS = 50000,
};

uint64_t native_arithmetic(uint8_t *memory);
uint64_t native_sieve(uint8_t *memory);
uint64_t native_copy(uint8_t *memory);
uint64_t native_hash(uint8_t *memory);
uint64_t native_calls(uint8_t *memory);
uint64_t native_host_calls(uint8_t *memory);

/* Yardsticks of the same run. */
uint64_t native_chain(uint64_t rounds, uint64_t start); /* two dependent cycles a round */

#endif
