"""What a generator yields: subjects made of cases made of steps. `assay fill` adds what the model
answers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypedDict

BIG_GAS = 1_000_000

Rules: TypeAlias = tuple[str, ...]
Registers: TypeAlias = dict[int, int]  # those that are not 0
GivenPage: TypeAlias = tuple[int, str, bytes]  # address, access, content
Pages: TypeAlias = Sequence[GivenPage]
Known: TypeAlias = dict[str, int | str]


class Step:
    """One thing that is done with a machine."""


@dataclass
class Run(Step):
    pc: int = 0
    gas: int = BIG_GAS
    regs: Registers = field(default_factory=dict)
    until: dict[str, int] | None = None
    records: tuple[str, ...] = ()


@dataclass
class Resume(Step):
    gas: int | None = None
    regs: Registers = field(default_factory=dict)
    until: dict[str, int] | None = None
    records: tuple[str, ...] = ()


@dataclass
class Write(Step):
    address: int
    data: bytes


@dataclass
class Case:
    """`probes` are rules that join `rules` when the case reaches them and `against` when it does
    not; `notices` join `rules` only. `known` holds values found elsewhere that the outcome of the
    last step must have.
    """

    name: str
    rules: Rules
    blob: bytes
    steps: Sequence[Step]
    against: Rules = ()
    probes: Rules = ()
    notices: Rules = ()
    pages: Pages = ()
    mem_cycles: int = 25
    note: str = ""
    known: Known = field(default_factory=dict)


class CaseFields(TypedDict, total=False):
    """What a function that makes cases passes on to them."""

    against: Rules
    probes: Rules
    notices: Rules
    pages: Pages
    mem_cycles: int
    note: str
    known: Known


class RunFields(TypedDict, total=False):
    pc: int
    gas: int
    regs: Registers
    until: dict[str, int]
    records: tuple[str, ...]


@dataclass
class Subject:
    area: str
    name: str
    cases: list[Case]


RW = "rw"
RO = "ro"
PAGE = 4096
BOTH = ("blocks", "instructions")


def gathered(area: str, name: str, *generators: Callable[[], Iterable[Case]]) -> Subject:
    """A subject made of the cases of several generators."""
    return Subject(area, name, [case for generator in generators for case in generator()])


def page(address: int, access: str = RW, data: bytes = b"") -> GivenPage:
    return (address, access, bytes(data))
