"""assay bench: how fast the engines are."""

import subprocess

import click

from .. import engines
from ..process import how_it_ended
from ..trouble import Broken, NoEngine
from . import options


@click.command("bench")
@options.engine
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(7, 101))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
@options.preset
def command(names, rounds, as_json, preset):
    """Time hand-assembled kernels on engines, beside the same work in C.

    Rounds of all engines alternate and medians are printed; a row stands only if result, gas and
    memory agree in the same run. Ratios within one run are worth more than any figure alone.

    \b
    Exit codes: 0 all rows agree, 1 some do not, 4 an engine cannot be loaded,
    6 an engine broke.
    """
    chosen = engines.chosen(names, engines.OURS, preset)
    if any(engine.kind != engines.NATIVE for engine in chosen):
        raise NoEngine("bench times shared objects: ref, fast or NAME=FILE.so")
    argv = [str(chosen[0].harness), "bench", "--rounds", str(rounds)]
    for engine in chosen:
        argv += ["--engine", str(engine.path)]
    code = subprocess.run([*argv, *(["--json"] if as_json else [])], check=False).returncode
    if code < 0:
        raise Broken(f"bench: {how_it_ended(code)}")
    return code
