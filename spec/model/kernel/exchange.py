"""exchange.md: how kernel values travel between a harness and an engine."""

from dataclasses import dataclass, field

from model.kernel.cap import CNODE, CNode
from model.kernel.image import PAGE_SIZE
from model.kernel.scale import (
    HASH,
    U8,
    U32,
    U64,
    Array,
    Bytes,
    DecodeError,
    Enum,
    Fixed,
    Map,
    Option,
    Struct,
    Vec,
    read_count,
)
from model.kernel.state import BLOB, STATE, State

ACCESS = {"ro": 1, "rw": 2}


@dataclass
class Page:
    access: int
    bytes: bytes


@dataclass
class Tables:
    meters: dict = field(default_factory=dict)
    quotas: dict = field(default_factory=dict)
    catchers: dict = field(default_factory=dict)


@dataclass
class InstanceEntry:
    """An entry of a World's stack: `image` is an encoded Image."""

    instance: bytes
    image: bytes
    cnode: CNode


@dataclass
class ReferenceEntry:
    target: int


@dataclass
class WorldStart:
    """What the encoding World holds: what a model.kernel.World starts from."""

    state: State = field(default_factory=State)
    tables: Tables = field(default_factory=Tables)
    stack: list = field(default_factory=list)


@dataclass
class Suspended:
    pc: int
    gas: int
    registers: list
    pages: dict


@dataclass
class DumpInstance:
    status: int
    instance: bytes
    image_hash: bytes
    cnode: CNode
    suspended: Suspended | None


@dataclass
class DumpReference:
    status: int
    target: int


@dataclass
class Dump:
    state: State
    tables: Tables
    stack: list


class Access:
    def read(self, reader):
        at, access = reader.at, U8.read(reader)
        if access not in ACCESS.values():
            raise DecodeError("invalid_discriminator", at)
        return access

    def write(self, value):
        return U8.write(value)


class PageBytes(Bytes):
    def read(self, reader):
        at, size = reader.at, read_count(reader)
        if size > PAGE_SIZE:
            raise DecodeError("invalid_discriminator", at)
        return reader.take(size)


PAGES = Map(U32, Struct(Page, access=Access(), bytes=PageBytes()))
TABLES = Struct(Tables, meters=Map(U64, U64), quotas=Map(U64, U64), catchers=Map(HASH, Vec(HASH)))
ENTRY = Enum(
    Struct(InstanceEntry, instance=Fixed(64), image=Bytes(), cnode=CNODE),
    Struct(ReferenceEntry, target=U32),
)
WORLD = Struct(WorldStart, state=STATE, tables=TABLES, stack=Vec(ENTRY))
SUSPENDED = Struct(Suspended, pc=U64, gas=U64, registers=Array(U64, 13), pages=PAGES)
DUMP_ENTRY = Enum(
    Struct(
        DumpInstance,
        status=U8,
        instance=Fixed(64),
        image_hash=HASH,
        cnode=CNODE,
        suspended=Option(SUSPENDED),
    ),
    Struct(DumpReference, status=U8, target=U32),
)
DUMP = Struct(Dump, state=STATE, tables=TABLES, stack=Vec(DUMP_ENTRY))


@dataclass
class SlotChange:
    slot: int
    before: bytes
    after: bytes


@dataclass
class NumberChange:
    id: int
    before: int
    after: int


@dataclass
class CatcherChange:
    id: bytes
    before: list
    after: list


@dataclass
class FileChange:
    id: int
    before: object
    after: object


@dataclass
class PayloadChange:
    hash: bytes
    before: int | None
    after: int | None


@dataclass
class Record:
    kind: int
    op: int
    operands: list  # φ7..φ12
    result: int = 0
    exit: int = 0
    argument: int = 0
    slots: list = field(default_factory=list)
    meters: list = field(default_factory=list)
    quotas: list = field(default_factory=list)
    catchers: list = field(default_factory=list)
    files: list = field(default_factory=list)
    payloads: list = field(default_factory=list)


NUMBERS = Vec(Struct(NumberChange, id=U64, before=U64, after=U64))
RECORD = Struct(
    Record,
    kind=U8,
    op=U32,
    operands=Array(U64, 6),
    result=U8,
    exit=U8,
    argument=U32,
    slots=Vec(Struct(SlotChange, slot=U32, before=HASH, after=HASH)),
    meters=NUMBERS,
    quotas=NUMBERS,
    catchers=Vec(Struct(CatcherChange, id=HASH, before=Vec(HASH), after=Vec(HASH))),
    files=Vec(Struct(FileChange, id=U64, before=Option(BLOB), after=Option(BLOB))),
    payloads=Vec(Struct(PayloadChange, hash=HASH, before=Option(U64), after=Option(U64))),
)


def pages_of(memory):
    """Pages of a machine's memory."""
    return {
        number * PAGE_SIZE: Page(ACCESS[access], bytes(data).rstrip(b"\0"))
        for number, (access, data) in memory.pages.items()
    }
