"""assay cover: what the vectors cover."""

import json

import click

from assay.base import exit_code
from assay.base.paths import VECTORS
from assay.commands import options
from assay.corpus import cover
from assay.engines import catalog
from assay.suite import collection


@click.command("cover")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.jobs
def command(paths: tuple[str, ...], as_json: bool, preset: str, jobs: int) -> int:
    """Say which rules the vectors reach and contrast, and which opcodes each engine executes.

    A rule is reached when it decides something on some case; contrasted when one case decides it
    and another is its near miss. PATHS are vector files or folders, `vectors` when none is given.

    \b
    Exit codes: 0 everything is covered, 1 something is not, 3 a file cannot be read.
    """
    files = collection.files_of(paths or [VECTORS])
    coverage = cover.measure(files, catalog.chosen((), catalog.OURS, preset), jobs)
    click.echo(json.dumps(coverage.summary()) if as_json else coverage.text)
    if coverage.unread:
        return exit_code.BAD_INPUT
    return exit_code.AGREED if coverage.ok else exit_code.DIFFERED
