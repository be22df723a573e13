"""The fields of a card: what differs between two records or two stops."""

from collections.abc import Sequence

from assay.engines.answers import Block, Instruction, Record, Stop, Store
from assay.locate import values
from assay.locate.divergence import Field


def ending(stop: Stop) -> str:
    """How a stop reads in one phrase."""
    argument = f" {stop.argument:#x}" if stop.argument else ""
    return f"{stop.exit}{argument} at {stop.pc:#x}"


def of_registers(expected: tuple[int, ...], got: tuple[int, ...], before: tuple[int, ...] | None = None) -> list[Field]:
    fields = []
    for number, (right, other) in enumerate(zip(expected, got, strict=True)):
        if right != other:
            hint = register_hint(number, right, other, before)
            fields.append(Field(f"r{number}", f"{right:#x}", f"{other:#x}", hint.text))
    return fields


def register_hint(number: int, expected: int, got: int, before: tuple[int, ...] | None) -> values.Hint:
    if before is None:
        return values.hint_of(expected, got)
    others = [(n, value) for n, value in enumerate(before) if n != number]
    return values.hint_of(expected, got, before[number], others)


def of_records(expected: Record, got: Record, before: tuple[int, ...] | None) -> list[Field]:
    fields = []
    if expected.pc != got.pc:
        fields.append(Field("pc", f"{expected.pc:#x}", f"{got.pc:#x}"))
    if isinstance(expected, Block) and isinstance(got, Block) and expected.gas != got.gas:
        fields.append(Field("gas", str(expected.gas), str(got.gas)))
    fields += of_registers(expected.regs, got.regs, before)
    if isinstance(expected, Instruction) and isinstance(got, Instruction):
        fields += of_stores(expected.store, got.store)
    return fields


def of_stores(expected: Store | None, got: Store | None) -> list[Field]:
    if expected == got:
        return []
    if expected is None or got is None:
        return [Field("store", store_text(expected), store_text(got))]
    fields = []
    if expected.address != got.address:
        hint = values.hint_of(expected.address, got.address)
        fields.append(Field("stored at", f"{expected.address:#x}", f"{got.address:#x}", hint.text))
    if expected.width != got.width:
        fields.append(Field("width", f"{expected.width:#x}", f"{got.width:#x}"))
    if expected.value != got.value:
        hint = values.hint_of(expected.value, got.value)
        fields.append(Field("value", f"{expected.value:#x}", f"{got.value:#x}", hint.text))
    return fields


def store_text(store: Store | None) -> str:
    return f"{store.value:#x} in {store.width} bytes at {store.address:#x}" if store else "none"


def of_stops(expected: Stop, got: Stop) -> list[Field]:
    fields = []
    if expected.exit != got.exit:
        fields.append(Field("exit", expected.exit, got.exit))
    pairs = (
        ("argument", hex, expected.argument, got.argument),
        ("pc", hex, expected.pc, got.pc),
        ("gas", str, expected.gas, got.gas),
    )
    for name, write, right, other in pairs:
        if right != other:
            fields.append(Field(name, write(right), write(other), values.distance(right, other).text))
    return fields + of_registers(expected.regs, got.regs)


def of_memory(differences: Sequence[Field]) -> list[Field]:
    """Those of the harness's differences that are about memory."""
    return [field for field in differences if field.name.split(" ")[0] == "memory"]
