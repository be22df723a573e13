"""What the vectors cover: rules reached, rules contrasted, opcodes executed.

A rule is *reached* when the specification, run on some case, says that this rule decided something;
*contrasted* when one case decides it (`rules`) and another is its near miss (`against`). What a
case claims of itself is checked. An opcode is *executed* by an engine that ran it, not by standing
in a program.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import model
from assay.base import strict, workers
from assay.base.trouble import BadInput
from assay.corpus import kernel_table
from assay.corpus.coverage import OPCODES, Coverage, Played, opcodes_of
from assay.corpus.kernel_table import Cell
from assay.engines.catalog import MODEL, Target
from assay.engines.model import ModelEngine
from assay.suite.case import KernelCase, MachineCase, read_images, read_kernel, read_machine
from assay.suite.play import Player, perform

TIMEOUT = 600.0


@dataclass
class File:
    """A vector file, played by the specification, and what is wrong with it."""

    name: str
    cases: list[Played] = field(default_factory=list)
    cells: Counter[Cell] = field(default_factory=Counter)
    problem: str = ""


def measure(names: Sequence[str], engines: Iterable[Target] = (), jobs: int = 1) -> Coverage:
    """Plays the cases of vector files on the specification, and on engines what those vote on."""
    coverage = Coverage()
    seen: dict[str, str] = {}
    for file in over_files(names, jobs):
        coverage.cells.update(file.cells)
        if file.problem:
            coverage.unread.append(file.problem)
            coverage.problems.append(file.problem)
        for case in file.cases:
            if case.id in seen:
                coverage.problems.append(f"{file.name}: {case.id} stands in {seen[case.id]} too")
            seen[case.id] = file.name
            coverage.add(case)
    coverage.executed[MODEL] = opcodes_of(coverage.reached)
    if coverage.unread and not coverage.cases:
        raise BadInput(coverage.unread[0])
    for engine in engines:
        argv = [str(engine.harness), "replay", "--cover", "--engine", engine.spec, *names]
        coverage.executed[engine.name] = executed_by(engine.name, argv, coverage.problems)
    if not coverage.cases:
        coverage.problems.append("no case was played; give vector files")
    return coverage


def over_files(names: Sequence[str], jobs: int) -> Iterable[File]:
    if jobs == 1:
        return map(play_file, names)
    with workers.pool(jobs) as pool:
        return pool.map(play_file, names, chunksize=1)


def play_file(name: str) -> File:
    file = File(name)
    try:
        text = strict.mapping(strict.loads(Path(name).read_bytes()), "the file")
        images = read_images(text["images"]) if "images" in text else None
        for value in strict.items(text.get("cases"), "cases"):
            if images is None:
                file.cases.append(play_case(read_machine(value)))
                continue
            case = read_kernel(value, images)
            if MODEL in (case.votes or (MODEL,)):
                file.cases.append(play_kernel_case(case, file.cells))
    except OSError as error:
        file.problem = f"{name}: it cannot be read: {error.strerror}"
    except (ValueError, strict.Wrong) as error:
        file.problem = f"{name}: it is not a vector file ({error}); `assay replay` says where"
    return file


def play_kernel_case(case: KernelCase, cells: Counter[Cell]) -> Played:
    """One case on the specification; its operands are counted."""
    with model.reached() as reached, kernel_table.counting(cells):
        perform(case.act, ModelEngine())
    return Played(case.id, case.rules, case.against, frozenset(reached))


def play_case(case: MachineCase) -> Played:
    with model.reached() as reached:
        player = Player(case, ModelEngine())
        if player.load() == "admitted":
            for step in case.steps:
                player.do(step)
    return Played(case.id, case.rules, case.against, frozenset(reached))


def executed_by(name: str, argv: Sequence[str], problems: list[str]) -> set[str]:
    """The opcodes that an engine executed."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False)
    except OSError as error:
        problems.append(f"engine {name}: {argv[0]} cannot be started: {error.strerror}; build it first")
        return set()
    except subprocess.TimeoutExpired:
        problems.append(f"engine {name}: no end after {TIMEOUT:g} s")
        return set()
    last, begun = last_lines(done.stdout)
    executed = last.get("opcodes")
    if not isinstance(executed, dict):
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        where, said = f" in {begun}" if begun else "", f": {words[-1]}" if words else ""
        problems.append(f"engine {name}: it ended with code {done.returncode}{where}{said}")
        return set()
    if done.returncode != 0:
        failed = sum(n for verdict in ("fail", "error", "invalid") if isinstance(n := last.get(verdict), int))
        problems.append(f"engine {name}: {failed} cases do not pass; `assay replay` shows them")
    return {OPCODES[int(byte)] for byte in executed if int(byte) in OPCODES}


def last_lines(output: bytes) -> tuple[Mapping[str, object], str]:
    """The `done` line, and the id of the case begun last."""
    last: dict[str, object] = {}
    begun = ""
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            entry: object = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            begun = entry.get("begin") or begun
            last = entry if entry.get("done") is True else last
    return last, begun
