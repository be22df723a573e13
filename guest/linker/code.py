"""The PVM's instructions: what one reads and writes, and its bytes."""

from dataclasses import dataclass

import model

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


def writes(op: Op) -> int | None:
    """The register it writes, or None."""
    if op.form in ("three_reg", "two_reg"):
        return op.d
    if op.name.startswith(("load_", "cmov_")) or (op.form == "two_reg_one_imm" and not op.name.startswith("store_")):
        return op.a
    return None


def reads(op: Op) -> set[int]:
    """The set of registers it reads."""
    form, name = op.form, op.name
    if form == "three_reg":
        return {op.a, op.b, op.d} if name.startswith("cmov_") else {op.a, op.b}
    if form == "two_reg_one_imm":
        return {op.a, op.b} if name.startswith(("store_", "cmov_")) else {op.b}
    if form == "two_reg_one_offset":
        return {op.a, op.b}
    if form == "two_reg_two_imm":
        return {op.b}
    if form in ("two_reg", "one_reg_two_imm") or (form.startswith("one_reg") and writes(op) is None):
        return {op.a}
    return set()


def immediate(value: int) -> bytes:
    """The fewest bytes, 0 to 4, that sign-extend to the value."""
    for size in range(5):
        half = 1 << 8 * size >> 1
        if -half <= value < half or value == 0:
            return value.to_bytes(size, "little", signed=True)
    raise ValueError(f"{value} is no 32-bit immediate")


def encode(op: Op, offset: int = 0) -> bytes:
    """The bytes; an offset always takes four, so that sizes do not depend on positions."""
    jump = offset.to_bytes(OFFSET_SIZE, "little", signed=True)
    x, y, ab = (immediate(op.x) if op.name != "load_imm_64" else b"", immediate(op.y), op.a | op.b << 4)
    body = {
        "no_args": lambda: b"",
        "one_imm": lambda: x,
        "one_reg_ext_imm": lambda: bytes([op.a]) + (op.x % 2**64).to_bytes(8, "little"),
        "two_imm": lambda: bytes([len(x)]) + x + y,
        "one_offset": lambda: jump,
        "one_reg_one_imm": lambda: bytes([op.a]) + x,
        "one_reg_two_imm": lambda: bytes([op.a | len(x) << 4]) + x + y,
        "one_reg_imm_offset": lambda: bytes([op.a | len(x) << 4]) + x + jump,
        "two_reg": lambda: bytes([op.d | op.a << 4]),
        "two_reg_one_imm": lambda: bytes([ab]) + x,
        "two_reg_one_offset": lambda: bytes([ab]) + jump,
        "two_reg_two_imm": lambda: bytes([ab, len(x)]) + x + y,
        "three_reg": lambda: bytes([ab, op.d]),
    }[op.form]
    return bytes([INSN[op.name].byte]) + body()


def load_constant(register: int, value: int) -> Op:
    """The shortest way to put a 64-bit value into a register."""
    value = (value & 2**64 - 1) - ((value & 2**63) << 1)
    name = "load_imm" if -(2**31) <= value < 2**31 else "load_imm_64"
    return Op(name, a=register, x=value)


def address_immediate(address: int) -> int:
    """An address as the immediate that means it modulo 2^32."""
    return (address & 2**32 - 1) - ((address & 2**31) << 1)
