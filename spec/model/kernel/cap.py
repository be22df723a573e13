"""cap.md: capabilities and CNodes; exchange.md: their encoding; image.md: their hashes."""

from dataclasses import dataclass, field
from typing import TypeAlias, TypeGuard

from model.kernel.hash import KERNEL_IMAGE, H, node
from model.kernel.scale import HASH, U8, U32, U64, DecodeError, Enum, Map, Reader, Struct
from model.kernel.table import CAP, LIMIT, TAG
from model.reach import rule

ZERO = bytes(32)


@dataclass(frozen=True)
class Instance:
    chain: bytes
    content: bytes = ZERO


@dataclass(frozen=True)
class ImageCap:
    hash: bytes


@dataclass(frozen=True)
class Data:
    size: int
    hash: bytes


@dataclass(frozen=True)
class CNodeCap:
    cnode: "CNode"


@dataclass(frozen=True)
class TypeCap:
    chain: bytes


Capability: TypeAlias = Instance | ImageCap | Data | CNodeCap | TypeCap


@dataclass
class CNode:
    """2^size_log slots; `slots` has the full ones. Only root CNodes ever change."""

    size_log: int
    slots: dict[int, Capability] = field(default_factory=dict)

    def has(self, slot: int) -> bool:
        return slot < 1 << self.size_log

    def read(self, slot: int) -> Capability | None:
        """What the kernel itself finds there: None also beyond the end (cap/operand_range)."""
        if not self.has(slot):
            rule("cap/operand_range")
            rule("cap/operand_range/reads_empty")
        return self.slots.get(slot)

    def write(self, slot: int, cap: Capability | None) -> None:
        """None empties; beyond the end nothing happens (cap/operand_range)."""
        if not self.has(slot):
            rule("cap/operand_range")
            rule("cap/operand_range/write_dropped")
        elif cap is None:
            self.slots.pop(slot, None)
        else:
            self.slots[slot] = cap


# The encoding (exchange.md)


class CNodeType:
    """A CNode inside 16 others is refused before it is read."""

    def read(self, reader: Reader) -> CNode:
        reader.depth += 1
        at, size_log = reader.at, U8.read(reader)
        if size_log > LIMIT["cnode_size_log_max"]:
            rule("exchange/cnode/size_log")
            raise DecodeError("invalid_discriminator", at)
        slots = Map(U32, CAPABILITY).read(reader, check=lambda slot: is_inside(slot, size_log))
        reader.depth -= 1
        return CNode(size_log, slots)

    def write(self, value: CNode) -> bytes:
        return U8.write(value.size_log) + Map(U32, CAPABILITY).write(value.slots)


def is_inside(slot: int, size_log: int) -> bool:
    """exchange/cnode/slot"""
    if slot >= 1 << size_log:
        rule("exchange/cnode/slot")
        return False
    return True


class CapType(Enum[Capability]):
    def read(self, reader: Reader) -> Capability:
        is_cnode = reader.left() > 0 and reader.data[reader.at] == CNODE_DISCRIMINATOR
        if is_cnode and reader.depth == LIMIT["cnode_size_log_max"]:
            rule("exchange/cnode/depth")
            raise DecodeError("invalid_discriminator", reader.at)
        return super().read(reader)


CNODE = CNodeType()
STRUCT: dict[str, Struct[Capability]] = {
    "instance": Struct(Instance, chain=HASH, content=HASH),
    "image": Struct(ImageCap, hash=HASH),
    "data": Struct(Data, size=U64, hash=HASH),
    "cnode": Struct(CNodeCap, cnode=CNODE),
    "type": Struct(TypeCap, chain=HASH),
}
KIND_OF: dict[type, str] = {struct.make: name for name, struct in STRUCT.items()}
CNODE_DISCRIMINATOR = dict(CAP)["cnode"]
CAPABILITY: CapType = CapType(*(STRUCT[name] for name, _ in sorted(CAP, key=lambda record: record.number)))


# Hashes (image.md)


def cap_hash(cap: Capability) -> bytes:
    rule("image/hash/cap")
    rule("image/hash/cap/" + KIND_OF[type(cap)])
    match cap:
        case Instance(chain, content):
            return H(TAG["instance"] + chain + content)
        case ImageCap(hash):
            return H(TAG["image"] + hash)
        case Data(size, hash):
            return H(TAG["data"] + U64.write(size) + hash)
        case CNodeCap(cnode):
            return H(TAG["cnode"] + cnode_hash(cnode))
        case TypeCap(chain):
            return H(TAG["type"] + chain)


def cnode_hash(cnode: CNode) -> bytes:
    """The Merkle root of all slots, level by level; a node over empty slots alone is `empty`."""
    rule("image/hash/cnode")
    rule("image/hash/bmt")
    empty = H(TAG["slot_empty"])
    nodes = {slot: H(TAG["slot_full"] + cap_hash(cap)) for slot, cap in cnode.slots.items()}
    for _ in range(cnode.size_log):
        pairs = {place // 2 for place in nodes}
        nodes = {n: node(nodes.get(2 * n, empty), nodes.get(2 * n + 1, empty)) for n in pairs}
        empty = node(empty, empty)
    return nodes.get(0, empty)


# Kernel images and handles


def is_kernel(cap: Capability | None, image: str) -> TypeGuard[Instance]:
    """True for an Instance of that kernel image."""
    if not isinstance(cap, Instance):
        return False
    rule("cap/kernel_image")
    return cap.chain == KERNEL_IMAGE[image]


def handle(image: str, id: int) -> Instance:
    """A unit handle."""
    return Instance(KERNEL_IMAGE[image], U64.write(id) + bytes(24))


def handle_id(cap: Capability | None, image: str) -> int | None:
    """The id of a unit handle, or None if it is none of that kernel image."""
    if not is_kernel(cap, image):
        return None
    rule("cap/unit_handle")
    rule("cap/unit_handle/id")
    if any(cap.content[8:]):
        rule("cap/unit_handle/rest")
    return int.from_bytes(cap.content[:8], "little")
