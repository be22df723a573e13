"""Chains: genesis, events one after the other, rollback, roots."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypedDict

import model
from cases.kernel.build import (
    A,
    B,
    C,
    ImageFields,
    Pinned,
    catching_entry,
    cnode,
    digest,
    do,
    image,
    mapping,
    program,
    set_reg,
    start,
)
from cases.kernel.case import Event, Genesis, KernelCase, KernelSubject, Resume, Run, Step, World, gathered
from cases.kernel.golden import GENESIS_ROOT, IMAGE_B, IMAGE_C, IMAGE_EMPTY, IMAGE_K, IMAGE_R
from cases.machine.code import Code
from model import kernel as k

# Rules that are clauses of another one. clauses.py asks for three of them, this module for all.
CLAUSES = tuple(
    rule
    for rule in model.rules()
    if rule.startswith("chain/")
    and rule.rpartition("/")[0] in model.rules()
    and rule not in ("chain/genesis/contents", "chain/record/trap", "chain/record/halt")
)
RULES = (
    *(rule for rule in model.rules() if rule.startswith("chain/")),
    *(rule for rule in model.rules() if rule.startswith("cap/created_content")),
    "host/mint_data",
    "host/save",
    "host/open",
    "host/set_image",
    "yield/unhandled",
    "yield/oog/uncaught",
)
BASE, PAGE = 0x10000, 4096


class Budgets(TypedDict):
    gas_slots: list[int]
    quota_slots: list[int]


RUN: Budgets = {"gas_slots": [7], "quota_slots": [8]}
EVENT_1 = {
    "b": bytes.fromhex("6feb4111cd4a4382bd671beb3cb591309313fd5f9be7853fc6a402c296577c4d"),
    "c": bytes.fromhex("fdd151599f95e6cc47c6b5f6e6a2d90d9d2eacb5fc54e59bfd7c1ed0eb37aa92"),
}


def case(
    name: str, encoded: bytes, events: Sequence[Event] = (), verdict: str = "admitted", root: bytes | None = None
) -> KernelCase:
    return KernelCase(name, (), Genesis(encoded, list(events), verdict, root), probes=RULES)


def genesis() -> Iterator[KernelCase]:
    for name, encoded in (("b", IMAGE_B), ("c", IMAGE_C)):
        event = Event(b"event-1", root=EVENT_1[name])
        yield case(f"golden_{name}", encoded, [event], root=GENESIS_ROOT[name])
    for name, encoded in (("empty", IMAGE_EMPTY), ("r", IMAGE_R), ("k", IMAGE_K)):
        try:
            k.admit(encoded)
        except k.NotAdmitted as reason:
            yield case(f"golden_{name}", encoded, verdict=reason.rule)
    yield case("cut", IMAGE_B[:-1], verdict="image/decode/unexpected_eof")
    yield case("smallest", image(), [Event(), Event(b"x")])
    contents: ImageFields = {
        "pinned_slots": {70: k.PinnedData(b"pinned", PAGE), 71: k.PinnedImage(C)},
        "initial_slots": {60: k.InitialData(b"initial", PAGE), 61: k.InitialData(b"", 0)},
    }
    yield case("contents", image(**contents), [Event()])
    mapped: ImageFields = contents | {"memory_mappings": [mapping(BASE, PAGE, 60), mapping(BASE + PAGE, PAGE, 70)]}
    yield case("contents_mapped", image(**mapped), [Event(), Event()])


def reads_payload() -> bytes:
    """Reads the payload from slot 0 into memory and replies its first byte."""
    code = do(Code(), "read_data", r7=0, r8=BASE, r9=PAGE)
    code.op("load_u8", a=7, x=BASE)
    do(code, "reply")
    return image(code, memory_mappings=[mapping(BASE, PAGE, 60)], **RUN)


def payloads() -> Iterator[KernelCase]:
    encoded = reads_payload()
    first = [Event(bytes([n]) * n, known={"value": n if n else 0}) for n in range(6)]
    yield case("first_byte", encoded, first)
    yield case("trailing_zeros_are_kept", encoded, [Event(b"a\0\0"), Event(b"a"), Event(b"\0")])
    yield case("one_payload_twice", encoded, [Event(b"same"), Event(b"same")])
    yield case("a_page", encoded, [Event(b"p" * PAGE), Event(b"q" * (PAGE + 1))])


def outcomes() -> Iterator[KernelCase]:
    code = do(Code(), "reply", r7=1)
    traps = len(code)
    code.trap()
    panics = len(code)
    code.raw(b"\x65\x11").trap()
    yields = len(code)
    do(code, "yield", r7=9)
    names = {0: 0, 1: traps, 3: panics, 4: yields}
    encoded = image(code, endpoints={index: k.EndpointDef(pc) for index, pc in names.items()}, **RUN)
    yield case("halt", encoded, [Event(known={"value": 1})])
    yield case("trap", encoded, [Event(b"t", 1, ends="trap"), Event()])
    yield case("panic", encoded, [Event(b"p", 3, ends="panic"), Event()])
    yield case("yield_is_unhandled", encoded, [Event(b"y", 4, ends="trap"), Event()])
    yield case("missing_endpoint", encoded, [Event(b"m", 200), Event()])
    yield case("no_gas", encoded, [Event(gas=0, ends="out_of_gas"), Event()])
    yield case("no_quota", encoded, [Event(quota=0)])
    yield case("neither", encoded, [Event(gas=0, quota=0, ends="out_of_gas")])
    need = gas_of(encoded)
    yield case("exactly_enough_gas", encoded, [Event(gas=need)])
    yield case("one_gas_too_little", encoded, [Event(gas=need - 1, ends="out_of_gas")])
    unmetered = image(code, endpoints={0: k.EndpointDef(0)})
    yield case("unmetered", unmetered, [Event(gas=need), Event(gas=need - 1, ends="out_of_gas")])
    yield case("largest_budgets", encoded, [Event(gas=2**64 - 1, quota=2**64 - 1)])


def gas_of(encoded: bytes) -> int:
    return k.Chain(encoded).apply(0, b"", 10**9, 0).gas_used


def keeper(traps: bool = False) -> bytes:
    """Saves the payload as a file, and replies its id from the handle's slot."""
    code = do(Code(), "save", r7=0, r8=8, r9=30)
    do(code, "same_type", r7=30, r8=30)
    if traps:
        code.trap()
    else:
        do(code, "reply")
    return image(code, **RUN)


