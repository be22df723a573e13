"""Disassembler: code blob to text that assembles to the same blob, whatever the code holds.

A line is an instruction where the text says exactly what the bytes are, `.insn` where it could not (an
invalid opcode, bits that mean nothing, operands that reach into the next instruction or past the
end; the comment says how the machine reads it), and `.byte` for bytes that begin no instruction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import model
from assay.assembly import asm
from assay.assembly.encoding import IMMEDIATE_MAX, REGISTERS, Number, Operands, encode, form_of, shortest
from model.machine import blob as code_blob
from model.machine import gas, isa
from model.machine.blob import Blob
from model.machine.isa import Program
from model.table import Insn

GAP_MAX = 16  # bytes on one .byte line
BYTES_SHOWN = 10
DECIMAL_MAX = 9999


@dataclass(frozen=True)
class Line:
    pc: int
    bytes: bytes
    text: str  # as the assembler reads it
    start: bool  # its start bit is set
    executable: bool  # it is in E
    block: bool  # it is in P
    cost: int | None  # what its block costs, where one begins (P and E)
    note: str  # how the machine reads an .insn


def disassemble(blob: bytes, mem_cycles: int = 25) -> list[Line]:
    """All lines of a code blob; raises model.Rejected."""
    program = Program(code_blob.parse(blob))
    return [line for start, end in spans(program.blob) for line in lines_of(program, start, end, mem_cycles)]


def listing(blob: bytes, mem_cycles: int = 25) -> str:
    """The text of a blob, which assembles to it again."""
    parsed = code_blob.parse(blob)
    lines = disassemble(blob, mem_cycles)
    entries = [parsed.jump_entry(n) for n in range(parsed.jump_len)]
    places = {line.pc for line in lines}
    labels = places & (targets(Program(parsed)) | set(entries))
    text = [f".entry_size {parsed.entry_size}"]
    for at in range(0, len(entries), 8):
        row = (label(entry) if entry in labels else str(entry) for entry in entries[at : at + 8])
        text.append(f".table {', '.join(row)}")
    for line in lines:
        if line.pc in labels:
            text.append(f"{label(line.pc)}:")
        text.append(f"        {line.text:<44}; {comment(line)}".rstrip())
    return "\n".join(text) + "\n"


def comment(line: Line) -> str:
    """pc, bytes, and what is remarkable."""
    shown = line.bytes[:BYTES_SHOWN].hex(" ") + (" …" if len(line.bytes) > BYTES_SHOWN else "")
    parts = [f"{line.pc:04x}  {shown}"]
    if line.cost is not None:
        parts.append(f"block, gas {line.cost}")
    elif line.block:
        parts.append("block start that cannot be executed")
    if line.start and not line.executable:
        parts.append("no opcode")
    if line.note:
        parts.append(line.note)
    return "  ".join(parts)


def label(pc: int) -> str:
    return f"L{pc:x}"


def spans(blob: Blob) -> Iterator[tuple[int, int]]:
    """(start, end) of every start bit and the bytes up to the next one; bytes before the first."""
    starts = [pc for pc in range(blob.code_len) if blob.start(pc)]
    if blob.code_len and (not starts or starts[0] != 0):
        yield 0, starts[0] if starts else blob.code_len
    yield from pairwise([*starts, blob.code_len])


def targets(program: Program) -> set[int]:
    """Every static target."""
    code = program.blob.code
    jumps = [pc for pc in program.executable if "T" in form_of(isa.OPCODE[code[pc]]).operands]
    return {program.instruction(pc).target for pc in jumps}


def lines_of(program: Program, start: int, end: int, mem_cycles: int) -> Iterator[Line]:
    blob = program.blob
    if not blob.start(start):
        yield from gap(blob, start, end)
        return
    is_executable, is_block = start in program.executable, start in program.starts
    cost = gas.block_cost(program, start, mem_cycles) if is_executable and is_block else None
    span = blob.code[start:end]
    text, size = instruction_text(program, start, span) if is_executable else (None, 1)
    note = meaning(program, start) if is_executable and text is None else ""
    yield Line(start, span[:size], text or raw(".insn", span[:size]), True, is_executable, is_block, cost, note)
    yield from gap(blob, start + size, end)


def gap(blob: Blob, start: int, end: int) -> Iterator[Line]:
    """Bytes that begin no instruction."""
    for at in range(start, end, GAP_MAX):
        data = blob.code[at : min(end, at + GAP_MAX)]
        yield Line(at, data, raw(".byte", data), False, False, False, None, "")


def raw(directive: str, data: bytes) -> str:
    return f"{directive} {', '.join(f'0x{byte:02x}' for byte in data)}"


def instruction_text(program: Program, pc: int, span: bytes) -> tuple[str | None, int]:
    """(text, size) when the text assembles to the span's first bytes, else (None, bytes to show)."""
    record = isa.OPCODE[span[0]]
    operands = as_written(record, pc, program)
    data = encode(record, operands)
    if span.startswith(data):
        return operands_text(record, operands, label_of_target(program, pc, operands)), len(data)
    return None, min(len(span), isa.skip(program.blob, pc) + 1)


