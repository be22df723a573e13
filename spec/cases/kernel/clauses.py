"""Clauses that a sentence has beside its main one: the second of a list, one half of a condition, what an operation
must not look at.
"""

from collections.abc import Iterator
from typing import TypedDict, Unpack

import model
from cases.kernel.build import (
    CATCHER_SLOT,
    PAGE,
    A,
    B,
    C,
    Call,
    Fields,
    ImageFields,
    Pinned,
    catcher,
    catching_entry,
    cnode,
    data,
    digest,
    do,
    entry,
    gas_of,
    handle,
    image,
    image_cap,
    kernel_instance,
    mapping,
    once,
    pins,
    program,
    sigma,
    start,
)
from cases.kernel.cap import CLAUSES as OF_CAP
from cases.kernel.case import (
    Admit,
    Event,
    Genesis,
    KernelCase,
    KernelSubject,
    Known,
    Resume,
    Run,
    Slots,
    Step,
    World,
    gathered,
)
from cases.kernel.chain import CLAUSES as OF_CHAIN
from cases.machine.code import Code
from cases.parts import PARTS
from model import kernel as k

WIDE = ("image", "cap", "host", "call", "yield", "chain")
RULES = tuple(rule for rule in model.rules() if rule.split("/")[0] in WIDE and rule not in OF_CAP + OF_CHAIN + PARTS)
BASE, HIGH, TOP = 0x10000, 0x3000_0000, 2**32
MARKER = k.Instance(A, B)
OOG = k.KERNEL_IMAGE["oog_marker"]


class Units(TypedDict):
    gas_slots: list[int]
    quota_slots: list[int]


UNITS: Units = {"gas_slots": [7], "quota_slots": [8]}


def of_run(
    name: str,
    code: Code | bytes | None = None,
    slots: Slots | None = None,
    ends: str = "halt",
    **more: Unpack[Fields],
) -> KernelCase:
    more["probes"] = RULES
    return once(name, (), code, slots, ends, **more)


def of_world(name: str, world: bytes, *steps: Step) -> KernelCase:
    return KernelCase(name, (), World(world, list(steps)), probes=RULES)


def of_chain(name: str, encoded: bytes, *events: Event) -> KernelCase:
    return KernelCase(name, (), Genesis(encoded, list(events)), probes=RULES)


# image


def second_elements() -> Iterator[KernelCase]:
    """A reason that only the second mapping, pin, initial slot or endpoint gives."""

    def rejected(name: str, verdict: str, **fields: Unpack[ImageFields]) -> KernelCase:
        rule = f"image/admit/{verdict}"
        return KernelCase(name, (rule,), Admit(image(**fields), rule), probes=RULES)

    good = mapping(0, PAGE, 70)
    for name, wrong, verdict in (
        ("path_empty", mapping(2 * PAGE, PAGE), "empty_path"),
        ("start_unaligned", mapping(2 * PAGE + 1, PAGE, 71), "start_unaligned"),
        ("size_unaligned", mapping(2 * PAGE, 1, 71), "size_unaligned"),
        ("end_beyond", mapping(TOP, PAGE, 71), "end_range"),
        ("size_zero", mapping(2 * PAGE, 0, 71), "size_zero"),
        ("path_from_slot_0", mapping(2 * PAGE, PAGE, 0), "path_from_slot_0"),
        ("slot_256", mapping(2 * PAGE, PAGE, 256), "slot_range"),
    ):
        yield rejected(f"second_mapping_{name}", verdict, memory_mappings=[good, wrong])
        yield rejected(f"third_mapping_{name}", verdict, memory_mappings=[good, mapping(PAGE, PAGE, 72), wrong])
    first: dict[int, Pinned] = {70: k.PinnedData(b"abc", 9)}
    plain = {70: k.InitialData(b"abc", 9)}
    for name, content, size, verdict in (
        ("too_long", b"abc", 2, "content_too_long"),
        ("unstripped", b"a\0", 9, "content_unstripped"),
    ):
        yield rejected(f"second_pin_{name}", verdict, pinned_slots=first | {71: k.PinnedData(content, size)})
        yield rejected(f"second_initial_{name}", verdict, initial_slots=plain | {71: k.InitialData(content, size)})
    yield rejected("second_pin_reserved", "reserved_slot", pinned_slots={2: k.PinnedImage(C), 8: k.PinnedImage(C)})
    reserved = {2: k.InitialData(b"", 0), 8: k.InitialData(b"", 0)}
    yield rejected("second_initial_reserved", "reserved_slot", initial_slots=reserved)
    yield rejected("second_pin_slot_256", "slot_range", pinned_slots=first | {256: k.PinnedImage(C)})
    yield rejected("second_initial_slot_256", "slot_range", initial_slots=plain | {256: k.InitialData(b"", 0)})
    both: ImageFields = {
        "pinned_slots": pins(60, 70),
        "initial_slots": {61: k.InitialData(b"", 0), 70: k.InitialData(b"", 0)},
    }
    yield rejected("second_pinned_and_initial", "pinned_and_initial", **both)
    units: dict[str, ImageFields] = {"gas_slots": {"gas_slots": [7, 70]}, "quota_slots": {"quota_slots": [7, 70]}}
    for field, listed in units.items():
        listed["pinned_slots"] = pins(60, 70)
        yield rejected(f"second_{field}_is_the_second_pin", "unit_slot_pinned", **listed)
    yield rejected("yield_slot_is_the_second_pin", "unit_slot_pinned", pinned_slots=pins(60, 70), yield_marker_slot=70)
    large = Code()
    for _ in range(6600):
        large.op("load_imm_64", a=1, x=bytes(8))
    at = len(do(large, "reply", r7=1))
    do(large, "reply", r7=2)
    far = {0: k.EndpointDef(0), 1: k.EndpointDef(at)}
    yield of_run("runs_code_above_64_kib", large, endpoint=1, endpoints=far, known={"r7": 2})


