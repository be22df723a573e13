"""mem: what is not about one opcode: pages given, what the harness writes, the order of bytes,
faults and state.
"""

from collections.abc import Iterator

from cases.machine.case import BOTH, PAGE, RO, RW, Case, Resume, Run, Subject, Write, gathered, page
from cases.machine.code import TRAP, Code, encode, line
from model.table import ACCESS_OF

NEAR = 0x10000
TOP = 2**32 - PAGE
ONCE = "mem/page_given_once"
STORE = "mem/store_permission"
LOAD = "mem/load_permission"


def load_at(address: int, width: str = "u64", target: int = 1) -> bytes:
    return encode(f"load_{width}", a=target, x=address - 2**32 if address >= 2**31 else address)


def store_at(address: int, width: str = "u8", source: int = 2) -> bytes:
    return encode(f"store_{width}", a=source, x=address - 2**32 if address >= 2**31 else address)


def pages_given() -> Iterator[Case]:
    """What the caller may give."""
    blob = line(TRAP)
    ran, refused = [Run(gas=10)], ("isa/trap", "blob/layout")
    for word, pages in (
        ("misaligned_by_one", [page(1)]),
        ("misaligned_by_half_a_page", [page(0x10800)]),
        ("misaligned_at_the_top", [page(2**32 - 1)]),
        ("misaligned_after_a_good_one", [page(0), page(4097)]),
        ("given_twice", [page(NEAR), page(NEAR)]),
        ("given_twice_with_different_access", [page(NEAR, RO), page(NEAR, RW)]),
        ("page_zero_given_twice", [page(0), page(0)]),
        ("last_page_given_twice", [page(TOP), page(TOP)]),
        ("given_twice_between_others", [page(0), page(NEAR), page(NEAR), page(TOP)]),
        ("one_byte_too_long", [page(NEAR, RW, b"\0" * 4097)]),
    ):
        yield Case(f"refused_{word}", (ONCE,), blob, [], refused, pages=tuple(pages))
    for word, pages in (
        ("none", []),
        ("empty_page", [page(NEAR)]),
        ("neighbours", [page(NEAR), page(NEAR + PAGE)]),
        ("first_and_last_page", [page(0), page(TOP)]),
        ("one_of_each_access", [page(0, RO), page(PAGE, RW)]),
        ("one_byte", [page(NEAR, RO, b"\1")]),
        ("whole_page", [page(NEAR, RW, bytes(4095) + b"\1")]),
    ):
        yield Case(f"admitted_{word}", ("isa/trap",), blob, ran, (ONCE,), pages=tuple(pages))
    for word, data in (
        ("nothing", b""),
        ("one_byte", b"\x5a"),
        ("seven_bytes", b"\x11\x22\x33\x44\x55\x66\x77"),
    ):
        yield Case(
            f"{word}_is_zero_extended",
            ("isa/load_u64",),
            line(load_at(NEAR), TRAP),
            [Run(gas=100, regs={1: 5})],
            (ONCE,),
            pages=(page(NEAR, RO, data),),
        )
    yield Case(
        "end_of_a_short_page_is_zero",
        ("isa/load_u64",),
        line(load_at(NEAR + PAGE - 8), TRAP),
        [Run(gas=100, regs={1: 5})],
        (ONCE,),
        pages=(page(NEAR, RO, b"\xff\xff"),),
    )


def access() -> Iterator[Case]:
    """NONE, RO, RW, for a load and a store, at both ends of a page and beyond."""
    for access_, word in ((None, "no"), (RO, "read_only"), (RW, "writable")):
        pages = (page(NEAR, access_, b"\x77"),) if access_ else ()
        for where, address in (("start", NEAR), ("end", NEAR + PAGE - 1)):
            fine = access_ is not None
            yield Case(
                f"load_from_{where}_of_{word}_page",
                (LOAD,) + (() if fine else ("mem/access", "mem/fault_address")),
                line(load_at(address, "u8"), TRAP),
                [Run(gas=100)],
                ("mem/access", "mem/fault_address") if fine else (STORE,),
                pages=pages,
            )
            rules = (STORE,) + (() if access_ == RW else ("mem/fault_address", "exit/page_fault"))
            yield Case(
                f"store_to_{where}_of_{word}_page",
                rules,
                line(store_at(address), TRAP),
                [Run(gas=100, regs={2: 0x99})],
                (LOAD,) + (("mem/fault_address",) if access_ == RW else ()),
                pages=pages,
            )


