"""What was covered: rules reached, rules contrasted, opcodes executed, operands given."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import model
from assay.corpus import kernel_table
from assay.corpus.kernel_table import Cell

OPCODES = {record.byte: record.name for record in model.table.INSN}
NAMED_MAX = 8


@dataclass(frozen=True)
class Played:
    """What the specification says of one case."""

    id: str
    claims: tuple[str, ...]  # `rules`
    against: tuple[str, ...]
    reached: frozenset[str]


@dataclass
class Coverage:
    cases: int = 0
    reached: Counter[str] = field(default_factory=Counter)  # rule -> cases that reach it
    positive: Counter[str] = field(default_factory=Counter)  # rule -> cases with it in `rules`
    negative: Counter[str] = field(default_factory=Counter)  # rule -> cases with it in `against`
    executed: dict[str, set[str]] = field(default_factory=dict)  # engine -> names of the opcodes it executed
    problems: list[str] = field(default_factory=list)  # one line each
    unread: list[str] = field(default_factory=list)  # the problems that are files which cannot be read
    cells: Counter[Cell] = field(default_factory=Counter)

    def add(self, case: Played) -> None:
        """Counts a case and checks what it claims."""
        self.cases += 1
        self.reached.update(case.reached)
        self.positive.update(set(case.claims) & case.reached)
        self.negative.update(set(case.against) - case.reached)
        known = model.rules()
        for rule in [*case.claims, *case.against]:
            if rule not in known:
                self.problems.append(f"{case.id}: no chapter has a rule {rule}")
        for rule in case.claims:
            if rule in known and rule not in case.reached:
                self.problems.append(f"{case.id}: `rules` has {rule}, which is not reached")
        for rule in case.against:
            if rule in case.reached:
                self.problems.append(f"{case.id}: `against` has {rule}, which is reached")

    def missing(self) -> list[tuple[str, int, int, int]]:
        """(rule, reached, positive, negative) of every rule that lacks one of them."""
        rows = [(rule, self.reached[rule], self.positive[rule], self.negative[rule]) for rule in sorted(model.rules())]
        return [row for row in rows if not all(row[1:])]

    def unexecuted(self) -> dict[str, list[str]]:
        """engine -> names of the opcodes it did not execute, in the order of isa.def."""
        return {
            engine: [name for name in OPCODES.values() if name not in names] for engine, names in self.executed.items()
        }

    def empty_cells(self) -> list[Cell]:
        """Operands of kernel operations that no case gives, if there are kernel cases at all."""
        return kernel_table.empty_cells(self.cells) if self.cells else []

    @property
    def ok(self) -> bool:
        bad = self.problems or self.missing() or any(self.unexecuted().values()) or self.empty_cells()
        return not bad and bool(self.cases)

    @property
    def totals(self) -> str:
        """The one line that says it all."""
        rules = model.rules()
        reached = sum(1 for rule in rules if self.reached[rule])
        contrasted = sum(1 for rule in rules if self.positive[rule] and self.negative[rule])
        by_count: dict[int, list[str]] = {}
        for engine, names in self.unexecuted().items():
            by_count.setdefault(len(OPCODES) - len(names), []).append(engine)
        opcodes = ", ".join(
            f"{count} of {len(OPCODES)} opcodes executed by {', '.join(engines)}"
            for count, engines in sorted(by_count.items(), reverse=True)
        )
        text = f"{reached} of {len(rules)} rules reached, {contrasted} contrasted"
        return f"{text}; {opcodes}" if opcodes else text

    @property
    def text(self) -> str:
        """The incomplete rules as a table, what else is wrong, and the totals."""
        lines = [*table(self.missing()), *(named(*pair) for pair in self.unexecuted().items() if pair[1])]
        lines += [
            f"no case gives {name} an r{register} that is {column}" for name, register, column in self.empty_cells()
        ]
        if self.cells:
            lines.append(kernel_table.text(self.cells))
        return "\n".join([*lines, *self.problems, f"{self.cases} cases: {self.totals}"])

    def summary(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "ok": self.ok,
            "cases": self.cases,
            "rules": {
                rule: {"reached": self.reached[rule], "rules": self.positive[rule], "against": self.negative[rule]}
                for rule in sorted(model.rules())
            },
            "opcodes": {engine: sorted(names) for engine, names in self.executed.items()},
            "operands": {f"{name} r{register} {column}": n for (name, register, column), n in self.cells.items()},
            "problems": self.problems,
        }


def table(rows: list[tuple[str, int, int, int]]) -> list[str]:
    if not rows:
        return []
    width = max(len(row[0]) for row in rows)
    lines = [f"{rule:<{width}}  {a:>7}  {b:>5}  {c:>7}" for rule, a, b, c in rows]
    return [f"{'rule':<{width}}  reached  rules  against", *lines]


def named(engine: str, names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return f"{engine} did not execute {', '.join(names[:NAMED_MAX])}{more}"


def opcodes_of(rules: Iterable[str]) -> set[str]:
    """The opcodes whose rules were reached."""
    reached = set(rules)
    return {name for name in OPCODES.values() if f"isa/{name}" in reached}
