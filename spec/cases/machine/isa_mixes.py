"""isa: instructions next to each other: every format cut off at every byte, many registers in a
row, and the pairs that a translator likes to melt into one.
"""

from collections.abc import Iterator
from typing import Unpack

from cases.machine.case import RW, Case, Run, Subject, gathered, page
from cases.machine.code import INSN, TRAP, Code, Operands, encode, immediate, make_blob
from cases.machine.isa_values import MARK

NEAR = 0x10000
FULL = {
    "trap": b"",
    "ecalli": b"\x11\x22\x33\x84",
    "load_imm_64": b"\x03\x11\x22\x33\x44\x55\x66\x77\x88",
    "store_imm_u32": b"\x04\x10\x00\x01\x00\x91\x82\x73\x84",
    "jump": b"\x00\x00\x00\x00",
    "load_imm": b"\x03\x11\x22\x33\x84",
    "store_imm_ind_u32": b"\x43\x10\x00\x01\x00\x91\x82\x73\x84",
    "load_imm_jump": b"\x43\x11\x22\x33\x84\x00\x00\x00\x00",
    "branch_ne_imm": b"\x43\x11\x22\x33\x84\xfb\xff\xff\xff",
    "move_reg": b"\x43",
    "xor_imm": b"\x43\x11\x22\x33\x84",
    "branch_ne": b"\x43\xfb\xff\xff\xff",
    "load_imm_jump_ind": b"\x43\x04\x11\x22\x33\x84\x02\x00\x00\x00",
    "sub_64": b"\x43\x05",
}
REGS = {0: 3, 3: 0x1234, 4: 0x10000, 5: 0x777, 12: 9}
SEEDS = {index: 0x9E3779B97F4A7C15 * (index + 1) % 2**64 for index in range(13)}
WORD = (
    "opcode",
    "one_byte",
    "two_bytes",
    "three_bytes",
    "four_bytes",
    "five_bytes",
    "six_bytes",
    "seven_bytes",
    "eight_bytes",
    "nine_bytes",
    "ten_bytes",
)


def encoding() -> Iterator[Case]:
    """One opcode of each format, complete and cut off by the end of the code after every byte."""
    for name, operands in FULL.items():
        whole = bytes([INSN[name].byte]) + operands
        for size in range(1, len(whole) + 1):
            yield Case(
                f"{name}_of_{WORD[size - 1]}_at_the_end_of_code",
                (f"isa/{name}", f"isa/form/{INSN[name].form}"),
                make_blob(whole[:size], [0]),
                [Run(gas=200, regs=REGS)],
                notices=("isa/operand_past_end", "isa/implicit_trap", "exit/page_fault"),
                pages=(page(NEAR, RW),),
            )
            if 1 < size < len(whole):
                yield Case(
                    f"{name}_of_{WORD[size - 1]}_before_a_trap",
                    (f"isa/{name}", f"isa/form/{INSN[name].form}"),
                    make_blob(whole[:size] + TRAP, [0, size]),
                    [Run(gas=200, regs=REGS)],
                    notices=("isa/operand_overlap", "isa/operand_past_end", "exit/page_fault"),
                    pages=(page(NEAR, RW),),
                )


