"""Host operations: success, and each precondition broken alone with nothing changed."""

from collections.abc import Iterator
from typing import Unpack

from cases.kernel.build import (
    KINDS,
    OP,
    PAGE,
    ZERO,
    A,
    B,
    C,
    Fields,
    Files,
    Operands,
    data,
    digest,
    do,
    do_ecall,
    handle,
    image,
    image_cap,
    kernel_instance,
    mapping,
    once,
    operation,
    pins,
    program,
    sigma,
    start,
    trapped,
)
from cases.kernel.case import KernelCase, KernelSubject, Slots, gathered
from cases.machine.code import Code
from model import kernel as k

PROBES = (
    "host/selector",
    "host/gas",
    "host/unassigned",
    "host/silent",
    "host/exit_pc",
    "host/overwrite",
    "host/reply",
    "host/yield",
    "host/operand_kind",
    "host/quota",
    "host/trap_changes_nothing",
    "host/missing_payload",
    "cap/operand_range",
    "cap/pinned_destination",
    "cap/pinned_source",
    "cap/unit_handle",
    "cap/kernel_image",
    "cap/created_content",
)
PINNED, FREE, BASE = 70, 30, 0x10000


PIN: Fields = {"pinned_slots": pins(PINNED)}
MAPPINGS = [mapping(BASE, 2 * PAGE, 60)]


def good(
    name: str,
    number: str | int,
    registers: Operands,
    slots: Slots,
    after: Slots | None = None,
    **more: Unpack[Fields],
) -> KernelCase:
    more["probes"] = PROBES + more.get("probes", ())
    return operation(name, (), number, registers, slots, after, **more)


def bad(
    name: str,
    number: str | int,
    registers: Operands,
    slots: Slots | None = None,
    **more: Unpack[Fields],
) -> KernelCase:
    more["probes"] = PROBES + more.get("probes", ())
    return trapped(name, (), number, registers, slots, **more)


def wrong_kinds(
    op: str, register: int, registers: Operands, slots: Slots, right: tuple[str, ...], **more: Unpack[Fields]
) -> Iterator[KernelCase]:
    """An operand empty, beyond a small root, or of each kind that is not right."""
    for kind, cap in KINDS.items():
        if kind not in right:
            yield bad(f"r{register}_is_{kind}", op, registers, {**slots, registers[f"r{register}"]: cap}, **more)
    without: Slots = {slot: cap for slot, cap in slots.items() if slot != registers[f"r{register}"]}
    yield bad(f"r{register}_is_empty", op, registers, without, **more)
    beyond = registers | {f"r{register}": 128}
    yield bad(f"r{register}_is_beyond", op, beyond, slots, **more | {"size_log": 7})
    if right:
        yield from pinned_operand(op, register, registers, slots, **more)


def pinned_operand(
    op: str, register: int, registers: Operands, slots: Slots, **more: Unpack[Fields]
) -> Iterator[KernelCase]:
    """An operand that is right and pinned is read freely."""
    more["pinned_slots"] = pins(registers[f"r{register}"])
    yield good(f"r{register}_is_right_and_pinned", op, registers, slots, **more)


def destinations(
    op: str, register: int, registers: Operands, slots: Slots, make: k.Capability, **more: Unpack[Fields]
) -> Iterator[KernelCase]:
    """The destination: full of each kind, one of the operands, pinned, beyond the root, high bits."""
    name = f"r{register}"
    for kind, cap in KINDS.items():
        before: Slots = {**slots, registers[name]: cap}
        yield good(f"{name}_full_of_{kind}", op, registers, before, {**before, registers[name]: make}, **more)
    pin = more | PIN
    yield bad(f"{name}_pinned", op, registers | {name: PINNED}, slots, **pin)
    yield bad(f"{name}_pinned_and_full", op, registers | {name: PINNED}, {**slots, PINNED: data()}, **pin)
    yield bad(f"{name}_beyond", op, registers | {name: 128}, slots, **more | {"size_log": 7})
    high = registers | {name: registers[name] + (1 << 40)}
    yield good(f"{name}_with_high_bits", op, high, slots, {**slots, registers[name]: make}, **more)


