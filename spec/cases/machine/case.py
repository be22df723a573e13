"""What a generator yields: subjects made of cases made of steps. `assay fill` adds what the model
answers.
"""

from dataclasses import dataclass, field

BIG_GAS = 1_000_000


@dataclass
class Run:
    pc: int = 0
    gas: int = BIG_GAS
    regs: dict = field(default_factory=dict)
    until: dict | None = None
    records: tuple = ()


@dataclass
class Resume:
    gas: int | None = None
    regs: dict = field(default_factory=dict)
    until: dict | None = None
    records: tuple = ()


@dataclass
class Write:
    address: int
    data: bytes


@dataclass
class Case:
    """`probes` are rules that join `rules` when the case reaches them and `against` when it does
    not; `notices` join `rules` only. `known` holds values found elsewhere that the outcome of the
    last step must have.
    """

    name: str
    rules: tuple
    blob: bytes
    steps: list
    against: tuple = ()
    probes: tuple = ()
    notices: tuple = ()
    pages: tuple = ()
    mem_cycles: int = 25
    note: str = ""
    known: dict = field(default_factory=dict)


@dataclass
class Subject:
    area: str
    name: str
    cases: list


RW = "rw"
RO = "ro"
PAGE = 4096
BOTH = ("blocks", "instructions")


def gathered(area, name, *generators):
    """A subject made of the cases of several generators."""
    return Subject(area, name, [case for generator in generators for case in generator()])


def page(address, access=RW, data=b""):
    return (address, access, bytes(data))
