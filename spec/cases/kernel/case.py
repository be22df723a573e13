"""What a generator of kernel vectors yields: subjects made of cases, each of which does one thing
with the kernel. `assay fill` adds what the model answers and compares it with what the generator
expects.
"""

from dataclasses import dataclass, field

from cases.machine.case import Subject

RICH = 1_000_000


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
    known: dict = field(default_factory=dict)


@dataclass
class Resume:
    """`ends` as above, or "not_paused"."""

    scratchpad: bytes | None = None
    ends: str = "halt"
    unchanged: bool = False
    known: dict = field(default_factory=dict)


@dataclass
class World:
    start: bytes
    steps: list


@dataclass
class Event:
    payload: bytes = b""
    endpoint: int = 0
    gas: int = RICH
    quota: int = RICH
    ends: str = "halt"
    root: bytes | None = None
    known: dict = field(default_factory=dict)


@dataclass
class Genesis:
    image: bytes
    events: list = field(default_factory=list)
    verdict: str = "admitted"
    root: bytes | None = None


@dataclass
class KernelCase:
    """`rules`, `against`, `probes` and `notices` as in `Case`."""

    name: str
    rules: tuple
    act: Decode | Admit | Hash | World | Genesis
    against: tuple = ()
    probes: tuple = ()
    notices: tuple = ()
    note: str = ""


@dataclass
class KernelSubject(Subject):
    """A subject whose cases are KernelCases."""


def gathered(area, name, *generators):
    """A subject made of the cases of several generators."""
    return KernelSubject(area, name, [case for generator in generators for case in generator()])
