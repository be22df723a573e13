"""assay diff: the first record in which two engines differ, however long the run."""

import json
import shlex
from collections.abc import Mapping
from contextlib import closing
from typing import Unpack

import click

from assay.base import exit_code
from assay.base.trouble import Broken, Nothing
from assay.commands import options
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.engines.trouble import EngineError
from assay.locate import card
from assay.locate.divergence import Divergence
from assay.locate.locate import Question, locate
from assay.suite import collection, program
from assay.suite.collection import Entry
from assay.suite.play import Done, Player


@click.command("diff")
@click.argument("source", metavar="FILE")
@options.engine
@program.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.timeout
def command(
    source: str, names: tuple[str, ...], as_json: bool, preset: str, timeout: float, **start: Unpack[program.Start]
) -> int:
    """Name the first instruction, block or kernel event in which two engines differ.

    FILE is assembly, a case FILE.json::ID, or a code blob, as for ./assay run; engines are ref and
    fast unless two --engine say otherwise, what the first one does is expected. A run may have any number of
    instructions: nothing is stored but digests, and the run is repeated and cut in half until one record is
    left. The model takes programs that it can keep up with; when it is the first, the rule is named too.

    \b
    Exit codes: 0 no divergence, 1 one was found, 3 the file cannot be used, 4 an
    engine cannot be loaded, 6 an engine broke.
    """
    chosen = catalog.chosen(names, catalog.OURS, preset)
    if len(chosen) != 2:
        raise click.UsageError("diff takes two engines")
    options.tell_walls(chosen)
    for target in chosen:
        catalog.check_loads(target)
    pair = chosen[0], chosen[1]
    entry = program.kernel_entry(source)
    if entry is not None:
        return show(source, entry, pair, timeout, start, as_json)
    wanted = program.read(source, start)
    with program.as_vector_file(wanted) as path:
        entry = wanted.entry or collection.read([path]).entries[0]
        return show(source, entry, pair, timeout, start, as_json)


def show(
    source: str, entry: Entry, pair: tuple[Target, Target], timeout: float, start: program.Start, as_json: bool
) -> int:
    question = Question(entry, repro(source, pair, start))
    endings: dict[str, str] = {}
    try:
        (found,) = locate(*pair, [question], timeout, endings)
    except EngineError as error:
        raise Broken(str(error)) from None
    if found is None and not entry.is_kernel:
        check_ran(source, entry, pair[0], timeout)
    if as_json:
        click.echo(json.dumps(found.members() if found else {"case": entry.id, "divergence": None}))
    elif found is None:
        click.echo(f"{pair[0].name} and {pair[1].name} agree on {source}: no divergence")
    else:
        click.echo(card.shown(found))
    return exit_of(found, endings)


def check_ran(source: str, entry: Entry, target: Target, timeout: float) -> None:
    """Two engines that both do nothing agree, and that shows nothing."""
    case = entry.machine()
    with closing(target.open(timeout)) as engine:
        player = Player(case, engine)
        try:
            verdict = player.load()
            outcomes = [player.do(step) for step in case.steps] if verdict == "admitted" else []
        except EngineError as error:
            raise Nothing(f"{source}: nothing ran: {error}; both engines do the same") from None
    if case.steps and all(outcome == Done.REFUSED for outcome in outcomes):
        why = "every step is refused" if outcomes else f"the program is rejected ({verdict})"
        raise Nothing(f"{source}: nothing ran on either engine: {why}; so nothing was compared")


def exit_of(found: Divergence | None, endings: Mapping[str, str]) -> int:
    for name, words in endings.items():
        click.echo(f"assay: engine {name}: {words}", err=True)
    if endings or (found is not None and found.cause.unit.is_broken):
        return exit_code.BROKEN
    return exit_code.AGREED if found is None else exit_code.DIFFERED


def repro(source: str, pair: tuple[Target, Target], start: program.Start) -> str:
    """The command line again, with what was not the default."""
    argv = ["./assay", "diff", source, *pair[0].options, *pair[1].options]
    return shlex.join([*argv, *program.options_text(start)])
