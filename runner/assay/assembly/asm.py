"""Assembler: text to code blob. ../../ASM.md describes the language.

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
from typing import NoReturn

import model
from assay.assembly.encoding import IMMEDIATE_MAX, Number, Operands, encode, fits, form_of, make_blob, shortest
from model.table import Insn

INSN = {record.name: record for record in model.table.INSN}
ENTRY_SIZE_MAX = model.table.LIMIT["entry_size_max"]
OFFSET_SIZE = 4
NAME_OF = {"A": "rA", "B": "rB", "D": "rD", "X": "immediate", "Y": "immediate", "T": "target"}

NUMBER = r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)"
LABEL = r"[A-Za-z_.$][\w.$]*"
LINE_SYNTAX = re.compile(rf"\s*(?:({LABEL})\s*:(?!\d))?\s*(?:(\.?\w+)(?:\s+(.*))?)?$")
REGISTER_SYNTAX = re.compile(r"r(\d+)$")
NUMBER_SYNTAX = re.compile(rf"({NUMBER})(?::(\d+))?$")
LABEL_SYNTAX = re.compile(rf"({LABEL})(?::(\d+))?$")


class AsmError(Exception):
    """A line that is no assembly; says where and what to do."""

    def __init__(self, source: str, line: int, column: int, message: str) -> None:
        super().__init__(f"{source}:{line}:{column}: {message}")
        self.source = source
        self.line = line
        self.column = column
        self.message = message


@dataclass(frozen=True)
class Assembly:
    blob: bytes
    code: bytes
    starts: list[int]  # the positions whose start bit is set
    table: list[int]  # jump-table entries
    entry_size: int
    labels: dict[str, int]  # name -> position
    lines: list[tuple[int, int]]  # (position, line number) of everything that has bytes


@dataclass(frozen=True)
class Operand:
    """A word of the text and where it stands."""

    text: str
    line: int
    column: int


@dataclass(frozen=True)
class Target:
    """Where a jump goes: a label, or an offset from its opcode."""

    where: str | int
    size: int
    operand: Operand


@dataclass(frozen=True)
class RawBytes:
    """A line of .insn or .byte."""

    pc: int
    line: int
    data: bytes
    starts: bool

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class Instruction:
    pc: int
    line: int
    record: Insn
    operands: Operands
    target: Target | None
    starts: bool = True

    @property
    def size(self) -> int:
        """Its target may stand further down; how many bytes it takes is known."""
        known = self.operands.numbers | ({"T": Number(0, self.target.size)} if self.target else {})
        return len(encode(self.record, Operands(self.operands.registers, known)))


def assemble(text: str, source_name: str = "<text>") -> Assembly:
    """Text to Assembly; raises AsmError."""
    lines = [re.split("[;#]", line, maxsplit=1)[0].rstrip() for line in text.splitlines()]
    program = Program(source_name)
    for number, line in enumerate(lines, 1):
        program.read_line(number, line)
    return program.assembly()


@dataclass
class Program:
    """The lines read so far. The first pass tells how long everything is, the second knows all labels."""

    source: str
    items: list[RawBytes | Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    table: list[Operand] = field(default_factory=list)
    entry_size: int | None = None
    position: int = 0

    def fail(self, line: int, column: int, message: str) -> NoReturn:
        raise AsmError(self.source, line, column, message)

    def refuse(self, operand: Operand, message: str) -> NoReturn:
        self.fail(operand.line, operand.column, message)

    # First pass: what a line is and how many bytes it takes

    def read_line(self, number: int, line: str) -> None:
        match = LINE_SYNTAX.match(line)
        if match is None:
            column = len(line) - len(line.lstrip()) + 1
            self.fail(number, column, f"{line.strip()!r} is neither `label:`, a directive nor an opcode")
        label, word, rest = match.groups()
        if label is not None:
            if label in self.labels:
                self.fail(number, match.start(1) + 1, f"the label {label} stands twice; rename one")
            self.labels[label] = self.position
        if word is None:
            return
        opcode = Operand(word, number, match.start(2) + 1)
        operands = split(rest, number, match.start(3) + 1) if rest else []
        if word.startswith("."):
            self.read_directive(opcode, operands)
        else:
            self.read_instruction(opcode, operands)

    def read_directive(self, word: Operand, operands: list[Operand]) -> None:
        if word.text in (".byte", ".insn"):
            if not operands:
                self.refuse(word, f"{word.text} needs at least one byte")
            data = bytes(self.number(operand, 0, 255, "byte") for operand in operands)
            self.add(RawBytes(self.position, word.line, data, word.text == ".insn"))
        elif word.text == ".table":
            self.table += operands
        elif word.text == ".entry_size":
            if len(operands) != 1:
                self.refuse(word, f"{word.text} needs one number, 1..{ENTRY_SIZE_MAX}")
            self.entry_size = self.number(operands[0], 1, ENTRY_SIZE_MAX, "entry size")
        else:
            known = ".table, .entry_size, .insn and .byte"
            self.refuse(word, f"there is no directive {word.text}; there are {known}")

    def read_instruction(self, word: Operand, operands: list[Operand]) -> None:
        record = INSN.get(word.text)
        if record is None:
            near = difflib.get_close_matches(word.text, INSN, 3)
            advice = f"; did you mean {' or '.join(near)}?" if near else "; isa.def lists them"
            self.refuse(word, f"there is no opcode {word.text}{advice}")
        letters = form_of(record).operands
        if len(operands) != len(letters):
            wanted = ", ".join(NAME_OF[letter] for letter in letters) or "none"
            at = operands[len(letters)] if len(operands) > len(letters) else word
            self.refuse(at, f"{word.text} takes {len(letters)} operands ({wanted}), not {len(operands)}")
        given = dict(zip(letters, operands, strict=True))
        target = self.target(given["T"]) if "T" in given else None
        self.add(Instruction(self.position, word.line, record, self.operands(record, given), target))

    def add(self, item: RawBytes | Instruction) -> None:
        self.position += item.size
        self.items.append(item)

    # Operands

    def operands(self, record: Insn, given: dict[str, Operand]) -> Operands:
        found = Operands()
        for letter, operand in given.items():
            if letter in "ABD":
                is_byte = form_of(record).second == letter
                found.registers[letter] = self.register(operand, 255 if is_byte else 15)
            elif record.form == "one_reg_ext_imm":
                found.numbers[letter] = Number(self.number(operand, -(2**63), 2**64 - 1, "immediate"), 8)
            elif letter != "T":
                found.numbers[letter] = self.immediate(operand)
        return found

    def register(self, operand: Operand, most: int) -> int:
        match = REGISTER_SYNTAX.match(operand.text)
        if match is None:
            self.refuse(operand, f"{operand.text!r} is no register; write r0..r12")
        if int(match[1]) > most:
            advice = f"write r0..r12 (r13..r{most} are encoded as they are and mean r12)"
            self.refuse(operand, f"there is no register {operand.text}; {advice}")
        return int(match[1])

    def number(self, operand: Operand, least: int, most: int, what: str) -> int:
        match = NUMBER_SYNTAX.match(operand.text)
        if match is None or match[2] is not None:
            self.refuse(operand, f"{operand.text!r} is no {what}; write a number")
        value = value_of(match[1])
        if not least <= value <= most:
            self.refuse(operand, f"the {what} {operand.text} is not in {least}..{most}")
        return value

    def immediate(self, operand: Operand) -> Number:
        match = NUMBER_SYNTAX.match(operand.text)
        if match is None:
            advice = "write a number such as 7, -1, 0xff or 7:3 (in three bytes)"
            self.refuse(operand, f"{operand.text!r} is no immediate; {advice}")
        value = value_of(match[1])
        if value >= 2**63:
            value -= 2**64
        needed = shortest(value) if -(2**63) <= value < 2**63 else None
        if needed is None:
            advice = "use load_imm_64 and a register"
            self.refuse(operand, f"{match[1]} is not the sign extension of 4 bytes; {advice}")
        size = self.size(operand, match[2], needed)
        if not fits(value, size):
            self.refuse(operand, f"{match[1]} needs {needed} bytes, not {size}")
        return Number(value, size)

    def size(self, operand: Operand, text: str | None, otherwise: int) -> int:
        if text is None:
            return otherwise
        if int(text) > IMMEDIATE_MAX:
            self.refuse(operand, f"a length is 0..{IMMEDIATE_MAX} bytes, not {text}")
        return int(text)

    def target(self, operand: Operand) -> Target:
        match = LABEL_SYNTAX.match(operand.text)
        if match is not None:
            return Target(match[1], self.size(operand, match[2], OFFSET_SIZE), operand)
        match = NUMBER_SYNTAX.match(operand.text)
        if match is None or match[1][0] not in "+-":
            advice = "write a label, or an offset from this opcode with its sign, +12 or -3"
            self.refuse(operand, f"{operand.text!r} is no target; {advice}")
        return Target(value_of(match[1]), self.size(operand, match[2], OFFSET_SIZE), operand)

    # Second pass: labels

    def assembly(self) -> Assembly:
        code = b"".join(self.bytes_of(item) for item in self.items)
        table = [self.entry_of(entry) for entry in self.table]
        size = self.entry_size_for(table)
        starts = [item.pc for item in self.items if item.starts and item.size]
        lines = [(item.pc, item.line) for item in self.items]
        return Assembly(make_blob(code, starts, table, size), code, starts, table, size, dict(self.labels), lines)

    def bytes_of(self, item: RawBytes | Instruction) -> bytes:
        if isinstance(item, RawBytes):
            return item.data
        numbers = dict(item.operands.numbers)
        if item.target is not None:
            numbers["T"] = self.offset(item.target, item.pc)
        return encode(item.record, Operands(item.operands.registers, numbers))

    def offset(self, target: Target, pc: int) -> Number:
        where = target.where
        offset = self.label(where, target.operand) - pc if isinstance(where, str) else where
        if not fits(offset, target.size):
            advice = "give it more" if target.size < OFFSET_SIZE else "four is the most"
            self.refuse(target.operand, f"the offset {offset} does not fit {target.size} bytes; {advice}")
        return Number(offset, target.size)

    def label(self, name: str, operand: Operand) -> int:
        if name not in self.labels:
            near = difflib.get_close_matches(name, self.labels, 1)
            advice = f"did you mean {near[0]}?" if near else f"write `{name}:` before a line"
            self.refuse(operand, f"there is no label {name}; {advice}")
        return self.labels[name]

    def entry_of(self, operand: Operand) -> int:
        """The value of a jump-table entry."""
        if NUMBER_SYNTAX.match(operand.text):
            return self.number(operand, 0, 2**32 - 1, "entry")
        match = LABEL_SYNTAX.match(operand.text)
        if match is None or match[2] is not None:
            self.refuse(operand, f"{operand.text!r} is no entry; write a label or a position")
        return self.label(operand.text, operand)

    def entry_size_for(self, table: list[int]) -> int:
        needed = max(1, (max(table, default=0).bit_length() + 7) // 8)
        if self.entry_size is None:
            return needed
        if self.entry_size < needed:
            widest = self.table[table.index(max(table))]
            self.refuse(widest, f"this entry needs {needed} bytes and .entry_size is {self.entry_size}")
        return self.entry_size


def value_of(text: str) -> int:
    return int(text, 0 if "x" in text.lower() else 10)


def split(rest: str, line: int, column: int) -> list[Operand]:
    """Operands separated by commas, with their columns."""
    operands = []
    for part in rest.split(","):
        operands.append(Operand(part.strip(), line, column + len(part) - len(part.lstrip())))
        column += len(part) + 1
    return operands