def label_of_target(program: Program, pc: int, operands: Operands) -> str | None:
    """The label of where it jumps to, when that has a line of its own."""
    if "T" not in operands.numbers:
        return None
    target = pc + operands.numbers["T"].value
    has_line = 0 <= target < program.code_len and program.blob.start(target)
    return label(target) if has_line else None


def as_written(record: Insn, pc: int, program: Program) -> Operands:
    """The operands as their bytes have them: registers unclamped, lengths as the machine reads."""
    form, blob, read = form_of(record), program.blob, program.instruction(pc)
    first, second = blob.byte(pc + 1), blob.byte(pc + 2)
    fields = {form.low: first % 16, form.high: first // 16, form.second: second}
    x_size = min(IMMEDIATE_MAX, fields.get("X_SIZE", 0) % 8)
    head = bool(form.low) + bool(form.second)
    rest = min(IMMEDIATE_MAX, max(0, isa.skip(blob, pc) - x_size - head))
    found = Operands({letter: fields[letter] for letter in form.operands if letter in REGISTERS})
    if record.form == "one_reg_ext_imm":
        found.numbers["X"] = Number(read.x, 8)
    elif "X" in form.operands:
        is_last = form.operands.endswith("X")
        found.numbers["X"] = Number(signed(read.x), rest if is_last else x_size)
    if "Y" in form.operands:
        found.numbers["Y"] = Number(signed(read.y), rest)
    if "T" in form.operands:
        found.numbers["T"] = Number(read.target - pc, rest)
    return found


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def operands_text(record: Insn, operands: Operands, target: str | None = None) -> str:
    """The line of an instruction; `target` is the label of where it jumps to, if that has one."""
    parts = []
    for letter in form_of(record).operands:
        if letter in REGISTERS:
            parts.append(f"r{operands.registers[letter]}")
            continue
        number = operands.numbers[letter]
        text, usual = plain(number.value), shortest(number.value)
        if letter == "T":
            text, usual = target or f"{number.value:+}", asm.OFFSET_SIZE
        parts.append(text if number.size in (usual, 8) else f"{text}:{number.size}")
    return f"{record.name} {', '.join(parts)}".rstrip()


def plain(value: int) -> str:
    return str(value) if -DECIMAL_MAX <= value <= DECIMAL_MAX else f"{value:#x}"


def meaning(program: Program, pc: int) -> str:
    """How the machine reads the instruction at pc, registers clamped."""
    read = program.instruction(pc)
    record = isa.OPCODE[program.blob.code[pc]]
    x = read.x if record.form == "one_reg_ext_imm" else signed(read.x)
    fields = {"A": f"r{read.a}", "B": f"r{read.b}", "D": f"r{read.d}", "X": plain(x), "Y": plain(signed(read.y))}
    parts = [fields.get(letter) or f"{read.target - pc:+}" for letter in form_of(record).operands]
    return f"reads as {record.name} {', '.join(parts)}".rstrip()


def window(blob: bytes, pc: int, around: int = 3, mem_cycles: int = 25) -> list[tuple[Line, bool]]:
    """The lines near pc: (line, whether pc lies in it)."""
    try:
        lines = disassemble(blob, mem_cycles)
    except model.Rejected:
        return []
    at = next((n for n, line in enumerate(lines) if line.pc <= pc < line.pc + max(1, len(line.bytes))), None)
    if at is None:
        return [(line, False) for line in lines[-around:]]
    first = max(0, at - around)
    return [(line, line is lines[at]) for line in lines[first : at + around + 1]]
