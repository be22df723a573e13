"""What a generator of kernel vectors yields: subjects made of cases, each of which does one thing
with the kernel. `assay fill` adds what the model answers and compares it with what the generator
expects.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cases.machine.case import Rules
from model import kernel as k

RICH = 1_000_000
ANY = "any"  # an end or a verdict that only the model knows

Slots: TypeAlias = Mapping[int, k.Capability]
Known: TypeAlias = Mapping[str, int | bytes | Slots]


@dataclass
class Decode:
    """Decode bytes as a type; `verdict` is "decoded" or a rule."""

    type: str
    data: bytes
    verdict: str = "decoded"


@dataclass
class Admit:
    image: bytes
    verdict: str = "admitted"


@dataclass
class Hash:
    """Hash an encoded value; `digest` is known from elsewhere, or a rule."""

    kind: str
    value: bytes
    digest: bytes | str | None = None


@dataclass
class Run:
    """`ends` is "halt", "paused", the exit of a fault, "refused", "stack_full" or a rule. With
    `unchanged` neither the world nor the CNode may differ afterwards.
    """

    image: bytes
    cnode: bytes
    instance: bytes = bytes(64)
    endpoint: int = 0
    gas: int = RICH
    ends: str = "halt"
    unchanged: bool = False
    known: Known = field(default_factory=dict)


@dataclass
class Resume:
    """`ends` as above, or "not_paused"."""

    scratchpad: bytes | None = None
    ends: str = "halt"
    unchanged: bool = False
    known: Known = field(default_factory=dict)


Step: TypeAlias = Run | Resume


@dataclass
class World:
    """Runs and resumes in an encoded World; without steps it is refused."""

    start: bytes
    steps: Sequence[Step] = ()


@dataclass
class Event:
    payload: bytes = b""
    endpoint: int = 0
    gas: int = RICH
    quota: int = RICH
    ends: str = "halt"
    root: bytes | None = None
    known: Known = field(default_factory=dict)


@dataclass
class Genesis:
    image: bytes
    events: Sequence[Event] = field(default_factory=list)
    verdict: str = "admitted"
    root: bytes | None = None


Act: TypeAlias = Decode | Admit | Hash | World | Genesis


@dataclass
class KernelCase:
    """`rules`, `against`, `probes` and `notices` as in `Case`."""

    name: str
    rules: Rules
    act: Act
    against: Rules = ()
    probes: Rules = ()
    notices: Rules = ()
    note: str = ""


@dataclass
class KernelSubject:
    area: str
    name: str
    cases: list[KernelCase]


def gathered(area: str, name: str, *generators: Callable[[], Iterable[KernelCase]]) -> KernelSubject:
    """A subject made of the cases of several generators."""
    return KernelSubject(area, name, [case for generator in generators for case in generator()])
