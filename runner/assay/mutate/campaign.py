"""Many mutants: which there are, a sample of every file, trials side by side, and the table by file."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assay.base import paths
from assay.mutate import c_source, python_source
from assay.mutate.invariants import Invariants
from assay.mutate.site import Mutant
from assay.mutate.trial import Fate, Trial, play
from assay.mutate.workshop import Workshop

SOURCES = {
    "ref": ("ref/**/*.c", "ref/**/*.h"),
    "fast": ("fast/**/*.c", "fast/**/*.h"),
    "model": ("spec/model/machine/*.py", "spec/model/kernel/*.py"),
}
# What a source decides by its name; the vectors of these chapters are played first.
CHAPTERS = {
    "isa": ("alu_divide", "alu_imm", "alu_reg", "alu_two", "isa", "number", "op", "form", "x64", "emit", "compile"),
    "mem": ("access", "load", "store", "load_store", "fault", "arena"),
    "exit": ("flow", "run", "machine", "call_out"),
    "image": ("admit", "scale", "codec", "hash", "exchange"),
    "cap": ("array", "table", "tables", "pool"),
    "host": ("manage", "record"),
    "call": ("stack", "region", "cache", "world", "payload"),
    "yield": ("yield_",),
    "chain": ("state", "root", "journal", "kernel"),
}
MACHINE = ("isa", "mem", "exit", "blob", "gas")
KERNEL = ("call", "host", "cap", "yield", "chain", "image")


def mutants_of(engine: str, keyword: str = "") -> list[Mutant]:
    """Every mutant of an engine's sources whose file has the keyword in its name."""
    files = sorted(file for pattern in SOURCES[engine] for file in paths.ROOT.glob(pattern))
    return [mutant for file in files if not file.stem.endswith("_test") for mutant in mutants_in(file, keyword)]


def mutants_in(file: Path, keyword: str) -> list[Mutant]:
    name = str(file.relative_to(paths.ROOT))
    if keyword not in name or file.name == "__init__.py":
        return []
    find = python_source.mutants if file.suffix == ".py" else c_source.mutants
    return find(name, file.read_bytes())


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many mutants, each file with its share of them and at least one."""
    if count >= len(mutants):
        return mutants
    chooser = random.Random(seed)
    files: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        files.setdefault(mutant.file, []).append(mutant)
    chosen: list[Mutant] = []
    for members in files.values():
        share = max(1, round(count * len(members) / len(mutants)))
        chosen += chooser.sample(members, min(share, len(members)))
    return sorted(chosen, key=lambda mutant: (mutant.file, mutant.start, mutant.after))


def is_killed(trial: Trial) -> bool:
    return trial.fate in (Fate.KILLED, Fate.CONTRACT)


@dataclass
class Table:
    """Counts by file; a survivor that is listed with its invariant counts as equivalent."""

    trials: list[Trial]
    known: Invariants

    def fate(self, trial: Trial) -> Fate:
        listed = trial.fate is Fate.SURVIVED and self.known.because(trial.mutant)
        return Fate.EQUIVALENT if listed else trial.fate

    def by_file(self) -> dict[str, Counter[Fate]]:
        found: dict[str, Counter[Fate]] = {}
        for trial in self.trials:
            found.setdefault(trial.mutant.file, Counter())[self.fate(trial)] += 1
        return found

    def totals(self) -> Counter[Fate]:
        return Counter(self.fate(trial) for trial in self.trials)

    def survivors(self) -> list[Trial]:
        return [trial for trial in self.trials if self.fate(trial) is Fate.SURVIVED]

    def by_lot(self, count: int, seed: int) -> list[Trial]:
        """So many of those that nothing noticed."""
        unnoticed = [trial for trial in self.trials if self.fate(trial) in (Fate.EQUIVALENT, Fate.SURVIVED)]
        return random.Random(seed).sample(unnoticed, min(count, len(unnoticed)))

    def not_judged(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.fate is Fate.NOT_JUDGED]

    @property
    def is_green(self) -> bool:
        return not (self.survivors() or self.wrongly_listed() or self.not_judged())

    def wrongly_listed(self) -> list[Trial]:
        """Listed as not observable, and observed."""
        return [trial for trial in self.trials if is_killed(trial) and trial.mutant.id in self.known.listed]


def vectors(engine: str) -> list[Path]:
    """The files of the suite. The model plays none that has a case which is too long for it."""
    files = sorted(paths.VECTORS.rglob("*.json"))
    return [file for file in files if engine in votes(file)]


def votes(file: Path) -> set[str]:
    """The engines that vote on every case of a file."""
    suite = json.loads(file.read_bytes())
    return set(suite["votes"]).intersection(*(case["votes"] for case in suite["cases"] if "votes" in case))


def told_first(mutant: Mutant, files: list[Path]) -> list[Path]:
    """The chapter of the changed source, then those of its level, then all others; programs come last."""
    source = Path(mutant.file)
    level = KERNEL if "kernel" in source.parts else MACHINE
    own = [name for name in level if source.stem == name or source.stem in CHAPTERS.get(name, ())]
    order = [*own, *level, *MACHINE, *KERNEL]

    def place(file: Path) -> int:
        name = file.parent.name
        return order.index(name) if name in order else len(order) + (name == "programs")

    return sorted(files, key=lambda file: (place(file), file.stem != source.stem, file))


def run(
    engine: str, mutants: Iterable[Mutant], jobs: int, progress: Callable[[Trial], None] | None = None
) -> Iterator[Trial]:
    """Plays them side by side, in order."""
    workshop = Workshop(engine)
    files = vectors(engine)
    with ThreadPoolExecutor(jobs) as pool:
        for trial in pool.map(lambda mutant: play(mutant, workshop, told_first(mutant, files)), mutants):
            if progress:
                progress(trial)
            yield trial
