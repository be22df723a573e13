"""Operations on slots: each one with every kind of capability, pinned and not, empty and full, in
and out of range.
"""

from collections.abc import Iterator
from typing import Unpack

import model
from cases.kernel.build import (
    EMPTY,
    KINDS,
    A,
    Fields,
    Operands,
    data,
    do,
    handle,
    image,
    image_cap,
    mapping,
    once,
    operation,
    pins,
    program,
    sigma,
    start,
    trapped,
)
from cases.kernel.case import KernelCase, KernelSubject, Known, Slots, gathered
from cases.machine.code import Code
from model import kernel as k

PINNED = 70
FULL, FREE = 20, 30
BASE = 0x10000
SMALL = 3  # a root of 8 slots
# Those of single clauses, which this module alone asks for.
CLAUSES = tuple(rule for rule in model.rules() if rule.startswith("cap/") and rule.count("/") == 2)
PROBES = (
    "cap/operand",
    "cap/operand_range",
    "cap/pinned",
    "cap/pinned_destination",
    "cap/pinned_source",
    "cap/copy",
    "cap/move",
    "cap/drop",
    "cap/swap",
    "cap/mint_cnode",
    "cap/registers_kept",
    "cap/kernel_slots",
    "cap/kernel_image",
    "host/trap_changes_nothing",
)
TWO = ("copy", "move", "swap")


def asked(number: str) -> tuple[str, ...]:
    """What a case of an operation is asked: clauses of other operations say nothing of it."""

    def is_about(rule: str) -> bool:
        _, head, clause = rule.split("/")
        if head == "pinned_source":
            return clause.startswith(number)
        return head in (number, "kernel_slots") or rule == "cap/operand_range/trap"

    return (*PROBES, *filter(is_about, CLAUSES))


def good(
    name: str, number: str, registers: Operands, slots: Slots, after: Slots | None, **more: Unpack[Fields]
) -> KernelCase:
    more.setdefault("probes", asked(number))
    return operation(name, (), number, registers, slots, after, **more)


def bad(name: str, number: str, registers: Operands, slots: Slots | None = None, **more: Unpack[Fields]) -> KernelCase:
    more.setdefault("probes", asked(number))
    return trapped(name, (), number, registers, slots, **more)


def after_op(name: str, slots: Slots, a: int, b: int) -> Slots:
    after = dict(slots)
    if name == "copy":
        after[b] = slots[a]
    if name == "move":
        after[b] = after.pop(a)
    if name == "drop":
        after.pop(a)
    if name == "swap":
        first, second = after.pop(a, None), after.pop(b, None)
        if first:
            after[b] = first
        if second:
            after[a] = second
    return after


def every_kind() -> Iterator[KernelCase]:
    """Each operation takes each kind, and keeps it as it is."""
    for kind, cap in KINDS.items():
        slots: Slots = {FULL: cap}
        for name in TWO:
            after = after_op(name, slots, FULL, FREE)
            yield good(f"{name}_of_{kind}", name, {"r7": FULL, "r8": FREE}, slots, after)
            pinned: Slots = {FULL: cap, PINNED: cap}
            pin: Fields = {"pinned_slots": pins(PINNED)}
            yield bad(f"{name}_of_{kind}_from_pinned", name, {"r7": PINNED, "r8": FREE}, pinned, **pin)
            yield bad(f"{name}_of_{kind}_to_pinned", name, {"r7": FULL, "r8": PINNED}, slots, **pin)
            yield bad(f"{name}_of_{kind}_to_full_pinned", name, {"r7": FULL, "r8": PINNED}, pinned, **pin)
            full: Slots = {FULL: cap, FREE: KINDS["type"]}
            if name == "swap":
                yield good(
                    f"swap_of_{kind}_with_type",
                    name,
                    {"r7": FULL, "r8": FREE},
                    full,
                    after_op(name, full, FULL, FREE),
                )
            else:
                yield bad(f"{name}_of_{kind}_to_full", name, {"r7": FULL, "r8": FREE}, full)
        yield good(f"drop_of_{kind}", "drop", {"r7": FULL}, slots, {})
        yield bad(f"drop_of_pinned_{kind}", "drop", {"r7": PINNED}, {PINNED: cap}, pinned_slots=pins(PINNED))
        yield bad(f"mint_cnode_over_{kind}", "mint_cnode", {"r7": FULL, "r8": 2}, slots)


