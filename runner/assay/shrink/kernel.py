"""A case of the kernel as a tree, and back.

Encoded values are trees of their own where they decode. What names an Image or a payload by its hash follows when
its bytes change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeAlias, cast

from assay.shrink import code
from assay.shrink.code import Code, Layout
from assay.shrink.tree import Node
from assay.suite.case import Act, Admit, CallResume, CallRun, ChainEvents, Decode, Event, Hash, Invocations, KernelCase
from model import kernel as k
from model.kernel.hash import H

INSTANCE = 64  # bytes
ROUNDS = 6  # of hashes that follow other hashes: Images that pin Images


@dataclass(frozen=True)
class ImageTree:
    origin: str  # the hash that it had at the beginning, as hex
    code: Code | bytes
    rest: k.Image  # without its code


@dataclass(frozen=True)
class Typed:
    """An encoded value that is no Image and no World."""

    kind: str
    value: Node


Encoded: TypeAlias = ImageTree | Typed | bytes


@dataclass(frozen=True)
class EntryTree:
    instance: bytes
    image: Encoded
    cnode: k.CNode


@dataclass(frozen=True)
class WorldTree:
    state: k.State  # without its payloads
    payloads: Mapping[bytes, Encoded]  # by the hash under which each stood at the beginning
    right: frozenset[bytes]  # the hashes that were right
    tables: k.Tables
    stack: tuple[EntryTree | k.ReferenceEntry, ...]


@dataclass(frozen=True)
class RunTree:
    instance: bytes
    image: Encoded
    cnode: Encoded
    endpoint: int
    gas: int


@dataclass(frozen=True)
class ResumeTree:
    scratchpad: Encoded | None


@dataclass(frozen=True)
class ValueTree:
    """A case of the codec: `act` with one value."""

    act: str  # "decode", "admit" or "hash"
    kind: str
    value: Encoded | WorldTree


@dataclass(frozen=True)
class WorldCase:
    world: WorldTree | bytes
    steps: tuple[RunTree | ResumeTree, ...]


@dataclass(frozen=True)
class ChainCase:
    image: Encoded
    events: tuple[Event, ...]


# From a case


def tree_of(case: KernelCase) -> Node:
    act = case.act
    if isinstance(act, Decode):
        return ValueTree("decode", act.type, value_of(act.type, act.bytes))
    if isinstance(act, Admit):
        return ValueTree("admit", "image", image_of(act.image))
    if isinstance(act, Hash):
        return ValueTree("hash", act.kind, value_of(act.kind, act.value))
    if isinstance(act, Invocations):
        return WorldCase(world_of(act.world), tuple(call_of(step) for step in act.steps))
    return ChainCase(image_of(act.image), act.events)


def call_of(step: CallRun | CallResume) -> RunTree | ResumeTree:
    if isinstance(step, CallResume):
        return ResumeTree(None if step.scratchpad is None else typed_of("cap", step.scratchpad))
    return RunTree(step.instance, image_of(step.image), typed_of("cnode", step.cnode), step.endpoint, step.gas)


def value_of(kind: str, data: bytes) -> Encoded | WorldTree:
    if kind == "image":
        return image_of(data)
    if kind == "world":
        return world_of(data)
    return typed_of(kind, data) if kind in k.TYPE else data


def typed_of(kind: str, data: bytes) -> Typed | bytes:
    try:
        value = k.decode(kind, data)
    except k.DecodeError:
        return data
    return Typed(kind, value) if k.encode(value) == data else data


def image_of(data: bytes) -> ImageTree | bytes:
    try:
        image = k.decode("image", data)
    except k.DecodeError:
        return data
    found = code.read(image.code)
    return ImageTree(H(data).hex(), image.code if found is None else found, replace(image, code=b""))


def world_of(data: bytes) -> WorldTree | bytes:
    try:
        start = k.decode("world", data)
    except k.DecodeError:
        return data
    payloads: dict[bytes, Encoded] = {key: image_of(payload) for key, payload in start.state.data_payloads.items()}
    stack = tuple(
        EntryTree(entry.instance, image_of(entry.image), entry.cnode) if isinstance(entry, k.InstanceEntry) else entry
        for entry in start.stack
    )
    right = frozenset(key for key, payload in start.state.data_payloads.items() if H(payload) == key)
    return WorldTree(replace(start.state, data_payloads={}), payloads, right, start.tables, stack)


# Back to a case


def case_of(tree: Node, identity: str) -> KernelCase:
    """The case of a tree; raises ValueError where the tree has no encoding."""
    return KernelCase(identity, act_of(with_hashes(tree)))


def with_hashes(tree: Node) -> Node:
    """What was changed is named by its new hash everywhere."""
    names: dict[bytes, bytes] = {}
    for _ in range(ROUNDS):
        found = substituted(tree, names)
        new = {old: now for old, now in hashes(tree, found) if old != now}
        if new == names:
            return found
        names = new
    return found


def hashes(before: Node, after: Node) -> Iterator[tuple[bytes, bytes]]:
    """The hash at the beginning and the one now, of every Image and payload; the two trees have one form."""
    if isinstance(before, ImageTree):
        yield bytes.fromhex(before.origin), H(encoded(after))
    elif isinstance(before, WorldTree):
        assert isinstance(after, WorldTree)
        for old, payload in zip(before.payloads, after.payloads.values(), strict=True):
            if isinstance(payload, bytes) and old in before.right:
                yield old, H(payload)
    for one, other in zip(parts(before), parts(after), strict=True):
        yield from hashes(one, other)


def parts(node: Node) -> Iterator[Node]:
    if isinstance(node, Mapping):
        yield from node.values()
    elif isinstance(node, tuple | list):
        yield from node
    elif is_dataclass(node) and not isinstance(node, type | Code):
        yield from (getattr(node, field.name) for field in fields(node))


def substituted(node: Node, names: Mapping[bytes, bytes]) -> Node:
    if not names:
        return node
    if isinstance(node, bytes):
        return new_name(node, names)
    if isinstance(node, Mapping):
        return {
            new_name(key, names) if isinstance(key, bytes) else key: substituted(value, names)
            for key, value in node.items()
        }
    if isinstance(node, tuple | list):
        found = [substituted(value, names) for value in node]
        return found if isinstance(node, list) else tuple(found)
    if is_dataclass(node) and not isinstance(node, type | Code):
        return replace(node, **{field.name: substituted(getattr(node, field.name), names) for field in fields(node)})
    return node


def new_name(data: bytes, names: Mapping[bytes, bytes]) -> bytes:
    if len(data) == INSTANCE:
        return names.get(data[:32], data[:32]) + names.get(data[32:], data[32:])
    return names.get(data, data)


def act_of(tree: Node) -> Act:
    if isinstance(tree, ValueTree):
        data = encoded(tree.value)
        if tree.act == "admit":
            return Admit(data)
        return Decode(tree.kind, data) if tree.act == "decode" else Hash(tree.kind, data)
    if isinstance(tree, ChainCase):
        return ChainEvents(encoded(tree.image), tree.events)
    assert isinstance(tree, WorldCase)
    return Invocations(encoded(tree.world), tuple(call(step) for step in tree.steps))


def call(step: RunTree | ResumeTree) -> CallRun | CallResume:
    if isinstance(step, ResumeTree):
        return CallResume(None if step.scratchpad is None else encoded(step.scratchpad))
    if len(step.instance) != INSTANCE or step.endpoint >= 1 << 8 or step.gas >= 1 << 64:
        raise ValueError("a run of another form")
    return CallRun(step.instance, encoded(step.image), encoded(step.cnode), step.endpoint, step.gas)


def encoded(node: Node) -> bytes:
    if isinstance(node, bytes):
        return node
    if isinstance(node, ImageTree):
        return encoded_image(node)
    if isinstance(node, WorldTree):
        return encoded_world(node)
    assert isinstance(node, Typed)
    return k.encode(cast("k.Value", node.value))


def encoded_image(tree: ImageTree) -> bytes:
    if isinstance(tree.code, bytes):
        return k.encode(replace(tree.rest, code=tree.code))
    layout = Layout(tree.code)
    endpoints = {
        key: replace(endpoint, entry_pc=layout.address(endpoint.entry_pc))
        for key, endpoint in tree.rest.endpoints.items()
    }
    return k.encode(replace(tree.rest, code=layout.blob(), endpoints=endpoints))


def encoded_world(tree: WorldTree) -> bytes:
    payloads = {key: encoded(payload) for key, payload in tree.payloads.items()}
    stack: list[k.InstanceEntry | k.ReferenceEntry] = [
        k.InstanceEntry(entry.instance, encoded(entry.image), entry.cnode) if isinstance(entry, EntryTree) else entry
        for entry in tree.stack
    ]
    return k.encode(k.WorldStart(replace(tree.state, data_payloads=payloads), tree.tables, stack))


def count(tree: Node) -> int:
    """The instructions of all its Images."""
    here = code.count(tree.code) if isinstance(tree, ImageTree) and isinstance(tree.code, Code) else 0
    return here + sum(count(part) for part in parts(tree))
