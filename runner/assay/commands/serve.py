"""assay serve: an engine behind the protocol."""

import os

import click

from assay.commands import options
from assay.engines import catalog


@click.command("serve")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="ref, fast or NAME=FILE.so.")
@click.option("--framed", is_flag=True, help="Length-prefixed frames instead of JSON lines.")
@options.preset
def command(name, framed, preset):
    """Answer runner/PROTOCOL.md on standard input and output.

    \b
    Exit codes: 0 after the end of input or bye, 4 the engine cannot be loaded.
    """
    engine = catalog.parse(name, preset)
    if engine.kind != catalog.NATIVE:
        raise click.UsageError("--engine: serve takes ref, fast or NAME=FILE.so")
    catalog.check_loads(engine)
    argv = [str(engine.harness), "serve", "--engine", str(engine.path)]
    os.execv(argv[0], argv + (["--framed"] if framed else []))
