"""finds/: what was found, a folder a signature, however often and whoever is killed meanwhile.

    finds/SIGNATURE/case.json   the smallest case that shows it, a vector file of this one case
                    card.txt    its card
                    find.json   level, engine, how to repeat it, votes, whether it repeats
                    seen.txt    a line a sighting: when, and the digest of the input it was seen with

A campaign writes and reads it so:

    store = Store(Path("finds"))
    kept = store.add(Find(signature, case, card, engine="mine", repro="./assay replay …"), source=input_bytes)
    kept.is_new, kept.count, kept.first, kept.last
    for kept in store.all(): ...
    keep.keep(store, signature)                        # a case of vectors/regress, see keep.py

`add` may be called again for the same input, by any process at any time: an input counts once. What a kill leaves is
the state before or after an `add`, never one between; a find is never dropped, one that does not repeat says so.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from assay.base import strict
from assay.base.strict import Members, Wrong
from assay.base.trouble import BadInput, NoOutput
from assay.corpus import files

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
SIGHTING = re.compile(r"(\S+) ([0-9a-f]{32})\Z")
CASE, CARD, FIND, SEEN = "case.json", "card.txt", "find.json", "seen.txt"
LOCK = ".lock"


@dataclass(frozen=True)
class Find:
    """What is known of one signature. `case` is a vector file of one case, as text."""

    signature: str
    case: str
    card: str
    engine: str
    repro: str = ""
    votes: Mapping[str, bool] = field(default_factory=dict)  # engine -> True when it agrees
    is_flaky: bool = False  # it did not repeat when it was asked again
    size: int = 0  # of the case, in instructions or what else is counted: a smaller one replaces a larger one
    is_minimal: bool = False  # it was shrunk to the end


@dataclass(frozen=True)
class Kept:
    """A find, and how often it was seen."""

    find: Find
    count: int  # different inputs
    first: str  # UTC, as 2026-01-31T12:00:00Z
    last: str
    is_new: bool = False  # this `add` was the first one


class Store:
    """A folder of finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, find: Find, source: bytes, when: datetime | None = None) -> Kept:
        """Keeps a find that was seen with an input; raises BadInput for a bad signature, NoOutput for a full disk."""
        if not NAME.match(find.signature):
            raise BadInput(f"{find.signature!r} cannot name a find: letters, digits, '.', '_' and '-'")
        line = f"{stamp(when)} {hashlib.blake2b(source, digest_size=16).hexdigest()}\n"
        try:
            with self.locked():
                is_new = not (self.folder / find.signature / FIND).exists()
                if is_new:
                    self.write(find, line)
                else:
                    self.see_again(find, line)
                return replace(self.get(find.signature), is_new=is_new)
        except OSError as error:
            raise NoOutput(f"{self.folder}: cannot be written: {error.strerror}") from None

    def get(self, signature: str) -> Kept:
        """The find of a signature; raises BadInput where there is none."""
        folder = self.folder / signature
        if not NAME.match(signature) or not (folder / FIND).is_file():
            known = ", ".join(self.signatures()) or "none"
            raise BadInput(f"{self.folder} has no find {signature}; it has {known}")
        try:
            return read(folder)
        except (OSError, Wrong) as error:
            raise BadInput(f"{folder}: {error}") from None

    def all(self) -> list[Kept]:
        """Every find, the one that was seen first first."""
        found = [self.get(signature) for signature in self.signatures()]
        return sorted(found, key=lambda kept: (kept.first, kept.find.signature))

    def signatures(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(path.parent.name for path in self.folder.glob(f"*/{FIND}") if NAME.match(path.parent.name))

    # Writing, one process at a time

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The kernel frees the lock of a process that is killed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def write(self, find: Find, seen: str) -> None:
        about: Members = {
            "signature": find.signature,
            "engine": find.engine,
            "repro": find.repro,
            "votes": dict(find.votes),
            "flaky": find.is_flaky,
            "size": find.size,
            "minimal": find.is_minimal,
        }
        texts = {CASE: find.case, CARD: find.card.rstrip("\n") + "\n", FIND: json.dumps(about, indent=1) + "\n"}
        wanted = {name: text.encode() for name, text in (texts | {SEEN: seen}).items()}
        files.replace(self.folder / find.signature, wanted, wanted)

    def see_again(self, find: Find, line: str) -> None:
        path = self.folder / find.signature / SEEN
        lines = whole_lines(path)
        digest = line.split()[1]
        if all(digest != old.split()[1] for old in lines):
            lines.append(line.strip())
        known = self.get(find.signature).find
        seen = "".join(f"{old}\n" for old in lines)
        if is_better(find, known):
            self.write(find, seen)
        else:
            files.replace(path.parent, [SEEN], {SEEN: seen.encode()})


def is_better(find: Find, known: Find) -> bool:
    """One that repeats beats one that does not, then a minimal one, then a smaller one."""
    return rank(find) < rank(known)


def rank(find: Find) -> tuple[bool, bool, int, int]:
    return find.is_flaky, not find.is_minimal, find.size, len(find.case)


def stamp(when: datetime | None) -> str:
    return (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Reading


def whole_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if SIGHTING.match(line)]


def read(folder: Path) -> Kept:
    about = strict.members(
        strict.loads((folder / FIND).read_bytes()),
        FIND,
        ("signature", "engine", "repro", "votes", "flaky", "size", "minimal"),
    )
    votes = {name: strict.flag(vote, "a vote") for name, vote in strict.mapping(about["votes"], "votes").items()}
    find = Find(
        strict.text(about["signature"], "signature"),
        (folder / CASE).read_text(),
        (folder / CARD).read_text(),
        strict.text(about["engine"], "engine"),
        strict.text(about["repro"], "repro"),
        votes,
        strict.flag(about["flaky"], "flaky"),
        strict.count(about["size"], "size"),
        strict.flag(about["minimal"], "minimal"),
    )
    times = sorted(line.split()[0] for line in whole_lines(folder / SEEN))
    return Kept(find, len(times), times[0], times[-1])


def case_path(store: Store, signature: str) -> Path:
    """Where the case of a find stands, to be played."""
    store.get(signature)
    return store.folder / signature / CASE


def is_writable(folder: Path) -> bool:
    """Whether finds can be kept in a folder."""
    near = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(near, os.W_OK | os.X_OK)
