"""assay test: every check there is."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

import model
from assay.base import exit_code, paths
from assay.check.steps import StepFailed, Steps, run
from assay.commands import options
from assay.corpus import cover, fill
from assay.engines import catalog
from assay.guests import guests
from assay.random import kernel_rounds, rounds
from assay.replay.replay import replay
from assay.suite import collection, dialect

COMPILERS = {"release": "gcc", "dev": "gcc", "release-clang": "clang-16", "dev-clang": "clang-16"}
SEED = 20260101
KERNEL_WORK = (  # level, build, how many, how often the specification votes
    ("kernel", "release", 3000, 20),
    ("kernel", "dev", 1000, 0),
    ("codec", "release", 50000, 50),
    ("codec", "dev", 20000, 0),
)
PASSED = re.compile(r"(\d+) passed")


@click.command("test")
@click.option("--count", default=200000, show_default=True, help="Random programs, optimised build.")
@click.option("--dev-count", default=200000, show_default=True, help="Random programs, sanitizers.")
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--external",
    metavar="FOLDER",
    default=lambda: os.environ.get("ASSAY_EXTERNAL"),
    help="Third-party vectors, pvm-v0.4; ASSAY_EXTERNAL says it too.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first step that fails.")
@options.jobs
def command(count, dev_count, seed, external, fail_fast, jobs):
    """Run every check: style, builds by two compilers with and without sanitizers, unit tests,
    vectors on all engines in all builds, coverage, planted faults and random programs.

    \b
    Exit codes: 0 all passed, 1 something failed.
    """
    paths.needs_clone("test")
    started = time.monotonic()
    steps = Steps()
    plan = list(plan_of(count, dev_count, seed, external, jobs))
    for name, act in plan:
        if not steps.step(name, act) and fail_fast:
            break
    click.echo(steps.last_line(time.monotonic() - started))
    return exit_code.DIFFERED if steps.failed else exit_code.AGREED


def plan_of(count, dev_count, seed, external, jobs):
    yield "style and arrows", tidy
    presets = [preset for preset, compiler in COMPILERS.items() if shutil.which(compiler)]
    missing = [preset for preset in COMPILERS if preset not in presets]
    if missing:
        yield f"compilers of {', '.join(missing)}", no_compiler
    for preset in presets:
        yield f"build {preset}", lambda preset=preset: build(preset)
    for preset in presets:
        yield f"C tests {preset}", lambda preset=preset: ctest(preset)
    yield "Python tests", pytest
    yield "vectors are as generated", lambda: filled(jobs)
    if shutil.which("clang-19"):
        yield "guests are as linked", lambda: guests_filled(jobs)
    else:
        yield "compiler of guests", no_compiler
    for preset in presets:
        names = (catalog.MODEL, *catalog.OURS) if preset == paths.PRESET else catalog.OURS
        yield f"replay {preset}", lambda p=preset, n=names: replayed(p, n, jobs)
    yield "coverage of the rules", lambda: covered(jobs)
    if external:
        yield "third-party vectors", lambda: third_party(external)
    if len(catalog.available(catalog.OURS)) == 2 or not is_built("release"):
        yield "random programs release", lambda: random("release", count, seed, 1000, jobs)
        yield "random programs dev", lambda: random("dev", dev_count, seed + 1, 0, jobs)
        for level, preset, amount, votes in KERNEL_WORK:
            name = f"random {level} {preset}"
            yield name, lambda work=(level, preset, amount, votes): random_kernel(*work, seed, jobs)


def is_built(preset):
    return paths.native(preset).exists()


def tidy():
    output = run([sys.executable, "CI/tidy.py"])
    return int(re.search(r"(\d+) files", output)[1]), output.strip().splitlines()[-1]


def no_compiler():
    raise StepFailed("not installed; CI/packages.txt names the packages, ./assay installs them")


def build(preset):
    if not (paths.build(preset) / "build.ninja").exists():
        run(["cmake", "--preset", preset])
    run(["cmake", "--build", "--preset", preset])
    return 1, "without a warning"


def ctest(preset):
    output = run(["ctest", "--preset", preset])
    found = re.search(r"tests passed, 0 tests failed out of (\d+)", output)
    return int(found[1]), f"{found[1]} passed"


def pytest():
    output = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "runner/tests"])
    found = PASSED.search(output)
    if not found:
        raise StepFailed(output)
    return int(found[1]), output.strip().splitlines()[-1]


def filled(jobs):
    try:
        changed = fill.fill(paths.ROOT, check=True, jobs=jobs)
    except fill.FillError as error:
        raise StepFailed(str(error)) from None
    if changed:
        raise StepFailed("\n".join(f"vectors/{name} differs" for name in changed))
    return len(collection.files_of([paths.VECTORS])), "byte-identical"


def guests_filled(jobs):
    changed = guests.fill(check=True, jobs=jobs)
    if changed:
        raise StepFailed("\n".join(f"vectors/{guests.FOLDER}/{name} differs" for name in changed))
    return len(guests.images()), f"{len(guests.images())} Images rebuilt, byte-identical"


def replayed(preset, names, jobs):
    """Every case on every engine of a build."""
    selected = collection.read([paths.VECTORS])
    if selected.invalid:
        raise StepFailed("\n".join(map(str, selected.invalid)))
    counts = Counter()
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
    return sum(counts.values()), f"{len(selected.entries):,} cases x {{{', '.join(counts)}}}"


def covered(jobs):
    files = collection.files_of([paths.VECTORS])
    chosen = catalog.chosen((), catalog.OURS)
    argv = {engine.name: [str(engine.harness), "replay", "--cover", "--engine", str(engine.path)] for engine in chosen}
    coverage = cover.measure(files, argv, jobs)
    if not coverage.ok:
        raise StepFailed(coverage.text)
    return len(model.rules()), coverage.totals


def third_party(folder):
    try:
        cases = dialect.read_folder(folder)
    except dialect.DialectError as error:
        raise StepFailed(str(error)) from None
    count = 0
    for name in catalog.available((catalog.MODEL, *catalog.OURS)):
        with catalog.parse(name).open() as opened:
            summary = dialect.summary([case.play(opened) for case in cases], cases.errors)
        if not summary.ok:
            raise StepFailed(f"{name}: {summary.text}")
        count += summary.counts["read"]
    return count, f"{len(cases)} cases, all explained, on every engine"


def random(preset, count, seed, vote_every, jobs):
    pair = tuple(catalog.parse(name, preset) for name in catalog.OURS)
    outcome = rounds.play(rounds.Plan(pair, seed, 0, count, "mixed", vote_every), jobs)
    if not outcome.ok:
        with tempfile.NamedTemporaryFile("w", prefix="assay-found-", suffix=".jsonl", delete=False) as kept:
            kept.writelines(f"{entry}\n" for entry in outcome.found)
        lines = [f"{outcome.divergences} divergences; kept in {Path(kept.name)}", *outcome.broken]
        raise StepFailed("\n".join(lines))
    voted = f", {outcome.voted:,} on the model too" if vote_every else ""
    return outcome.programs, f"{outcome.programs:,} programs, seed {seed}{voted}, 0 divergences"


def random_kernel(level, preset, count, vote_every, seed, jobs):
    pair = tuple(catalog.parse(name, preset) for name in catalog.OURS)
    outcome = kernel_rounds.play(kernel_rounds.Plan(level, pair, seed, 0, count, vote_every), jobs)
    if not outcome.ok:
        raise StepFailed("\n".join(outcome.found + outcome.broken))
    voted = f", {outcome.voted:,} on the model too" if vote_every else ""
    return outcome.sequences, f"{outcome.sequences:,}, seed {seed}{voted}, 0 divergences"
