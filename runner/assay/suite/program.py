"""A program to run: assembly text, a code blob, or a case of a vector file; and how to start it."""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, TypeVar

import click

from assay.assembly import asm
from assay.base.strict import Json, Members
from assay.base.trouble import BadInput
from assay.engines.answers import PAGE, REGISTERS, Page, Program
from assay.suite import collection
from assay.suite.case import MachineCase, Run, Step, Write
from assay.suite.collection import Entry

REGISTER = re.compile(r"r?(\d{1,2})=(.+)\Z")
GAS = "1000000"
TIERS = ("25", "50", "75", "100")
IDENTITY = "command/line/program"

Command = TypeVar("Command", bound=Callable[..., object])


class Start(TypedDict):
    """The options of a start, as the command line gives them."""

    pc: str
    gas: str
    regs: tuple[str, ...]
    pages: tuple[str, ...]
    mem_cycles: str


@dataclass(frozen=True)
class Source:
    """A case to play, and where it came from."""

    case: MachineCase
    name: str  # as the command line named it
    entry: Entry | None = None  # when it is a case of a file


def number(text: str, what: str, limit: int = 2**64) -> int:
    """A number of the command line: decimal, 0x…, or negative for two's complement."""
    try:
        value = int(text, 0)
    except ValueError:
        raise click.UsageError(f"{what}: {text!r} is not a number; write 10, -1 or 0x1f") from None
    if not -(limit // 2) <= value < limit:
        raise click.UsageError(f"{what}: {text} does not fit")
    return value % limit


def registers(texts: Sequence[str]) -> tuple[int, ...]:
    """`r1=5` and so on; what is not given is 0."""
    found = [0] * REGISTERS
    for text in texts:
        match = REGISTER.match(text)
        if not match or int(match[1]) >= REGISTERS:
            raise click.UsageError(f"--reg {text}: write as r7=5; registers are r0 to r{REGISTERS - 1}")
        found[int(match[1])] = number(match[2], f"--reg {text}")
    return tuple(found)


def pages(texts: Sequence[str]) -> tuple[Page, ...]:
    """`0x10000:rw` or `0x10000:ro:HEX` to pages, ascending."""
    found: dict[int, Page] = {}
    for text in texts:
        address, colon, rest = text.partition(":")
        access, _, data = rest.partition(":")
        at = number(address, f"--page {text}", 2**32)
        if not colon or access not in ("ro", "rw") or at % PAGE:
            raise click.UsageError(
                f"--page {text}: write as 0x10000:rw or 0x10000:ro:00ff; pages begin at multiples of {PAGE}"
            )
        try:
            octets = bytes.fromhex(data)
        except ValueError:
            raise click.UsageError(f"--page {text}: {data!r} is not hex") from None
        if len(octets) > PAGE or at in found:
            raise click.UsageError(f"--page {text}: more than {PAGE} bytes, or given twice")
        found[at] = Page(at, access, octets)
    return tuple(found[at] for at in sorted(found))


def read(path: str, start: Start) -> Source:
    """The program of a path, `FILE`, `-` or `FILE.json::ID`; `start` are the options of a start."""
    name, _, _ = path.partition("::")
    if name.endswith(".json"):
        return read_case(path)
    run = Run(number(start["pc"], "--pc"), number(start["gas"], "--gas"), registers(start["regs"]))
    given = Program(read_blob(name), int(start["mem_cycles"]), pages(start["pages"]))
    return Source(MachineCase(IDENTITY, given, (run,)), name)


def read_blob(name: str) -> bytes:
    """A code blob, assembled if it is text."""
    data = read_bytes(name)
    if not name.endswith((".asm", ".s")) and name != "-":
        return data
    return assembled(name, data)


def assembled(name: str, data: bytes) -> bytes:
    """The code blob of a text of assembly."""
    try:
        return asm.assemble(data.decode("utf-8"), name).blob
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: no UTF-8 at byte {error.start}") from None
    except asm.AsmError as error:
        raise BadInput(str(error)) from None


def read_case(path: str) -> Source:
    suite = collection.read([path])
    found = suite.entries
    if suite.invalid and not found:
        raise BadInput(str(suite.invalid[0]))
    if len(found) != 1:
        raise click.UsageError(f"{path} holds {len(found)} cases; name one as FILE.json::ID")
    if found[0].is_kernel:
        raise click.UsageError(f"{path} is a case of the kernel; a case of the machine is wanted here")
    return Source(found[0].machine(), path, found[0])


def kernel_entry(path: str) -> Entry | None:
    """The kernel case that a path names, or None when it names something else."""
    if not path.partition("::")[0].endswith(".json"):
        return None
    found = collection.read([path]).entries
    return found[0] if len(found) == 1 and found[0].is_kernel else None


def read_bytes(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read()
        return Path(name).read_bytes()
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror}; give the path of a program") from None


@contextmanager
def as_vector_file(source: Source) -> Iterator[str]:
    """The path of a vector file with the program, for the harness."""
    if source.entry is not None:
        yield source.entry.file
        return
    with vector_file([source.case]) as path:
        yield path


@contextmanager
def vector_file(cases: Sequence[MachineCase]) -> Iterator[str]:
    """The path of a vector file with these cases; what it expects is void."""
    head = {"schema": "assay-machine-1", "area": "command", "subject": "line", "votes": []}
    with tempfile.NamedTemporaryFile("w", prefix="assay-", suffix=".json") as stream:
        json.dump(head | {"cases": [case_text(case) for case in cases]}, stream)
        stream.flush()
        yield stream.name


def case_text(case: MachineCase) -> Members:
    """A case in the form of vectors/README.md."""
    pages: Json = [[hex(page.address), page.access, page.data.hex()] for page in case.program.pages]
    found: Members = {"id": case.id, "rules": [], "against": [], "blob": case.program.blob.hex()}
    found |= {"mem_cycles": case.program.mem_cycles, "pages": pages, "load": "admitted"}
    return found | {"steps": [step_text(step) for step in case.steps]}


def step_text(step: Step) -> Members:
    if isinstance(step, Write):
        return {"write": {"address": hex(step.address), "data": step.data.hex()}}
    stop: Json = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    limits: dict[str, Json] = {"blocks": step.until.blocks, "instructions": step.until.instructions}
    limits = {kind: limit for kind, limit in limits.items() if limit}
    until: Members = {"until": limits} if limits else {}
    if isinstance(step, Run):
        given = registers_text(enumerate(step.regs))
        return {"run": {"pc": hex(step.pc), "gas": hex(step.gas), "regs": given}, **until, "stop": stop}
    gas: Members = {} if step.gas is None else {"gas": hex(step.gas)}
    listed: Members = {f"r{index}": hex(value) for index, value in step.regs.items()}
    return {"resume": gas | ({"regs": listed} if listed else {}), **until, "stop": stop}


def registers_text(regs: Iterable[tuple[int, int]]) -> Members:
    return {f"r{index}": hex(value) for index, value in regs if value}


PAGE_FORM = "ADDRESS:ro|rw[:HEX]"
OPTIONS: tuple[Callable[[Callable[..., object]], Callable[..., object]], ...] = (
    click.option("--pc", default="0", help="Where to start."),
    click.option("--gas", default=GAS, show_default=True, help="The gas limit."),
    click.option("--reg", "regs", multiple=True, metavar="rN=VALUE", help="A register; 0 if not given."),
    click.option("--page", "pages", multiple=True, metavar=PAGE_FORM, help="A page of memory and its first bytes."),
    click.option(
        "--mem-cycles", type=click.Choice(TIERS), default=TIERS[0], show_default=True, help="What a load costs."
    ),
)


def options_text(start: Start) -> list[str]:
    """The options again, those that are not the default."""
    found = [] if start["pc"] == "0" else ["--pc", start["pc"]]
    found += [] if start["gas"] == GAS else ["--gas", start["gas"]]
    found += [word for text in start["regs"] for word in ("--reg", text)]
    found += [word for text in start["pages"] for word in ("--page", text)]
    return found + ([] if start["mem_cycles"] == TIERS[0] else ["--mem-cycles", start["mem_cycles"]])


def options(command: Callable[..., object]) -> Callable[..., object]:
    """The options of a start, for commands that take a program."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