# cap, host


def ranges() -> Iterator[KernelCase]:
    """Addresses far up, and ranges that would go on at address 0."""
    text = b"abcd"
    edges = [mapping(0, PAGE, 60), mapping(TOP - PAGE, PAGE, 61)]
    held = {20: data(text)}
    for address in (TOP - 4, TOP - 5):
        code = do(Code(), "read_data", r7=20, r8=address, r9=4)
        code.op("load_u8", a=1, x=address - TOP)
        known = {"r1": ord("a")}
        world = start(state=sigma(text))
        yield of_run(
            f"reads_to_{TOP - address}_before_the_end",
            do(code, "reply"),
            held,
            world=world,
            memory_mappings=edges,
            known=known,
        )
    for over in (1, 2, 3):
        code = program(("read_data", {"r7": 20, "r8": TOP - 4 + over, "r9": 4}))
        world = start(state=sigma(text))
        yield of_run(
            f"reads_{over}_past_the_end", code, held, "trap", world=world, memory_mappings=edges, unchanged=True
        )
        rich = start(quotas={5: 99})
        mints = program(("mint_data", {"r7": TOP - 4 + over, "r8": 4, "r9": 21, "r10": 30}))
        quota = {21: handle("quota", 5)}
        yield of_run(
            f"mints_{over}_past_the_end", mints, quota, "trap", world=rich, memory_mappings=edges, unchanged=True
        )
    for top in (0x8000_0000, 0xC000_0000):
        there = [mapping(top, PAGE, 60)]
        mints = program(("mint_data", {"r7": top + 8, "r8": 4, "r9": 21, "r10": 30}))
        here: Slots = {60: data(b"12345678abcd"), 21: handle("quota", 5)}
        world = start(state=sigma(b"12345678abcd"), quotas={5: 4})
        after: Known = {"slots": {**here, 30: data(text), 60: data(b"12345678abcd", PAGE)}}
        yield of_run(
            f"mints_at_{top >> 28:x}_times_2_to_28", mints, here, world=world, memory_mappings=there, known=after
        )
    far = [mapping(HIGH, 2 * PAGE, 60)]
    code = do(Code(), "read_data", r7=20, r8=HIGH + PAGE - 2, r9=4)
    code.op("load_imm_64", a=2, x=(HIGH + PAGE - 2).to_bytes(8, "little")).op("load_ind_u32", a=1, b=2, x=0)
    do(code, "mint_data", r7=HIGH + PAGE - 2, r8=4, r9=21, r10=30)
    do(code, "reply")
    world = start(state=sigma(text), quotas={5: 4})
    slots: Slots = {20: data(text), 21: handle("quota", 5)}
    yield of_run(
        "reads_and_mints_far_up",
        code,
        slots,
        world=world,
        memory_mappings=far,
        known={"r1": int.from_bytes(text, "little")},
    )


def mapping_ends() -> Iterator[KernelCase]:
    """Ranges that end with a mapping, nothing behind it, and those that go one byte further."""
    text = b"abcd"
    held: Slots = {20: data(text), 21: handle("quota", 5)}
    world = start(state=sigma(text), quotas={5: 99})
    for first, pages in ((BASE, 1), (BASE, 2), (HIGH, 3)):
        mapped: ImageFields = {"memory_mappings": [mapping(first, pages * PAGE, 60)]}
        end = first + pages * PAGE
        for over, ends in ((0, "halt"), (1, "trap")):
            words = f"{'past' if over else 'to'}_the_end_of_{pages}_pages_at_{first:x}"
            mints = program(("mint_data", {"r7": end - 4 + over, "r8": 4, "r9": 21, "r10": 30}))
            yield of_run(f"mints_{words}", mints, held, ends, world=world, **mapped)
            reads = program(("read_data", {"r7": 20, "r8": end - 4 + over, "r9": 4}))
            yield of_run(f"reads_{words}", reads, held, ends, world=world, **mapped)
        whole = program(("mint_data", {"r7": first, "r8": pages * PAGE, "r9": 21, "r10": 30}))
        rich = start(state=sigma(text), quotas={5: pages * PAGE})
        yield of_run(f"mints_all_of_{pages}_pages_at_{first:x}", whole, held, world=rich, **mapped)


