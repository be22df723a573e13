"""Options that several commands have, worded once."""

import dataclasses
import math
import os
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

import click

from assay.base import paths
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.engines.sandbox import META, Limits, Sandbox, told

Given = ParamSpec("Given")
Result = TypeVar("Result")
DEFAULTS = Limits()
SHORTEST, LONGEST = 0.05, 86400.0

named = click.option(
    "--engine",
    "-e",
    "names",
    multiple=True,
    metavar="ENGINE",
    help="model, ref, fast, NAME=FILE.so or NAME=cmd:COMMAND; may be repeated.",
)
keyword = click.option(
    "-k",
    "keyword",
    metavar="EXPRESSION",
    help="Only cases whose id matches, as in pytest: -k 'gas and not budget'.",
)


def known_preset(context: click.Context, option: click.Parameter, value: str) -> str:
    """A build that nobody can make is a slip of the pen; it must not leave engines out."""
    names = paths.presets()
    if value not in names:
        raise click.BadParameter(f"there is no preset {value!r}; CMakePresets.json has {', '.join(names)}")
    return value


class Seconds(click.ParamType[float]):
    """A finite time, long enough for anything to happen in it."""

    name = "seconds"

    def convert(self, value: object, option: click.Parameter | None, context: click.Context | None) -> float:
        try:
            found = float(str(value))
        except ValueError:
            found = math.nan
        if not SHORTEST <= found <= LONGEST:  # what is no number is not in between either
            self.fail(f"{value} is not a number of seconds from {SHORTEST:g} to {LONGEST:g}", option, context)
        return found


preset = click.option(
    "--preset",
    callback=known_preset,
    default=paths.PRESET,
    show_default=True,
    help="Which build of ref and fast: a preset of CMakePresets.json.",
)
timeout = click.option(
    "--timeout",
    type=Seconds(),
    default=catalog.TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="An engine that is silent for longer hangs.",
)
jobs = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes at a time.",
)

LIMITS = {
    "memory": ("MIB", "Memory of a stranger's processes, together and each."),
    "processes": ("N", "Processes of a stranger at a time."),
    "files": ("N", "Files that a process of a stranger has open."),
    "output": ("MIB", "Size of a file that a stranger writes."),
    "cpu": ("SECONDS", "Processor time of a process of a stranger."),
}


def keep_sandbox(context: click.Context, option: click.Parameter, value: bool | int | tuple[str, ...]) -> None:
    """Takes down what the options say; catalog.parse asks for it, so that no command has to pass it on."""
    name = str(option.name)
    known = context.meta.get(META, Sandbox())
    if name == "no_sandbox":
        known = dataclasses.replace(known, is_wanted=not value)
    elif name == "shown":
        known = dataclasses.replace(known, shown=value)
    else:
        known = dataclasses.replace(known, limits=dataclasses.replace(known.limits, **{name: value}))
    context.meta[META] = known


def sandbox(command: Callable[Given, Result]) -> Callable[Given, Result]:
    """How strangers (NAME=FILE.so and NAME=cmd:COMMAND) are kept in."""
    for name, (metavar, words) in reversed(LIMITS.items()):
        command = click.option(
            f"--{name}",
            name,
            type=click.IntRange(min=1, max=1 << 20),
            default=getattr(DEFAULTS, name),
            show_default=True,
            metavar=metavar,
            expose_value=False,
            callback=keep_sandbox,
            help=words,
        )(command)
    show = click.option(
        "--show",
        "shown",
        multiple=True,
        type=click.Path(exists=True),
        metavar="PATH",
        expose_value=False,
        callback=keep_sandbox,
        help="A file or folder that a stranger may read, beside those its command names; may be repeated.",
    )
    without = click.option(
        "--no-sandbox",
        "no_sandbox",
        is_flag=True,
        expose_value=False,
        callback=keep_sandbox,
        help="Run strangers without the cage: with all your rights. Every report says so.",
    )
    return without(show(command))


def tell_walls(targets: Iterable[Target]) -> None:
    """Says how strangers are kept in, as every command with some does."""
    for line in told((target.name, target.wall) for target in targets if target.wall):
        click.echo(line, err=True)


def engine(command: Callable[Given, Result]) -> Callable[Given, Result]:
    """The engines of a command, and how strangers among them are kept in."""
    return named(sandbox(command))