# Selectors


def selectors() -> Iterator[KernelCase]:
    slots: Slots = {20: data()}
    after: Slots = {20: data(), 30: data()}
    for text, number in (
        ("plain", 1),
        ("high_bits", 1 + (1 << 32)),
        ("all_high_bits", 1 + (2**32 - 1 << 32)),
    ):
        code = do(do_ecall(Code(), number, r7=20, r8=30), "reply")
        yield once(f"ecall_copy_{text}", (), code, slots, known={"slots": after}, probes=PROBES)
    yield good("ecalli_copy", "copy", {"r7": 20, "r8": 30}, slots, after)
    code = do_ecall(Code(), 0, r7=5)
    yield once("ecall_reply", (), code, known={"r7": 5}, probes=PROBES)
    code = do_ecall(Code(), 1 << 32, r7=5)
    yield once("ecall_reply_with_high_bits", (), code, known={"r7": 5}, probes=PROBES)
    for number in range(k.table.LIMIT["op_silent_min"]):
        if number in OP.values():
            continue
        yield bad(f"unassigned_{number}", number, {"r7": 20}, slots)
    for number in (64, 65, 100, 255, 256, 2**16, 2**31 - 1, 2**31, 2**32 - 1):
        yield good(f"silent_{number}", number, {"r7": 20}, slots, slots, unchanged=True)
    for number in (6, 19, 63):
        code = do_ecall(Code(), number)
        yield once(f"ecall_unassigned_{number}", (), code, ends="trap", probes=PROBES)
    for number in (64, 2**32 - 1):
        code = do(do_ecall(Code(), number), "reply")
        yield once(f"ecall_silent_{number}", (), code, probes=PROBES)


def replies() -> Iterator[KernelCase]:
    for value in (0, 1, 2**32, 2**63, 2**64 - 1):
        yield once(f"reply_{value}", (), program(("reply", {"r7": value})), known={"r7": value}, probes=PROBES)


# Types


def spawning() -> Iterator[KernelCase]:
    own = A + B
    image_of = k.ImageCap(B)
    made = k.Instance(k.hash("chain", A + image_of.hash), ZERO)
    registers = {"r7": 20, "r8": FREE, "r9": 0}
    slots: Slots = {20: image_of}
    more: Fields = {"instance": own, "probes": ("host/derive_spawn", "host/derive_spawn/cnode_reserved")}
    yield good("spawns", "derive_spawn", registers, slots, {**slots, FREE: made}, **more)
    for text, value in (("1", 1), ("bit_8", 256), ("bit_32", 1 << 32), ("bit_63", 1 << 63)):
        yield bad(f"reserved_{text}", "derive_spawn", registers | {"r9": value}, slots, **more)
    yield from wrong_kinds("derive_spawn", 7, registers, slots, ("image",), **more)
    yield from destinations("derive_spawn", 8, registers, slots, made, **more)
    onto = registers | {"r8": 20}
    yield good("onto_its_image", "derive_spawn", onto, slots, {20: made}, **more)
    pinned: Slots = {PINNED: image_of}
    yield good(
        "from_pinned",
        "derive_spawn",
        registers | {"r7": PINNED},
        pinned,
        {**pinned, FREE: made},
        **more | PIN,
    )


def types() -> Iterator[KernelCase]:
    more: Fields = {"probes": ("host/same_type", "host/type_of")}
    a, other = k.Instance(A, B), k.Instance(C, B)
    pairs: dict[str, tuple[k.Capability, k.Capability, int]] = {
        "two_of_one_chain": (a, k.Instance(A, C), 1),
        "two_of_two_chains": (a, other, 0),
        "instance_and_its_type": (a, k.TypeCap(A), 1),
        "type_and_instance_of_another": (k.TypeCap(C), a, 0),
        "two_types": (k.TypeCap(A), k.TypeCap(A), 1),
        "two_other_types": (k.TypeCap(A), k.TypeCap(C), 0),
    }
    registers = {"r7": 20, "r8": 21}
    for name, (first, second, value) in pairs.items():
        slots: Slots = {20: first, 21: second}
        yield good(name, "same_type", registers, slots, slots, **more | {"known": {"r7": value}})
    yield good("with_itself", "same_type", {"r7": 20, "r8": 20}, {20: a}, {20: a}, **more | {"known": {"r7": 1}})
    slots = {20: a, 21: a}
    yield from wrong_kinds("same_type", 7, registers, slots, ("instance", "type"), **more)
    yield from wrong_kinds("same_type", 8, registers, slots, ("instance", "type"), **more)


