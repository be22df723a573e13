"""assay oracle: random C programs under qemu and on the engines."""

import json
import secrets
import sys

import click

from assay.base import exit_code
from assay.commands import options
from assay.engines import catalog
from assay.guests import oracle
from assay.replay.report import Progress, coloured


@click.command("oracle")
@options.engine
@click.option("--count", default=500, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", type=click.IntRange(min=0), help="Chosen and printed when not given.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--vote-every",
    default=50,
    show_default=True,
    type=click.IntRange(min=0),
    help="The specification plays every so manieth program too; 0: none.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.jobs
def command(
    names: tuple[str, ...],
    count: int,
    seed: int | None,
    first: int,
    vote_every: int,
    as_json: bool,
    preset: str,
    jobs: int,
) -> int:
    """Compile random C programs; run each ELF with qemu-riscv64 and the Image linked from it on the engines.

    Program I of a seed is always the same, so what is found is found again with
    --seed S --first I --count 1. Its source and ELF are kept in build/oracle.

    \b
    Exit codes: 0 all agree, 1 differences (the first are printed), 4 an engine,
    clang-19 or qemu-riscv64 is missing, 6 an engine broke.
    """
    chosen = tuple(catalog.chosen(names, catalog.OURS, preset))
    for target in chosen:
        catalog.check_loads(target)
    if seed is None:
        seed = int.from_bytes(secrets.token_bytes(4), "little")
    progress = Progress(count, f"oracle, seed {seed}")

    def show(outcome: oracle.Outcome) -> None:
        progress.at(outcome.programs)

    plan = oracle.Plan(seed, first, count, vote_every, chosen)
    outcome = oracle.play(plan, jobs, show)
    progress.clear()
    for found in outcome.found[:5]:
        click.echo(f"assay: {found}", err=True)
    for line in outcome.broken:
        click.echo(f"assay: {line}", err=True)
    click.echo(json.dumps(summary(outcome, plan)) if as_json else sentence(outcome, plan))
    if outcome.broken:
        return exit_code.BROKEN
    return exit_code.AGREED if outcome.ok else exit_code.DIFFERED


def summary(outcome: oracle.Outcome, plan: oracle.Plan) -> dict[str, object]:
    names = ("programs", "voted", "instructions", "gas", "levels", "seconds")
    found = {name: getattr(outcome, name) for name in names}
    differences = [str(finding) for finding in outcome.found]
    return found | {"differences": differences, "seed": plan.seed, "first": plan.first}


def sentence(outcome: oracle.Outcome, plan: oracle.Plan) -> str:
    names = ", ".join(target.name for target in plan.engines)
    levels = ", ".join(f"{count} {level}" for level, count in sorted(outcome.levels.items()))
    line = (
        f"{outcome.programs:,} random C programs (seed {plan.seed}, first {plan.first}; {levels}) on {oracle.QEMU}, "
        f"{names}, {outcome.voted:,} on the model too: {outcome.instructions:,} instructions linked, "
        f"{outcome.gas:,} gas, {len(outcome.found)} differences, {len(outcome.broken)} crashes in "
        f"{outcome.seconds:.1f} s"
    )
    return coloured(line, outcome.ok) if sys.stdout.isatty() else line
