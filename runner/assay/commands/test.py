"""assay test: every check there is."""

import os
import time
from collections.abc import Iterator
from functools import partial

import click

from assay.base import exit_code, paths
from assay.check import builds, style, suites
from assay.check.steps import Step, Steps
from assay.commands import options
from assay.engines import catalog

SEED = 20260101
KERNEL_WORK = (  # level, build, how many, how often the specification votes
    ("kernel", "release", 3000, 20),
    ("kernel", "dev", 1000, 0),
    ("codec", "release", 50000, 50),
    ("codec", "dev", 20000, 0),
)


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
def command(count: int, dev_count: int, seed: int, external: str | None, fail_fast: bool, jobs: int) -> int:
    """Run every check: style, types and formats, builds by two compilers with and without sanitizers,
    tests, vectors on all engines in all builds, coverage, planted faults and random programs.

    \b
    Exit codes: 0 all passed, 1 something failed.
    """
    paths.needs_clone("test")
    started = time.monotonic()
    steps = Steps()
    for step in plan(count, dev_count, seed, external, jobs):
        if not steps.do(step) and fail_fast:
            break
    click.echo(steps.last_line(time.monotonic() - started))
    return exit_code.DIFFERED if steps.failed else exit_code.AGREED


def plan(count: int, dev_count: int, seed: int, external: str | None, jobs: int) -> Iterator[Step]:
    """The steps in their order; each is told when the ones before it are done."""
    yield from written()
    for preset in builds.COMPILERS:
        yield Step(f"build {preset}", partial(builds.build, preset))
    yield Step("clang-tidy", style.c_lint)
    for preset in builds.built():
        yield Step(f"C tests {preset}", partial(builds.ctest, preset))
    yield Step("Python tests", partial(suites.pytest, jobs))
    yield Step("vectors are as generated", partial(suites.filled, jobs))
    yield Step("guests are as linked", partial(suites.guests_filled, jobs))
    for preset in builds.built():
        names = (catalog.MODEL, *catalog.OURS) if preset == paths.PRESET else catalog.OURS
        yield Step(f"replay {preset}", partial(suites.replayed, preset, names, jobs))
    yield Step("coverage of the rules", partial(suites.covered, jobs))
    if external:
        yield Step("third-party vectors", partial(suites.third_party, external))
    if len(catalog.available(catalog.OURS)) == len(catalog.OURS):
        yield from random_steps(count, dev_count, seed, jobs)


def written() -> Iterator[Step]:
    """What is seen without building anything."""
    yield Step("style and arrows", style.tidy)
    yield Step("types of Python", style.types)
    yield Step("ruff", style.lint)
    yield Step("format of Python", style.python_format)
    yield Step("format of C", style.c_format)


def random_steps(count: int, dev_count: int, seed: int, jobs: int) -> Iterator[Step]:
    yield Step("random programs release", partial(suites.random, "release", count, seed, 1000, jobs))
    yield Step("random programs dev", partial(suites.random, "dev", dev_count, seed + 1, 0, jobs))
    for level, preset, amount, votes in KERNEL_WORK:
        work = partial(suites.random_kernel, level, preset, amount, votes, seed, jobs)
        yield Step(f"random {level} {preset}", work)