def typing() -> Iterator[KernelCase]:
    more: Fields = {"probes": ("host/type_of", "host/same_type")}
    registers = {"r7": 20, "r8": FREE}
    for kind in ("instance", "type"):
        slots: Slots = {20: KINDS[kind]}
        yield good(f"of_{kind}", "type_of", registers, slots, {**slots, FREE: k.TypeCap(A)}, **more)
    slots = {20: KINDS["instance"]}
    yield from wrong_kinds("type_of", 7, registers, slots, ("instance", "type"), **more)
    yield from destinations("type_of", 8, registers, slots, k.TypeCap(A), **more)
    yield good("onto_itself", "type_of", {"r7": 20, "r8": 20}, slots, {20: k.TypeCap(A)}, **more)
    pinned: Slots = {PINNED: KINDS["instance"]}
    yield good(
        "from_pinned",
        "type_of",
        {"r7": PINNED, "r8": FREE},
        pinned,
        {**pinned, FREE: k.TypeCap(A)},
        **more | PIN,
    )


# Data

READ = ("host/read_data", "host/read_data/memory", "call/map/permission", "call/map/content")


def read_world(content: bytes = b"hello, world") -> bytes:
    return start(state=sigma(content))


def reading() -> Iterator[KernelCase]:
    content = b"hello, world"
    cap = data(content)
    slots: Slots = {20: cap}
    more: Fields = {"probes": READ, "world": read_world(), "memory_mappings": MAPPINGS}
    base = {"r7": 20, "r8": BASE, "r9": len(content)}
    for name, change, n in (
        ("whole", {}, 12),
        ("nothing", {"r9": 0}, 0),
        ("nothing_anywhere", {"r9": 0, "r8": 0}, 0),
        ("nothing_at_the_last_byte", {"r9": 0, "r8": 2**32 - 1}, 0),
        ("one_byte", {"r9": 1}, 1),
        ("longer_than_it_is", {"r9": 13}, 12),
        ("as_long_as_can_be", {"r9": 2**64 - 1}, 12),
        ("across_two_pages", {"r8": BASE + PAGE - 6}, 12),
        ("up_to_the_end", {"r8": BASE + 2 * PAGE - 12}, 12),
        ("address_with_high_bits", {"r8": BASE + (1 << 32)}, 12),
        ("length_of_2_to_the_32", {"r9": 1 << 32}, 12),
    ):
        yield good(f"reads_{name}", "read_data", base | change, slots, **more | {"known": {"r7": n}})
    for name, change in (
        ("one_byte_beyond", {"r8": BASE + 2 * PAGE - 11}),
        ("before_the_page", {"r8": BASE - 1}),
        ("unmapped", {"r8": 0}),
        ("across_2_to_the_32", {"r8": 2**32 - 6}),
        ("far_away", {"r8": 0x50000000}),
    ):
        yield bad(f"reads_{name}", "read_data", base | change, slots, **more)
    read_only = more | {"memory_mappings": [mapping(BASE, PAGE, PINNED)], **PIN}
    yield bad("reads_into_read_only", "read_data", base, slots, **read_only)
    half = [mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, PINNED)]
    across = base | {"r8": BASE + PAGE - 6}
    mixed = more | {"memory_mappings": half, **PIN}
    yield bad("reads_from_writable_into_read_only", "read_data", across, slots, **mixed)
    yield from wrong_kinds("read_data", 7, base, slots, ("data",), **more)
    yield good("reads_pinned", "read_data", base | {"r7": PINNED}, {PINNED: cap}, **more | PIN)
    missing: Slots = {20: data(b"not stored")}
    yield good("reads_missing_payload", "read_data", base, missing, **more | {"known": {"r7": 10}})
    longer: Slots = {20: data(content, 100)}
    yield good("reads_beyond_the_payload", "read_data", base | {"r9": 50}, longer, **more | {"known": {"r7": 50}})
    shorter: Slots = {20: data(content, 5)}
    yield good("reads_a_shorter_size", "read_data", base, shorter, **more | {"known": {"r7": 5}})
    huge: Slots = {20: data(content, 2**64 - 1)}
    yield good("reads_a_part_of_a_huge_size", "read_data", base, huge, **more | {"known": {"r7": 12}})
    yield bad("reads_all_of_a_huge_size", "read_data", base | {"r9": 2**64 - 1}, huge, **more)
    page = {20: data(b"x" * PAGE)}
    whole = more | {"world": read_world(b"x" * PAGE)}
    yield good("reads_a_page", "read_data", base | {"r9": PAGE}, page, **whole | {"known": {"r7": PAGE}})
    yield good(
        "reads_a_page_off_by_one",
        "read_data",
        base | {"r9": PAGE, "r8": BASE + 1},
        page,
        **whole | {"known": {"r7": PAGE}},
    )