def opener() -> bytes:
    """Opens file r9 = payload's first byte by id, reads it, mints it anew and saves that."""
    code = do(Code(), "read_data", r7=0, r8=BASE, r9=PAGE)
    code.op("load_u8", a=9, x=BASE)
    do(code, "open", r7=15, r8=31)
    do(code, "read_data", r7=31, r8=BASE, r9=PAGE)
    code.op("move_reg", d=8, a=7)
    set_reg(code, 7, BASE)
    do(code, "mint_data", r9=8, r10=32)
    do(code, "save", r7=32, r8=8, r9=33)
    do(code, "reply")
    return image(code, memory_mappings=[mapping(BASE, PAGE, 60)], **RUN)


def files() -> Iterator[KernelCase]:
    yield case("saves_each_payload", keeper(), [Event(bytes([n]) * (n + 1)) for n in range(10)])
    yield case("rollback", keeper(traps=True), [Event(b"lost", ends="trap"), Event(b"too", ends="trap")])
    yield case("quota_is_enough", keeper(), [Event(b"1234", quota=4)])
    yield case("quota_is_short", keeper(), [Event(b"1234", quota=3, ends="trap"), Event(b"1234", quota=4)])
    yield case("opens_nothing", opener(), [Event(b"\0", ends="trap")])
    both = do(Code(), "save", r7=0, r8=8, r9=30)
    do(both, "reply")
    second = len(both)
    do(both, "read_data", r7=0, r8=BASE, r9=PAGE)
    both.op("load_u8", a=9, x=BASE)
    do(both, "open", r7=15, r8=31)
    do(both, "read_data", r7=31, r8=BASE, r9=PAGE)
    both.op("load_u8", a=7, x=BASE)
    do(both, "reply")
    points = {0: k.EndpointDef(0), 1: k.EndpointDef(second)}
    encoded = image(both, endpoints=points, memory_mappings=[mapping(BASE, PAGE, 60)], **RUN)
    events = [Event(b"first"), Event(b"second"), Event(b"\0", 1, known={"value": ord("f")})]
    events += [Event(b"\1", 1, known={"value": ord("s")}), Event(b"\2", 1, ends="trap")]
    yield case("opens_what_was_saved", encoded, events)
    chance = random.Random(50)
    many = []
    for n in range(60):
        if n and chance.random() < 0.5:
            many.append(Event(bytes([chance.randrange(256)]), 1))
        else:
            many.append(Event(chance.randbytes(chance.randrange(40)), 0, quota=chance.randrange(60)))
    yield case("sixty_events", encoded, settled(encoded, many))


