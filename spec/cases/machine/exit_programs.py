"""exit: small real programs, run to their end, with their records, in halves and short of gas."""

from collections.abc import Iterator
from typing import TypeAlias

from cases.machine.case import BOTH, PAGE, RO, RW, Case, Known, Pages, Registers, Resume, Run, Subject, page
from cases.machine.code import Code

# code blob, registers, pages, and what is known of its end
Program: TypeAlias = tuple[bytes, Registers, Pages, Known]

NEAR = 0x10000
STACK = 0x20000


def fibonacci() -> Program:
    """r1 = the twentieth Fibonacci number."""
    code = Code().op("load_imm", a=1, x=0).op("load_imm", a=2, x=1).op("load_imm", a=3, x=20).op("fallthrough")
    code.label("loop").op("add_64", a=1, b=2, d=4).op("move_reg", a=2, d=1).op("move_reg", a=4, d=2).op(
        "add_imm_64", a=3, b=3, x=-1
    )
    code.op("branch_ne_imm", a=3, x=0, to="loop").trap()
    return code.blob(), {}, (), {"exit": "trap", "r1": 6765}


def greatest_common_divisor() -> Program:
    """r1 = gcd(r1, r2) by remainders."""
    code = Code().op("fallthrough").label("loop").op("branch_eq_imm", a=2, x=0, to="end").op("rem_u_64", a=1, b=2, d=3)
    code.op("move_reg", a=2, d=1).op("move_reg", a=3, d=2).op("jump", to="loop").label("end").trap()
    return code.blob(), {1: 3528, 2: 3780}, (), {"exit": "trap", "r1": 252}


def sieve() -> Program:
    """r1 = how many primes are below 50; composites are marked in memory."""
    code = Code().op("load_imm", a=2, x=2).op("fallthrough")
    code.label("outer").op("load_ind_u8", a=3, b=2, x=NEAR).op("branch_ne_imm", a=3, x=0, to="next").op(
        "add_imm_64", a=1, b=1, x=1
    )
    code.op("mul_64", a=2, b=2, d=4).op("fallthrough").label("mark").op("branch_ge_u_imm", a=4, x=50, to="next")
    code.op("store_imm_ind_u8", a=4, x=NEAR, y=1).op("add_64", a=4, b=2, d=4).op("jump", to="mark")
    code.label("next").op("add_imm_64", a=2, b=2, x=1).op("branch_lt_u_imm", a=2, x=50, to="outer").trap()
    return code.blob(), {}, (page(NEAR),), {"exit": "trap", "r1": 15}


def bubble_sort() -> Program:
    """Sorts eight unsigned halfwords in place."""
    words = (500, 3, 65535, 0, 77, 3, 4096, 12)
    code = (
        Code()
        .op("load_imm", a=1, x=7)
        .op("fallthrough")
        .label("pass")
        .op("load_imm", a=2, x=NEAR)
        .op("move_reg", a=1, d=3)
        .op("fallthrough")
    )
    code.label("step").op("load_ind_u16", a=4, b=2, x=0).op("load_ind_u16", a=5, b=2, x=2).op(
        "branch_ge_u", a=5, b=4, to="ordered"
    )
    code.op("store_ind_u16", a=5, b=2, x=0).op("store_ind_u16", a=4, b=2, x=2).op("fallthrough")
    code.label("ordered").op("add_imm_64", a=2, b=2, x=2).op("add_imm_64", a=3, b=3, x=-1).op(
        "branch_ne_imm", a=3, x=0, to="step"
    )
    code.op("add_imm_64", a=1, b=1, x=-1).op("branch_ne_imm", a=1, x=0, to="pass").op(
        "load_u16", a=6, x=NEAR + 14
    ).trap()
    data = b"".join(word.to_bytes(2, "little") for word in words)
    return code.blob(), {}, (page(NEAR, RW, data),), {"exit": "trap", "r6": 65535}