MINT = ("host/mint_data", "host/mint_data/memory", "image/strip", "image/hash/data")


def minting() -> Iterator[KernelCase]:
    content = b"payload\0\0"
    quota = handle("quota", 5)
    slots: Slots = {20: quota, 60: data(content)}
    more: Fields = {"probes": MINT, "memory_mappings": MAPPINGS}
    base = {"r7": BASE, "r8": 9, "r9": 20, "r10": FREE}

    def world(amount: int, id: int = 5) -> bytes:
        return start(state=sigma(content), quotas={id: amount})

    for name, change, size in (
        ("whole", {}, 9),
        ("one_byte", {"r8": 1}, 1),
        ("nothing", {"r8": 0}, 0),
        ("nothing_anywhere", {"r8": 0, "r7": 0}, 0),
        ("address_with_high_bits", {"r7": BASE + (7 << 32)}, 9),
    ):
        for text, amount in (("plenty", 1000), ("exactly_enough", size)):
            yield once(
                f"mints_{name}_with_{text}",
                (),
                program(("mint_data", base | change)),
                slots,
                world=world(amount),
                probes=PROBES + MINT,
                memory_mappings=MAPPINGS,
            )
        if size:
            yield bad(
                f"mints_{name}_with_one_too_little",
                "mint_data",
                base | change,
                slots,
                **more | {"world": world(size - 1)},
            )
    yield bad("mints_without_quota", "mint_data", base, slots, **more | {"world": world(1000, 6)})
    rich = more | {"world": world(2**64 - 1)}
    for name, change in (
        ("unmapped", {"r7": 0}),
        ("beyond_the_end", {"r7": BASE + 2 * PAGE - 8}),
        ("across_2_to_the_32", {"r7": 2**32 - 4}),
        ("2_to_the_32", {"r8": 1 << 32}),
        ("2_to_the_64_less_1", {"r8": 2**64 - 1}),
    ):
        yield bad(f"mints_{name}", "mint_data", base | change, slots, **rich)
    pinned = rich | {"memory_mappings": [mapping(BASE, PAGE, PINNED)], "pinned_slots": pins(PINNED)}
    held: Slots = {20: quota, PINNED: data(content)}
    yield once(
        "mints_from_read_only",
        (),
        program(("mint_data", base)),
        held,
        world=world(9),
        probes=PROBES + MINT,
        memory_mappings=[mapping(BASE, PAGE, PINNED)],
        pinned_slots=pins(PINNED),
    )
    yield bad("mints_into_pinned", "mint_data", base | {"r10": PINNED}, held, **pinned)
    yield bad("mints_beyond", "mint_data", base | {"r10": 128}, slots, **rich | {"size_log": 7})
    yield from wrong_kinds("mint_data", 9, base, slots, (), **rich)
    yield from pinned_operand("mint_data", 9, base, slots, **rich)
    for kind, cap in KINDS.items():
        yield good(f"mints_onto_{kind}", "mint_data", base, {**slots, FREE: cap}, **rich)
    for name in ("gas", "file", "host_open"):
        yield bad(f"mints_with_handle_of_{name}", "mint_data", base, {**slots, 20: handle(name, 5)}, **rich)
    noisy = k.Instance(k.KERNEL_IMAGE["quota"], (5).to_bytes(8, "little") + b"\xff" * 24)
    yield once(
        "mints_with_noise_behind_the_id",
        (),
        program(("mint_data", base)),
        {**slots, 20: noisy},
        world=world(9),
        probes=PROBES + MINT,
        memory_mappings=MAPPINGS,
    )
    yield once(
        "mints_onto_its_quota",
        (),
        program(("mint_data", base | {"r10": 20})),
        slots,
        world=world(9),
        probes=PROBES + MINT,
        memory_mappings=MAPPINGS,
    )
    twice = program(("mint_data", base), ("mint_data", base | {"r10": 31}))
    yield once(
        "mints_twice_the_same", (), twice, slots, world=world(18), probes=PROBES + MINT, memory_mappings=MAPPINGS
    )
    yield once(
        "second_mint_is_too_much",
        (),
        twice,
        slots,
        world=world(17),
        ends="trap",
        probes=PROBES + MINT,
        memory_mappings=MAPPINGS,
    )