def neighbouring_pages() -> Iterator[Case]:
    """Pages before, after and far away do not matter."""
    middle = (page(NEAR),)
    for word, address in (("before", NEAR - 1), ("after", NEAR + PAGE)):
        yield Case(
            f"load_one_byte_{word}_the_page",
            (LOAD, "mem/access", "mem/fault_address"),
            line(load_at(address, "u8"), TRAP),
            [Run(gas=100)],
            pages=middle,
        )
        yield Case(
            f"store_one_byte_{word}_the_page",
            (STORE, "mem/access", "mem/fault_address"),
            line(store_at(address), TRAP),
            [Run(gas=100)],
            pages=middle,
        )
    for word, data in (("same", b"\x99"), ("zero", b"\0")):
        yield Case(
            f"store_of_the_{word}_byte_to_read_only_page",
            (STORE, "mem/fault_address"),
            line(store_at(NEAR), TRAP),
            [Run(gas=100, regs={2: data[0]})],
            (LOAD,),
            pages=(page(NEAR, RO, data),),
        )
    blob = line(store_at(NEAR), load_at(NEAR, "u8", 3), TRAP)
    yield Case(
        "page_between_absent_pages_is_alone",
        (STORE, LOAD),
        blob,
        [Run(gas=100, regs={2: 7})],
        ("mem/fault_address",),
        pages=middle,
    )
    far = tuple(page(base, RW, bytes([index + 1])) for index, base in enumerate((0, 0x7FFFF000, 0x80000000, TOP)))
    reads = [load_at(base, "u8", index) for index, (base, _, _) in enumerate(far)]
    yield Case(
        "pages_far_apart",
        (LOAD, "mem/last_page"),
        line(*reads, TRAP),
        [Run(gas=100)],
        ("mem/access",),
        pages=far,
    )


def little_endian() -> Iterator[Case]:
    """Bytes and numbers, through stores of one width and loads of another."""
    pages, regs = (page(NEAR),), {2: 0x8877665544332211}
    for stored in ("u8", "u16", "u32", "u64"):
        for loaded in ("u8", "i8", "u16", "i16", "u32", "i32", "u64"):
            narrow = stored == "u8" and loaded in ("u8", "i8")
            blob = line(store_at(NEAR + 3, stored), load_at(NEAR + 3, loaded), TRAP)
            yield Case(
                f"{stored}_stored_and_{loaded}_loaded",
                (f"isa/store_{stored}", f"isa/load_{loaded}") + (() if narrow else ("mem/little_endian",)),
                blob,
                [Run(gas=100, regs=regs)],
                ("mem/little_endian",) if narrow else ("mem/fault_address",),
                pages=pages,
            )
    for offset in range(8):
        blob = line(store_at(NEAR, "u64"), load_at(NEAR + offset, "u8"), TRAP)
        word = ("least", "second", "third", "fourth", "fifth", "sixth", "seventh", "most")[offset]
        yield Case(
            f"{word}_significant_byte",
            ("mem/little_endian",),
            blob,
            [Run(gas=100, regs=regs)],
            ("mem/fault_address",),
            pages=pages,
        )
    blob = line(store_at(NEAR, "u64"), store_at(NEAR + 2, "u16", 3), load_at(NEAR, "u64"), TRAP)
    yield Case(
        "narrow_store_into_wide_one",
        ("mem/little_endian",),
        blob,
        [Run(gas=100, regs=regs | {3: 0xABCD})],
        (),
        pages=pages,
    )
    edge = NEAR + PAGE
    blob = line(store_at(edge - 3, "u64"), load_at(edge - 4, "u64"), load_at(edge, "u32", 4), TRAP)
    yield Case(
        "across_two_pages",
        ("mem/little_endian",),
        blob,
        [Run(gas=200, regs=regs)],
        (),
        pages=(page(NEAR), page(edge)),
    )


def address() -> Iterator[Case]:
    """Reduction modulo 2^32 and the lack of alignment."""
    data = bytes(range(1, 33))
    for offset in range(8):
        aligned = offset == 0
        word = ("zero", "one", "two", "three", "four", "five", "six", "seven")[offset]
        yield Case(
            f"load_at_offset_{word}",
            ("isa/load_u64",) + (() if aligned else ("mem/address",)),
            line(load_at(NEAR + offset), TRAP),
            [Run(gas=100)],
            ("mem/address",) if aligned else (),
            pages=(page(NEAR, RO, data),),
        )
        yield Case(
            f"store_at_offset_{word}",
            ("isa/store_u32",),
            line(store_at(NEAR + offset, "u32"), TRAP),
            [Run(gas=100, regs={2: 0x01020304})],
            (),
            pages=(page(NEAR, RW, data),),
        )
    for word, base, x in (
        ("sum_of_two_to_32_is_zero", 2**32 - 8, 8),
        ("negative_sum_is_high", 8, -16),
        ("high_half_is_ignored", 0xABCDEF00_00000000, 0),
        ("all_ones_and_one_is_zero", 2**64 - 1, 1),
        ("sum_passes_two_to_64", 2**64 - 8, 16),
        ("sum_wraps_to_the_last_byte", 0, -1),
    ):
        blob = line(encode("load_ind_u8", a=1, b=4, x=x), encode("store_ind_u8", a=5, b=4, x=x), TRAP)
        yield Case(
            word,
            ("mem/address", "mem/last_page"),
            blob,
            [Run(gas=100, regs={4: base, 5: 0xEE})],
            ("mem/access",),
            pages=(page(0, RW, data), page(TOP, RW, data)),
        )