def memory_copy() -> Program:
    """Copies 21 bytes across a page boundary, eight at a time and then byte by byte."""
    source = bytes(range(0x30, 0x30 + 21))
    code = (
        Code()
        .op("load_imm", a=1, x=NEAR + 2 * PAGE)
        .op("load_imm", a=2, x=NEAR + PAGE - 10)
        .op("load_imm", a=3, x=21)
        .op("fallthrough")
    )
    code.label("wide").op("branch_lt_u_imm", a=3, x=8, to="narrow").op("load_ind_u64", a=4, b=1).op(
        "store_ind_u64", a=4, b=2
    )
    code.op("add_imm_64", a=1, b=1, x=8).op("add_imm_64", a=2, b=2, x=8).op("add_imm_64", a=3, b=3, x=-8).op(
        "jump", to="wide"
    )
    code.label("narrow").op("branch_eq_imm", a=3, x=0, to="end").op("load_ind_u8", a=4, b=1).op(
        "store_ind_u8", a=4, b=2
    )
    code.op("add_imm_64", a=1, b=1, x=1).op("add_imm_64", a=2, b=2, x=1).op("add_imm_64", a=3, b=3, x=-1).op(
        "jump", to="narrow"
    ).label("end").trap()
    return (
        code.blob(),
        {},
        (page(NEAR), page(NEAR + PAGE), page(NEAR + 2 * PAGE, RO, source)),
        {"exit": "trap", "r2": NEAR + PAGE + 11},
    )


def calls_through_a_table() -> Program:
    """Calls the functions double, square and negate in turn; r0 is the return address, an index
    into the table.
    """
    code = Code().op("load_imm", a=2, x=3)
    for index, name in enumerate(("double", "square", "negate")):
        code.op("load_imm", a=3, x=2 * (index + 1)).op("load_imm_jump_ind", a=0, b=3, x=2 * (index + 4), y=0).label(
            f"after_{name}"
        )
    code.trap()
    code.label("double").op("add_64", a=2, b=2, d=2).op("jump_ind", a=0)
    code.label("square").op("mul_64", a=2, b=2, d=2).op("jump_ind", a=0)
    code.label("negate").op("neg_add_imm_64", a=2, b=2, x=0).op("jump_ind", a=0)
    table = ("double", "square", "negate", "after_double", "after_square", "after_negate")
    return code.blob(table, 2), {}, (), {"exit": "trap", "r2": 2**64 - 36}


def recursion() -> Program:
    """r7 = 6! by a function that keeps its argument and return address on a stack in memory; r1 is
    the stack pointer.
    """
    code = (
        Code()
        .op("load_imm", a=1, x=STACK + 256)
        .op("load_imm", a=7, x=6)
        .op("load_imm_jump", a=0, x=2, to="factorial")
        .label("back")
        .trap()
    )
    code.label("factorial").op("branch_gt_u_imm", a=7, x=1, to="deeper").op("load_imm", a=7, x=1).op("jump_ind", a=0)
    code.label("deeper").op("add_imm_64", a=1, b=1, x=-16).op("store_ind_u64", a=7, b=1, x=0).op(
        "store_ind_u64", a=0, b=1, x=8
    )
    code.op("add_imm_64", a=7, b=7, x=-1).op("load_imm_jump", a=0, x=4, to="factorial")
    code.label("multiply").op("load_ind_u64", a=2, b=1, x=0).op("load_ind_u64", a=0, b=1, x=8).op(
        "add_imm_64", a=1, b=1, x=16
    )
    code.op("mul_64", a=7, b=2, d=7).op("jump_ind", a=0)
    return code.blob(("back", "multiply")), {}, (page(STACK),), {"exit": "trap", "r7": 720}


def checksum() -> Program:
    """r1 = a rotating checksum over 32 bytes of read-only memory."""
    code = (
        Code()
        .op("load_imm_64", a=1, x=(0xCBF29CE484222325).to_bytes(8, "little"))
        .op("load_imm", a=2, x=NEAR)
        .op("fallthrough")
    )
    code.label("loop").op("load_ind_u8", a=3, b=2).op("xor", a=1, b=3, d=1).op("rot_r_64_imm", a=1, b=1, x=13).op(
        "mul_imm_64", a=1, b=1, x=0x1000193
    )
    code.op("add_imm_64", a=2, b=2, x=1).op("branch_ne_imm", a=2, x=NEAR + 32, to="loop").op(
        "count_set_bits_64", a=1, d=4
    ).trap()
    return (
        code.blob(),
        {},
        (page(NEAR, RO, bytes(range(1, 33))),),
        {"exit": "trap", "r2": NEAR + 32},
    )


