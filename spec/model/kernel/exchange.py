"""exchange.md: how kernel values travel between a harness and an engine."""

from dataclasses import dataclass, field
from typing import TypeAlias

from model.kernel.cap import CNODE, CNode
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
    Reader,
    Struct,
    Vec,
    read_count,
)
from model.kernel.state import BLOB, STATE, DataBlob, State
from model.machine.mem import PAGE_SIZE, Memory

ACCESS = {"ro": 1, "rw": 2}


@dataclass
class Page:
    access: int
    bytes: bytes


Pages: TypeAlias = dict[int, Page]  # page address -> page


@dataclass
class Tables:
    meters: dict[int, int] = field(default_factory=dict)
    quotas: dict[int, int] = field(default_factory=dict)
    catchers: dict[bytes, list[bytes]] = field(default_factory=dict)


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
    stack: list[InstanceEntry | ReferenceEntry] = field(default_factory=list)


@dataclass
class Suspended:
    pc: int
    gas: int
    meter: int | None
    registers: list[int]
    pages: Pages


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
    stack: list[DumpInstance | DumpReference]


class Access:
    def read(self, reader: Reader) -> int:
        at, access = reader.at, U8.read(reader)
        if access not in ACCESS.values():
            raise DecodeError("invalid_discriminator", at)
        return access

    def write(self, value: int) -> bytes:
        return U8.write(value)


class PageBytes(Bytes):
    def read(self, reader: Reader) -> bytes:
        at, size = reader.at, read_count(reader)
        if size > PAGE_SIZE:
            raise DecodeError("invalid_discriminator", at)
        return reader.take(size)


PAGES = Map(U32, Struct(Page, access=Access(), bytes=PageBytes()))
TABLES = Struct(Tables, meters=Map(U64, U64), quotas=Map(U64, U64), catchers=Map(HASH, Vec(HASH)))
ENTRY: Enum[InstanceEntry | ReferenceEntry] = Enum(
    Struct(InstanceEntry, instance=Fixed(64), image=Bytes(), cnode=CNODE),
    Struct(ReferenceEntry, target=U32),
)
WORLD = Struct(WorldStart, state=STATE, tables=TABLES, stack=Vec(ENTRY))
METER: Option[int] = Option(U64)
SUSPENDED = Struct(Suspended, pc=U64, gas=U64, meter=METER, registers=Array(U64, 13), pages=PAGES)
DUMP_ENTRY: Enum[DumpInstance | DumpReference] = Enum(
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
    before: list[bytes]
    after: list[bytes]


@dataclass
class FileChange:
    id: int
    before: DataBlob | None
    after: DataBlob | None


@dataclass
class PayloadChange:
    hash: bytes
    before: int | None
    after: int | None


@dataclass
class Record:
    kind: int
    op: int
    operands: list[int]  # φ7..φ12
    result: int = 0
    exit: int = 0
    argument: int = 0
    slots: list[SlotChange] = field(default_factory=list)
    meters: list[NumberChange] = field(default_factory=list)
    quotas: list[NumberChange] = field(default_factory=list)
    catchers: list[CatcherChange] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)
    payloads: list[PayloadChange] = field(default_factory=list)


LENGTH: Option[int] = Option(U64)
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
    payloads=Vec(Struct(PayloadChange, hash=HASH, before=LENGTH, after=LENGTH)),
)


def pages_of(memory: Memory) -> Pages:
    """Pages of a machine's memory."""
    return {
        number * PAGE_SIZE: Page(ACCESS[access], bytes(data).rstrip(b"\0"))
        for number, (access, data) in memory.pages.items()
    }
