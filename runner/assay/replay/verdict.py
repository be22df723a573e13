"""What one engine came to on one case."""

from dataclasses import dataclass
from enum import Enum

from assay.base import strict
from assay.base.level import Flavour
from assay.base.plain import plain
from assay.base.strict import Json, Members


class Vote(Enum):
    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    BROKEN = "broken"  # it died, hung or answered garbage
    INVALID = "invalid"  # the case cannot be read


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Verdict:
    case: str
    engine: str
    vote: Vote
    flavour: Flavour | None = None
    step: int = 0
    differences: tuple[Difference, ...] = ()
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.vote == Vote.PASS

    @property
    def text(self) -> str:
        """What went wrong, in one line."""
        if not self.differences:
            return self.message
        first = self.differences[0]
        more = len(self.differences) - 1
        rest = f" and {more} more" if more else ""
        return f"step {self.step}: {first.field} is {first.got}, expected {first.expected}{rest}"


def read_verdict(line: Members, engine: str) -> Verdict:
    """A verdict line of `assay-native replay`."""
    return Verdict(
        strict.text(line.get("case"), "case"),
        engine,
        Vote(line.get("verdict")),
        Flavour(line["flavour"]) if "flavour" in line else None,
        strict.count(line.get("step", 0), "step"),
        tuple(read_difference(entry) for entry in strict.items(line.get("differences", []), "differences")),
        plain(strict.text(line.get("message", ""), "message")),
    )


def read_difference(value: Json) -> Difference:
    entry = strict.members(value, "a difference", ("field", "expected", "got"))
    field, expected, got = (plain(strict.text(entry[name], name)) for name in ("field", "expected", "got"))
    return Difference(field, expected, got)