# Files

FILES = ("host/open", "host/open/by_id", "host/save", "host/save/ids_exhausted")


def file(content: bytes = b"abc", size: int = 3, quota: int = 5) -> k.DataBlob:
    return k.DataBlob(digest(content), size, 1, quota)


def opening() -> Iterator[KernelCase]:
    files = {0: file(), 7: file(b"other", 500), 2**64 - 1: file(b"last", 4)}
    more: Fields = {"probes": FILES, "world": start(state=sigma(b"abc", files=files))}
    registers = {"r7": 20, "r8": FREE}
    for id, entry in files.items():
        cap = k.Data(entry.size, entry.content_hash)
        slots: Slots = {20: handle("file", id)}
        yield good(f"opens_file_{id}", "open", registers, slots, {**slots, FREE: cap}, **more)
        slots = {20: kernel_instance("host_open")}
        by_id = registers | {"r9": id}
        yield good(f"opens_file_{id}_by_id", "open", by_id, slots, {**slots, FREE: cap}, **more)
    odd: Slots = {20: kernel_instance("host_open", B)}
    cap = k.Data(3, digest(b"abc"))
    yield good("opens_with_any_content", "open", registers | {"r9": 0}, odd, {**odd, FREE: cap}, **more)
    noisy = k.Instance(k.KERNEL_IMAGE["file"], bytes(8) + b"\xee" * 24)
    yield good("opens_with_noise_behind_the_id", "open", registers, {20: noisy}, {20: noisy, FREE: cap}, **more)
    yield bad("opens_no_such_file", "open", registers, {20: handle("file", 1)}, **more)
    yield bad("opens_no_such_id", "open", registers | {"r9": 1}, {20: kernel_instance("host_open")}, **more)
    slots = {20: handle("file", 0)}
    yield from wrong_kinds("open", 7, registers, slots, (), **more)
    yield from pinned_operand("open", 7, registers, slots, **more)
    for name in ("gas", "quota", "host_save"):
        yield bad(f"opens_handle_of_{name}", "open", registers, {20: handle(name, 0)}, **more)
    yield from destinations("open", 8, registers, slots, cap, **more)
    yield good("opens_onto_its_handle", "open", {"r7": 20, "r8": 20}, slots, {20: cap}, **more)


