"""Yields, catchers, OutOfGas and resume."""

from collections.abc import Iterator, Sequence
from typing import Unpack

import model
from cases.kernel.build import (
    CATCHER_SLOT,
    EMPTY,
    KINDS,
    PAGE,
    A,
    B,
    C,
    Catchers,
    ImageFields,
    Stack,
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
    mapping,
    pins,
    program,
    sigma,
    start,
)
from cases.kernel.case import KernelCase, KernelSubject, Resume, Run, Slots, Step, World, gathered
from cases.machine.code import Code
from cases.parts import PARTS
from model import kernel as k

RULES = tuple(
    rule
    for rule in model.rules()
    if rule.startswith("yield/") or rule in ("call/run/reference_on_top", "host/yield", "call/stack/depth")
    if rule not in PARTS
)
MARKER = k.Instance(A, B)
OOG = k.KERNEL_IMAGE["oog_marker"]
YIELDS = program(("yield", {"r7": 20}), ("reply", {"r7": 7}))
SLOTS = {20: MARKER}


def case(name: str, world: bytes, *steps: Step) -> KernelCase:
    return KernelCase(name, (), World(world, list(steps)), probes=RULES)


def catches(*keys: bytes, nonce: int = 1) -> Catchers:
    return {bytes([nonce]) * 32: list(keys)}


def yielding(
    name: str,
    stack: Stack,
    catchers: Catchers,
    ends: str = "paused",
    slots: Slots | None = None,
    code: Code | None = None,
    then: Sequence[Step] | None = None,
    size_log: int = 8,
    **fields: Unpack[ImageFields],
) -> KernelCase:
    """One run that yields on a stack, and its resume if it pauses."""
    root = cnode(SLOTS if slots is None else slots, size_log)
    run = Run(image(code or YIELDS, **fields), root, ends=ends)
    after = [Resume(ends="halt", known={"r7": 7})] if ends == "paused" and then is None else then or []
    return case(name, start(stack, catchers=catchers), run, *after)


def voluntary() -> Iterator[KernelCase]:
    caught = catches(A)
    yield yielding("caught", [catching_entry()], caught)
    yield yielding("nobody_there", [], caught, "trap")
    yield yielding("no_list", [catching_entry()], {}, "trap")
    yield yielding("empty_list", [catching_entry()], catches(), "trap")
    yield yielding("another_key", [catching_entry()], catches(B), "trap")
    yield yielding("last_of_three_keys", [catching_entry()], catches(B, C, A))
    yield yielding("one_key_twice", [catching_entry()], catches(A, A))
    yield yielding("another_list", [catching_entry(2)], caught, "trap")
    for kind, cap in KINDS.items():
        if kind != "instance":
            yield yielding(f"marker_is_{kind}", [catching_entry()], caught, "trap", slots={20: cap})
    yield yielding("marker_is_pinned", [catching_entry()], caught, pinned_slots=pins(20))
    yield yielding("marker_is_beyond", [catching_entry()], caught, "trap", slots={}, size_log=4)
    yield yielding("marker_is_missing", [catching_entry()], caught, "trap", slots={})
    gas = k.Instance(k.KERNEL_IMAGE["gas"], B)
    yield yielding("marker_is_a_gas_handle", [catching_entry()], catches(gas.chain), slots={20: gas})
    own: Slots = {20: MARKER, CATCHER_SLOT: catcher(1)[0]}
    yield yielding("own_catcher_is_not_asked", [], caught, "trap", slots=own, yield_marker_slot=CATCHER_SLOT)
    yield yielding("own_catcher_beside_another", [catching_entry()], caught, slots=own, yield_marker_slot=CATCHER_SLOT)
    for depth in range(1, 6):
        stack = [catching_entry(), *[entry() for _ in range(depth - 1)]]
        yield yielding(f"caught_at_depth_{depth}", stack, caught)
    deep = [catching_entry(), *[entry() for _ in range(253)]]
    yield yielding("caught_at_depth_254", deep, caught)
    yield yielding("stack_is_full", [*deep, entry()], caught, "trap")
    both = [catching_entry(1), catching_entry(2)]
    lists = catches(A) | catches(A, nonce=2)
    yield yielding("topmost_of_two", both, lists)
    yield yielding("lower_of_two", both, catches(A) | catches(B, nonce=2))
    yield yielding("reference_is_skipped", [catching_entry(), k.ReferenceEntry(0), entry()], caught)


