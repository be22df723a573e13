"""The checks that play something: tests, vectors, random programs, each as a step that counts."""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import model
from assay.base import paths
from assay.check.steps import Checked, StepFailed, run
from assay.corpus import cover, fill
from assay.engines import catalog
from assay.guests import programs, vectors
from assay.random import programs as random_programs
from assay.random import sequences
from assay.random.plan import Plan
from assay.replay.replay import replay
from assay.suite import collection, dialect

PASSED = re.compile(r"(\d+) passed")
SKIPPED = re.compile(r"(\d+) skipped")


def pytest(jobs: int) -> Checked:
    """The tests of the runner, side by side; one that is skipped tests nothing and is red."""
    side_by_side = ["-n", str(jobs), "--dist", "worksteal"]
    output = run([sys.executable, "-m", "pytest", "-q", "-rs", *side_by_side, "runner/tests"])
    found = PASSED.search(output)
    if not found or SKIPPED.search(output):
        raise StepFailed(output)
    return Checked(int(found[1]), output.strip().splitlines()[-1])


def filled(jobs: int) -> Checked:
    try:
        changed = fill.fill(paths.ROOT, check=True, jobs=jobs)
    except fill.FillError as error:
        raise StepFailed(str(error)) from None
    same("vectors", changed)
    return Checked(len(collection.files_of([paths.VECTORS])), "byte-identical")


def guests_filled(jobs: int) -> Checked:
    same(f"vectors/{vectors.FOLDER}", vectors.fill(check=True, jobs=jobs))
    return Checked(len(programs.NAMES), f"{len(programs.NAMES)} Images rebuilt, byte-identical")


def same(folder: str, changed: Sequence[str]) -> None:
    if changed:
        raise StepFailed("\n".join(f"{folder}/{name} differs" for name in changed))


def replayed(preset: str, names: Sequence[str], jobs: int) -> Checked:
    """Every case on every engine of a build."""
    selected = collection.read([paths.VECTORS])
    if selected.invalid:
        raise StepFailed("\n".join(map(str, selected.invalid)))
    counts = Counter[str]()
    for name in catalog.available(names, preset):
        engine = catalog.parse(name, preset)
        catalog.check_loads(engine)
        asked = selected.asked(engine)
        verdicts = list(replay(asked, engine, jobs=jobs))
        wrong = [verdict for verdict in verdicts if not verdict.passed]
        if wrong or len(verdicts) != len(asked.entries):
            lines = [f"{verdict.case} on {name}: {verdict.text}" for verdict in wrong]
            lines.append(f"{name}: {len(verdicts)} verdicts of {len(asked.entries)} cases")
            raise StepFailed("\n".join(lines))
        counts[name] = len(verdicts)
    return Checked(counts.total(), f"{len(selected.entries):,} cases x {{{', '.join(counts)}}}")


def covered(jobs: int) -> Checked:
    coverage = cover.measure(collection.files_of([paths.VECTORS]), catalog.chosen((), catalog.OURS), jobs)
    if not coverage.ok:
        raise StepFailed(coverage.text)
    return Checked(len(model.rules()), coverage.totals)


def third_party(folder: str) -> Checked:
    try:
        cases = dialect.read_folder(folder)
    except dialect.DialectError as error:
        raise StepFailed(str(error)) from None
    count = 0
    for name in catalog.available((catalog.MODEL, *catalog.OURS)):
        with catalog.parse(name).open() as opened:
            summary = dialect.summary([case.play(opened) for case in cases.found], cases.errors)
        if not summary.ok:
            raise StepFailed(f"{name}: {summary.text}")
        count += summary.counts["read"]
    return Checked(count, f"{len(cases.found)} cases, all explained, on every engine")


def random(preset: str, count: int, seed: int, vote_every: int, jobs: int) -> Checked:
    pair = catalog.parse("ref", preset), catalog.parse("fast", preset)
    outcome = random_programs.play(Plan(pair, seed, 0, count, "mixed", vote_every), jobs)
    if not outcome.ok:
        with tempfile.NamedTemporaryFile("w", prefix="assay-found-", suffix=".jsonl", delete=False) as kept:
            kept.writelines(f"{entry}\n" for entry in outcome.found)
        lines = [f"{len(outcome.found)} divergences; kept in {Path(kept.name)}", *outcome.broken]
        raise StepFailed("\n".join(lines))
    voted = f", {outcome.voted:,} on the model too" if vote_every else ""
    return Checked(outcome.played, f"{outcome.played:,} programs, seed {seed}{voted}, 0 divergences")


def random_kernel(level: str, preset: str, count: int, vote_every: int, seed: int, jobs: int) -> Checked:
    pair = catalog.parse("ref", preset), catalog.parse("fast", preset)
    outcome = sequences.play(Plan(pair, seed, 0, count, level, vote_every), jobs)
    if not outcome.ok:
        raise StepFailed("\n".join([*(str(entry["message"]) for entry in outcome.found), *outcome.broken]))
    voted = f", {outcome.voted:,} on the model too" if vote_every else ""
    return Checked(outcome.played, f"{outcome.played:,}, seed {seed}{voted}, 0 divergences")
