"""exchange.md: Worlds that open and Worlds that are refused, one reason at a time."""

from collections.abc import Iterator, Sequence

import model
from cases.kernel import codec
from cases.kernel.build import (
    CATCHER_SLOT,
    KINDS,
    PAGE,
    A,
    B,
    C,
    catching_entry,
    cnode,
    data,
    entry,
    handle,
    image,
    image_of,
    mapping,
    nested,
    payloads,
    program,
    sigma,
    start,
)
from cases.kernel.case import Decode, KernelCase, KernelSubject, Resume, Run, Step, World, gathered
from model import kernel as k

RULES = tuple(rule for rule in model.rules() if rule.startswith("exchange/"))
REFUSALS = tuple(rule for rule in RULES if rule.startswith("exchange/world/") and rule != "exchange/world/opens")
Entries = Sequence[k.InstanceEntry | k.ReferenceEntry]
BELOW = entry(instance=A + B)
TRUE = payloads(b"abc", b"def", b"ghi")


def refused(name: str, reason: str, world: bytes) -> KernelCase:
    rule = f"exchange/world/{reason}"
    return KernelCase(name, (rule,), World(world), against=("exchange/world/opens",), probes=RULES)


def opened(name: str, world: bytes) -> KernelCase:
    """A near miss of the refusals: the World opens, and a run in it replies."""
    run = Run(image(), cnode())
    return KernelCase(name, ("exchange/world/opens",), World(world, [run]), against=REFUSALS, probes=RULES)


def full(name: str, world: bytes) -> KernelCase:
    run = Run(image(), cnode(), ends="stack_full")
    return KernelCase(name, ("exchange/world/opens",), World(world, [run]), against=REFUSALS, probes=RULES)


def stacks() -> Iterator[KernelCase]:
    to = k.ReferenceEntry
    bad: tuple[tuple[str, str, Entries], ...] = (
        ("stack_of_257", "stack_max", [BELOW] + [to(0)] * 255 + [BELOW]),
        ("stack_of_300", "stack_max", [BELOW] + [to(0)] * 298 + [BELOW]),
        ("a_reference_is_last", "last_entry", [BELOW, to(0)]),
        ("a_reference_is_alone", "last_entry", [to(0)]),
        ("a_reference_is_first", "target_below", [to(0), BELOW]),
        ("a_reference_to_itself", "target_below", [BELOW, to(1), BELOW]),
        ("a_reference_to_the_entry_above", "target_below", [BELOW, to(2), BELOW]),
        ("a_reference_beyond_the_stack", "target_below", [BELOW, to(3), BELOW]),
        ("a_reference_to_the_largest", "target_below", [BELOW, to(2**32 - 1), BELOW]),
        ("the_second_reference_is_not_below", "target_below", [BELOW, to(0), to(2), BELOW]),
        ("a_reference_to_a_reference", "target_instance", [BELOW, to(0), to(1), BELOW]),
        ("a_reference_to_a_reference_further_down", "target_instance", [BELOW, to(0), BELOW, to(1), BELOW]),
    )
    for name, reason, stack in bad:
        yield refused(name, reason, start(stack))
    good: tuple[tuple[str, Entries], ...] = (
        ("no_entry", []),
        ("stack_of_255", [BELOW] + [to(0)] * 253 + [BELOW]),
        ("a_reference_to_the_entry_below", [BELOW, to(0), BELOW]),
        ("two_references_to_one_entry", [BELOW, to(0), to(0), BELOW]),
        ("a_reference_to_an_entry_above_a_reference", [BELOW, to(0), BELOW, to(2), BELOW]),
    )
    for name, stack in good:
        yield opened(name, start(stack))
    yield full("stack_of_256", start([BELOW] + [to(0)] * 254 + [BELOW]))


