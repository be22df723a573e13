/*
 * What a guest written in C can use.
 *
 *     #include <assay/guest.h>
 *
 *     ASSAY_ENDPOINT(0, add)
 *     {
 *         return argument0 + argument1;
 *     }
 *
 * is a whole guest: `assay cc add.c -o add.image`.
 *
 * Registers. The machine has 13: ra sp t0-t2 s0-s1 a0-a5 of RISC-V are φ0..φ12. An operation's number is in t0
 * directly before `ecall`; its operands are in a0..a3 (φ7..φ10) and its result in a0.
 *
 * Units. Sizes and addresses are bytes, and an address is 32 bits wide. Gas is counted per block of instructions; the
 * operations below cost only the block they end. A quota is bytes of storage.
 *
 * Slots are 0..255. What an event begins with: its payload in slot 0, kernel capabilities in 7..16 (enum assay_slot),
 * and the guest's own memory in 65..68. Slots 17..64 and 69..255 are empty.
 *
 * Errors. An operation with an operand that is wrong does not return an error: it traps, the activation ends as
 * Faulted and the event leaves no trace. So does assay_panic().
 *
 * With ASSAY_NATIVE defined only ASSAY_ENDPOINT, assay_panic() and the types exist, so that the same file can be
 * compiled for the host: an endpoint is then an ordinary function.
 */
#ifndef ASSAY_GUEST_H
#define ASSAY_GUEST_H

#include <assay/language.h>
#include <stddef.h>
#include <stdint.h>

/* The head of an endpoint's function; the body follows. Its result is the value that the activation halts with. */
#define ASSAY_ENDPOINT_FUNCTION(name)                                                                                  \
    ASSAY_C uint64_t name(uint64_t argument0, uint64_t argument1, uint64_t argument2, uint64_t argument3);             \
    ASSAY_C uint64_t name(__attribute__((unused)) uint64_t argument0, __attribute__((unused)) uint64_t argument1,      \
                          __attribute__((unused)) uint64_t argument2, __attribute__((unused)) uint64_t argument3)

#ifdef ASSAY_NATIVE

#define ASSAY_ENDPOINT(index, name) ASSAY_ENDPOINT_FUNCTION(name)

ASSAY_NORETURN static inline void assay_panic(void)
{
    __builtin_trap();
}

#else

/* The slots of what an event begins with. */
enum assay_slot {
    ASSAY_PAYLOAD = 0, /* Data: the event's payload */
    ASSAY_GAS = 7,     /* Gas handle */
    ASSAY_QUOTA = 8,   /* Quota handle */
    ASSAY_YIELD_CATCHER = 9,
    ASSAY_HOST_OPEN = 15, /* with it assay_open_by_id opens any file */
    ASSAY_HOST_SAVE = 16
};

enum assay_operation {
    ASSAY_OP_REPLY = 0,
    ASSAY_OP_COPY = 1,
    ASSAY_OP_MOVE = 2,
    ASSAY_OP_DROP = 3,
    ASSAY_OP_SWAP = 4,
    ASSAY_OP_MINT_CNODE = 5,
    ASSAY_OP_YIELD = 16,
    ASSAY_OP_SET_IMAGE = 17,
    ASSAY_OP_DERIVE_SPAWN = 18,
    ASSAY_OP_SAME_TYPE = 20,
    ASSAY_OP_TYPE_OF = 21,
    ASSAY_OP_READ_DATA = 22,
    ASSAY_OP_MINT_DATA = 23,
    ASSAY_OP_OPEN = 24,
    ASSAY_OP_SAVE = 25
};

/*
 * Declares endpoint `index` (a number from 0 to 255): a record in a section of its own, which the linker reads, and
 * a trampoline, which calls the function and halts with what it returns.
 */
#define ASSAY_STRING(text) #text
#define ASSAY_EXPANDED(text) ASSAY_STRING(text)
#define ASSAY_ENDPOINT(index, name)                                                                                    \
    __asm__(".pushsection .text.assay.endpoint." #name ",\"ax\",@progbits\n"                                           \
            ".balign 4\n"                                                                                              \
            ".type " #name ".endpoint, @function\n" #name ".endpoint:\n"                                               \
            "call " #name "\n"                                                                                         \
            "li t0, 0\n"                                                                                               \
            "ecall\n"                                                                                                  \
            "unimp\n"                                                                                                  \
            ".size " #name ".endpoint, . - " #name ".endpoint\n"                                                       \
            ".popsection\n"                                                                                            \
            ".pushsection .assay.endpoints,\"aR\",@progbits\n"                                                         \
            ".quad " #name ".endpoint\n"                                                                               \
            ".byte " ASSAY_EXPANDED(index) ", 0, 0, 0, 0, 0, 0, 0\n"                                                   \
                                           ".popsection\n");                                                           \
    ASSAY_ENDPOINT_FUNCTION(name)

/* Ends the activation as Faulted (Trap): the event leaves no trace. */
ASSAY_NORETURN static inline void assay_panic(void)
{
    __builtin_trap();
}

/*
 * Any operation with its operands; gives what a0 holds afterwards. `operation` must be a constant, 0 to 2^32 - 1. An
 * operation from 64 on has no effect.
 */
