"""assay demo: what assay does, in a minute."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import click

from assay.base import exit_code, paths
from assay.check import faults, saboteurs
from assay.commands import options
from assay.engines import catalog
from assay.engines.catalog import Kind, Target
from assay.locate import card
from assay.locate.locate import Question, locate
from assay.random import programs
from assay.random.plan import Plan
from assay.replay.campaign import Campaign, Wishes
from assay.replay.replay import replay
from assay.replay.verdict import Vote
from assay.suite import collection, dialect
from assay.suite.collection import Suite

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
def command(external: str | None, jobs: int) -> int:
    """Watch three implementations agree on every vector, and a broken one be caught.

    \b
    Exit codes: 0 no divergence, 1 there is one.
    """
    chosen = catalog.chosen(())
    selected = collection.read([paths.VECTORS])
    tally = Tally()
    vectors(selected, chosen, jobs, tally)
    if external:
        third_party(external, chosen, tally)
    random_programs(chosen, jobs, tally)
    title("A reference with one wrong line, planted in a copy of it")
    caught = show_fault(selected)
    divergences = "0 divergences" if tally.good else "DIVERGENCES, see above"
    names = ", ".join(target.name for target in chosen)
    fault = f"the planted fault was {'found' if caught else 'MISSED'}"
    click.echo(f"\n{tally.cases:,} cases, engines {names}, {tally.votes:,} votes, {divergences}; {fault}")
    return exit_code.AGREED if tally.good and caught else exit_code.DIFFERED


@dataclass
class Tally:
    cases: int = 0
    votes: int = 0
    good: bool = True

    def add(self, cases: int, votes: int, good: bool) -> None:
        self.cases += cases
        self.votes += votes
        self.good &= good


def vectors(selected: Suite, chosen: Sequence[Target], jobs: int, tally: Tally) -> None:
    title(f"Every vector on {', '.join(target.name for target in chosen)}")
    campaign = Campaign(selected, chosen, wishes=Wishes(jobs=jobs))
    code = campaign.run()
    tally.add(len(selected.entries), campaign.report.totals[Vote.PASS], code == exit_code.AGREED)


def third_party(folder: str, chosen: Sequence[Target], tally: Tally) -> None:
    title("Third-party programs")
    cases = dialect.read_folder(folder)
    tally.add(len(cases.found), 0, True)
    for target in chosen:
        with target.open() as opened:
            summary = dialect.summary([case.play(opened) for case in cases.found], cases.errors)
        click.echo(f"{target.name}: {summary.text.splitlines()[0]}")
        tally.add(0, summary.counts["read"], summary.ok)


def random_programs(chosen: Sequence[Target], jobs: int, tally: Tally) -> None:
    """On the two engines that are shared objects, where this machine has both."""
    pair = [target for target in chosen if target.kind == Kind.NATIVE]
    if len(pair) != 2:
        return
    title("Random programs, a sample of them on the specification too")
    outcome = programs.play(Plan((pair[0], pair[1]), SEED, 0, PROGRAMS, "mixed", 200), jobs)
    click.echo(f"{outcome.played:,} programs, seed {SEED}: {len(outcome.found)} divergences")
    tally.add(outcome.played, 2 * outcome.played + outcome.voted, outcome.ok)


def title(text: str) -> None:
    click.echo(f"\n{click.style(text, bold=True)}")


def show_fault(selected: Suite) -> bool:
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
        (found,) = locate(catalog.parse(catalog.MODEL), engine, [question])
        if found is None:
            return False
        click.echo(card.shown(found))
    return True
