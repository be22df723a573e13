"""Relocations: which code addresses are taken, and what goes where a value of one was.

A code address is worth nothing to a PVM program: what it holds instead is the dynamic address of
a jump-table entry.
"""

from collections.abc import Iterable, Sequence, Set

from .elf import Guest, Relocation, Section
from .errors import LinkError

IGNORED = {"R_RISCV_NONE", "R_RISCV_RELAX", "R_RISCV_ALIGN"}
BRANCHES = {"R_RISCV_BRANCH", "R_RISCV_JAL"}  # the instruction itself holds where it goes
CALLS = {"R_RISCV_CALL", "R_RISCV_CALL_PLT"}
HIGH, LOW = {"R_RISCV_HI20"}, {"R_RISCV_LO12_I", "R_RISCV_LO12_S"}
PC_HIGH, PC_LOW = {"R_RISCV_PCREL_HI20"}, {"R_RISCV_PCREL_LO12_I", "R_RISCV_PCREL_LO12_S"}
GOT_HIGH = {"R_RISCV_GOT_HI20"}  # the address of a word that holds the address; there is no such word in an Image
WORDS = {"R_RISCV_32": 4, "R_RISCV_64": 8}
ADDS = {"R_RISCV_ADD8": 1, "R_RISCV_ADD16": 2, "R_RISCV_ADD32": 4, "R_RISCV_ADD64": 8}
SUBS = {"R_RISCV_SUB8": 1, "R_RISCV_SUB16": 2, "R_RISCV_SUB32": 4, "R_RISCV_SUB64": 8}
DATA_KINDS = IGNORED | WORDS.keys() | ADDS.keys() | SUBS.keys()
CODE_KINDS = IGNORED | BRANCHES | CALLS | HIGH | LOW | PC_HIGH | PC_LOW | GOT_HIGH
TAKEN = HIGH | LOW | PC_HIGH | GOT_HIGH | WORDS.keys() | ADDS.keys() | SUBS.keys()
JUMP_ALIGNMENT = 2
ONE = "keep each label address, or difference of two, in a word of its own"
BESIDE = "link with --emit-relocs --relax, as `assay cc` does: with --no-relax lld moves code and leaves relocations"


def check(guest: Guest) -> None:
    """Every relocation of a loaded section is one that the linker knows; raises LinkError."""
    for address, relocations in guest.relocations.items():
        section = guest.section_at(address)
        if section is None:
            raise LinkError(f"a relocation at {address:#x} is outside of its section", advice=BESIDE)
        known = CODE_KINDS if section.executable else DATA_KINDS
        for relocation in relocations:
            if relocation.kind not in known:
                guest.refuse(address, f"relocation {relocation.kind} is not supported", advice_for(relocation.kind))


def advice_for(kind: str) -> str:
    if "TLS" in kind or "TPREL" in kind:
        return "there are no threads; remove _Thread_local"
    if "SET" in kind or "SUB" in kind or "PCREL" in kind or kind == "R_RISCV_PLT32":
        return "keep differences of labels in .half, .word or .dword, as symbol - symbol"
    return "compile without -fPIC, for the medlow code model; link with -static --no-relax"


def taken(guest: Guest) -> set[int]:
    """The code addresses that the program holds as values."""
    found: set[int] = set()
    for address, relocations in guest.relocations.items():
        for relocation in relocations:
            if relocation.kind in TAKEN and relocation.in_code:
                if relocation.target % 4 or not relocation.is_inside:
                    guest.refuse(address, f"{relocation.target:#x} is no instruction", "do not compute code addresses")
                found.add(relocation.target)
    return found


def find(guest: Guest, address: int, kinds: Set[str]) -> Relocation | None:
    """The relocation of one of these kinds at an address, or None."""
    return next((r for r in guest.relocations.get(address, ()) if r.kind in kinds), None)


def is_free(guest: Guest, address: int) -> bool:
    """Whether no relocation changes what lies there."""
    return all(relocation.kind in IGNORED for relocation in guest.relocations.get(address, ()))


class JumpTable:
    """Which entry stands for which RISC-V address."""

    def __init__(self, addresses: Iterable[int]) -> None:
        self.addresses = sorted(addresses)
        self.entry = {address: n for n, address in enumerate(self.addresses)}

    def dynamic(self, address: int) -> int:
        """What a program holds to jump to a RISC-V address."""
        return JUMP_ALIGNMENT * (self.entry[address] + 1)

    def value(self, relocation: Relocation) -> int:
        """What a relocation's target is worth in the Image."""
        return self.dynamic(relocation.target) if relocation.in_code else relocation.target


def patched(guest: Guest, section: Section, table: JumpTable) -> bytes:
    """The section's bytes with jump-table addresses for code addresses."""
    data = bytearray(section.content)
    end = section.address
    for address in sorted(a for a in guest.relocations if section.holds(a)):
        relocations = [r for r in guest.relocations[address] if r.kind not in IGNORED]
        if not relocations:
            continue
        size = size_of(guest, relocations)
        if address < end and any(r.in_code for r in relocations):
            guest.refuse(address, "a code address that overlaps another value", ONE)
        end = max(end, address + size)
        if any(relocation.in_code for relocation in relocations):
            patch(guest, data, address - section.address, size, relocations, table)
    return bytes(data)


def size_of(guest: Guest, relocations: Sequence[Relocation]) -> int:
    """The bytes of a value: of one address, or of the terms of a sum."""
    sizes = {(WORDS | ADDS | SUBS)[r.kind] for r in relocations}
    is_whole = any(r.kind in WORDS for r in relocations)
    if any(r.in_code for r in relocations) and (len(sizes) > 1 or (is_whole and len(relocations) > 1)):
        guest.refuse(relocations[0].address, "several code addresses for one value", ONE)
    return max(sizes)


def patch(
    guest: Guest, data: bytearray, offset: int, size: int, relocations: Sequence[Relocation], table: JumpTable
) -> None:
    """Several relocations at one place are the terms of a sum, with what was there before."""
    sign = [-1 if r.kind in SUBS else 1 for r in relocations]
    linked = sum(s * r.target for s, r in zip(sign, relocations, strict=True))
    total = sum(s * table.value(r) for s, r in zip(sign, relocations, strict=True))
    before = (int.from_bytes(data[offset : offset + size], "little") - linked) % 2 ** (8 * size)
    is_difference = any(r.kind in SUBS for r in relocations)
    if before and not is_difference:
        guest.refuse(relocations[0].address, f"{relocations[0].kind} does not fit its value", BESIDE)
    fits = size >= 4 or (is_difference and -(2 ** (8 * size - 1)) <= total < 2 ** (8 * size - 1))
    if not fits or offset + size > len(data):
        guest.refuse(relocations[0].address, "a code address in too few bytes", "keep code addresses in 4 or 8 bytes")
    data[offset : offset + size] = ((total + before) % 2 ** (8 * size)).to_bytes(size, "little")