def settled(encoded: bytes, events: Sequence[Event]) -> list[Event]:
    """Events with the ends that the model tells."""
    chain = k.Chain(encoded)
    ended = []
    for event in events:
        result = chain.apply(event.endpoint, event.payload, event.gas, event.quota)
        ended.append(replace(event, ends=result.exit if result.outcome == "faulted" else "halt"))
    return ended


def kernel_slots() -> Iterator[KernelCase]:
    """Does something with each kernel capability, and with the slots of the Image."""
    for slot in range(7, 17):
        calls = program(("copy", {"r7": slot, "r8": 30}), ("same_type", {"r7": slot, "r8": 30}), ("reply", {}))
        yield case(f"slot_{slot}_is_an_instance", image(calls, **RUN), [Event(known={"value": 1})])
        taken = program(("drop", {"r7": slot}), ("reply", {}))
        yield case(f"slot_{slot}_can_be_dropped", image(taken, **RUN), [Event(), Event()])
    for slot in (6, 17, 255):
        taken = program(("drop", {"r7": slot}), ("reply", {}))
        yield case(f"slot_{slot}_is_empty", image(taken, **RUN), [Event(ends="trap")])
    pins: dict[int, Pinned] = {70: k.PinnedData(b"abc", 9)}
    initial = {71: k.InitialData(b"xyz", 9)}
    moves = program(("move", {"r7": 71, "r8": 72}), ("reply", {}))
    yield case(
        "initial_slot_is_there", image(moves, **RUN, pinned_slots=pins, initial_slots=initial), [Event(), Event()]
    )
    takes = program(("drop", {"r7": 70}), ("reply", {}))
    yield case(
        "pinned_slot_is_pinned", image(takes, **RUN, pinned_slots=pins, initial_slots=initial), [Event(ends="trap")]
    )


def memory() -> Iterator[KernelCase]:
    """What an event writes is gone in the next: slots and memory are made anew."""
    code = Code().op("load_u8", a=7, x=BASE)
    code.op("add_imm_64", a=1, b=7, x=1).op("store_u8", a=1, x=BASE)
    do(code, "reply")
    initial = {60: k.InitialData(b"A", PAGE)}
    events = [Event(bytes([n]), known={"value": ord("A")}) for n in range(5)]
    fresh = image(code, **RUN, memory_mappings=[mapping(BASE, PAGE, 60)], initial_slots=initial)
    yield case("memory_is_fresh", fresh, events)


