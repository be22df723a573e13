"""cap.md: what the registers of an operation name, and the operations that only move capabilities."""

from collections.abc import Callable

from model.kernel.cap import Capability, CNode, CNodeCap
from model.kernel.stack import Activation
from model.kernel.table import LIMIT
from model.reach import rule


class OperationTrap(Exception):
    """An operation ends in Trap. It is raised before the operation has changed anything."""


class Operation:
    """One operation of a running activation: what its registers name."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.regs = activation.regs
        self.cnode = activation.cnode

    def slot(self, register: int) -> int:
        """cap/operand, cap/operand_range"""
        value = self.regs[register]
        slot = value % LIMIT["slot_count"]
        if slot != value:
            rule("cap/operand")
        if not self.cnode.has(slot):
            rule("cap/operand_range")
            raise OperationTrap
        return slot

    def is_pinned(self, slot: int) -> bool:
        """cap/pinned: by the Image that is current."""
        pinned = slot in self.activation.image.pinned_slots
        if pinned:
            rule("cap/pinned")
        return pinned

    def destination(self, register: int) -> int:
        slot = self.slot(register)
        if self.is_pinned(slot):
            rule("cap/pinned_destination")
            raise OperationTrap
        return slot

    def movable(self, register: int) -> int:
        """The slot of a source that may not be pinned."""
        slot = self.slot(register)
        if self.is_pinned(slot):
            rule("cap/pinned_source")
            raise OperationTrap
        return slot

    def full(self, register: int) -> int:
        """The slot of a full source that may not be pinned."""
        slot = self.movable(register)
        if slot not in self.cnode.slots:
            raise OperationTrap
        return slot

    def empty(self, register: int) -> int:
        """The slot of an empty destination."""
        slot = self.destination(register)
        if slot in self.cnode.slots:
            raise OperationTrap
        return slot

    def write(self, slot: int, cap: Capability | None) -> None:
        if slot in KERNEL_SLOTS:
            rule("cap/kernel_slots")
        self.cnode.write(slot, cap)


KERNEL_SLOTS = range(LIMIT["reserved_slot_min"], LIMIT["reserved_slot_max"] + 1)


def copy(operation: Operation) -> None:
    rule("cap/copy")
    source, destination = operation.full(7), operation.empty(8)
    operation.write(destination, operation.cnode.slots[source])


def move(operation: Operation) -> None:
    rule("cap/move")
    source, destination = operation.full(7), operation.empty(8)
    operation.write(destination, operation.cnode.slots[source])
    operation.write(source, None)


def drop(operation: Operation) -> None:
    rule("cap/drop")
    operation.write(operation.full(7), None)


def swap(operation: Operation) -> None:
    rule("cap/swap")
    a, b = operation.movable(7), operation.movable(8)
    cap_a, cap_b = operation.cnode.slots.get(a), operation.cnode.slots.get(b)
    operation.write(a, cap_b)
    operation.write(b, cap_a)


def mint_cnode(operation: Operation) -> None:
    rule("cap/mint_cnode")
    destination, size_log = operation.empty(7), operation.regs[8] % 256
    if size_log > LIMIT["cnode_size_log_max"]:
        raise OperationTrap
    operation.write(destination, CNodeCap(CNode(size_log)))


MOVES: dict[str, Callable[[Operation], None]] = {
    "copy": copy,
    "move": move,
    "drop": drop,
    "swap": swap,
    "mint_cnode": mint_cnode,
}
