"""isa.md: the instruction stream and the argument formats. What each opcode does is in op.py."""

from collections.abc import Callable
from typing import TypeAlias

from model.machine.blob import Blob
from model.machine.number import signed
from model.reach import apart, rule
from model.table import FORM, INSN, LIMIT, check_names

OPCODE = {record.byte: record for record in INSN}
REGISTER_LAST = LIMIT["register_last"]
IMMEDIATE_MAX = LIMIT["immediate_max"]


def skip(blob: Blob, i: int) -> int:
    """isa/skip"""
    for j in range(LIMIT["skip_max"]):
        if i + 1 + j >= blob.code_len or blob.start(i + 1 + j):
            return j
    return LIMIT["skip_max"]


def next_pc(blob: Blob, i: int) -> int:
    """npc of the instruction at i."""
    return i + 1 + skip(blob, i)


def executable_positions(blob: Blob) -> frozenset[int]:
    """E (isa/executable)"""
    return frozenset(i for i in range(blob.code_len) if blob.start(i) and blob.code[i] in OPCODE)


def block_starts(blob: Blob, executable: frozenset[int]) -> frozenset[int]:
    """P (isa/block_starts, isa/terminators)"""
    starts = {0} & executable
    for i in executable:
        if OPCODE[blob.code[i]].ends:
            npc = next_pc(blob, i)
            if npc < blob.code_len and blob.start(npc):
                starts.add(npc)
    return frozenset(starts)


class Program:
    """A blob with its E and P, and every instruction decoded at most once."""

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self.code_len = blob.code_len
        self.executable = executable_positions(blob)
        self.starts = block_starts(blob, self.executable)
        self.decoded: dict[int, Instruction] = {}

    def is_executable(self, pc: int) -> bool:
        """pc in E"""
        rule("isa/executable")
        if 0 <= pc < self.code_len:
            rule("blob/bitmask")
        return pc in self.executable

    def is_start(self, pc: int) -> bool:
        """pc in P"""
        rule("isa/block_starts")
        if pc in self.starts and pc != 0:
            rule("isa/terminators")
        return pc in self.starts

    def begins_block(self, pc: int) -> bool:
        """pc in both P and E"""
        return self.is_executable(pc) and self.is_start(pc)

    def instruction(self, pc: int) -> "Instruction":
        """The instruction at pc, which holds an opcode."""
        found = self.decoded.get(pc)
        if found is None:
            found = self.decoded[pc] = Instruction(self.blob, pc)
        return found


class Instruction:
    """One decoded instruction: `a`, `b`, `d` are register numbers, `x`, `y` immediates, `target` is
    pc + offset; what the format does not have is 0."""

    __slots__ = ("a", "b", "d", "form", "name", "npc", "pc", "rules", "target", "x", "y")

    def __init__(self, blob: Blob, pc: int) -> None:
        record = OPCODE[blob.code[pc]]
        self.pc = pc
        self.name = "isa/" + record.name
        self.form = "isa/form/" + record.form
        self.a = self.b = self.d = self.x = self.y = self.target = 0
        with apart() as self.rules:
            operands = Operands(blob, pc)
            self.npc = operands.npc
            rule(self.name)
            rule(self.form)
            for field, value in READ[self.form](operands).items():
                setattr(self, field, value)


