"""assay demo: what assay does, in a minute."""

import os
import tempfile

import click

from assay.base import exit_code, paths
from assay.check import faults, saboteurs
from assay.commands import options
from assay.engines import catalog
from assay.locate import card
from assay.locate.locate import Question, locate
from assay.random import programs
from assay.random.plan import Plan
from assay.replay.campaign import Campaign, Wishes
from assay.replay.replay import replay
from assay.replay.verdict import Vote
from assay.suite import collection, dialect

SEED = 7
PROGRAMS = 20000
SHOWN = "sign_extension_from_the_wrong_bit"


@click.command("demo")
@click.option(
    "--external",
    metavar="FOLDER",
    default=lambda: os.environ.get("ASSAY_EXTERNAL"),
    help="Third-party vectors, pvm-v0.4; ASSAY_EXTERNAL says it too.",
)
@options.jobs
def command(external, jobs):
    """Watch three implementations agree on every vector, and a broken one be caught.

    \b
    Exit codes: 0 no divergence, 1 there is one.
    """
    chosen = catalog.chosen(())
    names = ", ".join(engine.name for engine in chosen)
    good = True

    title(f"Every vector on {names}")
    selected = collection.read([paths.VECTORS])
    campaign = Campaign(selected, chosen, wishes=Wishes(jobs=jobs))
    good &= campaign.run() == exit_code.AGREED
    votes = campaign.report.totals[Vote.PASS]
    cases = len(selected.entries)

    if external:
        title("Third-party programs")
        found = dialect.read_folder(external)
        for engine in chosen:
            with engine.open() as opened:
                summary = dialect.summary([case.play(opened) for case in found.found], found.errors)
            click.echo(f"{engine.name}: {summary.text.splitlines()[0]}")
            good &= summary.ok
            votes += summary.counts["read"]
        cases += len(found.found)

    pair = tuple(engine for engine in chosen if engine.kind == catalog.Kind.NATIVE)
    if len(pair) == 2:
        title("Random programs, a sample of them on the specification too")
        outcome = programs.play(Plan(pair, SEED, 0, PROGRAMS, "mixed", 200), jobs)
        click.echo(f"{outcome.played:,} programs, seed {SEED}: {len(outcome.found)} divergences")
        good &= outcome.ok
        votes += 2 * outcome.played + outcome.voted
        cases += outcome.played

    title("A reference with one wrong line, planted in a copy of it")
    caught = show_fault(selected)

    click.echo()
    divergences = "0 divergences" if good else "DIVERGENCES, see above"
    click.echo(
        f"{cases:,} cases, engines {names}, {votes:,} votes, {divergences}; "
        f"the planted fault was {'found' if caught else 'MISSED'}"
    )
    return exit_code.AGREED if good and caught else exit_code.DIFFERED


def title(text):
    click.echo(f"\n{click.style(text, bold=True)}")


def show_fault(selected):
    fault = faults.named(SHOWN)
    click.echo(f"{fault.file}: {fault.right}  becomes  {fault.wrong}")
    click.echo()
    with tempfile.TemporaryDirectory(prefix="assay-demo-") as folder:
        engine = saboteurs.build(fault, folder)
        wrong = next((verdict for verdict in replay(selected, engine) if not verdict.passed), None)
        if wrong is None:
            return False
        entry = next(entry for entry in selected.entries if entry.id == wrong.case)
        question = Question(entry, f"./assay replay {entry.place} -e NAME=FILE.so")
        found = next(locate(catalog.parse(catalog.MODEL), engine, [question]))
        if found is None:
            return False
        click.echo(card.shown(found))
    return True
