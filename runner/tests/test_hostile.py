"""Hostile engines beside an honest one: contained, named, everything else judged, nothing left, in bounded time.

Sources are in hostile/. Each target is run in the cage; then with --no-sandbox, but for those that would hurt the host;
and each containment is switched off once, to see that its check would notice.
"""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from assay.base import exit_code, paths
from assay.base.plain import UNFIT
from assay.engines.sandbox import Wall

HOSTILE = paths.ROOT / "runner" / "tests" / "hostile"
EXAMPLES = paths.ROOT / "docs" / "examples"
PYTHON = str(Path(sys.executable).resolve())
FILES = [str(paths.VECTORS / "exit" / "entries.json"), str(paths.VECTORS / "blob" / "layout.json")]
CASES = 4
SELECTED = [*FILES, "-k", "two_to_1 or of_0"]  # two that the example passes, two that it lacks a feature for
LIMITS = ["--timeout", "1.5", "--deaths", "2", "--cards", "0"]
LIMITS += ["--memory", "256", "--processes", "32", "--output", "4"]
SECONDS = 60  # for a few targets, on a busy machine
BATCH = 4
GROUPS = ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory", "/sys/fs/cgroup")

# What the example without a habit comes to; the first two are judged right, the others it refuses.
HONEST = {"pass": 2, "cannot": 2}
NEVER = {"wrong": 1, "not run": 3}
AT_ONCE = {"wrong": 2, "not run": 2}  # two deaths, then it is given up
LATER = {"pass": 1, "flaky": 1, "cannot": 1, "wrong": 1}  # at each second case, and not when that is played alone
LATE = "within 1.5 s"

