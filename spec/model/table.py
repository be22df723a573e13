"""The facts (../*/*.def) and the sentences of the rules (../*/*.md)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

SPEC = Path(__file__).resolve().parent.parent


class Insn(NamedTuple):
    name: str
    byte: int
    form: str
    ends: bool  # it is a terminator


class Form(NamedTuple):
    name: str
    operands: str  # letters of A, B, D, X, Y, T in the order in which text names them
    low: str  # what the low nibble of the first operand byte holds: "A", "D", "X_SIZE" or ""
    high: str  # ... and the high one
    second: str  # ... and the second operand byte


class Access(NamedTuple):
    name: str
    is_store: bool
    width: int
    is_signed: bool
    base: str  # the letter of the register that X is added to, or ""
    source: str  # what is stored: "A", or "Y" for the immediate; "" for a load


class Kind(StrEnum):
    """What an opcode is for (role.def says it in words)."""

    EXIT = "EXIT"
    CALL = "CALL"
    JUMP = "JUMP"
    DYNAMIC = "DYNAMIC"
    BRANCH = "BRANCH"
    NOTHING = "NOTHING"
    LOAD = "LOAD"
    STORE = "STORE"
    DIVIDE = "DIVIDE"
    SHIFT = "SHIFT"
    VALUE = "VALUE"


class Role(NamedTuple):
    name: str
    kind: Kind
    reads: str  # the letters of the registers read: "", "A", "B", "AB" or "ABD"
    writes: str  # the letter of the register written: "", "A" or "D"


class Gas(NamedTuple):
    name: str
    kind: str
    cycles: int
    slot_rule: str
    slots_if: int
    slots_else: int
    sources: str  # the letters of the fields read: "", "A", "B", "AB" or "BD"
    target: str  # the letter of the field written: "" or "A"


class Exit(NamedTuple):
    name: str
    number: int
    argument: str


class Reject(NamedTuple):
    name: str
    number: int


def records(file: str, macro: str) -> list[list[str]]:
    """The columns of every record of a .def file."""
    text = (SPEC / file).read_text()
    return [re.split(r"\s*,\s*", row) for row in re.findall(rf"^{macro}\(\s*(.*?)\s*\)", text, re.M)]


def letters(column: str) -> str:
    return "" if column == "NONE" else column


STORED = {"A": "A", "IMMEDIATE": "Y", "NONE": ""}

INSN = [Insn(name, int(byte), form, flow == "ENDS") for name, byte, form, flow in records("machine/isa.def", "INSN")]
FORM = [
    Form(name, letters(operands), letters(low), letters(high), letters(second))
    for name, operands, low, high, second in records("machine/form.def", "FORM")
]
ACCESS = [
    Access(name, direction == "STORE", int(width), sign == "SIGNED", letters(base), STORED[source])
    for name, direction, width, sign, base, source in records("machine/access.def", "ACCESS")
]
ROLE = [
    Role(name, Kind(kind), letters(reads), letters(writes))
    for name, kind, reads, writes in records("machine/role.def", "ROLE")
]
GAS = [
    Gas(name, kind, int(cycles), slot_rule, int(if_), int(else_), letters(sources), letters(target))
    for name, kind, cycles, slot_rule, if_, else_, sources, target in records("machine/gas.def", "GAS")
]
EXIT = [Exit(name, int(number), argument) for name, number, argument in records("machine/exit.def", "EXIT")]
REJECT = [Reject(name, int(number)) for name, number in records("machine/reject.def", "REJECT")]
LIMIT = {name: int(value) for name, value in records("machine/limit.def", "LIMIT")}

FORM_OF = {record.name: record for record in FORM}
ACCESS_OF = {record.name: record for record in ACCESS}
ROLE_OF = {record.name: record for record in ROLE}
GAS_OF = {record.name: record for record in GAS}


class Incomplete(Exception):
    """Two lists of the specification do not name the same things."""


def check_names(what: str, named: Iterable[str], where: str, wanted: Iterable[str]) -> None:
    """Raises Incomplete, with a sentence, unless `what` names exactly what stands in `where`, each once."""
    count, known = Counter(list(named)), list(wanted)
    faults = {
        "does not have": [name for name in known if name not in count],
        "has what is not there:": [name for name in count if name not in known],
        "has more than once": [name for name, times in count.items() if times > 1],
    }
    said = [f"{fault} {', '.join(names)}" for fault, names in faults.items() if names]
    if said:
        raise Incomplete(f"{what}, compared with {where}, {' and '.join(said)}")


OPCODES = [record.name for record in INSN]
check_names("the forms used in isa.def", {record.form for record in INSN}, "form.def", [form.name for form in FORM])
check_names("role.def", [record.name for record in ROLE], "isa.def", OPCODES)
check_names("gas.def", [record.name for record in GAS], "isa.def", OPCODES)
for is_store, kind in ((False, Kind.LOAD), (True, Kind.STORE)):
    check_names(
        f"access.def: {kind}",
        [record.name for record in ACCESS if record.is_store is is_store],
        f"role.def: {kind}",
        [record.name for record in ROLE if record.kind is kind],
    )


RULE = re.compile(r"^### (\S+)\n(.+?)(?:\n\n|\n*\Z)", re.M | re.S)


@cache
def rules() -> Mapping[str, str]:
    """Every rule of the chapters: id -> sentence."""
    return {
        name: " ".join(sentence.split())
        for chapter in sorted(SPEC.glob("*/*.md"))
        for name, sentence in RULE.findall(chapter.read_text())
    }
