"""Activations: entry, mappings, gas and meters, Halt with its write-back, faults, the stack."""

from collections.abc import Iterator
from typing import Unpack

import model
from cases.kernel.build import (
    EMPTY,
    KINDS,
    PAGE,
    A,
    B,
    C,
    Fields,
    ImageFields,
    cnode,
    data,
    digest,
    do,
    entry,
    gas_of,
    handle,
    image,
    mapping,
    nested,
    once,
    program,
    sigma,
    start,
)
from cases.kernel.case import KernelCase, KernelSubject, Known, Run, Slots, Step, World, gathered
from cases.machine.code import Code
from cases.parts import PARTS
from model import kernel as k

BASE = 0x10000
CALL = tuple(rule for rule in model.rules() if rule.startswith("call/") and rule not in PARTS)
ELSEWHERE = (
    "image/strip",
    "host/exit_pc",
    "host/selector",
    "host/gas",
    "host/derive_spawn",
    "host/read_data",
    "cap/unit_handle",
    "cap/operand_range",
    "chain/genesis",
    "chain/tables_as_functions",
)
PROBES = (*CALL, *ELSEWHERE)


def case(
    name: str, code: Code | bytes | None = None, slots: Slots | None = None, ends: str = "halt", **more: Unpack[Fields]
) -> KernelCase:
    more["probes"] = PROBES
    return once(name, (), code, slots, ends, **more)


def steps(name: str, world: bytes, *runs: Step) -> KernelCase:
    return KernelCase(name, (), World(world, list(runs)), probes=PROBES)


def loads(code: Code, register: int, address: int, width: str = "u8") -> Code:
    return code.op(f"load_{width}", a=register, x=address)


def stores(code: Code, register: int, address: int, width: str = "u8") -> Code:
    return code.op(f"store_{width}", a=register, x=address)


def registers() -> Iterator[KernelCase]:
    for index in (0, 1, 5, 255):
        regs = {0: 10, 7: 77, 11: 0xBEEF, 12: 12, 13: 13, 255: 255}
        points = {index: k.EndpointDef(0, 3, 4, regs)}
        known = {"r0": 10, "r7": 77, "r11": 0xBEEF, "r12": 12}
        yield case(f"endpoint_{index}", endpoint=index, endpoints=points, known=known)
        plain = {index: k.EndpointDef(0)}
        yield case(f"plain_endpoint_{index}", endpoint=index, endpoints=plain, known={"r11": index})
        yield case(f"missing_endpoint_{index}", endpoint=index, endpoints={}, known={"r11": index})
    yield case("missing_endpoint_of_empty_code", Code(), ends="panic", endpoints={})
    two = do(Code(), "reply", r7=1)
    second = len(two)
    do(two, "reply", r7=2)
    points = {0: k.EndpointDef(0), 3: k.EndpointDef(second)}
    yield case("first_of_two", two, endpoint=0, endpoints=points, known={"r7": 1})
    yield case("second_of_two", two, endpoint=3, endpoints=points, known={"r7": 2})
    yield case("missing_of_two", two, endpoint=1, endpoints=points, known={"r7": 1})


def admission() -> Iterator[KernelCase]:
    good, bad = image(), image(gas_slots=[256])
    too_large = cnode(size_log=9)
    full = start([entry() for _ in range(256)])
    for name, world in (("empty", EMPTY), ("full", full)):
        yield steps(f"rejected_on_{name}", world, Run(bad, cnode(), ends="image/admit/slot_range", unchanged=True))
        yield steps(
            f"undecodable_on_{name}",
            world,
            Run(bad[:-1], cnode(), ends="image/decode/unexpected_eof", unchanged=True),
        )
    yield steps(
        "rejected_before_a_bad_cnode",
        EMPTY,
        Run(bad, too_large, ends="image/admit/slot_range", unchanged=True),
    )
    yield steps("cnode_of_512", EMPTY, Run(good, too_large, ends="refused", unchanged=True))
    yield steps("cnode_of_512_on_full", full, Run(good, too_large, ends="refused", unchanged=True))
    yield steps("cnode_is_cut", EMPTY, Run(good, cnode()[:-1], ends="refused", unchanged=True))
    deep = k.encode(nested(16))
    yield steps("cnode_is_too_deep", EMPTY, Run(good, deep, ends="refused", unchanged=True))
    yield steps("stack_full", full, Run(good, cnode(), ends="stack_full", unchanged=True))
    almost = start([entry() for _ in range(255)])
    yield steps("stack_almost_full", almost, Run(good, cnode()))
    many = start([k.InstanceEntry(bytes(64), image(), k.CNode(0)), *[k.ReferenceEntry(0)] * 254, entry()])
    yield steps("stack_full_of_references", many, Run(good, cnode(), ends="stack_full", unchanged=True))


