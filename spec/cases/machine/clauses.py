"""Clauses that a sentence of the machine has beside its main one: one operand at its edge, invalid opcodes in a walk,
two kinds of stops at once.
"""

from collections.abc import Iterator, Sequence
from typing import Unpack

import model
from cases.machine.case import BOTH, RO, RW, Case, CaseFields, Resume, Run, Step, Subject, Write, gathered, page
from cases.machine.code import INSN, Code, Operands, encode, make_blob
from cases.machine.gas_steps import cost, exact_steps
from cases.parts import PARTS

FAULTS = tuple(rule for rule in model.rules() if rule.split("/")[0] == "mem" and rule not in PARTS)
JUMPS = ("isa/legal_target", "isa/dynamic_jump", "blob/jump_entry", "exit/panic", "exit/trap")
STOPS = ("exit/stopped", "exit/stopped/guest_first")
AREAS = ("isa", "mem", "gas", "exit", "blob")
RULES = tuple(rule for rule in model.rules() if rule.split("/")[0] in AREAS and rule not in PARTS)
INVALID = bytes([next(byte for byte in range(256) if byte not in {record.byte for record in INSN.values()})])
LEAST = {"32": 2**31, "64": 2**63}
MINUS_ONE = 2**64 - 1


def case(name: str, blob: bytes, steps: Sequence[Step], **more: Unpack[CaseFields]) -> Case:
    more.setdefault("probes", RULES)
    return Case(name, (), blob, list(steps), **more)


def divisions() -> Iterator[Case]:
    """The least dividend by what is not -1, and -1 under what is not the least."""
    for width, least in LEAST.items():
        for name in (f"div_s_{width}", f"rem_s_{width}"):
            blob = Code().op(name, a=0, b=1, d=2).trap().blob()
            for text, a, b in (
                ("least_by_3", least, 3),
                ("least_by_minus_3", least, MINUS_ONE - 2),
                ("least_by_1", least, 1),
                ("least_by_least", least, least),
                ("above_least_by_minus_1", least + 1, MINUS_ONE),
                ("7_by_minus_1", 7, MINUS_ONE),
                ("minus_7_by_minus_1", MINUS_ONE - 6, MINUS_ONE),
            ):
                yield case(f"{name}_of_{text}", blob, [Run(regs={0: a, 1: b, 2: 99})])


def walks() -> Iterator[Case]:
    """Blocks through bytes that are no opcode: one cycle and one slot each, no registers."""
    first = encode("load_imm", a=1, x=1)
    for count in (*range(1, 9), 15, 16, 17, 18, 19, 20, 40):
        parts = [first, *[INVALID] * count]
        yield case(f"invalid_opcodes_{count}", laid(parts), exact_steps(laid(parts)))
    load = encode("load_u8", a=1, x=0)
    for count in range(4):
        parts = [load, *[INVALID] * count, encode("add_imm_64", a=1, b=1, x=1), encode("trap")]
        yield case(f"behind_a_load_{count}", laid(parts), exact_steps(laid(parts), pages=(page(0, RW),)))
    for name in ("trap", "fallthrough", "load_imm"):
        target = encode(name, a=1, x=1)
        branch = encode("branch_eq", a=1, b=2, offset=bytes([4]))
        parts = [first, INVALID, branch, target]
        yield case(f"branch_behind_an_invalid_opcode_to_{name}", laid(parts), exact_steps(laid(parts)))


def laid(parts: Sequence[bytes]) -> bytes:
    """A blob of instructions one after the other, each with its start bit."""
    starts: list[int] = []
    at = 0
    for part in parts:
        starts.append(at)
        at += len(part)
    return make_blob(b"".join(parts), starts)


def costs() -> Iterator[Case]:
    """Blocks that cost what one byte holds and a little more, in code of even and of odd length."""
    for price in (255, 256, 257):
        for behind in (0, 1):
            blob = costing(price, behind)
            yield case(f"costs_{price}_before_{behind}_bytes", blob, exact_steps(blob, regs={1: 5, 2: 1}))

    for behind in (0, 1):
        code = Code()
        for number, quotients in enumerate((5, 6, 5)):
            for _ in range(quotients):
                code.op("div_u_64", a=1, b=2, d=1)
            code.op("load_imm", a=3 + number, x=1).op("fallthrough")
        for _ in range(1 + behind):
            code.trap()
        for gas in (320, 700, 1100):
            yield case(
                f"three_dear_blocks_with_{gas}_before_{behind}_bytes", code.blob(), [Run(gas=gas, regs={1: 5, 2: 1})]
            )


