"""blob: what the parser admits and every reason to reject, alone at its edges and together with
others.
"""

from collections.abc import Iterator
from typing import Unpack

from cases.machine.case import Case, Rules, Run, RunFields, Subject
from cases.machine.code import TRAP, encode, make_blob, mask_of

LAYOUT = "blob/layout"
REASONS = (
    "blob/header_short",
    "blob/entry_size",
    "blob/truncated",
    "blob/trailing_bytes",
    "blob/stray_bits",
)
NOTHING_RAN = ("exit/definedness", "gas/walk", "isa/skip", "isa/executable", "isa/block_starts")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def raw(jump_len: int, entry_size: int, code_len: int, rest: bytes = b"") -> bytes:
    """A blob with any header."""
    return jump_len.to_bytes(4, "little") + bytes([entry_size]) + code_len.to_bytes(4, "little") + rest


def rejected(name: str, reason: str, data: bytes, against: Rules = ()) -> Case:
    """A reason decides; the reasons before it did not hold."""
    earlier = REASONS[: REASONS.index(reason)]
    return Case(name, (reason,), data, [], tuple(against) or (*earlier[-1:], LAYOUT))


def admitted(name: str, data: bytes, against: Rules = (), rules: Rules = (), **run: Unpack[RunFields]) -> Case:
    return Case(name, (LAYOUT, *rules), data, [Run(**run)], tuple(against) or REASONS)


def header_short() -> Iterator[Case]:
    good = make_blob(TRAP, [0])
    for size in range(9):
        yield rejected(
            f"of_{WORDS[size]}_bytes",
            REASONS[0],
            good[:size],
            (LAYOUT, *NOTHING_RAN, *REASONS[1:]),
        )
        if size:
            yield rejected(f"of_{WORDS[size]}_set_bytes", REASONS[0], b"\xff" * size, (LAYOUT, *REASONS[1:]))
    yield admitted("of_nine_bytes_is_a_whole_blob", raw(0, 1, 0), ("blob/header_short",))


def entry_size() -> Iterator[Case]:
    good = make_blob(TRAP, [0])
    for size in (0, 5, 6, 7, 8, 16, 127, 128, 254, 255):
        data = good[:4] + bytes([size]) + good[5:]
        yield rejected(
            f"size_{size:03d}_without_table",
            REASONS[1],
            data,
            (LAYOUT, "blob/truncated", "blob/trailing_bytes", "blob/header_short"),
        )
        data = raw(1, size, 1, b"\0" * size + b"\0\1")
        yield rejected(f"size_{size:03d}_with_table", REASONS[1], data)
        yield rejected(f"size_{size:03d}_in_empty_blob", REASONS[1], raw(0, size, 0))
    for size in (1, 2, 3, 4):
        yield admitted(f"{WORDS[size]}_without_table", make_blob(TRAP, [0], (), size), ("blob/entry_size",))
        yield admitted(f"{WORDS[size]}_with_table", make_blob(TRAP, [0], (0, 1), size), ("blob/entry_size",))
        yield admitted(f"{WORDS[size]}_in_empty_blob", raw(0, size, 0), ("blob/entry_size",))
        yield admitted(
            f"{WORDS[size]}_with_table_and_no_code",
            raw(1, size, 0, b"\0" * size),
            ("blob/entry_size",),
        )


def truncated() -> Iterator[Case]:
    """A small blob with every part, cut after every byte from the header on."""
    code = encode("load_imm", a=1, x=7) + encode("add_imm_64", a=2, b=1, x=1) + TRAP * 3
    whole = make_blob(code, [0, 3, 6, 7, 8], (7, 8), 2)
    for size in range(9, len(whole)):
        part = "table" if size < 13 else "code" if size < 13 + len(code) else "bitmask"
        before = size - (9 if part == "table" else 13 if part == "code" else 13 + len(code))
        yield rejected(
            f"after_{WORDS[before] if before < 10 else 'ten'}_bytes_of_{part}",
            REASONS[2],
            whole[:size],
        )
    yield admitted("not_at_all", whole, ("blob/truncated",))
    yield rejected("header_alone_wants_code", REASONS[2], raw(0, 1, 1))
    yield rejected("code_without_bitmask", REASONS[2], raw(0, 1, 1, b"\0"))
    yield rejected("eight_bytes_of_code_with_no_bitmask", REASONS[2], raw(0, 1, 8, b"\0" * 8))
    yield rejected("nine_bytes_of_code_with_one_bitmask_byte", REASONS[2], raw(0, 1, 9, b"\0" * 9 + b"\xff"))
    for word, jump_len, size, code_len in (
        ("greatest_code_length", 0, 1, 2**32 - 1),
        ("greatest_jump_length", 2**32 - 1, 1, 0),
        ("greatest_jump_length_of_wide_entries", 2**32 - 1, 4, 0),
        ("both_greatest_lengths", 2**32 - 1, 4, 2**32 - 1),
        ("code_length_of_bit_31", 0, 1, 2**31),
        ("jump_length_of_bit_31", 2**31, 2, 0),
        ("jump_table_of_two_to_32_bytes", 2**30, 4, 0),
        ("jump_table_of_two_to_32_bytes_and_one", 2**30, 4, 1),
        ("jump_length_times_four_wraps_to_small", 2**30 + 1, 4, 1),
        ("sum_of_lengths_wraps_to_zero", 2**31, 1, 2**31),
        ("sum_of_lengths_wraps_to_one", 2**32 - 1, 1, 2),
        ("bitmask_length_would_wrap", 0, 1, 2**32 - 7),
        ("bitmask_length_would_wrap_with_table", 1, 1, 2**32 - 8),
    ):
        yield rejected(word, REASONS[2], raw(jump_len, size, code_len, b"\0\0\1\0\0\0\0"))
        yield rejected(word + "_and_nothing_more", REASONS[2], raw(jump_len, size, code_len))