def entries() -> Iterator[KernelCase]:
    """An entry's Image and root CNode; the first, the second and the last of three entries."""
    no_image = k.InstanceEntry(bytes(64), b"", k.CNode(8))
    cut = k.InstanceEntry(bytes(64), image()[:-1], k.CNode(8))
    longer = k.InstanceEntry(bytes(64), image() + b"\0", k.CNode(8))
    not_admitted = entry(k.encode(image_of(gas_slots=[256])))
    unaligned = entry(image(memory_mappings=[mapping(1, PAGE, 60)]))
    large = entry(size_log=9)
    largest = entry(size_log=16)
    for place, at in (("first", 0), ("second", 1), ("last", 2)):
        for name, reason, wrong in (
            ("image_is_empty", "image", no_image),
            ("image_is_cut", "image", cut),
            ("image_has_a_byte_too_many", "image", longer),
            ("image_is_not_admitted", "image", not_admitted),
            ("image_has_an_odd_mapping", "image", unaligned),
            ("cnode_of_512", "root_size_log", large),
            ("cnode_of_65536", "root_size_log", largest),
        ):
            stack = [BELOW] * 3
            stack[at] = wrong
            yield refused(f"{place}_{name}", reason, start(stack))
    for size_log in (0, 7, 8):
        yield opened(f"cnode_of_{1 << size_log}", start([entry(size_log=size_log)] * 2))
    inside = k.CNodeCap(k.CNode(16, {2**16 - 1: k.TypeCap(A)}))
    yield opened("cnode_of_65536_in_a_slot", start([entry(slots={20: inside})]))


def states() -> Iterator[KernelCase]:
    """Payloads under their hashes; of the rest of a σ nothing is asked."""
    for place, at in (("first", 0), ("second", 1), ("last", 2)):
        stored = dict(sorted(TRUE.items()))
        stored[sorted(TRUE)[at]] = b"another"
        yield refused(f"{place}_payload_under_another_hash", "payload_hash", start(state=k.State(data_payloads=stored)))
        yield refused(
            f"{place}_payload_under_another_hash_below_entries",
            "payload_hash",
            start([BELOW] * 2, k.State(data_payloads=stored)),
        )
    yield refused("empty_payload_under_zeros", "payload_hash", start(state=k.State(data_payloads={bytes(32): b""})))
    yield opened("payloads_under_their_hashes", start(state=k.State(data_payloads=TRUE)))
    yield opened("empty_payload_under_its_hash", start(state=sigma(b"")))
    yield opened("unstripped_payload_under_its_hash", start(state=sigma(b"abc\0\0")))
    odd = k.State(
        data_blobs={5: k.DataBlob(A, 2**64 - 1, 0, 7)},
        code_blobs={0: b"no code", 9: b""},
        vaults={3: k.VaultRecord(A, B)},
        validators=[C, A, A],
        counters=k.IdCounters(0, 2**64 - 1, 7),
    )
    yield opened("state_of_odd_values", start(state=odd))


def encodings() -> Iterator[KernelCase]:
    """Bytes that are no World: each of its fields cut off, and values that are not well formed."""
    whole = codec.full_world()
    text = whole.encoded()
    yield refused("no_byte", "decodes", b"")
    yield refused("a_byte_too_many", "decodes", start() + b"\0")
    yield refused("twice", "decodes", start() * 2)
    for at, field in list(whole.places())[1:]:
        yield refused(f"cut_before_{field.name}", "decodes", text[:at])
    for name, number in (("entry_1_kind", 2), ("entry_2_kind", 255), ("slot_1_kind", 5), ("size_log_1", 17)):
        yield refused(f"{name}_is_{number}", "decodes", whole.with_bytes(name, bytes([number])))
    for name in ("meter_2", "quota_2", "catcher_2"):
        first = next(field.bytes for field in whole.fields if field.name == name[:-1] + "1")
        yield refused(f"{name}_is_twice_there", "decodes", whole.with_bytes(name, first))
    slot = (256).to_bytes(4, "little")
    yield refused("slot_1_is_256_of_256", "decodes", whole.with_bytes("slot_1", slot))
    yield refused("cnodes_17_deep", "decodes", start([entry_of(nested(16))]))
    yield opened("cnodes_16_deep", start([entry_of(nested(15))]))


def entry_of(root: k.CNode) -> k.InstanceEntry:
    return k.InstanceEntry(bytes(64), image(), root)


