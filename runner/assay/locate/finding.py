"""The first difference as the harness found it: what, where and the two sides, without a name."""

from dataclasses import dataclass
from enum import Enum

from assay.base.level import Flavour
from assay.engines.answers import Record, RecordKind, Stop


class What(Enum):
    LOAD = "load"
    RESULT = "result"  # one side refuses
    INSTRUCTION = "instruction"
    BLOCK = "block"
    STOP = "stop"  # the records agree, the end does not
    GAS = "gas"  # only production code differs: the least budget with which it does
    BROKEN = "broken"
    UNSTEADY = "unsteady"  # it does not do the same twice


@dataclass(frozen=True, slots=True)
class Memory:
    """The first bytes of a page that differ."""

    address: int
    expected: bytes
    got: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    what: What
    step: int | None = None
    flavours: frozenset[Flavour] = frozenset({Flavour.OBSERVED})
    index: int | None = None  # of the record within the step
    records: tuple[Record | None, Record | None] = (None, None)  # expected, got; None: it has none there
    stops: tuple[Stop, Stop] | None = None  # expected, got: at the end of the step
    words: tuple[str, str] = ("", "")  # expected, got: of a load, or refused and done
    memory: tuple[Memory, ...] = ()
    gas: int = 0  # of What.GAS
    poor: tuple[Stop, Stop] | None = None  # of What.GAS: the stops with that budget
    poor_memory: tuple[Memory, ...] = ()
    unseen: frozenset[RecordKind] = frozenset()  # records that the engine lacks
    trouble: str = ""  # of What.BROKEN: died, hung, garbage or error
    message: str = ""