def trailing_bytes() -> Iterator[Case]:
    for code_len in (0, 1, 7, 8, 9):
        code = b"\1" * code_len
        good = make_blob(code, range(code_len))
        for extra in (1, 2, 8, 9):
            for word, byte in (("zero", 0), ("set", 0xFF)):
                yield rejected(
                    f"{WORDS[extra]}_{word}_after_{WORDS[code_len]}_bytes_of_code",
                    REASONS[3],
                    good + bytes([byte]) * extra,
                )
        yield admitted(f"none_after_{WORDS[code_len]}_bytes_of_code", good, ("blob/trailing_bytes",))
    with_table = make_blob(TRAP, [0], (0, 0, 0), 3)
    yield rejected("one_after_a_table", REASONS[3], with_table + b"\0")
    yield rejected("another_whole_blob", REASONS[3], with_table + with_table)
    yield rejected("a_bitmask_of_one_bit_a_byte", REASONS[3], raw(0, 1, 4, b"\1\1\1\0" + b"\1\1\1\1"))


def stray_bits() -> Iterator[Case]:
    """Each single bit beyond the code, for each number of bits in the last byte."""
    for rest in range(1, 8):
        for code_len in (rest, 8 + rest):
            code = b"\1" * code_len
            good = make_blob(code, range(code_len))
            for bit in range(rest, 8):
                data = good[:-1] + bytes([good[-1] | 1 << bit])
                yield rejected(f"bit_{WORDS[bit]}_after_{code_len:02d}_bytes_of_code", REASONS[4], data)
            yield rejected(f"all_bits_after_{code_len:02d}_bytes_of_code", REASONS[4], good[:-1] + b"\xff")
            yield admitted(f"no_bits_after_{code_len:02d}_bytes_of_code", good, ("blob/stray_bits",))
    for code_len in (8, 16):
        yield admitted(
            f"all_bits_belong_to_{code_len:02d}_bytes_of_code",
            make_blob(b"\1" * code_len, range(code_len)),
            ("blob/stray_bits",),
        )
    yield rejected("the_only_bit", REASONS[4], make_blob(b"\1\1", [], mask=b"\x04"))
    yield rejected("the_highest_bit_alone", REASONS[4], make_blob(b"\1\1", [], mask=b"\x80"))


def order() -> Iterator[Case]:
    """When two reasons hold, the earlier one is reported."""
    first, size, short, trailing, stray = REASONS
    yield rejected("header_short_before_entry_size", first, b"\0\0\0\0\0\0\0\0", (size,))
    yield rejected("header_short_before_truncated", first, b"\xff\xff\xff\xff\1\xff\xff\xff", (short,))
    yield rejected("entry_size_before_truncated", size, raw(2**32 - 1, 0, 2**32 - 1), (short,))
    yield rejected("entry_size_five_before_truncated", size, raw(1, 5, 1), (short,))
    yield rejected("entry_size_before_trailing_bytes", size, raw(0, 0, 1, b"\0\1\0"), (trailing,))
    yield rejected("entry_size_before_stray_bits", size, raw(0, 9, 1, b"\0\3"), (stray,))
    yield rejected(
        "truncated_with_stray_bits_in_what_is_there",
        short,
        raw(0, 1, 9, b"\1" * 9 + b"\xff"),
        (stray,),
    )
    yield rejected("trailing_bytes_before_stray_bits", trailing, raw(0, 1, 1, b"\0\3\0"), (stray,))
    yield rejected("trailing_byte_is_no_part_of_the_bitmask", trailing, raw(0, 1, 1, b"\0\1\xff"), (stray,))
    yield Case(
        "refused_pages_before_a_bad_blob",
        ("mem/page_given_once",),
        b"",
        [],
        (first,),
        pages=((1, "rw", b""),),
    )
    yield Case(
        "refused_mem_cycles_before_a_bad_blob",
        ("gas/mem_cycles",),
        raw(0, 0, 0),
        [],
        (size,),
        mem_cycles=24,
    )


