"""Assembler: text to code blob. ../ASM.md describes the language.

One instruction a line; operands are separated by commas and follow the format of the opcode, the
register written first:

    add_64       r1, r2, r3      rD, rA, rB      three_reg
    move_reg     r1, r2          rD, rA          two_reg
    add_imm_64   r1, r2, -5      rA, rB, X       two_reg_one_imm
    load_ind_u32 r1, r2, 8       rA, rB, X       rA' = the word at B + X
    store_ind_u8 r1, r2, 8       rA, rB, X       the byte of A goes to B + X
    load_imm     r1, 7:3         rA, X           one_reg_one_imm; X in three bytes
    store_imm_u8 0x10000, 1      X, Y            two_imm: address, value
    branch_eq    r1, r2, again   rA, rB, target  two_reg_one_offset
    jump         -12:1           target          one_offset; relative, in one byte

An immediate takes the fewest bytes (0..4) that sign-extend to it, an offset four, unless `:N` follows.
Directives: .table, .entry_size, .insn (raw bytes of one instruction), .byte (bytes without a start bit).
"""

import difflib
import re
from dataclasses import dataclass, field

import model

INSN = {record.name: record for record in model.table.INSN}
IMMEDIATE_MAX = model.table.LIMIT["immediate_max"]
ENTRY_SIZE_MAX = model.table.LIMIT["entry_size_max"]
OFFSET_SIZE = 4

OPERANDS = {
    "no_args": "",
    "one_imm": "X",
    "one_reg_ext_imm": "AX",
    "two_imm": "XY",
    "one_offset": "T",
    "one_reg_one_imm": "AX",
    "one_reg_two_imm": "AXY",
    "one_reg_imm_offset": "AXT",
    "two_reg": "DA",
    "two_reg_one_imm": "ABX",
    "two_reg_one_offset": "ABT",
    "two_reg_two_imm": "ABXY",
    "three_reg": "DAB",
}
NAME_OF = {"A": "rA", "B": "rB", "D": "rD", "X": "immediate", "Y": "immediate", "T": "target"}

NUMBER = r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)"
LABEL = r"[A-Za-z_.$][\w.$]*"
SYNTAX = {
    "line": re.compile(rf"\s*(?:({LABEL})\s*:(?!\d))?\s*(?:(\.?\w+)(?:\s+(.*))?)?$"),
    "register": re.compile(r"r(\d+)$"),
    "number": re.compile(rf"({NUMBER})(?::(\d+))?$"),
    "label": re.compile(rf"({LABEL})(?::(\d+))?$"),
}


class AsmError(Exception):
    """A line that is no assembly; says where and what to do."""

    def __init__(self, source, line, column, message):
        super().__init__(f"{source}:{line}:{column}: {message}")
        self.source = source
        self.line = line
        self.column = column
        self.message = message


@dataclass
class Assembly:
    blob: bytes
    code: bytes
    starts: list  # the positions whose start bit is set
    table: list  # jump-table entries
    entry_size: int
    labels: dict  # name -> position
    lines: list  # (position, line number) of everything that has bytes


@dataclass
class Operand:
    text: str
    column: int


@dataclass
class Item:
    """A line that has bytes."""

    line: int
    column: int
    record: object  # of isa.def; None for raw bytes
    operands: list
    pc: int = 0
    size: int = 0
    raw: bytes = b""
    starts: bool = True
    values: dict = field(default_factory=dict)


def assemble(text, source_name="<text>"):
    """Text to Assembly; raises AsmError."""
    return Assembler(source_name).assemble(text)


# Encoding, shared with the disassembler


def fits(value, size):
    """True when `size` bytes sign-extend to the signed value."""
    return value == 0 if size == 0 else -(1 << (8 * size - 1)) <= value < 1 << (8 * size - 1)


def shortest(value):
    """The fewest bytes for an immediate, or None."""
    return next((size for size in range(IMMEDIATE_MAX + 1) if fits(value, size)), None)


def encode(record, values):
    """The bytes of an instruction. `values` has register fields A, B, D as written and, as pairs
    (value, size), the immediates X, Y and the offset T.
    """
    a, b, d = (values.get(letter, 0) for letter in "ABD")
    x, y, t = (little_endian(*values.get(letter, (0, 0))) for letter in "XYT")
    operands = {
        "no_args": lambda: b"",
        "one_imm": lambda: x,
        "one_reg_ext_imm": lambda: bytes([a]) + x,
        "two_imm": lambda: bytes([len(x)]) + x + y,
        "one_offset": lambda: t,
        "one_reg_one_imm": lambda: bytes([a]) + x,
        "one_reg_two_imm": lambda: bytes([a | len(x) << 4]) + x + y,
        "one_reg_imm_offset": lambda: bytes([a | len(x) << 4]) + x + t,
        "two_reg": lambda: bytes([d | a << 4]),
        "two_reg_one_imm": lambda: bytes([a | b << 4]) + x,
        "two_reg_one_offset": lambda: bytes([a | b << 4]) + t,
        "two_reg_two_imm": lambda: bytes([a | b << 4, len(x)]) + x + y,
        "three_reg": lambda: bytes([a | b << 4, d]),
    }
    return bytes([record.byte]) + operands[record.form]()


