"""A program to run: assembly text, a code blob, or a case of a vector file; and how to start it."""

import json
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from assay.assembly import asm
from assay.base.trouble import BadInput
from assay.suite import collection

REGISTER = re.compile(r"r?(\d{1,2})=(.+)\Z")
PAGE = 4096


@dataclass
class Program:
    """A case in the form of vectors/README.md without expectations."""

    case: dict
    source: str
    file: str = ""  # when it is a case of a file
    steps: list = field(default_factory=list)


def number(text, what, limit=2**64):
    """A number of the command line: decimal, 0x…, or negative for two's complement."""
    try:
        value = int(text, 0)
    except ValueError:
        raise click.UsageError(f"{what}: {text!r} is no number; write 10, -1 or 0x1f") from None
    if not -(limit // 2) <= value < limit:
        raise click.UsageError(f"{what}: {text} does not fit")
    return value % limit


def registers(texts):
    """`r1=5` and so on to {"r1": "0x5"}."""
    found = {}
    for text in texts:
        match = REGISTER.match(text)
        if not match or int(match[1]) > 12:
            raise click.UsageError(f"--reg {text}: write as r7=5; registers are r0 to r12")
        value = number(match[2], f"--reg {text}")
        if value:
            found[f"r{int(match[1])}"] = hex(value)
    return found


def pages(texts):
    """`0x10000:rw` or `0x10000:ro:HEX` to the pages of a case."""
    found = {}
    for text in texts:
        address, colon, rest = text.partition(":")
        access, _, data = rest.partition(":")
        at = number(address, f"--page {text}", 2**32)
        if not colon or access not in ("ro", "rw") or at % PAGE:
            raise click.UsageError(
                f"--page {text}: write as 0x10000:rw or 0x10000:ro:00ff; pages begin at multiples of {PAGE}"
            )
        try:
            size = len(bytes.fromhex(data))
        except ValueError:
            raise click.UsageError(f"--page {text}: {data!r} is no hex") from None
        if size > PAGE or at in found:
            raise click.UsageError(f"--page {text}: more than {PAGE} bytes, or given twice")
        found[at] = [hex(at), access, data.lower()]
    return [found[at] for at in sorted(found)]


def read(path, start):
    """The program of a path, `FILE`, `-` or `FILE.json::ID`; `start` are the options of a start."""
    name, _, _ = str(path).partition("::")
    if name.endswith(".json"):
        return read_case(path)
    data = read_bytes(name)
    if name.endswith((".asm", ".s")) or name == "-":
        try:
            blob = asm.assemble(data.decode("utf-8"), name).blob
        except UnicodeDecodeError as error:
            raise BadInput(f"{name}: no UTF-8 at byte {error.start}") from None
        except asm.AsmError as error:
            raise BadInput(str(error)) from None
    else:
        blob = data
    case = {
        "id": "command/line/program",
        "rules": [],
        "against": [],
        "blob": blob.hex(),
        "mem_cycles": start["mem_cycles"],
        "pages": pages(start["pages"]),
        "load": "admitted",
    }
    run = {"pc": hex(start["pc"]), "gas": hex(start["gas"]), "regs": registers(start["regs"])}
    return Program(case | {"steps": [{"run": run}]}, name)


def read_case(path):
    found = collection.read([path]).entries
    if len(found) != 1:
        raise click.UsageError(f"{path} holds {len(found)} cases; name one as FILE.json::ID")
    return Program(found[0].case(), found[0].id, found[0].file)


def kernel_entry(path):
    """The kernel case that a path names, or None when it names something else."""
    if not str(path).partition("::")[0].endswith(".json"):
        return None
    found = collection.read([path]).entries
    if len(found) != 1 or not found[0].is_kernel:
        return None
    return found[0]


def read_bytes(name):
    try:
        if name == "-":
            return click.get_binary_stream("stdin").read()
        return Path(name).read_bytes()
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror}; give the path of a program") from None


@contextmanager
def as_vector_file(program):
    """The path of a vector file with the program, for the harness; what it expects is void."""
    if program.file:
        yield program.file
        return
    stop = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    case = dict(program.case)
    case["steps"] = [step | {"stop": stop} for step in case["steps"]]
    head = {"schema": "assay-machine-1", "area": "command", "subject": "line", "votes": []}
    with tempfile.NamedTemporaryFile("w", prefix="assay-", suffix=".json") as stream:
        json.dump(head | {"cases": [case]}, stream)
        stream.flush()
        yield stream.name


def options(command):
    """The options of a start, for commands that take a program."""
    for option in reversed(
        (
            click.option("--pc", default="0", help="Where to start."),
            click.option("--gas", default="1000000", show_default=True, help="The gas limit."),
            click.option("--reg", "regs", multiple=True, metavar="rN=VALUE", help="A register; 0 if not given."),
            click.option(
                "--page",
                "pages",
                multiple=True,
                metavar="ADDRESS:ro|rw[:HEX]",
                help="A page of memory and its first bytes.",
            ),
            click.option(
                "--mem-cycles",
                type=click.Choice(["25", "50", "75", "100"]),
                default="25",
                show_default=True,
                help="What a load costs.",
            ),
        )
    ):
        command = option(command)
    return command


def start_of(pc, gas, regs, pages, mem_cycles):
    return {
        "pc": number(pc, "--pc", 2**64),
        "gas": number(gas, "--gas"),
        "regs": regs,
        "pages": pages,
        "mem_cycles": int(mem_cycles),
    }
