"""assay run: one program on engines."""

import json
from dataclasses import dataclass
from typing import Unpack

import click

from assay.base import exit_code
from assay.base.strict import Json, Members
from assay.base.trouble import Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.answers import Stop
from assay.engines.engine import Engine
from assay.engines.trouble import EngineEnding, EngineError
from assay.suite import program
from assay.suite.case import MachineCase
from assay.suite.play import Done, Player

SHOWN = 64  # digits of a page


@dataclass(frozen=True)
class Ended:
    """How one step ended."""

    stop: Stop | Done
    gas_used: int = 0

    def members(self) -> Members:
        stop = self.stop
        if isinstance(stop, Done):
            return {"refused": True} if stop == Done.REFUSED else {}
        numbers: Members = {"argument": stop.argument, "pc": stop.pc, "gas": stop.gas}
        return {"exit": stop.exit, **numbers, "regs": list(stop.regs), "gas_used": self.gas_used}

    def lines(self) -> list[str]:
        stop = self.stop
        if isinstance(stop, Done):
            return [f"  {stop.value}"]
        regs = [f"r{n}={value:#x}" for n, value in enumerate(stop.regs) if value]
        return [
            f"  {stop.exit}({stop.argument:#x}) at pc {stop.pc:#x}, gas left {stop.gas:,}, used {self.gas_used:,}",
            f"  {' '.join(regs) or 'all registers 0'}",
        ]


@dataclass(frozen=True)
class Outcome:
    """What can be seen after all steps: every stop, and the memory that is not zero at the end."""

    load: str
    ended: tuple[Ended, ...] = ()
    memory: tuple[tuple[int, bytes], ...] = ()

    def members(self) -> Members:
        if self.load != "admitted":
            return {"load": self.load}
        stops: Json = [ended.members() for ended in self.ended]
        return {"load": self.load, "stops": stops, "memory": {hex(at): data.hex() for at, data in self.memory}}

    def text(self, name: str) -> str:
        lines = [f"{name}: {self.load}"]
        for ended in self.ended:
            lines += ended.lines()
        for at, data in self.memory:
            shown = data.hex()
            shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}… ({len(data)} bytes)"
            lines.append(f"  memory {at:#x}: {shown}")
        return "\n".join(lines)


@click.command("run")
@click.argument("source", metavar="FILE")
@options.engine
@program.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object an engine.")
@options.preset
@options.timeout
def command(
    source: str, names: tuple[str, ...], as_json: bool, preset: str, timeout: float, **start: Unpack[program.Start]
) -> int:
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
    wanted = program.read(source, start)
    outcomes: dict[str, Outcome] = {}
    endings: list[EngineEnding] = []
    chosen = catalog.chosen(names, preset=preset)
    options.tell_walls(chosen)
    for target in chosen:
        catalog.check_loads(target)
        try:
            with target.open(timeout) as opened:
                outcomes[target.name] = outcome(wanted.case, opened)
        except EngineEnding as ending:
            endings.append(ending)
        except EngineError as error:
            raise Broken(str(error)) from None
    for name, found in outcomes.items():
        click.echo(json.dumps({"engine": name} | found.members()) if as_json else found.text(name))
    agree = all(found == next(iter(outcomes.values())) for found in outcomes.values())
    if not agree:
        click.echo("the engines differ; ./assay diff names the first wrong record", err=True)
    for bad_end in endings:
        click.echo(f"assay: {bad_end}", err=True)
    return exit_code.BROKEN if endings else exit_code.AGREED if agree else exit_code.DIFFERED


def outcome(case: MachineCase, engine: Engine) -> Outcome:
    player = Player(case, engine)
    load = player.load()
    if load != "admitted":
        return Outcome(load)
    ended = []
    for step in case.steps:
        stop = player.do(step)
        ended.append(Ended(stop, player.start_gas - stop.gas if isinstance(stop, Stop) else 0))
    memory = ((at, data.rstrip(b"\0")) for at, data in player.memory().items())
    return Outcome(load, tuple(ended), tuple((at, data) for at, data in memory if data))
