"""Vector files: which there are, which cases they hold, which of them are meant.

The strict reader is `assay-native list`; here its findings are only sorted and selected.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from assay.base import paths, strict
from assay.base.level import Depth
from assay.base.strict import Json, Wrong
from assay.base.trouble import BadInput, Nothing
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.suite.case import KernelCase, MachineCase, read_images, read_kernel, read_machine, words
from assay.suite.keyword import Keyword

VOTES = b'"votes"'


@dataclass(frozen=True)
class Entry:
    """Where a case stands."""

    id: str
    file: str
    start: int
    end: int
    depth: Depth
    votes: tuple[str, ...] = ()  # of our engines, those that can keep up with the case; empty: all

    @property
    def is_kernel(self) -> bool:
        return self.depth == Depth.KERNEL

    @property
    def place(self) -> str:
        """As the command line takes it."""
        return f"{paths.shown(self.file)}::{self.id}"

    def text(self) -> bytes:
        with Path(self.file).open("rb") as stream:
            stream.seek(self.start)
            return stream.read(self.end - self.start)

    def machine(self) -> MachineCase:
        return read_machine(strict.loads(self.text()))

    def kernel(self) -> KernelCase:
        return read_kernel(strict.loads(self.text()), images_of(self.file))


@lru_cache(maxsize=16)
def images_of(path: str) -> dict[str, bytes]:
    """The named Images of a vector file."""
    return read_images(strict.mapping(strict.loads(Path(path).read_bytes()), path).get("images", {}))


@dataclass(frozen=True)
class Invalid:
    """What cannot be read."""

    id: str | None
    file: str
    offset: int
    message: str

    def __str__(self) -> str:
        name = f" {self.id}" if self.id else ""
        return f"{paths.shown(self.file)}:{name} at byte {self.offset}: {self.message}"


@dataclass
class Suite:
    entries: list[Entry] = field(default_factory=list)
    invalid: list[Invalid] = field(default_factory=list)
    found: int = 0  # cases before selection
    read_files: list[str] = field(default_factory=list)  # all that were read, also those without a selected case

    def asked(self, target: Target) -> "Suite":
        """The suite of the cases that an engine is asked; a case may be too long for one of ours."""
        entries = [e for e in self.entries if not (target.is_ours and e.votes) or target.name in e.votes]
        return Suite(entries, self.invalid, self.found, self.read_files)

    @property
    def files(self) -> list[str]:
        """The files with selected cases, in order."""
        return list(dict.fromkeys(entry.file for entry in self.entries))


def files_of(names: Iterable[str | Path]) -> list[str]:
    """Every .json file that the paths name, in order; raises BadInput."""
    files: list[Path] = []
    for path in map(Path, names):
        try:
            if path.is_dir():
                found = sorted(below(path))
            else:
                path.stat()
                found = [path]
        except OSError as error:
            raise BadInput(f"{error.filename or path}: {error.strerror}; give vector files or folders") from None
        if not found:
            raise BadInput(f"{path}: the folder has no .json file; give the folder of the vectors")
        files += found
    return list(dict.fromkeys(str(file) for file in files))


def below(folder: Path) -> Iterator[Path]:
    """The .json files below a folder; raises OSError for a folder that cannot be read."""
    for parent, _, names in os.walk(folder, onerror=complain):
        yield from (Path(parent, name) for name in names if name.endswith(".json"))


def complain(error: OSError) -> None:
    raise error


def read(names: Iterable[str | Path], keyword: str | None = None, harness: Path | None = None) -> Suite:
    """The selected cases of vector files and folders.

    A path may end in `::ID` for one case. Raises BadInput, or Nothing when no case is left and
    none is invalid.
    """
    files, ids = split(names)
    suite = Suite(read_files=files_of(files))
    wanted = Keyword(keyword) if keyword else None
    for entry in listing(suite.read_files, harness or catalog.harness()):
        if isinstance(entry, Invalid):
            suite.invalid.append(entry)
            continue
        suite.found += 1
        if (not ids or entry.id in ids) and (not wanted or wanted.matches(entry.id)):
            suite.entries.append(entry)
    missing = sorted(ids - {entry.id for entry in suite.entries}) if not wanted else []
    if missing:
        raise BadInput(f"there is no case {missing[0]} in the files named")
    if not suite.entries and not suite.invalid:
        what = f"-k {keyword!r} selects none of {suite.found} cases" if keyword else "no case"
        raise Nothing(f"{what}; ids are area/subject/behaviour, `./assay replay --list` shows them")
    return suite


def split(names: Iterable[str | Path]) -> tuple[list[str], set[str]]:
    """Paths without their ids, and the ids."""
    files, ids = [], set()
    for path in map(str, names):
        name, colons, identity = path.partition("::")
        files.append(name)
        if colons:
            ids.add(identity)
    return list(dict.fromkeys(files)), ids


def listing(files: Sequence[str], harness: Path) -> Iterator[Entry | Invalid]:
    done = subprocess.run([str(harness), "list", *files], capture_output=True, check=False)
    if done.returncode not in (0, 3, 5):
        words = done.stderr.decode("utf-8", "replace").strip() or f"code {done.returncode}"
        raise BadInput(f"assay-native list: {words}")
    for line in done.stdout.splitlines():
        yield read_line(strict.ours(line))


def read_line(value: Json) -> Entry | Invalid:
    line = strict.mapping(value, "a line of assay-native list")
    file = strict.text(line.get("file"), "file")
    if "verdict" in line:
        identity = line.get("case")
        message = strict.text(line.get("message"), "message")
        return Invalid(
            identity if isinstance(identity, str) else None, file, strict.count(line["offset"], "offset"), message
        )
    identity = strict.text(line.get("case"), "case")
    start, end = strict.count(line.get("start"), "start"), strict.count(line.get("end"), "end")
    depth = Depth(line.get("level"))
    try:
        votes = votes_of(content_of(file)[start:end]) if depth == Depth.KERNEL else ()
    except Wrong as error:
        return Invalid(identity, file, start, str(error))
    return Entry(identity, file, start, end, depth, votes)


@lru_cache(maxsize=1)
def content_of(file: str) -> bytes:
    return Path(file).read_bytes()


def votes_of(text: bytes) -> tuple[str, ...]:
    """Who can keep up with a case, where it says so."""
    if VOTES not in text:
        return ()
    votes = words(strict.mapping(strict.ours(text), "a case").get("votes", []), "votes")
    if unknown := sorted(set(votes) - {catalog.MODEL, *catalog.OURS}):
        raise Wrong(f"votes names {unknown[0]!r}, which is none of {', '.join((catalog.MODEL, *catalog.OURS))}")
    return votes
