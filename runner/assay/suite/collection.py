"""Vector files: which there are, which cases they hold, which of them are meant.

The strict reader is `assay-native list`; here its findings are only sorted and selected.
"""

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.base import paths
from assay.base.trouble import BadInput, Nothing
from assay.engines import catalog
from assay.suite import kernel_case
from assay.suite.keyword import Keyword


@dataclass(frozen=True)
class Entry:
    """Where a case stands."""

    id: str
    file: str
    start: int
    end: int
    level: str = "machine"  # or "kernel"
    votes: tuple = ()  # of our engines, those that can keep up with the case; empty: all

    @property
    def is_kernel(self):
        return self.level == "kernel"

    def case(self):
        """The case itself, a dict in the form of vectors/README.md."""
        with open(self.file, "rb") as stream:
            stream.seek(self.start)
            text = stream.read(self.end - self.start)
        return kernel_case.parse(text) if self.is_kernel else json.loads(text)

    def images(self):
        """The named Images of the file of a kernel case."""
        return kernel_case.images_of(self.file)


@dataclass(frozen=True)
class Invalid:
    """What cannot be read."""

    id: str | None
    file: str
    offset: int
    message: str

    def __str__(self):
        name = f" {self.id}" if self.id else ""
        return f"{paths.shown(self.file)}:{name} at byte {self.offset}: {self.message}"


@dataclass
class Suite:
    entries: list = field(default_factory=list)
    invalid: list = field(default_factory=list)
    found: int = 0  # cases before selection

    def asked(self, engine):
        """The suite of the cases that an engine is asked; a case may be too long for one of ours."""
        entries = [e for e in self.entries if not (engine.is_ours and e.votes) or engine.name in e.votes]
        return Suite(entries, self.invalid, self.found)

    @property
    def files(self):
        """The files with selected cases, in order."""
        return list(dict.fromkeys(entry.file for entry in self.entries))


def files_of(paths):
    """Every .json file that the paths name, in order; raises BadInput."""
    files = []
    for path in map(Path, paths):
        try:
            if path.is_dir():
                found = sorted(path.rglob("*.json"))
                next(path.iterdir(), None)  # complains about a folder that cannot be read
            else:
                path.stat()
                found = [path]
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; give vector files or folders") from None
        if not found:
            raise BadInput(f"{path}: the folder has no .json file; give the folder of the vectors")
        files += found
    return list(dict.fromkeys(str(file) for file in files))


def read(paths, keyword=None, harness=None):
    """The selected cases of vector files and folders.

    A path may end in `::ID` for one case. Raises BadInput, or Nothing when no case is left and
    none is invalid.
    """
    names, ids = split(paths)
    suite = Suite()
    wanted = Keyword(keyword) if keyword else None
    for line in listing(files_of(names), harness or catalog.harness()):
        if "verdict" in line:
            suite.invalid.append(Invalid(line["case"], line["file"], line["offset"], line["message"]))
            continue
        suite.found += 1
        if ids and line["case"] not in ids or wanted and not wanted.matches(line["case"]):
            continue
        entry = Entry(line["case"], line["file"], line["start"], line["end"], line["level"])
        votes, problem = checked(entry)
        if problem is None:
            suite.entries.append(replace(entry, votes=votes))
        else:
            suite.invalid.append(Invalid(entry.id, entry.file, entry.start, problem))
    missing = sorted(ids - {entry.id for entry in suite.entries}) if not wanted else []
    if missing:
        raise BadInput(f"there is no case {missing[0]} in the files named")
    if not suite.entries and not suite.invalid:
        what = f"-k {keyword!r} selects none of {suite.found} cases" if keyword else "no case"
        raise Nothing(f"{what}; ids are area/subject/behaviour, `./assay replay --list` shows them")
    return suite


def checked(entry):
    """Who votes on a kernel case, and what is wrong with it; machine cases have been read already."""
    if not entry.is_kernel:
        return (), None
    try:
        case = entry.case()
        kernel_case.check_images(case, entry.images())
    except (kernel_case.Malformed, ValueError, RecursionError) as error:
        return (), str(error)
    return tuple(case.get("votes", ())), None


def split(paths):
    """Paths without their ids, and the ids."""
    names, ids = [], set()
    for path in map(str, paths):
        name, colons, identity = path.partition("::")
        names.append(name)
        if colons:
            ids.add(identity)
    return list(dict.fromkeys(names)), ids


def listing(files, harness):
    done = subprocess.run([str(harness), "list", *files], capture_output=True, check=False, errors="replace")
    if done.returncode not in (0, 3, 5):
        words = done.stderr.strip() or f"code {done.returncode}"
        raise BadInput(f"assay-native list: {words}")
    return [json.loads(line) for line in done.stdout.splitlines()]
