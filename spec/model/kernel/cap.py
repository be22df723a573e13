"""cap.md: capabilities, CNodes, and the operations that only move capabilities."""

from dataclasses import dataclass, field

from model.kernel.hash import KERNEL_IMAGE, H, node
from model.kernel.scale import HASH, U8, U32, U64, DecodeError, Enum, Map, Struct
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


@dataclass
class CNode:
    """2^size_log slots; `slots` has the full ones. Only root CNodes ever change."""

    size_log: int
    slots: dict = field(default_factory=dict)

    def has(self, slot):
        return slot < 1 << self.size_log

    def read(self, slot):
        """What the kernel itself finds there: None also beyond the end (cap/operand_range)."""
        if not self.has(slot):
            rule("cap/operand_range")
        return self.slots.get(slot)

    def write(self, slot, cap):
        """None empties; beyond the end nothing happens (cap/operand_range)."""
        if not self.has(slot):
            rule("cap/operand_range")
        elif cap is None:
            self.slots.pop(slot, None)
        else:
            self.slots[slot] = cap


# The encoding (exchange.md)


class CNodeType:
    """A CNode inside 16 others is refused before it is read."""

    def read(self, reader):
        reader.depth += 1
        at, size_log = reader.at, U8.read(reader)
        if size_log > LIMIT["cnode_size_log_max"]:
            raise DecodeError("invalid_discriminator", at)
        slots = Map(U32, CAPABILITY).read(reader, check=lambda slot: slot < 1 << size_log)
        reader.depth -= 1
        return CNode(size_log, slots)

    def write(self, value):
        return U8.write(value.size_log) + Map(U32, CAPABILITY).write(value.slots)


class CapType(Enum):
    def read(self, reader):
        is_cnode = reader.left() and reader.data[reader.at] == CNODE_DISCRIMINATOR
        if is_cnode and reader.depth == LIMIT["cnode_size_log_max"]:
            raise DecodeError("invalid_discriminator", reader.at)
        return super().read(reader)


CNODE = CNodeType()
STRUCT = {
    "instance": Struct(Instance, chain=HASH, content=HASH),
    "image": Struct(ImageCap, hash=HASH),
    "data": Struct(Data, size=U64, hash=HASH),
    "cnode": Struct(CNodeCap, cnode=CNODE),
    "type": Struct(TypeCap, chain=HASH),
}
CNODE_DISCRIMINATOR = dict(CAP)["cnode"]
CAPABILITY = CapType(*(STRUCT[name] for name, _ in sorted(CAP, key=lambda record: record.number)))


# Hashes (image.md)


def cap_hash(cap):
    rule("image/hash/cap")
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


def cnode_hash(cnode):
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


def is_kernel(cap, image):
    """True for an Instance of that kernel image."""
    if not isinstance(cap, Instance):
        return False
    rule("cap/kernel_image")
    return cap.chain == KERNEL_IMAGE[image]


def handle(image, id):
    """A unit handle."""
    return Instance(KERNEL_IMAGE[image], U64.write(id) + bytes(24))


def handle_id(cap, image):
    """The id of a unit handle, or None if it is none of that kernel image."""
    if not is_kernel(cap, image):
        return None
    rule("cap/unit_handle")
    return int.from_bytes(cap.content[:8], "little")


# Operations


class OperationTrap(Exception):
    """An operation ends in Trap. It is raised before the operation has changed anything."""


class Operation:
    """One operation of a running activation: what its registers name."""

    def __init__(self, activation):
        self.activation = activation
        self.regs = activation.regs
        self.cnode = activation.cnode

    def slot(self, register):
        """cap/operand, cap/operand_range"""
        value = self.regs[register]
        slot = value % LIMIT["slot_count"]
        if slot != value:
            rule("cap/operand")
        if not self.cnode.has(slot):
            rule("cap/operand_range")
            raise OperationTrap
        return slot

    def is_pinned(self, slot):
        """cap/pinned: by the Image that is current."""
        pinned = slot in self.activation.image.pinned_slots
        if pinned:
            rule("cap/pinned")
        return pinned

    def destination(self, register):
        slot = self.slot(register)
        if self.is_pinned(slot):
            rule("cap/pinned_destination")
            raise OperationTrap
        return slot

    def movable(self, register):
        """The slot of a source that may not be pinned."""
        slot = self.slot(register)
        if self.is_pinned(slot):
            rule("cap/pinned_source")
            raise OperationTrap
        return slot

    def full(self, register):
        """The slot of a full source that may not be pinned."""
        slot = self.movable(register)
        if slot not in self.cnode.slots:
            raise OperationTrap
        return slot

    def empty(self, register):
        """The slot of an empty destination."""
        slot = self.destination(register)
        if slot in self.cnode.slots:
            raise OperationTrap
        return slot

    def write(self, slot, cap):
        if slot in KERNEL_SLOTS:
            rule("cap/kernel_slots")
        self.cnode.write(slot, cap)


KERNEL_SLOTS = range(LIMIT["reserved_slot_min"], LIMIT["reserved_slot_max"] + 1)


def copy(operation):
    rule("cap/copy")
    source, destination = operation.full(7), operation.empty(8)
    operation.write(destination, operation.cnode.slots[source])


def move(operation):
    rule("cap/move")
    source, destination = operation.full(7), operation.empty(8)
    operation.write(destination, operation.cnode.slots[source])
    operation.write(source, None)


def drop(operation):
    rule("cap/drop")
    operation.write(operation.full(7), None)


def swap(operation):
    rule("cap/swap")
    a, b = operation.movable(7), operation.movable(8)
    cap_a, cap_b = operation.cnode.slots.get(a), operation.cnode.slots.get(b)
    operation.write(a, cap_b)
    operation.write(b, cap_a)


def mint_cnode(operation):
    rule("cap/mint_cnode")
    destination, size_log = operation.empty(7), operation.regs[8] % 256
    if size_log > LIMIT["cnode_size_log_max"]:
        raise OperationTrap
    operation.write(destination, CNodeCap(CNode(size_log)))


MOVES = {"copy": copy, "move": move, "drop": drop, "swap": swap, "mint_cnode": mint_cnode}
