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
            rule("cap/operand_range/trap")
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

    def movable(self, register: int, clause: str) -> int:
        """The slot of a source that may not be pinned."""
        slot = self.slot(register)
        if self.is_pinned(slot):
            rule("cap/pinned_source")
            rule("cap/pinned_source/" + clause)
            raise OperationTrap
        return slot

    def full(self, register: int, name: str, if_empty: str = "empty_source") -> int:
        """The slot of a full source that may not be pinned."""
        slot = self.movable(register, name)
        if slot not in self.cnode.slots:
            rule(f"cap/{name}/{if_empty}")
            raise OperationTrap
        return slot

    def empty(self, register: int, name: str) -> int:
        """The slot of an empty destination."""
        slot = self.destination(register)
        if slot in self.cnode.slots:
            rule(f"cap/{name}/full_destination")
            raise OperationTrap
        return slot

    def write(self, slot: int, cap: Capability | None) -> None:
        if slot in KERNEL_SLOTS:
            rule("cap/kernel_slots")
            rule("cap/kernel_slots/" + ("emptied" if cap is None else "written"))
        self.cnode.write(slot, cap)


KERNEL_SLOTS = range(LIMIT["reserved_slot_min"], LIMIT["reserved_slot_max"] + 1)


def copy(operation: Operation) -> None:
    rule("cap/copy")
    source, destination = operation.full(7, "copy"), operation.empty(8, "copy")
    operation.write(destination, operation.cnode.slots[source])


def move(operation: Operation) -> None:
    rule("cap/move")
    source = operation.full(7, "move")
    if operation.slot(8) == source:
        rule("cap/move/itself")
    destination = operation.empty(8, "move")
    operation.write(destination, operation.cnode.slots[source])
    operation.write(source, None)


def drop(operation: Operation) -> None:
    rule("cap/drop")
    operation.write(operation.full(7, "drop", "empty"), None)


def swap(operation: Operation) -> None:
    rule("cap/swap")
    a, b = operation.movable(7, "swap_first"), operation.movable(8, "swap_second")
    cap_a, cap_b = operation.cnode.slots.get(a), operation.cnode.slots.get(b)
    if a == b:
        rule("cap/swap/itself")
    elif (cap_a is None) != (cap_b is None):
        rule("cap/swap/first_empty" if cap_a is None else "cap/swap/second_empty")
    operation.write(a, cap_b)
    operation.write(b, cap_a)


def mint_cnode(operation: Operation) -> None:
    rule("cap/mint_cnode")
    destination, size_log = operation.empty(7, "mint_cnode"), operation.regs[8] % 256
    if size_log != operation.regs[8]:
        rule("cap/mint_cnode/low_bits")
    if size_log > LIMIT["cnode_size_log_max"]:
        rule("cap/mint_cnode/too_large")
        raise OperationTrap
    operation.write(destination, CNodeCap(CNode(size_log)))


MOVES: dict[str, Callable[[Operation], None]] = {
    "copy": copy,
    "move": move,
    "drop": drop,
    "swap": swap,
    "mint_cnode": mint_cnode,
}
