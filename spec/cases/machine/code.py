"""Builds code blobs: instructions by mnemonic, labels, and, where a case needs it, any bytes and
start bits.

An immediate is given as an int, then it takes the fewest bytes that sign-extend to it, or as bytes,
then it is taken as it is. A branch given `to=label` gets a four-byte offset.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Self, TypeAlias, TypedDict, Unpack

import model

Immediate: TypeAlias = int | bytes
Starts: TypeAlias = Iterable[int] | str  # positions, or a digit for each byte of the code


class Operands(TypedDict, total=False):
    a: int
    b: int
    d: int
    x: Immediate
    y: Immediate
    offset: Immediate


INSN = {record.name: record for record in model.table.INSN}
NAMES = tuple(INSN)
OFFSET_SIZE = 4
MASK_64 = 2**64 - 1


def signed(value: int, bits: int = 64) -> int:
    """The low `bits` of value as a two's-complement integer."""
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def fits(value: int, size: int) -> bool:
    """True when `size` bytes sign-extend to the 64-bit value."""
    number = signed(value)
    return number == 0 if size == 0 else -(1 << (8 * size - 1)) <= number < 1 << (8 * size - 1)


def immediate(value: Immediate, size: int | None = None) -> bytes:
    """The bytes of an immediate."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if size is None:
        size = next((n for n in range(5) if fits(value, n)), None)
        if size is None:
            raise ValueError(f"{value:#x} is no immediate: four bytes do not sign-extend to it")
    return (value % (1 << (8 * size))).to_bytes(size, "little")


def encode(
    name: str, a: int = 0, b: int = 0, d: int = 0, x: Immediate = 0, y: Immediate = 0, offset: Immediate = b""
) -> bytes:
    """The bytes of one instruction; nibbles and length fields are written as given, checked by
    nobody.
    """
    record = INSN[name]
    return bytes([record.byte]) + operand_bytes(record.form, a, b, d, immediate(x), immediate(y), immediate(offset))


def operand_bytes(form: str, a: int, b: int, d: int, x: bytes, y: bytes, offset: bytes) -> bytes:
    """What follows the opcode."""
    pair = bytes([a | b << 4])
    operands: dict[str, Callable[[], bytes]] = {
        "no_args": lambda: b"",
        "one_imm": lambda: x,
        "one_reg_ext_imm": lambda: bytes([a]) + x.ljust(8, b"\0"),
        "two_imm": lambda: bytes([len(x)]) + x + y,
        "one_offset": lambda: offset,
        "one_reg_one_imm": lambda: bytes([a]) + x,
        "one_reg_two_imm": lambda: bytes([a | len(x) << 4]) + x + y,
        "one_reg_imm_offset": lambda: bytes([a | len(x) << 4]) + x + offset,
        "two_reg": lambda: bytes([d | a << 4]),
        "two_reg_one_imm": lambda: pair + x,
        "two_reg_one_offset": lambda: pair + offset,
        "two_reg_two_imm": lambda: pair + bytes([len(x)]) + x + y,
        "three_reg": lambda: pair + bytes([d]),
    }
    return operands[form]()


def wide(value: int) -> bytes:
    """The 8 bytes of load_imm_64."""
    return (value & MASK_64).to_bytes(8, "little")


def mask_of(starts: Iterable[int], size: int) -> bytes:
    """The bitmask with exactly the given start bits."""
    mask = bytearray((size + 7) // 8)
    for position in starts:
        mask[position // 8] |= 1 << position % 8
    return bytes(mask)


def positions(pattern: str) -> list[int]:
    """Start positions written as one digit a code byte: "1001" is 0 and 3."""
    return [position for position, digit in enumerate(pattern) if digit == "1"]


def make_blob(
    code: bytes, starts: Starts, table: Collection[int] = (), entry_size: int = 1, mask: bytes | None = None
) -> bytes:
    """A blob; `starts` are positions or a digit string, `mask` replaces the bytes they make."""
    if isinstance(starts, str):
        starts = positions(starts)
    header = len(table).to_bytes(4, "little") + bytes([entry_size]) + len(code).to_bytes(4, "little")
    entries = b"".join(entry.to_bytes(entry_size, "little") for entry in table)
    return header + entries + bytes(code) + (mask_of(starts, len(code)) if mask is None else mask)


class Code:
    """Code under construction: bytes, start bits and labels."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.starts: list[int] = []
        self.labels: dict[str, int] = {}
        self.fixes: list[tuple[int, int, str]] = []

    def __len__(self) -> int:
        return len(self.bytes)

    def label(self, name: str) -> Self:
        """Names the next position."""
        self.labels[name] = len(self.bytes)
        return self

    def op(self, name: str, to: str | None = None, **operands: Unpack[Operands]) -> Self:
        """Appends one instruction with its start bit."""
        if to is not None:
            operands["offset"] = bytes(OFFSET_SIZE)
        position = len(self.bytes)
        self.raw(encode(name, **operands))
        if to is not None:
            self.fixes.append((position, len(self.bytes) - OFFSET_SIZE, to))
        return self

    def raw(self, data: bytes, starts: Iterable[int] = (0,)) -> Self:
        """Appends bytes; `starts` are relative to the first of them."""
        self.starts += [len(self.bytes) + start for start in starts]
        self.bytes += data
        return self

    def trap(self) -> Self:
        return self.op("trap")

    def at(self, label: str) -> int:
        return self.labels[label]

    def finished(self) -> bytes:
        """The code bytes with every label resolved."""
        code = bytearray(self.bytes)
        for position, where, label in self.fixes:
            code[where : where + OFFSET_SIZE] = immediate(self.at(label) - position, OFFSET_SIZE)
        return bytes(code)

    def blob(self, table: Iterable[int | str] = (), entry_size: int = 1) -> bytes:
        """The blob; table entries are labels or numbers."""
        entries = [self.at(entry) if isinstance(entry, str) else entry for entry in table]
        return make_blob(self.finished(), self.starts, entries, entry_size)


def line(*instructions: bytes) -> bytes:
    """A blob of instructions, each the bytes of one, each with its start bit and nothing between
    them.
    """
    code = Code()
    for instruction in instructions:
        code.raw(instruction)
    return code.blob()


TRAP = bytes([INSN["trap"].byte])
