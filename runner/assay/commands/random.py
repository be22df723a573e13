"""assay random: random programs through the engines."""

import json
import secrets

import click

from assay.base import exit_code
from assay.commands import options
from assay.engines import catalog
from assay.random import kernel_rounds, rounds
from assay.replay.report import Progress, coloured


@click.command("random")
@options.engine
@click.option("--count", default=10000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=click.IntRange(min=0), help="Chosen and printed when not given.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--shape",
    type=click.Choice(["regular", "irregular", "mixed"]),
    default="mixed",
    show_default=True,
    help="Well-formed instructions, any bytes, or both.",
)
@click.option(
    "--vote-every",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    help="The specification plays every so manieth program too; 0: none.",
)
@click.option(
    "--level",
    type=click.Choice(["machine", "kernel", "codec"]),
    default="machine",
    show_default=True,
    help="Programs, sequences of kernel operations and events, or encodings.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.jobs
def command(names, count, seed, first, shape, vote_every, level, as_json, preset, jobs):
    """Play random programs, kernel sequences or encodings on two engines, and a sample of them on the specification.

    Program I of a seed and shape is always the same, so what is found is found again with
    --seed S --first I --count 1.

    \b
    Exit codes: 0 no divergence, 1 divergences (the first programs are printed as
    cases of a vector file), 4 an engine cannot be loaded, 6 an engine broke.
    """
    pair = catalog.chosen(names, catalog.OURS, preset)
    if len(pair) != 2 or any(engine.kind != catalog.NATIVE for engine in pair):
        raise click.UsageError("random takes two engines that are shared objects")
    for engine in pair:
        catalog.check_loads(engine)
    if seed is None:
        seed = int.from_bytes(secrets.token_bytes(4), "little")
    if level != "machine":
        plan = kernel_rounds.Plan(level, tuple(pair), seed, first, count, vote_every)
        return kernel(plan, jobs, as_json)
    progress = Progress(count, f"random, seed {seed}")

    def show(outcome):
        progress.count = outcome.programs
        progress.step()

    plan = rounds.Plan(tuple(pair), seed, first, count, shape, vote_every)
    outcome = rounds.play(plan, jobs, show)
    progress.clear()
    for entry in outcome.found[:5]:
        click.echo(json.dumps(entry))
    for line in outcome.broken:
        click.echo(f"assay: {line}", err=True)
    click.echo(json.dumps(summary(plan, outcome)) if as_json else text(plan, outcome))
    if outcome.broken:
        return exit_code.BROKEN
    return exit_code.AGREED if outcome.ok else exit_code.DIFFERED


def summary(plan, outcome):
    found = {name: getattr(outcome, name) for name in (*rounds.COUNTS, "voted", "exits")}
    return found | {"seed": plan.seed, "first": plan.first, "shape": plan.shape}


def text(plan, outcome):
    names = " and ".join(engine.name for engine in plan.pair)
    line = (
        f"{outcome.programs:,} random programs ({plan.shape}, seed {plan.seed}, first {plan.first}) "
        f"on {names}, {outcome.voted:,} on the model too: {outcome.divergences} divergences, "
        f"{len(outcome.broken)} crashes in {outcome.seconds:.1f} s"
    )
    return coloured(line, outcome.ok) if click.get_text_stream("stdout").isatty() else line


def kernel(plan, jobs, as_json):
    """Sequences of the kernel, or encodings."""
    progress = Progress(plan.count, f"random {plan.level}, seed {plan.seed}")

    def show(outcome):
        progress.count = outcome.sequences
        progress.step()

    outcome = kernel_rounds.play(plan, jobs, show)
    progress.clear()
    for line in outcome.found + outcome.broken:
        click.echo(f"assay: {line}", err=True)
    names = ("sequences", "steps", "records", "voted", "ends")
    found = {name: getattr(outcome, name) for name in names}
    found |= {"divergences": len(outcome.found), "seed": plan.seed, "first": plan.first}
    names = " and ".join(engine.name for engine in plan.pair)
    what = "encodings" if plan.level == "codec" else "kernel sequences"
    line = (
        f"{outcome.sequences:,} random {what} (seed {plan.seed}, first {plan.first}) on {names}, "
        f"{outcome.voted:,} on the model too: {outcome.steps:,} steps, {outcome.records:,} records, "
        f"{len(outcome.found)} divergences, {len(outcome.broken)} crashes or leaks in "
        f"{outcome.seconds:.1f} s"
    )
    click.echo(json.dumps(found) if as_json else line)
    if outcome.broken:
        return exit_code.BROKEN
    return exit_code.AGREED if outcome.ok else exit_code.DIFFERED
