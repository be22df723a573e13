"""The first difference on a case of the kernel, as it was found, without a name."""

from dataclasses import dataclass
from enum import Enum

from assay.base.level import Flavour
from assay.locate.divergence import Field


class KernelWhat(Enum):
    VERDICT = "verdict"  # of decode, admit or hash
    WORLD = "world"  # one side refuses to open it
    EVENT = "event"  # a record
    RESULT = "result"  # the end of a run or a resume
    DUMP = "dump"
    GENESIS = "genesis"
    CHAIN = "chain"  # the end of a chain event: its result, the state, the root
    BROKEN = "broken"
    UNSTEADY = "unsteady"  # it does not do the same twice


@dataclass(frozen=True, slots=True)
class KernelFinding:
    what: KernelWhat
    fields: tuple[Field, ...] = ()
    step: int | None = None
    flavours: frozenset[Flavour] = frozenset()
    index: int | None = None  # of a record
    records: tuple[bytes | None, bytes | None] = (None, None)
    before: bytes | None = None  # the last record that agreed
    dumps: tuple[bytes, bytes] | None = None
    trouble: str = ""
    message: str = ""
