"""Disassembler: code blob to text that assembles to the same blob, whatever the code holds.

A line is an instruction where the text says exactly what the bytes are, `.insn` where it could not (an
invalid opcode, bits that mean nothing, operands that reach into the next instruction or past the
end; the comment says how the machine reads it), and `.byte` for bytes that begin no instruction.
"""

from typing import NamedTuple

import model
from assay.assembly import asm
from model.machine import blob as code_blob
from model.machine import gas, isa

GAP_MAX = 16  # bytes on one .byte line
BYTES_SHOWN = 10
DECIMAL_MAX = 9999


class Line(NamedTuple):
    pc: int
    bytes: bytes
    text: str  # as the assembler reads it
    start: bool  # its start bit is set
    executable: bool  # it is in E
    block: bool  # it is in P
    cost: int | None  # what its block costs, where one begins (P and E)
    note: str  # how the machine reads an .insn


def disassemble(blob, mem_cycles=25):
    """All lines of a code blob; raises model.Rejected."""
    program = isa.Program(code_blob.parse(blob))
    return [line for start, end in spans(program.blob) for line in lines_of(program, start, end, mem_cycles)]


def listing(blob, mem_cycles=25):
    """The text of a blob, which assembles to it again."""
    parsed = code_blob.parse(blob)
    lines = disassemble(blob, mem_cycles)
    entries = [parsed.jump_entry(n) for n in range(parsed.jump_len)]
    places = {line.pc for line in lines}
    labels = places & (targets(isa.Program(parsed)) | set(entries))
    text = [f".entry_size {parsed.entry_size}"]
    for at in range(0, len(entries), 8):
        row = (label(entry) if entry in labels else str(entry) for entry in entries[at : at + 8])
        text.append(f".table {', '.join(row)}")
    for line in lines:
        if line.pc in labels:
            text.append(f"{label(line.pc)}:")
        text.append(f"        {line.text:<44}; {comment(line)}".rstrip())
    return "\n".join(text) + "\n"


def comment(line):
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


def label(pc):
    return f"L{pc:x}"


def spans(blob):
    """(start, end) of every start bit and the bytes up to the next one; bytes before the first."""
    starts = [pc for pc in range(blob.code_len) if blob.start(pc)]
    if blob.code_len and (not starts or starts[0] != 0):
        yield 0, starts[0] if starts else blob.code_len
    yield from zip(starts, starts[1:] + [blob.code_len])


def targets(program):
    """Every static target."""
    return {program.instruction(pc).target for pc in program.executable if "T" in letters(program, pc)}


def letters(program, pc):
    return asm.OPERANDS[isa.OPCODE[program.blob.code[pc]].form]


def lines_of(program, start, end, mem_cycles):
    blob = program.blob
    if not blob.start(start):
        yield from gap(blob, start, end)
        return
    is_executable, is_block = start in program.executable, start in program.starts
    cost = gas.block_cost(program, start, mem_cycles) if is_executable and is_block else None
    span, note = blob.code[start:end], ""
    if is_executable:
        text, size = instruction_text(program, start, span)
        if text is None:
            note = meaning(program, start)
    else:
        text, size = None, 1
    if text is None:
        text = raw(".insn", span[:size])
    yield Line(start, span[:size], text, True, is_executable, is_block, cost, note)
    yield from gap(blob, start + size, end)


def gap(blob, start, end):
    """Bytes that begin no instruction."""
    for at in range(start, end, GAP_MAX):
        data = blob.code[at : min(end, at + GAP_MAX)]
        yield Line(at, data, raw(".byte", data), False, False, False, None, "")


def raw(directive, data):
    return f"{directive} {', '.join(f'0x{byte:02x}' for byte in data)}"


def instruction_text(program, pc, span):
    """(text, size) when the text assembles to the span's first bytes, else (None, bytes to show)."""
    record = isa.OPCODE[span[0]]
    values = as_written(record, pc, program.instruction(pc), program.blob)
    data = asm.encode(record, values)
    if span.startswith(data):
        has_label = 0 <= pc + values.get("T", (-1 - pc,))[0] and is_place(program, pc, values)
        return operands_text(record, values, pc if has_label else None), len(data)
    return None, min(len(span), isa.skip(program.blob, pc) + 1)


def is_place(program, pc, values):
    """True when the target has a line of its own."""
    target = pc + values["T"][0]
    return target < program.code_len and bool(program.blob.start(target))


def as_written(record, pc, instruction, blob):
    """The operands as their bytes have them: registers unclamped, lengths as the machine reads."""
    l = isa.skip(blob, pc)
    b1, b2 = blob.byte(pc + 1), blob.byte(pc + 2)
    form = record.form
    low, high = b1 % 16, b1 // 16
    fields = {"A": low, "B": high, "D": b2}
    if form == "two_reg":
        fields = {"D": low, "A": high}
    lx, taken = 0, {"one_imm": 0, "one_offset": 0, "two_reg_two_imm": 2}.get(form, 1)
    if "Y" in asm.OPERANDS[form] or form == "one_reg_imm_offset":
        length = {"two_imm": b1, "two_reg_two_imm": b2}.get(form, high)
        lx = min(asm.IMMEDIATE_MAX, length % 8)
    rest = min(asm.IMMEDIATE_MAX, max(0, l - lx - taken))
    values = {letter: fields[letter] for letter in asm.OPERANDS[form] if letter in "ABD"}
    if "X" in asm.OPERANDS[form]:
        is_last = "Y" not in asm.OPERANDS[form] and "T" not in asm.OPERANDS[form]
        values["X"] = signed(instruction.x), rest if is_last else lx
        if form == "one_reg_ext_imm":
            values["X"] = instruction.x, 8
    if "Y" in asm.OPERANDS[form]:
        values["Y"] = signed(instruction.y), rest
    if "T" in asm.OPERANDS[form]:
        values["T"] = instruction.target - pc, rest
    return values


def signed(value):
    return value - 2**64 if value >= 2**63 else value


def operands_text(record, values, label_from=None):
    """The line of an instruction; label_from is its pc when the target is to be a label."""
    parts = []
    for letter in asm.OPERANDS[record.form]:
        if letter in "ABD":
            parts.append(f"r{values[letter]}")
            continue
        value, size = values[letter]
        if letter == "T":
            where = label(label_from + value) if label_from is not None else f"{value:+}"
            parts.append(where if size == asm.OFFSET_SIZE else f"{where}:{size}")
        elif size == 8:
            parts.append(plain(value))
        else:
            parts.append(plain(value) if size == asm.shortest(value) else f"{plain(value)}:{size}")
    return f"{record.name} {', '.join(parts)}".rstrip()


def plain(value):
    return str(value) if -DECIMAL_MAX <= value <= DECIMAL_MAX else f"{value:#x}"


def meaning(program, pc):
    """How the machine reads the instruction at pc, registers clamped."""
    instruction = program.instruction(pc)
    record = isa.OPCODE[program.blob.code[pc]]
    parts = []
    for letter in asm.OPERANDS[record.form]:
        if letter in "ABD":
            parts.append(f"r{getattr(instruction, letter.lower())}")
        elif letter == "T":
            parts.append(f"{instruction.target - pc:+}")
        else:
            value = getattr(instruction, letter.lower())
            parts.append(plain(value if record.form == "one_reg_ext_imm" else signed(value)))
    return f"reads as {record.name} {', '.join(parts)}".rstrip()


def window(blob, pc, around=3, mem_cycles=25):
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
