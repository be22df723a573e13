"""isa: how code becomes instructions: start bits, skips, opcode bytes, operands beyond the end,
block starts.
"""

from collections.abc import Collection, Iterator

from cases.machine.case import Case, Registers, Rules, Run, Subject, gathered
from cases.machine.code import INSN, TRAP, Starts, encode, make_blob

BYTES = {record.byte: record for record in INSN.values()}
LOAD_7 = encode("load_imm", a=1, x=7)


def case(
    name: str,
    rules: Rules,
    code: bytes,
    starts: Starts,
    against: Rules = (),
    regs: Registers | None = None,
    pc: int = 0,
    gas: int = 1000,
    table: Collection[int] = (),
    entry_size: int = 1,
    probes: Rules = (),
) -> Case:
    blob = make_blob(code, starts, table, entry_size)
    return Case(name, rules, blob, [Run(pc, gas, regs or {})], against, probes)


def opcode_bytes() -> Iterator[Case]:
    """All 256: a block before, the byte, two operand bytes, traps after."""
    for byte in range(256):
        record = BYTES.get(byte)
        word = record.name if record else f"no_opcode_{byte:02x}"
        code = b"\x01" + bytes([byte]) + b"\x21\x03" + TRAP * 2
        if record:
            rules = (f"isa/{record.name}", "isa/executable")
            against = () if record.ends else ("isa/implicit_trap",)
            yield case(f"runs_{word}", rules, code, [0, 1, 4, 5], against, {1: 2, 2: 0x20})
        else:
            yield case(f"ends_at_{word}", ("isa/executable", "isa/implicit_trap"), code, [0, 1, 4, 5])


def entry_bytes() -> Iterator[Case]:
    """Each byte that is no opcode as the entry of a run."""
    for byte in sorted(set(range(256)) - set(BYTES)):
        yield case(
            f"enters_at_no_opcode_{byte:02x}",
            ("exit/entry", "exit/panic"),
            bytes([byte]) + TRAP,
            [0, 1],
            ("isa/implicit_trap", "gas/range"),
        )


def skips() -> Iterator[Case]:
    """skip counts clear bits, at most 24 of them."""
    for length in (0, 1, 2, 3, 4, 5, 8, 16, 22, 23, 24):
        code = encode("load_imm", a=1, x=b"")[:1] + bytes([0x12]) * length + LOAD_7 + TRAP
        starts = [0, 1 + length, 4 + length]
        yield case(f"skip_{length:02d}", ("isa/skip",), code, starts)
    for length in (24, 25, 26, 40):
        code = b"\x33" + b"\x01" * length + LOAD_7 + TRAP
        rules = ("isa/skip",) if length == 24 else ("isa/skip", "isa/implicit_trap")
        yield case(
            f"no_start_within_{length}_bytes_ends_the_run" if length > 24 else "start_at_the_last_byte_looked_at",
            rules,
            code,
            [0, 1 + length, 4 + length],
        )
    for length in (24, 25, 26, 27):
        code = b"\x33\x01" + b"\x05" * (length - 1)
        yield case(f"operands_of_{length}_bytes_to_the_end", ("isa/skip", "isa/implicit_trap"), code, [0])
    code = b"\x33" + b"\x00" * 24 + LOAD_7 + TRAP
    yield case(
        "start_exactly_after_twenty_five_bytes",
        ("isa/skip",),
        code,
        [0, 25, 28],
        ("isa/implicit_trap",),
    )
    yield case(
        "terminator_with_skip_twenty_four_starts_a_block",
        ("isa/skip", "isa/block_starts"),
        b"\x01" + b"\0" * 24 + TRAP,
        [0, 25],
    )
    yield case(
        "terminator_with_no_start_in_reach_starts_no_block",
        ("isa/skip", "isa/implicit_trap"),
        b"\x01" + b"\0" * 25 + TRAP,
        [0, 26],
    )
    yield case(
        "every_byte_is_a_start",
        ("isa/skip", "isa/operand_overlap"),
        b"\x33\x01\x02\x00\x00",
        range(5),
    )
    yield case(
        "bits_of_two_mask_bytes",
        ("isa/skip", "blob/bitmask"),
        b"\x33\x01\x05\x01\x01\x01\x01\x01" + LOAD_7 + TRAP,
        [0, 8, 11],
    )
    yield case(
        "bit_seven_of_a_mask_byte",
        ("isa/skip", "blob/bitmask"),
        b"\x33\x01\x05\x01\x01\x01\x01" + LOAD_7 + TRAP,
        [0, 7, 10],
    )


