"""RISC-V words to instructions: RV64E with M and Zbb.

A row of the table is name, format, and the bits that distinguish the instruction: those of
`match` under `mask`.
"""

from typing import NamedTuple

REGISTER_NAME = ("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5")

Row = tuple[str, str, int, int]  # name, format, match, mask
F3, F7, F6, IMM = 0x0000707F, 0xFE00707F, 0xFC00707F, 0xFFF0707F


def rows(format: str, mask: int, opcode: int, *entries: tuple[str, int, int]) -> list[Row]:
    """Entries are name, funct3, and the value of the topmost field when the mask has one."""
    shift = {F3: 0, F7: 25, F6: 26, IMM: 20}[mask]
    return [(name, format, opcode | f3 << 12 | top << shift, mask) for name, f3, top in entries]


TABLE: list[Row] = [
    ("lui", "U", 0x37, 0x7F),
    ("auipc", "U", 0x17, 0x7F),
    ("jal", "J", 0x6F, 0x7F),
    *rows("I", F3, 0x67, ("jalr", 0, 0)),
    *rows("B", F3, 0x63, ("beq", 0, 0), ("bne", 1, 0), ("blt", 4, 0), ("bge", 5, 0), ("bltu", 6, 0), ("bgeu", 7, 0)),
    *rows("I", F3, 0x03, ("lb", 0, 0), ("lh", 1, 0), ("lw", 2, 0), ("ld", 3, 0), ("lbu", 4, 0), ("lhu", 5, 0)),
    *rows("I", F3, 0x03, ("lwu", 6, 0)),
    *rows("S", F3, 0x23, ("sb", 0, 0), ("sh", 1, 0), ("sw", 2, 0), ("sd", 3, 0)),
    *rows("I", F3, 0x13, ("addi", 0, 0), ("slti", 2, 0), ("sltiu", 3, 0), ("xori", 4, 0), ("ori", 6, 0)),
    *rows("I", F3, 0x13, ("andi", 7, 0)),
    *rows("H6", F6, 0x13, ("slli", 1, 0), ("srli", 5, 0), ("srai", 5, 0x10), ("rori", 5, 0x18)),
    *rows("UN", IMM, 0x13, ("clz", 1, 0x600), ("ctz", 1, 0x601), ("cpop", 1, 0x602), ("sext.b", 1, 0x604)),
    *rows("UN", IMM, 0x13, ("sext.h", 1, 0x605), ("orc.b", 5, 0x287), ("rev8", 5, 0x6B8)),
    *rows("I", F3, 0x1B, ("addiw", 0, 0)),
    *rows("H5", F7, 0x1B, ("slliw", 1, 0), ("srliw", 5, 0), ("sraiw", 5, 0x20), ("roriw", 5, 0x30)),
    *rows("UN", IMM, 0x1B, ("clzw", 1, 0x600), ("ctzw", 1, 0x601), ("cpopw", 1, 0x602)),
    *rows("R", F7, 0x33, ("add", 0, 0), ("sub", 0, 0x20), ("sll", 1, 0), ("slt", 2, 0), ("sltu", 3, 0)),
    *rows("R", F7, 0x33, ("xor", 4, 0), ("srl", 5, 0), ("sra", 5, 0x20), ("or", 6, 0), ("and", 7, 0)),
    *rows("R", F7, 0x33, ("mul", 0, 1), ("mulh", 1, 1), ("mulhsu", 2, 1), ("mulhu", 3, 1)),
    *rows("R", F7, 0x33, ("div", 4, 1), ("divu", 5, 1), ("rem", 6, 1), ("remu", 7, 1)),
    *rows("R", F7, 0x33, ("andn", 7, 0x20), ("orn", 6, 0x20), ("xnor", 4, 0x20), ("rol", 1, 0x30), ("ror", 5, 0x30)),
    *rows("R", F7, 0x33, ("min", 4, 5), ("minu", 5, 5), ("max", 6, 5), ("maxu", 7, 5)),
    *rows("R", F7, 0x3B, ("addw", 0, 0), ("subw", 0, 0x20), ("sllw", 1, 0), ("srlw", 5, 0), ("sraw", 5, 0x20)),
    *rows("R", F7, 0x3B, ("mulw", 0, 1), ("divw", 4, 1), ("divuw", 5, 1), ("remw", 6, 1), ("remuw", 7, 1)),
    *rows("R", F7, 0x3B, ("rolw", 1, 0x30), ("rorw", 5, 0x30)),
    ("zext.h", "UN", 0x0800403B, IMM | 0x01F00000),
    *rows("N", F3, 0x0F, ("fence", 0, 0)),
    ("ecall", "N", 0x00000073, 0xFFFFFFFF),
    ("ebreak", "N", 0x00100073, 0xFFFFFFFF),
    ("unimp", "N", 0xC0001073, 0xFFFFFFFF),
    ("unimp", "N", 0x00000000, 0xFFFFFFFF),
    ("select", "N", 0x80001073, 0xFFFFFFFF),  # csrw 0x800, zero: the next ecall is the PVM's, not ecalli
]

