"""Runs `assay-native diff` on many cases in one process."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence

from assay.base import strict
from assay.base.plain import plain
from assay.base.trouble import BadInput, Broken, NoEngine, Trouble
from assay.engines import endings
from assay.engines.catalog import TIMEOUT, Kind, Target
from assay.engines.trouble import EngineDied, how_it_ended
from assay.locate.finding import Finding
from assay.locate.reading import read_line
from assay.suite.collection import Entry

CODES: dict[int, type[Trouble]] = {3: BadInput, 4: NoEngine}
WORDS_MAX = 400


def diff(
    expected: Target,
    got: Target,
    ids: Sequence[str],
    files: Sequence[str],
    timeout: float,
    alone: bool = False,
    ended_badly: dict[str, str] | None = None,
) -> dict[str, Finding]:
    """The first difference of each case in which the two engines differ; which end badly, if that is asked for.

    A shared object that crashes takes the harness with it; then, or with `alone`, it is played in a process of its own.
    """
    answered: set[str] = set()
    found: dict[str, Finding] = {}
    try:
        for case, finding in run(expected, got, ids, files, timeout, alone, ended_badly):
            answered.add(case)
            if finding is not None:
                found[case] = finding
    except EngineDied:
        if alone or Kind.NATIVE not in (expected.kind, got.kind):
            raise
        left = [identity for identity in ids if identity not in answered]
        found |= diff(expected, got, left, files, timeout, alone=True, ended_badly=ended_badly)
    return found


def run(
    expected: Target,
    got: Target,
    ids: Sequence[str],
    files: Sequence[str],
    timeout: float,
    alone: bool,
    ended_badly: dict[str, str] | None,
) -> Iterator[tuple[str, Finding | None]]:
    with tempfile.NamedTemporaryFile("w", prefix="assay-select-", suffix=".txt") as selection:
        selection.write("\n".join(ids))
        selection.flush()
        argv = [str(got.harness), "diff", "--select", selection.name]
        argv += ["--no-bye"] if ended_badly is None else []
        for target in (expected, got):
            argv += ["--timeout", f"{target.patience(timeout):g}"]
            argv += ["--engine", target.spec_alone if alone or target.kind == Kind.PROCESS else target.spec]
        done = False
        with tempfile.TemporaryFile() as words, played([*argv, *files], words.fileno()) as process:
            assert process.stdout is not None
            for line in process.stdout:
                read = strict.mapping(strict.ours(line), "a line of assay-native diff")
                done = done or read.get("done") is True
                if ended_badly is not None and done:
                    ended_badly |= endings.read(read, (expected.name, got.name))
                if "divergence" in read:
                    yield strict.text(read.get("case"), "case"), read_line(read)
            code = process.wait()
            words.seek(0)
            said = words.read().decode("utf-8", "replace").strip()
        if not done:
            complain(got, code, said)


def passes(target: Target, entry: Entry) -> bool:
    """Whether an engine agrees with the vector of a case."""
    with tempfile.NamedTemporaryFile("w", prefix="assay-select-", suffix=".txt") as selection:
        selection.write(f"{entry.id}\n")
        selection.flush()
        argv = [str(target.harness), "replay", "--no-bye", "--engine", target.spec, "--select", selection.name]
        argv += ["--timeout", f"{target.patience(TIMEOUT):g}", entry.file]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def played(argv: Sequence[str], words: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=words)


def complain(target: Target, code: int, said: str) -> None:
    said = plain(said[-WORDS_MAX:].removeprefix("assay-native: "))
    if code < 0:
        raise EngineDied(target.name, code, said, "diff")
    raise CODES.get(code, Broken)(said or how_it_ended(code))