def stripped() -> Iterator[KernelCase]:
    """One byte that is not 0, at each place of eight words; all behind it is stripped."""
    words = range(0, 64, 8)
    for size, places in ((64, (*words, 7, 63)), (320, (0, 63, 64, 255, 256, 319)), (65, (0, 64))):
        for place in places:
            for value in (1, 0x80):
                yield strips(size, place, value)


def strips(size: int, place: int, value: int) -> KernelCase:
    content = bytes(place) + bytes([value])
    code = Code().op("store_imm_u8", x=BASE + place, y=value - 256 if value > 127 else value)
    do(code, "mint_data", r7=BASE, r8=size, r9=21, r10=30)
    slots: Slots = {21: handle("quota", 5)}
    known: Known = {"slots": {**slots, 30: k.Data(size, digest(content)), 60: k.Data(PAGE, digest(content))}}
    world, mapped = start(quotas={5: size}), [mapping(BASE, PAGE, 60)]
    name = f"strips_{size}_bytes_behind_{value}_at_{place}"
    return of_run(name, do(code, "reply"), slots, world=world, memory_mappings=mapped, known=known)


def zeros_behind() -> Iterator[KernelCase]:
    """What Data has behind its payload, or instead of one, is written as zeros over what was there."""
    for name, content in (("a_payload", b"abc"), ("no_payload", b"")):
        code = Code()
        for at in (0, 8, 16):
            code.op("store_imm_u64", x=BASE + at, y=-1)
        do(code, "read_data", r7=20, r8=BASE + 1, r9=12)
        code.op("load_u64", a=1, x=BASE).op("load_u64", a=2, x=BASE + 8)
        slots: Slots = {20: k.Data(11, digest(content or b"gone"))}
        written = b"\xff" + content.ljust(11, b"\0") + b"\xff" * 4
        known: Known = {f"r{1 + i}": int.from_bytes(written[8 * i :][:8], "little") for i in (0, 1)}
        world, mapped = start(state=sigma(b"abc")), [mapping(BASE, PAGE, 60)]
        yield of_run(f"zeros_behind_{name}", do(code, "reply"), slots, world=world, memory_mappings=mapped, known=known)


def nothing_to_mint() -> Iterator[KernelCase]:
    """A length of 0 checks no address, and every other precondition."""
    quota = {21: handle("quota", 5)}
    world = start(quotas={5: 0})
    empty = {"r7": 0, "r8": 0, "r9": 21, "r10": 30}
    yield of_run("mints_nothing", program(("mint_data", empty)), quota, world=world)
    refused: tuple[tuple[str, Slots], ...] = (
        ("missing", {}),
        ("gas", {21: handle("gas", 5)}),
        ("data", {21: data()}),
        ("type", {21: k.TypeCap(A)}),
    )
    for name, held in refused:
        code = program(("mint_data", empty))
        yield of_run(f"mints_nothing_with_quota_{name}", code, held, "trap", world=world, unchanged=True)
    pinned = program(("mint_data", empty | {"r10": 70}))
    yield of_run("mints_nothing_into_a_pin", pinned, quota, "trap", world=world, pinned_slots=pins(70), unchanged=True)
    text = data(b"abc")
    zero = program(("read_data", {"r7": 20, "r8": 5, "r9": 0}))
    yield of_run("reads_nothing", zero, {20: text}, known={"r7": 0})
    yield of_run("reads_nothing_of_a_type", zero, {20: k.TypeCap(A)}, "trap", unchanged=True)


def alike(name: str) -> Iterator[tuple[str, k.Capability]]:
    """What bears the hash of a kernel image and is no Instance of it, and an Instance that bears it as its content."""
    hash = k.KERNEL_IMAGE[name]
    yield "type", k.TypeCap(hash)
    yield "image", k.ImageCap(hash)
    yield "data", k.Data(8, hash)
    yield "content", k.Instance(A, hash)


def look_alikes() -> Iterator[KernelCase]:
    """Types of kernel images and others where a handle is asked for."""
    text = b"abc"
    files = {0: k.DataBlob(digest(text), 3, 1, 0)}
    world = start(state=sigma(text, files=files), quotas={0: 99}, meters={0: 5000})
    mint = program(("mint_data", {"r7": 0, "r8": 0, "r9": 21, "r10": 30}))
    save = program(("save", {"r7": 20, "r8": 21, "r9": 30}))
    opens = program(("open", {"r7": 21, "r8": 30, "r9": 0}))
    for name, cap in alike("quota"):
        for word, code in (("mint", mint), ("save", save)):
            slots = {20: data(text), 21: cap}
            yield of_run(f"{word}_with_a_quota_as_{name}", code, slots, "trap", world=world, unchanged=True)
    for image_ in ("file", "host_open"):
        for name, cap in alike(image_):
            slots = {21: cap}
            yield of_run(f"open_with_a_{image_}_as_{name}", opens, slots, "trap", world=world, unchanged=True)
    typed = program(("type_of", {"r7": 21, "r8": 22}), ("mint_data", {"r7": 0, "r8": 0, "r9": 22, "r10": 30}))
    yield of_run("mint_with_the_type_of_a_quota", typed, {21: handle("quota", 0)}, "trap", world=world)
    others = ("gas", "file", "set_storage_quota", "mint_quota", "oog_marker", "host_save")
    for other in others:
        slots = {20: data(text), 21: handle(other, 0)}
        yield of_run(f"save_with_{other}_as_quota", save, slots, "trap", world=world, unchanged=True)
    for other in ("gas", "quota", "host_save", "yield_catcher"):
        slots = {21: handle(other, 0)}
        yield of_run(f"open_with_{other}_as_file", opens, slots, "trap", world=world, unchanged=True)


