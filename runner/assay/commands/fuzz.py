"""assay fuzz: fuzzing campaigns, and what belongs to their inputs."""

import dataclasses
import json
import re
import sys
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import BadInput
from assay.commands import options
from assay.engines import catalog
from assay.finds import keep as keeping
from assay.finds.store import Store
from assay.fuzz import campaign, inputs, shown
from assay.fuzz import seeds as seeds_of
from assay.fuzz.judge import Judge

SEEDS = paths.ROOT / "fuzz" / "corpus"
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[int]):
    """30s, 10m, 12h: seconds."""

    name = "time"

    def convert(self, value: object, option: click.Parameter | None, context: click.Context | None) -> int:
        found = re.fullmatch(r"(\d{1,7})([smhd]?)", str(value))
        if found is None or int(found[1]) == 0:
            self.fail(f"{value} is no time; write 30s, 10m or 12h", option, context)
        return int(found[1]) * UNITS[found[2]]


class Fuzz(click.Group):
    """What is no command of its own is what a campaign takes: `assay fuzz machine --time 10m`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = [CAMPAIGN, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands)


CAMPAIGN = "campaign"
SHRINK_LEAST, SHRINK_MOST = 5.0, 60.0  # seconds for a find


@click.group("fuzz", cls=Fuzz, invoke_without_command=True)
def command() -> None:
    """Fuzz the engines with AFL++ and libFuzzer; play, show and make inputs.

    ./assay fuzz [TARGET|all] is short for ./assay fuzz campaign. Targets are machine, codec, invocation, chain and
    reader; fuzz/README.md has the formats.

    \b
    Exit codes: 0 nothing was found, 1 something was, 3 a file is no input or no case, a folder
    has no seeds, 4 an engine cannot be loaded or a tool is missing, 6 a part of the campaign
    died, or an engine broke, 8 the folder cannot be written.
    """


@command.command(CAMPAIGN)
@click.argument("target", type=click.Choice([*inputs.TARGETS, "all"]), default="all")
@click.option("--time", "seconds", type=Duration(), default="10m", show_default=True, help="How long: 30s, 10m, 12h.")
@options.engine
@click.option("--from", "seeds", default=str(SEEDS), metavar="DIR", help="Where the seeds are; fuzz/corpus.")
@click.option("--out", "folder", default="", metavar="DIR", help="Where everything is kept; build/fuzz.")
@options.jobs
def campaign_(target: str, seconds: int, names: tuple[str, ...], seeds: str, folder: str, jobs: int) -> int:
    """Fuzz a target, or all of them in turn, and keep what is found in OUT/finds.

    AFL++ (main, CmpLog, exploitation) and libFuzzer with sanitizers take turns in --jobs processes. With the same
    --out a campaign goes on where the last one was, however that ended.
    """
    ours = catalog.chosen([], catalog.OURS)
    strangers = [catalog.parse(name) for name in names if name not in catalog.OURS]
    if len(strangers) > 1:
        raise click.UsageError("fuzz takes one engine besides ours")
    out = Path(folder) if folder else paths.scratch() / "fuzz"
    targets = inputs.TARGETS if target == "all" else (target,)
    judge = Judge(Store(out / "finds"), (*ours, *strangers), min(SHRINK_MOST, max(SHRINK_LEAST, seconds / 10)))
    spec = strangers[0].spec_alone if strangers else ""
    plan = campaign.Plan(tuple(targets), seconds, jobs, out.absolute(), Path(seeds), spec)
    shows = sys.stderr.isatty()
    end = "\r" if shows else "\n"

    def tick(line: str) -> None:
        print(f"{line}\033[K" if shows else line, end=end, file=sys.stderr, flush=True)

    done = campaign.Campaign(plan, judge, say, tick).run()
    report(done, out)
    return exit_code.BROKEN if done.deaths else exit_code.DIFFERED if done.kept else exit_code.AGREED


def say(line: str) -> None:
    click.echo(f"\r\033[K{line}" if sys.stderr.isatty() else line, err=True)


def report(done: campaign.Summary, out: Path) -> None:
    counts = done.counts
    click.echo(
        f"{counts.executions} executions in {campaign.clock(done.seconds)}, {counts.skipped} not compared in full, "
        f"{done.inputs} inputs in the queues of {paths.shown(out)}"
    )
    for name, edges in done.edges.items():
        least = min((value for part, value in done.stability.items() if part.startswith(name)), default=100.0)
        click.echo(f"  {name}: {edges} edges, stability {least:.2f}%")
    for kept in done.kept:
        flaky = ", flaky" if kept.find.is_flaky else ""
        click.echo(f"  {kept.find.signature}: seen with {kept.count} inputs from {kept.first} to {kept.last}{flaky}")
    if done.deaths:
        click.echo(f"  died and went on: {'; '.join(done.deaths[:5])}")
    click.echo(f"{len(done.kept)} finds" + (f" in {paths.shown(out / 'finds')}" if done.kept else ""))


@command.command("keep")
@click.argument("signature")
@click.option("--name", default="", help="The behaviour that the case is named by; made from the signature.")
@click.option("--out", "folder", default="", metavar="DIR", help="Of the campaign; build/fuzz.")
def keep(signature: str, name: str, folder: str) -> int:
    """Make a find a case of vectors/regress, with the values that the specification expects."""
    store = Store((Path(folder) if folder else paths.scratch() / "fuzz") / "finds")
    click.echo(keeping.keep(store, signature, name))
    return exit_code.AGREED


@command.command("minimise")
@click.argument("target", type=click.Choice([*inputs.TARGETS, "all"]), default="all")
@click.option("--from", "folders", multiple=True, required=True, metavar="DIR", help="Inputs; may be repeated.")
@click.option("--out", "folder", default=str(SEEDS), metavar="DIR", help="The archives go here; fuzz/corpus.")
def minimise(target: str, folders: tuple[str, ...], folder: str) -> int:
    """Make a small archive of seeds for each target, with all that larger sets of inputs reach."""
    for name in inputs.TARGETS if target == "all" else (target,):
        archive = Path(folder) / f"{name}.zip"
        count = seeds_of.minimise([Path(each) for each in folders], name, archive)
        click.echo(f"{paths.shown(archive)}: {count} inputs, {archive.stat().st_size} bytes")
    return exit_code.AGREED


@command.command("run")
@click.argument("places", metavar="FILE...", nargs=-1, required=True)
@options.engine
@options.timeout
@click.option("--json", "as_json", is_flag=True, help="One JSON line a file.")
@options.preset
def run(places: tuple[str, ...], names: tuple[str, ...], timeout: float, as_json: bool, preset: str) -> int:
    """Play inputs: ref beside fast, and beside every other engine given with -e."""
    given = catalog.chosen([*catalog.OURS, *(name for name in names if name not in catalog.OURS)], (), preset)
    played = inputs.play(places, given, timeout)
    for one in played:
        click.echo(json.dumps(dataclasses.asdict(one)) if as_json else line_of(one))
    return exit_code.DIFFERED if any(one.is_different for one in played) else exit_code.AGREED


def line_of(played: inputs.Played) -> str:
    if not played.is_different:
        return f"{played.file}: {played.verdict}" + (f", {played.reason}" if played.reason else "")
    first = "; ".join(f"{field} {expected} and {got}" for field, expected, got in played.differences[:3])
    said = f" ({played.message})" if played.message else ""
    return f"{played.file}: {' and '.join(played.engines)} differ, {played.flavour}, step {played.step}: {first}{said}"


@command.command("show")
@click.argument("places", metavar="FILE...", nargs=-1, required=True)
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="Whose outcomes are shown.")
@click.option("--json", "as_json", is_flag=True, help="The case, as vector files have it.")
@click.option("--whole", is_flag=True, help="Without the limits that a target keeps to.")
@options.preset
def show(places: tuple[str, ...], name: str, as_json: bool, whole: bool, preset: str) -> int:
    """Print an input: assembly, pages and steps, an Image and events, or text."""
    for one in inputs.show(places, catalog.parse(name, preset), whole):
        if as_json:
            click.echo(json.dumps({"file": one.file, "target": one.target, "case": one.case}))
        else:
            click.echo("\n".join(shown.text_of(one)))
    return exit_code.AGREED


@command.command("import")
@click.argument("source", metavar="CASE")
@click.option("--out", "folder", default=".", show_default=True, help="The inputs go to FOLDER/TARGET/ID.")
@click.option("--requests", is_flag=True, help="CASE is a file of requests of the protocol, one a line.")
@click.option("--text", is_flag=True, help="The vector file itself becomes an input of the target reader.")
def import_(source: str, folder: str, requests: bool, text: bool) -> int:
    """Make inputs of CASE: FILE.json::ID, or FILE.json for all of its cases."""
    path, _, case = source.partition("::")
    if not Path(path).exists():
        raise BadInput(f"{path}: there is no such file; CASE is FILE.json::ID, or FILE.json")
    form = "requests" if requests else "text" if text else ""
    for made in inputs.make([path], Path(folder), case, form):
        click.echo(f"{paths.shown(made.file)}  {made.target}")
    return exit_code.AGREED