def costing(price: int, behind: int) -> bytes:
    """A first block of that price, of quotients and sums that wait for each other."""
    quotients, sums = (price - 14) // 60, 0
    while True:
        code = Code()
        for _ in range(quotients):
            code.op("div_u_64", a=1, b=2, d=1)
        for _ in range(sums):
            code.op("add_imm_64", a=1, b=1, x=1)
        for _ in range(1 + behind):
            code.trap()
        blob = code.blob()
        if cost(blob) == price:
            return blob
        sums += 1


def past_the_table() -> Iterator[Case]:
    """A dynamic jump behind the last entry, where 0 would be a legal target: by entries, not by bytes."""
    code = encode("load_imm", a=3, x=3) + encode("jump_ind", a=1, x=0)
    starts = [0, len(encode("load_imm", a=3, x=3))]
    for entry_size in (1, 2, 3, 4):
        blob = make_blob(code, starts, (0, 0), entry_size)
        for entry in (2, 3, 5, 6, 8, 9):
            yield case(f"entry_{entry}_of_two_of_{entry_size}_bytes", blob, [Run(regs={1: 2 * entry})], probes=JUMPS)
            yield case(
                f"entry_{entry}_and_a_half_of_two_of_{entry_size}_bytes",
                blob,
                [Run(regs={1: 2 * entry + 1})],
                probes=JUMPS,
            )


def jumps_behind() -> Iterator[Case]:
    """A dynamic jump behind a product or quotient of wide numbers in its block: neither disturbs the other."""
    for name in ("mul_upper_u_u", "mul_upper_s_s", "mul_upper_s_u", "div_u_64", "rem_s_64", "shlo_l_64"):
        for a, b in ((MINUS_ONE, MINUS_ONE), (2**63, 2**63 + 3), (3, MINUS_ONE - 5)):
            code = Code().op(name, a=0, b=1, d=2).op("jump_ind", a=5, x=0)
            code.label("there").op("load_imm", a=3, x=3).trap()
            blob = code.blob(["there"])
            yield case(f"{name}_of_{a:x}_and_{b:x}", blob, [Run(regs={0: a, 1: b, 5: 2})], probes=JUMPS)


def jumps_overwritten() -> Iterator[Case]:
    """A dynamic jump by a register that the same instruction writes: by what it was, in code of either length."""
    for y in (0, 2):
        for behind in (0, 1):
            code = Code().op("load_imm_jump_ind", a=1, b=1, x=7, y=y).label("there").op("load_imm", a=3, x=3)
            for _ in range(1 + behind):
                code.trap()
            run = Run(regs={1: 2 - y})
            yield case(
                f"by_a_register_it_writes_and_{y}_before_{behind}_bytes", code.blob(["there"]), [run], probes=JUMPS
            )


def fault_bases() -> Iterator[Case]:
    """A PageFault through each register as the base: no two registers name the same page."""
    regs = {number: 0x4000_0000 + number * 0x1000 for number in range(13)}
    for base in range(13):
        other = (base + 5) % 13
        for name in ("load_ind_u8", "load_ind_u64", "store_ind_u8", "store_ind_u64", "store_imm_ind_u32"):
            operands: Operands = {"a": base, "x": 8, "y": 1} if "imm" in name else {"a": other, "b": base, "x": 8}
            blob = Code().op(name, **operands).trap().blob()
            yield case(f"{name}_through_r{base}", blob, [Run(regs=regs)], probes=FAULTS)


def pages_apart() -> Iterator[Case]:
    """Four pages that lie apart, with registers that are addresses of theirs: what lies between, and over the ends."""
    pages = (page(0x10000, RW), page(0x12000, RO), page(0x14000, RW), page(0x15000, RO))
    for name, mnemonic, address in (
        ("reads_between", "load_u8", 0x11000),
        ("writes_between", "store_u8", 0x13000),
        ("writes_read_only", "store_u8", 0x12000),
        ("reads_over_an_end", "load_u64", 0x10FFC),
        ("reads_over_a_start", "load_u16", 0x11FFF),
        ("reads_over_two", "load_u32", 0x14FFE),
        ("writes_over_a_start", "store_u64", 0x13FFC),
        ("writes_over_two", "store_u32", 0x14FFE),
        ("writes_within", "store_u16", 0x14FFE),
        ("reads_behind_all", "load_u16", 0x15FFF),
    ):
        blob = Code().op(mnemonic, a=2, x=address).op("load_imm", a=3, x=3).trap().blob()
        run = Run(regs=dict.fromkeys(range(13), 0x10010))
        yield case(f"of_pages_apart_{name}", blob, [run], pages=pages, probes=FAULTS)