def look_alike_contents() -> Iterator[KernelCase]:
    """Caps of another kind that bear the hash of a stored payload."""
    new, text = image(pinned_slots=pins(65)), b"abc"
    world = start(state=sigma(new, text), quotas={0: 99})
    mapped: ImageFields = {"memory_mappings": [mapping(BASE, PAGE, 60)]}

    def bearing(content: bytes) -> Iterator[tuple[str, k.Capability]]:
        hash = digest(content)
        yield "data", k.Data(len(content), hash)
        yield "image", k.ImageCap(hash)
        yield "content", k.Instance(A, hash)
        yield "chain", k.Instance(hash, A)
        yield "type", k.TypeCap(hash)

    for name, cap in bearing(new):
        for word, number, operands in (
            ("set_image", "set_image", {"r7": 20}),
            ("spawn", "derive_spawn", {"r7": 20, "r8": 30}),
        ):
            ends = "halt" if name == "image" else "trap"
            yield of_run(f"{word}_of_an_image_as_{name}", program((number, operands)), {20: cap}, ends, world=world)
    for name, cap in bearing(text):
        ends = "halt" if name == "data" else "trap"
        reads = program(("read_data", {"r7": 20, "r8": BASE, "r9": 3}))
        yield of_run(f"read_of_data_as_{name}", reads, {20: cap}, ends, world=world, **mapped)
        saves = program(("save", {"r7": 20, "r8": 21, "r9": 30}))
        yield of_run(f"save_of_data_as_{name}", saves, {20: cap, 21: handle("quota", 0)}, ends, world=world)
        loads = do(Code().op("load_u8", a=1, x=BASE), "reply")
        known = {"r1": text[0] if name == "data" else 0}
        yield of_run(f"mapping_of_data_as_{name}", loads, {60: cap}, world=world, known=known, **mapped)


def look_alike_meters() -> Iterator[KernelCase]:
    world = start(meters={0: 5000})
    for name, cap in alike("gas"):
        yield of_run(f"a_meter_as_{name}", None, {7: cap}, world=world, gas=700, gas_slots=[7])
    for other in ("quota", "set_gas_meter", "mint_gas", "oog_marker", "yield_catcher"):
        yield of_run(f"{other}_as_a_meter", None, {7: handle(other, 0)}, world=world, gas=700, gas_slots=[7])
    for id in (1, 2**8, 2**32, 2**56, 2**63, 2**64 - 1):
        named = start(meters={id: 400 + id % 7, 0: 5000})
        yield of_run(f"the_meter_{id:x}", None, {7: handle("gas", id)}, world=named, gas_slots=[7])
    tail = k.Instance(k.KERNEL_IMAGE["gas"], (4).to_bytes(8, "little") + b"\xff" * 24)
    yield of_run("a_meter_with_a_tail", None, {7: tail}, world=start(meters={4: 777}), gas_slots=[7])


def new_meters() -> Iterator[KernelCase]:
    """A meter that the table lacks is filled by the run, wherever its id belongs."""
    others = {10: 111, 20: 222, 30: 333}
    for id in (1, 15, 25, 40):
        world = start(meters=others)
        yield of_run(f"fills_the_unseen_meter_{id}", None, {7: handle("gas", id)}, world=world, gas=900, gas_slots=[7])
    runs = [Run(image(gas_slots=[7]), cnode({7: handle("gas", id)}), gas=500 + id) for id in (25, 5, 15, 40, 15, 1)]
    yield of_world("fills_six_meters_one_after_the_other", start(meters=others), *runs)
    for id in others:
        yield of_run(
            f"takes_the_meter_{id}_of_three", None, {7: handle("gas", id)}, world=start(meters=others), gas_slots=[7]
        )


def initial_registers() -> Iterator[KernelCase]:
    """As many as an endpoint lists, each to its register."""
    for count in (1, 2, 3, 4, 5, 7, 8, 9, 13):
        regs = {number: 100 + number for number in range(count)}
        known = {f"r{number}": value for number, value in regs.items()}
        points = {0: k.EndpointDef(0, initial_regs=regs)}
        yield of_run(f"sets_the_first_{count}_registers", None, endpoints=points, known=known)
    for last in (12, 13, 14, 16, 255):
        points = {0: k.EndpointDef(0, initial_regs={0: 7, last: 99})}
        known = {"r0": 7, "r12": 99 if last == 12 else 0}
        yield of_run(f"sets_register_{last}", None, endpoints=points, known=known)
    many = {index: k.EndpointDef(0, initial_regs={1: index}) for index in (0, 3, 4, 200, 255)}
    for index in many:
        yield of_run(f"endpoint_{index}_of_five", None, endpoint=index, endpoints=many, known={"r1": index})