def saving() -> Iterator[KernelCase]:
    quota = handle("quota", 5)
    slots: Slots = {20: data(), 21: quota}
    registers = {"r7": 20, "r8": 21, "r9": FREE}

    def world(amount: int = 1000, next_file_id: int = 0, files: Files | None = None) -> bytes:
        return start(state=sigma(next_file_id=next_file_id, files=files), quotas={5: amount})

    more: Fields = {"probes": FILES, "world": world()}
    made = handle("file", 0)
    yield good("saves", "save", registers, slots, {**slots, FREE: made}, **more)
    for id in (1, 77, 2**32, 2**64 - 2):
        there = more | {"world": world(next_file_id=id)}
        yield good(f"saves_as_{id}", "save", registers, slots, {**slots, FREE: handle("file", id)}, **there)
    yield bad("saves_without_ids", "save", registers, slots, **more | {"world": world(next_file_id=2**64 - 1)})
    over = more | {"world": world(next_file_id=4, files={4: file(b"old", 9)})}
    yield good("saves_over_a_file", "save", registers, slots, {**slots, FREE: handle("file", 4)}, **over)
    exact = more | {"world": world(3)}
    yield good("saves_with_exactly_enough", "save", registers, slots, {**slots, FREE: made}, **exact)
    yield bad("saves_with_one_too_little", "save", registers, slots, **more | {"world": world(2)})
    yield bad("saves_without_quota", "save", registers, slots, **more | {"world": world(0)})
    nothing: Slots = {20: data(b""), 21: quota}
    free = more | {"world": world(0)}
    yield good("saves_nothing_without_quota", "save", registers, nothing, {**nothing, FREE: made}, **free)
    huge: Slots = {20: data(b"abc", 2**64 - 1), 21: quota}
    all_of_it = more | {"world": world(2**64 - 1)}
    yield good("saves_the_largest_size", "save", registers, huge, {**huge, FREE: made}, **all_of_it)
    yield bad("saves_the_largest_size_one_short", "save", registers, huge, **more | {"world": world(2**64 - 2)})
    yield from wrong_kinds("save", 7, registers, slots, ("data",), **more)
    yield from wrong_kinds("save", 8, registers, slots, (), **more)
    yield from pinned_operand("save", 8, registers, slots, **more)
    yield bad("saves_with_gas", "save", registers, {**slots, 21: handle("gas", 5)}, **more)
    yield from destinations("save", 9, registers, slots, made, **more)
    yield good("saves_onto_its_data", "save", registers | {"r9": 20}, slots, {20: made, 21: quota}, **more)
    pinned: Slots = {PINNED: data(), 21: quota}
    yield good("saves_pinned", "save", registers | {"r7": PINNED}, pinned, {**pinned, FREE: made}, **more | PIN)
    three = program(*[("save", registers | {"r9": 30 + n}) for n in range(3)])
    yield once("saves_three_times", (), three, slots, world=world(9), probes=PROBES + FILES)
    yield once("third_save_is_too_much", (), three, slots, world=world(8), ends="trap", probes=PROBES + FILES)
    then = program(("save", registers), ("open", {"r7": FREE, "r8": 31}))
    after: Slots = {**slots, FREE: made, 31: data()}
    yield once("saves_and_opens", (), then, slots, world=world(), probes=PROBES + FILES, known={"slots": after})


# set_image

SET = (
    "host/set_image",
    "host/set_image/new_pins",
    "host/set_image/swap",
    "host/set_image/at_once",
    "host/set_image/later",
    "host/resolve",
)