def empty_sources() -> Iterator[KernelCase]:
    for name in TWO:
        registers = {"r7": FULL, "r8": FREE}
        if name == "swap":
            yield good("swap_of_two_empty", name, registers, {}, {})
            back = {FREE: KINDS["data"]}
            yield good("swap_of_empty_and_full", name, registers, back, {FULL: KINDS["data"]})
        else:
            yield bad(f"{name}_of_empty", name, registers)
        yield bad(f"{name}_of_empty_pinned", name, {"r7": PINNED, "r8": FREE}, pinned_slots=pins(PINNED))
    yield bad("drop_of_empty", "drop", {"r7": FULL})
    yield bad("drop_of_empty_pinned", "drop", {"r7": PINNED}, pinned_slots=pins(PINNED))


def onto_itself() -> Iterator[KernelCase]:
    slots: Slots = {FULL: KINDS["instance"]}
    registers = {"r7": FULL, "r8": FULL}
    yield bad("copy_onto_itself", "copy", registers, slots)
    yield bad("move_onto_itself", "move", registers, slots)
    yield good("swap_with_itself", "swap", registers, slots, slots)
    yield good("swap_empty_with_itself", "swap", {"r7": FREE, "r8": FREE}, slots, slots)
    pinned: Slots = {PINNED: KINDS["data"]}
    same = {"r7": PINNED, "r8": PINNED}
    yield bad("swap_pinned_with_itself", "swap", same, pinned, pinned_slots=pins(PINNED))


def ranges() -> Iterator[KernelCase]:
    """Only the low 8 bits of an operand count, and a small root has fewer slots."""
    slots: Slots = {5: KINDS["data"]}
    for name in TWO:
        after = after_op(name, slots, 5, 6)
        for text, high in (("bit_8", 1 << 8), ("bit_32", 1 << 32), ("bit_63", 1 << 63), ("all", 2**64 - 256)):
            registers = {"r7": 5 + high, "r8": 6}
            yield good(f"{name}_from_with_{text}", name, registers, slots, after)
            registers = {"r7": 5, "r8": 6 + high}
            yield good(f"{name}_to_with_{text}", name, registers, slots, after)
        small: Fields = {"size_log": SMALL}
        yield good(f"{name}_to_last_of_8", name, {"r7": 5, "r8": 7}, slots, after_op(name, slots, 5, 7), **small)
        yield bad(f"{name}_to_beyond_8", name, {"r7": 5, "r8": 8}, slots, **small)
        yield bad(f"{name}_from_beyond_8", name, {"r7": 8, "r8": 6}, slots, **small)
        yield good(f"{name}_to_255", name, {"r7": 5, "r8": 255}, slots, after_op(name, slots, 5, 255))
        yield good(f"{name}_to_0", name, {"r7": 5, "r8": 0}, slots, after_op(name, slots, 5, 0))
    yield bad("swap_beyond_with_itself", "swap", {"r7": 9, "r8": 9}, slots, size_log=SMALL)
    yield bad("drop_beyond_8", "drop", {"r7": 8}, slots, size_log=SMALL)
    yield good("drop_with_high_bits", "drop", {"r7": 5 + 256}, slots, {})
    yield bad("mint_cnode_beyond_8", "mint_cnode", {"r7": 8, "r8": 1}, slots, size_log=SMALL)
    yield good(
        "mint_cnode_in_the_only_slot",
        "mint_cnode",
        {"r7": 0, "r8": 1},
        {},
        {0: k.CNodeCap(k.CNode(1))},
        size_log=0,
    )


