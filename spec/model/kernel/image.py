"""image.md: Images, their content hash and their admission."""

from dataclasses import dataclass, field
from itertools import pairwise

from model.kernel.hash import H
from model.kernel.scale import HASH, U8, U32, U64, Bytes, Enum, Map, Option, Struct, Vec, decode
from model.kernel.table import LIMIT
from model.machine import blob
from model.machine.isa import Program
from model.machine.mem import PAGE_SIZE
from model.reach import rule

RESERVED = {
    LIMIT["payload_slot"],
    *range(LIMIT["reserved_slot_min"], LIMIT["reserved_slot_max"] + 1),
}


@dataclass
class EndpointDef:
    entry_pc: int = 0
    arg_registers: int = 0
    arg_cnode_size: int = 0
    initial_regs: dict = field(default_factory=dict)


@dataclass
class MemoryMapping:
    start: int
    size: int
    source: list  # a SlotPath


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
    endpoints: dict = field(default_factory=dict)
    memory_mappings: list = field(default_factory=list)
    gas_slots: list = field(default_factory=list)
    quota_slots: list = field(default_factory=list)
    pinned_slots: dict = field(default_factory=dict)
    initial_slots: dict = field(default_factory=dict)
    yield_marker_slot: int | None = None


class SlotPath(Vec):
    def read(self, reader):
        steps = super().read(reader)
        if not steps:
            rule("image/decode/empty_path")
        return steps


ENDPOINT = Struct(EndpointDef, entry_pc=U64, arg_registers=U8, arg_cnode_size=U8, initial_regs=Map(U8, U64))
MAPPING = Struct(MemoryMapping, start=U64, size=U64, source=SlotPath(U32))
PINNED = Enum(Struct(PinnedData, content=Bytes(), size=U64), Struct(PinnedImage, content_hash=HASH))
INITIAL = Struct(InitialData, content=Bytes(), size=U64)
IMAGE = Struct(
    Image,
    code=Bytes(),
    endpoints=Map(U8, ENDPOINT),
    memory_mappings=Vec(MAPPING),
    gas_slots=Vec(U32),
    quota_slots=Vec(U32),
    pinned_slots=Map(U32, PINNED),
    initial_slots=Map(U32, INITIAL),
    yield_marker_slot=Option(U32),
)


def image_hash(image):
    rule("image/hash/image")
    return H(IMAGE.write(image))


class NotAdmitted(Exception):
    """The Image decodes and breaks `rule`."""

    def __init__(self, name):
        self.rule = "image/admit/" + name
        rule(self.rule)
        super().__init__(f"the Image is not admitted by {self.rule}")


def admit(data):
    """Bytes to Image; raises DecodeError, then NotAdmitted with the first reason that holds."""
    image = decode(IMAGE, data)
    try:
        program = Program(blob.parse(image.code))
    except blob.Rejected as rejected:
        raise NotAdmitted(rejected.rule.replace("blob/", "code_")) from None
    for name, holds in REASONS:
        if holds(image, program):
            raise NotAdmitted(name)
    if any(holds(image, program) for holds in TOLERATED):
        rule("image/admit/tolerated")
    return image


def unit_slots(image):
    """The gas, quota and yield slots."""
    marker = [] if image.yield_marker_slot is None else [image.yield_marker_slot]
    return image.gas_slots + image.quota_slots + marker


def datas(image):
    """Every pinned and initial Data: slot, content and size."""
    pinned = [(slot, pin) for slot, pin in image.pinned_slots.items() if isinstance(pin, PinnedData)]
    return pinned + list(image.initial_slots.items())


def first_steps(image):
    return [mapping.source[0] for mapping in image.memory_mappings if mapping.source]


def slot_range(image, program):
    slots = [*unit_slots(image), *image.pinned_slots, *image.initial_slots, *first_steps(image)]
    return any(slot >= LIMIT["slot_count"] for slot in slots)


def empty_path(image, program):
    return any(not mapping.source for mapping in image.memory_mappings)


def start_unaligned(image, program):
    return any(mapping.start % PAGE_SIZE for mapping in image.memory_mappings)


def size_unaligned(image, program):
    return any(mapping.size % PAGE_SIZE for mapping in image.memory_mappings)


def end_range(image, program):
    return any(mapping.start + mapping.size > 2**32 for mapping in image.memory_mappings)


def size_zero(image, program):
    return any(mapping.size == 0 for mapping in image.memory_mappings)


def overlap(image, program):
    by_start = sorted(image.memory_mappings, key=lambda mapping: mapping.start)
    return any(low.start + low.size > high.start for low, high in pairwise(by_start))


def pinned_and_initial(image, program):
    return any(slot in image.initial_slots for slot in image.pinned_slots)


def content_too_long(image, program):
    return any(len(data.content) > data.size for _, data in datas(image))


def reserved_slot(image, program):
    return any(slot in RESERVED for slot in [*image.pinned_slots, *image.initial_slots])


def unit_slot_pinned(image, program):
    return any(slot in image.pinned_slots for slot in unit_slots(image))


def entry_pc(image, program):
    return any(not program.begins_block(endpoint.entry_pc) for endpoint in image.endpoints.values())


def content_unstripped(image, program):
    return any(data.content.endswith(b"\0") for _, data in datas(image))


def path_from_slot_0(image, program):
    return 0 in first_steps(image)


def too_many_pages(image, program):
    return sum(mapping.size for mapping in image.memory_mappings) > LIMIT["mapped_page_max"] * PAGE_SIZE


REASONS = [
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


# What image/admit/tolerated lists


def repeats(items):
    return len(set(items)) < len(items)


def path_of_several_steps(image, program):
    return any(len(mapping.source) > 1 for mapping in image.memory_mappings)


def repeated_target(image, program):
    return repeats([mapping.source[0] for mapping in image.memory_mappings if len(mapping.source) == 1])


def kernel_slot_target(image, program):
    return any(step in RESERVED for step in first_steps(image))


def odd_unit_slots(image, program):
    return repeats(unit_slots(image)) or 0 in unit_slots(image)


def odd_initial_regs(image, program):
    return any(key > 12 for endpoint in image.endpoints.values() for key in endpoint.initial_regs)


def odd_jump_entry(image, program):
    table, size = program.blob.jump_table, program.blob.entry_size
    legal = program.starts & program.executable
    targets = (blob.little_endian(table[at : at + size]) for at in range(0, len(table), size))
    return any(target not in legal for target in targets)


def argument_counts(image, program):
    return any(endpoint.arg_registers or endpoint.arg_cnode_size for endpoint in image.endpoints.values())


TOLERATED = (
    path_of_several_steps,
    repeated_target,
    kernel_slot_target,
    odd_unit_slots,
    odd_initial_regs,
    odd_jump_entry,
    argument_counts,
)
