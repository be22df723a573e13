"""Functions that run before a program begins: those of C++'s static objects, and of __attribute__((constructor)).

There is no start of a program but its endpoints. If there is an .init_array, each endpoint first calls what it lists,
in its order, and once for a memory: the first word of the array becomes 0 when that is done. The code for it is made
here of RISC-V instructions, behind all other code, where nothing has an address.
"""

from collections.abc import Mapping
from dataclasses import replace

from . import elf, relocate
from .decode import Instruction
from .endpoints import Endpoint

ARRAYS = (".preinit_array", ".init_array")  # in the order in which they run
ENTRY = 8
RA, SP, T0, T1 = 1, 2, 5, 6
ARGUMENTS = range(10, 16)  # a0 to a5
FRAME = 64
APART = 64  # from the last code to the first of these
ADVICE = "let the compiler make it, from constructors"


def read(guest: elf.Guest) -> dict[int, int]:
    """The address of each entry -> that of its function; raises LinkError."""
    found: dict[int, int] = {}
    for name in ARRAYS:
        for section in (section for section in guest.sections if section.name == name):
            if not section.writable or section.size % ENTRY or section.data is None:
                guest.refuse(section.address, f"section {name} is no writable list of 8-byte addresses", ADVICE)
            for address in range(section.address, section.end, ENTRY):
                function = relocate.find(guest, address, {"R_RISCV_64"})
                if function is None or not function.in_code or function.target % 4:
                    guest.refuse(address, f"an entry of {name} that is no function", ADVICE)
                found[address] = function.target
    return found


def added(guest: elf.Guest, entries: Mapping[int, Endpoint]) -> tuple[list[Instruction], dict[int, Endpoint]]:
    """(code to add, where the endpoints begin now)."""
    functions = read(guest)
    if not functions:
        return [], dict(entries)
    code = Code(max(section.end for section in guest.code) + APART)
    run_all(code, functions)
    start, moved = code.instructions[0].address, {}
    for index, endpoint in entries.items():
        moved[index] = replace(endpoint, address=code.at)
        begin(code, start, endpoint.address)
    return code.instructions, moved


class Code:
    """Instructions, one after the other."""

    def __init__(self, at: int) -> None:
        self.instructions: list[Instruction] = []
        self.at = at

    def add(self, name: str, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> None:
        self.instructions.append(Instruction(self.at, name, rd, rs1, rs2, imm))
        self.at += 8 if name in ("call", "la") else 4


def run_all(code: Code, functions: Mapping[int, int]) -> None:
    """A function that calls all of them, unless it did."""
    code.add("addi", SP, SP, imm=-16)
    code.add("sd", rs1=SP, rs2=RA)
    code.add("la", T0, imm=min(functions))
    code.add("ld", T1, T0)
    code.add("beq", rs1=T1, imm=8 + 8 * len(functions))
    code.add("sd", rs1=T0)
    for function in functions.values():
        code.add("call", RA, imm=function)
    code.add("ld", RA, SP)
    code.add("addi", SP, SP, imm=16)
    code.add("jalr", rs1=RA)


def begin(code: Code, start: int, endpoint: int) -> None:
    """What an endpoint does first: the arguments wait on the stack."""
    code.add("addi", SP, SP, imm=-FRAME)
    save(code, "sd")
    code.add("call", RA, imm=start)
    save(code, "ld")
    code.add("addi", SP, SP, imm=FRAME)
    code.add("jal", imm=endpoint - code.at)


def save(code: Code, name: str) -> None:
    for n, register in enumerate(ARGUMENTS):
        if name == "sd":
            code.add("sd", rs1=SP, rs2=register, imm=8 * n)
        else:
            code.add("ld", register, SP, imm=8 * n)
