"""assay bench: how fast the engines are."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from assay.base.trouble import Broken, NoEngine
from assay.commands import options
from assay.engines import catalog, cell
from assay.engines.catalog import Target
from assay.engines.trouble import how_it_ended
from assay.guests import programs
from cases.kernel import build as build
from cases.machine.code import Code
from model import kernel


@click.command("bench")
@options.engine
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(7, 101))
@click.option("--chains", is_flag=True, help="Events a second and state roots, instead of the kernels.")
@click.option("--guests", "of_guests", is_flag=True, help="The guest programs, beside their native twins.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
@options.preset
def command(names: tuple[str, ...], rounds: int, chains: bool, of_guests: bool, as_json: bool, preset: str) -> int:
    """Time hand-assembled kernels on engines, beside the same work in C.

    Rounds of all engines alternate and medians are printed; a row stands only if result, gas and
    memory agree in the same run. Ratios within one run are worth more than any figure alone.
    All engines are in one process; with a stranger among them, all of it runs in the cage, and what
    is printed is worth as much as the stranger's word.

    \b
    Exit codes: 0 all rows agree, 1 some do not, 4 an engine cannot be loaded,
    6 an engine broke.
    """
    chosen = catalog.chosen(names, catalog.OURS, preset)
    if not all(engine.is_library for engine in chosen):
        raise NoEngine("bench times shared objects: ref, fast or NAME=FILE.so")
    if chains and of_guests:
        raise click.UsageError("--chains and --guests are two benchmarks; ask for one")
    name = "bench-chain" if chains else "bench-guests" if of_guests else "bench"
    argv = [str(chosen[0].harness), name, "--rounds", str(rounds)]
    for engine in chosen:
        argv += ["--engine", str(engine.path)]
    options.tell_walls(chosen)
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        argv += chain_arguments(Path(folder)) if chains else guest_arguments(Path(folder)) if of_guests else []
        code = run([*argv, *(["--json"] if as_json else [])], chosen, folder)
    if code < 0:
        raise Broken(f"bench: {how_it_ended(code)}")
    return code


def run(argv: list[str], chosen: Sequence[Target], folder: str) -> int:
    """In the cage, if a stranger is among those that are timed: all are in one process."""
    cages = [target.sandbox for target in chosen if target.sandbox is not None]
    if not cages:
        return subprocess.run(argv, check=False).returncode
    libraries = tuple(str(target.path) for target in chosen)
    cage = replace(cages[0], shown=(*cages[0].shown, folder, *libraries))
    return cell.run(cage, chosen[0].harness, argv)


def chain_arguments(folder: Path) -> list[str]:
    """An Image whose event copies a slot, mints 32 bytes, saves them as a file and replies."""
    base = 0x10000
    code = build.do(Code(), "copy", r7=7, r8=30)
    build.do(code, "read_data", r7=0, r8=base, r9=32)
    build.do(code, "mint_data", r7=base, r8=32, r9=8, r10=31)
    build.do(code, "save", r7=31, r8=8, r9=32)
    build.do(code, "reply", r7=1)
    idle = len(code)
    build.do(code, "reply")
    points = {0: kernel.EndpointDef(0), 1: kernel.EndpointDef(idle)}
    mapped = [build.mapping(base, 4096, 60)]
    path = folder / "chain.image"
    path.write_bytes(build.image(code, endpoints=points, memory_mappings=mapped, gas_slots=[7], quota_slots=[8]))
    return [str(path)]


def guest_arguments(folder: Path) -> list[str]:
    """The guests as machine cases in a vector file, and the folder of their twins."""
    guests = [guest for guest in programs.GUESTS if guest.name != "hostcalls"]  # which needs the kernel
    for guest in guests:
        programs.twin_library(guest.name, folder)
    path = folder / "bench.json"
    head = {"schema": "assay-machine-1", "area": "guests", "subject": "bench", "votes": []}
    path.write_text(json.dumps(head | {"cases": [programs.machine_case(guest) for guest in guests]}))
    return ["--twins", str(folder), str(path)]
