"""Random C programs: qemu-riscv64 runs the ELF, the engines run the Image linked from it.

The ELF is the same for both, so that only the linker and the engines can be wrong (and qemu).
"""

import multiprocessing
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import random_guest
from assay.base import paths
from assay.base.trouble import NoEngine
from assay.engines import catalog as known_engines
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
class Difference:
    seed: int
    index: int
    message: str
    source: Path  # kept, with its ELF beside it

    def __str__(self):
        return f"seed {self.seed}, program {self.index}: {self.message}; {paths.shown(self.source)}"


@dataclass
class Outcome:
    programs: int = 0
    voted: int = 0
    instructions: int = 0  # of RISC-V, linked
    gas: int = 0
    levels: dict = field(default_factory=dict)
    found: list = field(default_factory=list)
    broken: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self):
        return bool(self.programs) and not (self.found or self.broken)

    def add(self, other):
        for name in ("programs", "voted", "instructions", "gas"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for level, count in other.levels.items():
            self.levels[level] = self.levels.get(level, 0) + count
        self.found += other.found
        self.broken += other.broken


@dataclass(frozen=True)
class Plan:
    seed: int
    first: int
    count: int
    vote_every: int
    engines: tuple
    library: tuple  # objects of the guests' library


def play(seed, first, count, jobs=1, vote_every=0, engines=None, progress=None):
    """Plays programs in pieces, side by side; stops after a piece that fails. Raises NoEngine."""
    check_tools()
    started = time.monotonic()
    engines = tuple(engines or known_engines.chosen((), known_engines.OURS))
    with tempfile.TemporaryDirectory() as folder:
        whole = Plan(seed, first, count, vote_every, engines, tuple(cc.compile_library(folder)))
        total = play_pieces(whole, jobs, progress)
    total.seconds = time.monotonic() - started
    return total


def play_pieces(whole, jobs, progress):
    ends = whole.first + whole.count
    pieces = [replace(whole, first=at, count=min(PIECE, ends - at)) for at in range(whole.first, ends, PIECE)]
    total = Outcome()
    with multiprocessing.Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for outcome in pool.imap(play_piece, pieces):
            total.add(outcome)
            if progress:
                progress(total)
            if total.found or total.broken:
                pool.terminate()
                break
    return total


def check_tools():
    """Raises NoEngine with the package to install."""
    try:
        cc.compiler()
    except cc.NoCompiler as error:
        raise NoEngine(str(error)) from None
    if shutil.which(QEMU) is None:
        raise NoEngine(f"{QEMU} is not on PATH; install the package qemu-user")


def play_piece(plan):
    outcome = Outcome()
    opened = [engine.open(timeout=SECONDS) for engine in plan.engines]
    model = known_engines.parse(known_engines.MODEL).open()
    try:
        for index in range(plan.first, plan.first + plan.count):
            votes = bool(plan.vote_every) and index % plan.vote_every == 0
            one(plan, index, [*opened, model] if votes else opened, outcome)
            outcome.voted += votes
    except EngineError as error:
        outcome.broken.append(f"seed {plan.seed}, program {index}: {error}")
    finally:
        for engine in opened:
            engine.close()
    return outcome


def one(plan, index, opened, outcome):
    """One program everywhere; notes the first difference and keeps its source."""
    program = random_guest.generate(plan.seed, index)
    outcome.programs += 1
    outcome.levels[program.level] = outcome.levels.get(program.level, 0) + 1
    with tempfile.TemporaryDirectory() as folder:
        source, elf = Path(folder, "guest.c"), Path(folder, "guest.elf")
        source.write_text(program.text)
        done = compile_elf(source, elf, program.level, plan.library)
        message = refused(done) or compare(elf, opened, outcome)
        if message:
            outcome.found.append(Difference(plan.seed, index, message, kept(program, elf)))


def refused(done):
    """What the compiler says against a program, or None."""
    if done.returncode:
        return f"clang refuses it: {done.stderr[-400:].strip()}"
    return None


def compare(elf, opened, outcome):
    """Links and runs; what is wrong, or None."""
    try:
        linked = image.link(elf.read_bytes())
    except errors.LinkError as error:
        return f"it does not link: {error}"
    outcome.instructions += len(linked.instructions)
    expected = qemu_digest(elf)
    if isinstance(expected, str):
        return expected
    answers = [answer(engine, linked.image) for engine in opened]
    names = [engine.name for engine in opened]
    for name, found in zip(names, answers):
        message = wrong(name, found.result, expected)
        if message:
            return message
        if found != answers[0]:
            return f"{names[0]} and {name} differ in {difference(answers[0], found)}"
    outcome.gas += answers[0].result.gas_used
    return None


def wrong(name, result, expected):
    """How a result is not a halt with the expected digest, or None."""
    if isinstance(result, str) or result.outcome != "halt":
        return f"it ends as {result if isinstance(result, str) else result.exit} on {name}"
    value = result.regs[RESULT_REGISTER]
    return None if value == expected else f"{QEMU} gives {expected:#x} and {name} gives {value:#x}"


def compile_elf(source, elf, level, library):
    options = [level, "-w", "-Wl,-e,_start"]
    argv = cc.command([str(source)], options, str(elf), library=library)
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def qemu_digest(elf):
    """What the program writes, as a number; text when it does something else."""
    try:
        done = subprocess.run([QEMU, str(elf)], capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{QEMU} does not end within {SECONDS:g} s"
    if done.returncode or len(done.stdout) != DIGEST_SIZE:
        return f"{QEMU} ends with code {done.returncode} and {len(done.stdout)} bytes: {done.stderr[-200:]!r}"
    return int.from_bytes(done.stdout, "little")


def answer(engine, encoded):
    """The result of endpoint 0 and its records."""
    world, cnode = programs.surroundings(encoded)
    engine.world_open(world)
    return engine.world_run(bytes(64), encoded, cnode, 0, GAS)


def kept(program, elf):
    """Keeps the source and its ELF in build/oracle."""
    folder = paths.scratch() / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{program.seed}_{program.index}.c"
    path.write_text(program.text)
    if elf.exists():
        shutil.copy(elf, path.with_suffix(".elf"))
    return path
