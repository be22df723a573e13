"""Which operands the vectors give to which operation: operation x capability x how the slot is.

The specification plays the cases, and before each operation its operand slots are looked at. A cell
counts operations; an empty one must have a reason.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from model.kernel import CNodeCap, Data, ImageCap, Instance, TypeCap, host, table
from model.kernel.stack import Activation, Kernel
from model.table import check_names

OPERANDS: dict[str, tuple[int, ...]] = {
    "copy": (7, 8),
    "move": (7, 8),
    "drop": (7,),
    "swap": (7, 8),
    "mint_cnode": (7,),
    "yield": (7,),
    "set_image": (7,),
    "derive_spawn": (7, 8),
    "same_type": (7, 8),
    "type_of": (7, 8),
    "read_data": (7,),
    "mint_data": (9, 10),
    "open": (7, 8),
    "save": (7, 8, 9),
}
WITHOUT = ("reply",)  # no slot is an operand of it
check_names(
    "runner/assay/corpus/kernel_table.py: OPERANDS",
    [*OPERANDS, *WITHOUT],
    "kernel.def: OP",
    [record.name for record in table.OP],
)
COLUMNS = ("instance", "image", "data", "cnode", "type", "empty", "pinned", "beyond")
KINDS = {
    Instance: "instance",
    ImageCap: "image",
    Data: "data",
    CNodeCap: "cnode",
    TypeCap: "type",
}
NAMES = {number: name for name, number in table.OP}
Cell = tuple[str, int, str]  # operation, register, column
REASONS: dict[Cell, str] = {}
"""Why no case is needed for a cell."""


@contextmanager
def counting(cells: Counter[Cell]) -> Iterator[Counter[Cell]]:
    """Counts the operands of every operation that the specification does meanwhile."""
    perform = host.perform

    def watched(kernel: Kernel, activation: Activation, number: int) -> tuple[str, Instance | None]:
        name = NAMES.get(number, "")
        for register in OPERANDS.get(name, ()):
            for column in columns_of(activation, activation.regs[register] % 256):
                cells[name, register, column] += 1
        return perform(kernel, activation, number)

    host.perform = watched
    try:
        yield cells
    finally:
        host.perform = perform


def columns_of(activation: Activation, slot: int) -> tuple[str, ...]:
    if not activation.cnode.has(slot):
        return ("beyond",)
    cap = activation.cnode.slots.get(slot)
    kind = "empty" if cap is None else KINDS[type(cap)]
    return (kind, "pinned") if slot in activation.image.pinned_slots else (kind,)


def empty_cells(cells: Counter[Cell]) -> list[Cell]:
    """Cells that no case fills and no reason excuses."""
    return [
        (name, register, column)
        for name, registers in OPERANDS.items()
        for register in registers
        for column in COLUMNS
        if not cells[name, register, column] and (name, register, column) not in REASONS
    ]


def text(cells: Counter[Cell]) -> str:
    lines = [f"{'operand':<18}" + "".join(f"{column:>10}" for column in COLUMNS)]
    for name, registers in OPERANDS.items():
        for register in registers:
            counts = [cells[name, register, column] for column in COLUMNS]
            row = "".join(f"{count or '-':>10}" for count in counts)
            lines.append(f"{name + ' r' + str(register):<18}{row}")
    return "\n".join(lines)