BY_MASK: dict[int, dict[int, tuple[str, str]]] = {}
for _name, _format, _match, _mask in TABLE:
    BY_MASK.setdefault(_mask, {})[_match] = (_name, _format)

FORMAT = {name: format for name, format, _, _ in TABLE}

# Which register fields a format has: rd, rs1, rs2.
FIELDS = {"U": "d", "J": "d", "I": "d1", "H6": "d1", "H5": "d1", "UN": "d1", "R": "d12", "B": "12", "S": "12", "N": ""}

MARCH = "use -march=rv64em_zbb"
WHY = {
    **dict.fromkeys(
        (0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53),
        ("floating point", "there are no registers for it: compile with -march=rv64em_zbb -mabi=lp64e, for functions"),
    ),
    0x2F: ("an atomic", "there are no threads: use plain variables"),
    0x57: ("a vector instruction", MARCH),
    0x73: ("a system instruction", "only ecall (after li t0, N), ebreak and unimp exist"),
}


class Instruction(NamedTuple):
    address: int
    name: str
    rd: int
    rs1: int
    rs2: int
    imm: int


class Unsupported(Exception):
    """The word is no instruction that a guest may have."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


def decode(address: int, word: int) -> Instruction:
    """One word; raises Unsupported."""
    for mask, matches in BY_MASK.items():
        if (found := matches.get(word & mask)) is not None:
            break
    else:
        raise unknown(word)
    name, format = found
    fields = {"d": word >> 7 & 31, "1": word >> 15 & 31, "2": word >> 20 & 31}
    rd, rs1, rs2 = (fields[f] if f in FIELDS[format] else 0 for f in "d12")
    for register in (rd, rs1, rs2):
        check_register(name, register)
    return Instruction(address, name, rd, rs1, rs2, immediate(format, word))


def unknown(word: int) -> Unsupported:
    if word & 3 != 3:
        return Unsupported(f"{word & 0xFFFF:#06x} is a compressed instruction", MARCH)
    what, advice = WHY.get(word & 0x7F, ("an instruction beyond RV64E, M and Zbb", MARCH))
    return Unsupported(f"{word:#010x} is {what}", advice)


def check_register(name: str, register: int) -> None:
    if register in (3, 4):
        raise Unsupported(
            f"{name} uses x{register} ({REGISTER_NAME[register]})", "no _Thread_local, and no --relax-gp when linking"
        )
    if register > 15:
        raise Unsupported(f"{name} uses x{register}", "there are 16 registers: use -march=rv64em_zbb -mabi=lp64e")


def signed(value: int, bits: int) -> int:
    return (value & (1 << bits) - 1) - ((value & 1 << bits - 1) << 1)


def immediate(format: str, word: int) -> int:
    if format == "I":
        return signed(word >> 20, 12)
    if format == "S":
        return signed(word >> 20 & 0xFE0 | word >> 7 & 0x1F, 12)
    if format == "B":
        bits = word >> 19 & 0x1000 | word << 4 & 0x800 | word >> 20 & 0x7E0 | word >> 7 & 0x1E
        return signed(bits, 13)
    if format == "U":
        return signed(word & 0xFFFFF000, 32)
    if format == "J":
        bits = word >> 11 & 0x100000 | word & 0xFF000 | word >> 9 & 0x800 | word >> 20 & 0x7FE
        return signed(bits, 21)
    if format == "H6":
        return word >> 20 & 0x3F
    if format == "H5":
        return word >> 20 & 0x1F
    return 0