def minting() -> Iterator[KernelCase]:
    for size_log in range(17):
        after: Slots = {FREE: k.CNodeCap(k.CNode(size_log))}
        yield good(f"mint_cnode_of_2_to_the_{size_log}", "mint_cnode", {"r7": FREE, "r8": size_log}, {}, after)
    for size_log in (17, 18, 64, 255):
        yield bad(f"mint_cnode_of_2_to_the_{size_log}", "mint_cnode", {"r7": FREE, "r8": size_log})
    for high in (256, 2**32, 2**63):
        after = {FREE: k.CNodeCap(k.CNode(2))}
        yield good(f"mint_cnode_of_2_plus_{high}", "mint_cnode", {"r7": FREE, "r8": 2 + high}, {}, after)
    yield bad("mint_cnode_in_pinned", "mint_cnode", {"r7": PINNED, "r8": 2}, pinned_slots=pins(PINNED))


def kernel_slots() -> Iterator[KernelCase]:
    """What lies in 7..16 is like anything else."""
    gas = {7: handle("gas", 3), 16: KINDS["type"]}
    yield good("drop_slot_7", "drop", {"r7": 7}, gas, {16: KINDS["type"]})
    yield good("move_slot_16", "move", {"r7": 16, "r8": 20}, gas, {7: gas[7], 20: gas[16]})
    yield good("copy_to_slot_9", "copy", {"r7": 7, "r8": 9}, gas, {**gas, 9: gas[7]})
    yield good("swap_7_and_16", "swap", {"r7": 7, "r8": 16}, gas, {7: gas[16], 16: gas[7]})


def chains_of_operations() -> Iterator[KernelCase]:
    slots: Slots = {1: KINDS["data"], 2: KINDS["type"]}
    calls = [("copy", {"r7": 1, "r8": 10 + n}) for n in range(20)]
    after: Slots = {**slots, **{10 + n: KINDS["data"] for n in range(20)}}
    yield once("twenty_copies", (), program(*calls), slots, known={"slots": after}, probes=PROBES)
    calls = [("swap", {"r7": 1, "r8": 2})] * 5
    after = {1: KINDS["type"], 2: KINDS["data"]}
    yield once("five_swaps", (), program(*calls), slots, known={"slots": after}, probes=PROBES)
    calls = [("mint_cnode", {"r7": 3, "r8": 2}), ("copy", {"r7": 3, "r8": 4}), ("drop", {"r7": 3})]
    after = {**slots, 4: k.CNodeCap(k.CNode(2))}
    yield once("mint_copy_drop", (), program(*calls), slots, known={"slots": after}, probes=PROBES)
    calls = [("drop", {"r7": 1}), ("drop", {"r7": 1})]
    yield once("second_drop_traps", (), program(*calls), slots, ends="trap", probes=PROBES)
    calls = [("copy", {"r7": 1, "r8": 5, "r9": A[0], "r12": 99}), ("reply", {})]
    known: Known = {"slots": {**slots, 5: KINDS["data"]}, "r8": 5, "r9": A[0], "r12": 99}
    yield once("registers_stay", (), program(*calls), slots, known=known, probes=PROBES)


def pinned_and_read() -> Iterator[KernelCase]:
    """What only reads a slot reads a pinned one."""
    text, new = b"abc", image(program(("reply", {"r7": 2})))
    held: dict[str, tuple[Operands, k.Capability]] = {
        "read_data": ({"r7": PINNED, "r8": 0, "r9": 0}, data(text)),
        "save": ({"r7": PINNED, "r8": FULL, "r9": FREE}, data(text)),
        "same_type": ({"r7": FULL, "r8": PINNED}, KINDS["instance"]),
        "type_of": ({"r7": PINNED, "r8": FREE}, KINDS["instance"]),
        "derive_spawn": ({"r7": PINNED, "r8": FREE}, image_cap(new)),
        "set_image": ({"r7": PINNED}, image_cap(new)),
    }
    world = start(state=sigma(text, new), quotas={5: 99})
    for name, (registers, cap) in held.items():
        slots: Slots = {PINNED: cap, FULL: handle("quota", 5)}
        yield single(f"{name}_of_a_pinned_slot", program((name, registers)), slots, world, pinned_slots=pins(PINNED))
    mint = program(("mint_data", {"r7": 0, "r8": 0, "r9": PINNED, "r10": FREE}))
    yield single("mint_data_with_a_pinned_quota", mint, {PINNED: handle("quota", 5)}, world, pinned_slots=pins(PINNED))