def sequential() -> Iterator[Case]:
    """What execution goes on at."""
    trap, fall, seq = "isa/implicit_trap", "isa/fallthrough", "isa/sequential"
    yield case("past_the_end", (seq, trap), LOAD_7, [0])
    yield case("past_the_end_with_spare_operands", (seq, trap), LOAD_7 + b"\0\0\0", [0])
    yield case("past_the_end_after_fallthrough", (seq, trap, fall), b"\x01", [0])
    yield case("into_no_opcode", (seq, trap), LOAD_7 + b"\xe7" + LOAD_7 + TRAP, [0, 3, 4, 7])
    yield case("into_no_opcode_after_terminator", (seq, trap), b"\x01\xff" + TRAP, [0, 1, 2])
    yield case("into_clear_bit", (seq, trap), b"\x33\x01" + b"\0" * 30, [0, 30])
    yield case(
        "within_a_block",
        (seq,),
        LOAD_7 + encode("add_imm_64", a=2, b=1, x=1) + TRAP,
        [0, 3, 6],
        (trap,),
    )
    yield case("into_the_next_block", (seq, fall), b"\x01" + LOAD_7 + TRAP, [0, 1, 4], (trap,))
    yield case(
        "into_the_next_block_after_branch_not_taken",
        (seq, "isa/branch_not_taken"),
        encode("branch_ne", a=1, b=1, offset=b"\0") + TRAP,
        [0, 3],
        (trap, "isa/legal_target"),
    )
    yield case(
        "implicit_trap_with_one_gas",
        (trap, "gas/implicit_trap"),
        LOAD_7,
        [0],
        ("gas/out_of_gas",),
        gas=2,
    )
    yield case("implicit_trap_without_gas", ("gas/implicit_trap",), LOAD_7, [0], (), gas=1)
    yield case("implicit_trap_after_spending_all_but_one", (trap,), b"\x01", [0], (), gas=2)
    yield case("implicit_trap_keeps_registers", (trap,), LOAD_7, [0], (), {1: 9, 12: 5})
    for length in (1, 7, 8, 9, 63, 64, 65):
        yield case(
            f"implicit_trap_reports_code_length_{length:02d}",
            (trap,),
            b"\x01" * length,
            range(length),
        )


def terminators() -> Iterator[Case]:
    """An opcode that ends a block begins one after it; the others do not."""
    for record in INSN.values():
        code = b"\x28\x06\0\0" + bytes([record.byte, 0x21]) + LOAD_7 + TRAP
        regs = {1: 1, 2: 2}
        rules: Rules = ("isa/terminators", "isa/legal_target", "exit/panic")
        against: Rules = ("isa/load_imm",)
        if record.ends:
            rules = ("isa/terminators", "isa/block_starts", "isa/legal_target", "isa/load_imm")
            against = ("exit/panic",)
        yield case(f"position_after_{record.name}", rules, code, [0, 4, 6, 9], against, regs)


