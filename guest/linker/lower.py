"""RISC-V instructions to PVM instructions.

x0 has no PVM register: an instruction that names it becomes one that needs no zero. A few have
no such form and need a register that nobody else uses; they borrow one and keep its value below
the stack pointer, where nothing lives.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn

from . import relocate
from .code import Item, Mark, Op, address_immediate, load_constant
from .decode import Instruction, signed
from .elf import Guest
from .program import Program

# x0 has no register, x3 and x4 are refused when decoding.
REGISTER = {1: 0, 2: 1, 5: 2, 6: 3, 7: 4, 8: 5, 9: 6, 10: 7, 11: 8, 12: 9, 13: 10, 14: 11, 15: 12}
SP = REGISTER[2]
LOWEST_UNUSED = -8
SET_OPERATION = "write `li t0, N` directly before it, as <assay/guest.h> does"

THREE = {
    "add": "add_64", "sub": "sub_64", "sll": "shlo_l_64", "srl": "shlo_r_64", "sra": "shar_r_64", "slt": "set_lt_s",
    "sltu": "set_lt_u", "xor": "xor", "or": "or", "and": "and", "mul": "mul_64", "mulh": "mul_upper_s_s",
    "mulhsu": "mul_upper_s_u", "mulhu": "mul_upper_u_u", "div": "div_s_64", "divu": "div_u_64", "rem": "rem_s_64",
    "remu": "rem_u_64", "addw": "add_32", "subw": "sub_32", "sllw": "shlo_l_32", "srlw": "shlo_r_32",
    "sraw": "shar_r_32", "mulw": "mul_32", "divw": "div_s_32", "divuw": "div_u_32", "remw": "rem_s_32",
    "remuw": "rem_u_32", "andn": "and_inv", "orn": "or_inv", "xnor": "xnor", "min": "min", "minu": "min_u",
    "max": "max", "maxu": "max_u", "rol": "rot_l_64", "ror": "rot_r_64", "rolw": "rot_l_32", "rorw": "rot_r_32",
}  # fmt: skip
TWO = {
    "clz": "leading_zero_bits_64", "clzw": "leading_zero_bits_32", "ctz": "trailing_zero_bits_64",
    "ctzw": "trailing_zero_bits_32", "cpop": "count_set_bits_64", "cpopw": "count_set_bits_32",
    "sext.b": "sign_extend_8", "sext.h": "sign_extend_16", "zext.h": "zero_extend_16", "rev8": "reverse_bytes",
}  # fmt: skip
IMMEDIATE = {
    "addi": "add_imm_64", "addiw": "add_imm_32", "slti": "set_lt_s_imm", "sltiu": "set_lt_u_imm", "xori": "xor_imm",
    "ori": "or_imm", "andi": "and_imm", "slli": "shlo_l_imm_64", "srli": "shlo_r_imm_64", "srai": "shar_r_imm_64",
    "rori": "rot_r_64_imm", "slliw": "shlo_l_imm_32", "srliw": "shlo_r_imm_32", "sraiw": "shar_r_imm_32",
    "roriw": "rot_r_32_imm",
}  # fmt: skip
LOAD = {"lb": "i8", "lh": "i16", "lw": "i32", "ld": "u64", "lbu": "u8", "lhu": "u16", "lwu": "u32"}
STORE = {"sb": "u8", "sh": "u16", "sw": "u32", "sd": "u64"}
BRANCH = {"beq": "eq", "bne": "ne", "blt": "lt_s", "bge": "ge_s", "bltu": "lt_u", "bgeu": "ge_u"}
MIRRORED = {"eq": "eq", "ne": "ne", "lt_s": "gt_s", "ge_s": "le_s", "lt_u": "gt_u", "ge_u": "le_u"}
EQUAL_TAKEN = {"beq", "bge", "bgeu"}

# With x0 as second source, and as first: what is left to do with the other register.
# "zero", "ones" and "copy" say themselves; a pair is an immediate form and its immediate.
Left = str | tuple[str, int]
COPY_32 = ("add_imm_32", 0)
SECOND_ZERO: dict[str, Left] = {
    **dict.fromkeys(("add", "sub", "sll", "srl", "sra", "xor", "or", "rem", "remu", "andn", "rol", "ror"), "copy"),
    **dict.fromkeys(("addw", "subw", "sllw", "srlw", "sraw", "remw", "remuw", "rolw", "rorw"), COPY_32),
    **dict.fromkeys(("sltu", "and", "mul", "mulh", "mulhsu", "mulhu", "mulw", "minu"), "zero"),
    **dict.fromkeys(("div", "divu", "divw", "divuw", "orn"), "ones"),
    "maxu": "copy",
    "slt": ("set_lt_s_imm", 0),
    "xnor": ("xor_imm", -1),
}
FIRST_ZERO: dict[str, Left] = {
    **dict.fromkeys(("add", "xor", "or", "maxu"), "copy"),
    **dict.fromkeys(("sll", "srl", "sra", "sllw", "srlw", "sraw", "rol", "ror", "rolw", "rorw", "andn"), "zero"),
    **dict.fromkeys(("and", "mul", "mulh", "mulhsu", "mulhu", "mulw", "minu"), "zero"),
    **dict.fromkeys(("rem", "remu", "remw", "remuw"), "zero"),
    "addw": COPY_32,
    "sub": ("neg_add_imm_64", 0),
    "subw": ("neg_add_imm_32", 0),
    "slt": ("set_gt_s_imm", 0),
    "sltu": ("set_gt_u_imm", 0),
    "orn": ("xor_imm", -1),
    "xnor": ("xor_imm", -1),
}

BOTH_ZERO_ONES = {"div", "divu", "divw", "divuw", "orn", "xnor"}
UNARY_OF_ZERO = {"clz": 64, "ctz": 64, "clzw": 32, "ctzw": 32}


# What an assembler makes `li` of, at most eight of them.
CONSTANT: dict[str, Callable[[int, int], int]] = {
    "lui": lambda _, x: x,
    "addi": lambda v, x: v + x,
    "addiw": lambda v, x: signed(v + x, 32),
    "slli": lambda v, x: v << x,
    "srli": lambda v, x: (v & 2**64 - 1) >> x,
    "srai": lambda v, x: v >> x,
    "xori": lambda v, x: v ^ x,
    "rori": lambda v, x: (v & 2**64 - 1) >> x | v << 64 - x,
}
CONSTANT_LENGTH, T0 = 8, 5


class Lowering:
    """Lowers the instructions of one program."""

    def __init__(self, guest: Guest, program: Program) -> None:
        self.guest, self.program, self.table = guest, program, program.table
        self.before: list[Instruction] = []  # the last few, the latest first

    def all(self) -> list[Item]:
        """The whole program, between two traps: the first is for endpoints that do not exist."""
        stream: list[Item] = [Op("trap")]
        for instruction in self.program.instructions:
            stream.append(Mark(instruction.address))
            stream += self.one(instruction)
            self.before = [instruction, *self.before[: CONSTANT_LENGTH - 1]]
        return [*stream, Op("trap")]

    def one(self, i: Instruction) -> list[Item]:
        """The PVM instructions for one RISC-V instruction."""
        return LOWER[i.name](self, i)

    def refuse(self, i: Instruction, problem: str, advice: str) -> NoReturn:
        self.guest.refuse(i.address, problem, advice)

    # Arithmetic

    def three(self, i: Instruction) -> list[Item]:
        if not i.rd:
            return []
        if not i.rs1 and not i.rs2:
            return [load_constant(REGISTER[i.rd], -1 if i.name in BOTH_ZERO_ONES else 0)]
        if i.rs1 and i.rs2:
            return [Op(THREE[i.name], a=REGISTER[i.rs1], b=REGISTER[i.rs2], d=REGISTER[i.rd])]
        if i.name in ("min", "max"):
            return self.signed_limit(i)
        if i.name.startswith("div") and not i.rs1:
            return self.zero_divided(i)
        return what_is_left((FIRST_ZERO if not i.rs1 else SECOND_ZERO)[i.name], i.rd, i.rs1 or i.rs2)

    def signed_limit(self, i: Instruction) -> list[Item]:
        """max(v, 0) and min(v, 0)."""
        source, rd = REGISTER[i.rs1 or i.rs2], REGISTER[i.rd]
        if rd != source:
            return [load_constant(rd, 0), Op(i.name, a=source, b=rd, d=rd)]
        done = (i.address, "done")
        keeps = "branch_ge_s_imm" if i.name == "max" else "branch_le_s_imm"
        return [Op(keeps, a=rd, target=done), load_constant(rd, 0), Mark(done)]

    def zero_divided(self, i: Instruction) -> list[Item]:
        """0 / v is 0, but all ones if v is 0, of which the 32-bit divisions see the low half."""
        source, rd = REGISTER[i.rs2], REGISTER[i.rd]
        low = [Op("add_imm_32", a=rd, b=source)] if i.name.endswith("w") else []
        return [*low, Op("set_lt_u_imm", a=rd, b=rd if low else source, x=1), Op("neg_add_imm_64", a=rd, b=rd)]

    def two(self, i: Instruction) -> list[Item]:
        if not i.rd:
            return []
        if not i.rs1:
            return [load_constant(REGISTER[i.rd], UNARY_OF_ZERO.get(i.name, 0))]
        return [Op(TWO[i.name], a=REGISTER[i.rs1], d=REGISTER[i.rd])]

    def orc_b(self, i: Instruction) -> list[Item]:
        """Each byte that is not 0 becomes 255: its top bit is found by a carry, then spread."""
        if not i.rd:
            return []
        if not i.rs1:
            return [load_constant(REGISTER[i.rd], 0)]
        source, rd = REGISTER[i.rs1], REGISTER[i.rd]
        mask, work = [r for r in (12, 11, 10, 9) if r not in (source, rd)][:2]
        return [
            keep(mask, 1),
            keep(work, 2),
            load_constant(mask, 0x7F7F7F7F7F7F7F7F),
            Op("and", a=source, b=mask, d=work),
            Op("add_64", a=work, b=mask, d=work),
            Op("or", a=work, b=source, d=work),
            Op("and_inv", a=work, b=mask, d=work),
            Op("shlo_r_imm_64", a=work, b=work, x=7),
            Op("mul_imm_64", a=rd, b=work, x=255),
            give_back(mask, 1),
            give_back(work, 2),
        ]

    def immediate(self, i: Instruction) -> list[Item]:
        if not i.rd:
            return []
        imm = self.low_bits(i)
        if i.rs1:
            if i.name == "addi" and imm == 0:
                return copy(REGISTER[i.rd], REGISTER[i.rs1])
            return [Op(IMMEDIATE[i.name], a=REGISTER[i.rd], b=REGISTER[i.rs1], x=imm)]
        if i.name in ("addi", "addiw", "xori", "ori"):
            return [load_constant(REGISTER[i.rd], imm)]
        if i.name in ("slti", "sltiu"):
            return [load_constant(REGISTER[i.rd], int(imm > 0 or (i.name == "sltiu" and imm != 0)))]
        return [load_constant(REGISTER[i.rd], 0)]

    def low_bits(self, i: Instruction) -> int:
        """The immediate, or what it is worth when it is the low part of a code address."""
        found = relocate.find(self.guest, i.address, relocate.LOW | relocate.PC_LOW)
        if found is None:
            return i.imm
        if found.kind in relocate.PC_LOW:
            if relocate.find(self.guest, found.target, relocate.PC_HIGH) is None:
                self.refuse(i, "the low part of an address without its auipc", "link with --emit-relocs --relax")
            return 0  # auipc loaded the whole of it
        return signed(self.table.value(found), 12) if found.in_code else i.imm

    def is_got(self, i: Instruction) -> bool:
        found = relocate.find(self.guest, i.address, relocate.PC_LOW)
        return found is not None and relocate.find(self.guest, found.target, relocate.GOT_HIGH) is not None

    def lui(self, i: Instruction) -> list[Item]:
        found = relocate.find(self.guest, i.address, relocate.HIGH)
        if found is None or not found.in_code:
            value = i.imm
        else:
            whole = self.table.value(found)
            value = whole - signed(whole, 12)
        return [load_constant(REGISTER[i.rd], value)] if i.rd else []

    def auipc(self, i: Instruction) -> list[Item]:
        found = relocate.find(self.guest, i.address, relocate.PC_HIGH | relocate.GOT_HIGH)
        if found is None:
            self.refuse(i, "auipc without a relocation", "link with --emit-relocs --relax")
        return [load_constant(REGISTER[i.rd], self.table.value(found))] if i.rd else []

    def address(self, i: Instruction) -> list[Item]:
        value = self.table.dynamic(i.imm) if i.imm in self.program.targets else i.imm
        return [load_constant(REGISTER[i.rd], value)] if i.rd else []

    # Memory

    def load(self, i: Instruction) -> list[Item]:
        if self.is_got(i):  # auipc loaded what the word of .got holds
            return copy(REGISTER[i.rd], REGISTER[i.rs1]) if i.rd else []
        if i.rd:
            return [load(LOAD[i.name], REGISTER[i.rd], i.rs1, self.low_bits(i))]
        borrowed = 12 if i.rs1 != 15 else 11
        return [keep(borrowed, 1), load(LOAD[i.name], borrowed, i.rs1, self.low_bits(i)), give_back(borrowed, 1)]

    def store(self, i: Instruction) -> list[Item]:
        width, imm = STORE[i.name], self.low_bits(i)
        if i.rs1 and i.rs2:
            return [Op("store_ind_" + width, a=REGISTER[i.rs2], b=REGISTER[i.rs1], x=imm)]
        if i.rs1:
            return [Op("store_imm_ind_" + width, a=REGISTER[i.rs1], x=imm)]
        if i.rs2:
            return [Op("store_" + width, a=REGISTER[i.rs2], x=address_immediate(imm))]
        return [Op("store_imm_" + width, x=address_immediate(imm))]

    # Control

    def branch(self, i: Instruction) -> list[Item]:
        target, condition = i.address + i.imm, BRANCH[i.name]
        if i.rs1 == i.rs2:
            return [Op("jump", target=target)] if i.name in EQUAL_TAKEN else []
        if i.rs1 and i.rs2:
            return [Op("branch_" + condition, a=REGISTER[i.rs1], b=REGISTER[i.rs2], target=target)]
        condition = condition if i.rs1 else MIRRORED[condition]
        return [Op(f"branch_{condition}_imm", a=REGISTER[i.rs1 or i.rs2], target=target)]

    def jal(self, i: Instruction) -> list[Item]:
        return self.jump_to(i, i.address + i.imm, i.address + 4)

    def call(self, i: Instruction) -> list[Item]:
        return self.jump_to(i, i.imm, i.address + 8)

    def jump_to(self, i: Instruction, target: int, back: int) -> list[Item]:
        if not i.rd:
            return [Op("jump", target=target)]
        return [Op("load_imm_jump", a=REGISTER[i.rd], x=self.table.dynamic(back), target=target)]

    def jalr(self, i: Instruction) -> list[Item]:
        if not i.rs1:
            self.refuse(i, "a jump to a constant address", "call a function by its name")
        imm = self.low_bits(i)
        if not i.rd:
            return [Op("jump_ind", a=REGISTER[i.rs1], x=imm)]
        back = self.table.dynamic(i.address + 4)
        return [Op("load_imm_jump_ind", a=REGISTER[i.rd], b=REGISTER[i.rs1], x=back, y=imm)]

    def ecall(self, i: Instruction) -> list[Item]:
        before = self.straight_before(i)
        if before and before[0].name == "select":
            return [Op("ecall")]
        operation = constant_in_t0(before)
        if operation is None:
            self.refuse(i, "ecall without its operation", SET_OPERATION)
        if not -(2**31) <= operation < 2**32:
            self.refuse(i, f"operation {operation:#x} has more than 32 bits", "operations are 0..2^32-1")
        return [Op("ecalli", x=signed(operation, 32))]

    def straight_before(self, i: Instruction) -> list[Instruction]:
        """What is always done directly before it, the latest first; none has a relocation."""
        found: list[Instruction] = []
        at = i
        for before in self.before:
            if before.address != at.address - 4 or at.address in self.program.targets:
                break
            if not relocate.is_free(self.guest, before.address):
                break
            found.append(before)
            at = before
        return found

    def trap(self, i: Instruction) -> list[Item]:
        return [Op("trap")]

    def nothing(self, i: Instruction) -> list[Item]:
        return []


def constant_in_t0(before: Sequence[Instruction]) -> int | None:
    """What `li t0, N` just left there; `before` are the instructions, the latest first."""
    steps: list[Instruction] = []
    for i in before:
        if i.rd != T0 or i.name not in CONSTANT or i.rs1 not in (0, T0):
            return None
        steps.append(i)
        if i.rs1 == 0:  # lui has none
            break
    else:
        return None
    value = 0
    for i in reversed(steps):
        value = signed(CONSTANT[i.name](value if i.rs1 else 0, i.imm), 64)
    return value


def copy(target: int, source: int) -> list[Item]:
    return [] if target == source else [Op("move_reg", a=source, d=target)]


def what_is_left(todo: Left, rd: int, source: int) -> list[Item]:
    rd, source = REGISTER[rd], REGISTER[source]
    if isinstance(todo, tuple):
        name, imm = todo
        return [Op(name, a=rd, b=source, x=imm)]
    if todo == "copy":
        return copy(rd, source)
    return [load_constant(rd, {"zero": 0, "ones": -1}[todo])]


def load(width: str, target: int, base: int, offset: int) -> Op:
    if not base:
        return Op("load_" + width, a=target, x=address_immediate(offset))
    return Op("load_ind_" + width, a=target, b=REGISTER[base], x=offset)


def keep(register: int, place: int) -> Op:
    """Saves a borrowed register below the stack pointer."""
    return Op("store_ind_u64", a=register, b=SP, x=LOWEST_UNUSED * place)


def give_back(register: int, place: int) -> Op:
    return Op("load_ind_u64", a=register, b=SP, x=LOWEST_UNUSED * place)


LOWER: dict[str, Callable[[Lowering, Instruction], list[Item]]] = {
    **dict.fromkeys(THREE, Lowering.three),
    **dict.fromkeys(TWO, Lowering.two),
    **dict.fromkeys(IMMEDIATE, Lowering.immediate),
    **dict.fromkeys(LOAD, Lowering.load),
    **dict.fromkeys(STORE, Lowering.store),
    **dict.fromkeys(BRANCH, Lowering.branch),
    **dict.fromkeys(("ebreak", "unimp"), Lowering.trap),
    **dict.fromkeys(("fence", "select"), Lowering.nothing),
    "auipc": Lowering.auipc,
    "call": Lowering.call,
    "ecall": Lowering.ecall,
    "jal": Lowering.jal,
    "jalr": Lowering.jalr,
    "la": Lowering.address,
    "lui": Lowering.lui,
    "nowhere": Lowering.trap,
    "orc.b": Lowering.orc_b,
}
