"""isa: jumps and branches: which targets are legal, when they are looked at, what is written
before.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from cases.machine.case import BIG_GAS, Case, Registers, Run, Subject, gathered
from cases.machine.code import INSN, TRAP, Code, encode, immediate, make_blob
from model.table import ROLE_OF, Kind

DYNAMIC = ("jump_ind", "load_imm_jump_ind")
LEGAL = "isa/legal_target"
LOAD_7 = encode("load_imm", a=7, x=7)
ALWAYS: dict[str, Registers] = {
    "branch_eq_imm": {},
    "branch_ne_imm": {2: 1},
    "branch_lt_u_imm": {},
    "branch_le_u_imm": {},
    "branch_ge_u_imm": {},
    "branch_gt_u_imm": {2: 1},
    "branch_lt_s_imm": {2: 2**64 - 1},
    "branch_le_s_imm": {},
    "branch_ge_s_imm": {},
    "branch_gt_s_imm": {2: 1},
    "branch_eq": {},
    "branch_ne": {2: 1},
    "branch_lt_u": {3: 1},
    "branch_lt_s": {2: 2**64 - 1},
    "branch_ge_u": {},
    "branch_ge_s": {},
}
STATIC = tuple(
    record.name for record in INSN.values() if record.form in ("one_offset", "one_reg_imm_offset", "two_reg_one_offset")
)


def taken(name: str, offset: int) -> tuple[bytes, Registers]:
    """The instruction that certainly jumps by `offset` (four bytes), and the registers for it."""
    four = immediate(offset, 4)
    if INSN[name].form == "one_offset":
        return encode(name, offset=four), {}
    if INSN[name].form == "two_reg_one_offset":
        return encode(name, a=2, b=3, offset=four), ALWAYS[name]
    x = 1 if name in ("branch_lt_u_imm", "load_imm_jump") else 0
    return encode(name, a=2, x=x, offset=four), ALWAYS.get(name, {})


def not_taken(name: str, offset: int) -> tuple[bytes, Registers] | None:
    """The opposite, None where there is none."""
    four = immediate(offset, 4)
    if ROLE_OF[name].kind is not Kind.BRANCH:
        return None
    equal = "_eq" in name or "_le" in name or "_ge" in name
    if INSN[name].form == "two_reg_one_offset":
        regs = {2: 1, 3: 2} if equal else {}
        regs = {2: 2, 3: 1} if "_le" in name else regs
        return encode(name, a=2, b=3, offset=four), regs
    value = {"_eq": 5, "_le": 5, "_ge": 1}.get(name[6:9], 2)
    return encode(name, a=2, x=2, offset=four), {2: value}


def at_distance(name: str) -> Iterator[Case]:
    """One program, the jump in its middle, and a target for each kind of position."""
    jump, regs = taken(name, 0)
    size = len(jump)
    head = b"\x28\x07" + TRAP + LOAD_7 + b"\x01"
    here = len(head)
    tail = TRAP + LOAD_7 + LOAD_7 + TRAP + b"\xe7" + TRAP
    end = here + size
    starts = [0, 2, 3, 6, here, end, end + 1, end + 4, end + 7, end + 8, end + 9]
    for behaviour, target, legal in (
        ("to_the_next_instruction", end, True),
        ("forward_to_a_block", end + 1, True),
        ("backward_to_a_block", 3, True),
        ("into_the_middle_of_a_block", end + 4, False),
        ("to_an_operand_byte", end + 2, False),
        ("to_no_opcode", end + 8, False),
        ("to_the_end_of_code", end + 10, False),
        ("beyond_the_end_of_code", end + 11, False),
        ("to_a_block_after_no_opcode", end + 9, False),
        ("to_before_the_code", -1, False),
        ("to_the_greatest_offset", here + 2**31 - 1, False),
        ("to_the_least_offset", here - 2**31, False),
        ("to_itself", here, True),
    ):
        jump, _ = taken(name, target - here)
        code = head + jump + tail
        rules = (f"isa/{name}", LEGAL, "isa/offset_target") + (() if legal else ("exit/panic",))
        against = ("isa/dynamic_jump", "isa/branch_not_taken") + (("exit/panic",) if legal else ())
        gas = 60 if behaviour in ("to_itself", "backward_to_a_block") else BIG_GAS
        yield Case(
            f"{name}_{behaviour}",
            rules,
            make_blob(code, starts),
            [Run(gas=gas, regs=regs)],
            against,
        )
        if behaviour in (
            "into_the_middle_of_a_block",
            "to_before_the_code",
            "to_no_opcode",
            "to_the_greatest_offset",
        ):
            idle = not_taken(name, target - here)
            if idle:
                code = head + idle[0] + tail
                yield Case(
                    f"{name}_not_taken_{behaviour}",
                    (f"isa/{name}", "isa/branch_not_taken"),
                    make_blob(code, starts),
                    [Run(regs=idle[1])],
                    ("exit/panic",),
                )


def static_targets() -> Iterator[Case]:
    for name in STATIC:
        yield from at_distance(name)


def short_offsets() -> Iterator[Case]:
    """Jumps with fewer than four offset bytes go where those bytes say."""
    for size in (1, 2, 3, 4):
        for behaviour, extra in (("to_a_block", 1), ("to_a_middle", 4), ("to_an_operand", 2)):
            code = b"\x28" + immediate(1 + size + extra, size) + TRAP + LOAD_7 + LOAD_7 + TRAP
            end = 1 + size
            rules = ("isa/jump", LEGAL) + (("exit/panic",) if extra != 1 else ())
            yield Case(
                f"{('one', 'two', 'three', 'four')[size - 1]}_offset_bytes_{behaviour}",
                rules,
                make_blob(code, [0, end, end + 1, end + 4, end + 7]),
                [Run()],
                () if extra != 1 else ("exit/panic",),
            )
    yield Case(
        "no_offset_bytes_jump_to_the_jump",
        ("isa/jump", LEGAL),
        make_blob(b"\x28" + TRAP, [0, 1]),
        [Run(gas=40)],
        ("exit/panic",),
    )
    code = b"\x28\xff\xff\xff\x7f" + TRAP
    yield Case(
        "no_low_half_of_a_far_target",
        ("isa/jump", LEGAL, "exit/panic"),
        make_blob(code, [0, 5]),
        [Run()],
    )


DYNAMIC_TAIL = TRAP + LOAD_7 + LOAD_7 + TRAP + b"\xe7"


def dynamic(
    kind: str, address: int, table: Collection[int], entry_size: int = 1, base: int | None = None
) -> tuple[bytes, Registers]:
    """A dynamic jump to `address`: the base in register 4, the rest in the immediate."""
    base = 0x1000 if base is None else base
    y = (address - base) % 2**32
    y = y - 2**32 if y >= 2**31 else y
    if kind == "jump_ind":
        jump, size = encode(kind, a=4, x=immediate(y, 4)), 6
    else:
        jump, size = encode(kind, a=5, b=4, x=immediate(9, 1), y=immediate(y, 4)), 8
    code = jump + DYNAMIC_TAIL
    starts = [0, size, size + 1, size + 4, size + 7, size + 8]
    entries = tuple(entry + size if isinstance(entry, int) and entry < 20 else entry - 100 for entry in table)
    return make_blob(code, starts, entries, entry_size), {4: base}


def dynamic_case(
    kind: str,
    behaviour: str,
    address: int,
    table: Collection[int],
    legal: bool,
    entry_size: int = 1,
    base: int | None = None,
) -> Case:
    rules = (f"isa/{kind}", "isa/dynamic_jump") + (() if legal else ("exit/panic",))
    blob, regs = dynamic(kind, address, table, entry_size, base)
    return Case(
        f"{kind}_{behaviour}",
        rules,
        blob,
        [Run(regs=regs)],
        ("exit/panic",) if legal else ("isa/trap",),
    )


def dynamic_jumps() -> Iterator[Case]:
    """Addresses, entries and entry sizes. Table entries below 20 are relative to the end of the
    jump.
    """
    for kind in DYNAMIC:
        for behaviour, address, legal in (
            ("zero", 0, False),
            ("one", 1, False),
            ("two", 2, True),
            ("three", 3, False),
            ("four", 4, True),
            ("five", 5, False),
            ("the_last_entry_inside_a_block", 6, False),
            ("seven", 7, False),
            ("one_entry_too_far", 8, False),
            ("halt_address", 2**32 - 2**16, False),
            ("the_greatest_address", 2**32 - 1, False),
            ("the_greatest_even_address", 2**32 - 2, False),
            ("half_the_address_space", 2**31, False),
            ("the_first_entry_with_bit_31", 2**31 + 2, False),
            ("the_first_entry_with_bit_30", 2**30 + 2, False),
            ("the_first_entry_with_bit_16", 2**16 + 2, False),
        ):
            case = dynamic_case(
                kind,
                f"to_address_{behaviour}" if "address" not in behaviour else f"to_{behaviour}",
                address,
                (0, 1, 4),
                legal,
            )
            if behaviour == "halt_address":
                case.rules += ("isa/no_halt_address",)
            elif not legal:
                case.against += ("isa/no_halt_address", "isa/offset_target")
            yield case
        yield dynamic_case(kind, "to_the_last_entry", 6, (0, 1, 1), True)
        yield dynamic_case(kind, "to_an_empty_table", 2, (), False)
        for word, base in (
            ("high_half_set", (7 << 32) + 2),
            ("negative", 2**64 - 2),
            ("just_below_two_to_32", 2**32 - 1),
            ("all_ones", 2**64 - 1),
            ("two_to_32", 2**32),
        ):
            yield dynamic_case(kind, f"base_{word}", 4, (0, 1, 4), True, base=base)


def table_entries() -> Iterator[Case]:
    """What an entry says, and how many bytes it has."""
    for kind in DYNAMIC:
        for behaviour, entry in (
            ("in_a_block", 4),
            ("at_an_operand", 2),
            ("at_no_opcode", 8),
            ("at_the_end", 9),
            ("beyond_the_end", 12),
        ):
            case = dynamic_case(kind, f"entry_{behaviour}", 2, (entry,), False)
            case.rules += (LEGAL,)
            yield case
        case = dynamic_case(kind, "entry_zero_is_the_jump_itself", 2, (100,), True)
        case.steps = [replace(step, gas=100) for step in case.steps if isinstance(step, Run)]
        yield case
        for size in (1, 2, 3, 4):
            word = ("one", "two", "three", "four")[size - 1]
            yield dynamic_case(kind, f"entries_of_{word}_bytes", 4, (0, 1), True, entry_size=size)
            yield dynamic_case(
                kind,
                f"greatest_entry_of_{word}_bytes",
                2,
                (100 + 256**size - 1,),
                False,
                entry_size=size,
            )
            if size > 1:
                yield dynamic_case(
                    kind,
                    f"entry_of_{word}_bytes_is_not_cut",
                    2,
                    (100 + 256 ** (size - 1),),
                    False,
                    entry_size=size,
                )


def loops_of_dynamic_jumps() -> Iterator[Case]:
    """A dynamic jump to itself spends its gas."""
    blob = make_blob(encode("jump_ind", a=1, x=0), [0], (0,))
    yield Case(
        "jump_ind_to_itself_runs_out_of_gas",
        ("isa/jump_ind", "gas/out_of_gas"),
        blob,
        [Run(gas=100, regs={1: 2})],
    )
    code = Code().label("a").op("load_imm_jump_ind", a=3, b=3, x=4, y=0)
    code.label("b").op("load_imm_jump_ind", a=3, b=3, x=2, y=0)
    yield Case(
        "load_imm_jump_ind_to_and_fro",
        ("isa/load_imm_jump_ind", "isa/jump_reads_first"),
        code.blob(("a", "b")),
        [Run(gas=100, regs={3: 4})],
    )


def jump_order() -> Iterator[Case]:
    """load_imm_jump and load_imm_jump_ind write rA, but read rB first."""
    reads, writes = "isa/jump_reads_first", "isa/jump_writes_first"
    jump = encode("load_imm_jump_ind", a=7, b=7, x=0x63, y=6)
    for word, value, rules in (("legal", 2, (reads,)), ("panic", 3, (reads, writes, "exit/panic"))):
        blob = make_blob(jump + LOAD_7 + TRAP, [0, 5, 8], (0, 0, 0, 5))
        yield Case(
            f"old_base_when_registers_are_one_and_jump_is_{word}",
            ("isa/load_imm_jump_ind", *rules),
            blob,
            [Run(regs={7: value})],
        )
    jump = encode("load_imm_jump_ind", a=7, b=7, x=2, y=0)
    yield Case(
        "new_value_would_have_been_legal",
        (reads, writes, "exit/panic"),
        make_blob(jump + LOAD_7 + TRAP, [0, 4, 7], (4,)),
        [Run(regs={7: 1})],
    )
    yield Case(
        "new_value_would_have_been_a_panic",
        (reads,),
        make_blob(encode("load_imm_jump_ind", a=7, b=7, x=1, y=0) + LOAD_7 + TRAP, [0, 4, 7], (4,)),
        [Run(regs={7: 2})],
        (writes, "exit/panic"),
    )
    yield Case(
        "clamped_registers_are_one",
        (reads, "isa/register_clamp"),
        make_blob(b"\xb4\xed\x01\x01" + LOAD_7 + TRAP, [0, 4, 7], (4,)),
        [Run(regs={12: 2})],
        (writes,),
    )


def jump_writes() -> Iterator[Case]:
    """rA is written whether the jump is legal or not."""
    reads, writes = "isa/jump_reads_first", "isa/jump_writes_first"
    for name in ("load_imm_jump_ind", "load_imm_jump"):
        for word, offset in (("odd", 3), ("zero", 0), ("far", 8)):
            if name == "load_imm_jump":
                jump = encode(name, a=3, x=0x55, offset=immediate({3: 1, 0: -9, 8: 300}[offset], 2))
            else:
                jump = encode(name, a=3, b=4, x=0x55, y=immediate(offset, 2))
            blob = make_blob(jump + LOAD_7 + TRAP, [0, len(jump), len(jump) + 3], (0,))
            yield Case(
                f"{name}_keeps_its_value_on_panic_{word}",
                (f"isa/{name}", writes, "exit/panic"),
                blob,
                [Run(regs={3: 1})],
            )
        jump = (
            encode(name, a=3, x=0x55, offset=b"\x05")
            if name == "load_imm_jump"
            else encode(name, a=3, b=4, x=0x55, y=2)
        )
        blob = make_blob(jump + TRAP + TRAP, [0, len(jump), len(jump) + 1], (len(jump),))
        yield Case(f"{name}_writes_and_jumps", (f"isa/{name}",), blob, [Run(regs={3: 1})], (writes,))
    for name, regs in (("branch_eq_imm", {}), ("jump_ind", {2: 1})):
        jump = encode(name, a=2, offset=b"\x7f") if name != "jump_ind" else encode(name, a=2, x=0)
        blob = make_blob(jump + TRAP, [0, len(jump)])
        yield Case(
            f"{name}_writes_nothing_on_panic",
            (f"isa/{name}", "exit/panic"),
            blob,
            [Run(regs=regs)],
            (writes, reads),
        )


def subjects() -> Iterator[Subject]:
    yield gathered("isa", "static_targets", static_targets)
    yield gathered("isa", "short_offsets", short_offsets)
    yield gathered("isa", "dynamic_jumps", dynamic_jumps, table_entries, loops_of_dynamic_jumps)
    yield gathered("isa", "jump_order", jump_order, jump_writes)
