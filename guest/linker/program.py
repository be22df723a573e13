"""The code of a guest as instructions, and every place in it that a jump may go to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import elf, fits, relocate
from .decode import Instruction, Unsupported, decode

PAIRS = {"call", "la", "nowhere"}  # of two words each; nowhere is the call of a weak symbol that nobody defined
BRANCH = {"beq", "bne", "blt", "bge", "bltu", "bgeu"}


@dataclass
class Program:
    instructions: list[Instruction]  # in the order of their addresses; a call's two words are one "call"
    targets: set[int]  # RISC-V addresses that must begin a block
    table: relocate.JumpTable


def read(guest: elf.Guest, entries: Iterable[int], added: Sequence[Instruction] = ()) -> Program:
    """Guest, the addresses of its endpoints and code that its ELF does not have to Program; raises LinkError."""
    instructions: list[Instruction] = []
    for section in guest.code:
        instructions += section_instructions(guest, section)
    by_address = {i.address: i for i in instructions}
    fits.check(guest, by_address)
    instructions += added
    by_address |= {i.address: i for i in added}
    known = by_address.keys()
    direct = {i.address: target for i in instructions if (target := target_of(i)) is not None}
    for address, target in direct.items():
        if target not in known:
            guest.refuse(address, f"a jump to {target:#x}, which is no instruction", "do not jump into data")
    returns = {after(i) for i in instructions if i.name in ("call", "jal", "jalr") and i.rd}
    taken = relocate.taken(guest) | {i.imm for i in instructions if i.name == "la" and i.imm in known}
    for address in sorted(taken - known):
        guest.refuse(address, "its address is taken, and it is within a call", "put a label before the call")
    return Program(
        instructions, set(direct.values()) | returns | taken | set(entries), relocate.JumpTable(returns | taken)
    )


def after(instruction: Instruction) -> int:
    return instruction.address + (8 if instruction.name in PAIRS else 4)


def target_of(instruction: Instruction) -> int | None:
    """Where a direct jump goes, or None."""
    if instruction.name in BRANCH or instruction.name == "jal":
        return instruction.address + instruction.imm
    return instruction.imm if instruction.name == "call" else None


def section_instructions(guest: elf.Guest, section: elf.Section) -> Iterator[Instruction]:
    """Its instructions, and a trap where the last of them may return to or run into nothing."""
    if section.data is None or section.address % 4 or section.size % 4:
        guest.refuse(section.address, f"section {section.name} is not made of 4-byte instructions", "link it again")
    at, end = section.address, section.end
    last = None
    while at < end:
        last = instruction_at(guest, section, at)
        yield last
        at = after(last)
    goes_on = last is not None and (last.rd or last.name not in ("call", "jal", "jalr", "unimp", "nowhere"))
    if goes_on and not any(other.address == at for other in guest.code):
        yield Instruction(at, "unimp", 0, 0, 0, 0)


def instruction_at(guest: elf.Guest, section: elf.Section, address: int) -> Instruction:
    offset = address - section.address
    word = int.from_bytes(section.content[offset : offset + 4], "little")
    following = int.from_bytes(section.content[offset + 4 : offset + 8], "little")
    try:
        found = decode(address, word)
        if found.name == "auipc":
            if call := relocate.find(guest, address, relocate.CALLS):
                return called(guest, found, decode(address + 4, following), call)
            if relocate.is_free(guest, address):
                return resolved(guest, found, decode(address + 4, following))
    except Unsupported as error:
        guest.refuse(address, error.problem, error.advice + type_word(guest, address))
    jump = relocate.find(guest, address, {"R_RISCV_JAL"})
    if jump is not None and jump.symbol is not None and jump.symbol.undefined:
        return Instruction(address, "unimp", 0, 0, 0, 0)
    return found


def called(guest: elf.Guest, upper: Instruction, jump: Instruction, call: elf.Relocation) -> Instruction:
    """auipc and jalr with a relocation."""
    address = upper.address
    if jump.name != "jalr" or jump.rs1 != upper.rd:
        guest.refuse(address, "a call relocation on something else than auipc and jalr", "write `call` or `tail`")
    if call.symbol is not None and call.symbol.undefined:
        return Instruction(address, "nowhere", 0, 0, 0, 0)
    if (address + upper.imm + jump.imm - call.target) % 2**64:
        guest.refuse(address, f"{call.kind} does not fit its instruction", relocate.BESIDE)
    return Instruction(address, "call", jump.rd, 0, 0, call.target)


def resolved(guest: elf.Guest, upper: Instruction, lower: Instruction) -> Instruction:
    """auipc and what follows, where an assembler without relaxation (-mno-relax) left no relocation."""
    target = (upper.address + upper.imm + lower.imm) % 2**64
    is_own = lower.rs1 == upper.rd and relocate.is_free(guest, lower.address)
    if is_own and lower.name == "jalr":
        return Instruction(upper.address, "call", lower.rd, 0, 0, target)
    if not is_own or lower.name != "addi" or lower.rd != upper.rd:
        advice = "compile with -mrelax; link with --emit-relocs --relax"
        guest.refuse(upper.address, "auipc without a relocation", advice)
    return Instruction(upper.address, "la", lower.rd, 0, 0, target)


def type_word(guest: elf.Guest, address: int) -> str:
    """What else may be the matter with a word that is no instruction, directly before a function; or nothing."""
    is_data = any(symbol.value == address and symbol.name.startswith("$d") for symbol in guest.symbols)
    following = {start: symbol.name for start, symbol in guest.functions if symbol.kind == "STT_FUNC"}
    name = following.get(address + 4) or following.get(address + 8)
    if not is_data or not name:
        return ""
    options = "-fsanitize=kcfi, -fsanitize=function or -fpatchable-function-entry"
    return f"; if it is a word that the compiler puts before {name}, compile without {options}"
