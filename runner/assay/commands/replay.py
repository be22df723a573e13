"""assay replay: the cases of vector files on engines."""

from typing import TypedDict, Unpack

import click

from assay.base import exit_code
from assay.base.paths import VECTORS
from assay.commands import options
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.replay import known
from assay.replay.campaign import Campaign, Wishes
from assay.replay.sinks import JsonLines, Junit, Sink
from assay.replay.third_party import replay_dialect
from assay.replay.verdict import Vote
from assay.suite import collection
from assay.suite import dialect as dialects


class Options(TypedDict):
    """The options of a replay, as the command line gives them."""

    names: tuple[str, ...]
    keyword: str | None
    lists: bool
    json_path: str | None
    junit_path: str | None
    cards: int
    maxfail: int | None
    deaths: int
    known: str | None
    allowed: tuple[str, ...]
    first_only: bool
    quiet: bool
    dialect: str | None
    preset: str
    timeout: float
    jobs: int


@click.command("replay")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@options.engine
@options.keyword
@click.option("--list", "lists", is_flag=True, help="Only say which cases are selected.")
@click.option("--json", "json_path", metavar="FILE", help="Write JSON lines; - is standard output.")
@click.option("--junit", "junit_path", metavar="FILE", help="Write a JUnit report.")
@click.option("--cards", default=5, show_default=True, metavar="N", help="Show at most N failures in full.")
@click.option("--maxfail", type=click.IntRange(min=1), metavar="N", help="Stop after N failures.")
@click.option(
    "--deaths",
    type=click.IntRange(min=1),
    default=catalog.DEATHS,
    show_default=True,
    metavar="N",
    help="Give an engine up that died, hung or answered garbage N times.",
)
@click.option(
    "--known", metavar="FILE", help="A TOML list of what is known to be wrong: case or signature, reason, date."
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice([Vote.CANNOT.value]),
    help="cannot: an engine that lacks a level or feature is not red for it.",
)
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
def command(paths: tuple[str, ...], **given: Unpack[Options]) -> int:
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

    Every failure is repeated once alone. The words are: pass; wrong; flaky, when it passes the second time; known,
    listed by --known; cannot, when the engine lacks a level or feature; not applicable; not run. Red are wrong,
    flaky, not run, cannot unless --allow cannot, and an entry of --known that passes or names nothing.

    \b
    Exit codes: 0 all agree, 1 something is red, 3 something cannot be read (the rest
    still runs), 4 an engine cannot be loaded, 5 no case is selected, 6 an engine
    died, hung or answered garbage, 8 a report cannot be written, 130 interrupted.
    """
    targets = catalog.chosen(given["names"], preset=given["preset"])
    for target in targets:
        catalog.check_loads(target, given["timeout"])
    if given["dialect"]:
        return third_party(paths, targets, given)
    selected = collection.read(paths or [VECTORS], given["keyword"])
    if given["lists"]:
        return list_cases(selected)
    return Campaign(selected, targets, sinks(given, targets), wishes(given)).run()


def third_party(paths: tuple[str, ...], targets: list[Target], given: Options) -> int:
    if not paths:
        raise click.UsageError("--dialect needs the path of the vectors")
    if given["json_path"] or given["junit_path"] or given["lists"]:
        raise click.UsageError("--dialect has no --json, --junit or --list")
    return replay_dialect(paths, targets, given["keyword"], given["timeout"])


def sinks(given: Options, targets: list[Target]) -> list[Sink]:
    found: list[Sink] = []
    walls = {target.name: target.wall.value for target in targets if target.wall}
    if given["json_path"]:
        found.append(JsonLines(given["json_path"]))
    if given["junit_path"]:
        found.append(Junit(given["junit_path"], walls, votes_of(given["allowed"])))
    return found


def votes_of(words: tuple[str, ...]) -> tuple[Vote, ...]:
    return tuple(Vote(word) for word in words)


def wishes(given: Options) -> Wishes:
    return Wishes(
        timeout=given["timeout"],
        jobs=given["jobs"],
        cards=given["cards"],
        deaths=given["deaths"],
        maxfail=1 if given["first_only"] else given["maxfail"],
        quiet=given["quiet"],
        to_stderr=given["json_path"] == "-",
        known=known.read(given["known"]),
        allowed=votes_of(given["allowed"]),
    )


def list_cases(selected: collection.Suite) -> int:
    for entry in selected.entries:
        click.echo(entry.id)
    for invalid in selected.invalid:
        click.echo(f"assay: {invalid}", err=True)
    return exit_code.BAD_INPUT if selected.invalid else exit_code.AGREED