def unseen_quotas() -> Iterator[KernelCase]:
    """A quota that the table lacks holds 0, also in the records."""
    stored = start(state=sigma(b"abc"))
    quota = {21: handle("quota", 5)}
    mint = {"r7": BASE, "r9": 21, "r10": 30}
    mapped: ImageFields = {"memory_mappings": [mapping(BASE, PAGE, 60)]}
    yield of_run("mints_nothing_with_an_unseen_quota", program(("mint_data", mint)), quota, **mapped)
    one = program(("mint_data", mint | {"r8": 1}))
    yield of_run("mints_a_byte_with_an_unseen_quota", one, quota, "trap", unchanged=True, **mapped)
    save = program(("save", {"r7": 20, "r8": 21, "r9": 30}))
    for name, cap, ends in (("nothing", data(b""), "halt"), ("a_byte", data(b"a"), "trap")):
        yield of_run(f"saves_{name}_with_an_unseen_quota", save, {**quota, 20: cap}, ends, world=stored)
    other = start(quotas={4: 9, 6: 9})
    yield of_run("quota_between_two_others", one, quota, "trap", world=other, unchanged=True, **mapped)
    last = start(quotas={4: 9, 5: 1, 6: 9, 7: 9, 8: 9})
    for number in (4, 5, 6, 7, 8):
        yield of_run(f"quota_{number}_of_five_pays", one, {21: handle("quota", number)}, world=last, **mapped)


def file_ids() -> Iterator[KernelCase]:
    """Files below, above and at the next id of a world built by hand."""
    text = b"abc"
    there = k.DataBlob(digest(text), 3, 1, 9)
    saves: list[Call] = [("save", {"r7": 20, "r8": 21, "r9": slot}) for slot in (30, 31, 32)]
    opens: list[Call] = [("open", {"r7": 15, "r8": 40 + id, "r9": id}) for id in (1, 2, 3, 4, 6)]
    slots: Slots = {15: kernel_instance("host_open"), 20: data(text), 21: handle("quota", 5)}
    for name, ids in (
        ("between_two", (1, 6)),
        ("below_all", (6, 7)),
        ("above_all", (0, 1)),
        ("around_one", (1, 3, 6)),
        ("on_all", (2, 3, 4)),
    ):
        files = {id: k.DataBlob(digest(text), id, 1, id) for id in (*ids, 1, 6)}
        world = start(state=sigma(text, files=files, next_file_id=2), quotas={5: 99})
        yield of_run(f"three_new_files_{name}", program(*saves, *opens), slots, world=world)
    differing: dict[str, k.DataBlob] = {
        "nothing": k.DataBlob(digest(text), 3, 1, 5),
        "the_quota": there,
        "the_hash": k.DataBlob(A, 3, 1, 5),
        "the_size": k.DataBlob(digest(text), 4, 1, 5),
        "the_count": k.DataBlob(digest(text), 3, 2, 5),
    }
    for name, blob in differing.items():
        world = start(state=sigma(text, files={2: blob}, next_file_id=2), quotas={5: 99})
        yield of_run(f"a_new_file_where_one_is_that_differs_in_{name}", program(saves[0]), slots, world=world)
    largest = {2**63: there, 2**64 - 2: there}
    world = start(state=sigma(text, files=largest, next_file_id=2**63), quotas={5: 99})
    yield of_run("a_new_file_at_2_to_63", program(saves[0]), slots, world=world)


def second_pins() -> Iterator[KernelCase]:
    """set_image with two pins and two initial slots: the second decides."""
    contents: dict[int, Pinned] = {65: k.PinnedData(b"one", 9), 67: k.PinnedData(b"two", PAGE)}
    initial = {66: k.InitialData(b"three", 9), 68: k.InitialData(b"four", 9)}
    new = image(pinned_slots=contents, initial_slots=initial)
    world, slots = start(state=sigma(new)), {20: image_cap(new)}
    code = program(("set_image", {"r7": 20}))
    pinned = {65: k.Data(9, digest(b"one")), 67: k.Data(PAGE, digest(b"two"))}
    yield of_run("two_pins_are_placed", code, slots, world=world, known={"slots": {**slots, **pinned}})
    for slot in contents:
        full: Slots = {**slots, slot: k.TypeCap(A)}
        yield of_run(f"pin_{slot}_is_full", code, full, "trap", world=world, unchanged=True)
    old: ImageFields = {"pinned_slots": {70: k.PinnedImage(C), 71: k.PinnedImage(C)}}
    was = {**slots, 70: k.ImageCap(C), 71: k.ImageCap(C)}
    yield of_run("two_old_pins_are_emptied", code, was, world=world, known={"slots": {**slots, **pinned}}, **old)
    old = {"pinned_slots": {67: k.PinnedImage(C), 65: k.PinnedImage(C)}}
    was = {**slots, 65: k.ImageCap(C), 67: k.ImageCap(C)}
    yield of_run("both_pins_were_pinned", code, was, world=world, known={"slots": {**slots, **pinned}}, **old)
    half: ImageFields = {"pinned_slots": {65: k.PinnedImage(C)}}
    yield of_run("only_the_first_was_pinned", code, {**was}, "trap", world=world, unchanged=True, **half)
    beyond = image(pinned_slots={65: k.PinnedData(b"one", 9), 200: k.PinnedData(b"far", 9)})
    held, far = {20: image_cap(beyond)}, start(state=sigma(beyond))
    kept: dict[int, k.Capability] = {**held, 65: k.Data(9, digest(b"one"))}
    yield of_run("second_pin_beyond_the_root_is_dropped", code, held, world=far, known={"slots": kept}, size_log=7)


