"""Third-party vectors: the dialect pvm-v0.4, one JSON file a case.

    cases = read_folder(path)              a list of DialectCase; cases.errors has the unreadable files
    verdict = cases[0].play(engine)        load, run, read the pages, judge
    print(summary(verdicts, cases.errors).text)

Their machine has another gas rule and a few other rules of control. A case agrees when status, argument,
pc, registers and memory are the same, or differ by exactly one of the exceptions below, each
checked to be what it claims:

    gas              is not compared, for no case
    trap_or_panic    their `panic` is our Trap or Panic: they have one status for both
    halt_address     their `halt` is our Panic at the dynamic jump to 0xFFFF0000
    read_only_store  their `panic` is our PageFault at a store to a page that was given read-only;
                     only for the cases named in READ_ONLY_STORES
"""

import json
from dataclasses import dataclass
from pathlib import Path

import model
from assay.assembly import asm
from assay.engines.process import EngineError
from assay.suite.play import PAGE, REGISTERS, Player
from model.machine import isa

NAME = "pvm-v0.4"
MEM_CYCLES = 25
GAS_PER_INSTRUCTION = 128  # more than any instruction costs here; they count 1 an instruction
HALT_ADDRESS = 2**32 - 2**16
EXCEPTIONS = ("trap_or_panic", "halt_address", "read_only_store")
READ_ONLY_STORES = ("inst_store_imm_u8_trap_read_only", "inst_store_u8_trap_read_only")
WHOLE = {"read": 311, "trap_or_panic": 191, "halt_address": 107, "read_only_store": 2, "plain": 11}

U64 = 2**64
U32 = 2**32
NEEDED = (
    "name",
    "initial-regs",
    "initial-pc",
    "initial-page-map",
    "initial-memory",
    "initial-gas",
    "program",
    "expected-status",
    "expected-regs",
    "expected-pc",
    "expected-memory",
    "expected-gas",
)
FAULT = "expected-page-fault-address"


class DialectError(Exception):
    """A file that is not of the dialect; says which and what to do."""

    def __init__(self, path, message):
        super().__init__(f"{path}: {message}")
        self.path = str(path)
        self.message = message


@dataclass
class Verdict:
    id: str
    agrees: bool
    exception: str | None = None  # which of EXCEPTIONS was needed
    detail: str = ""  # what differs


class Cases(list):
    """Cases in the order of their names, and the files that could not be read."""

    def __init__(self, cases, errors):
        super().__init__(cases)
        self.errors = errors


@dataclass
class DialectCase:
    """`case` is in our vector form, without expectations: one run."""

    id: str
    path: str
    case: dict
    expected: dict  # status, argument, pc, regs; memory: page address -> bytes
    read_only: frozenset  # the pages given without write access

    def play(self, engine):
        """Runs the case on an engine and judges what comes out."""
        player = Player(self.case, engine)
        try:
            load = player.load()
            if load != "admitted":
                return Verdict(self.id, False, None, f"the program is not admitted: {load}")
            stop = player.do(self.case["steps"][0])
            return self.judge(stop, player.memory())
        except EngineError as error:
            return Verdict(self.id, False, None, str(error))

    def judge(self, stop, memory):
        """A stop (as an engine answers it) and the pages after it against what they expect."""
        return judge(self, stop, memory)


# Reading


def read_folder(path):
    """Every .json file of a folder, or one file; raises DialectError when there is none."""
    path = Path(path)
    if not path.exists():
        raise DialectError(path, "there is no such file or folder; give the path of the vectors")
    try:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    except OSError as error:
        raise DialectError(path, f"the folder cannot be read: {error.strerror}") from None
    if not files:
        raise DialectError(path, "the folder has no .json file; give the folder of the vectors")
    cases, errors, seen = [], [], {}
    for file in files:
        try:
            case = read_file(file)
            if case.id in seen:
                raise DialectError(file, f"the name {case.id} is taken by {seen[case.id]}")
            seen[case.id] = file
            cases.append(case)
        except DialectError as error:
            errors.append(error)
    return Cases(cases, errors)