def writes_over_accesses() -> Iterator[Case]:
    """What is written between runs, over pages of different access; and a store there still faults or does not."""
    pages = (page(0x10000, RW), page(0x11000, RO), page(0x12000, RW))
    code = Code().op("load_u64", a=1, x=0x10FFC).op("load_u64", a=2, x=0x11FFC).op("store_u8", a=1, x=0x12000)
    blob = code.op("store_u8", a=1, x=0x11000).trap().blob()
    for name, address in (("read_only", 0x10FFC), ("writable", 0x11FFC), ("all", 0x10FF0)):
        size = 0x1020 if name == "all" else 8
        written = Write(address, bytes(1 + i % 255 for i in range(size)))
        yield case(f"written_over_{name}", blob, [written, Run(), written, Run()], pages=pages, probes=FAULTS)


def stops() -> Iterator[Case]:
    """Both counts at once: whichever is reached first."""
    loop = Code().label("loop").op("add_imm_64", a=1, b=1, x=1).op("add_imm_64", a=2, b=2, x=1).op("jump", to="loop")
    blob = loop.blob()
    for blocks in range(1, 4):
        for instructions in range(1, 9):
            until = {"blocks": blocks, "instructions": instructions}
            steps: list[Step] = [
                Run(gas=60, until=until, records=BOTH),
                Resume(until=until, records=BOTH),
                Resume(gas=30),
            ]
            yield case(f"after_{blocks}_blocks_or_{instructions}_instructions", blob, steps)


def other_stops() -> Iterator[Case]:
    """Stopped by one count and resumed with the other, and with none."""
    loop = Code().label("loop").op("add_imm_64", a=1, b=1, x=1).op("add_imm_64", a=2, b=2, x=1).op("jump", to="loop")
    blob = loop.blob()
    for blocks in (1, 2, 3):
        for instructions in (1, 2, 3, 4):
            first, second = {"blocks": blocks}, {"instructions": instructions}
            for name, one, other in (("blocks_then", first, second), ("instructions_then", second, first)):
                steps: list[Step] = [Run(gas=60, until=one), Resume(until=other), Resume(until=one), Resume(gas=30)]
                yield case(f"{name}_{blocks}_and_{instructions}", blob, steps, probes=STOPS)


def stored_registers() -> Iterator[Case]:
    """Each register as what is stored, and as the base that it is stored by: all have values of their own."""
    regs = {number: 0x10000 + 16 * number for number in range(13)}
    by_address, by_base = Code(), Code()
    for number in range(13):
        by_address.op("store_u64", a=number, x=regs[number])
        by_base.op("store_ind_u32", a=(number + 5) % 13, b=number, x=4).op("store_imm_ind_u16", a=number, x=2, y=number)
    for name, code in (("by_an_address", by_address), ("by_a_register", by_base)):
        steps: list[Step] = [Run(regs=regs, records=("instructions",))]
        yield case(f"every_register_stored_{name}", code.trap().blob(), steps, pages=(page(0x10000, RW),))


def stops_in_later_blocks() -> Iterator[Case]:
    """Stopped at a block that is not the first, and resumed with another count and with none."""
    loop = Code().label("loop")
    for number in (1, 2, 3):
        loop.op("add_imm_64", a=number, b=number, x=number).op("fallthrough")
    blob = loop.op("jump", to="loop").blob()
    for blocks in (2, 3, 4, 6):
        first, second = {"blocks": blocks}, {"instructions": 1}
        for name, then in (("instructions", second), ("blocks", {"blocks": 1}), ("nothing", None)):
            steps: list[Step] = [Run(gas=99, until=first), Resume(until=then), Resume(gas=9, until=second)]
            yield case(f"after_{blocks}_blocks_until_{name}", blob, steps[: 2 if then is None else 3], probes=STOPS)


def subjects() -> list[Subject]:
    return [
        gathered("isa", "division_edges", divisions),
        gathered("isa", "past_the_table", past_the_table),
        gathered("gas", "invalid_opcodes", walks),
        gathered("gas", "costs", costs),
        gathered("exit", "stop_counts", stops),
        gathered("exit", "other_stops", other_stops),
        gathered("exit", "later_stops", stops_in_later_blocks),
        gathered("mem", "fault_bases", fault_bases),
        gathered("mem", "pages_apart", pages_apart),
        gathered("mem", "writes_over_accesses", writes_over_accesses),
        gathered("isa", "jumps_behind", jumps_behind),
        gathered("isa", "jumps_overwritten", jumps_overwritten),
        gathered("exit", "stored_registers", stored_registers),
    ]
