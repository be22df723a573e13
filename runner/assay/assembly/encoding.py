"""An instruction to bytes, and a code blob from its parts. form.def says where each operand goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from model.table import FORM_OF, LIMIT, Form, Insn

IMMEDIATE_MAX = LIMIT["immediate_max"]
REGISTERS = "ABD"
NUMBERS = "XYT"  # in the order of their bytes


@dataclass(frozen=True)
class Number:
    """An immediate or an offset, and how many bytes hold it."""

    value: int
    size: int

    @property
    def data(self) -> bytes:
        return little_endian(self.value, self.size)


@dataclass
class Operands:
    """What an instruction's fields hold, by the letters of its form."""

    registers: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)


def form_of(record: Insn) -> Form:
    return FORM_OF[record.form]


def fits(value: int, size: int) -> bool:
    """True when `size` bytes sign-extend to the signed value."""
    return value == 0 if size == 0 else -(1 << (8 * size - 1)) <= value < 1 << (8 * size - 1)


def shortest(value: int) -> int | None:
    """The fewest bytes for an immediate, or None."""
    return next((size for size in range(IMMEDIATE_MAX + 1) if fits(value, size)), None)


def encode(record: Insn, operands: Operands) -> bytes:
    """The bytes of an instruction, registers as they are written."""
    form = form_of(record)
    head = bytes([record.byte])
    if form.low:
        head += bytes([part(form.low, operands) | part(form.high, operands) << 4])
    if form.second:
        head += bytes([part(form.second, operands)])
    return head + b"".join(operands.numbers[letter].data for letter in NUMBERS if letter in form.operands)


def part(name: str, operands: Operands) -> int:
    """What a nibble or a byte of the head holds."""
    if not name:
        return 0
    return operands.numbers["X"].size if name == "X_SIZE" else operands.registers[name]


def little_endian(value: int, size: int) -> bytes:
    return (value % (1 << (8 * size))).to_bytes(size, "little")


def make_blob(code: bytes, starts: Iterable[int], table: Sequence[int], entry_size: int) -> bytes:
    bitmask = bytearray((len(code) + 7) // 8)
    for pc in starts:
        bitmask[pc // 8] |= 1 << (pc % 8)
    header = little_endian(len(table), 4) + bytes([entry_size]) + little_endian(len(code), 4)
    entries = b"".join(little_endian(entry, entry_size) for entry in table)
    return header + entries + code + bytes(bitmask)