# habit: verdicts, and what a message says
LIBRARIES: dict[str, tuple[dict[str, int], str]] = {
    "prints_at_load": (HONEST, ""),
    "loops_at_load": (NEVER, LATE),
    "ends_at_load": (NEVER, "ended with code 0 during hello"),
    "dies_at_load": (NEVER, "SIGKILL"),
    "loops_at_end": (HONEST, "did not end within 1.5 s after bye"),
    "aborts_at_end": (HONEST, "SIGABRT after bye"),
    "leaves_a_daemon": (HONEST, ""),
    "leaves_many_children": (HONEST, ""),
    "forges_verdicts": (HONEST, ""),
    "forges_replies_everywhere": (HONEST, ""),
    "forks_in_run": (LATER, "not of the protocol"),
    "loops_in_run": (AT_ONCE, LATE),
    "loops_in_unload": (AT_ONCE, LATE),
    "sleeps_in_run": (AT_ONCE, LATE),
    "ends_in_run": (AT_ONCE, "ended with code 0 during run"),
    "ends_quietly_in_run": (AT_ONCE, "ended with code 0 during run"),
    "aborts_in_run": (AT_ONCE, "SIGABRT"),
    "faults_in_run": (AT_ONCE, "SIGSEGV"),
    "overflows_the_stack": (AT_ONCE, "SIGSEGV"),
    "takes_all_memory": (AT_ONCE, "run"),
    "bombs_with_forks": (AT_ONCE, "run"),
    "fills_the_disk": (AT_ONCE, "SIGXFSZ"),
    "changes_the_folder": (HONEST, ""),
    "takes_the_limits": (HONEST, ""),
    "closes_descriptors": (AT_ONCE, "run"),
    "sets_the_direction_flag": (LATER, "run"),
    "changes_the_rounding": (HONEST, ""),
    "blocks_signals": (HONEST, ""),
    "sets_a_timer": (HONEST, ""),
    "scribbles_over_inputs": (HONEST, ""),
    "scribbles_later": (HONEST, ""),
    "jumps_out_of_run": (HONEST, ""),
    "ends_its_parent": (HONEST, ""),
    "traces_its_parent": (HONEST, "after bye"),
    "reads_the_vectors": (HONEST, ""),
    "writes_beside_the_vectors": (HONEST, ""),
    "calls_the_network": (HONEST, ""),
    "shouts": (HONEST, ""),
    "answers_an_unknown_number": ({"wrong": 4}, "number that assay.h does not"),
    "answers_an_unknown_exit": (AT_ONCE, "unknown exit"),
    "answers_without_a_machine": ({"wrong": 4}, "gives nothing to go on with"),
    "has_a_colourful_name": (HONEST, ""),
    "differs_the_second_time": ({"pass": 1, "flaky": 1, "cannot": 2}, "passed when it was repeated"),
}
PROGRAMS: dict[str, tuple[dict[str, int], str]] = {
    "dies_at_start": (NEVER, "SIGKILL"),
    "cannot_be_understood_at_start": (NEVER, "not of the protocol"),
    "hangs_at_start": (NEVER, LATE),
    "speaks_before_it_is_asked": (NEVER, "nobody asked for"),
    "answers_twice": (AT_ONCE, "nobody asked for"),
    "answers_without_end": (AT_ONCE, "run"),
    "answers_byte_by_byte": (AT_ONCE, LATE),
    "answers_ok_to_everything": (AT_ONCE, 'key "load" is missing'),
    "answers_another_question": (AT_ONCE, 'unknown key "load"'),
    "repeats_a_key": (AT_ONCE, "duplicate key"),
    "nests_deeply": (AT_ONCE, "nested deeper"),
    "breaks_utf_8": (AT_ONCE, "broken UTF-8"),
    "never_reads": (NEVER, LATE),
    "closes_its_output": (AT_ONCE, "run"),
    "ends_with_code_3": (HONEST, "code 3 after bye"),
    "hangs_at_the_end": (HONEST, "did not end within 1.5 s after bye"),
    "leaves_children": (HONEST, ""),
    "ignores_requests_to_end": (AT_ONCE, LATE),
    "shouts": (HONEST, ""),
    "changes_its_name": (HONEST, ""),
}
EXPECTED = {f"library-{habit}": row for habit, row in LIBRARIES.items()}
EXPECTED |= {f"program-{habit}": row for habit, row in PROGRAMS.items()}
BOMBS = {"library-takes_all_memory", "library-bombs_with_forks", "library-fills_the_disk"}
# Out of the cage these reach what they aim at, in the host process or beside it.
OTHERWISE = {"library-ends_its_parent": "killed by SIGKILL"}
STOPS_THE_HARNESS = {"library-traces_its_parent"}  # for ever: only a cage helps
# A race between a process and its own copy, thread or timer does not end the same every time; it is judged, or broken.
RACES = {"library-forks_in_run", "library-scribbles_later", "library-sets_a_timer"}


def target(key: str, folder: Path) -> str:
    """The engine of a key, as -e takes it, by the name of its habit."""
    kind, _, habit = key.partition("-")
    name = f"{kind}-{habit}"
    if kind == "program":
        return f"{name}=cmd:{shlex.join([PYTHON, str(HOSTILE / 'program.py'), habit])}"
    path = folder / habit / "libassay_hostile.so"
    path.parent.mkdir()
    flags = ["-std=c17", "-w", "-shared", "-fPIC", "-fvisibility=hidden", f"-DHABIT=HABIT_{habit}"]
    source = str(HOSTILE / "library.c")
    command = ["cc", *flags, "-I", str(paths.ROOT / "include"), source, "-o", str(path), "-lpthread", "-lm"]
    subprocess.run(command, check=True, timeout=60)
    return f"{name}={path}"