class Operands:
    """Reads the operand bytes of the instruction at pc."""

    def __init__(self, blob: Blob, pc: int) -> None:
        rule("isa/skip")
        self.blob = blob
        self.pc = pc
        self.l = skip(blob, pc)
        self.npc = pc + 1 + self.l

    def byte(self, at: int) -> int:
        if at >= self.blob.code_len:
            rule("isa/operand_past_end")
        if at >= self.npc:
            rule("isa/operand_overlap")
        return self.blob.byte(at)

    @property
    def b1(self) -> int:
        return self.byte(self.pc + 1)

    @property
    def b2(self) -> int:
        return self.byte(self.pc + 2)

    @property
    def lo(self) -> int:
        return clamp(self.b1 % 16)

    @property
    def hi(self) -> int:
        return clamp(self.b1 // 16)

    def rest(self, taken: int) -> int:
        """How many bytes an immediate takes after so many others: min(4, max(0, l - taken))."""
        return min(IMMEDIATE_MAX, max(0, self.l - taken))

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(bytes(self.byte(at + n) for n in range(size)), "little")

    def signed(self, at: int, size: int) -> int:
        """isa/sign_extension"""
        if size == 0:
            return 0
        rule("isa/sign_extension")
        return signed(self.number(at, size), 8 * size)

    def immediate(self, at: int, size: int) -> int:
        return self.signed(at, size) % 2**64

    def target(self, at: int, size: int) -> int:
        """isa/offset_target; an offset is an immediate that stays signed."""
        return self.pc + self.signed(at, size)


def clamp(field: int) -> int:
    """isa/register_clamp"""
    if field > REGISTER_LAST:
        rule("isa/register_clamp")
    return min(REGISTER_LAST, field)


Found: TypeAlias = dict[str, int]  # what a format finds for the fields of an Instruction


def no_args(o: Operands) -> Found:
    return {}


def one_imm(o: Operands) -> Found:
    return {"x": o.immediate(o.pc + 1, o.rest(0))}


def one_reg_ext_imm(o: Operands) -> Found:
    return {"a": o.lo, "x": o.number(o.pc + 2, 8)}


def two_imm(o: Operands) -> Found:
    lx = min(IMMEDIATE_MAX, o.b1 % 8)
    return {"x": o.immediate(o.pc + 2, lx), "y": o.immediate(o.pc + 2 + lx, o.rest(lx + 1))}


def one_offset(o: Operands) -> Found:
    return {"target": o.target(o.pc + 1, o.rest(0))}


def one_reg_one_imm(o: Operands) -> Found:
    return {"a": o.lo, "x": o.immediate(o.pc + 2, o.rest(1))}


def one_reg_two_imm(o: Operands) -> Found:
    lx = min(IMMEDIATE_MAX, o.b1 // 16 % 8)
    return {
        "a": o.lo,
        "x": o.immediate(o.pc + 2, lx),
        "y": o.immediate(o.pc + 2 + lx, o.rest(lx + 1)),
    }


def one_reg_imm_offset(o: Operands) -> Found:
    lx = min(IMMEDIATE_MAX, o.b1 // 16 % 8)
    return {
        "a": o.lo,
        "x": o.immediate(o.pc + 2, lx),
        "target": o.target(o.pc + 2 + lx, o.rest(lx + 1)),
    }


def two_reg(o: Operands) -> Found:
    return {"d": o.lo, "a": o.hi}


def two_reg_one_imm(o: Operands) -> Found:
    return {"a": o.lo, "b": o.hi, "x": o.immediate(o.pc + 2, o.rest(1))}


def two_reg_one_offset(o: Operands) -> Found:
    return {"a": o.lo, "b": o.hi, "target": o.target(o.pc + 2, o.rest(1))}


def two_reg_two_imm(o: Operands) -> Found:
    lx = min(IMMEDIATE_MAX, o.b2 % 8)
    return {
        "a": o.lo,
        "b": o.hi,
        "x": o.immediate(o.pc + 3, lx),
        "y": o.immediate(o.pc + 3 + lx, o.rest(lx + 2)),
    }


def three_reg(o: Operands) -> Found:
    return {"a": o.lo, "b": o.hi, "d": clamp(o.b2)}


READ: dict[str, Callable[[Operands], Found]] = {
    "isa/form/no_args": no_args,
    "isa/form/one_imm": one_imm,
    "isa/form/one_reg_ext_imm": one_reg_ext_imm,
    "isa/form/two_imm": two_imm,
    "isa/form/one_offset": one_offset,
    "isa/form/one_reg_one_imm": one_reg_one_imm,
    "isa/form/one_reg_two_imm": one_reg_two_imm,
    "isa/form/one_reg_imm_offset": one_reg_imm_offset,
    "isa/form/two_reg": two_reg,
    "isa/form/two_reg_one_imm": two_reg_one_imm,
    "isa/form/two_reg_one_offset": two_reg_one_offset,
    "isa/form/two_reg_two_imm": two_reg_two_imm,
    "isa/form/three_reg": three_reg,
}

check_names("isa.py: READ", READ, "form.def", [f"isa/form/{form.name}" for form in FORM])