def mappings() -> Iterator[KernelCase]:
    content = b"mapped"
    world = start(state=sigma(content))
    one = [mapping(BASE, PAGE, 60)]
    reads = do(loads(Code(), 1, BASE), "reply")
    writes = do(stores(loads(Code(), 1, BASE), 1, BASE + 6), "reply")
    slots: Slots = {60: data(content)}
    yield case("reads_a_mapping", reads, slots, world=world, memory_mappings=one, known={"r1": ord("m")})
    yield case("writes_a_mapping", writes, slots, world=world, memory_mappings=one)
    pinned: ImageFields = {
        "memory_mappings": [mapping(BASE, PAGE, 70)],
        "pinned_slots": {70: k.PinnedData(content, PAGE)},
    }
    held: Slots = {70: data(content)}
    yield case("reads_a_pinned_one", reads, held, world=world, known={"r1": ord("m")}, **pinned)
    yield case("writes_a_pinned_one", writes, held, "page_fault", world=world, **pinned)
    yield case("pinned_slot_is_empty", reads, world=world, known={"r1": 0}, **pinned)
    for kind, cap in KINDS.items():
        if kind != "data":
            yield case(f"target_is_{kind}", reads, {60: cap}, world=world, memory_mappings=one, known={"r1": 0})
    yield case("target_is_empty", reads, world=world, memory_mappings=one, known={"r1": 0})
    lost = {60: data(b"not stored")}
    yield case("payload_is_not_stored", reads, lost, world=world, memory_mappings=one, known={"r1": 0})
    small = {60: data(content, 1)}
    last = do(loads(Code(), 1, BASE + 5), "reply")
    yield case("size_does_not_matter", last, small, world=world, memory_mappings=one, known={"r1": ord("d")})
    long = b"x" * PAGE + b"y" * 10
    long_world = start(state=sigma(long))
    there = {60: data(long)}
    past = do(loads(Code(), 1, BASE + PAGE), "reply")
    yield case("content_is_longer_than_the_mapping", past, there, "page_fault", world=long_world, memory_mappings=one)
    two = [mapping(BASE, 2 * PAGE, 60)]
    yield case("content_of_two_pages", past, there, world=long_world, memory_mappings=two, known={"r1": ord("y")})
    behind = do(loads(Code(), 1, BASE + PAGE + 10), "reply")
    yield case("zero_behind_the_content", behind, there, world=long_world, memory_mappings=two, known={"r1": 0})
    steps_two = [mapping(BASE, PAGE, 60, 1)]
    yield case("path_of_two_steps", reads, slots, "page_fault", world=world, memory_mappings=steps_two)
    mixed = [mapping(BASE + PAGE, PAGE, 60, 1), mapping(BASE, PAGE, 60)]
    yield case(
        "path_of_two_steps_beside_one",
        reads,
        slots,
        world=world,
        memory_mappings=mixed,
        known={"r1": ord("m")},
    )
    twice = [mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, 60)]
    yield case("one_target_twice", writes, slots, world=world, memory_mappings=twice)
    beyond = [mapping(BASE, PAGE, 200)]
    yield case("target_beyond_the_root", writes, world=world, memory_mappings=beyond, size_log=5, known={"r1": 0})
    last_page = [mapping(2**32 - PAGE, PAGE, 60)]
    top = do(loads(Code(), 1, -PAGE), "reply")
    yield case("last_page", top, slots, world=world, memory_mappings=last_page, known={"r1": ord("m")})
    zero_page = [mapping(0, PAGE, 60)]
    low = do(loads(Code(), 1, 0), "reply")
    yield case("page_0", low, slots, world=world, memory_mappings=zero_page, known={"r1": ord("m")})