def digits_of_a_number() -> Program:
    """Writes 9407 in decimal, last digit first, and reports each digit by ecalli."""
    code = Code().op("load_imm", a=1, x=9407).op("load_imm", a=2, x=NEAR).op("load_imm", a=5, x=10).op("fallthrough")
    code.label("loop").op("rem_u_32", a=1, b=5, d=7).op("div_u_32", a=1, b=5, d=1).op("add_imm_32", a=3, b=7, x=48)
    code.op("store_ind_u8", a=3, b=2).op("add_imm_64", a=2, b=2, x=1).op("ecalli", x=1).op(
        "branch_ne_imm", a=1, x=0, to="loop"
    ).trap()
    return code.blob(), {}, (page(NEAR),), {"exit": "trap", "r2": NEAR + 4}


def bit_tricks() -> Program:
    """Counts, reversals and extensions in a row."""
    code = Code()
    for index, name in enumerate(
        (
            "count_set_bits_64",
            "leading_zero_bits_64",
            "trailing_zero_bits_32",
            "reverse_bytes",
            "sign_extend_8",
            "zero_extend_16",
        )
    ):
        code.op(name, a=0, d=index + 1).op("xor", a=7, b=index + 1, d=7)
    for name in ("max", "min_u", "and_inv", "xnor", "mul_upper_s_u", "rot_l_32"):
        code.op(name, a=7, b=4, d=8).op("add_64", a=9, b=8, d=9)
    return code.trap().blob(), {0: 0x8000F0F00000A5C3}, (), {"exit": "trap"}


PROGRAMS = (
    fibonacci,
    greatest_common_divisor,
    sieve,
    bubble_sort,
    memory_copy,
    calls_through_a_table,
    recursion,
    checksum,
    digits_of_a_number,
    bit_tricks,
)
RECORDED = ("greatest_common_divisor", "calls_through_a_table", "bit_tricks", "memory_copy")
GAS = 100_000


def subjects() -> Iterator[Subject]:
    cases = []
    for program in PROGRAMS:
        blob, regs, pages, known = program()
        name = program.__name__
        calls = 4 if program is digits_of_a_number else 0
        whole = [Run(gas=GAS, regs=regs)] + [Resume()] * calls
        rules = ("exit/trap", "isa/sequential")
        cases.append(Case(f"{name}_to_its_end", rules, blob, whole, pages=pages, known=known))
        kinds = BOTH if name in RECORDED else ("blocks",)
        recorded = [Run(gas=GAS, regs=regs, records=kinds)] + [Resume(records=kinds)] * calls
        if name not in ("sieve", "bubble_sort"):
            cases.append(
                Case(
                    f"{name}_with_its_records",
                    (*rules, "exit/record/block"),
                    blob,
                    recorded,
                    pages=pages,
                    known=known,
                )
            )
        halves = [
            Run(gas=GAS, regs=regs, until={"instructions": 17}),
            Resume(until={"blocks": 3}),
        ] + [Resume()] * (calls + 1)
        cases.append(
            Case(
                f"{name}_in_pieces",
                rules if program is not bit_tricks else ("exit/trap",),
                blob,
                halves,
                ("exit/panic",),
                ("exit/stopped",),
                pages=pages,
            )
        )
        cases.append(Case(f"{name}_at_tier_100", rules, blob, whole, pages=pages, mem_cycles=100, known=known))
        poor = [Run(gas=30, regs=regs)] + [Resume(gas=200)] * 4
        cases.append(
            Case(
                f"{name}_short_of_gas",
                ("exit/definedness",),
                blob,
                poor,
                (),
                ("gas/out_of_gas",),
                pages=pages,
            )
        )
    yield Subject("exit", "programs", cases)
