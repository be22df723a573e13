"""What is known to be wrong: `--known FILE`, in TOML, with a reason and a date for each entry.

[[known]]
case = "isa/add_64/one_and_one"   # or: signature = "0123abcd", as cards and reports name it
engine = "mine"                   # left out: any engine
reason = "issue 12"
date = 2026-01-31
"""

import datetime
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.base.trouble import BadInput
from assay.replay.verdict import Verdict, Vote

KEYS = {"case", "signature", "engine", "reason", "date"}
SIGNATURE = re.compile(r"[0-9a-f]{8}\Z")


@dataclass(frozen=True)
class Entry:
    """One thing that is known to be wrong."""

    case: str
    signature: str
    engine: str
    reason: str
    date: datetime.date

    @property
    def name(self) -> str:
        what = self.case or f"signature {self.signature}"
        return f"{what} on {self.engine}" if self.engine else what

    def is_asked(self, verdict: Verdict) -> bool:
        """Whether this verdict is one that a case entry speaks of."""
        return self.case == verdict.case and self.engine in ("", verdict.engine)

    def covers(self, verdict: Verdict) -> bool:
        if self.case:
            return self.is_asked(verdict)
        signature = verdict.first.signature if verdict.first else ""
        return self.signature == signature and self.engine in ("", verdict.engine)


@dataclass
class Known:
    """The entries of a file, and what a replay met of them."""

    path: str = ""
    entries: Sequence[Entry] = ()
    used: set[Entry] = field(default_factory=set)
    passed: set[Entry] = field(default_factory=set)

    @property
    def needs_signatures(self) -> bool:
        return any(entry.signature for entry in self.entries)

    def reason(self, verdict: Verdict) -> str:
        """Why this is known to be wrong; nothing: it is not."""
        found = [entry for entry in self.entries if entry.covers(verdict)]
        self.used.update(found)
        return f"{found[0].reason} ({found[0].date})" if found else ""

    def see(self, verdict: Verdict) -> None:
        if verdict.vote == Vote.PASS:
            self.passed.update(entry for entry in self.entries if entry.is_asked(verdict))

    def stale(self) -> list[str]:
        """Entries whose case passes."""
        return [
            f"{self.path}: {entry.name} is listed as known to be wrong, and it passes; take the entry out"
            for entry in self.entries
            if entry in self.passed and entry not in self.used
        ]

    def unmet(self, ids: Iterable[str], engines: Iterable[str], is_whole: bool) -> list[str]:
        """Entries that name nothing; of a selection nothing can be said about what was not selected."""
        ids, engines = set(ids), set(engines)
        lost = [entry for entry in self.entries if entry not in self.used | self.passed]
        return [
            f"{self.path}: {entry.name} names nothing that was replayed; take the entry out"
            for entry in lost
            if (is_whole and entry.case not in ids) or (entry.engine and entry.engine not in engines)
        ]


def read(path: str | None) -> Known:
    """Raises BadInput, with the file and the entry, for what is not exactly of the form."""
    if path is None:
        return Known()
    try:
        data = tomllib.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; give a TOML file of known failures") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: no TOML: {error}") from None
    listed = data.get("known")
    if set(data) != {"known"} or not isinstance(listed, list) or not listed:
        raise BadInput(f"{path}: a file of known failures has [[known]] entries and nothing else")
    return Known(path, [read_entry(f"{path}: entry {index}", value) for index, value in enumerate(listed)])


def read_entry(where: str, value: object) -> Entry:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is not a table")
    for key in value:
        if key not in KEYS:
            raise BadInput(f"{where} has an unknown key {key!r}")
    words = {key: word_of(where, key, value) for key in ("case", "signature", "engine", "reason")}
    date = value.get("date")
    if isinstance(date, datetime.datetime) or not isinstance(date, datetime.date):
        raise BadInput(f"{where} has no date; write date = 2026-01-31, without quotes")
    if not words["reason"] or bool(words["case"]) == bool(words["signature"]):
        raise BadInput(f"{where} needs a reason, and either a case or a signature")
    if words["signature"] and not SIGNATURE.match(words["signature"]):
        raise BadInput(f"{where}: a signature is eight hex digits, as a card shows it")
    return Entry(words["case"], words["signature"], words["engine"], words["reason"], date)


def word_of(where: str, key: str, value: dict[str, object]) -> str:
    found = value.get(key, "")
    if not isinstance(found, str):
        raise BadInput(f"{where}: {key} is not a text")
    return found