def many_registers() -> Iterator[Case]:
    """Every register in every place: 26 combinations, each result stirred so that none dies out."""
    for record in INSN.values():
        code = Code()
        for index in range(26):
            a, b, d = (
                index % 13,
                (index * 5 + index // 13) % 13,
                (index * 3 + 2 * (index // 13)) % 13,
            )
            if record.form == "three_reg":
                code.op(record.name, a=a, b=b, d=d).op("add_imm_64", a=d, b=d, x=index - 60)
            elif record.form == "two_reg_one_imm" and not record.name.startswith(("load", "store")):
                code.op(record.name, a=a, b=b, x=index * 3 + 1).op("add_imm_64", a=a, b=a, x=index - 60)
            elif record.form == "two_reg" and record.name != "sbrk":
                code.op(record.name, a=a, d=d).op("rot_r_64_imm", a=d, b=d, x=index - 60)
        if len(code):
            rules = (f"isa/{record.name}", f"isa/form/{record.form}")
            yield Case(record.name, rules, code.trap().blob(), [Run(gas=10_000, regs=SEEDS)])


def op(name: str, **operands: Unpack[Operands]) -> bytes:
    return encode(name, **operands)


PAIRS = (
    (
        "set_and_branch",
        [op("set_lt_u", a=1, b=2, d=3), op("branch_ne_imm", a=3, x=0, offset=b"\x05")],
    ),
    (
        "set_and_branch_on_equal",
        [op("set_lt_s", a=1, b=2, d=3), op("branch_eq_imm", a=3, x=0, offset=b"\x05")],
    ),
    (
        "set_over_its_operand_and_branch",
        [op("set_lt_u", a=1, b=2, d=1), op("branch_ne_imm", a=1, x=0, offset=b"\x05")],
    ),
    (
        "set_and_branch_on_another",
        [op("set_lt_u", a=1, b=2, d=3), op("branch_ne_imm", a=2, x=0, offset=b"\x05")],
    ),
    ("set_imm_and_cmov", [op("set_gt_u_imm", a=3, b=1, x=9), op("cmov_nz", a=1, b=3, d=2)]),
    ("low_and_high_product", [op("mul_64", a=1, b=2, d=3), op("mul_upper_u_u", a=1, b=2, d=4)]),
    ("high_and_low_product", [op("mul_upper_s_s", a=1, b=2, d=3), op("mul_64", a=1, b=2, d=4)]),
    ("low_product_over_operand", [op("mul_64", a=1, b=2, d=1), op("mul_upper_u_u", a=1, b=2, d=3)]),
    (
        "both_products_to_one_register",
        [op("mul_64", a=1, b=2, d=3), op("mul_upper_u_u", a=1, b=2, d=3)],
    ),
    ("quotient_and_remainder", [op("div_u_64", a=1, b=2, d=3), op("rem_u_64", a=1, b=2, d=4)]),
    ("remainder_and_quotient", [op("rem_s_64", a=1, b=2, d=3), op("div_s_64", a=1, b=2, d=4)]),
    ("quotient_over_dividend", [op("div_u_64", a=1, b=2, d=1), op("rem_u_64", a=1, b=2, d=3)]),
    ("quotient_over_divisor", [op("div_s_32", a=1, b=2, d=2), op("rem_s_32", a=1, b=2, d=3)]),
    ("add_and_carry", [op("add_64", a=1, b=2, d=3), op("set_lt_u", a=3, b=1, d=4)]),
    ("add_and_carry_of_second", [op("add_64", a=1, b=2, d=3), op("set_lt_u", a=3, b=2, d=4)]),
    ("add_over_operand_and_carry", [op("add_64", a=1, b=2, d=1), op("set_lt_u", a=1, b=2, d=4)]),
    (
        "add_over_operand_and_false_carry",
        [op("add_64", a=1, b=2, d=1), op("set_lt_u", a=1, b=1, d=4)],
    ),
    ("borrow_and_subtract", [op("set_lt_u", a=1, b=2, d=3), op("sub_64", a=1, b=2, d=4)]),
    (
        "carry_chain",
        [
            op("add_64", a=1, b=2, d=3),
            op("set_lt_u", a=3, b=1, d=4),
            op("add_64", a=3, b=4, d=5),
            op("set_lt_u", a=5, b=4, d=6),
        ],
    ),
    (
        "carry_is_stale_after_another_add",
        [op("add_64", a=1, b=2, d=3), op("add_64", a=3, b=3, d=3), op("set_lt_u", a=3, b=1, d=4)],
    ),
    ("shift_and_add_index", [op("shlo_l_imm_64", a=3, b=2, x=3), op("add_64", a=3, b=1, d=4)]),
    (
        "shift_left_and_right",
        [op("shlo_l_imm_64", a=3, b=1, x=32), op("shlo_r_imm_64", a=3, b=3, x=32)],
    ),
    (
        "shift_left_and_arithmetic_right",
        [op("shlo_l_imm_64", a=3, b=1, x=32), op("shar_r_imm_64", a=3, b=3, x=32)],
    ),
    ("constant_and_add", [op("load_imm", a=3, x=-7), op("add_64", a=1, b=3, d=4)]),
    (
        "constant_is_overwritten",
        [op("load_imm", a=3, x=-7), op("move_reg", a=1, d=3), op("add_64", a=3, b=3, d=4)],
    ),
    (
        "wide_constant_and_xor",
        [op("load_imm_64", a=3, x=b"\xff\0\xff\0\xff\0\xff\x80"), op("xor", a=1, b=3, d=3)],
    ),
    (
        "swap_by_moves",
        [op("move_reg", a=1, d=3), op("move_reg", a=2, d=1), op("move_reg", a=3, d=2)],
    ),
    ("swap_by_xor", [op("xor", a=1, b=2, d=1), op("xor", a=1, b=2, d=2), op("xor", a=1, b=2, d=1)]),
    ("xor_with_itself", [op("xor", a=1, b=1, d=1), op("sub_64", a=2, b=2, d=2)]),
    ("narrow_then_wide", [op("add_32", a=1, b=2, d=3), op("add_64", a=3, b=1, d=4)]),
    ("extend_after_narrow", [op("mul_imm_32", a=3, b=1, x=-3), op("sign_extend_8", a=3, d=4)]),
    ("count_of_a_count", [op("leading_zero_bits_64", a=1, d=3), op("shlo_l_64", a=1, b=3, d=3)]),
    ("not_and_add_one", [op("xnor", a=1, b=5, d=3), op("add_imm_64", a=3, b=3, x=1)]),
    (
        "min_and_max",
        [op("min", a=1, b=2, d=3), op("max_u", a=1, b=2, d=1), op("min_u", a=3, b=1, d=2)],
    ),
    ("swap_bytes_twice", [op("reverse_bytes", a=1, d=3), op("reverse_bytes", a=3, d=3)]),
    ("rotate_by_itself", [op("rot_l_64", a=1, b=1, d=1), op("rot_r_32", a=2, b=2, d=2)]),
)
OPERANDS = (
    ("small", {1: 2, 2: 3}),
    ("wrapping", {1: 2**64 - 1, 2: 2**63 + 5}),
    ("signed", {1: 2**64 - 8, 2: 2**31}),
)


def pairs() -> Iterator[Case]:
    """Each intermediate result is an observable register."""
    for word, instructions in PAIRS:
        for kind, regs in OPERANDS:
            code = Code()
            for instruction in instructions:
                code.raw(instruction)
            blob = code.trap().trap().blob()
            marked = {3: MARK, 4: MARK, 6: MARK} | regs
            yield Case(
                f"{word}_of_{kind}_operands",
                ("isa/sequential", f"isa/{name_of(instructions[0])}"),
                blob,
                [Run(gas=1000, regs=marked)],
                notices=tuple(f"isa/{name_of(instruction)}" for instruction in instructions[1:]),
            )


def name_of(instruction: bytes) -> str:
    return next(record.name for record in INSN.values() if record.byte == instruction[0])


def addresses() -> Iterator[Case]:
    """Sums that feed an address, with a base that changes in between."""
    data = bytes(range(0x40, 0x80))
    load = op("load_ind_u32", a=5, b=3, x=4)
    for word, instructions in (
        ("of_a_sum", [op("add_64", a=1, b=2, d=3), load]),
        (
            "of_a_sum_over_its_base",
            [op("add_64", a=1, b=2, d=1), op("load_ind_u32", a=5, b=1, x=4)],
        ),
        (
            "of_a_sum_whose_base_changed",
            [op("add_64", a=1, b=2, d=3), op("load_imm", a=1, x=0), load],
        ),
        (
            "of_a_sum_whose_index_changed",
            [op("add_64", a=1, b=2, d=3), op("load_imm", a=2, x=0), load],
        ),
        (
            "of_a_sum_and_its_copy",
            [op("add_64", a=1, b=2, d=4), op("move_reg", a=4, d=3), op("load_imm", a=4, x=0), load],
        ),
        (
            "of_a_scaled_index",
            [op("shlo_l_imm_64", a=3, b=2, x=2), op("add_64", a=3, b=1, d=3), load],
        ),
        ("of_a_narrow_sum", [op("add_32", a=1, b=2, d=3), load]),
        ("of_an_offset_sum", [op("add_imm_64", a=3, b=1, x=8), load]),
        (
            "that_is_loaded",
            [
                op("add_64", a=1, b=2, d=3),
                op("load_ind_u8", a=3, b=3, x=0),
                op("add_64", a=1, b=3, d=3),
                op("load_ind_u8", a=5, b=3, x=-0x48),
            ],
        ),
        (
            "stored_and_loaded",
            [op("add_64", a=1, b=2, d=3), op("store_ind_u64", a=1, b=3, x=1), load],
        ),
    ):
        code = Code()
        for instruction in instructions:
            code.raw(instruction)
        yield Case(
            word,
            ("isa/sequential", "mem/load_permission"),
            code.trap().blob(),
            [Run(gas=1000, regs={1: NEAR, 2: 8})],
            ("mem/fault_address",),
            pages=(page(NEAR, RW, data),),
        )


def long_distances() -> Iterator[Case]:
    """Jumps over more bytes than a short jump of a real machine spans."""
    for gap, word in ((126, "126"), (127, "127"), (128, "128"), (129, "129"), (3000, "3000")):
        filler = op("load_imm", a=1, x=b"")
        count = gap // 2
        forward = op("jump", offset=immediate(5 + 2 * count + 1, 4))
        code = forward + filler * count + TRAP + TRAP
        starts = [0, *[5 + 2 * index for index in range(count + 2)][:-1], len(code) - 1]
        yield Case(
            f"forward_over_{word}_bytes",
            ("isa/jump", "isa/legal_target"),
            make_blob(code, sorted(set(starts))),
            [Run(gas=50)],
            ("exit/panic",),
        )
        back = op("branch_eq", a=2, b=3, offset=immediate(-2 * count - 1, 4))
        code = b"\1" + filler * count + back + TRAP
        starts = [0] + [1 + 2 * index for index in range(count + 1)] + [len(code) - 1]
        yield Case(
            f"backward_over_{word}_bytes",
            ("isa/branch_eq", "isa/legal_target", "gas/out_of_gas"),
            make_blob(code, starts),
            [Run(gas=1500)],
            ("exit/panic",),
        )


def subjects() -> Iterator[Subject]:
    for generator in (encoding, many_registers, pairs, addresses, long_distances):
        yield gathered("isa", generator.__name__, generator)
