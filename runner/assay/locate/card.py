"""Prints a divergence on at most 25 lines."""

import shutil
import sys
import textwrap
from collections.abc import Sequence

from assay.assembly.disasm import Line
from assay.base.level import Flavour
from assay.locate.divergence import Divergence, Unit

LINES_MAX = 25
FIELDS_MAX = 6
SENTENCE_MAX = 2
WORDS_MAX = 4
LABEL = 10
COLUMN = 26
WIDTH, WIDTH_MAX = 100, 120
BYTES_MAX = 8  # of an instruction
ENDS = ("unload", "world_close", "chain_close")  # requests in which an engine may break when all steps are done
AFTER = ("read", "write", "world_dump", "chain_instance", "chain_root", "chain_state")  # a guest does not run in them

COLOUR = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def shown(divergence: Divergence) -> str:
    """The card as the terminal takes it."""
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH_MAX)
    return render(divergence, width, sys.stdout.isatty())


def render(divergence: Divergence, width: int = WIDTH, colour: bool = False) -> str:
    """The card as text; its last line has no newline."""
    return "\n".join(Card(divergence, max(60, width), colour).lines()[:LINES_MAX])


class Card:
    def __init__(self, divergence: Divergence, width: int, colour: bool) -> None:
        self.d = divergence
        self.cause = divergence.cause
        self.width = width
        self.colour = colour

    def lines(self) -> list[str]:
        parts = [
            self.head(),
            self.place(),
            *self.rule(),
            *self.words(),
            *self.agreed(),
            *self.fields(),
            *self.hint(),
            self.votes(),
        ]
        repro = [f"  {'repro':<{LABEL}}{printable(self.d.repro)}"] if self.d.repro else []  # never cut: to be copied
        room = LINES_MAX - len(parts) - len(repro)
        return [*parts, *self.window(room), *repro]

    def paint(self, text: str, name: str) -> str:
        return f"\x1b[{COLOUR[name]}m{text}\x1b[0m" if self.colour and text else text

    def cut(self, text: str) -> str:
        text = printable(text)
        return text if len(text) <= self.width else text[: self.width - 1] + "…"

    def labelled(self, label: str, text: str) -> str:
        line = self.cut(f"  {label:<{LABEL}}{text}")
        return self.paint(line[: 2 + LABEL], "dim") + line[2 + LABEL :]

    def wrapped(self, label: str, text: str, most: int) -> list[str]:
        lines = textwrap.wrap(printable(text), self.width - 2 - LABEL) or [""]
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1][: self.width - 3 - LABEL] + "…"]
        return [self.labelled(label if n == 0 else "", line) for n, line in enumerate(lines)]

    def head(self) -> str:
        right = self.cause.unit.heading
        room = self.width - len(right) - 3
        first, last = "DIVERGED  ", printable(f"  on {self.d.engine}")
        line = f"{first}{shortened(printable(self.d.case), room - len(first) - len(last))}{last}   {right}"
        return self.paint(line[:8], "red") + line[8:]

    def place(self) -> str:
        cause = self.cause
        if cause.step is None:
            where = "load" if cause.unit == Unit.LOAD else "the beginning"
            where = "no step" if cause.unit == Unit.UNSTEADY else where
            where = f"{'the end' if cause.during in ENDS else where}, {cause.during}" if cause.during else where
            return self.labelled("first at", f"{where}, signature {self.d.signature}")
        text = f"step {cause.step}"
        if cause.during in AFTER:
            text += f", {cause.during}"
        if cause.record is not None:
            text += f", {self.noun()} record {cause.record}"
        if cause.pc is not None:
            text += f", pc {cause.pc:#x}"
        return self.labelled("first at", f"{text} ({self.flavours()}), signature {self.d.signature}")

    def noun(self) -> str:
        if self.cause.unit == Unit.UNSTEADY:
            return "its"
        if self.cause.unit == Unit.EVENT or (self.cause.unit.is_broken and self.cause.pc is None):
            return "kernel"
        is_broken = self.cause.unit.is_broken and not self.cause.is_in_block
        is_instruction = self.cause.unit == Unit.INSTRUCTION or is_broken
        return "instruction" if is_instruction else "block"

    def flavours(self) -> str:
        if {Flavour.PRODUCTION, Flavour.OBSERVED} <= self.cause.flavours:
            return "production and observed"
        return "production" if Flavour.PRODUCTION in self.cause.flavours else "observed only"

    def rule(self) -> list[str]:
        if not self.cause.rule:
            return []
        return [self.labelled("rule", self.cause.rule), *self.wrapped("", self.cause.sentence, SENTENCE_MAX)]

    def words(self) -> list[str]:
        return self.wrapped("said", self.cause.words, WORDS_MAX) if self.cause.words else []

    def agreed(self) -> list[str]:
        """The last state that agreed: what it is, pc, gas and registers that are not 0."""
        agreed = self.cause.agreed
        if agreed is None:
            return []
        parts = [agreed.what]
        parts += [] if agreed.pc is None else [f"pc {agreed.pc:#x}"]
        parts += [] if agreed.gas is None else [f"gas {agreed.gas}"]
        regs = [f"r{n} {value:#x}" for n, value in enumerate(agreed.regs) if value]
        parts += [" ".join(regs)] if regs else []
        return self.wrapped("agreed", "  ".join(parts), 2)

    def fields(self) -> list[str]:
        fields = self.cause.fields
        lines = [self.row("field", "expected", "got", "hint")]
        lines += [self.row(entry.name, entry.expected, entry.got, entry.hint) for entry in fields[:FIELDS_MAX]]
        if len(fields) > FIELDS_MAX:
            lines.append(self.labelled("", f"and {len(fields) - FIELDS_MAX} more"))
        return lines

    def row(self, name: str, expected: str, got: str, hint: str) -> str:
        short = name.replace("memory ", "").replace("argument", "arg")[: LABEL - 1]
        line = self.cut(f"  {short:<{LABEL}}{expected:<{COLUMN}} {got:<{COLUMN}} {hint}".rstrip())
        if name == "field":
            return self.paint(line, "dim")
        at = 2 + LABEL + max(COLUMN, len(expected)) + 1
        return line[:at] + self.paint(line[at : at + len(got)], "red") + line[at + len(got) :]

    def hint(self) -> list[str]:
        return self.wrapped("hint", self.cause.hint, 2) if self.cause.hint else []

    def votes(self) -> str:
        words = []
        for name, agrees in self.d.votes.items():
            word = "agrees" if agrees else "differs"
            words.append(self.paint(f"{name} {word}", "green" if agrees else "red"))
        label = self.paint(f"  {'votes':<{LABEL}}", "dim")
        return label + "  ".join(words)

    def window(self, room: int) -> list[str]:
        """As many lines of the disassembly as there is room for, the wrong one among them."""
        lines: Sequence[tuple[Line, bool]] = self.d.window
        marked = next((n for n, (_, wrong) in enumerate(lines) if wrong), len(lines) // 2)
        while len(lines) > max(0, room):
            if marked > len(lines) - 1 - marked:
                lines, marked = lines[1:], marked - 1
            else:
                lines = lines[:-1]
        return [self.code_line(n, *entry) for n, entry in enumerate(lines)]

    def code_line(self, n: int, line: Line, wrong: bool) -> str:
        mark = ">" if wrong else " "
        shown = line.bytes[:BYTES_MAX].hex() + ("…" if len(line.bytes) > BYTES_MAX else "")
        extra = f"  ; block, gas {line.cost}" if line.cost is not None else ""
        body = self.cut(f"  {'code' if n == 0 else '':<8}{mark} {line.pc:04x}  {shown:<18} {line.text}{extra}")
        return self.paint(body, "bold") if wrong else body


def shortened(text: str, room: int) -> str:
    """With its middle left out where there is not room for all: its beginning and its end say the most."""
    room = max(room, 9)
    if len(text) <= room:
        return text
    end = room // 2
    return f"{text[: room - end - 1]}…{text[-end:]}"


def printable(text: str) -> str:
    """No control characters, whatever an engine said."""
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "·" for c in text)