def new_images() -> Iterator[KernelCase]:
    """The chain Image replaces itself: mint its successor from pinned data, and set it."""
    successor = image(program(("reply", {"r7": 2})), **RUN)
    mint = do(Code(), "mint_data", r7=BASE, r8=len(successor), r9=8, r10=30)
    do(mint, "reply", r7=1)
    pinned: dict[int, Pinned] = {70: k.PinnedData(successor.rstrip(b"\0"), 2 * PAGE)}
    mints = image(mint, **RUN, pinned_slots=pinned, memory_mappings=[mapping(BASE, 2 * PAGE, 70)])
    yield case("mints_an_image", mints, [Event(known={"value": 1}), Event()])
    pins: dict[int, Pinned] = {71: k.PinnedImage(digest(successor))}
    change = do(Code(), "set_image", r7=71)
    do(change, "reply", r7=1)
    yield case("image_is_not_stored", image(change, pinned_slots=pins, **RUN), [Event(ends="trap")])
    yield case(
        "image_comes_as_payload",
        image(change, pinned_slots=pins, **RUN),
        [Event(successor, known={"value": 1}), Event(known={"value": 2}), Event(known={"value": 2})],
    )
    lost = do(Code(), "set_image", r7=71).trap()
    yield case(
        "image_is_rolled_back",
        image(lost, pinned_slots=pins, **RUN),
        [Event(successor, ends="trap"), Event(ends="trap")],
    )


def sequences() -> Iterator[KernelCase]:
    chance = random.Random(7)
    encoded = opener()
    events = [Event(chance.randbytes(chance.randrange(9)), gas=chance.choice([10**6, 300, 0])) for _ in range(50)]
    yield case("fifty_faults", encoded, settled(encoded, events))
    keeps = keeper()
    events = [Event(chance.randbytes(chance.randrange(30)), quota=chance.randrange(40)) for _ in range(80)]
    yield case("eighty_saves", keeps, settled(keeps, events))
    one = program(("reply", {"r7": 1}))
    two = program(("reply", {"r7": 2}))
    yield case("image_one", image(one, **RUN), [Event(known={"value": 1})] * 3)
    yield case("image_two", image(two, **RUN), [Event(known={"value": 2})] * 3)


def single_clauses() -> Iterator[KernelCase]:
    """What a fault takes back, what a record lists, what a table leaves out."""
    lost = do(Code(), "mint_data", r7=BASE, r8=1, r9=8, r10=31)
    do(lost, "mint_data", r7=BASE, r8=2, r9=8, r10=32)
    do(lost, "save", r7=31, r8=8, r9=33).trap()
    initial = {60: k.InitialData(b"ab", PAGE)}
    takes = image(lost, memory_mappings=[mapping(BASE, PAGE, 60)], initial_slots=initial, **RUN)
    yield case("minted_and_saved_and_lost", takes, [Event(ends="trap"), Event(ends="trap")])
    caught = {bytes([1]) * 32: [A]}
    yields = program(("yield", {"r7": 20}), ("reply", {}))
    run = Run(image(yields), cnode({20: k.Instance(A, B)}), ends="paused")
    yield of_world("resumes", start([catching_entry()], catchers=caught), run, Resume())
    for name, tables in (
        ("a_meter_of_0", start(meters={1: 0, 2: 5})),
        ("a_quota_of_0", start(quotas={1: 0, 2: 5})),
        ("an_empty_list", start(catchers={A: [], B: [A]})),
        ("nothing_empty", start(meters={1: 1}, quotas={1: 1}, catchers={A: [B]})),
    ):
        yield of_world(name, tables, Run(image(), cnode()))


def of_world(name: str, world: bytes, *steps: Step) -> KernelCase:
    return KernelCase(name, (), World(world, list(steps)), probes=CLAUSES)


def subjects() -> list[KernelSubject]:
    return [
        gathered("chain", "genesis", genesis, kernel_slots),
        gathered("chain", "payload", payloads, memory),
        gathered("chain", "outcome", outcomes),
        gathered("chain", "files", files),
        gathered("chain", "images", new_images),
        gathered("chain", "sequences", sequences),
        gathered("chain", "clauses", single_clauses),
    ]
