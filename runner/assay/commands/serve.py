"""assay serve: an engine behind the protocol."""

import os
import sys

import click

from assay.base import exit_code
from assay.base.trouble import Broken
from assay.commands import options
from assay.engines import catalog, cell, server
from assay.engines.trouble import how_it_ended


@click.command("serve")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="model, ref, fast or NAME=FILE.so.")
@click.option("--framed", is_flag=True, help="Length-prefixed frames instead of JSON lines.")
@options.sandbox
@options.preset
def command(name: str, framed: bool, preset: str) -> int:
    """Answer runner/PROTOCOL.md on standard input and output.

    A stranger's shared object is served from inside the cage.

    \b
    Exit codes: 0 after the end of input or bye, 4 the engine cannot be loaded,
    6 a stranger died or did not end well.
    """
    target = catalog.parse(name, preset)
    if target.kind == catalog.Kind.PROCESS and not target.is_library:
        raise click.UsageError("--engine: serve takes model, ref, fast or NAME=FILE.so")
    if target.kind == catalog.Kind.MODEL:
        with target.open() as engine:
            server.serve(server.Server(engine), sys.stdin.buffer, sys.stdout.buffer, framed)
        return exit_code.AGREED
    catalog.check_loads(target)
    argv = [str(target.harness), "serve", "--engine", str(target.path), *(["--framed"] if framed else [])]
    if target.sandbox is None:
        return os.execv(argv[0], argv)
    options.tell_walls([target])
    code = cell.run(target.sandbox, target.harness, argv, is_protocol=True)
    if code:
        raise Broken(f"engine {target.name}: {how_it_ended(code)}")
    return exit_code.AGREED
