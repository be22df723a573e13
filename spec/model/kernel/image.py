"""image.md: Images, their content hash and their admission."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from model.kernel.hash import H
from model.kernel.scale import HASH, U8, U32, U64, Bytes, Enum, Map, Option, Reader, Struct, Vec, decode
from model.kernel.table import ADMIT, LIMIT
from model.machine import blob
from model.machine.isa import Program
from model.machine.mem import PAGE_SIZE
from model.reach import rule
from model.table import REJECT, check_names

RESERVED = {
    LIMIT["payload_slot"],
    *range(LIMIT["reserved_slot_min"], LIMIT["reserved_slot_max"] + 1),
}


@dataclass
class EndpointDef:
    entry_pc: int = 0
    arg_registers: int = 0
    arg_cnode_size: int = 0
    initial_regs: dict[int, int] = field(default_factory=dict)


@dataclass
class MemoryMapping:
    start: int
    size: int
    source: list[int]  # a SlotPath


@dataclass
class PinnedData:
    content: bytes
    size: int


@dataclass
class PinnedImage:
    content_hash: bytes


@dataclass
class InitialData:
    content: bytes
    size: int


@dataclass
class Image:
    code: bytes = b""
    endpoints: dict[int, EndpointDef] = field(default_factory=dict)
    memory_mappings: list[MemoryMapping] = field(default_factory=list)
    gas_slots: list[int] = field(default_factory=list)
    quota_slots: list[int] = field(default_factory=list)
    pinned_slots: dict[int, PinnedData | PinnedImage] = field(default_factory=dict)
    initial_slots: dict[int, InitialData] = field(default_factory=dict)
    yield_marker_slot: int | None = None


class SlotPath(Vec[int]):
    def read(self, reader: Reader) -> list[int]:
        steps = super().read(reader)
        if not steps:
            rule("image/decode/empty_path")
        return steps


ENDPOINT = Struct(EndpointDef, entry_pc=U64, arg_registers=U8, arg_cnode_size=U8, initial_regs=Map(U8, U64))
MAPPING = Struct(MemoryMapping, start=U64, size=U64, source=SlotPath(U32))
PINNED: Enum[PinnedData | PinnedImage] = Enum(
    Struct(PinnedData, content=Bytes(), size=U64), Struct(PinnedImage, content_hash=HASH)
)
INITIAL = Struct(InitialData, content=Bytes(), size=U64)
MARKER: Option[int] = Option(U32)
IMAGE = Struct(
    Image,
    code=Bytes(),
    endpoints=Map(U8, ENDPOINT),
    memory_mappings=Vec(MAPPING),
    gas_slots=Vec(U32),
    quota_slots=Vec(U32),
    pinned_slots=Map(U32, PINNED),
    initial_slots=Map(U32, INITIAL),
    yield_marker_slot=MARKER,
)


def image_hash(image: Image) -> bytes:
    rule("image/hash/image")
    return H(IMAGE.write(image))


class NotAdmitted(Exception):
    """The Image decodes and breaks `rule`."""

    def __init__(self, name: str) -> None:
        self.rule = "image/admit/" + name
        rule(self.rule)
        super().__init__(f"the Image is not admitted by {self.rule}")


def admit(data: bytes) -> Image:
    """Bytes to Image; raises DecodeError, then NotAdmitted with the first reason that holds."""
    image = decode(IMAGE, data)
    try:
        program = Program(blob.parse(image.code))
    except blob.Rejected as rejected:
        raise NotAdmitted(rejected.rule.replace("blob/", "code_")) from None
    for name, holds in REASONS:
        if holds(image, program):
            raise NotAdmitted(name)
    for holds in TOLERATED:
        if holds(image, program):
            rule("image/admit/tolerated")
            rule("image/admit/tolerated/" + holds.__name__)
    return image


def unit_slots(image: Image) -> list[int]:
    """The gas, quota and yield slots."""
    marker = [] if image.yield_marker_slot is None else [image.yield_marker_slot]
    return image.gas_slots + image.quota_slots + marker


def datas(image: Image) -> list[tuple[int, PinnedData | InitialData]]:
    """Every pinned and initial Data: slot, content and size."""
    pinned = [(slot, pin) for slot, pin in image.pinned_slots.items() if isinstance(pin, PinnedData)]
    return [*pinned, *image.initial_slots.items()]


def first_steps(image: Image) -> list[int]:
    return [mapping.source[0] for mapping in image.memory_mappings if mapping.source]


def slot_range(image: Image, program: Program) -> bool:
    slots: dict[str, Iterable[int]] = {
        "gas": image.gas_slots,
        "quota": image.quota_slots,
        "yield": () if image.yield_marker_slot is None else (image.yield_marker_slot,),
        "pinned": image.pinned_slots,
        "initial": image.initial_slots,
        "path": first_steps(image),
    }
    broken = [name for name, those in slots.items() if any(slot >= LIMIT["slot_count"] for slot in those)]
    for name in broken:
        rule("image/admit/slot_range/" + name)
    return bool(broken)


def empty_path(image: Image, program: Program) -> bool:
    return any(not mapping.source for mapping in image.memory_mappings)


def start_unaligned(image: Image, program: Program) -> bool:
    return any(mapping.start % PAGE_SIZE for mapping in image.memory_mappings)


def size_unaligned(image: Image, program: Program) -> bool:
    return any(mapping.size % PAGE_SIZE for mapping in image.memory_mappings)


def end_range(image: Image, program: Program) -> bool:
    return any(mapping.start + mapping.size > 2**32 for mapping in image.memory_mappings)


def size_zero(image: Image, program: Program) -> bool:
    return any(mapping.size == 0 for mapping in image.memory_mappings)


def overlap(image: Image, program: Program) -> bool:
    by_start = sorted(image.memory_mappings, key=lambda mapping: mapping.start)
    return any(low.start + low.size > high.start for low, high in pairwise(by_start))


def pinned_and_initial(image: Image, program: Program) -> bool:
    return any(slot in image.initial_slots for slot in image.pinned_slots)


def content_too_long(image: Image, program: Program) -> bool:
    return any(len(data.content) > data.size for _, data in datas(image))


def reserved_slot(image: Image, program: Program) -> bool:
    return any(slot in RESERVED for slot in [*image.pinned_slots, *image.initial_slots])


def unit_slot_pinned(image: Image, program: Program) -> bool:
    return any(slot in image.pinned_slots for slot in unit_slots(image))


def entry_pc(image: Image, program: Program) -> bool:
    return any(not program.begins_block(endpoint.entry_pc) for endpoint in image.endpoints.values())


def content_unstripped(image: Image, program: Program) -> bool:
    return any(data.content.endswith(b"\0") for _, data in datas(image))


def path_from_slot_0(image: Image, program: Program) -> bool:
    return 0 in first_steps(image)


def too_many_pages(image: Image, program: Program) -> bool:
    return sum(mapping.size for mapping in image.memory_mappings) > LIMIT["mapped_page_max"] * PAGE_SIZE


Predicate: TypeAlias = Callable[[Image, Program], bool]
REASONS: list[tuple[str, Predicate]] = [
    (reason.__name__, reason)
    for reason in (
        slot_range,
        empty_path,
        start_unaligned,
        size_unaligned,
        end_range,
        size_zero,
        overlap,
        pinned_and_initial,
        content_too_long,
        reserved_slot,
        unit_slot_pinned,
        entry_pc,
        content_unstripped,
        path_from_slot_0,
        too_many_pages,
    )
]


check_names(
    "the reasons of image.py, after those of the code blob,",
    [f"code_{record.name}" for record in REJECT] + [name for name, _ in REASONS],
    "kernel.def: ADMIT",
    [record.name for record in ADMIT],
)


# What image/admit/tolerated lists


def repeats(items: Sequence[object]) -> bool:
    return len(set(items)) < len(items)


def path_of_several_steps(image: Image, program: Program) -> bool:
    return any(len(mapping.source) > 1 for mapping in image.memory_mappings)


def repeated_target(image: Image, program: Program) -> bool:
    return repeats([mapping.source[0] for mapping in image.memory_mappings if len(mapping.source) == 1])


def kernel_slot_target(image: Image, program: Program) -> bool:
    return any(step in RESERVED for step in first_steps(image))


def repeated_unit_slot(image: Image, program: Program) -> bool:
    return repeats(unit_slots(image))


def unit_slot_0(image: Image, program: Program) -> bool:
    return 0 in unit_slots(image)


def odd_initial_regs(image: Image, program: Program) -> bool:
    return any(key > 12 for endpoint in image.endpoints.values() for key in endpoint.initial_regs)


def odd_jump_entry(image: Image, program: Program) -> bool:
    table, size = program.blob.jump_table, program.blob.entry_size
    legal = program.starts & program.executable
    targets = (blob.little_endian(table[at : at + size]) for at in range(0, len(table), size))
    return any(target not in legal for target in targets)


def argument_counts(image: Image, program: Program) -> bool:
    return any(endpoint.arg_registers or endpoint.arg_cnode_size for endpoint in image.endpoints.values())


TOLERATED: tuple[Predicate, ...] = (
    path_of_several_steps,
    repeated_target,
    kernel_slot_target,
    repeated_unit_slot,
    unit_slot_0,
    odd_initial_regs,
    odd_jump_entry,
    argument_counts,
)