def block_starts() -> Iterator[Case]:
    """P: position 0 and what follows an executable terminator, reachable or not."""
    entry, starts = "exit/entry", "isa/block_starts"
    yield case(
        "zero",
        (starts, entry),
        TRAP,
        [0],
        ("exit/panic", "isa/terminators", "isa/sequential", "gas/fields"),
    )
    yield case("zero_without_start_bit", (entry, "exit/panic"), TRAP, [], ("isa/trap", starts))
    yield case("zero_with_no_opcode", (entry, "exit/panic"), b"\xff", [0], ("isa/trap",))
    yield case("zero_of_empty_code", (entry, "exit/panic"), b"", [], ("isa/trap",))
    yield case(
        "after_trap_that_is_never_run",
        (starts, "isa/legal_target"),
        b"\x28\x04\0" + TRAP + LOAD_7 + TRAP,
        [0, 3, 4, 7],
        ("exit/panic",),
    )
    yield case(
        "after_byte_of_terminator_without_start_bit",
        (starts, "isa/legal_target", "exit/panic"),
        b"\x28\x06" + b"\x33\x01\x05\0" + LOAD_7 + TRAP,
        [0, 2, 6, 9],
        ("isa/load_imm",),
    )
    yield case("after_terminator_that_no_start_precedes", (starts, entry), TRAP * 3, [1, 2], (), pc=2)
    yield case("at_terminator_that_follows_none", (starts, entry, "exit/panic"), TRAP * 3, [1, 2], (), pc=1)


def far_block_starts() -> Iterator[Case]:
    """Skips of 24, and bytes that are no opcode."""
    entry, starts = "exit/entry", "isa/block_starts"
    yield case(
        "after_far_terminator",
        (starts, entry),
        b"\x01" + b"\0" * 24 + LOAD_7 + TRAP,
        [0, 25, 28],
        (),
        pc=25,
    )
    yield case(
        "not_after_too_far_terminator",
        (starts, entry, "exit/panic"),
        b"\x01" + b"\0" * 25 + LOAD_7 + TRAP,
        [0, 26, 29],
        (),
        pc=26,
    )
    yield case(
        "not_at_the_position_that_skip_stops_at",
        (entry, "exit/panic"),
        b"\x01" + b"\0" * 25 + LOAD_7 + TRAP,
        [0, 26, 29],
        (),
        pc=25,
    )
    yield case(
        "no_opcode_is_no_terminator",
        (starts, entry, "exit/panic"),
        b"\x01\xff" + LOAD_7 + TRAP,
        [0, 1, 2, 5],
        (),
        pc=2,
    )
    yield case(
        "no_opcode_after_terminator_is_in_p_and_not_in_e",
        (entry, "exit/panic"),
        b"\x01\xff" + LOAD_7 + TRAP,
        [0, 1, 2, 5],
        (),
        pc=1,
    )
    yield case("end_of_code_is_no_start", (entry, "exit/panic"), b"\x01", [0], (), pc=1)


def operand_bytes() -> Iterator[Case]:
    """Where operand bytes come from."""
    past, over = "isa/operand_past_end", "isa/operand_overlap"
    yield case(
        "load_imm_64_ends_with_the_code",
        ("isa/load_imm_64",),
        encode("load_imm_64", a=1, x=bytes(range(1, 9))),
        [0],
        (past, over),
    )
    yield case(
        "load_imm_64_misses_one_byte",
        ("isa/load_imm_64", past),
        encode("load_imm_64", a=1, x=bytes(range(1, 9)))[:-1],
        [0],
    )
    yield case(
        "load_imm_64_reads_the_next_instruction",
        ("isa/load_imm_64", over),
        b"\x14\x01" + LOAD_7 * 3 + TRAP,
        [0, 2, 5, 8, 11],
        (past,),
    )
    yield case(
        "load_imm_64_reads_the_next_instruction_and_past_the_end",
        ("isa/load_imm_64", over, past),
        b"\x14\x01" + LOAD_7,
        [0, 2],
    )
    yield case("register_byte_past_the_end", ("isa/move_reg", past), b"\x64", [0], (), {0: 5})
    yield case(
        "register_byte_in_the_next_instruction",
        ("isa/move_reg", over),
        b"\x64\x33\x05\x07" + TRAP,
        [0, 1, 4],
        (past,),
        {3: 5},
    )