# call


def meters() -> Iterator[KernelCase]:
    code = program(("reply", {"r7": 1}))
    need = gas_of(Run(image(code), cnode()))
    slots: ImageFields = {"gas_slots": [7, 9]}
    funded = start(meters={4: 5000})
    yield of_run("second_gas_slot_is_no_fallback", code, {9: handle("gas", 4)}, gas=need, world=funded, **slots)
    yield of_run(
        "second_gas_slot_does_not_pay", code, {9: handle("gas", 4)}, "out_of_gas", gas=need - 1, world=funded, **slots
    )
    for index in (3, 9):
        points = {2: k.EndpointDef(0, initial_regs={1: 11, 7: 77, 11: 5})}
        known = {"r1": 0, "r11": index}
        yield of_run(f"missing_endpoint_{index}_beside_another", None, endpoint=index, endpoints=points, known=known)
    late = do(Code(), "reply", r7=1)
    at = len(late)
    do(late, "reply", r7=2)
    points = {2: k.EndpointDef(at, initial_regs={1: 11})}
    yield of_run("missing_endpoint_starts_at_0", late, endpoint=5, endpoints=points, known={"r7": 1, "r1": 0, "r11": 5})


def second_mappings() -> Iterator[KernelCase]:
    contents = (b"first", b"second")
    world = start(state=sigma(*contents))
    slots = {60: data(contents[0]), 61: data(contents[1])}
    two: ImageFields = {"memory_mappings": [mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, 61)]}
    code = (
        Code().op("load_u8", a=1, x=BASE).op("load_u8", a=2, x=BASE + PAGE).op("store_imm_u8", x=BASE + PAGE + 1, y=7)
    )
    do(code, "reply")
    yield of_run(
        "second_mapping_has_its_content", code, slots, world=world, known={"r1": ord("f"), "r2": ord("s")}, **two
    )
    third: ImageFields = {"memory_mappings": [*two["memory_mappings"], mapping(BASE + 2 * PAGE, PAGE, 62)]}
    writes = do(Code().op("store_imm_u8", x=BASE + 2 * PAGE, y=9), "reply")
    yield of_run("third_mapping_is_written_back", writes, slots, world=world, **third)
    paths: ImageFields = {"memory_mappings": [mapping(BASE, PAGE, 60, 1), mapping(BASE + PAGE, PAGE, 61)]}
    yield of_run(
        "mapping_behind_an_ignored_one",
        do(Code().op("load_u8", a=2, x=BASE + PAGE), "reply"),
        slots,
        world=world,
        known={"r2": ord("s")},
        **paths,
    )
    pinned: ImageFields = {"pinned_slots": {60: k.PinnedData(b"first", PAGE)}, **two}
    stores = do(Code().op("store_imm_u8", x=BASE + PAGE, y=9), "reply")
    yield of_run("mapping_behind_a_pinned_one_is_written_back", stores, slots, world=world, **pinned)


def gaps() -> Iterator[KernelCase]:
    """Three mappings that lie apart, the second read-only: what lies between, and what is not written."""
    contents = (b"first", b"second")
    world = start(state=sigma(*contents))
    slots = {60: data(contents[0]), 61: data(contents[1])}
    places = (BASE, BASE + 2 * PAGE, BASE + 4 * PAGE)
    apart: ImageFields = {
        "memory_mappings": [mapping(place, PAGE, 60 + number) for number, place in enumerate(places)],
        "pinned_slots": {61: k.PinnedData(contents[1], PAGE)},
    }
    reads = Code()
    for number, place in enumerate(places):
        reads.op("load_u8", a=number, x=place)
    last = reads.op("store_imm_u8", x=places[2] + 5, y=9).op("load_u8", a=3, x=places[2] + 5)
    read = {"r0": ord("f"), "r1": ord("s"), "r2": 0, "r3": 9}
    yield of_run("three_mappings_apart", do(last, "reply"), slots, world=world, known=read, **apart)
    for name, code in (
        ("read_between", Code().op("load_u8", a=1, x=BASE + PAGE)),
        ("read_behind_all", Code().op("load_u8", a=1, x=BASE + 5 * PAGE)),
        ("read_over_an_end", Code().op("load_u32", a=1, x=BASE + PAGE - 2)),
        ("write_between", Code().op("store_imm_u8", x=BASE + 3 * PAGE, y=1)),
        ("write_where_it_is_read_only", Code().op("store_imm_u8", x=BASE + 2 * PAGE, y=1)),
        ("write_over_a_start", Code().op("store_imm_u32", x=BASE + 4 * PAGE - 1, y=1)),
    ):
        yield of_run(f"three_mappings_{name}", do(code, "reply"), slots, "page_fault", world=world, **apart)