def changing() -> Iterator[KernelCase]:
    plain = image(pinned_slots={65: k.PinnedData(b"abc", PAGE)}, initial_slots={66: k.InitialData(b"init", 9)})
    stored = start(state=sigma(plain))
    slots: Slots = {20: image_cap(plain)}
    new_pin = k.Data(PAGE, digest(b"abc"))
    chain = k.hash("chain", A + digest(plain))
    more: Fields = {"probes": SET, "world": stored, "instance": A + B}
    registers = {"r7": 20}
    after: Slots = {**slots, 65: new_pin}
    yield good("set_image", "set_image", registers, slots, after, **more | {"known": {"instance": chain + B}})
    yield bad("set_image_not_stored", "set_image", registers, slots, **more | {"world": start()})
    for name, content in (
        ("garbage", b"garbage"),
        ("cut", plain[:-1]),
        ("left_over", plain + b"\0"),
        ("empty", b""),
    ):
        held: Slots = {20: k.ImageCap(digest(content))}
        yield bad(
            f"set_image_to_{name}",
            "set_image",
            registers,
            held,
            **more | {"world": start(state=sigma(content))},
        )
    wrong = image(gas_slots=[256])
    held = {20: image_cap(wrong)}
    yield bad(
        "set_image_to_one_not_admitted",
        "set_image",
        registers,
        held,
        **more | {"world": start(state=sigma(wrong))},
    )
    yield from wrong_kinds("set_image", 7, registers, slots, ("image",), **more)
    full: Slots = {**slots, 65: KINDS["type"]}
    yield bad("new_pin_is_full", "set_image", registers, full, **more)
    old_pin: Fields = {"pinned_slots": {65: k.PinnedImage(C)}}
    was: Slots = {**slots, 65: k.ImageCap(C)}
    yield good("new_pin_was_pinned", "set_image", registers, was, after, **more | old_pin)
    other_pin: Fields = {"pinned_slots": {67: k.PinnedImage(C)}}
    was = {**slots, 67: k.ImageCap(C)}
    yield good("old_pin_is_emptied", "set_image", registers, was, after, **more | other_pin)
    self_pinned: Fields = {"pinned_slots": {20: k.PinnedImage(digest(plain))}}
    yield good("image_in_its_own_pin", "set_image", registers, slots, {65: new_pin}, **more | self_pinned)
    small: Fields = {**more, "size_log": 5}
    yield good("pin_beyond_the_root", "set_image", registers, slots, slots, **small)
    twice = program(("set_image", registers), ("set_image", registers))
    chained = k.hash("chain", chain + digest(plain))
    yield once(
        "set_image_twice",
        (),
        twice,
        slots,
        world=stored,
        instance=A + B,
        probes=PROBES + SET,
        known={"instance": chained + B, "slots": after},
    )
    then = program(("set_image", registers), ("drop", {"r7": 65}))
    yield once("new_pin_holds_at_once", (), then, slots, world=stored, ends="trap", probes=PROBES + SET)
    freed = program(("set_image", registers), ("copy", {"r7": 20, "r8": 67}))
    yield once(
        "old_pin_is_free_at_once",
        (),
        freed,
        was,
        world=stored,
        probes=PROBES + SET,
        pinned_slots=other_pin["pinned_slots"],
    )
    to_pin_image = image(pinned_slots={65: k.PinnedImage(C)})
    held = {20: image_cap(to_pin_image)}
    yield good(
        "pins_an_image",
        "set_image",
        registers,
        held,
        {**held, 65: k.ImageCap(C)},
        **more | {"world": start(state=sigma(to_pin_image))},
    )
    mapped = image(memory_mappings=[mapping(BASE, PAGE, 60)])
    held = {20: image_cap(mapped), 60: data(b"abc")}
    touching = do(Code(), "set_image", r7=20).op("load_u8", a=1, x=BASE)
    do(touching, "reply")
    world = start(state=sigma(mapped, b"abc"))
    yield once("new_mappings_come_later", (), touching, held, world=world, ends="page_fault", probes=PROBES + SET)
    lost = image()
    held = {20: image_cap(lost), 60: data(b"abc")}
    keeping = do(Code(), "set_image", r7=20).op("load_u8", a=1, x=BASE)
    do(keeping, "reply")
    world = start(state=sigma(lost, b"abc"))
    yield once(
        "old_mappings_stay",
        (),
        keeping,
        held,
        world=world,
        probes=PROBES + SET,
        known={"r1": ord("a")},
        memory_mappings=[mapping(BASE, PAGE, 60)],
    )


def subjects() -> list[KernelSubject]:
    return [
        gathered("host", "selector", selectors, replies),
        gathered("host", "derive_spawn", spawning),
        gathered("host", "same_type", types),
        gathered("host", "type_of", typing),
        gathered("host", "read_data", reading),
        gathered("host", "mint_data", minting),
        gathered("host", "open", opening),
        gathered("host", "save", saving),
        gathered("host", "set_image", changing),
    ]
