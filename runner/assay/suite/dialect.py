"""Third-party vectors: the dialect pvm-v0.4, one JSON file a case.

cases = read_folder(path)              the cases; cases.errors has the unreadable files
verdict = cases.found[0].play(engine)  load, run, read the pages, judge (dialect_judge.py)
print(summary(verdicts, cases.errors).text)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.base import strict
from assay.base.strict import U32, U64, Json, Members, Wrong, count, flag, items, members
from assay.engines.answers import PAGE, REGISTERS, Page, Program
from assay.suite.case import MachineCase, Run
from assay.suite.dialect_judge import EXCEPTIONS, DialectCase, DialectVerdict, Expected
from assay.suite.dialect_program import convert

NAME = "pvm-v0.4"
MEM_CYCLES = 25
GAS_PER_INSTRUCTION = 128  # more than any instruction costs here; they count 1 an instruction
WHOLE = {"read": 311, "trap_or_panic": 191, "halt_address": 107, "read_only_store": 2, "plain": 11}
STATUSES = ("panic", "halt", "page-fault")
INITIAL = ("regs", "pc", "page-map", "memory", "gas")
EXPECTED = ("status", "regs", "pc", "memory", "gas")
NEEDED = ("name", "program", *(f"initial-{name}" for name in INITIAL), *(f"expected-{name}" for name in EXPECTED))
FAULT = "expected-page-fault-address"


class DialectError(Exception):
    """A file that is not of the dialect; says which and what to do."""

    def __init__(self, path: str | Path, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = str(path)
        self.message = message


@dataclass
class Cases:
    """Cases in the order of their names, and the files that could not be read."""

    found: list[DialectCase] = field(default_factory=list)
    errors: list[DialectError] = field(default_factory=list)


# Reading


def read_folder(folder: str | Path) -> Cases:
    """Every .json file of a folder, or one file; raises DialectError when there is none."""
    path = Path(folder)
    if not path.exists():
        raise DialectError(path, "there is no such file or folder; give the path of the vectors")
    try:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    except OSError as error:
        raise DialectError(path, f"the folder cannot be read: {error.strerror}") from None
    if not files:
        raise DialectError(path, "the folder has no .json file; give the folder of the vectors")
    cases = Cases()
    seen: dict[str, Path] = {}
    for file in files:
        try:
            case = read_file(file)
        except DialectError as error:
            cases.errors.append(error)
            continue
        if case.id in seen:
            cases.errors.append(DialectError(file, f"the name {case.id} is taken by {seen[case.id]}"))
            continue
        seen[case.id] = file
        cases.found.append(case)
    return cases


def read_file(path: Path) -> DialectCase:
    """One file; raises DialectError."""
    try:
        return read_case(path, members(strict.loads(path.read_bytes()), "the file", NEEDED, (FAULT,)))
    except OSError as error:
        raise DialectError(path, f"it cannot be read: {error.strerror}") from None
    except Wrong as error:
        raise DialectError(path, f"{error}, at byte {error.at}" if error.at else str(error)) from None


def read_case(path: Path, data: Members) -> DialectCase:
    name = strict.text(data["name"], "name")
    if not name or not name.isprintable():
        raise Wrong(f"name is {name!r}, not a text")
    given = read_pages(data)
    gas = count(data["initial-gas"], "initial-gas")
    count(data["expected-gas"], "expected-gas")
    blob, code_len = convert(octets(data["program"], "program"))
    budget = min(U64 - 1, GAS_PER_INSTRUCTION * (gas + code_len + 1))
    run = Run(count(data["initial-pc"], "initial-pc"), budget, registers(data["initial-regs"], "initial-regs"))
    case = MachineCase(f"{NAME}/{name}", Program(blob, MEM_CYCLES, given), (run,))
    read_only = frozenset(page.address for page in given if page.access == "ro")
    return DialectCase(case.id, str(path), case, read_expected(data, given), read_only)


def read_pages(data: Members) -> tuple[Page, ...]:
    """The pages before the run, ascending."""
    content: dict[int, bytearray] = {}
    access: dict[int, str] = {}
    for at, entry in enumerate(items(data["initial-page-map"], "initial-page-map")):
        what = f"initial-page-map[{at}]"
        area = members(entry, what, ("address", "length", "is-writable"))
        address = count(area["address"], f"{what}.address", U32)
        length = count(area["length"], f"{what}.length", U32 + 1)
        writable = flag(area["is-writable"], f"{what}.is-writable")
        if address % PAGE or length % PAGE or address + length > U32:
            raise Wrong(f"{what} is not whole pages of {PAGE} bytes below 2^32")
        for page in range(address, address + length, PAGE):
            if page in content:
                raise Wrong(f"{what} gives page {page:#x} a second time")
            content[page] = bytearray(PAGE)
            access[page] = "rw" if writable else "ro"
    put(content, data["initial-memory"], "initial-memory")
    return tuple(Page(at, access[at], bytes(content[at]).rstrip(b"\0")) for at in sorted(content))


def read_expected(data: Members, given: Sequence[Page]) -> Expected:
    status = data["expected-status"]
    if not isinstance(status, str) or status not in STATUSES:
        raise Wrong(f"expected-status is {status!r}; the dialect knows panic, halt and page-fault")
    if (status == "page-fault") != (FAULT in data):
        raise Wrong(f"{FAULT} stands exactly where expected-status is page-fault")
    after = {page.address: bytearray(PAGE) for page in given}  # what they do not list is zero
    put(after, data["expected-memory"], "expected-memory")
    return Expected(
        status,
        count(data.get(FAULT, 0), FAULT, U32),
        count(data["expected-pc"], "expected-pc"),
        registers(data["expected-regs"], "expected-regs"),
        {address: bytes(content) for address, content in after.items()},
    )


def registers(value: Json, what: str) -> tuple[int, ...]:
    found = items(value, what)
    if len(found) != REGISTERS:
        raise Wrong(f"{what} has {len(found)} registers, not {REGISTERS}")
    return tuple(count(entry, f"{what}[{index}]") for index, entry in enumerate(found))


def octets(value: Json, what: str) -> bytes:
    return bytes(count(entry, f"{what}[{at}]", 256) for at, entry in enumerate(items(value, what)))


def put(pages: dict[int, bytearray], chunks: Json, what: str) -> None:
    """Lays chunks of bytes over pages."""
    for at, entry in enumerate(items(chunks, what)):
        chunk = members(entry, f"{what}[{at}]", ("address", "contents"))
        start = count(chunk["address"], f"{what}[{at}].address", U32)
        for address, byte in enumerate(octets(chunk["contents"], f"{what}[{at}].contents"), start):
            page = address - address % PAGE
            if page not in pages:
                raise Wrong(f"{what}[{at}] has a byte at {address:#x}, which is on no page given")
            pages[page][address % PAGE] = byte


# Summing up


@dataclass(frozen=True)
class Summary:
    counts: dict[str, int]  # read, plain, each of EXCEPTIONS, wrong, unreadable
    problems: list[str]  # one line each

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def text(self) -> str:
        c = self.counts
        lines = [
            f"{c['read']} cases of {NAME} read, {c['wrong']} unexplained",
            f"  {c['read']:>4}  gas is not compared",
            f"  {c['trap_or_panic']:>4}  their panic is our Trap or Panic",
            f"  {c['halt_address']:>4}  their halt is our Panic at the jump to 0xFFFF0000",
            f"  {c['read_only_store']:>4}  their panic is our PageFault at a store to a read-only page",
            f"  {c['plain']:>4}  agree in everything else without any exception",
        ]
        return "\n".join(lines + [f"  {problem}" for problem in self.problems])


def summary(verdicts: Iterable[DialectVerdict], errors: Sequence[DialectError] = (), whole: bool = True) -> Summary:
    """Counts verdicts of one engine. With `whole` the counts must be those of the whole set."""
    counts = dict.fromkeys(("read", "plain", *EXCEPTIONS, "wrong", "unreadable"), 0)
    counts["unreadable"] = len(errors)
    problems = [str(error) for error in errors]
    for verdict in verdicts:
        counts["read"] += 1
        counts[(verdict.exception or "plain") if verdict.agrees else "wrong"] += 1
        if not verdict.agrees:
            problems.append(f"{verdict.id}: {verdict.detail}")
    if not counts["read"]:
        problems.append("no case was read")
    if whole:
        for key, number in WHOLE.items():
            if counts[key] != number:
                problems.append(f"{counts[key]} cases are {key}; in the whole set there are {number}")
    return Summary(counts, problems)
