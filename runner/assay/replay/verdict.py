"""What one engine came to on one case, in the words that every report uses."""

import re
from dataclasses import dataclass, replace
from enum import Enum

from assay.base import strict
from assay.base.level import Flavour
from assay.base.plain import plain
from assay.base.strict import Json, Members
from assay.locate.divergence import Divergence


class Vote(Enum):
    """The verdict words."""

    PASS = "pass"
    WRONG = "wrong"  # it failed, and failed again when repeated alone
    FLAKY = "flaky"  # it failed, and passed when repeated alone
    KNOWN = "known"  # it is wrong, and --known lists it
    CANNOT = "cannot"  # the engine lacks a declared feature or level
    NOT_APPLICABLE = "not applicable"  # the case does not ask this engine
    NOT_RUN = "not run"
    UNREADABLE = "unreadable"  # of a place in a file, not of an engine


class Kind(Enum):
    """How a case is wrong."""

    DIFFERS = "differs"
    DIED = "died"
    HUNG = "hung"
    MALFORMED = "malformed"  # a reply that is not of the protocol
    REFUSED = "refused"  # an error reply where a result was due
    FAILED = "failed"  # the engine says that it failed, or its host did

    @property
    def is_broken(self) -> bool:
        return self in (Kind.DIED, Kind.HUNG, Kind.MALFORMED)


VOTES = tuple(vote for vote in Vote if vote != Vote.UNREADABLE)
GREEN = (Vote.PASS, Vote.KNOWN, Vote.NOT_APPLICABLE)
# By their first words, which are ours: what follows may be the engine's.
OURS = re.compile(r"engine \S+: ")
DIED = re.compile(r"killed by |ended with code |it closed its output|it cannot be started|the engine's process died")
AT_START = re.compile(r"((killed by|ended with|it closed) [\w ]+ during|(no|its) reply to) hello\b")
HUNG = re.compile(r"no (reply to \w+|answer) within |the engine's process gave no reply")


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
    kind: Kind | None = None
    first: Divergence | None = None  # where it is wrong first, if that was looked for
    reason: str = ""  # of a known one

    @property
    def passed(self) -> bool:
        return self.vote == Vote.PASS

    @property
    def is_broken(self) -> bool:
        return self.kind is not None and self.kind.is_broken

    @property
    def is_at_start(self) -> bool:
        """The engine did not come as far as to say who it is."""
        return self.is_broken and AT_START.match(OURS.sub("", self.message)) is not None

    @property
    def text(self) -> str:
        """What went wrong, in one line."""
        if not self.differences:
            return self.message
        first = self.differences[0]
        more = len(self.differences) - 1
        rest = f" and {more} more" if more else ""
        return f"step {self.step}: {first.field} is {first.got}, expected {first.expected}{rest}"

    def as_flaky(self) -> "Verdict":
        return replace(self, vote=Vote.FLAKY, message=f"it failed ({self.text}) and passed when it was repeated alone")


def broken(case: str, engine: str, message: str) -> Verdict:
    """An engine that died, hung or said what is not of the protocol."""
    said = OURS.sub("", message)
    kind = Kind.HUNG if HUNG.match(said) else Kind.DIED if DIED.match(said) else Kind.MALFORMED
    return Verdict(case, engine, Vote.WRONG, message=message, kind=kind)


def not_run(case: str, engine: str, why: str) -> Verdict:
    return Verdict(case, engine, Vote.NOT_RUN, message=why)


def read_verdict(line: Members, engine: str) -> Verdict:
    """A verdict line of `assay-native replay`."""
    message = plain(strict.text(line.get("message", ""), "message"))
    case = strict.text(line.get("case"), "case")
    word = strict.one_of(line.get("verdict"), "verdict", ("pass", "fail", "error", "broken"))
    found = Verdict(
        case,
        engine,
        Vote.PASS if word == "pass" else Vote.WRONG,
        Flavour(line["flavour"]) if "flavour" in line else None,
        strict.count(line.get("step", 0), "step"),
        tuple(read_difference(entry) for entry in strict.items(line.get("differences", []), "differences")),
        message,
    )
    if word == "fail":
        return replace(found, kind=Kind.DIFFERS)
    if word == "broken":
        return replace(found, kind=broken(case, engine, message).kind)
    if line.get("cannot") is True:
        return replace(found, vote=Vote.CANNOT)
    return found if word == "pass" else of_error(found)


def of_error(found: Verdict) -> Verdict:
    """An error of the harness's line, by what it says."""
    if found.message.startswith("not run"):
        return replace(found, vote=Vote.NOT_RUN)
    return replace(found, kind=Kind.REFUSED if found.message.startswith("refused") else Kind.FAILED)


def read_difference(value: Json) -> Difference:
    entry = strict.members(value, "a difference", ("field", "expected", "got"))
    field, expected, got = (plain(strict.text(entry[name], name)) for name in ("field", "expected", "got"))
    return Difference(field, expected, got)
