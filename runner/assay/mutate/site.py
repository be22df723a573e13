"""A mutant: one place of one source file, and what stands there instead."""

import hashlib
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is changed. One clause at a time, so that a survivor names the clause that nothing decides."""

    RELATION = "relation"
    ARITHMETIC = "arithmetic"
    CONSTANT = "constant"
    CONDITION = "condition"
    HALF = "half of a condition"
    STATEMENT = "statement"
    OPERANDS = "operands"
    ENTRY = "table entry"


@dataclass(frozen=True)
class Mutant:
    file: str  # from the root of the project
    line: int  # from 1
    start: int  # bytes of the file
    end: int
    kind: Kind
    before: str
    after: str
    context: str  # the line as it stands, without its indentation
    nth: int = 0  # which of the equal (context, before, after) of the file it is

    @property
    def id(self) -> str:
        """Stays when other lines come and go."""
        words = "\0".join((self.file, self.kind.value, self.context, self.before, self.after, str(self.nth)))
        return hashlib.sha256(words.encode()).hexdigest()[:12]

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        change = f"{_short(self.before)}  becomes  {_short(self.after) or 'nothing'}"
        return f"{self.file}:{self.line}: {self.kind.value}: {change}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 70 else f"{text[:67]}…"


# What takes the place of an operator; the first half of the table is read in both directions by its order.
RELATIONS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
ARITHMETIC = {
    "+": ("-",),
    "-": ("+",),
    "*": ("+",),
    "/": ("*",),
    "//": ("*",),
    "%": ("*",),
    "<<": (">>",),
    ">>": ("<<",),
    "&": ("|",),
    "|": ("&",),
    "^": ("|",),
}
NOT_COMMUTATIVE = frozenset(("-", "/", "//", "%", "<<", ">>", "<", "<=", ">", ">="))


def numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Tells equal changes of equal lines apart, in the order of the file."""
    seen: dict[tuple[str, Kind, str, str, str], int] = {}
    found = []
    for mutant in mutants:
        key = (mutant.file, mutant.kind, mutant.context, mutant.before, mutant.after)
        nth = seen[key] = seen.get(key, -1) + 1
        found.append(mutant if nth == 0 else Mutant(**{**mutant.__dict__, "nth": nth}))
    return found
