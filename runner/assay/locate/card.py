"""Prints a divergence on at most 25 lines."""

import textwrap

LINES_MAX = 25
FIELDS_MAX = 6
SENTENCE_MAX = 2
WORDS_MAX = 4
LABEL = 10
COLUMN = 26

COLOUR = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def render(divergence, width=100, colour=False):
    """The card as text; its last line has no newline."""
    return "\n".join(Card(divergence, max(60, width), colour).lines()[:LINES_MAX])


class Card:
    def __init__(self, divergence, width, colour):
        self.d = divergence
        self.width = width
        self.colour = colour

    def lines(self):
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
        repro = f"  {'repro':<{LABEL}}{printable(self.d.repro)}"  # never cut: it is to be copied
        room = LINES_MAX - len(parts) - 1
        return [*parts, *self.window(room), repro]

    def paint(self, text, name):
        return f"\x1b[{COLOUR[name]}m{text}\x1b[0m" if self.colour and text else text

    def cut(self, text):
        text = printable(text)
        return text if len(text) <= self.width else text[: self.width - 1] + "…"

    def labelled(self, label, text):
        line = self.cut(f"  {label:<{LABEL}}{text}")
        return self.paint(line[: 2 + LABEL], "dim") + line[2 + LABEL :]

    def wrapped(self, label, text, most):
        lines = textwrap.wrap(printable(text), self.width - 2 - LABEL) or [""]
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1][: self.width - 3 - LABEL] + "…"]
        return [self.labelled(label if n == 0 else "", line) for n, line in enumerate(lines)]

    def head(self):
        d = self.d
        right = d.level
        room = self.width - len(right) - 3
        left = printable(f"DIVERGED  {d.case}  on {d.engine}")
        if len(left) > room:
            left = left[: room - 1] + "…"
        line = f"{left}   {right}"
        return self.paint(line[:8], "red") + line[8:]

    def place(self):
        d = self.d
        if d.step is None:
            where = "load" if d.level.startswith("load") else "the beginning"
            return self.labelled("first at", f"{where}, signature {d.signature}")
        text = f"step {d.step}"
        if d.record is not None:
            what = "instruction" if d.level.startswith(("L0", "engine")) else "block"
            what = "kernel" if d.level.startswith("L2") else what
            text += f", {what} record {d.record}"
        if d.pc is not None:
            text += f", pc {d.pc:#x}"
        flavours = {"both": "production and observed", "production": "production"}
        text += f" ({flavours.get(d.flavour, 'observed only')}), signature {d.signature}"
        return self.labelled("first at", text)

    def rule(self):
        if not self.d.rule:
            return []
        line = self.labelled("rule", self.d.rule)
        return [line, *self.wrapped("", self.d.sentence, SENTENCE_MAX)]

    def words(self):
        return self.wrapped("said", self.d.words, WORDS_MAX) if self.d.words else []

    def agreed(self):
        """The last state that agreed: its level, pc, gas and registers that are not 0."""
        record = self.d.agreed
        if record is None:
            return []
        text = record["level"]
        if "index" in record:
            text += f" {record['index']}"
        for name, write in (("pc", hex), ("gas", str)):
            if record.get(name) is not None:
                text += f"  {name} {write(record[name])}"
        regs = [f"r{n} {value:#x}" for n, value in enumerate(record.get("regs") or []) if value]
        return self.wrapped("agreed", text + ("  " + " ".join(regs) if regs else ""), 2)

    def fields(self):
        d = self.d
        lines = [self.row("field", "expected", "got", "hint")]
        for entry in d.fields[:FIELDS_MAX]:
            lines.append(self.row(entry.name, entry.expected, entry.got, entry.hint))
        if len(d.fields) > FIELDS_MAX:
            lines.append(self.labelled("", f"and {len(d.fields) - FIELDS_MAX} more"))
        return lines

    def row(self, name, expected, got, hint):
        short = name.replace("memory ", "").replace("argument", "arg")
        if len(short) > LABEL - 1:
            short = short[: LABEL - 1]
        text = f"  {short:<{LABEL}}{expected:<{COLUMN}} {got:<{COLUMN}} {hint}".rstrip()
        line = self.cut(text)
        if name == "field":
            return self.paint(line, "dim")
        at = 2 + LABEL + max(COLUMN, len(expected)) + 1
        return line[:at] + self.paint(line[at : at + len(got)], "red") + line[at + len(got) :]

    def hint(self):
        return self.wrapped("hint", self.d.hint, 2) if self.d.hint else []

    def votes(self):
        words = []
        for name, agrees in self.d.votes.items():
            word = "agrees" if agrees else "differs"
            words.append(self.paint(f"{name} {word}", "green" if agrees else "red"))
        plain = "  ".join(words)
        label = self.paint(f"  {'votes':<{LABEL}}", "dim")
        return label + plain

    def window(self, room):
        """As many lines of the disassembly as there is room for, the wrong one among them."""
        lines = self.d.window
        marked = next((n for n, (_, wrong) in enumerate(lines) if wrong), len(lines) // 2)
        while len(lines) > max(0, room):
            if marked > len(lines) - 1 - marked:
                lines, marked = lines[1:], marked - 1
            else:
                lines = lines[:-1]
        return [self.code_line(n, *entry) for n, entry in enumerate(lines)]

    def code_line(self, n, line, wrong):
        mark = ">" if wrong else " "
        shown = line.bytes[:8].hex() + ("…" if len(line.bytes) > 8 else "")
        extra = f"  ; block, gas {line.cost}" if line.cost is not None else ""
        body = self.cut(f"  {'code' if n == 0 else '':<8}{mark} {line.pc:04x}  {shown:<18} {line.text}{extra}")
        return self.paint(body, "bold") if wrong else body


def printable(text):
    """No control characters, whatever an engine said."""
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "·" for c in text)
