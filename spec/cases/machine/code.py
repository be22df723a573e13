"""Builds code blobs: instructions by mnemonic, labels, and, where a case needs it, any bytes and
start bits.

An immediate is given as an int, then it takes the fewest bytes that sign-extend to it, or as bytes,
then it is taken as it is. A branch given `to=label` gets a four-byte offset.
"""

import model

INSN = {record.name: record for record in model.table.INSN}
NAMES = tuple(INSN)
OFFSET_SIZE = 4
MASK_64 = 2**64 - 1


def signed(value, bits=64):
    """The low `bits` of value as a two's-complement integer."""
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def fits(value, size):
    """True when `size` bytes sign-extend to the 64-bit value."""
    number = signed(value)
    return number == 0 if size == 0 else -(1 << (8 * size - 1)) <= number < 1 << (8 * size - 1)


def immediate(value, size=None):
    """The bytes of an immediate."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if size is None:
        size = next((n for n in range(5) if fits(value, n)), None)
        if size is None:
            raise ValueError(f"{value:#x} is no immediate: four bytes do not sign-extend to it")
    return (value % (1 << (8 * size))).to_bytes(size, "little")


def encode(name, a=0, b=0, d=0, x=0, y=0, offset=b""):
    """The bytes of one instruction; nibbles and length fields are written as given, checked by
    nobody.
    """
    record = INSN[name]
    x, y, offset = immediate(x), immediate(y), immediate(offset)
    pair = bytes([a | b << 4])
    operands = {
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
    return bytes([record.byte]) + operands[record.form]()


def wide(value):
    """The 8 bytes of load_imm_64."""
    return (value & MASK_64).to_bytes(8, "little")


def mask_of(starts, size):
    """The bitmask with exactly the given start bits."""
    mask = bytearray((size + 7) // 8)
    for position in starts:
        mask[position // 8] |= 1 << position % 8
    return bytes(mask)


def positions(pattern):
    """Start positions written as one digit a code byte: "1001" is 0 and 3."""
    return [position for position, digit in enumerate(pattern) if digit == "1"]


def make_blob(code, starts, table=(), entry_size=1, mask=None):
    """A blob; `starts` are positions or a digit string, `mask` replaces the bytes they make."""
    if isinstance(starts, str):
        starts = positions(starts)
    header = len(table).to_bytes(4, "little") + bytes([entry_size]) + len(code).to_bytes(4, "little")
    entries = b"".join(entry.to_bytes(entry_size, "little") for entry in table)
    return header + entries + bytes(code) + (mask_of(starts, len(code)) if mask is None else mask)


class Code:
    """Code under construction: bytes, start bits and labels."""

    def __init__(self):
        self.bytes = bytearray()
        self.starts = []
        self.labels = {}
        self.fixes = []

    def __len__(self):
        return len(self.bytes)

    def label(self, name):
        """Names the next position."""
        self.labels[name] = len(self.bytes)
        return self

    def op(self, name, to=None, **operands):
        """Appends one instruction with its start bit."""
        if to is not None:
            operands["offset"] = bytes(OFFSET_SIZE)
        position = len(self.bytes)
        self.raw(encode(name, **operands))
        if to is not None:
            self.fixes.append((position, len(self.bytes) - OFFSET_SIZE, to))
        return self

    def raw(self, data, starts=(0,)):
        """Appends bytes; `starts` are relative to the first of them."""
        self.starts += [len(self.bytes) + start for start in starts]
        self.bytes += data
        return self

    def trap(self):
        return self.op("trap")

    def at(self, label):
        return self.labels[label]

    def finished(self):
        """The code bytes with every label resolved."""
        code = bytearray(self.bytes)
        for position, where, label in self.fixes:
            code[where : where + OFFSET_SIZE] = immediate(self.at(label) - position, OFFSET_SIZE)
        return bytes(code)

    def blob(self, table=(), entry_size=1):
        """The blob; table entries are labels or numbers."""
        entries = [self.at(entry) if isinstance(entry, str) else entry for entry in table]
        return make_blob(self.finished(), self.starts, entries, entry_size)


def line(*instructions):
    """A blob of instructions, each the bytes of one, each with its start bit and nothing between
    them.
    """
    code = Code()
    for instruction in instructions:
        code.raw(instruction)
    return code.blob()


TRAP = bytes([INSN["trap"].byte])
