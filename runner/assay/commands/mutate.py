"""assay mutate: do the vectors decide every clause?"""

import json
from collections import Counter
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import BadInput, Nothing
from assay.commands import options
from assay.mutate import campaign, invariants
from assay.mutate.trial import Fate, Trial
from assay.mutate.workshop import NotBuilt

SEED = 1


@click.command("mutate")
@click.argument("engines", metavar="[ENGINE]...", nargs=-1, type=click.Choice(tuple(campaign.SOURCES)))
@click.option("-k", "keyword", default="", metavar="TEXT", help="Only files with this in their name.")
@click.option(
    "--count", type=click.IntRange(min=1), help="A sample of so many of each engine, from every file; all otherwise."
)
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(min=0), help="Which sample.")
@click.option("--list", "lists", is_flag=True, help="Only list the mutants.")
@click.option(
    "--show",
    "shown",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print N of those that nothing noticed whole, by lot, each with its reason.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="One line a mutant, into a file.")
@options.jobs
def command(
    engines: tuple[str, ...],
    keyword: str,
    count: int | None,
    seed: int,
    lists: bool,
    shown: int | None,
    json_path: Path | None,
    jobs: int,
) -> int:
    """Change one clause of an engine at a time and see whether a vector notices.

    ENGINE is ref, fast or model; all three when none is given. A mutant that compiles to the same
    object is equivalent. So is one that CI/equivalent.toml lists with the invariant that hides it.
    An engine with bounds that no vector reaches is played with small ones as well.
    What no vector notices meets the contract of the header, a column of its own.
    Whatever is left survives, and is printed: a clause that nothing decides.

    \b
    Exit codes: 0 no survivor, 1 survivors, or one not judged, or a listed one that is noticed,
    3 the release build is missing, 5 no mutant is selected.
    """
    paths.needs_clone("mutate")
    trials: list[Trial] = []
    known = invariants.read()
    if json_path:
        json_path.write_text("", "utf-8")
    for engine in engines or tuple(campaign.SOURCES):
        mutants = campaign.mutants_of(engine, keyword)
        chosen = campaign.sample(mutants, count or len(mutants), seed)
        if lists:
            for mutant in chosen:
                click.echo(f"{mutant.id}  {mutant}")
            trials += [Trial(mutant, Fate.NO_MUTANT, "", 0.0) for mutant in chosen]
            continue
        try:
            for trial in campaign.run(engine, chosen, jobs):
                trials.append(trial)
                if json_path:
                    with json_path.open("a", encoding="utf-8") as lines:
                        lines.write(f"{line(campaign.Table([trial], known), trial)}\n")
                if campaign.Table([trial], known).fate(trial) is Fate.SURVIVED:
                    click.echo(f"survived  {trial.mutant.id}  {trial.mutant}")
        except NotBuilt as error:
            raise BadInput(str(error)) from None
    if not trials:
        raise Nothing(f"no mutant in a file named like {keyword!r}")
    if lists:
        return exit_code.AGREED
    table = campaign.Table(trials, known)
    report(table)
    for trial in table.by_lot(shown, seed) if shown else []:
        click.echo(whole(table, trial))
    return exit_code.AGREED if table.is_green else exit_code.DIFFERED


def line(table: campaign.Table, trial: Trial) -> str:
    mutant = trial.mutant
    return json.dumps(
        {
            "id": mutant.id,
            "file": mutant.file,
            "line": mutant.line,
            "kind": mutant.kind.value,
            "before": mutant.before,
            "after": mutant.after,
            "fate": table.fate(trial).value,
            "by": trial.by,
            "because": table.known.because(mutant) if table.fate(trial) is Fate.EQUIVALENT else "",
        }
    )


def report(table: campaign.Table) -> None:
    click.echo(f"{'file':<36} {'mutants':>8} {'killed':>8} {'contract':>9} {'equivalent':>11} {'survived':>9}")
    for file, counts in sorted(table.by_file().items()):
        click.echo(row(file, counts))
    click.echo(row("all", table.totals()))
    for trial in table.not_judged():
        click.echo(f"not judged, {trial.by}: {trial.mutant.id}  {trial.mutant}")
    for trial in table.wrongly_listed():
        click.echo(f"listed as equivalent, but {trial.by} notices it: {trial.mutant.id}  {trial.mutant}")


def whole(table: campaign.Table, trial: Trial) -> str:
    """What stands there, what would, and why nothing notices."""
    mutant = trial.mutant
    reason = table.known.because(mutant) or trial.by or "no reason is known"
    head = f"{table.fate(trial).value}  {mutant.id}  {mutant.file}:{mutant.line}: {mutant.kind.value}"
    return f"\n{head}\n  {mutant.context}\n- {mutant.before}\n+ {mutant.after}\n  {reason}"


def row(name: str, counts: Counter[Fate]) -> str:
    built = sum(counts.values()) - counts[Fate.NO_MUTANT]
    killed = f"{counts[Fate.KILLED]:>8} {counts[Fate.CONTRACT]:>9}"
    return f"{name:<36} {built:>8} {killed} {counts[Fate.EQUIVALENT]:>11} {counts[Fate.SURVIVED]:>9}"
