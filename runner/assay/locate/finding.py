"""The first difference as the harness found it: what, where and the two sides, without a name."""

from dataclasses import dataclass
from enum import Enum

from assay.base.level import Flavour
from assay.engines.answers import Record, RecordKind, Stop
from assay.locate.divergence import Agreed, Field


class What(Enum):
    """The kinds of a divergence of `assay-native diff`."""

    LOAD = "load"
    INSTRUCTION = "instruction"
    BLOCK = "block"
    EVENT = "event"
    STOP = "stop"  # the records agree, the end does not
    MEMORY = "memory"
    GAS = "gas"  # only production code differs: the least budget with which it does
    RESULT = "result"  # one side refuses; or a verdict, hash or result of the kernel
    DUMP = "dump"
    STATE = "state"
    ROOT = "root"
    BROKEN = "broken"
    UNSTEADY = "unsteady"


@dataclass(frozen=True, slots=True)
class Broken:
    """Which side died, hung, answered garbage or could not go on."""

    failure: str
    message: str
    is_expected: bool
    during: str = ""  # the request in which it broke; of an engine that is no program it is not known


@dataclass(frozen=True, slots=True)
class Finding:
    """What every kind has."""

    case: str
    what: What
    step: int | None
    flavours: frozenset[Flavour]
    index: int | None  # of the record within the step
    differences: tuple[Field, ...]
    broken: Broken | None


@dataclass(frozen=True, slots=True)
class MachineFinding(Finding):
    agreed: Agreed | None
    records: tuple[Record | None, Record | None]  # expected, got; None: that side has none there
    stops: tuple[Stop, Stop] | None  # expected, got
    words: tuple[str, str]  # expected, got: of a load or a refusal
    gas: int  # of What.GAS
    poor: tuple[Stop, Stop] | None  # of What.GAS: the stops with that budget
    poor_differences: tuple[Field, ...]
    unseen: frozenset[RecordKind]  # records that an engine lacks
    is_by_gas: bool = False  # gas was bisected: the index is of a block


@dataclass(frozen=True, slots=True)
class KernelFinding(Finding):
    values: tuple[bytes | None, bytes | None]  # expected, got: records, dumps, states
    before: bytes | None  # the last record that agreed