@dataclass
class Played:
    code: int
    said: str
    lines: list[dict]

    def verdicts(self, engine: str) -> dict[str, int]:
        found = [line["verdict"] for line in self.lines if line.get("engine") == engine and "case" in line]
        return {str(verdict): found.count(verdict) for verdict in found}

    @property
    def walls(self) -> set[str | None]:
        """What the report says of all engines; None: ours."""
        return {engine["sandbox"] for engine in self.lines[0]["engines"]}

    def messages(self, engine: str) -> str:
        lines = [line for line in self.lines if line.get("engine") == engine]
        return "\n".join(str(line.get("message") or line.get("ending") or "") for line in lines)


def argv_of(engines: Iterable[str], report: Path, *more: str) -> list[str]:
    argv = [sys.executable, "-m", "assay", "replay", *SELECTED, *LIMITS, "--json", str(report), *more]
    return [*argv, "--show", str(EXAMPLES), "-e", "ref", *(word for engine in engines for word in ("-e", engine))]


def surroundings(marker: str, **more: str) -> dict[str, str]:
    return {**os.environ, "ASSAY_HOSTILE": marker, **more}


def play(engines: Iterable[str], folder: Path, *more: str, seconds: float = SECONDS, **environment: str) -> Played:
    report = folder / "report.jsonl"
    done = subprocess.run(
        argv_of(engines, report, *more),
        env=surroundings(str(folder), **environment),
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Played(done.returncode, done.stdout + done.stderr, read(report))


def read(report: Path) -> list[dict]:
    return [json.loads(line) for line in report.read_text().splitlines()]


# What may be left


def marked(marker: str) -> list[int]:
    """Processes that were started below a run with this marker."""
    wanted = f"ASSAY_HOSTILE={marker}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


def stale_groups() -> list[str]:
    found = [entry for group in GROUPS for entry in Path(group).glob("assay-cage-*")]
    return [str(entry) for entry in found if not Path("/proc", entry.name.split("-")[2]).exists()]


def nothing_left(marker: str, seconds: float = 10) -> bool:
    """Waits a little: what ends after a killed harness does so by itself."""
    until = time.monotonic() + seconds
    while (marked(marker) or stale_groups()) and time.monotonic() < until:
        time.sleep(0.02)
    return not marked(marker) and not stale_groups()


def sweep(marker: str) -> int:
    """Ends what was left; how many that were."""
    left = marked(marker)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return len(left)


# Every target in the cage


def bombs_are_bounded() -> bool:
    """A fork bomb of root is held by a control group alone."""
    return os.geteuid() != 0 or any(os.access(group, os.W_OK) for group in GROUPS)


def test_the_tables_name_every_habit():
    names = re.findall(r"^\s+HABIT\((\w+)\)", (HOSTILE / "library.c").read_text(), re.M)
    assert names == list(LIBRARIES)
    listed = (HOSTILE / "program.py").read_text().partition("HABITS = (")[2].partition(")")[0]
    assert re.findall(r'"(\w+)"', listed) == list(PROGRAMS)
    assert len(EXPECTED) >= 60


def check(found: "Played", key: str) -> None:
    verdicts, words = EXPECTED[key]
    assert sum(found.verdicts(key).values()) == CASES
    if key not in RACES:
        assert (key, found.verdicts(key)) == (key, verdicts)
        assert words in found.messages(key)


def breaks(key: str) -> bool:
    verdicts, words = EXPECTED[key]
    return verdicts in (NEVER, AT_ONCE, LATER) or "after bye" in words


def batches() -> list[list[str]]:
    """Some at a time, for a start of the command line costs more than most of them do; of one exit code."""
    found = []
    for wanted in (True, False):
        keys = [key for key in EXPECTED if breaks(key) == wanted and key not in RACES]
        found += [keys[at : at + BATCH] for at in range(0, len(keys), BATCH)]
    return [*found, sorted(RACES)]


@pytest.mark.parametrize("keys", batches(), ids=lambda keys: keys[0])
def test_hostile_engines_are_contained(keys, tmp_path):
    assert not BOMBS & set(keys) or bombs_are_bounded()
    mark = tmp_path / "outside"
    found = play([target(key, tmp_path) for key in keys], tmp_path, HOSTILE_PATH=str(mark))
    assert found.verdicts("ref") == {"pass": CASES}
    for key in keys:
        check(found, key)
        assert key in found.said
    assert keys[0] in RACES or found.code == (exit_code.BROKEN if breaks(keys[0]) else exit_code.DIFFERED)
    assert not UNFIT.search(found.said.replace("\n", ""))
    assert found.lines[-1]["done"] is True and found.walls == {None, Wall.NAMESPACES.value}
    assert nothing_left(str(tmp_path)) and not mark.exists()


@pytest.mark.parametrize("kind", ["library", "program"])
def test_the_same_without_a_cage(kind, tmp_path):
    keys = [key for key in EXPECTED if key.startswith(kind) and key not in BOMBS | STOPS_THE_HARNESS]
    try:
        engines = [target(key, tmp_path) for key in keys]
        found = play(engines, tmp_path, "--no-sandbox", seconds=2 * SECONDS)
    finally:
        left = sweep(str(tmp_path))
    assert found.verdicts("ref") == {"pass": CASES}
    for key in keys:
        if key in OTHERWISE:
            assert OTHERWISE[key] in found.messages(key)
        else:
            check(found, key)
    assert found.code == exit_code.BROKEN and "NOT caged" in found.said
    assert found.walls == {None, Wall.NONE.value}
    assert left > 0  # so the test above would see what is left


# Each containment, and the same with it switched off


def test_the_network(tmp_path):
    engine = target("library-calls_the_network", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = str(listener.getsockname()[1])
        play([engine], tmp_path, HOSTILE_PORT=port)
        with pytest.raises(TimeoutError):
            listener.accept()
        play([engine], tmp_path, "--no-sandbox", HOSTILE_PORT=port)
        listener.accept()[0].close()


@pytest.mark.parametrize("place", [FILES[0], str(paths.ROOT / "README.md"), str(Path.home())], ids=str)
def test_what_is_out_of_sight(place, tmp_path):
    see = f"ls -A {shlex.quote(place)} | grep -q . && echo SEEN >&2; exit 3"
    engine = f"eye=cmd:sh -c {shlex.quote(see)}"
    assert "SEEN" not in play([engine], tmp_path).messages("eye")
    assert "SEEN" in play([engine], tmp_path, "--show", place).messages("eye")
    assert "SEEN" in play([engine], tmp_path, "--no-sandbox").messages("eye")


def test_what_is_written_outside(tmp_path):
    mark = tmp_path / "outside"
    engine = target("library-writes_beside_the_vectors", tmp_path)
    play([engine], tmp_path, HOSTILE_PATH=str(mark))
    assert not mark.exists()
    play([engine], tmp_path, "--no-sandbox", HOSTILE_PATH=str(mark))
    assert mark.exists()


FORKS = """
import os, sys, time
made = 0
try:
    while made < 60:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        made += 1
except OSError:
    pass
sys.exit(f"made {made}")
"""


def test_the_limits(tmp_path):
    files = "count=cmd:sh -c 'ulimit -n >&2; exit 3'"
    assert "last words: 77" in play([files], tmp_path, "--files", "77").messages("count")
    assert "last words: 77" not in play([files], tmp_path, "--files", "77", "--no-sandbox").messages("count")
    program = tmp_path / "forks.py"
    program.write_text(FORKS)
    forks = f"count=cmd:{PYTHON} -S -E {program}"
    assert "made 60" not in play([forks], tmp_path).messages("count")
    assert "made 60" in play([forks], tmp_path, "--no-sandbox").messages("count")
    sweep(str(tmp_path))


# The end of the harness


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL], ids=str)
def test_nothing_is_left_when_the_harness_ends(number, tmp_path):
    engines = [target("library-sleeps_in_run", tmp_path), target("program-ignores_requests_to_end", tmp_path)]
    report = tmp_path / "report.jsonl"
    argv = [*argv_of(engines, report), "--timeout", "60"]
    quiet = subprocess.DEVNULL
    marker = str(tmp_path)
    with subprocess.Popen(argv, env=surroundings(marker), cwd=paths.ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            until = time.monotonic() + SECONDS
            while not (has_verdicts(report) and len(marked(marker)) > 3) and time.monotonic() < until:
                time.sleep(0.02)
            assert len(marked(marker)) > 3  # the harness, cages and engines
            process.send_signal(number)
            code = process.wait(10)
        finally:
            process.kill()
    assert nothing_left(marker)
    lines = read(report)
    assert [line["verdict"] for line in lines if line.get("engine") == "ref"] == ["pass"] * CASES
    if number != signal.SIGKILL:
        assert code == exit_code.INTERRUPTED and lines[-1]["interrupted"] is True


def has_verdicts(report: Path) -> bool:
    """Those of ref are all there."""
    return report.exists() and report.read_text().count('"engine": "ref"') == CASES


def test_a_new_cage_removes_what_a_killed_one_left(tmp_path):
    engine = target("library-sleeps_in_run", tmp_path)
    argv = [*argv_of([engine], tmp_path / "report.jsonl"), "--timeout", "60"]
    quiet = subprocess.DEVNULL
    marker = str(tmp_path)
    with subprocess.Popen(argv, env=surroundings(marker), cwd=paths.ROOT, stdout=quiet, stderr=quiet) as process:
        until = time.monotonic() + SECONDS
        while not (cages := [one for one in marked(marker) if is_cage(one)]) and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(cages[0], signal.SIGKILL)
        process.kill()
    play([engine], tmp_path)
    assert nothing_left(marker)


def is_cage(process: int) -> bool:
    try:
        return b"cage" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[1:2]
    except OSError:
        return False


def test_an_engine_that_dies_at_start_is_not_started_for_every_case(tmp_path):
    """Twice, and what does not start is not repeated and not asked for its contract."""
    starts = tmp_path / "starts"
    command = f"echo start >> {shlex.quote(str(starts))}; exit 3"
    found = play([f"short=cmd:sh -c {shlex.quote(command)}"], tmp_path, "--no-sandbox")
    assert found.verdicts("short") == NEVER and starts.read_text().count("start") == 2


# What an engine says


def test_words_that_move_a_terminal(tmp_path):
    command = r"printf '\033[31m\a\000\302\233 PASSED\r9 cases' >&2; exit 3"
    junit = tmp_path / "report.xml"
    found = play([f"loud=cmd:sh -c {shlex.quote(command)}"], tmp_path, "--junit", str(junit))
    assert not UNFIT.search(found.said.replace("\n", "")) and r"\x1b[31m\x07\x00\x9b PASSED\x0d9 cases" in found.said
    assert not UNFIT.search(found.messages("loud").replace("\n", ""))
    problem = xml.parse(junit).find(".//testsuite[@name='loud']/testcase/error")
    assert problem is not None and r"\x1b[31m" in problem.get("message", "")


# In process and out of it


@pytest.mark.parametrize("name", ["ref", "fast"])
def test_in_process_and_out_of_it_the_verdicts_are_the_same(name, tmp_path):
    report = tmp_path / "report.jsonl"
    engines = ["-e", name, "-e", f"hosted={paths.library(name)}"]
    folders = [str(paths.VECTORS / room) for room in ("exit", "call", "yield", "mem", "chain")]
    argv = [sys.executable, "-m", "assay", "replay", *folders, *engines, "--json", str(report)]
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, timeout=2 * SECONDS, check=False)
    assert done.returncode == exit_code.AGREED, done.stdout
    found = {
        engine: {line["case"]: line["verdict"] for line in read(report) if line.get("engine") == engine}
        for engine in (name, "hosted")
    }
    assert found[name] == found["hosted"] and len(found[name]) > 500