def write_back() -> Iterator[KernelCase]:
    content = b"abc"
    world = start(state=sigma(content))
    slots: Slots = {60: data(content, 100), 61: KINDS["type"]}
    one = [mapping(BASE, PAGE, 60)]
    kept = k.Data(PAGE, digest(content))
    yield case(
        "nothing_written",
        program(("reply", {})),
        slots,
        world=world,
        memory_mappings=one,
        known={"slots": {**slots, 60: kept}},
    )
    wrote = do(stores(Code().op("load_imm", a=1, x=5), 1, BASE + PAGE - 1), "reply")
    whole = content + bytes(PAGE - 4) + b"\5"
    yield case(
        "last_byte_written",
        wrote,
        slots,
        world=world,
        memory_mappings=one,
        known={"slots": {**slots, 60: k.Data(PAGE, digest(whole))}},
    )
    cleared = Code()
    stores(cleared, 0, BASE, "u32")
    do(cleared, "reply")
    yield case(
        "everything_cleared",
        cleared,
        slots,
        world=world,
        memory_mappings=one,
        known={"slots": {**slots, 60: k.Data(PAGE, digest(b""))}},
    )
    onto = [mapping(BASE, PAGE, 61)]
    yield case("onto_a_type", program(("reply", {})), slots, world=world, memory_mappings=onto)
    empty = [mapping(BASE, PAGE, 62)]
    yield case("onto_an_empty_slot", program(("reply", {})), slots, world=world, memory_mappings=empty)
    moved = program(("move", {"r7": 60, "r8": 63}))
    yield case("target_was_moved", moved, slots, world=world, memory_mappings=one)
    pins_it = image(pinned_slots={60: k.PinnedData(b"new", PAGE)})
    emptied = program(("move", {"r7": 60, "r8": 63}), ("set_image", {"r7": 20}))
    held: Slots = {**slots, 20: k.ImageCap(digest(pins_it))}
    stored = start(state=sigma(content, pins_it))
    yield case("target_is_pinned_by_then", emptied, held, world=stored, memory_mappings=one)
    frees = image()
    freed = program(("set_image", {"r7": 20}))
    was: Slots = {70: data(content), 20: k.ImageCap(digest(frees))}
    free_world = start(state=sigma(content, frees))
    ro: ImageFields = {"memory_mappings": [mapping(BASE, PAGE, 70)], "pinned_slots": {70: k.PinnedData(content, PAGE)}}
    yield case("read_only_although_free_by_then", freed, was, world=free_world, **ro)
    order = [mapping(BASE + PAGE, PAGE, 60), mapping(BASE, 2 * PAGE - PAGE, 60)]
    yield case("last_mapping_wins", wrote, slots, world=world, memory_mappings=order)
    three = [mapping(BASE + n * PAGE, PAGE, 60 + n) for n in range(3)]
    yield case("three_mappings", wrote, slots, world=world, memory_mappings=three)
    fault = Code().trap()
    yield case("fault_writes_nothing_back", fault, slots, "trap", world=world, memory_mappings=one)


def faults() -> Iterator[KernelCase]:
    slots: Slots = {20: data()}
    yield case("trap", Code().trap(), slots, "trap")
    sbrk = Code().raw(b"\x65\x11").trap()
    yield case("panic", sbrk, slots, "panic")
    yield case("page_fault", do(loads(Code(), 1, BASE), "reply"), slots, "page_fault")
    changed = program(("copy", {"r7": 20, "r8": 21}), ("drop", {"r7": 99}))
    yield case("slots_stay_changed", changed, slots, "trap", known={"slots": {20: data(), 21: data()}})
    quota: Slots = {20: data(), 21: handle("quota", 5)}
    saved = program(("save", {"r7": 20, "r8": 21, "r9": 30}), ("drop", {"r7": 99}))
    yield case("files_stay", saved, quota, "trap", world=start(quotas={5: 9}))
    yield case("implicit_trap", Code().op("load_imm", a=1, x=1), slots, "trap")


