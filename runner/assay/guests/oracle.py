"""Random C programs: qemu-riscv64 runs the ELF, the engines run the Image linked from it.

The ELF is the same for both, so that only the linker and the engines can be wrong (and qemu).
"""

import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import random_guest
from assay.base import paths, workers
from assay.base.trouble import NoEngine
from assay.engines import catalog
from assay.engines.answers import Called
from assay.engines.catalog import Target
from assay.engines.engine import Engine
from assay.engines.trouble import EngineError
from assay.guests import programs
from assay.random.difference import difference
from linker import cc, errors, image

QEMU = "qemu-riscv64"
PIECE = 10
SECONDS = 60.0  # for one program on one machine
GAS = 10**9
DIGEST_SIZE = 8
RESULT_REGISTER = 7
KEPT = "oracle"  # the folder of build/ that keeps what differs


@dataclass(frozen=True)
class Finding:
    """A program on which not all agree."""

    seed: int
    index: int
    message: str
    source: Path  # kept, with its ELF beside it

    def __str__(self) -> str:
        return f"seed {self.seed}, program {self.index}: {self.message}; {paths.shown(self.source)}"


class Disagreement(Exception):
    """A program is refused, or does not end everywhere with the same digest, gas and records."""


@dataclass
class Outcome:
    programs: int = 0
    voted: int = 0
    instructions: int = 0  # of RISC-V, linked
    gas: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.programs) and not (self.found or self.broken)

    def add(self, other: "Outcome") -> None:
        self.programs += other.programs
        self.voted += other.voted
        self.instructions += other.instructions
        self.gas += other.gas
        self.levels.update(other.levels)
        self.found += other.found
        self.broken += other.broken


@dataclass(frozen=True)
class Plan:
    seed: int
    first: int
    count: int
    vote_every: int
    engines: tuple[Target, ...]
    library: tuple[str, ...] = ()  # objects of the guests' library, compiled once


Progress = Callable[[Outcome], None]


def play(plan: Plan, jobs: int = 1, progress: Progress | None = None) -> Outcome:
    """Plays programs in pieces, side by side; stops after a piece that fails. Raises NoEngine."""
    check_tools()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        total = play_pieces(replace(plan, library=tuple(cc.compile_library(folder))), jobs, progress)
    total.seconds = time.monotonic() - started
    return total


def play_pieces(whole: Plan, jobs: int, progress: Progress | None) -> Outcome:
    end = whole.first + whole.count
    pieces = [replace(whole, first=at, count=min(PIECE, end - at)) for at in range(whole.first, end, PIECE)]
    total = Outcome()
    with workers.pool(jobs) as pool:
        for outcome in pool.imap(play_piece, pieces):
            total.add(outcome)
            if progress:
                progress(total)
            if total.found or total.broken:
                pool.terminate()
                break
    return total


def check_tools() -> None:
    """Raises NoEngine with the package to install."""
    try:
        cc.compiler()
    except cc.NoCompiler as error:
        raise NoEngine(str(error)) from None
    if shutil.which(QEMU) is None:
        raise NoEngine(f"{QEMU} is not on PATH; install the package qemu-user")


def play_piece(plan: Plan) -> Outcome:
    outcome = Outcome()
    opened = [target.open(timeout=SECONDS) for target in plan.engines]
    model = catalog.parse(catalog.MODEL).open()
    try:
        for index in range(plan.first, plan.first + plan.count):
            votes = bool(plan.vote_every) and index % plan.vote_every == 0
            play_program(plan, index, [*opened, model] if votes else opened, outcome)
            outcome.voted += votes
    except EngineError as error:
        outcome.broken.append(f"seed {plan.seed}, program {index}: {error}")
    finally:
        for engine in opened:
            engine.close()
    return outcome


def play_program(plan: Plan, index: int, opened: Sequence[Engine], outcome: Outcome) -> None:
    """One program everywhere; notes the first difference and keeps its source."""
    program = random_guest.generate(plan.seed, index)
    outcome.programs += 1
    outcome.levels.update(program.options)
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder, "guest.elf")
        try:
            compile_elf(program, elf, plan.library)
            compare(elf, opened, outcome)
        except Disagreement as disagreement:
            outcome.found.append(Finding(plan.seed, index, str(disagreement), kept(program, elf)))


def compile_elf(program: random_guest.Program, elf: Path, library: Sequence[str]) -> None:
    source = elf.with_suffix(".c")
    source.write_text(program.text)
    try:
        cc.build_elf([str(source), *program.options, "-w", "-Wl,-e,_start"], elf, library=library)
    except errors.LinkError as error:
        raise Disagreement(f"clang refuses it: {str(error)[-400:]}") from None


def compare(elf: Path, opened: Sequence[Engine], outcome: Outcome) -> None:
    """Links and runs; raises Disagreement."""
    try:
        linked = image.link(elf.read_bytes())
    except errors.LinkError as error:
        raise Disagreement(f"it does not link: {error}") from None
    outcome.instructions += len(linked.instructions)
    expected = qemu_digest(elf)
    answers = {engine.name: answer(engine, linked.image) for engine in opened}
    (first_name, first), *_ = answers.items()
    for name, found in answers.items():
        check_digest(name, found, expected)
        if found != first:
            raise Disagreement(f"{first_name} and {name} differ in {difference(first, found)}")
    if not isinstance(first.result, str):
        outcome.gas += first.result.gas_used


def check_digest(name: str, found: Called, expected: int) -> None:
    """It must have halted with the digest that qemu gives."""
    result = found.result
    if isinstance(result, str) or result.outcome != "halt":
        raise Disagreement(f"it ends as {result if isinstance(result, str) else result.exit} on {name}")
    value = result.regs[RESULT_REGISTER]
    if value != expected:
        raise Disagreement(f"{QEMU} gives {expected:#x} and {name} gives {value:#x}")


def qemu_digest(elf: Path) -> int:
    """What the program writes, as a number."""
    try:
        done = subprocess.run([QEMU, str(elf)], capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Disagreement(f"{QEMU} does not end within {SECONDS:g} s") from None
    if done.returncode or len(done.stdout) != DIGEST_SIZE:
        said = f"{len(done.stdout)} bytes: {done.stderr[-200:]!r}"
        raise Disagreement(f"{QEMU} ends with code {done.returncode} and {said}")
    return int.from_bytes(done.stdout, "little")


def answer(engine: Engine, encoded: bytes, gas: int = GAS) -> Called:
    """The result of endpoint 0 and its records."""
    world, cnode = programs.surroundings(encoded)
    engine.world_open(world)
    return engine.world_run(bytes(64), encoded, cnode, 0, gas)


def kept(program: random_guest.Program, elf: Path) -> Path:
    """Keeps the source and its ELF in build/oracle."""
    folder = paths.scratch() / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{program.seed}_{program.index}.c"
    path.write_text(program.text)
    if elf.exists():
        shutil.copy(elf, path.with_suffix(".elf"))
    return path