def layout() -> Iterator[Case]:
    """What is admitted: empty parts, tables of every entry size, any entry, any code."""
    yield admitted("empty_code_panics_at_zero", raw(0, 1, 0), (), ("exit/panic",))
    yield admitted("table_without_code", raw(2, 2, 0, b"\0\1\2\3"), (), ("exit/panic",))
    yield admitted("code_without_starts", make_blob(b"\0\0\0", []), (), ("exit/panic",))
    yield admitted("code_of_invalid_bytes", make_blob(b"\xff" * 9, range(9)), (), ("exit/panic",))
    yield admitted("one_trap", make_blob(TRAP, [0]), (), ("isa/trap",))
    yield admitted("last_instruction_is_no_terminator", make_blob(encode("load_imm", a=1, x=7), [0]))
    yield admitted("jump_to_nowhere_that_never_runs", make_blob(TRAP + encode("jump", offset=b"\x7f"), [0, 1]))
    for size in (1, 2, 3, 4):
        for word, entry in (("zero", 0), ("greatest", 256**size - 1), ("top_bit", 256**size // 2)):
            blob = make_blob(TRAP, [0], (entry,), size)
            yield admitted(
                f"{word}_entry_of_{WORDS[size]}_bytes_is_never_used",
                blob,
                ("blob/jump_entry", *REASONS),
            )
        jump = encode("jump_ind", a=1, x=4)
        entries = (0xFF, 3, 0xFF)
        code = jump + TRAP
        yield admitted(
            f"second_entry_of_{WORDS[size]}_bytes",
            make_blob(code, [0, 3], entries, size),
            (),
            ("blob/jump_entry",),
        )
    for size, entry in ((2, 0x0103), (3, 0x010003), (4, 0x01000003)):
        blob = make_blob(encode("jump_ind", a=1, x=2) + TRAP, [0, 3], (entry,), size)
        yield admitted(
            f"high_byte_of_an_entry_of_{WORDS[size]}_bytes_counts",
            blob,
            (),
            ("blob/jump_entry", "exit/panic"),
        )
    jump = encode("jump_ind", a=1, x=2)
    code = jump + b"\1" * 254 + TRAP
    yield admitted(
        "entry_bytes_are_little_endian",
        make_blob(code, [0, *range(3, len(code))], (0x0100,), 2),
        (),
        ("blob/jump_entry",),
        gas=20,
    )
    for count in (1, 16, 255, 256):
        blob = make_blob(
            encode("jump_ind", a=1, x=2 * count) + TRAP,
            [0, 3 if count < 64 else 4],
            (0xEE,) * (count - 1) + (3 if count < 64 else 4,),
        )
        yield admitted(f"last_of_{count:03d}_entries", blob, (), ("blob/jump_entry",))


def bitmask() -> Iterator[Case]:
    """start(i) is bit i mod 8 of byte i / 8, least significant first."""
    load = encode("load_imm", a=1, x=7)
    for position in range(3, 20):
        code = b"\x33\x02" + b"\x01" * (position - 2) + load + TRAP
        blob = make_blob(code, [0, position, position + 3])
        yield admitted(f"second_instruction_at_{position:02d}", blob, (), ("blob/bitmask", "isa/skip"))
    yield admitted(
        "bytes_are_ascending",
        make_blob(b"\1" * 8 + TRAP * 8, [], mask=b"\xff\x01"),
        (),
        ("blob/bitmask",),
    )
    yield admitted("all_clear", make_blob(b"\1" * 8, [], mask=b"\0"), ("isa/fallthrough",), ("blob/bitmask",))
    yield admitted(
        "bit_zero_alone",
        make_blob(b"\1" * 8, [], mask=b"\1"),
        (),
        ("blob/bitmask", "isa/implicit_trap"),
    )
    yield admitted(
        "entry_beyond_the_code_asks_for_no_bit",
        make_blob(TRAP, [0]),
        ("blob/bitmask",),
        ("exit/entry",),
        pc=1,
    )
    yield admitted("bit_seven_alone", make_blob(b"\1" * 8, [], mask=b"\x80"), (), ("blob/bitmask",))
    assert mask_of([0, 9], 10) == b"\x01\x02"


def subjects() -> Iterator[Subject]:
    for generator in (
        header_short,
        entry_size,
        truncated,
        trailing_bytes,
        stray_bits,
        order,
        layout,
        bitmask,
    ):
        yield Subject("blob", generator.__name__, list(generator()))