def skipped() -> Iterator[KernelCase]:
    caught = catches(A)
    named = image(yield_marker_slot=CATCHER_SLOT)
    for name, below in (
        ("names_no_slot", entry(image(), {CATCHER_SLOT: catcher(1)[0]})),
        ("names_no_slot_and_slot_0_could_catch", entry(image(), {0: catcher(1)[0]})),
        ("slot_is_empty", entry(named)),
        ("slot_is_beyond", entry(image(yield_marker_slot=200), size_log=4)),
        ("slot_holds_a_gas_handle", entry(named, {CATCHER_SLOT: handle("gas", 1)})),
        *((f"slot_holds_{kind}", entry(named, {CATCHER_SLOT: cap})) for kind, cap in KINDS.items()),
    ):
        yield yielding(f"{name}_alone", [below], caught, "trap")
        yield yielding(f"{name}_above_a_catcher", [catching_entry(), below], caught)


def resumes() -> Iterator[KernelCase]:
    world = start([catching_entry()], catchers=catches(A))
    run = Run(image(YIELDS), cnode(SLOTS), ends="paused")
    yield case("without_scratchpad", world, run, Resume(known={"slots": SLOTS}))
    for kind, cap in KINDS.items():
        yield case(f"with_{kind}", world, run, Resume(k.encode(cap), known={"slots": {0: cap, **SLOTS}}))
    held = Run(image(YIELDS), cnode({0: data(), **SLOTS}), ends="paused")
    yield case("slot_0_stays", world, held, Resume(known={"slots": {0: data(), **SLOTS}}))
    yield case("slot_0_is_replaced", world, held, Resume(k.encode(KINDS["type"])))
    yield case("slot_0_is_the_same", world, held, Resume(k.encode(data())))
    yield case("not_paused", EMPTY, Resume(ends="not_paused", unchanged=True))
    yield case("not_paused_with_entries", start([entry()]), Resume(ends="not_paused", unchanged=True))
    garbage = Resume(b"\x09", ends="refused", unchanged=True)
    yield case("garbage_is_refused_first", EMPTY, garbage)
    yield case("garbage_is_refused", world, run, garbage, Resume())
    yield case("twice", world, run, Resume(), Resume(ends="not_paused", unchanged=True))
    yield case("run_on_a_reference", world, run, Run(image(), cnode(), ends="refused", unchanged=True), Resume())
    again = program(*[("yield", {"r7": 20})] * 5)
    five = [Resume(ends="paused") for _ in range(4)]
    yield case("five_yields", world, Run(image(again), cnode(SLOTS), ends="paused"), *five, Resume())
    fault = do(Code(), "yield", r7=20).trap()
    yield case("fault_after_resume", world, Run(image(fault), cnode(SLOTS), ends="paused"), Resume(ends="trap"))
    late = program(("yield", {"r7": 20}), ("copy", {"r7": 0, "r8": 30}))
    yield case("uses_the_scratchpad", world, Run(image(late), cnode(SLOTS), ends="paused"), Resume(k.encode(data())))
    ends_code = do(Code(), "yield", r7=20)
    yield case("nothing_follows", world, Run(image(ends_code), cnode(SLOTS), ends="paused"), Resume(ends="trap"))
    kept = Code().op("load_imm", a=1, x=111).op("load_imm_64", a=12, x=bytes(range(1, 9)))
    do(kept, "yield", r7=20)
    do(kept, "reply")
    yield case(
        "registers_stay",
        world,
        Run(image(kept), cnode(SLOTS), ends="paused"),
        Resume(known={"r1": 111, "r7": 20}),
    )