# yield


def catchers() -> Iterator[KernelCase]:
    named = image(yield_marker_slot=CATCHER_SLOT)
    code = program(("yield", {"r7": 20}), ("reply", {"r7": 7}))
    run = Run(image(code), cnode({20: MARKER}), ends="paused")
    trapped = Run(image(code), cnode({20: MARKER}), ends="trap", unchanged=True)
    key = catcher(1)[1]
    lists = {key: [A]}
    for name, cap in (
        ("any_instance", k.Instance(C, key)),
        ("a_gas_handle_of_that_content", kernel_instance("gas", key)),
        ("a_type_of_catchers", k.TypeCap(k.KERNEL_IMAGE["yield_catcher"])),
        ("data_of_that_hash", k.Data(9, key)),
        ("a_quota_handle_of_that_content", kernel_instance("quota", key)),
        ("an_oog_marker_of_that_content", k.Instance(OOG, key)),
    ):
        below = entry(named, {CATCHER_SLOT: cap})
        yield of_world(f"slot_holds_{name}", start([below], catchers=lists), trapped)
        yield of_world(
            f"slot_holds_{name}_above_a_catcher", start([catching_entry(), below], catchers=lists), run, Resume()
        )
    for name, others in (
        ("below", {8: MARKER}),
        ("above", {10: MARKER}),
        ("around", {1: MARKER, 8: MARKER, 200: MARKER}),
    ):
        below = entry(named, dict(others))
        yield of_world(f"slot_is_empty_with_others_{name}", start([below], catchers=lists), trapped)
        beside = entry(named, {**others, CATCHER_SLOT: catcher(1)[0]})
        yield of_world(f"slot_is_full_with_others_{name}", start([beside], catchers=lists), run, Resume())
    five = {bytes([n]) * 32: [bytes([n]) * 32, bytes([n + 5]) * 32] for n in (1, 60, 120, 180, 250)}
    for list_ in five:
        caught = entry(named, {CATCHER_SLOT: kernel_instance("yield_catcher", list_)})
        for at, key_ in enumerate(five[list_]):
            yields = Run(image(code), cnode({20: k.Instance(key_, B)}), ends="paused")
            name = f"marker_{at}_of_list_{list_[0]}_of_five"
            yield of_world(name, start([entry(), caught, entry()], catchers=five), yields, Resume())
        strange = Run(image(code), cnode({20: k.Instance(A, B)}), ends="trap", unchanged=True)
        yield of_world(f"list_{list_[0]}_of_five_lacks_it", start([caught], catchers=five), strange)
    away = program(("drop", {"r7": 7}), ("copy", {"r7": 20, "r8": 21}), ("reply", {"r7": 7}))
    need = gas_of(Run(image(program(("drop", {"r7": 7}))), cnode({7: handle("gas", 3)})))
    slots = {7: handle("gas", 3), 20: MARKER}
    oog = start([catching_entry()], meters={3: need - 30}, catchers={key: [OOG]})
    dropped = Run(image(away, gas_slots=[7]), cnode(slots), gas=0, ends="paused")
    yield of_world("payload_names_a_meter_whose_handle_is_gone", oog, dropped, Resume(ends="paused", known={"gas": 0}))
    for name, guest, ends in (
        ("trap", Code().trap(), "trap"),
        ("panic", Code().op("jump", offset=b"\x7f"), "panic"),
        ("page_fault", Code().op("load_u8", a=1, x=BASE).trap(), "page_fault"),
        ("operation", program(("drop", {"r7": 99})), "trap"),
    ):
        world = start([catching_entry()], meters={3: 5000}, catchers={key: [OOG, A]})
        held = cnode({7: handle("gas", 3)})
        yield of_world(f"{name}_is_not_caught", world, Run(image(guest, gas_slots=[7]), held, gas=0, ends=ends))


# chain


