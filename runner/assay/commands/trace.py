"""assay trace: the records of one program."""

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Unpack

import click

import model
from assay.assembly import disasm
from assay.base import exit_code, strict
from assay.base.plain import plain
from assay.base.strict import Members
from assay.base.trouble import Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.answers import REGISTERS
from assay.engines.catalog import Target
from assay.engines.protocol import registers
from assay.engines.trouble import how_it_ended
from assay.locate import records
from assay.suite import program
from assay.suite.program import Source

LEVELS = ("L0", "L1")


@click.command("trace")
@click.argument("source", metavar="FILE")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="One engine.")
@options.sandbox
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="L0",
    show_default=True,
    help="Instructions (L0) or gas blocks (L1).",
)
@click.option("--from", "first", default=0, type=click.IntRange(min=0), help="First record shown.")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="JSON lines, as assay-native prints them.")
@program.options
@options.preset
@options.timeout
def command(
    source: str,
    name: str,
    level: str,
    first: int,
    count: int,
    as_json: bool,
    preset: str,
    timeout: float,
    **start: Unpack[program.Start],
) -> int:
    """Print what a program does, instruction by instruction or block by block.

    FILE is assembly, a case FILE.json::ID, or a code blob, as for ./assay run. Of a kernel case the
    kernel records (L2) are printed.

    \b
    Exit codes: 0 printed, 3 the file cannot be used, 4 the engine cannot be loaded,
    6 the engine broke.
    """
    target = catalog.parse(name, preset)
    options.tell_walls([target])
    catalog.check_loads(target)
    entry = program.kernel_entry(source)
    window = ["--from", str(first), "--count", str(count)]
    if entry is not None:
        show(from_harness(target, entry.id, entry.file, window, timeout), records.line_text, as_json)
        return exit_code.AGREED
    wanted = program.read(source, start)
    with program.as_vector_file(wanted) as path:
        lines = from_harness(target, wanted.case.id, path, ["--level", level, *window], timeout)
        show(lines, Text(wanted).of, as_json)
    return exit_code.AGREED


def show(lines: Iterable[Members], text: Callable[[Members], str], as_json: bool) -> None:
    for line in lines:
        click.echo(json.dumps(line) if as_json else text(line))


def from_harness(target: Target, case: str, path: str, window: Sequence[str], timeout: float) -> Iterator[Members]:
    argv = [str(target.harness), "trace", "--engine", target.spec, "--case", case]
    argv += ["--timeout", f"{timeout:g}", *window, path]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    try:
        for line in process.stdout:
            yield strict.mapping(strict.ours(line), "a line of assay-native trace")
        words = process.stderr.read().decode("utf-8", "replace").strip()
        code = process.wait()
    finally:
        process.kill()  # only when nobody wants the rest
    if code:
        raise Broken(plain(words.removeprefix("assay-native: ")) or f"engine {target.name} {how_it_ended(code)}")


class Text:
    """A record as `index pc instruction changed registers`."""

    def __init__(self, source: Source) -> None:
        try:
            lines = disasm.disassemble(source.case.program.blob)
        except model.Rejected:
            lines = []
        self.code = {line.pc: line.text for line in lines}
        self.regs: tuple[int, ...] = (0,) * REGISTERS

    def of(self, line: Members) -> str:
        if "load" in line:
            return f"the program is not admitted: {line['load']}"
        if "record" in line:
            return self.record(strict.count(line["index"], "index"), strict.mapping(line["record"], "record"))
        stop = line.get("stop")
        if not isinstance(stop, dict):
            return f"step {line['step']}: {stop}"
        gas, records = strict.number(stop["gas"], "gas"), strict.count(line["records"], "records")
        where = f"{stop['exit']}({stop['argument']}) at pc {stop['pc']}"
        return f"step {line['step']}: {where}, gas {gas:,}, after {records:,} records"

    def record(self, index: int, record: Members) -> str:
        pc, regs = strict.number(record["pc"], "pc"), registers(record["regs"], "regs")
        changed = [f"r{n}={b:#x}" for n, (a, b) in enumerate(zip(self.regs, regs, strict=True)) if a != b]
        self.regs = regs
        if record.get("store"):
            address, width, value = strict.items(record["store"], "store")
            changed.append(f"[{address}]={value} ({width})")
        if "gas" in record:
            changed.insert(0, f"gas={strict.number(record['gas'], 'gas')}")
        return f"{index:>8}  {pc:>6x}  {self.code.get(pc, '?'):<36}  {' '.join(changed)}".rstrip()