def memory() -> Iterator[KernelCase]:
    base, content = 0x10000, b"abc"
    code = Code().op("load_imm", a=1, x=9).op("store_u8", a=1, x=base + 1)
    do(code, "yield", r7=20)
    code.op("load_u8", a=2, x=base + 1)
    do(code, "reply")
    slots: Slots = {20: MARKER, 60: data(content)}
    world = start([catching_entry()], state=sigma(content), catchers=catches(A))
    encoded = image(code, memory_mappings=[mapping(base, PAGE, 60), mapping(base + PAGE, PAGE, 61)])
    run = Run(encoded, cnode(slots), ends="paused")
    yield case("memory_stays", world, run, Resume(known={"r2": 9}))
    yield case(
        "another_run_is_refused_meanwhile",
        world,
        run,
        Run(encoded, cnode(slots), ends="refused", unchanged=True),
        Resume(),
    )
    new = image()
    changes = do(Code(), "set_image", r7=21)
    do(changes, "yield", r7=20)
    changes.op("load_u8", a=2, x=base)
    do(changes, "reply")
    held: Slots = {**slots, 21: k.ImageCap(digest(new))}
    both = start([catching_entry()], state=sigma(content, new), catchers=catches(A))
    changed = image(changes, memory_mappings=[mapping(base, PAGE, 60)])
    yield case(
        "old_memory_after_set_image_and_yield",
        both,
        Run(changed, cnode(held), ends="paused"),
        Resume(known={"r2": ord("a")}),
    )
    pinning = image(pinned_slots={60: k.PinnedData(b"new", PAGE)})
    emptied = do(Code(), "move", r7=60, r8=61)
    do(emptied, "set_image", r7=21)
    do(emptied, "yield", r7=20)
    do(emptied, "reply")
    held = {**slots, 21: k.ImageCap(digest(pinning))}
    stored = start([catching_entry()], state=sigma(content, pinning), catchers=catches(A))
    run = Run(image(emptied, memory_mappings=[mapping(base, PAGE, 60)]), cnode(held), ends="paused")
    yield case("new_pins_after_set_image_and_yield", stored, run, Resume())
    named = image(yield_marker_slot=CATCHER_SLOT)
    becomes = do(Code(), "set_image", r7=21)
    do(becomes, "yield", r7=20)
    do(becomes, "reply")
    held = {**SLOTS, 21: k.ImageCap(digest(named)), CATCHER_SLOT: catcher(1)[0]}
    own = start(state=sigma(named), catchers=catches(A))
    yield case("own_new_catcher_is_not_asked", own, Run(image(becomes), cnode(held), ends="trap"))


