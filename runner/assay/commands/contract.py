"""assay contract: does an engine keep what assay.h says, beside computing right?"""

import subprocess

import click

from assay.base import exit_code
from assay.base.trouble import Broken, NoEngine
from assay.commands import options
from assay.engines import catalog, cell
from assay.engines.trouble import how_it_ended


@click.command("contract")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="ref, fast or NAME=FILE.so.")
@options.sandbox
@options.preset
def command(name: str, preset: str) -> int:
    """Check the sentences of assay.h that no vector can ask of a shared object.

    One JSON line a sentence: kept, broken with what was seen, or cannot. Each check is a process of its own,
    and those of a stranger run in the cage.

    \b
    Exit codes: 0 all is kept, 1 something is broken, 4 the engine cannot be loaded,
    5 nothing was checked, 6 the checks themselves were ended.
    """
    target = catalog.parse(name, preset)
    if not target.is_library:
        raise NoEngine("contract checks shared objects: ref, fast or NAME=FILE.so")
    options.tell_walls([target])
    argv = [str(target.harness), "contract", "--engine", str(target.path)]
    if target.sandbox is None:
        code = subprocess.run(argv, check=False).returncode
    else:
        code = cell.run(target.sandbox, target.harness, argv)
    if code not in (exit_code.AGREED, exit_code.DIFFERED, exit_code.NO_ENGINE, exit_code.NOTHING):
        raise Broken(f"engine {target.name}: {how_it_ended(code)} during contract")
    return code