def gas() -> Iterator[KernelCase]:
    code = program(("copy", {"r7": 20, "r8": 21}), ("drop", {"r7": 21}))
    slots: Slots = {20: data(), 7: handle("gas", 3)}
    need = gas_of(Run(image(code), cnode(slots)))
    for text, amount, ends in (
        ("exactly", need, "halt"),
        ("one_less", need - 1, "out_of_gas"),
        ("none", 0, "out_of_gas"),
        ("largest", 2**64 - 1, "halt"),
    ):
        yield case(f"run_with_{text}", code, slots, ends, gas=amount)
        fresh = "out_of_gas" if amount == 0 else ends
        meters = start(meters={3: amount})
        yield case(f"meter_with_{text}", code, slots, fresh, gas=0, gas_slots=[7], world=meters)
    for text, amount, ends in (
        ("exactly", need, "halt"),
        ("one_less", need - 1, "out_of_gas"),
        ("none", 0, "out_of_gas"),
    ):
        yield case(f"top_up_with_{text}", code, slots, ends, gas=amount, gas_slots=[7])
    for kind, cap in KINDS.items():
        yield case(
            f"gas_slot_holds_{kind}",
            code,
            {**slots, 7: cap},
            gas=need,
            gas_slots=[7],
            world=start(meters={3: 1}),
        )
    yield case("gas_slot_is_empty", code, {20: data()}, gas=need, gas_slots=[7], world=start(meters={3: 1}))
    yield case(
        "gas_slot_holds_a_quota",
        code,
        {**slots, 7: handle("quota", 3)},
        gas=need,
        gas_slots=[7],
        world=start(meters={3: 1}),
    )
    yield case("gas_slot_beyond_the_root", code, {20: data()}, gas=need, gas_slots=[200], size_log=5)
    second = {**slots, 9: handle("gas", 4)}
    yield case(
        "second_gas_slot_is_ignored",
        code,
        second,
        gas=0,
        gas_slots=[7, 9],
        world=start(meters={3: need, 4: 5}),
    )
    for id in (0, 2**32, 2**64 - 1):
        yield case(
            f"meter_{id}",
            code,
            {20: data(), 7: handle("gas", id)},
            gas=0,
            gas_slots=[7],
            world=start(meters={id: need + 5}),
        )
    away = program(("drop", {"r7": 7}))
    yield case("handle_is_dropped", away, slots, gas=0, gas_slots=[7], world=start(meters={3: 1000}))
    other = program(("drop", {"r7": 7}), ("copy", {"r7": 9, "r8": 7}))
    yield case("handle_is_exchanged", other, second, gas=0, gas_slots=[7], world=start(meters={3: 1000, 4: 5}))
    yield case(
        "fault_writes_the_meter",
        Code().trap(),
        slots,
        "trap",
        gas=0,
        gas_slots=[7],
        world=start(meters={3: 1000}),
    )
    yield steps(
        "two_runs_on_one_meter",
        start(meters={3: 2 * need}),
        Run(image(code, gas_slots=[7]), cnode(slots), gas=0),
        Run(image(code, gas_slots=[7]), cnode(slots), gas=0),
        Run(image(code, gas_slots=[7]), cnode(slots), gas=0, ends="out_of_gas"),
        Run(image(code, gas_slots=[7]), cnode(slots), gas=need),
    )


def results() -> Iterator[KernelCase]:
    code = program(("copy", {"r7": 20, "r8": 0}), ("reply", {"r7": 42}))
    slots: Slots = {20: data()}
    known: Known = {"r7": 42, "slots": {0: data(), 20: data()}, "instance": A + B}
    yield case("slot_0_is_part_of_the_result", code, slots, known=known, instance=A + B)
    for size_log in (0, 1, 7, 8):
        yield case(f"root_of_2_to_the_{size_log}", size_log=size_log, instance=C + B)
    yield steps(
        "two_images_one_byte_apart",
        EMPTY,
        Run(image(code), cnode(slots)),
        Run(
            image(program(("copy", {"r7": 20, "r8": 0}), ("reply", {"r7": 43}))),
            cnode(slots),
            known={"r7": 43},
        ),
    )
    tables = start(meters={1: 0, 2: 5}, quotas={3: 0, 4: 6}, catchers={A: [], B: [C]})
    yield steps("zeros_and_empty_lists", tables, Run(image(), cnode()))


def subjects() -> list[KernelSubject]:
    return [
        gathered("call", "run", registers, admission, results),
        gathered("call", "map", mappings),
        gathered("call", "gas", gas),
        gathered("call", "halt", write_back),
        gathered("call", "fault", faults),
    ]
