"""Inputs of the targets: playing, showing and making them. `assay-fuzz` does the work; here its lines are read."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.base import paths, strict
from assay.base.strict import Members
from assay.base.trouble import BadInput, Broken, NoEngine
from assay.engines import catalog
from assay.engines.catalog import Target

TARGETS = ("machine", "codec", "invocation", "chain", "reader")
USAGE, BAD_INPUT, NO_ENGINE, NOTHING, NO_OUTPUT = 2, 3, 4, 5, 6  # exit codes of assay-fuzz


@dataclass(frozen=True)
class Played:
    """One input on several engines."""

    file: str
    target: str
    verdict: str  # agreed, differed, skipped
    limited: int = 0
    reason: str = ""  # of what was skipped
    engines: tuple[str, ...] = ()  # which two differ
    flavour: str = ""
    step: int = 0
    message: str = ""
    differences: tuple[tuple[str, str, str], ...] = ()  # field, expected, got

    @property
    def is_different(self) -> bool:
        return self.verdict == "differed"


@dataclass(frozen=True)
class Shown:
    """An input as a case of a vector file; of the target reader as text."""

    file: str
    target: str
    case: Members


@dataclass(frozen=True)
class Imported:
    case: str
    target: str
    file: str


def program(harness: Path) -> Path:
    """The replayer of the build that has this harness."""
    found = harness.parent / "assay-fuzz"
    if not found.exists():
        raise NoEngine(f"{paths.shown(found)} is not there; ./assay doctor builds it")
    return found


def play(files: Sequence[str | Path], engines: Sequence[Target], timeout: float = catalog.TIMEOUT) -> list[Played]:
    """Each input on the first engine beside every other one; raises BadInput for what is no input."""
    options = [word for engine in engines for word in ("--engine", engine.spec)]
    lines = called(["run", *options, "--timeout", f"{timeout:g}"], files, engines[0].harness)
    return [read_played(line) for line in lines]


def show(
    files: Sequence[str | Path], engine: Target, whole: bool = False, timeout: float = catalog.TIMEOUT
) -> list[Shown]:
    seconds = ["--timeout", f"{engine.patience(timeout):g}"]
    options = ["--engine", engine.spec, *seconds, *(["--whole"] if whole else [])]
    return [
        Shown(strict.text(line["file"], "file"), target_of(line), strict.mapping(line["case"], "case"))
        for line in called(["show", *options], files, engine.harness)
    ]


def make(files: Sequence[str | Path], folder: Path, case: str = "", form: str = "") -> list[Imported]:
    """Writes FOLDER/TARGET/ID of every case, or of one. `form`: text or requests, of the target reader."""
    options = ["--out", str(folder), *(["--case", case] if case else []), *([f"--{form}"] if form else [])]
    return [
        Imported(strict.text(line["case"], "case"), target_of(line), strict.text(line["file"], "file"))
        for line in called(["import", *options], files, paths.native())
    ]


def called(command: Sequence[str], files: Sequence[str | Path], harness: Path) -> Iterator[Members]:
    """The lines of a call. Very many files take several."""
    at_a_time = 1000
    for start in range(0, max(len(files), 1), at_a_time):
        part = [str(file) for file in files[start : start + at_a_time]]
        yield from call([str(program(harness)), *command, *part])


def call(argv: Sequence[str]) -> Iterator[Members]:
    done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL)
    words = done.stderr.decode(errors="replace").replace("assay-native: ", "").strip()
    if done.returncode in (USAGE, BAD_INPUT, NOTHING):
        raise BadInput(words or "nothing was selected")
    if done.returncode == NO_ENGINE:
        raise NoEngine(words)
    if done.returncode not in (0, 1):
        raise Broken(f"assay-fuzz ended with {done.returncode}: {words[-2000:]}")
    for line in done.stdout.splitlines():
        yield strict.mapping(strict.ours(line), "a line of assay-fuzz")


def target_of(line: Members) -> str:
    return strict.one_of(line["target"], "target", TARGETS)


def read_played(line: Members) -> Played:
    differences = [strict.mapping(item, "a difference") for item in strict.items(line.get("differences", []), "them")]
    return Played(
        strict.text(line["file"], "file"),
        target_of(line),
        strict.text(line["verdict"], "verdict"),
        strict.count(line["limited"], "limited"),
        strict.text(line.get("reason", ""), "reason"),
        tuple(strict.text(name, "an engine") for name in strict.items(line.get("engines", []), "engines")),
        strict.text(line.get("flavour", ""), "flavour"),
        strict.count(line.get("step", 0), "step"),
        strict.text(line.get("message", ""), "message"),
        tuple((strict.text(d["field"], "field"), str(d["expected"]), str(d["got"])) for d in differences),
    )
