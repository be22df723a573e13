"""What an engine is asked with, and what it answers. Numbers are int and encoded values bytes, whatever the carrier."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import model

REGISTERS = model.table.LIMIT["register_count"]
PAGE = model.table.LIMIT["page_size"]


class RecordKind(Enum):
    """The records of the machine, by the feature that an engine names."""

    BLOCKS = "blocks"
    INSTRUCTIONS = "instructions"


# What an engine is asked with


@dataclass(frozen=True, slots=True)
class Page:
    address: int
    access: str  # "ro" or "rw"
    data: bytes


@dataclass(frozen=True, slots=True)
class Program:
    """What a machine is made of."""

    blob: bytes
    mem_cycles: int
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class Until:
    """When to stop although the guest goes on; 0 is never."""

    blocks: int = 0
    instructions: int = 0


NEVER = Until()


# What an engine answers: the machine


@dataclass(frozen=True, slots=True)
class Store:
    address: int
    width: int
    value: int


@dataclass(frozen=True, slots=True)
class Instruction:
    """An L0 record."""

    pc: int
    regs: tuple[int, ...]
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """An L1 record."""

    pc: int
    gas: int
    regs: tuple[int, ...]


Record: TypeAlias = Instruction | Block


@dataclass(frozen=True, slots=True)
class Stop:
    """How and where a run ended; with records, those that were asked for."""

    exit: str
    argument: int
    pc: int
    gas: int
    regs: tuple[int, ...]
    blocks: tuple[Block, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    records_cut: bool = False


# What an engine answers: the kernel


@dataclass(frozen=True, slots=True)
class Hello:
    name: str
    version: str
    abi: int
    features: tuple[str, ...]
    revisions: tuple[int, ...] = (1,)
    profiles: tuple[str, ...] = ("jar",)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A verdict, and the bytes encoded again when it is `decoded`."""

    verdict: str
    again: bytes = b""


@dataclass(frozen=True, slots=True)
class Result:
    """How an activation ended or was set aside; the last four are encoded."""

    outcome: str
    exit: str
    argument: int
    pc: int
    gas: int
    gas_used: int
    regs: tuple[int, ...]
    instance: bytes
    payload: bytes
    cnode: bytes
    pages: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """What a run or resume of a world gave: a Result, or in a word why there is none; and its records."""

    result: Result | str
    records: tuple[bytes, ...] = ()

    @property
    def outcome(self) -> str:
        return self.result if isinstance(self.result, str) else self.result.outcome


@dataclass(frozen=True, slots=True)
class EventResult:
    outcome: str
    exit: str
    argument: int
    value: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Applied:
    result: EventResult
    records: tuple[bytes, ...] = ()


def given(pages: Sequence[Page]) -> list[model.Page]:
    """Pages as the specification takes them."""
    return [model.Page(page.address, page.access, page.data) for page in pages]
