"""The checks that play something: tests, vectors, random programs, each as a step that counts."""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence

import model
from assay.base import paths
from assay.check.steps import Checked, StepFailed, run
from assay.corpus import cover, fill
from assay.engines import catalog
from assay.guests import programs, vectors
from assay.random import programs as random_programs
from assay.random import sequences
from assay.random.plan import Outcome, Plan
from assay.replay.replay import replay
from assay.suite import collection, dialect

PASSED = re.compile(r"(\d+) passed")
SKIPPED = re.compile(r"(\d+) skipped")


def pytest(jobs: int) -> Checked:
    """The tests of the runner, side by side; one that is skipped tests nothing and is red."""
    side_by_side = ["-n", str(jobs), "--dist", "loadgroup"]
    output = run([sys.executable, "-m", "pytest", "-q", "-rfEs", *side_by_side, "runner/tests"])
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
    words = f"{len(selected.entries):,} cases x {{{', '.join(counts)}}}: {counts.total():,} pass, 0 wrong"
    return Checked(counts.total(), words)


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
    return played("programs", random_programs.play(plan("mixed", preset, count, seed, vote_every), jobs), seed)


def random_kernel(level: str, preset: str, count: int, vote_every: int, seed: int, jobs: int) -> Checked:
    what = "encodings" if level == "codec" else "sequences"
    return played(what, sequences.play(plan(level, preset, count, seed, vote_every), jobs), seed)


def plan(kind: str, preset: str, count: int, seed: int, vote_every: int) -> Plan:
    ref, fast = (catalog.parse(name, preset) for name in catalog.OURS)
    return Plan((ref, fast), seed, 0, count, kind, vote_every)


def played(what: str, outcome: Outcome, seed: int) -> Checked:
    """What was found is kept in a file, a line each."""
    if not outcome.ok:
        with tempfile.NamedTemporaryFile("w", prefix="assay-found-", suffix=".jsonl", delete=False) as kept:
            kept.writelines(f"{json.dumps(entry)}\n" for entry in outcome.found)
        raise StepFailed("\n".join([f"{len(outcome.found)} divergences; kept in {kept.name}", *outcome.broken]))
    voted = f", {outcome.voted:,} on the model too" if outcome.voted else ""
    return Checked(outcome.played, f"{outcome.played:,} {what}, seed {seed}{voted}, 0 divergences")