def out_of_gas() -> Iterator[KernelCase]:
    code = program(("copy", {"r7": 20, "r8": 21}), ("drop", {"r7": 21}), ("reply", {"r7": 7}))
    slots: Slots = {20: MARKER, 7: handle("gas", 3)}
    need = gas_of(Run(image(code), cnode(slots)))
    encoded = image(code, gas_slots=[7])

    def world(meter: int, keys: tuple[bytes, ...] = (OOG,), stack: Stack | None = None) -> bytes:
        return start([catching_entry()] if stack is None else stack, meters={3: meter}, catchers=catches(*keys))

    run = Run(encoded, cnode(slots), gas=0, ends="paused")
    for less in (1, need // 2, need - 1):
        yield case(f"caught_{less}_short", world(need - less), run, Resume(ends="paused"))
    yield case(
        "not_caught_by_another_key",
        world(need - 1, (A,)),
        Run(encoded, cnode(slots), gas=0, ends="out_of_gas"),
    )
    yield case("nobody_there", world(need - 1, stack=[]), Run(encoded, cnode(slots), gas=0, ends="out_of_gas"))
    plain = image(code)
    yield case("without_meter", world(need), Run(plain, cnode(slots), gas=need - 1, ends="out_of_gas"))
    full = [catching_entry(), *[entry() for _ in range(254)]]
    yield case("on_a_full_stack", world(need - 1, stack=full), Run(encoded, cnode(slots), gas=0, ends="out_of_gas"))
    yield case("at_depth_5", world(need - 1, stack=[catching_entry(), *[entry()] * 4]), run, Resume(ends="paused"))
    yield case("caught_before_anything", world(0), Run(encoded, cnode(slots), gas=1, ends="paused"))
    topped = k.encode(handle("gas", 9))
    into = program(("reply", {"r7": 7}))
    from_0 = image(into, gas_slots=[0])
    small = gas_of(Run(image(into), cnode()))
    two = start([catching_entry()], meters={3: small - 1, 9: small}, catchers=catches(OOG))
    first = Run(from_0, cnode({0: handle("gas", 3)}), gas=0, ends="paused")
    yield case("another_meter_in_slot_0", two, first, Resume(topped, ends="paused", known={"gas": 0}))
    yield case("no_meter_in_slot_0", two, first, Resume(k.encode(data()), ends="paused", known={"gas": 0}))
    yield case("again_without_more", two, first, *[Resume(ends="paused")] * 2, Resume(topped, ends="paused"))
    yield case(
        "second_out_of_gas_is_uncaught",
        start([entry()], meters={3: 1}),
        Run(from_0, cnode({0: handle("gas", 3)}), gas=0, ends="out_of_gas"),
    )
    mixed = program(("yield", {"r7": 20}), ("reply", {"r7": 7}))
    part = gas_of(Run(image(program(("reply", {}))), cnode()))
    cost = image(mixed, gas_slots=[7])
    both = start([catching_entry()], meters={3: part + 200}, catchers=catches(OOG, A))
    yield case("yield_with_meter", both, Run(cost, cnode(slots), gas=0, ends="paused"), Resume(known={"r7": 7}))
    no_meter = Run(image(mixed), cnode(slots), gas=1000, ends="paused")
    yield case("yield_without_meter", both, no_meter, Resume(known={"r7": 7}))
    gone = program(("drop", {"r7": 7}), ("yield", {"r7": 20}), ("reply", {"r7": 7}))
    yield case(
        "meter_is_gone_at_resume",
        both,
        Run(image(gone, gas_slots=[7]), cnode(slots), gas=0, ends="paused"),
        Resume(known={"r7": 7}),
    )


def meters() -> Iterator[KernelCase]:
    """A meter stays what it was when run entered, whatever any slot holds later."""
    stack = [catching_entry()]
    rest = (("yield", {"r7": 20}), ("reply", {"r7": 7}))
    gas, other, slots = handle("gas", 3), handle("gas", 9), {20: MARKER}
    both = start(stack, meters={3: 5000, 9: 6000}, catchers=catches(A))

    def metered(
        name: str,
        code: Code | None,
        held: Slots,
        *,
        encoded: bytes | None = None,
        scratchpad: bytes | None = None,
        gas: int = 0,
    ) -> KernelCase:
        root = cnode({**slots, **held})
        run = Run(encoded or image(code, gas_slots=[7]), root, gas=gas, ends="paused")
        return case(name, both, run, Resume(scratchpad, known={"r7": 7}))

    yield metered("handle_is_moved", program(("move", {"r7": 7, "r8": 30}), *rest), {7: gas})
    yield metered("handle_is_dropped", program(("drop", {"r7": 7}), *rest), {7: gas})
    exchange = program(("drop", {"r7": 7}), ("copy", {"r7": 31, "r8": 7}), *rest)
    yield metered("handle_is_exchanged", exchange, {7: gas, 31: other})
    yield metered("handle_comes_after_run", program(("copy", {"r7": 31, "r8": 7}), *rest), {31: other}, gas=4000)
    in_0 = image(program(*rest), gas_slots=[0])
    yield metered("scratchpad_is_another_handle", None, {0: gas}, encoded=in_0, scratchpad=k.encode(other))
    yield metered("scratchpad_is_a_first_handle", None, {}, encoded=in_0, scratchpad=k.encode(other), gas=4000)
    yield metered("scratchpad_takes_the_handle_away", None, {0: gas}, encoded=in_0, scratchpad=k.encode(data()))
    new = image(gas_slots=[31])
    changes = program(("set_image", {"r7": 21}), *rest)
    run = Run(image(changes, gas_slots=[7]), cnode({**slots, 7: gas, 31: other, 21: k.ImageCap(digest(new))}), gas=0)
    run.ends = "paused"
    stored = start(stack, state=sigma(new), meters={3: 5000, 9: 6000}, catchers=catches(A))
    yield case("set_image_names_another_slot", stored, run, Resume(known={"r7": 7}))
    twice = program(("yield", {"r7": 20}), ("move", {"r7": 7, "r8": 30}), *rest)
    two = Run(image(twice, gas_slots=[7]), cnode({**slots, 7: gas}), gas=0, ends="paused")
    yield case("moved_between_two_yields", both, two, Resume(ends="paused"), Resume(known={"r7": 7}))


def chains() -> Iterator[KernelCase]:
    """Many yields of several activations, one after the other."""
    code = program(("yield", {"r7": 20}), ("reply", {"r7": 7}))
    world = start([catching_entry()], catchers=catches(A))
    run = Run(image(code), cnode(SLOTS), ends="paused")
    steps = [step for _ in range(10) for step in (run, Resume())]
    yield case("ten_times_run_and_resume", world, *steps)
    ends = program(*[("yield", {"r7": 20})] * 30)
    many = [Resume(k.encode(k.Data(n, A)), ends="paused") for n in range(29)]
    yield case("thirty_scratchpads", world, Run(image(ends), cnode(SLOTS), ends="paused"), *many, Resume())


def subjects() -> list[KernelSubject]:
    return [
        gathered("yield", "voluntary", voluntary),
        gathered("yield", "skipped", skipped),
        gathered("yield", "resume", resumes, chains),
        gathered("yield", "meters", meters),
        gathered("yield", "memory", memory),
        gathered("yield", "out_of_gas", out_of_gas),
    ]
