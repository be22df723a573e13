"""assay diff: the first record in which two engines differ, however long the run."""

import json
import shutil
import subprocess

import click

from assay.assembly import disasm
from assay.base import exit_code, paths
from assay.base.trouble import BadInput, Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.process import EngineError
from assay.locate import kernel_locate, kernel_trace
from assay.locate.card import render
from assay.locate.locate import locate
from assay.suite import program

CODES = {3: BadInput, 6: Broken}


@click.command("diff")
@click.argument("source", metavar="FILE")
@options.engine
@program.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.preset
@options.timeout
def command(source, names, as_json, preset, timeout, **start):
    """Name the first instruction or block in which two engines differ.

    FILE is assembly, a case FILE.json::ID, or a code blob, as for ./assay run; engines are ref and
    fast unless two --engine say otherwise, what the first one does is expected. Shared objects may
    run for any number of instructions: nothing is stored but digests, and the run is repeated and
    cut in half until one record is left. The model takes programs that it can keep up with.

    \b
    Exit codes: 0 no divergence, 1 one was found, 3 the file cannot be used, 4 an
    engine cannot be loaded, 6 an engine broke.
    """
    chosen = catalog.chosen(names, catalog.OURS, preset)
    if len(chosen) != 2:
        raise click.UsageError("diff takes two engines")
    for engine in chosen:
        catalog.check_loads(engine)
    entry = program.kernel_entry(source)
    if entry is not None:
        return kernel_case(entry, chosen, timeout)
    wanted = program.read(source, program.start_of(**start))
    if chosen[0].kind == catalog.MODEL:
        return by_specification(wanted, chosen[1], timeout)
    if any(engine.kind != catalog.NATIVE for engine in chosen):
        raise click.UsageError("the first engine must be model unless both are shared objects")
    found = by_harness(wanted, chosen)
    click.echo(json.dumps(found) if as_json else text(found, wanted, chosen))
    return exit_code.AGREED if found["divergence"] is None else exit_code.DIFFERED


def kernel_case(entry, chosen, timeout):
    """The first wrong kernel record (L2), end of a call (L3) or event (L4)."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    try:
        with chosen[0].open(timeout) as expected, chosen[1].open(timeout) as got:
            if chosen[0].kind == catalog.MODEL:
                found = kernel_locate.locate(entry, got)
            else:
                found = kernel_trace.between(entry, expected, got)
    except EngineError as error:
        raise Broken(str(error)) from None
    if found is None:
        click.echo(f"{chosen[0].name} and {chosen[1].name} agree on {entry.id}: no divergence")
        return exit_code.AGREED
    found.repro = f"./assay diff {entry.file}::{entry.id} -e {chosen[0].option} -e {chosen[1].option}"
    click.echo(render(found, width, click.get_text_stream("stdout").isatty()))
    return exit_code.DIFFERED


def by_specification(wanted, engine, timeout):
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    try:
        with engine.open(timeout) as opened:
            found = locate(wanted.case, opened)
    except EngineError as error:
        raise Broken(str(error)) from None
    if found is None:
        click.echo(f"model and {engine.name} agree on {wanted.source}: no divergence")
        return exit_code.AGREED
    found.repro = f"./assay diff {wanted.source} -e model -e {engine.option}"
    click.echo(render(found, width, click.get_text_stream("stdout").isatty()))
    return exit_code.DIFFERED


def by_harness(wanted, chosen):
    with program.as_vector_file(wanted) as path:
        argv = [str(chosen[0].harness), "diff", "--case", wanted.case["id"], str(path)]
        for engine in chosen:
            argv += ["--engine", str(engine.path)]
        done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        words = done.stderr.decode("utf-8", "replace").strip()
        raise CODES.get(done.returncode, Broken)(words or f"it ended with code {done.returncode}")
    return json.loads(done.stdout.splitlines()[0])


def text(found, wanted, chosen):
    expected, got = (engine.name for engine in chosen)
    records, runs = found.get("records", 0), found.get("runs", 0)
    cost = f"{records:,} records, {runs} runs, {found.get('seconds', 0):.1f} s"
    where = wanted.source if wanted.source else paths.shown(wanted.file)
    if found["divergence"] is None:
        return f"{expected} and {got} agree on {where}: no divergence ({cost})"
    divergence = found["divergence"]
    lines = [f"DIVERGED  {where}: {expected} and {got} ({cost})"]
    for key, value in divergence.items():
        lines.append(f"  {key:<10}{json.dumps(value)}")
    pc = place_of(divergence)
    if pc is not None:
        for line in disasm.window(bytes.fromhex(wanted.case["blob"]), pc, 3, wanted.case["mem_cycles"]):
            entry, wrong = line
            lines.append(f"  {'>' if wrong else ' '} {entry.pc:04x}  {entry.text}")
    return "\n".join(lines)


def place_of(divergence):
    """The pc of the first wrong record, if it has one."""
    for name in ("expected", "got"):
        record = divergence.get(name)
        if isinstance(record, dict) and "pc" in record:
            return int(record["pc"], 16)
    return None