def read_file(path):
    """One file to DialectCase; raises DialectError."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
        data = json.loads(text, object_pairs_hook=unique, parse_constant=no_number, parse_float=no_number)
        return Reader(path).case(data)
    except OSError as error:
        raise DialectError(path, f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DialectError(path, f"it is no UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode())
        raise DialectError(path, f"it is no JSON at byte {at}: {error.msg}") from None
    except (Wrong, RecursionError) as error:
        raise DialectError(path, str(error) or "it is nested too deep") from None


class Wrong(Exception):
    """Something in a file; the message says what."""


def unique(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise Wrong(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found


def no_number(text):
    raise Wrong(f"{text} is no integer")


class Reader:
    def __init__(self, path):
        self.path = path

    def case(self, data):
        members(data, "the file", NEEDED, (FAULT,))
        name = data["name"]
        if not isinstance(name, str) or not name or not name.isprintable():
            raise Wrong(f"name is {name!r}, not a text")
        pages, access = self.pages(data)
        gas = number(data["initial-gas"], "initial-gas", U64)
        number(data["expected-gas"], "expected-gas", U64)
        program = octets(data["program"], "program")
        blob, code_len = convert(program)
        budget = min(U64 - 1, GAS_PER_INSTRUCTION * (gas + code_len + 1))
        run = {
            "pc": hex(number(data["initial-pc"], "initial-pc", U64)),
            "gas": hex(budget),
            "regs": {
                f"r{index}": hex(value)
                for index, value in enumerate(registers(data["initial-regs"], "initial-regs"))
                if value
            },
        }
        case = {
            "id": f"{NAME}/{name}",
            "rules": [],
            "against": [],
            "blob": blob.hex(),
            "mem_cycles": MEM_CYCLES,
            "pages": [
                [hex(address), access[address], bytes(pages[address]).rstrip(b"\0").hex()] for address in sorted(pages)
            ],
            "load": "admitted",
            "steps": [{"run": run}],
        }
        read_only = frozenset(address for address in pages if access[address] == "ro")
        return DialectCase(case["id"], str(self.path), case, self.expected(data, pages), read_only)

    def pages(self, data):
        """(page address -> bytes, page address -> access) before the run."""
        pages, access = {}, {}
        for at, entry in enumerate(lists(data["initial-page-map"], "initial-page-map")):
            what = f"initial-page-map[{at}]"
            members(entry, what, ("address", "length", "is-writable"))
            address = number(entry["address"], f"{what}.address", U32)
            length = number(entry["length"], f"{what}.length", U32 + 1)
            if not isinstance(entry["is-writable"], bool):
                raise Wrong(f"{what}.is-writable is neither true nor false")
            if address % PAGE or length % PAGE or address + length > U32:
                raise Wrong(f"{what} is not whole pages of {PAGE} bytes below 2^32")
            for page in range(address, address + length, PAGE):
                if page in pages:
                    raise Wrong(f"{what} gives page {page:#x} a second time")
                pages[page] = bytearray(PAGE)
                access[page] = "rw" if entry["is-writable"] else "ro"
        put(pages, data["initial-memory"], "initial-memory")
        return pages, access

    def expected(self, data, pages):
        status = data["expected-status"]
        if status not in ("panic", "halt", "page-fault"):
            advice = "the dialect knows panic, halt and page-fault"
            raise Wrong(f"expected-status is {status!r}; {advice}")
        if (status == "page-fault") != (FAULT in data):
            raise Wrong(f"{FAULT} stands exactly where expected-status is page-fault")
        after = {address: bytearray(PAGE) for address in pages}  # what they do not list is zero
        put(after, data["expected-memory"], "expected-memory")
        return {
            "status": status,
            "argument": number(data.get(FAULT, 0), FAULT, U32),
            "pc": number(data["expected-pc"], "expected-pc", U64),
            "regs": registers(data["expected-regs"], "expected-regs"),
            "memory": {address: bytes(data) for address, data in after.items()},
        }


def members(value, what, needed, optional=()):
    if not isinstance(value, dict):
        raise Wrong(f"{what} is no object")
    for key in needed:
        if key not in value:
            raise Wrong(f"{what} has no {key!r}")
    for key in value:
        if key not in needed and key not in optional:
            raise Wrong(f"{what} has an unknown key {key!r}")


def lists(value, what):
    if not isinstance(value, list):
        raise Wrong(f"{what} is no list")
    return value


def number(value, what, limit):
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise Wrong(f"{what} is {value!r}, not an integer in 0..{limit - 1}")
    return value


def registers(value, what):
    if len(lists(value, what)) != REGISTERS:
        raise Wrong(f"{what} has {len(value)} registers, not {REGISTERS}")
    return [number(entry, f"{what}[{index}]", U64) for index, entry in enumerate(value)]


def octets(value, what):
    return bytes(number(entry, f"{what}[{at}]", 256) for at, entry in enumerate(lists(value, what)))


def put(pages, chunks, what):
    """Lays chunks of bytes over pages."""
    for at, chunk in enumerate(lists(chunks, what)):
        members(chunk, f"{what}[{at}]", ("address", "contents"))
        address = number(chunk["address"], f"{what}[{at}].address", U32)
        for byte in octets(chunk["contents"], f"{what}[{at}].contents"):
            page = address - address % PAGE
            if page not in pages:
                raise Wrong(f"{what}[{at}] has a byte at {address:#x}, which is on no page given")
            pages[page][address % PAGE] = byte
            address += 1


# Their program, our blob


def convert(program):
    """Their program (|j| z |c| j c bitmask) as our blob, and code_len."""
    at, jump_len = natural(program, 0, "the jump table's length")
    if at >= len(program):
        raise Wrong(f"program ends at byte {at}, before the size of a jump-table entry")
    entry_size, at = program[at], at + 1
    at, code_len = natural(program, at, "the code's length")
    if entry_size > asm.ENTRY_SIZE_MAX or jump_len and not entry_size:
        raise Wrong(f"program has jump-table entries of {entry_size} bytes, not 1..4")
    code_at = at + jump_len * entry_size
    end = code_at + code_len + (code_len + 7) // 8
    if len(program) != end:
        raise Wrong(f"program has {len(program)} bytes; its lengths add up to {end}")
    if code_len >= U32 or jump_len >= U32:
        raise Wrong("program has a length of 2^32 or more, which no blob of ours has")
    header = jump_len.to_bytes(4, "little") + bytes([entry_size or 1]) + code_len.to_bytes(4, "little")
    return header + program[at:], code_len


def natural(data, at, what):
    """(next position, number) of a JAM compact natural: the leading ones of its first byte count
    the bytes that follow, the rest of the first byte is the top.
    """
    if at >= len(data):
        raise Wrong(f"program ends at byte {at}, before {what}")
    first = data[at]
    extra = next((n for n in range(8) if not first >> (7 - n) & 1), 8)
    if at + 1 + extra > len(data):
        raise Wrong(f"program ends within {what}, which begins at byte {at}")
    low = int.from_bytes(data[at + 1 : at + 1 + extra], "little")
    value = ((first & (0xFF >> extra)) << (8 * extra)) + low
    if extra and value < 1 << (7 * extra):
        raise Wrong(f"{what} at byte {at} of program is written longer than need be")
    return at + 1 + extra, value


# Judging


def judge(case, stop, memory):
    """Verdict on one case."""
    exception, status = status_of(case, stop)
    wrong = [] if status is None else [status]
    expected = case.expected
    if exception != "read_only_store" and stop["argument"] != expected["argument"]:
        wrong.append(f"argument {expected['argument']:#x} expected, {stop['argument']:#x} got")
    if stop["pc"] != expected["pc"]:
        wrong.append(f"pc {expected['pc']:#x} expected, {stop['pc']:#x} got")
    for index, (right, other) in enumerate(zip(expected["regs"], stop["regs"])):
        if right != other:
            wrong.append(f"r{index} {right:#x} expected, {other:#x} got")
    wrong += memory_differences(expected["memory"], memory)
    return Verdict(case.id, not wrong, exception if not wrong else None, "; ".join(wrong))


def status_of(case, stop):
    """(exception needed, None), or (None, what is wrong)."""
    status, exit = case.expected["status"], stop["exit"]
    if status == "page-fault" and exit == "page_fault":
        return None, None
    if status == "panic" and exit in ("trap", "panic"):
        return "trap_or_panic", None
    if status == "panic" and exit == "page_fault":
        why = why_no_read_only_store(case, stop)
        return ("read_only_store", None) if why is None else (None, why)
    if status == "halt" and exit == "panic":
        why = why_no_halt(case, stop)
        return ("halt_address", None) if why is None else (None, why)
    return None, f"status {status} expected, {exit} got"


def instruction_at(case, pc):
    program = isa.Program(model.blob.parse(bytes.fromhex(case.case["blob"])))
    return program.instruction(pc) if pc in program.executable else None


def why_no_halt(case, stop):
    """Why a panic is not the dynamic jump to 0xFFFF0000; None when it is."""
    insn = instruction_at(case, stop["pc"])
    if insn is None or insn.name not in ("isa/jump_ind", "isa/load_imm_jump_ind"):
        return f"halt expected, and the panic at {stop['pc']:#x} is at no dynamic jump"
    if insn.name == "isa/jump_ind":
        address = (stop["regs"][insn.a] + insn.x) % U32
    elif insn.a != insn.b:
        address = (stop["regs"][insn.b] + insn.y) % U32
    else:
        return f"halt expected, and the jump at {stop['pc']:#x} has overwritten its own address"
    if address != HALT_ADDRESS:
        return f"halt expected, and the jump at {stop['pc']:#x} goes to {address:#x}"
    return None


def why_no_read_only_store(case, stop):
    name = case.id.split("/", 1)[1]
    if name not in READ_ONLY_STORES:
        return f"panic expected, page_fault {stop['argument']:#x} got"
    insn = instruction_at(case, stop["pc"])
    if insn is None or not insn.name.startswith("isa/store"):
        return f"panic expected, and the page fault at {stop['pc']:#x} is at no store"
    if stop["argument"] not in case.read_only:
        return f"panic expected, and page {stop['argument']:#x} was not given read-only"
    return None


def memory_differences(expected, got):
    wrong = []
    for address, data in expected.items():
        if got.get(address) != data:
            other = got.get(address, b"")
            at = next((n for n in range(PAGE) if data[n : n + 1] != other[n : n + 1]), 0)
            pair = f"{data[at : at + 8].hex()} expected, {other[at : at + 8].hex()} got"
            wrong.append(f"memory at {address + at:#x}: {pair}")
    return wrong


# Summing up


@dataclass
class Summary:
    counts: dict  # read, plain, each of EXCEPTIONS, wrong, unreadable
    problems: list  # one line each

    @property
    def ok(self):
        return not self.problems

    @property
    def text(self):
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


def summary(verdicts, errors=(), whole=True):
    """Counts verdicts of one engine. With `whole` the counts must be those of the whole set."""
    verdicts = list(verdicts)
    counts = {name: 0 for name in ("read", "plain", *EXCEPTIONS, "wrong", "unreadable")}
    counts["read"], counts["unreadable"] = len(verdicts), len(errors)
    problems = [str(error) for error in errors]
    for verdict in verdicts:
        key = (verdict.exception or "plain") if verdict.agrees else "wrong"
        counts[key] += 1
        if not verdict.agrees:
            problems.append(f"{verdict.id}: {verdict.detail}")
    if not verdicts:
        problems.append("no case was read")
    if whole:
        for key, count in WHOLE.items():
            if counts[key] != count:
                problems.append(f"{counts[key]} cases are {key}; in the whole set there are {count}")
    return Summary(counts, problems)
