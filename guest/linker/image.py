"""The whole: ELF bytes to an Image that the specification admits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import model

from . import blocks, constructors, elf, endpoints, layout, lower, optimise, program, relocate
from .code import Key
from .decode import Instruction
from .errors import LinkError

STACK_POINTER = lower.SP
GAS_SLOT, QUOTA_SLOT, YIELD_SLOT = (model.kernel.table.KERNEL_SLOT[n] for n in ("gas", "quota", "yield_catcher"))
kernel = model.kernel
Registers = Mapping[tuple[int, int], int]  # (endpoint, PVM register) -> value at entry


@dataclass(frozen=True)
class Linked:
    image: bytes
    guest: elf.Guest
    instructions: list[Instruction]
    position: dict[Key, int]


def link(data: bytes, registers: Registers | None = None) -> Linked:
    """ELF bytes to Linked; raises LinkError."""
    guest = elf.read(data)
    relocate.check(guest)
    entries = endpoints.read(guest)
    added, entries = constructors.added(guest, entries)
    code = program.read(guest, [endpoint.address for endpoint in entries.values()], added)
    stream = lower.Lowering(guest, code).all()
    stream = optimise.optimise(stream, code.targets, constants(guest))
    placed = blocks.place(stream, code.targets, code.table)
    regions = layout.regions(guest, code.table)
    image = build(placed, entries, regions, registers or {})
    return Linked(admitted(image), guest, code.instructions, placed.position)


def constants(guest: elf.Guest) -> optimise.Constant:
    """A function that gives bytes of memory that never change, or None."""
    fixed = [s for s in guest.data if layout.kind(s) == "read-only" and s.data is not None]
    relocated = {
        address + n
        for address, found in guest.relocations.items()
        if any(relocation.in_code for relocation in found)
        for n in range(8)
    }

    def constant_at(address: int, size: int) -> bytes | None:
        for section in fixed:
            is_inside = section.address <= address and address + size <= section.end
            if is_inside and relocated.isdisjoint(range(address, address + size)):
                return section.content[address - section.address :][:size]
        return None

    return constant_at


def build(
    placed: blocks.Placed,
    entries: Mapping[int, endpoints.Endpoint],
    regions: Sequence[layout.Region],
    registers: Registers,
) -> kernel.Image:
    for endpoint, register in registers:
        if endpoint not in entries:
            raise LinkError(f"there is no endpoint {endpoint} whose register {register} could be set")
    start = {STACK_POINTER: layout.stack_top(regions)}
    own = {index: {r: v for (e, r), v in registers.items() if e == index} for index in entries}
    return kernel.Image(
        code=placed.blob,
        endpoints={
            e.index: kernel.EndpointDef(
                entry_pc=placed.position[e.address],
                arg_registers=e.arg_registers,
                arg_cnode_size=e.arg_cnode_size,
                initial_regs=dict(sorted((start | own[e.index]).items())),
            )
            for e in entries.values()
        },
        memory_mappings=[kernel.MemoryMapping(r.start, r.size, [r.slot]) for r in regions],
        gas_slots=[GAS_SLOT],
        quota_slots=[QUOTA_SLOT],
        pinned_slots={r.slot: kernel.PinnedData(r.content, r.size) for r in regions if r.pinned},
        initial_slots={r.slot: kernel.InitialData(r.content, r.size) for r in by_slot(regions) if not r.pinned},
        yield_marker_slot=YIELD_SLOT,
    )


def by_slot(regions: Iterable[layout.Region]) -> list[layout.Region]:
    return sorted(regions, key=lambda region: region.slot)


def admitted(image: kernel.Image) -> bytes:
    """The bytes of the Image; raises LinkError when the specification would not admit it."""
    data = kernel.encode(image)
    try:
        kernel.admit(data)
    except (kernel.DecodeError, kernel.NotAdmitted) as error:
        raise LinkError(str(error), advice="the linker is wrong: keep the ELF and report it") from None
    return data
