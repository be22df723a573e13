"""assay trace: the records of one program."""

import json
import subprocess

import click

import model
from assay.assembly import disasm
from assay.base import exit_code
from assay.base.trouble import Broken
from assay.commands import options
from assay.engines import catalog
from assay.engines.model import ModelEngine
from assay.engines.process import EngineError
from assay.locate import kernel_trace
from assay.suite import program
from assay.suite.play import REGISTERS, Player

LEVELS = {"L0": "instructions", "L1": "blocks"}


@click.command("trace")
@click.argument("source", metavar="FILE")
@click.option("--engine", "-e", "name", default="ref", show_default=True, help="One engine.")
@click.option(
    "--level",
    type=click.Choice(list(LEVELS)),
    default="L0",
    show_default=True,
    help="Instructions (L0) or gas blocks (L1).",
)
@click.option("--from", "first", default=0, type=click.IntRange(min=0), help="First record shown.")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="JSON lines, as assay-native prints them.")
@program.options
@options.preset
def command(source, name, level, first, count, as_json, preset, **start):
    """Print what a program does, instruction by instruction or block by block.

    FILE is assembly, a case FILE.json::ID, or a code blob, as for ./assay run. Of a kernel case the
    kernel records (L2) are printed.

    \b
    Exit codes: 0 printed, 3 the file cannot be used, 4 the engine cannot be loaded,
    6 the engine broke.
    """
    engine = catalog.parse(name, preset)
    entry = program.kernel_entry(source)
    if entry is not None:
        return show_kernel(entry, engine, first, count, as_json)
    wanted = program.read(source, program.start_of(**start))
    show = show_json if as_json else Text(wanted.case, level).show
    records = from_model if engine.kind == catalog.MODEL else from_harness
    if engine.kind == catalog.PROCESS:
        raise click.UsageError("--engine: trace needs model, ref, fast or a shared object")
    for line in records(engine, wanted, level, first, count):
        show(line)
    return exit_code.AGREED


def show_kernel(entry, engine, first, count, as_json):
    try:
        with engine.open() as opened:
            for line in kernel_trace.records(entry, opened):
                if first <= line.get("index", first) < first + count:
                    click.echo(json.dumps(line) if as_json else kernel_trace.text(line))
    except EngineError as error:
        raise Broken(str(error)) from None
    return exit_code.AGREED


def from_harness(engine, wanted, level, first, count):
    catalog.check_loads(engine)
    with program.as_vector_file(wanted) as path:
        argv = [engine.harness, "trace", "--engine", engine.path, "--case", wanted.case["id"]]
        argv += ["--level", level, "--from", first, "--count", count, path]
        process = subprocess.Popen([str(part) for part in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stdout:
            yield json.loads(line)
        words = process.stderr.read().decode("utf-8", "replace").strip()
        if process.wait() != 0:
            raise Broken(words or f"engine {engine.name} ended with code {process.returncode}")


class Window:
    """An observer that keeps the records that are wanted."""

    def __init__(self, level, first, count):
        self.first, self.count, self.level = first, count, level
        self.seen = 0
        self.kept = []
        setattr(self, "instruction" if level == "L0" else "block", self.keep)

    def keep(self, record):
        if self.first <= self.seen < self.first + self.count:
            self.kept.append(record)
        self.seen += 1


def from_model(engine, wanted, level, first, count):
    window = Window(level, first, count)
    player = Player(wanted.case, ModelEngine(window))
    load = player.load()
    if load != "admitted":
        yield {"step": 0, "load": load}
        return
    for index, step in enumerate(wanted.case["steps"]):
        window.seen, window.kept = 0, []
        stop = player.do(step)
        if "exit" not in stop:
            continue
        for at, record in enumerate(window.kept, first):
            yield {"step": index, "index": at, "record": record_of(record)}
        numbers = {key: hex(stop[key]) for key in ("argument", "pc", "gas")}
        regs = [hex(value) for value in stop["regs"]]
        yield {
            "step": index,
            "records": window.seen,
            "stop": {"exit": stop["exit"]} | numbers | {"regs": regs},
        }


def record_of(record):
    found = {"pc": hex(record.pc)}
    if isinstance(record, model.State):
        found["gas"] = hex(record.gas)
    found["regs"] = [hex(value) for value in record.regs]
    store = getattr(record, "store", None)
    if store is not None:
        found["store"] = [hex(store[0]), store[1], hex(store[2])]
    return found


def show_json(line):
    click.echo(json.dumps(line))


class Text:
    """A record as `index pc instruction changed registers`."""

    def __init__(self, case, level):
        try:
            lines = disasm.disassemble(bytes.fromhex(case["blob"]))
        except model.Rejected:
            lines = []
        self.code = {line.pc: line.text for line in lines}
        self.regs = [0] * REGISTERS

    def show(self, line):
        if "load" in line:
            click.echo(f"the program is not admitted: {line['load']}")
        elif "stop" in line:
            stop = line["stop"]
            if isinstance(stop, dict):
                click.echo(
                    f"step {line['step']}: {stop['exit']}({stop['argument']}) at pc {stop['pc']}, "
                    f"gas {int(stop['gas'], 16):,}, after {line['records']:,} records"
                )
            else:
                click.echo(f"step {line['step']}: {stop}")
        else:
            click.echo(self.line(line["index"], line["record"]))

    def line(self, index, record):
        pc = int(record["pc"], 16)
        regs = record["regs"]
        regs = [int(value, 16) for value in regs]
        changed = [f"r{n}={b:#x}" for n, (a, b) in enumerate(zip(self.regs, regs)) if a != b]
        self.regs = regs
        if record.get("store"):
            address, width, value = record["store"]
            changed.append(f"[{address}]={value} ({width})")
        if "gas" in record:
            changed.insert(0, f"gas={int(record['gas'], 16)}")
        return f"{index:>8}  {pc:>6x}  {self.code.get(pc, '?'):<36}  {' '.join(changed)}".rstrip()
