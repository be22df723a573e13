"""assay fuzz: fuzzing campaigns, and what belongs to their inputs."""

import dataclasses
import json
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import BadInput
from assay.commands import options
from assay.engines import catalog
from assay.fuzz import inputs, shown


@click.group("fuzz")
def command() -> None:
    """Play, show and make inputs of the fuzzing targets.

    Targets are machine, codec, invocation, chain and reader; fuzz/README.md has the formats.

    \b
    Exit codes: 0 the engines agree, 1 they differ, 3 a file is no input or no case,
    4 an engine cannot be loaded, 6 an engine broke.
    """


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
