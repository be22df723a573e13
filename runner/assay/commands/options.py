"""Options that several commands have, worded once."""

import os

import click

from assay.base import paths
from assay.engines import catalog

engine = click.option(
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
preset = click.option(
    "--preset",
    default=paths.PRESET,
    show_default=True,
    help="Which build of ref and fast: a preset of CMakePresets.json.",
)
timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0.05),
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