def little_endian(value, size):
    return (value % (1 << (8 * size))).to_bytes(size, "little")


def make_blob(code, starts, table, entry_size):
    """A code blob from its parts."""
    bitmask = bytearray((len(code) + 7) // 8)
    for pc in starts:
        bitmask[pc // 8] |= 1 << (pc % 8)
    header = little_endian(len(table), 4) + bytes([entry_size]) + little_endian(len(code), 4)
    entries = b"".join(little_endian(entry, entry_size) for entry in table)
    return header + entries + code + bytes(bitmask)


class Assembler:
    def __init__(self, source):
        self.source = source
        self.items = []
        self.labels = {}
        self.table = []  # operands
        self.entry_size = None
        self.position = 0
        self.line = 0

    def fail(self, column, message, line=None):
        raise AsmError(self.source, line or self.line, column, message)

    def assemble(self, text):
        for self.line, line in enumerate(text.splitlines(), 1):
            self.read_line(re.split("[;#]", line, maxsplit=1)[0].rstrip())
        code = bytearray()
        for item in self.items:
            code += self.bytes_of(item)
        table = [self.entry_of(*entry) for entry in self.table]
        size = self.entry_size_for(table)
        starts = [item.pc for item in self.items if item.starts and item.size]
        blob = make_blob(bytes(code), starts, table, size)
        lines = [(item.pc, item.line) for item in self.items]
        return Assembly(blob, bytes(code), starts, table, size, dict(self.labels), lines)

    # First pass: what a line is and how many bytes it takes

    def read_line(self, line):
        match = SYNTAX["line"].match(line)
        if match is None:
            column = len(line) - len(line.lstrip()) + 1
            self.fail(column, f"{line.strip()!r} is neither `label:`, a directive nor an opcode")
        label, word, rest = match.groups()
        if label is not None:
            if label in self.labels:
                self.fail(match.start(1) + 1, f"the label {label} stands twice; rename one")
            self.labels[label] = self.position
        if word is None:
            return
        column = match.start(2) + 1
        operands = split(rest, match.start(3) + 1) if rest else []
        if word.startswith("."):
            self.read_directive(word, column, operands)
        else:
            self.read_instruction(word, column, operands)

    def read_directive(self, word, column, operands):
        if word in (".byte", ".insn"):
            if not operands:
                self.fail(column, f"{word} needs at least one byte")
            raw = bytes(self.number(operand, 0, 255, "byte") for operand in operands)
            self.add(Item(self.line, column, None, [], raw=raw, starts=word == ".insn"), len(raw))
        elif word == ".table":
            self.table += [(self.line, operand) for operand in operands]
        elif word == ".entry_size":
            if len(operands) != 1:
                self.fail(column, f"{word} needs one number, 1..{ENTRY_SIZE_MAX}")
            self.entry_size = self.number(operands[0], 1, ENTRY_SIZE_MAX, "entry size")
        else:
            known = ".table, .entry_size, .insn and .byte"
            self.fail(column, f"there is no directive {word}; there are {known}")

    def read_instruction(self, word, column, operands):
        record = INSN.get(word)
        if record is None:
            near = difflib.get_close_matches(word, INSN, 3)
            advice = f"; did you mean {' or '.join(near)}?" if near else "; isa.def lists them"
            self.fail(column, f"there is no opcode {word}{advice}")
        letters = OPERANDS[record.form]
        if len(operands) != len(letters):
            wanted = ", ".join(NAME_OF[letter] for letter in letters) or "none"
            at = operands[len(letters)].column if len(operands) > len(letters) else column
            self.fail(at, f"{word} takes {len(letters)} operands ({wanted}), not {len(operands)}")
        item = Item(self.line, column, record, operands)
        for letter, operand in zip(letters, operands):
            item.values[letter] = self.operand(record, letter, operand)
        self.add(item, len(encode(record, sized(item.values))))

    def add(self, item, size):
        item.pc, item.size = self.position, size
        self.position += size
        self.items.append(item)

    # Operands

    def operand(self, record, letter, operand):
        if letter in "ABD":
            return self.register(operand, 255 if record.form == "three_reg" and letter == "D" else 15)
        if letter == "T":
            return self.target(operand)
        if record.form == "one_reg_ext_imm":
            return self.number(operand, -(2**63), 2**64 - 1, "immediate"), 8
        return self.immediate(operand)

    def register(self, operand, most):
        match = SYNTAX["register"].match(operand.text)
        if match is None:
            self.fail(operand.column, f"{operand.text!r} is no register; write r0..r12")
        if int(match[1]) > most:
            advice = f"write r0..r12 (r13..r{most} are encoded as they are and mean r12)"
            self.fail(operand.column, f"there is no register {operand.text}; {advice}")
        return int(match[1])

    def number(self, operand, least, most, what):
        match = SYNTAX["number"].match(operand.text)
        if match is None or match[2] is not None:
            self.fail(operand.column, f"{operand.text!r} is no {what}; write a number")
        value = int(match[1], 0 if "x" in match[1].lower() else 10)
        if not least <= value <= most:
            self.fail(operand.column, f"the {what} {operand.text} is not in {least}..{most}")
        return value

    def immediate(self, operand):
        """(value, size)"""
        match = SYNTAX["number"].match(operand.text)
        if match is None:
            advice = "write a number such as 7, -1, 0xff or 7:3 (in three bytes)"
            self.fail(operand.column, f"{operand.text!r} is no immediate; {advice}")
        value = int(match[1], 0 if "x" in match[1].lower() else 10)
        if value >= 2**63:
            value -= 2**64
        needed = shortest(value) if -(2**63) <= value < 2**63 else None
        if needed is None:
            advice = "use load_imm_64 and a register"
            self.fail(operand.column, f"{match[1]} is not the sign extension of 4 bytes; {advice}")
        size = self.size(operand, match[2], needed)
        if not fits(value, size):
            self.fail(operand.column, f"{match[1]} needs {needed} bytes, not {size}")
        return value, size

    def size(self, operand, text, otherwise):
        if text is None:
            return otherwise
        if int(text) > IMMEDIATE_MAX:
            self.fail(operand.column, f"a length is 0..{IMMEDIATE_MAX} bytes, not {text}")
        return int(text)

    def target(self, operand):
        """(label or signed offset, size, operand)"""
        match = SYNTAX["label"].match(operand.text)
        if match is not None:
            return match[1], self.size(operand, match[2], OFFSET_SIZE), operand
        match = SYNTAX["number"].match(operand.text)
        if match is None or match[1][0] not in "+-":
            advice = "write a label, or an offset from this opcode with its sign, +12 or -3"
            self.fail(operand.column, f"{operand.text!r} is no target; {advice}")
        value = int(match[1], 0 if "x" in match[1].lower() else 10)
        return value, self.size(operand, match[2], OFFSET_SIZE), operand

    # Second pass: labels

    def bytes_of(self, item):
        if item.record is None:
            return item.raw
        values = dict(item.values)
        if "T" in values:
            where, size, operand = values["T"]
            if isinstance(where, str):
                where = self.label(where, operand, item.line) - item.pc
            if not fits(where, size):
                advice = "give it more" if size < OFFSET_SIZE else "four is the most"
                message = f"the offset {where} does not fit {size} bytes; {advice}"
                self.fail(operand.column, message, item.line)
            values["T"] = where, size
        return encode(item.record, values)

    def label(self, name, operand, line):
        if name not in self.labels:
            near = difflib.get_close_matches(name, self.labels, 1)
            advice = f"did you mean {near[0]}?" if near else f"write `{name}:` before a line"
            self.fail(operand.column, f"there is no label {name}; {advice}", line)
        return self.labels[name]

    def entry_of(self, line, operand):
        """The value of a jump-table entry."""
        self.line = line
        if SYNTAX["number"].match(operand.text):
            return self.number(operand, 0, 2**32 - 1, "entry")
        match = SYNTAX["label"].match(operand.text)
        if match is None or match[2] is not None:
            self.fail(operand.column, f"{operand.text!r} is no entry; write a label or a position")
        return self.label(operand.text, operand, line)

    def entry_size_for(self, table):
        needed = max(1, (max(table, default=0).bit_length() + 7) // 8)
        if self.entry_size is None:
            return needed
        if self.entry_size < needed:
            line, operand = self.table[table.index(max(table))]
            message = f"this entry needs {needed} bytes and .entry_size is {self.entry_size}"
            self.fail(operand.column, message, line)
        return self.entry_size


def split(rest, column):
    """Operands separated by commas, with their columns."""
    operands = []
    for part in rest.split(","):
        operands.append(Operand(part.strip(), column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    return operands


def sized(values):
    """Values with every target as an offset of its size, for the first pass."""
    return {letter: (0, value[1]) if letter == "T" else value for letter, value in values.items()}
