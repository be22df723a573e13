"""The code of a guest as instructions, and every place in it that a jump may go to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import elf, relocate
from .decode import Instruction, Unsupported, decode

BRANCH = {"beq", "bne", "blt", "bge", "bltu", "bgeu"}


@dataclass
class Program:
    instructions: list[Instruction]  # in the order of their addresses; a call's two words are one "call"
    targets: set[int]  # RISC-V addresses that must begin a block
    table: relocate.JumpTable


def read(guest: elf.Guest, entries: Iterable[int]) -> Program:
    """Guest and the addresses of its endpoints to Program; raises LinkError."""
    instructions: list[Instruction] = []
    for section in guest.code:
        instructions += section_instructions(guest, section)
    known = {i.address for i in instructions}
    direct = {i.address: target for i in instructions if (target := target_of(i)) is not None}
    for address, target in direct.items():
        if target not in known:
            guest.refuse(address, f"a jump to {target:#x}, which is no instruction", "do not jump into data")
    returns = {after(i) for i in instructions if i.name in ("call", "jal", "jalr") and i.rd}
    taken = relocate.taken(guest)
    for address in sorted(taken - known):
        guest.refuse(address, "its address is taken, and it is within a call", "put a label before the call")
    for instruction in instructions:
        if instruction.name in ("call", "jal", "jalr") and instruction.rd and after(instruction) not in known:
            guest.refuse(instruction.address, "a call at the end of the code", "put unimp behind it")
    return Program(
        instructions, set(direct.values()) | returns | taken | set(entries), relocate.JumpTable(returns | taken)
    )


def after(instruction: Instruction) -> int:
    return instruction.address + (8 if instruction.name == "call" else 4)


def target_of(instruction: Instruction) -> int | None:
    """Where a direct jump goes, or None."""
    if instruction.name in BRANCH or instruction.name == "jal":
        return instruction.address + instruction.imm
    return instruction.imm if instruction.name == "call" else None


def section_instructions(guest: elf.Guest, section: elf.Section) -> Iterator[Instruction]:
    if section.data is None or section.address % 4 or section.size % 4:
        guest.refuse(section.address, f"section {section.name} is not made of 4-byte instructions", "link it again")
    at, end = section.address, section.end
    while at < end:
        instruction = instruction_at(guest, section, at)
        yield instruction
        at = after(instruction)


def instruction_at(guest: elf.Guest, section: elf.Section, address: int) -> Instruction:
    offset = address - section.address
    word = int.from_bytes(section.content[offset : offset + 4], "little")
    try:
        found = decode(address, word)
        if found.name != "auipc" or not (call := relocate.find(guest, address, relocate.CALLS)):
            return found
        jump = decode(address + 4, int.from_bytes(section.content[offset + 4 : offset + 8], "little"))
    except Unsupported as error:
        guest.refuse(address, error.problem, error.advice)
    if jump.name != "jalr" or jump.rs1 != found.rd:
        guest.refuse(address, "a call relocation on something else than auipc and jalr", "write `call` or `tail`")
    if call.symbol is not None and call.symbol.undefined:
        guest.refuse(address, f"{call.symbol.name} is not defined", "link the file that defines it")
    return Instruction(address, "call", jump.rd, 0, 0, call.target)
