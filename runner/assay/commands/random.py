"""assay random: random programs through the engines."""

import json
import secrets
import sys
from typing import TypedDict, Unpack

import click

from assay.base import exit_code
from assay.base.strict import Members
from assay.base.trouble import Nothing
from assay.commands import options
from assay.engines import catalog
from assay.random import programs, sequences
from assay.random.plan import Outcome, Plan
from assay.replay.report import Progress, coloured

MACHINE = "machine"
SHOWN = 5


class Options(TypedDict):
    """The options of a round, as the command line gives them."""

    names: tuple[str, ...]
    count: int
    seed: int | None
    first: int
    shape: str
    vote_every: int
    level: str
    as_json: bool
    preset: str
    jobs: int


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
    type=click.Choice([MACHINE, "kernel", sequences.CODEC]),
    default=MACHINE,
    show_default=True,
    help="Programs, sequences of kernel operations and events, or encodings.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.jobs
def command(**given: Unpack[Options]) -> int:
    """Play random programs, kernel sequences or encodings on two engines, and a sample of them on the specification.

    Engines are ref and fast unless two --engine say otherwise: shared objects or programs that speak the
    protocol. Program I of a seed and shape is always the same, so what is found is found again with
    --seed S --first I --count 1.

    \b
    Exit codes: 0 no divergence, 1 divergences (the first programs are printed as
    cases of a vector file), 4 an engine cannot be loaded, 6 an engine broke.
    """
    pair = catalog.chosen(given["names"], catalog.OURS, given["preset"])
    if len(pair) != 2:
        raise click.UsageError("random takes two engines")
    options.tell_walls(pair)
    for target in pair:
        catalog.check_loads(target)
    seed = int.from_bytes(secrets.token_bytes(4), "little") if given["seed"] is None else given["seed"]
    is_machine = given["level"] == MACHINE
    kind = given["shape"] if is_machine else given["level"]
    plan = Plan((pair[0], pair[1]), seed, given["first"], given["count"], kind, given["vote_every"])
    progress = Progress(plan.count, f"random {given['level']}, seed {seed}")
    play = programs.play if is_machine else sequences.play
    outcome = play(plan, given["jobs"], progress.at)
    progress.clear()
    show_found(outcome)
    summary = of_programs if is_machine else of_sequences
    found, line = summary(plan, outcome)
    click.echo(json.dumps(found) if given["as_json"] else painted(line, outcome.ok))
    if outcome.broken:
        return exit_code.BROKEN
    if not outcome.is_bad and not outcome.has_compared:
        raise Nothing(f"{names_of(plan)} did nothing: no instruction and no record was compared, so nothing was shown")
    return exit_code.AGREED if outcome.ok else exit_code.DIFFERED


def show_found(outcome: Outcome) -> None:
    """Programs as cases to be kept; of sequences a line says all."""
    for entry in outcome.found[:SHOWN]:
        if "case" in entry:
            click.echo(json.dumps(entry))
        else:
            click.echo(f"assay: {entry['message']}", err=True)
    for line in outcome.broken:
        click.echo(f"assay: {line}", err=True)


def painted(line: str, good: bool) -> str:
    return coloured(line, good) if sys.stdout.isatty() else line


def names_of(plan: Plan) -> str:
    return " and ".join(target.name for target in plan.pair)


def of_programs(plan: Plan, outcome: Outcome) -> tuple[Members, str]:
    """What is said at the end: for machines, and for people."""
    divergences = len(outcome.found)
    found: Members = {"programs": outcome.played, **{name: outcome.counts[name] for name in programs.COUNTS}}
    found |= {"divergences": divergences, "voted": outcome.voted, "exits": dict(outcome.ends)}
    found |= {"seed": plan.seed, "first": plan.first, "shape": plan.kind}
    return found, (
        f"{outcome.played:,} random programs ({plan.kind}, seed {plan.seed}, first {plan.first}) "
        f"on {names_of(plan)}, {outcome.voted:,} on the model too: {divergences} divergences, "
        f"{len(outcome.broken)} crashes in {outcome.seconds:.1f} s"
    )


def of_sequences(plan: Plan, outcome: Outcome) -> tuple[Members, str]:
    steps, records, divergences = outcome.counts["steps"], outcome.counts["records"], len(outcome.found)
    found: Members = {"sequences": outcome.played, "steps": steps, "records": records, "voted": outcome.voted}
    found |= {"ends": dict(outcome.ends), "divergences": divergences, "seed": plan.seed, "first": plan.first}
    what = "encodings" if plan.kind == sequences.CODEC else "kernel sequences"
    return found, (
        f"{outcome.played:,} random {what} (seed {plan.seed}, first {plan.first}) on {names_of(plan)}, "
        f"{outcome.voted:,} on the model too: {steps:,} steps, {records:,} records, "
        f"{divergences} divergences, {len(outcome.broken)} crashes or leaks in {outcome.seconds:.1f} s"
    )