def next_events() -> Iterator[KernelCase]:
    """What the event after a change of Image runs on."""
    second = image(
        program(("copy", {"r7": 66, "r8": 30}), ("reply", {"r7": 2})),
        initial_slots={66: k.InitialData(b"kept", 9), 67: k.InitialData(b"too", 9)},
        endpoints={0: k.EndpointDef(0), 5: k.EndpointDef(0, initial_regs={9: 90})},
        **UNITS,
    )
    change = program(("set_image", {"r7": 71}), ("reply", {"r7": 1}))
    first = image(change, pinned_slots={71: k.PinnedImage(digest(second))}, **UNITS)
    events = [Event(second, known={"value": 1}), Event(b"x", known={"value": 2}), Event(b"y", 5, known={"value": 2})]
    yield of_chain("copies_its_initial_slot_in_the_third", first, *events)
    maps = do(Code().op("load_u8", a=7, x=BASE).op("load_u8", a=8, x=BASE + PAGE), "reply")
    mapped = image(
        maps,
        memory_mappings=[mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, 61)],
        pinned_slots={60: k.PinnedData(b"P", 9)},
        initial_slots={61: k.InitialData(b"I", 9)},
        **UNITS,
    )
    first = image(change, pinned_slots={71: k.PinnedImage(digest(mapped))}, **UNITS)
    yield of_chain(
        "maps_its_own_slots", first, Event(mapped, known={"value": 1}), *[Event(known={"value": ord("P")})] * 2
    )
    back = image(change, pinned_slots={71: k.PinnedImage(digest(second)), 72: k.PinnedImage(C)}, **UNITS)
    middle = image(change, pinned_slots={71: k.PinnedImage(digest(back))}, **UNITS)
    start_ = image(change, pinned_slots={71: k.PinnedImage(digest(middle))}, **UNITS)
    four = [Event(middle), Event(back), Event(second), Event(known={"value": 2}), Event(b"z", known={"value": 2})]
    yield of_chain("three_changes_one_after_the_other", start_, *four)
    fails = program(("set_image", {"r7": 71}), ("drop", {"r7": 99}))
    stays = image(fails, pinned_slots={71: k.PinnedImage(digest(second))}, **UNITS)
    yield of_chain("a_fault_keeps_the_old_image", stays, *[Event(second, ends="trap")] * 3)


def stored_again() -> Iterator[KernelCase]:
    """A hundred contents that one operation stores, taken back by a fault and stored by the next event."""
    many = image(pinned_slots={slot: k.PinnedData(bytes([slot]), 9) for slot in range(100, 200)})
    code = program(("set_image", {"r7": 71}), ("drop", {"r7": 99}))
    at = len(code)
    do(do(code, "set_image", r7=71), "reply", r7=1)
    points = {0: k.EndpointDef(0), 5: k.EndpointDef(at)}
    first = image(code, endpoints=points, pinned_slots={71: k.PinnedImage(digest(many))}, **UNITS)
    events = [Event(many, ends="trap"), Event(many, 5, known={"value": 1})]
    yield of_chain("stores_again_what_a_fault_took_back", first, *events)


def full_images() -> Iterator[KernelCase]:
    """Every slot that an Image may fill is filled, pinned or initial."""
    slots = [slot for slot in range(1, 256) if not 7 <= slot <= 16]
    contents = {slot: k.PinnedData(bytes([slot]) * 2, slot + 2) for slot in slots}
    plain = {slot: k.InitialData(bytes([slot]) * 2, slot + 2) for slot in slots}
    moves = program(("move", {"r7": 200, "r8": 7}), ("reply", {"r7": 1}))
    swaps = program(("drop", {"r7": 7}), ("move", {"r7": 200, "r8": 7}), ("reply", {"r7": 1}))
    half: ImageFields = {
        "pinned_slots": {slot: contents[slot] for slot in slots[::2]},
        "initial_slots": {slot: plain[slot] for slot in slots[1::2]},
    }
    yield of_chain("pins_every_slot", image(pinned_slots=dict(contents)), *[Event(b"x"), Event(b"y")])
    yield of_chain("starts_every_slot", image(swaps, initial_slots=plain), *[Event(b"x"), Event(b"y")])
    yield of_chain("fills_every_slot", image(moves, **half), Event(b"x", ends="trap"), Event(b"y", ends="trap"))


def near(subject: KernelSubject, *areas: str) -> KernelSubject:
    """The subject, its cases near misses of the rules of these areas alone."""
    for case in subject.cases:
        case.probes = tuple(rule for rule in RULES if rule.split("/")[0] in areas)
    return subject


def subjects() -> list[KernelSubject]:
    return [
        gathered("image", "second_elements", second_elements),
        gathered("host", "ranges", ranges, nothing_to_mint, mapping_ends, stripped),
        near(gathered("host", "zeros_behind", zeros_behind), "host"),
        gathered("host", "second_pins", second_pins),
        near(gathered("host", "tables", unseen_quotas, file_ids), "host"),
        near(gathered("host", "look_alikes", look_alikes, look_alike_contents), "host"),
        gathered("call", "clauses", meters, second_mappings),
        near(gathered("call", "starts", look_alike_meters, new_meters, initial_registers), "call"),
        near(gathered("call", "gaps", gaps), "call"),
        gathered("yield", "clauses", catchers),
        gathered("chain", "next_event", next_events),
        near(gathered("chain", "full_images", full_images), "chain"),
        near(gathered("chain", "stored_again", stored_again), "chain"),
    ]
