"""assay run: one program on engines."""

import json

import click

from assay.base import exit_code
from assay.base.trouble import Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.process import EngineError
from assay.suite import program
from assay.suite.play import Player


@click.command("run")
@click.argument("source", metavar="FILE")
@options.engine
@program.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object an engine.")
@options.preset
@options.timeout
def command(source, names, as_json, preset, timeout, **start):
    """Run a program and print how it stops.

    FILE is assembly (.asm, .s, - for standard input), a case FILE.json::ID, or a code blob. With
    several engines the outcomes are compared.

    \b
    Example:
      printf 'add_imm_64 r1, r1, 2\\ntrap\\n' | ./assay run - --reg r1=40

    \b
    Exit codes: 0 it ran (and the engines agree), 1 the engines differ, 3 the file
    cannot be used, 4 an engine cannot be loaded, 6 an engine broke.
    """
    wanted = program.read(source, program.start_of(**start))
    outcomes = {}
    for engine in catalog.chosen(names, preset=preset):
        catalog.check_loads(engine)
        try:
            with engine.open(timeout) as opened:
                outcomes[engine.name] = outcome(wanted.case, opened)
        except EngineError as error:
            raise Broken(str(error)) from None
    for name, found in outcomes.items():
        click.echo(json.dumps({"engine": name} | found) if as_json else text(name, found))
    agree = all(found == next(iter(outcomes.values())) for found in outcomes.values())
    if not agree:
        click.echo("the engines differ; ./assay diff names the first wrong record", err=True)
    return exit_code.AGREED if agree else exit_code.DIFFERED


def outcome(case, engine):
    """What can be seen after all steps: every stop, and the memory that is not zero at the end."""
    player = Player(case, engine)
    load = player.load()
    if load != "admitted":
        return {"load": load}
    stops = []
    for step in case["steps"]:
        stop = player.do(step)
        stops.append(
            {key: stop[key] for key in stop} | {"gas_used": player.start_gas - stop["gas"]} if "exit" in stop else stop
        )
    memory = {hex(at): data.rstrip(b"\0").hex() for at, data in player.memory().items()}
    return {"load": load, "stops": stops, "memory": {at: data for at, data in memory.items() if data}}


def text(name, found):
    lines = [f"{name}: {found['load']}"]
    for stop in found.get("stops", ()):
        if "exit" not in stop:
            lines.append("  refused" if stop else "  written")
            continue
        lines.append(
            f"  {stop['exit']}({stop['argument']:#x}) at pc {stop['pc']:#x}, "
            f"gas left {stop['gas']:,}, used {stop['gas_used']:,}"
        )
        regs = [f"r{n}={value:#x}" for n, value in enumerate(stop["regs"]) if value]
        lines.append(f"  {' '.join(regs) or 'all registers 0'}")
    for at, data in found.get("memory", {}).items():
        shown = data if len(data) <= 64 else f"{data[:64]}… ({len(data) // 2} bytes)"
        lines.append(f"  memory {at}: {shown}")
    return "\n".join(lines)