def small_roots() -> Iterator[KernelCase]:
    """What the kernel itself looks for, or puts, beyond a root of 8 slots."""
    yield single("a_meter_beyond_the_root", None, {}, start(meters={0: 9}), size_log=SMALL, gas_slots=[100])
    reads = Code().op("load_u8", a=7, x=BASE)
    zeros = do(reads, "reply")
    mapped = [mapping(BASE, 4096, 100)]
    yield single("a_mapping_beyond_the_root", zeros, {}, size_log=SMALL, memory_mappings=mapped, known={"r7": 0})
    new = image(program(("reply", {})), pinned_slots={6: k.PinnedData(b"x", 9), 100: k.PinnedData(b"y", 9)})
    change = program(("set_image", {"r7": 5}))
    world = start(state=sigma(new))
    after: Slots = {5: image_cap(new), 6: data(b"x", 9)}
    yield single("a_pin_beyond_the_root", change, {5: image_cap(new)}, world, size_log=SMALL, known={"slots": after})


def handles() -> Iterator[KernelCase]:
    """Ids of all eight bytes, and the bytes behind them."""
    mint = program(("mint_data", {"r7": 0, "r8": 0, "r9": FULL, "r10": FREE}))
    save = program(("save", {"r7": 19, "r8": FULL, "r9": FREE}))
    for id in (1, 1 << 8, 1 << 63):
        for word, rest in (("", bytes(24)), ("_and_a_tail", bytes(23) + b"\1")):
            quota = k.Instance(k.KERNEL_IMAGE["quota"], id.to_bytes(8, "little") + rest)
            world = start(state=sigma(b"abc"), quotas={id: 3, 0: 1})
            yield single(f"mint_data_with_quota_{id:x}{word}", mint, {FULL: quota}, world)
            yield single(f"save_with_quota_{id:x}{word}", save, {FULL: quota, 19: data(b"abc")}, world)
    file = k.Instance(k.KERNEL_IMAGE["file"], bytes(8) + b"\1" * 24)
    opens = program(("open", {"r7": FULL, "r8": FREE, "r9": 0}))
    files = {0: k.DataBlob(data(b"abc").hash, 3, 1, 3)}
    yield single("open_of_file_0_with_a_tail", opens, {FULL: file}, start(state=sigma(b"abc", files=files)))


def spawned() -> Iterator[KernelCase]:
    """Whatever the content of the one that spawns, the spawned one has none."""
    spawn = program(("derive_spawn", {"r7": FULL, "r8": FREE}))
    for name, content in (("zeros", bytes(32)), ("a_content", A)):
        slots: Slots = {FULL: KINDS["image"]}
        yield single(f"spawned_by_one_with_{name}", spawn, slots, instance=A + content)


def single(name: str, code: Code | None, slots: Slots, inside: bytes = EMPTY, **more: Unpack[Fields]) -> KernelCase:
    more["world"], more["probes"] = inside, CLAUSES
    return once(name, (), code, slots, **more)


def subjects() -> list[KernelSubject]:
    return [
        gathered("cap", "kinds", every_kind),
        gathered("cap", "sources", empty_sources, onto_itself),
        gathered("cap", "ranges", ranges, kernel_slots),
        gathered("cap", "mint_cnode", minting),
        gathered("cap", "sequences", chains_of_operations),
        gathered("cap", "clauses", pinned_and_read, small_roots, handles, spawned),
    ]
