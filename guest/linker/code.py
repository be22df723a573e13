"""The PVM's instructions: what one reads and writes, and its bytes."""

from dataclasses import dataclass

import model
from model.table import FORM_OF, ROLE_OF

INSN = {record.name: record for record in model.table.INSN}
OFFSET_SIZE = 4
RETURNS = ("load_imm_jump", "load_imm_jump_ind")
Key = int | tuple[int, str]  # a RISC-V address, or a place within the lowering of the instruction there


@dataclass(frozen=True)
class Op:
    """One instruction. Registers are PVM registers; `target` is the key of the Mark it jumps to."""

    name: str
    a: int = 0
    b: int = 0
    d: int = 0
    x: int = 0
    y: int = 0
    target: Key | None = None

    @property
    def form(self) -> str:
        return INSN[self.name].form

    @property
    def ends(self) -> bool:
        return INSN[self.name].ends


@dataclass(frozen=True)
class Mark:
    """A place that a jump may go to."""

    key: Key


Item = Op | Mark


def registers(op: Op) -> dict[str, int]:
    return {"A": op.a, "B": op.b, "D": op.d}


def writes(op: Op) -> int | None:
    """The register it writes, or None."""
    return registers(op).get(ROLE_OF[op.name].writes)


def reads(op: Op) -> set[int]:
    """The registers it reads."""
    fields = registers(op)
    return {fields[letter] for letter in ROLE_OF[op.name].reads}


def immediate(value: int) -> bytes:
    """The fewest bytes, 0 to 4, that sign-extend to the value."""
    for size in range(5):
        half = 1 << 8 * size >> 1
        if -half <= value < half or value == 0:
            return value.to_bytes(size, "little", signed=True)
    raise ValueError(f"{value} is no 32-bit immediate")


def encode(op: Op, offset: int = 0) -> bytes:
    """The bytes; an offset always takes four, so that sizes do not depend on positions."""
    form = FORM_OF[op.form]
    x = immediate(op.x) if op.form != "one_reg_ext_imm" else (op.x % 2**64).to_bytes(8, "little")
    tail = {"X": x, "Y": immediate(op.y), "T": offset.to_bytes(OFFSET_SIZE, "little", signed=True)}
    field = {"": 0, "X_SIZE": len(x), **registers(op)}
    head = bytes([INSN[op.name].byte])
    if form.low:
        head += bytes([field[form.low] | field[form.high] << 4])
    if form.second:
        head += bytes([field[form.second]])
    return head + b"".join(tail[letter] for letter in "XYT" if letter in form.operands)


def load_constant(register: int, value: int) -> Op:
    """The shortest way to put a 64-bit value into a register."""
    value = (value & 2**64 - 1) - ((value & 2**63) << 1)
    name = "load_imm" if -(2**31) <= value < 2**31 else "load_imm_64"
    return Op(name, a=register, x=value)


def address_immediate(address: int) -> int:
    """An address as the immediate that means it modulo 2^32."""
    return (address & 2**32 - 1) - ((address & 2**31) << 1)
