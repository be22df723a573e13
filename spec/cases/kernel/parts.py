"""A case or two for each part of a rule that has several (cases/parts.py): where a slot is out of range, what an Image
may have, what set_image does.
"""

from collections.abc import Iterator
from typing import Unpack

from cases.kernel.build import (
    KINDS,
    PAGE,
    A,
    B,
    C,
    Fields,
    ImageFields,
    catching_entry,
    cnode,
    data,
    digest,
    do,
    handle,
    image,
    image_cap,
    mapping,
    once,
    pins,
    program,
    sigma,
    start,
)
from cases.kernel.case import Admit, Hash, KernelCase, KernelSubject, Known, Resume, Run, Slots, World, gathered
from cases.machine.code import Code
from cases.parts import OF_KERNEL
from model import kernel as k

BASE = 0x10000


def parts(whole: str) -> tuple[str, ...]:
    return tuple(rule for rule in OF_KERNEL if rule.startswith(f"{whole}/"))


def of_run(name: str, whole: str, code: Code | None, slots: Slots, ends: str, **more: Unpack[Fields]) -> KernelCase:
    more["probes"] = parts(whole)
    return once(name, (), code, slots, ends, **more)


# image


def slot_ranges() -> Iterator[KernelCase]:
    whole = "image/admit/slot_range"
    for slot, verdict in ((255, "admitted"), (256, whole)):
        fields: dict[str, ImageFields] = {
            "gas": {"gas_slots": [slot]},
            "quota": {"quota_slots": [slot]},
            "yield": {"yield_marker_slot": slot},
            "pinned": {"pinned_slots": {slot: k.PinnedImage(C)}},
            "initial": {"initial_slots": {slot: k.InitialData(b"a", 1)}},
            "path": {"memory_mappings": [mapping(BASE, PAGE, slot)]},
        }
        for name, those in fields.items():
            yield KernelCase(f"{name}_slot_{slot}", (), Admit(image(**those), verdict), probes=parts(whole))


def tolerated() -> Iterator[KernelCase]:
    whole = "image/admit/tolerated"
    table = Code().op("load_imm", a=1, x=1).trap().blob(table=(1,), entry_size=1)
    fields: dict[str, ImageFields] = {
        "nothing_odd": {},
        "a_path_of_two_steps": {"memory_mappings": [mapping(BASE, PAGE, 60, 999)]},
        "one_target_twice": {"memory_mappings": [mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, 60)]},
        "slot_7_mapped": {"memory_mappings": [mapping(BASE, PAGE, 7)]},
        "slot_16_mapped": {"memory_mappings": [mapping(BASE, PAGE, 16)]},
        "one_gas_slot_twice": {"gas_slots": [7, 7]},
        "one_slot_for_gas_and_quota": {"gas_slots": [7], "quota_slots": [7]},
        "gas_in_slot_0": {"gas_slots": [0]},
        "yield_slot_0": {"yield_marker_slot": 0},
        "register_13": {"endpoints": {0: k.EndpointDef(0, initial_regs={13: 1})}},
        "register_12": {"endpoints": {0: k.EndpointDef(0, initial_regs={12: 1})}},
        "arguments": {"endpoints": {0: k.EndpointDef(0, arg_registers=99, arg_cnode_size=77)}},
    }
    for name, those in fields.items():
        yield KernelCase(f"admits_{name}", (), Admit(image(**those), "admitted"), probes=parts(whole))
    odd = KernelCase("admits_an_odd_jump_entry", (), Admit(image(table), "admitted"), probes=parts(whole))
    yield odd


def hashes() -> Iterator[KernelCase]:
    for name, cap in KINDS.items():
        if not isinstance(cap, k.CNodeCap):
            yield KernelCase(f"hash_of_{name}", (), Hash("cap", k.encode(cap)), probes=parts("image/hash/cap"))
    empty = k.CNodeCap(k.CNode(1))
    yield KernelCase("hash_of_cnode", (), Hash("cap", k.encode(empty)), probes=parts("image/hash/cap"))
    for count in range(4):
        leaves = b"".join(bytes([n + 1]) * 32 for n in range(count))
        yield KernelCase(f"root_of_{count}", (), Hash("bmt", leaves), probes=parts("image/hash/bmt"))


# host


