"""Every relocation of code against its instruction: form and immediate must be what its kind makes of its target.

Relocations that lie beside their instruction (as after a link step that moved code, and not its relocations) would
make a program that looks right and is not.
"""

from collections.abc import Mapping

from . import relocate
from .decode import FORMAT, Instruction, signed
from .elf import Guest, Relocation

LOWER = "place it below 2^31 - 2048, or compile with -mcmodel=medany"
LOADS_OF_GOT = {"ld"}


def check(guest: Guest, instructions: Mapping[int, Instruction]) -> None:
    """Raises LinkError."""
    for address, relocations in guest.relocations.items():
        section = guest.section_at(address)
        if section is None or not section.executable:
            continue
        for relocation in relocations:
            if relocation.kind in relocate.IGNORED:
                continue
            instruction = instructions.get(address)
            if relocation.kind in relocate.HIGH and not is_reached(relocation.target):
                guest.refuse(address, f"lui and addi cannot make {relocation.target:#x}", LOWER)
            if instruction is None or not fits(guest, instruction, relocation):
                guest.refuse(address, f"{relocation.kind} does not fit its instruction", relocate.BESIDE)


def fits(guest: Guest, i: Instruction, relocation: Relocation) -> bool:
    kind, target = relocation.kind, relocation.target
    if kind in relocate.CALLS:
        return i.name in ("call", "nowhere")  # its immediates were looked at when it was read
    if kind in relocate.HIGH:
        return i.name == "lui" and i.imm == high(target)
    if kind in relocate.LOW:
        return has_form(i, kind) and i.imm == signed(target, 12)
    if kind in relocate.GOT_HIGH:
        return i.name == "auipc"
    if kind in relocate.PC_HIGH:
        return i.name == "auipc" and (is_nowhere(relocation) or i.imm == high(target - i.address))
    if kind in relocate.PC_LOW:
        return has_form(i, kind) and fits_low(guest, i, relocation)
    if kind == "R_RISCV_BRANCH":
        return FORMAT.get(i.name) == "B" and i.address + i.imm == target
    return i.name == "unimp" if is_nowhere(relocation) else i.name == "jal" and i.address + i.imm == target


def is_reached(target: int) -> bool:
    """Whether what lui adds and what 12 bits add is the address, and not only its low 32 bits."""
    return high(target) + signed(target, 12) == signed(target, 64)


def fits_low(guest: Guest, i: Instruction, relocation: Relocation) -> bool:
    """The low part of what an auipc elsewhere is the high part of."""
    if relocate.find(guest, relocation.target, relocate.GOT_HIGH) is not None:
        return i.name in LOADS_OF_GOT
    upper = relocate.find(guest, relocation.target, relocate.PC_HIGH)
    if upper is None:
        return True  # lowering refuses it, with the better reason
    return is_nowhere(upper) or i.imm == signed(upper.target - relocation.target, 12)


def is_nowhere(relocation: Relocation) -> bool:
    """Whether its symbol is a weak one that nobody defined."""
    return relocation.symbol is not None and relocation.symbol.undefined


def has_form(i: Instruction, kind: str) -> bool:
    return FORMAT.get(i.name) == kind[-1]


def high(value: int) -> int:
    """What lui and auipc add of a value."""
    return signed(value + 0x800 & 0xFFFFF000, 32)
