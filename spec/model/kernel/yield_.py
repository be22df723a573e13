"""yield.md: who catches a yield."""

from model.kernel.cap import Capability, Instance, handle, is_kernel
from model.kernel.hash import KERNEL_IMAGE
from model.kernel.stack import Activation, Entry, Kernel, Reference
from model.reach import rule


def find_catcher(kernel: Kernel, key: bytes) -> int | None:
    """The position of the entry that catches the key, or None; the yielder is on top."""
    rule("yield/walk")
    for position in reversed(range(len(kernel.stack) - 1)):
        if key in markers_of(kernel, kernel.stack[position]):
            rule("yield/catcher")
            return position
    return None


def markers_of(kernel: Kernel, entry: Entry) -> list[bytes]:
    """The markers that an entry catches (yield/skipped_entry)."""
    if isinstance(entry, Reference):
        return skipped("reference")
    if entry.image.yield_marker_slot is None:
        return skipped("no_slot")
    cap = entry.cnode.read(entry.image.yield_marker_slot)
    if not is_kernel(cap, "yield_catcher"):
        return skipped("empty" if cap is None else "no_catcher")
    return kernel.tables.catchers.get(cap.content, [])


def skipped(reason: str) -> list[bytes]:
    """An entry without a list."""
    rule("yield/skipped_entry")
    rule("yield/skipped_entry/" + reason)
    return []


def set_aside(kernel: Kernel, position: int) -> None:
    """Puts a reference to the catcher above the yielder."""
    rule("yield/reference")
    if Reference(position) in kernel.stack:
        rule("yield/catcher_reused")
    kernel.stack.append(Reference(position))


def by_operation(kernel: Kernel, marker: Instance) -> bool:
    """A voluntary yield; False when it is Trap."""
    rule("yield/key")
    position = find_catcher(kernel, marker.chain)
    if position is None:
        rule("yield/unhandled")
        return False
    if kernel.is_full():
        rule("yield/stack_full")
        return False
    rule("yield/payload")
    set_aside(kernel, position)
    return True


def by_out_of_gas(kernel: Kernel, activation: Activation) -> Capability | None:
    """The payload of an OutOfGas that somebody catches, else None."""
    if activation.meter is not None:
        rule("yield/oog/meter_empty")
        position = find_catcher(kernel, KERNEL_IMAGE["oog_marker"])
        if position is not None and not kernel.is_full():
            rule("yield/oog")
            set_aside(kernel, position)
            return handle("gas", activation.meter)
        rule("yield/oog/uncaught/" + ("no_catcher" if position is None else "stack_full"))
    else:
        rule("yield/oog/uncaught/no_meter")
    rule("yield/oog/uncaught")
    return None
