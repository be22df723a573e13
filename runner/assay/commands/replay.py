"""assay replay: the cases of vector files on engines."""

import click

from assay.base import exit_code
from assay.base.paths import VECTORS
from assay.commands import options
from assay.engines import catalog
from assay.replay.campaign import Campaign, replay_dialect
from assay.replay.report import JsonLines, Junit
from assay.suite import collection
from assay.suite import dialect as dialects


@click.command("replay")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.engine
@options.keyword
@click.option("--list", "lists", is_flag=True, help="Only say which cases are selected.")
@click.option("--json", "json_path", metavar="FILE", help="Write JSON lines; - is standard output.")
@click.option("--junit", "junit_path", metavar="FILE", help="Write a JUnit report.")
@click.option("--cards", default=5, show_default=True, metavar="N", help="Show at most N failures in full.")
@click.option("--maxfail", type=click.IntRange(min=1), metavar="N", help="Stop after N failures.")
@click.option("-x", "first_only", is_flag=True, help="Stop at the first failure.")
@click.option("--quiet", "-q", is_flag=True, help="Print only failures and the last line.")
@click.option(
    "--dialect",
    type=click.Choice([dialects.NAME]),
    help="The files are third-party vectors in this form.",
)
@options.preset
@options.timeout
@options.jobs
def command(paths, names, lists, json_path, junit_path, cards, first_only, quiet, dialect, **rest):
    """Replay vectors on engines and compare everything that can be observed.

    PATHS are vector files or folders, `vectors` when none is given; FILE.json::ID is one case.
    Every case runs on every engine: model, ref and fast unless --engine says otherwise. A failure
    is shown as a card: the first wrong instruction or block, the rule it breaks, what was expected,
    and the command that repeats it.

    \b
    Examples:
      ./assay replay                             everything
      ./assay replay vectors/gas -k move_reg     some of it
      ./assay replay -e fast -x                  one engine, up to the first failure
      ./assay replay -e mine=./libassay_mine.so --junit report.xml

    \b
    Exit codes: 0 all agree, 1 a case fails, 3 something cannot be read (the rest
    still runs), 4 an engine cannot be loaded, 5 no case is selected, 6 an engine
    died, hung or answered garbage, 130 interrupted.
    """
    chosen = catalog.chosen(names, preset=rest["preset"])
    for engine in chosen:
        catalog.check_loads(engine)
    if dialect:
        if not paths:
            raise click.UsageError("--dialect needs the path of the vectors")
        if json_path or junit_path or lists:
            raise click.UsageError("--dialect has no --json, --junit or --list")
        return replay_dialect(paths, chosen, rest["keyword"], rest["timeout"])
    selected = collection.read(paths or [VECTORS], rest["keyword"])
    if lists:
        return list_cases(selected)
    sinks = [JsonLines(json_path)] if json_path else []
    sinks += [Junit(junit_path)] if junit_path else []
    campaign = Campaign(
        selected,
        chosen,
        sinks=sinks,
        timeout=rest["timeout"],
        jobs=rest["jobs"],
        cards=cards,
        maxfail=1 if first_only else rest["maxfail"],
        quiet=quiet,
        to_stderr=json_path == "-",
    )
    return campaign.run()


def list_cases(selected):
    for entry in selected.entries:
        click.echo(entry.id)
    for invalid in selected.invalid:
        click.echo(f"assay: {invalid}", err=True)
    return exit_code.BAD_INPUT if selected.invalid else exit_code.AGREED
