"""The first difference of an engine on a case, and what is known about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import model
from assay.assembly.disasm import Line
from assay.base.level import Flavour, Level
from assay.base.strict import Json, Members


class Unit(Enum):
    """What the first difference is in."""

    LOAD = "load"
    REFUSAL = "refusal"
    INSTRUCTION = "instruction"
    BLOCK = "block"
    PRODUCTION_BLOCK = "block, production only"  # there are no records of it: gas was the clock
    EVENT = "kernel event"
    END = "end"
    CALL_END = "end of a call"
    CHAIN = "chain event"
    CODEC = "codec"
    DIED = "engine died"
    HUNG = "engine hung"
    GARBAGE = "engine garbage"
    ERROR = "engine error"
    UNSTEADY = "engine unsteady"  # it does not do the same twice

    @property
    def level(self) -> Level | None:
        return LEVELS.get(self)

    @property
    def heading(self) -> str:
        """As a card names it."""
        return f"{self.level.value} {self.value}" if self.level else self.value

    @property
    def kind(self) -> str:
        """The same whether records or gas found it."""
        return Unit.BLOCK.heading if self == Unit.PRODUCTION_BLOCK else self.heading

    @property
    def is_broken(self) -> bool:
        return self in (Unit.DIED, Unit.HUNG, Unit.GARBAGE, Unit.ERROR)


LEVELS = {
    Unit.INSTRUCTION: Level.L0,
    Unit.BLOCK: Level.L1,
    Unit.PRODUCTION_BLOCK: Level.L1,
    Unit.EVENT: Level.L2,
    Unit.END: Level.L3,
    Unit.CALL_END: Level.L3,
    Unit.CHAIN: Level.L4,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One value that differs, as a card writes it."""

    name: str
    expected: str
    got: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The last record, or the start of a step, on which both sides agreed."""

    what: str
    pc: int | None = None
    gas: int | None = None
    regs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """What differs first, where, and the rule that it breaks."""

    unit: Unit
    fields: tuple[Field, ...]
    rule: str = ""
    step: int | None = None  # of the case
    record: int | None = None  # index of the record within the step
    pc: int | None = None  # of the first wrong instruction or block
    flavours: frozenset[Flavour] = frozenset({Flavour.OBSERVED})  # which code differs
    agreed: Agreed | None = None
    exits: tuple[str, str] = ("", "")  # how both sides ended, where they did
    hint: str = ""
    operation: str = ""  # the instruction or the kernel operation that it is about
    words: str = ""  # of an engine that died, hung or answered garbage
    during: str = ""  # of the same: the request in which it did, if that is known
    is_in_block: bool = False  # of the same: record and pc are of the block in which it did, not of an instruction

    @property
    def sentence(self) -> str:
        return str(model.rules().get(self.rule, ""))


@dataclass(frozen=True, slots=True)
class Divergence:
    """A cause, on a case and an engine, with what a card shows around it."""

    case: str
    engine: str
    cause: Cause
    votes: Mapping[str, bool] = field(default_factory=dict)  # engine -> True when it agrees
    repro: str = ""
    window: tuple[tuple[Line, bool], ...] = ()  # disassembly, and which line is the wrong one

    @property
    def signature(self) -> str:
        """Short and stable: the same for the same kind of difference in any case, without a value of any case."""
        cause = self.cause
        first = field_class(cause.fields[0].name) if cause.fields else ""
        # what a block costs is one thing, whichever instruction it begins with
        operation = "" if cause.unit in (Unit.BLOCK, Unit.PRODUCTION_BLOCK) else cause.operation
        broken = [cause.during, cause.fields[0].expected, cause.fields[0].got] if cause.unit.is_broken else []
        text = "|".join([cause.rule, cause.unit.kind, operation, first, *broken])
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def members(self) -> Members:
        """The same for machines."""
        cause = self.cause
        fields: Json = [
            {"field": entry.name, "expected": entry.expected, "got": entry.got, "hint": entry.hint}
            for entry in cause.fields
        ]
        found: Members = {"unit": cause.unit.value, "level": cause.unit.level.value if cause.unit.level else None}
        found |= {"step": cause.step, "index": cause.record, "pc": None if cause.pc is None else hex(cause.pc)}
        found |= {"flavours": [flavour.value for flavour in Flavour if flavour in cause.flavours], "fields": fields}
        found |= {"rule": cause.rule, "hint": cause.hint, "words": cause.words, "signature": self.signature}
        found |= {"during": cause.during} if cause.unit.is_broken else {}
        return {"case": self.case, "engine": self.engine, "divergence": found, "repro": self.repro}


def field_class(name: str) -> str:
    """A field's name without numbers: which register, address, slot or id it was does not matter."""
    return "register" if name[:1] == "r" and name[1:].isdigit() else name.split(" ")[0]