def last_page() -> Iterator[Case]:
    """Page 0 and the last page are like any other."""
    for word, base in (("page_zero", 0), ("last_page", TOP)):
        for access_, mode in ((RO, "read_only"), (RW, "writable"), (None, "absent")):
            pages = (page(base, access_, b"\x21\x43"),) if access_ else ()
            blob = line(load_at(base, "u16"), store_at(base, "u8"), TRAP)
            rules = ("mem/last_page",) + (() if access_ == RW else ("mem/fault_address",))
            yield Case(f"{word}_{mode}", rules, blob, [Run(gas=100, regs={2: 0x99})], (), pages=pages)
    for word, address_ in (("second_page", PAGE), ("last_page_but_one", TOP - PAGE)):
        yield Case(
            word,
            (LOAD,),
            line(load_at(address_, "u8"), TRAP),
            [Run(gas=100)],
            ("mem/last_page",),
            pages=(page(address_, RO, b"\1"),),
        )
    for width, size in (("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8)):
        blob = line(store_at(2**32 - size, width), load_at(2**32 - size, width), TRAP)
        yield Case(
            f"{width}_in_the_last_bytes",
            ("mem/last_page",),
            blob,
            [Run(gas=100, regs={2: 0x8877665544332211})],
            ("mem/past_end", "mem/fault_address"),
            pages=(page(TOP),),
        )


def past_end() -> Iterator[Case]:
    """Beyond 2^32 there is nothing, not even page 0."""
    both = (page(0), page(TOP))
    for width, size in (("u16", 2), ("u32", 4), ("u64", 8)):
        for inside in sorted({1, size // 2, size - 1}):
            address_, word = (
                2**32 - inside,
                ("", "one", "two", "three", "four", "", "", "seven")[inside],
            )
            for name, instruction in (
                (f"load_{width}", load_at(address_, width)),
                (f"store_{width}", store_at(address_, width)),
            ):
                for where, pages, below in (
                    ("page_zero_given", both, True),
                    ("page_zero_absent", both[1:], True),
                    ("last_page_absent", both[:1], False),
                    ("last_page_read_only", (page(0), page(TOP, RO)), not ACCESS_OF[name].is_store),
                ):
                    against = ("mem/fault_address",) if below else ("mem/little_endian",)
                    yield Case(
                        f"{name}_with_{word}_bytes_inside_and_{where}",
                        ("mem/past_end", "mem/whole_access"),
                        line(instruction, TRAP),
                        [Run(gas=100, regs={1: 3, 2: 0x1111})],
                        against,
                        pages=pages,
                    )


def fault_state() -> Iterator[Case]:
    """What a fault leaves: everything as it was before the instruction, and the block paid."""
    whole, keeps = "mem/whole_access", "exit/page_fault"
    edge = NEAR + PAGE
    code = (
        Code()
        .op("load_imm", a=1, x=5)
        .raw(store_at(NEAR, "u32", 1))
        .raw(store_at(edge - 2, "u32", 1))
        .op("load_imm", a=1, x=6)
        .trap()
    )
    for access_, word in ((None, "absent"), (RO, "read_only")):
        pages = (page(NEAR),) + ((page(edge, RO),) if access_ else ())
        yield Case(
            f"earlier_store_stays_and_crossing_one_does_not_{word}",
            (whole, keeps),
            code.blob(),
            [Run(gas=100, records=BOTH)],
            (),
            pages=pages,
        )
    blob = line(encode("load_ind_u64", a=4, b=4, x=0), TRAP)
    yield Case(
        "target_that_is_the_base_is_kept",
        (keeps,),
        blob,
        [Run(gas=100, regs={4: NEAR})],
        (whole, "isa/trap"),
    )
    blob = line(load_at(edge - 4), TRAP)
    yield Case(
        "target_is_kept_when_the_second_page_fails",
        (whole, keeps),
        blob,
        [Run(gas=100, regs={1: 77})],
        (),
        pages=(page(NEAR),),
    )
    yield Case(
        "target_is_kept_when_the_first_page_fails",
        (whole, keeps),
        blob,
        [Run(gas=100, regs={1: 77})],
        (),
        pages=(page(edge),),
    )


def fault_argument() -> Iterator[Case]:
    """What comes after a fault, and the page it reports."""
    whole, keeps = "mem/whole_access", "exit/page_fault"
    blob = line(load_at(NEAR + PAGE - 4), TRAP)
    yield Case(
        "resume_after_a_fault_is_refused",
        (keeps, "exit/resume/legal"),
        blob,
        [Run(gas=100), Resume()],
        ("exit/resume/registers",),
    )
    run = Run(gas=100, regs={2: 9})
    yield Case(
        "a_second_run_meets_the_same_fault",
        (keeps,),
        line(store_at(NEAR), TRAP),
        [run, run],
        (whole,),
    )
    for address_ in (0, 1, PAGE - 1, PAGE, 0x7FFFFFFF, 0x80000000, 2**32 - 1):
        for name, instruction in (
            ("load", load_at(address_, "u8")),
            ("store", store_at(address_, "u8")),
        ):
            yield Case(
                f"{name}_at_{address_:08x}_reports_its_page",
                ("mem/fault_address", keeps, "exit/argument"),
                line(instruction, TRAP),
                [Run(gas=100)],
                ("mem/past_end", whole),
            )


def harness_writes() -> Iterator[Case]:
    """The harness writes whatever the access, and the next step sees it."""
    reader = line(load_at(NEAR), TRAP)
    for access_ in (RO, RW):
        word = "read_only" if access_ == RO else "writable"
        steps = [
            Run(gas=100),
            Write(NEAR + 2, b"\xaa\xbb"),
            Run(gas=100),
            Write(NEAR, b"\0" * 8),
            Run(gas=100),
        ]
        yield Case(
            f"between_runs_on_{word}_page",
            (LOAD,),
            reader,
            steps,
            ("mem/fault_address",),
            pages=(page(NEAR, access_, b"\1\2\3\4\5\6\7\x08"),),
        )
    steps = [Write(NEAR + PAGE - 2, b"\1\2\3\4"), Run(gas=100)]
    yield Case(
        "across_two_pages",
        (LOAD,),
        line(load_at(NEAR + PAGE - 4), TRAP),
        steps,
        (),
        pages=(page(NEAR, RO), page(NEAR + PAGE)),
    )
    yield Case("empty_write", (LOAD,), reader, [Write(NEAR, b""), Run(gas=100)], (), pages=(page(NEAR),))
    yield Case(
        "last_byte_of_memory",
        (LOAD, "mem/last_page"),
        line(load_at(2**32 - 1, "u8"), TRAP),
        [Write(2**32 - 1, b"\xc3"), Run(gas=100)],
        (),
        pages=(page(TOP, RO),),
    )


def writes_between_steps() -> Iterator[Case]:
    """The guest writes, the harness writes, the guest reads."""
    writer = line(encode("store_ind_u8", a=2, b=3, x=0), encode("load_ind_u64", a=4, b=5, x=0), TRAP)
    steps = [
        Run(gas=100, regs={2: 0xAB, 3: NEAR + 1, 5: NEAR}),
        Write(NEAR + 1, b"\xcd"),
        Run(gas=100, regs={2: 0xEF, 3: NEAR + 2, 5: NEAR}),
    ]
    yield Case("memory_stays_between_runs", (STORE, LOAD), writer, steps, (), pages=(page(NEAR),))
    code = Code().raw(store_at(NEAR)).op("ecalli", x=3).raw(load_at(NEAR, "u16")).trap()
    steps = [Run(gas=400, regs={2: 0x11}), Write(NEAR + 1, b"\x22"), Resume(gas=100)]
    yield Case(
        "while_an_ecalli_waits",
        (STORE, LOAD, "exit/resume/registers"),
        code.blob(),
        steps,
        (),
        pages=(page(NEAR),),
    )
    blob = line(load_at(NEAR, "u8"), load_at(NEAR, "u8", 3), TRAP)
    steps = [
        Write(NEAR, b"\x01"),
        Run(gas=100, until={"instructions": 1}),
        Write(NEAR, b"\x02"),
        Resume(),
    ]
    yield Case(
        "while_the_harness_stops_a_block",
        (LOAD, "exit/stopped"),
        blob,
        steps,
        (),
        pages=(page(NEAR, RO),),
    )


def subjects() -> Iterator[Subject]:
    yield gathered("mem", "pages_given", pages_given)
    yield gathered("mem", "access", access, neighbouring_pages)
    yield gathered("mem", "little_endian", little_endian)
    yield gathered("mem", "address", address)
    yield gathered("mem", "last_page", last_page)
    yield gathered("mem", "past_end", past_end)
    yield gathered("mem", "fault_state", fault_state, fault_argument)
    yield gathered("mem", "harness_writes", harness_writes, writes_between_steps)
