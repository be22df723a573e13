"""The facts (../*.def) and the sentences of the rules (../*.md)."""

import re
from pathlib import Path
from typing import NamedTuple

SPEC = Path(__file__).resolve().parent.parent


class Insn(NamedTuple):
    name: str
    byte: int
    form: str
    ends: bool


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


def records(file, macro):
    """The columns of every record of a .def file."""
    text = (SPEC / file).read_text()
    return [re.split(r"\s*,\s*", row) for row in re.findall(rf"^{macro}\(\s*(.*?)\s*\)", text, re.M)]


def letters(column):
    return "" if column == "NONE" else column


INSN = [Insn(name, int(byte), form, flow == "ENDS") for name, byte, form, flow in records("machine/isa.def", "INSN")]
GAS = [
    Gas(name, kind, int(cycles), slot_rule, int(if_), int(else_), letters(sources), letters(target))
    for name, kind, cycles, slot_rule, if_, else_, sources, target in records("machine/gas.def", "GAS")
]
EXIT = [Exit(name, int(number), argument) for name, number, argument in records("machine/exit.def", "EXIT")]
REJECT = [Reject(name, int(number)) for name, number in records("machine/reject.def", "REJECT")]
LIMIT = {name: int(value) for name, value in records("machine/limit.def", "LIMIT")}


RULE = re.compile(r"^### (\S+)\n(.+?)(?:\n\n|\n*\Z)", re.M | re.S)


def rules():
    """Every rule of the chapters: id -> sentence."""
    return {
        name: " ".join(sentence.split())
        for chapter in sorted(SPEC.glob("*/*.md"))
        for name, sentence in RULE.findall(chapter.read_text())
    }
