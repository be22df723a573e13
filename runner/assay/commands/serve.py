"""assay serve: an engine behind the protocol."""

import os
import sys

import click

from assay.base import exit_code
from assay.commands import options
from assay.engines import catalog, server


@click.command("serve")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="model, ref, fast or NAME=FILE.so.")
@click.option("--framed", is_flag=True, help="Length-prefixed frames instead of JSON lines.")
@options.preset
def command(name: str, framed: bool, preset: str) -> int:
    """Answer runner/PROTOCOL.md on standard input and output.

    \b
    Exit codes: 0 after the end of input or bye, 4 the engine cannot be loaded.
    """
    target = catalog.parse(name, preset)
    if target.kind == catalog.Kind.PROCESS and not target.is_library:
        raise click.UsageError("--engine: serve takes model, ref, fast or NAME=FILE.so")
    if target.kind == catalog.Kind.MODEL:
        with target.open() as engine:
            server.serve(server.Server(engine), sys.stdin.buffer, sys.stdout.buffer, framed)
        return exit_code.AGREED
    catalog.check_loads(target)
    argv = [str(target.harness), "serve", "--engine", str(target.path)]
    return os.execv(argv[0], argv + (["--framed"] if framed else []))
