"""Differences of code labels, as `static const int t[] = {&&a - &&a, &&b - &&a}` has them, in the compiler's assembly.

An assembler folds such a difference to a number when nothing between the labels can change its size. A code
address is worth something else in a PVM program (relocate.py), so the difference must stay a pair of relocations:
`.word b-a` becomes

    .reloc ., R_RISCV_ADD32, b; .reloc ., R_RISCV_SUB32, a; .word 0

What cannot be written so is refused, with its line. Line numbers stay as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import LinkError

BITS = {
    ".byte": 8, ".2byte": 16, ".half": 16, ".short": 16, ".hword": 16, ".4byte": 32, ".word": 32, ".long": 32,
    ".int": 32, ".8byte": 64, ".quad": 64, ".dword": 64,
}  # fmt: skip
DEFINITIONS = (".set", ".equ", ".equiv")
SYMBOL = r"[A-Za-z_.$][\w.$]*|\d+[bf]"
LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*|\d+):")
EXACT = re.compile(rf"\s*({SYMBOL})\s*-\s*({SYMBOL})\s*")
DIFFERENCE = re.compile(rf"(?<![\w.$])({SYMBOL})\)?\s*-\s*\(?({SYMBOL})(?![\w.$])")
STATEMENT = re.compile(r"\s*([.\w]+)(?:\s+(.*))?$", re.DOTALL)
ADVICE = "keep whole label addresses (`void *`), or differences of two labels and nothing else, in data"


@dataclass
class Sections:
    """Which section the statements belong to: whether it is code, and whether a program sees it."""

    now: str = ".text"
    flags: dict[str, str] = field(default_factory=dict)
    before: str = ".text"
    stack: list[tuple[str, str]] = field(default_factory=list)

    def enter(self, name: str) -> None:
        self.before, self.now = self.now, name

    def follow(self, word: str, rest: str) -> None:
        """Any statement."""
        if word in (".text", ".data", ".bss"):
            self.enter(word)
        elif word in (".section", ".pushsection"):
            name, *more = (part.strip().strip('"') for part in rest.split(","))
            if word == ".pushsection":
                self.stack.append((self.now, self.before))
            self.enter(name)
            if more:
                self.flags.setdefault(name, more[0])
        elif word == ".popsection" and self.stack:
            self.now, self.before = self.stack.pop()
        elif word == ".previous":
            self.enter(self.before)

    @property
    def is_code(self) -> bool:
        return self.now.split(".")[1:2] == ["text"] or "x" in self.flags.get(self.now, "")

    @property
    def is_debug(self) -> bool:
        return self.now.startswith((".debug", ".eh_frame", ".stab"))


def kept(text: str, name: str) -> str:
    """The assembly with every difference of code labels as relocations; raises LinkError."""
    code = code_labels(text)
    sections, label, lines = Sections(), "", []
    for number, line in enumerate(text.split("\n"), 1):
        done = []
        for statement in statements(line):
            label, rest = without_labels(statement, label)
            word, operands = parts(rest)
            sections.follow(word, operands)
            try:
                new = rest if sections.is_debug else rewritten(word, operands, rest, code)
            except Complex as found:
                where = f" at {label}" if label else ""
                raise LinkError(
                    f"{found}, a difference of code labels that the assembler would fold",
                    f"{name}:{number}{where}",
                    ADVICE,
                ) from None
            space = " " if new != rest and rest.startswith((" ", "\t")) else ""
            done.append(statement[: len(statement) - len(rest)] + space + new)
        lines.append(";".join(done))
    return "\n".join(lines)


class Complex(Exception):
    """A statement that is no plain difference."""


def statements(line: str) -> list[str]:
    """A line with strings or a comment is one statement: none of ours has either."""
    return [line] if '"' in line or "#" in line else line.split(";")


def without_labels(statement: str, label: str) -> tuple[str, str]:
    """(the last label, what follows the labels)."""
    while (found := LABEL.match(statement)) is not None:
        label, statement = found[1], statement[found.end() :]
    return label, statement


def parts(statement: str) -> tuple[str, str]:
    """(the directive or instruction, its operands)."""
    found = STATEMENT.match(statement)
    return ("", "") if found is None else (found[1], (found[2] or "").split("#")[0])


def code_labels(text: str) -> set[str]:
    """The labels of code. A number counts when it names nothing in data."""
    sections = Sections()
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for line in text.split("\n"):
        for statement in statements(line):
            rest = statement
            while (label := LABEL.match(rest)) is not None:
                found[sections.is_code].add(label[1])
                rest = rest[label.end() :]
            sections.follow(*parts(rest))
    return found[True] - found[False]


def is_code(symbol: str, code: set[str]) -> bool:
    return symbol in code or (symbol[0].isdigit() and symbol[:-1] in code)


def rewritten(word: str, operands: str, statement: str, code: set[str]) -> str:
    """The statement, or what stands for it; raises Complex."""
    if not any(differences(operands, code)):
        return statement
    if word in BITS:
        return "; ".join(datum(word, operand, code) for operand in operands.split(","))
    if word in DEFINITIONS or not word.startswith("."):
        raise Complex(f"`{statement.strip()}`")
    return statement  # .size and its like, which no program sees


def differences(text: str, code: set[str]) -> Iterator[re.Match[str]]:
    return (m for m in DIFFERENCE.finditer(text) if is_code(m[1], code) and is_code(m[2], code))


def datum(word: str, operand: str, code: set[str]) -> str:
    if not any(differences(operand, code)):
        return f"{word} {operand.strip()}"
    if (found := EXACT.fullmatch(operand)) is None:
        raise Complex(f"`{word} {operand.strip()}`")
    bits = BITS[word]
    return f".reloc ., R_RISCV_ADD{bits}, {found[1]}; .reloc ., R_RISCV_SUB{bits}, {found[2]}; {word} 0"
