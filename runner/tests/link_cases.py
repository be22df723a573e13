"""A guest that runs every instruction of RV64E, M and Zbb, in every way that it is lowered, over
edge values.

Each case is a function of x in a0, y in a1 and a buffer in a2, whose result mixes a0, a1 and a3.
The guest folds the results of a case over all pairs of values into one number; under an emulator
of RISC-V it prints them.
"""

from collections.abc import Iterator

VALUES = [0, 1, 37, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 0xFF00FF0000800001]
CONSTANTS = [0, 1, -1, 5, 63, 2047, 0x1234, 2**31 - 1, -(2**31), 2**31, 0x123456789ABC]

REGISTER = """add sub sll slt sltu xor srl sra or and mul mulh mulhsu mulhu div divu rem remu andn orn xnor
min minu max maxu rol ror addw subw sllw srlw sraw mulw divw divuw remw remuw rolw rorw""".split()
UNARY = "clz ctz cpop sext.b sext.h zext.h orc.b rev8 clzw cpopw".split()
IMMEDIATE = "addi addiw slti sltiu xori ori andi".split()
SHIFT_64, SHIFT_32 = "slli srli srai rori".split(), "slliw srliw sraiw roriw".split()
BRANCH = "beq bne blt bge bltu bgeu".split()
LOAD = "lb lh lw ld lbu lhu lwu".split()
STORE = "sb sh sw sd".split()

THREE_WAYS = [
    "a3, a0, a1", "a0, a0, a1", "a1, a0, a1", "a0, a0, a0", "a3, a0, a0", "a3, zero, a1", "a3, a0, zero",
    "a3, zero, zero", "a0, a0, zero", "a1, zero, a1", "zero, a0, a1",
]  # fmt: skip
TWO_WAYS = ["a3, a0", "a0, a0", "a3, zero", "zero, a0"]
BRANCH_WAYS = ["a0, a1", "a0, zero", "zero, a1", "a0, a0", "zero, zero"]


def cases() -> Iterator[str]:
    """The instructions of each case."""
    for name in REGISTER:
        yield from (f"{name} {way}" for way in THREE_WAYS)
        for constant in CONSTANTS:
            yield f"li a1, {constant}; {name} a3, a0, a1"
            yield f"li a0, {constant}; {name} a3, a0, a1"
            yield f"li a1, {constant}; li a0, 77; {name} a3, a0, a1"
    for name in UNARY:
        yield from (f"{name} {way}" for way in TWO_WAYS)
        yield f"li a0, 0x123456789ABC; {name} a3, a0"
    for names, amounts in (
        (IMMEDIATE, (-2048, -1, 0, 1, 5, 2047)),
        (SHIFT_64, (0, 1, 31, 32, 63)),
        (SHIFT_32, (0, 1, 31)),
    ):
        for name in names:
            yield from (f"{name} {way}, {amount}" for way in TWO_WAYS for amount in amounts)
            yield from (f"li a0, {c}; {name} a3, a0, {amount}" for c in CONSTANTS for amount in amounts)
    # Some emulators count ctzw's zeros beyond bit 31, so it sees no value whose low half alone is 0.
    yield from (f"slli a0, a0, 32; srli a0, a0, 32; ctzw {way}" for way in TWO_WAYS)
    yield from branches()
    yield from memory()
    yield "lui a3, 0x80000"
    yield "lui a3, 0x7ffff; addi a3, a3, -1; nop; fence"
    yield "jal t1, 1f; li a3, 9; 1: sub t1, t1, t1; add a3, a3, t1"
    yield "la t1, 1f; jalr t2, 0(t1); li a3, 9; 1: addi a3, a3, 3"
    yield "la t1, 1f; jr t1; li a3, 9; 1: addi a3, a3, 4"


def branches() -> Iterator[str]:
    for name in BRANCH:
        for way in BRANCH_WAYS:
            yield f"{name} {way}, 1f; addi a3, a3, 7; 1: addi a3, a3, 1"
        for constant in CONSTANTS:
            yield f"li a1, {constant}; {name} a0, a1, 1f; addi a3, a3, 7; 1: addi a3, a3, 1"
            yield f"li a0, {constant}; {name} a0, a1, 1f; addi a3, a3, 7; 1: addi a3, a3, 1"


def memory() -> Iterator[str]:
    for store in STORE:
        yield f"sd a1, 8(a2); {store} a0, 9(a2); ld a3, 8(a2)"
        yield f"sd a1, 8(a2); {store} zero, 9(a2); ld a3, 8(a2)"
        yield f"la t1, buffer; sd a1, 8(t1); {store} a0, 11(t1); ld a3, 8(t1)"
        yield f"la t1, buffer; sd a1, 8(t1); {store} zero, 11(t1); ld a3, 8(t1)"
        yield f"lui t1, %hi(buffer+8); {store} a0, %lo(buffer+8)(t1); ld a3, 8(a2)"
    for load in LOAD:
        for offset in (0, 1, 7):
            yield f"sd a0, 16(a2); sd a1, 24(a2); {load} a3, {16 + offset}(a2)"
        yield f"sd a0, 16(a2); addi t1, a2, 16; {load} t1, 0(t1); mv a3, t1"
        yield f"sd a0, 16(a2); li a5, 12345; {load} zero, 16(a2); mv a3, a5"
        yield f"li a4, 12345; mv a5, a2; {load} zero, 16(a5); mv a3, a4"
        yield f"la t1, buffer; sd a0, 0(t1); {load} a3, 0(t1)"
        yield f"la t1, fixed; {load} a3, 1(t1)"
        yield f"lui t1, %hi(fixed); {load} a3, %lo(fixed)(t1)"


def assembly() -> tuple[str, int]:
    """The text of the cases, a table of them, and what qemu starts at."""
    lines = [".text"]
    for number, case in enumerate(cases()):
        lines += [f"case_{number}:", "li a3, 0x5555", *case.split(";")]
        lines += ["li t1, 31; mul a0, a0, t1; li t1, 17; mul a1, a1, t1; add a0, a0, a1; xor a0, a0, a3; ret"]
    count = sum(1 for _ in cases())
    lines += [".section .rodata", ".balign 8", ".globl cases", "cases:"]
    lines += [f".quad case_{number}" for number in range(count)]
    lines += [".globl fixed", "fixed: .quad 0xfedcba9876543210, 0x8899aabbccddeeff"]
    return "\n".join(lines) + "\n", count


def driver(count: int) -> str:
    values = ", ".join(f"{value}ull" for value in VALUES)
    return f"""
#include <assay/guest.h>
typedef uint64_t (*function)(uint64_t, uint64_t, void *);
extern const function cases[];
uint64_t results[{count}];
uint64_t buffer[8];
static const uint64_t values[] = {{{values}}};
#define COUNT (sizeof values / sizeof values[0])
void all(void);
void all(void)
{{
    for (size_t n = 0; n < {count}; n++)
        for (size_t x = 0; x < COUNT; x++)
            for (size_t y = 0; y < COUNT; y++)
                results[n] = results[n] * 0x9E3779B97F4A7C15 + cases[n](values[x], values[y], buffer);
}}
ASSAY_ENDPOINT(0, start)
{{
    all();
    return (uintptr_t)results;
}}
__asm__(".globl _start\\n_start: call all\\nli a0, 1\\nlui a1, %hi(results)\\naddi a1, a1, %lo(results)\\n"
        "li a2, {count * 8}\\nli t0, 64\\necall\\nli a0, 0\\nli t0, 93\\necall\\nunimp");
"""