def other_operand_bytes() -> Iterator[Case]:
    """The third byte and the length fields."""
    past, over = "isa/operand_past_end", "isa/operand_overlap"
    yield case("third_byte_past_the_end", ("isa/add_64", past), b"\xc8\x21", [0], (), {1: 5, 2: 6})
    yield case(
        "third_byte_in_the_next_instruction",
        ("isa/add_64", over),
        b"\xc8\x21\x33\x05\x07" + TRAP,
        [0, 2, 5],
        (past,),
        {1: 5, 2: 6},
    )
    yield case("length_field_reaches_past_the_end", ("isa/store_imm_u8", past), b"\x1e\x04\x10", [0])
    yield case(
        "length_field_reaches_into_the_next_instruction",
        ("isa/load_imm_jump", over),
        b"\x50\x41\x07" + LOAD_7 + TRAP,
        [0, 3, 6],
    )
    yield case("own_bytes_only", ("isa/add_64",), b"\xc8\x21\x03\0", [0, 3], (past, over), {1: 5, 2: 6})
    yield case(
        "immediate_never_reads_the_next_instruction",
        ("isa/load_imm",),
        b"\x33\x01" + LOAD_7 + TRAP,
        [0, 2, 5],
        (over, past),
    )
    yield case(
        "offset_never_reads_the_next_instruction",
        ("isa/jump",),
        b"\x28" + LOAD_7 + TRAP,
        [0, 1, 4],
        (over,),
    )


def sign_extension() -> Iterator[Case]:
    """One to four bytes, three included; none is 0."""
    for size in (1, 2, 3, 4):
        for word, top in (("sign_clear", 0x7F), ("sign_set", 0x80), ("all_ones", 0xFF)):
            x = bytes([0xFF if word == "all_ones" else 0x11]) * (size - 1) + bytes([top])
            yield case(
                f"{size}_bytes_{word}".replace(str(size), ("one", "two", "three", "four")[size - 1]),
                ("isa/sign_extension", "isa/load_imm"),
                encode("load_imm", a=1, x=x) + TRAP,
                [0, 2 + size],
            )
    yield case(
        "no_bytes_are_zero",
        ("isa/load_imm",),
        encode("load_imm", a=1, x=b"") + TRAP,
        [0, 2],
        (),
        {1: 9},
    )
    yield case(
        "eight_bytes_are_taken_as_they_are",
        ("isa/load_imm_64",),
        encode("load_imm_64", a=1, x=b"\x80") + TRAP,
        [0, 10],
        ("isa/sign_extension",),
    )


def register_clamp() -> Iterator[Case]:
    for field in (12, 13, 14, 15):
        word = ("twelve", "thirteen", "fourteen", "fifteen")[field - 12]
        rules, against = (("isa/register_clamp",), ()) if field > 12 else (("isa/load_imm",), ("isa/register_clamp",))
        yield case(
            f"target_{word}",
            rules,
            encode("load_imm", a=field, x=9) + TRAP,
            [0, 3],
            against,
            {12: 1},
        )
        yield case(
            f"source_{word}",
            rules[:1] if field > 12 else ("isa/move_reg",),
            encode("move_reg", a=field, d=1) + TRAP,
            [0, 2],
            against,
            {12: 77},
        )
        yield case(
            f"third_{word}",
            rules[:1] if field > 12 else ("isa/add_64",),
            encode("add_64", a=1, b=2, d=field) + TRAP,
            [0, 3],
            against,
            {1: 5, 2: 6},
        )
    for third in (0x10, 0x1F, 0x7F, 0x80, 0xF3, 0xFF):
        yield case(
            f"third_byte_{third:02x}",
            ("isa/register_clamp",),
            encode("add_64", a=1, b=2, d=third) + TRAP,
            [0, 3],
            (),
            {1: 5, 2: 6},
        )


def subjects() -> Iterator[Subject]:
    for generator in (opcode_bytes, entry_bytes, skips, sequential, terminators):
        yield gathered("isa", generator.__name__, generator)
    yield gathered("isa", "block_starts", block_starts, far_block_starts)
    yield gathered("isa", "operand_bytes", operand_bytes, other_operand_bytes)
    yield gathered("isa", "sign_extension", sign_extension)
    yield gathered("isa", "register_clamp", register_clamp)