#define assay_operate(operation, operand0, operand1, operand2, operand3)                                               \
    (__extension__({                                                                                                   \
        register uint64_t assay_a0 __asm__("a0") = (uint64_t)(operand0);                                               \
        register uint64_t assay_a1 __asm__("a1") = (uint64_t)(operand1);                                               \
        register uint64_t assay_a2 __asm__("a2") = (uint64_t)(operand2);                                               \
        register uint64_t assay_a3 __asm__("a3") = (uint64_t)(operand3);                                               \
        __asm__ volatile("li t0, %1\n\tecall"                                                                          \
                         : "+r"(assay_a0)                                                                              \
                         : "i"((int32_t)(operation)), "r"(assay_a1), "r"(assay_a2), "r"(assay_a3)                      \
                         : "t0", "memory");                                                                            \
        assay_a0;                                                                                                      \
    }))

/* Ends the activation with this value: memory is written back to the slots it came from. */
ASSAY_NORETURN static inline void assay_halt(uint64_t value)
{
    assay_operate(ASSAY_OP_REPLY, value, 0, 0, 0);
    assay_panic();
}

/* Slots. A pinned slot is neither source nor destination; a destination must be empty. */

static inline void assay_copy(unsigned source, unsigned destination)
{
    assay_operate(ASSAY_OP_COPY, source, destination, 0, 0);
}

static inline void assay_move(unsigned source, unsigned destination)
{
    assay_operate(ASSAY_OP_MOVE, source, destination, 0, 0);
}

static inline void assay_drop(unsigned slot)
{
    assay_operate(ASSAY_OP_DROP, slot, 0, 0, 0);
}

static inline void assay_swap(unsigned first, unsigned second)
{
    assay_operate(ASSAY_OP_SWAP, first, second, 0, 0);
}

/* A CNode of 2^size_log empty slots, size_log at most 16. */
static inline void assay_mint_cnode(unsigned destination, unsigned size_log)
{
    assay_operate(ASSAY_OP_MINT_CNODE, destination, size_log, 0, 0);
}

/* Host operations. They overwrite what the destination holds, unless it is pinned. */

/* Pauses until somebody resumes, if there is a catcher of this marker (an Instance); else traps. */
static inline void assay_yield(unsigned marker)
{
    assay_operate(ASSAY_OP_YIELD, marker, 0, 0, 0);
}

/* This Instance goes on as the Image in the slot, from its next activation on. */
static inline void assay_set_image(unsigned image)
{
    assay_operate(ASSAY_OP_SET_IMAGE, image, 0, 0, 0);
}

/* An Instance of the Image, derived from this one. */
static inline void assay_derive_spawn(unsigned image, unsigned destination)
{
    assay_operate(ASSAY_OP_DERIVE_SPAWN, image, destination, 0, 0);
}

/* Whether two Instances or Types are of the same type: 1 or 0. */
static inline uint64_t assay_same_type(unsigned first, unsigned second)
{
    return assay_operate(ASSAY_OP_SAME_TYPE, first, second, 0, 0);
}

static inline void assay_type_of(unsigned instance, unsigned destination)
{
    assay_operate(ASSAY_OP_TYPE_OF, instance, destination, 0, 0);
}

/* The first `size` bytes of a Data into memory; fewer if it has fewer. Gives how many. */
static inline size_t assay_read_data(unsigned data, void *buffer, size_t size)
{
    return assay_operate(ASSAY_OP_READ_DATA, data, (uintptr_t)buffer, size, 0);
}

/* A Data of these bytes; takes their number off the quota. */
static inline void assay_mint_data(const void *bytes, size_t size, unsigned quota, unsigned destination)
{
    assay_operate(ASSAY_OP_MINT_DATA, (uintptr_t)bytes, size, quota, destination);
}

/* The Data of a file, by its handle. */
static inline void assay_open(unsigned file, unsigned destination)
{
    assay_operate(ASSAY_OP_OPEN, file, destination, 0, 0);
}

/* The Data of the file with this id; `opener` is the slot of the kernel's Instance for it, ASSAY_HOST_OPEN. */
static inline void assay_open_by_id(unsigned opener, unsigned destination, uint64_t id)
{
    assay_operate(ASSAY_OP_OPEN, opener, destination, id, 0);
}

/* A new file with the content of a Data, its handle in the destination; takes its size off the quota. */
static inline void assay_save(unsigned data, unsigned quota, unsigned destination)
{
    assay_operate(ASSAY_OP_SAVE, data, quota, destination, 0);
}

/* The event's payload into memory. Gives how many bytes it got, at most `size`. */
static inline size_t assay_payload(void *buffer, size_t size)
{
    return assay_read_data(ASSAY_PAYLOAD, buffer, size);
}

/*
 * `size` bytes of zeros at a multiple of 16, from the heap; panics when there are none left. There is no free: the
 * heap is new in each event. A heap larger than 64 KiB: `assay cc --heap BYTES`.
 */
ASSAY_C void *assay_alloc(size_t size);

/* How many bytes of the heap are left. malloc of <stdlib.h> takes from the same heap. */
ASSAY_C size_t assay_alloc_left(void);

#endif

/* What the compiler may call, and the guest too. */
ASSAY_C_BEGIN
void *memcpy(void *ASSAY_RESTRICT target, const void *ASSAY_RESTRICT source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *first, const void *second, size_t size);
ASSAY_C_END

#endif
