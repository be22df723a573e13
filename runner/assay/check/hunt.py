"""Every saboteur is to be caught by the vectors, soon, and its failing case to be small.

    for result in hunt(faults, done, jobs): ...

An engine is built with one fault, plays the vectors of its level until one fails, and this case is shrunk. Results are
JSON lines; what a file of them has already is not done again (`read`), so a hunt goes on where it was stopped.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from assay.base import paths, strict, workers
from assay.base.level import Depth
from assay.base.strict import Json, Members, Wrong
from assay.base.trouble import NoEngine
from assay.check import saboteurs
from assay.check.faults import Fault
from assay.engines.catalog import Target
from assay.replay.replay import replay
from assay.shrink.shrink import Shrunk, shrink
from assay.suite import collection
from assay.suite.collection import Entry, Suite

SECONDS_MAX = 60.0  # in which the vectors catch it
GUESTS = "programs"  # whole guest programs: no vector that catches first
PERCENT = 95


@dataclass(frozen=True)
class Hunted:
    """What became of one saboteur; `case` is empty where no vector noticed it."""

    name: str
    kind: str
    engine: str
    file: str
    line: int
    digest: str
    case: str = ""
    seconds: float = 0.0  # until the first vector failed
    signature: str = ""
    rule: str = ""
    before: int = 0  # instructions of the case
    instructions: int = 0  # and of what it was shrunk to
    is_minimal: bool = False
    shrink_seconds: float = 0.0

    @property
    def is_caught(self) -> bool:
        return bool(self.case) and self.seconds <= SECONDS_MAX

    @property
    def is_shrunk(self) -> bool:
        return bool(self.signature)

    def members(self) -> Members:
        return {**vars(self)}


def hunt(faults: Sequence[Fault], jobs: int, shrinks: bool) -> Iterator[Hunted]:
    """One result a saboteur, as each is done."""
    tasks = [(fault, shrinks) for fault in faults]
    if jobs == 1:
        yield from map(hunted, tasks)
        return
    with workers.pool(jobs) as pool:
        yield from pool.imap_unordered(hunted, tasks)


def hunted(task: tuple[Fault, bool]) -> Hunted:
    """What no vector notices is built again with small bounds, as build/dev is."""
    fault, shrinks = task
    suite = vectors_of(depth_of(fault))
    result = hunted_in(suite, fault, shrinks)
    return result if result.is_caught else hunted_in(suite, fault, shrinks, saboteurs.SMALL)


def hunted_in(suite: Suite, fault: Fault, shrinks: bool, *options: str) -> Hunted:
    with TemporaryDirectory(prefix="assay-saboteur-") as folder:
        engine = saboteurs.build(fault, folder, *options)
        started = time.monotonic()
        case = first_failure(suite, engine)
        seconds = time.monotonic() - started
        if not case:
            return about(fault, seconds=seconds)
        if not shrinks:
            return about(fault, case, seconds)
        return about(fault, case, seconds, shrunk_of(next(e for e in suite.entries if e.id == case), engine))


def depth_of(fault: Fault) -> Depth:
    return Depth.KERNEL if fault.file.startswith("kernel/") else Depth.MACHINE


def vectors_of(depth: Depth) -> Suite:
    folders = sorted(path for path in paths.VECTORS.iterdir() if path.is_dir() and path.name != GUESTS)
    suite = collection.read(folders)
    entries = [entry for entry in suite.entries if entry.depth == depth]
    return Suite(entries, suite.invalid, suite.found, suite.read_files)


def first_failure(suite: Suite, engine: Target) -> str:
    """The id of the first case that does not pass; empty when all do."""
    return next((verdict.case for verdict in replay(suite, engine) if not verdict.passed), "")


def shrunk_of(entry: Entry, engine: Target) -> Shrunk:
    return shrink(entry.kernel() if entry.is_kernel else entry.machine(), engine)


def about(fault: Fault, case: str = "", seconds: float = 0.0, small: Shrunk | None = None) -> Hunted:
    known = (fault.name, fault.group, fault.engine, fault.file, line_of(fault), digest_of(fault), case, seconds)
    if small is None or small.divergence is None:
        return Hunted(*known)
    rule = small.divergence.cause.rule
    return Hunted(*known, small.signature, rule, small.before, small.instructions, small.is_minimal, small.seconds)


def line_of(fault: Fault) -> int:
    """Where it is planted; raises NoEngine when its line is gone."""
    before, found, _ = (paths.ROOT / fault.engine / fault.file).read_text().partition(fault.right)
    if not found:
        raise NoEngine(f"{fault}: its line does not stand in {fault.file} any more")
    return before.count("\n") + 1


def digest_of(fault: Fault) -> str:
    """The same as long as the same thing is planted at the same place."""
    text = "\0".join((fault.engine, fault.file, fault.right, fault.wrong))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


# What was done before


def read(path: Path) -> list[Hunted]:
    """The results of a file; a line that a kill cut off is none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(read_line(strict.loads(line)))
        except Wrong:
            continue
    return found


def read_line(value: Json) -> Hunted:
    names = Hunted.__dataclass_fields__
    line = strict.members(value, "a line", names)
    return Hunted(
        strict.text(line["name"], "name"),
        strict.text(line["kind"], "kind"),
        strict.text(line["engine"], "engine"),
        strict.text(line["file"], "file"),
        strict.count(line["line"], "line"),
        strict.text(line["digest"], "digest"),
        strict.text(line["case"], "case"),
        number(line["seconds"], "seconds"),
        strict.text(line["signature"], "signature"),
        strict.text(line["rule"], "rule"),
        strict.count(line["before"], "before"),
        strict.count(line["instructions"], "instructions"),
        strict.flag(line["is_minimal"], "is_minimal"),
        number(line["shrink_seconds"], "shrink_seconds"),
    )


def number(value: Json, what: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Wrong(f"{what} is not a number")
    return float(value)


# What it comes to


def summary(results: Sequence[Hunted]) -> str:
    caught = [one for one in results if one.is_caught]
    small = sorted(one.instructions for one in results if one.is_shrunk)
    text = f"{len(results)} saboteurs, {len(caught)} caught by vectors"
    if caught:
        text += f", the slowest in {max(one.seconds for one in caught):.1f} s"
    if small:
        text += f"; shrunk: {median(small):g} instructions in the middle, {percentile(small)} at {PERCENT} %, "
        text += f"{max(one.shrink_seconds for one in results if one.is_shrunk):.1f} s at most, "
        text += f"{sum(one.is_minimal for one in results)} of {len(small)} minimal"
    return text


def percentile(values: Sequence[int]) -> int:
    """Of ascending values: the least that is not below PERCENT of them."""
    return values[-(-len(values) * PERCENT // 100) - 1]