def inside(count: int, cnode: k.CNode) -> k.CNode:
    """The CNode inside so many others, one in the other."""
    for _ in range(count):
        cnode = k.CNode(0, {0: k.CNodeCap(cnode)})
    return cnode


def values() -> Iterator[KernelCase]:
    """CNodes that are not well formed, as the codec meets them."""

    def decoded(name: str, rule: str, value: bytes) -> KernelCase:
        act = Decode("cnode", value, "image/decode/invalid_discriminator")
        return KernelCase(name, (f"exchange/cnode/{rule}",), act, probes=RULES)

    empty = bytes(4)
    for size_log in (17, 18, 32, 64, 255):
        yield decoded(f"size_log_of_{size_log}", "size_log", bytes([size_log]) + empty)
    yield decoded("size_log_of_17_before_a_large_count", "size_log", b"\x11" + b"\xff" * 4)
    for size_log in (0, 1, 8, 15, 16):
        for over in (0, 1):
            key = ((1 << size_log) + over).to_bytes(4, "little")
            yield decoded(
                f"slot_{over}_past_the_last_of_2_to_{size_log}",
                "slot",
                bytes([size_log]) + b"\1\0\0\0" + key + k.encode(k.TypeCap(A)),
            )
    yield decoded("slot_past_the_last_before_a_bad_cap", "slot", b"\1\1\0\0\0" + b"\2\0\0\0" + b"\x09" + bytes(32))
    second = k.encode(k.TypeCap(A)) + b"\2\0\0\0" + k.encode(k.TypeCap(A))
    yield decoded("second_slot_past_the_last", "slot", b"\1\2\0\0\0" + b"\1\0\0\0" + second)
    for name, cap in KINDS.items():
        if name != "cnode":
            whole = k.encode(inside(15, k.CNode(1, {1: cap})))
            yield KernelCase(f"{name}_inside_16", (), Decode("cnode", whole), probes=RULES)
    yield decoded("nested_17_deep", "depth", k.encode(nested(16)))
    beside = k.CNode(1, {0: k.TypeCap(A), 1: k.CNodeCap(nested(15))})
    yield decoded("nested_17_deep_beside_a_type", "depth", k.encode(beside))
    beside = k.CNode(1, {0: k.CNodeCap(nested(0)), 1: k.CNodeCap(nested(15))})
    yield decoded("nested_17_deep_beside_a_cnode", "depth", k.encode(beside))


def dumps() -> Iterator[KernelCase]:
    """Which entry is on top, and what is set aside."""
    code = program(("yield", {"r7": 20}), ("yield", {"r7": 21}), ("reply", {"r7": 3}))
    slots = {20: k.Instance(A, B), 21: k.Instance(B, C)}
    key = b"\1" * 32
    below: Entries = [BELOW, catching_entry(), BELOW, k.ReferenceEntry(1), BELOW]
    world = start(below, meters={4: 9000}, catchers={key: [A, B]})
    for name, gas_slots in (("without_a_meter", []), ("with_a_meter", [7])):
        run = Run(image(code, gas_slots=gas_slots), cnode({**slots, 7: handle("gas", 4)}), ends="paused")
        steps: list[Step] = [run, Resume(ends="paused"), Resume(k.encode(data())), Run(image(), cnode())]
        rules = ("exchange/dump/status", "exchange/dump/suspended")
        yield KernelCase(f"set_aside_twice_{name}", rules, World(world, steps), probes=RULES)
    low = [entry(image(yield_marker_slot=CATCHER_SLOT), instance=C + A), BELOW]
    yield KernelCase(
        "nothing_is_set_aside",
        ("exchange/dump/status",),
        World(start(low), [Run(image(), cnode())]),
        against=("exchange/dump/suspended",),
        probes=RULES,
    )


def subjects() -> list[KernelSubject]:
    return [
        gathered("call", "worlds", stacks, entries, states),
        gathered("call", "world_encodings", encodings),
        gathered("call", "dumps", dumps),
        gathered("cap", "cnode_encodings", values),
    ]