def resolved() -> Iterator[KernelCase]:
    whole = "host/resolve"
    good, bad = image(), image(gas_slots=[256])
    stored = start(state=sigma(good, good[:-1], bad))
    change = program(("set_image", {"r7": 20}))
    for name, content, ends in (
        ("stored", good, "halt"),
        ("not_stored", b"nothing", "trap"),
        ("undecodable", good[:-1], "trap"),
        ("not_admitted", bad, "trap"),
    ):
        slots: Slots = {20: k.ImageCap(digest(content))}
        yield of_run(f"an_image_{name}", whole, change, slots, ends, world=stored, unchanged=ends == "trap")


def changed_images() -> Iterator[KernelCase]:
    whole = "host/set_image/swap"
    change = program(("set_image", {"r7": 20}))
    yield of_run("no_set_image", whole, None, {}, "halt")
    news: dict[str, ImageFields] = {
        "nothing": {},
        "a_pinned_image": {"pinned_slots": {70: k.PinnedImage(C)}},
        "pinned_data": {"pinned_slots": {70: k.PinnedData(b"new", 9)}},
        "initial_data": {"initial_slots": {70: k.InitialData(b"first", 9)}},
    }
    for name, those in news.items():
        new = image(**those)
        slots: Slots = {20: image_cap(new), 60: KINDS["type"]}
        world = start(state=sigma(new))
        yield of_run(f"set_image_with_{name}", whole, change, slots, "halt", world=world)
        yield of_run(
            f"set_image_with_{name}_instead_of_a_pin", whole, change, slots, "halt", world=world, pinned_slots=pins(60)
        )


def same_types() -> Iterator[KernelCase]:
    whole = "host/same_type"
    same = program(("same_type", {"r7": 20, "r8": 21}))
    pairs: dict[str, k.Capability] = {"instance": k.Instance(A, B), "type": k.TypeCap(A), "other": k.TypeCap(B)}
    for first in pairs:
        for second in pairs:
            slots: Slots = {20: pairs[first], 21: pairs[second]}
            is_same = "other" not in (first, second) or first == second
            known: Known = {"r7": int(is_same)}
            yield of_run(f"same_type_of_{first}_and_{second}", whole, same, slots, "halt", known=known)


# call


def faults() -> Iterator[KernelCase]:
    whole = "call/fault/result"
    yield of_run("ends_in_trap", whole, Code().trap(), {}, "trap")
    yield of_run("ends_in_panic", whole, Code().op("sbrk"), {}, "panic")
    yield of_run("ends_in_page_fault", whole, Code().op("load_u8", a=1, x=BASE), {}, "page_fault")
    yield of_run("ends_in_out_of_gas", whole, Code().trap(), {}, "out_of_gas", gas=0)
    yield of_run("ends_well", whole, None, {}, "halt")


def meters() -> Iterator[KernelCase]:
    whole = "call/gas/write_back"
    world = start(meters={5: 777})
    slots: Slots = {7: handle("gas", 5)}
    yield of_run("meter_after_halt", whole, None, slots, "halt", world=world, gas_slots=[7])
    yield of_run("meter_after_trap", whole, Code().trap(), slots, "trap", world=world, gas_slots=[7])
    yield of_run("no_meter_after_trap", whole, Code().trap(), {}, "trap", world=world, gas_slots=[7])
    yield from yields(whole, {"given": None})


def yields(whole: str, pads: dict[str, bytes | None]) -> Iterator[KernelCase]:
    """Yields with a meter and without, and resumes with scratchpads and without."""
    code = do(Code(), "yield", r7=20)
    do(code, "reply")
    marker: Slots = {20: k.Instance(A, B), 0: data(b"old")}
    for metered in (False, True):
        held: Slots = {**marker, 7: handle("gas", 5)} if metered else marker
        run = Run(image(code, gas_slots=[7]), cnode(held), gas=900, ends="paused")
        world = start([catching_entry()], meters={5: 777}, catchers={bytes([1]) * 32: [A]})
        for name, pad in pads.items():
            steps = World(world, [run, Resume(pad)])
            word = "metered" if metered else "unmetered"
            yield KernelCase(f"{word}_and_{name}", (), steps, probes=parts(whole))


def resumed() -> Iterator[KernelCase]:
    yield from yields("yield/resume", {"without_a_scratchpad": None, "with_a_scratchpad": k.encode(KINDS["type"])})


def subjects() -> list[KernelSubject]:
    return [
        gathered("image", "parts", slot_ranges, tolerated, hashes),
        gathered("host", "parts", resolved, changed_images, same_types),
        gathered("call", "parts", faults, meters),
        gathered("yield", "parts", resumed),
    ]
