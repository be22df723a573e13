"""Many mutants: which there are, a sample of every file, trials side by side, and the table by file."""

import random
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assay.base import paths
from assay.mutate import c_source, python_source
from assay.mutate.site import Mutant
from assay.mutate.trial import Fate, Trial, play
from assay.mutate.workshop import Workshop

SOURCES = {
    "ref": ("ref/**/*.c", "ref/**/*.h"),
    "fast": ("fast/**/*.c", "fast/**/*.h"),
    "model": ("spec/model/machine/*.py", "spec/model/kernel/*.py"),
}
INVARIANTS = paths.ROOT / "CI" / "equivalent.toml"


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


def invariants() -> dict[str, str]:
    """Mutants that cannot be observed: id, and the sentence that names why."""
    if not INVARIANTS.is_file():
        return {}
    rows = tomllib.loads(INVARIANTS.read_text("utf-8")).get("mutant", [])
    return {str(row["id"]): str(row["because"]) for row in rows}


@dataclass
class Table:
    """Counts by file; a survivor that is listed with its invariant counts as equivalent."""

    trials: list[Trial]
    known: dict[str, str]

    def fate(self, trial: Trial) -> Fate:
        listed = trial.fate is Fate.SURVIVED and trial.mutant.id in self.known
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

    def wrongly_listed(self) -> list[Trial]:
        """Listed as not observable, and observed."""
        return [trial for trial in self.trials if trial.fate is Fate.KILLED and trial.mutant.id in self.known]


def run(
    engine: str, mutants: Iterable[Mutant], jobs: int, progress: Callable[[Trial], None] | None = None
) -> Iterator[Trial]:
    """Plays them side by side, in order."""
    workshop = Workshop(engine)
    files = sorted(paths.VECTORS.rglob("*.json"), key=lambda file: (file.parent.name == "programs", file))
    with ThreadPoolExecutor(jobs) as pool:
        for trial in pool.map(lambda mutant: play(mutant, workshop, files), mutants):
            if progress:
                progress(trial)
            yield trial
