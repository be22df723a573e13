"""Third-party vectors: playing one case and judging what comes out.

Their machine has another gas rule and a few other rules of control. A case agrees when status, argument,
pc, registers and memory are the same, or differ by exactly one of the exceptions below, each
checked to be what it claims:

    gas              is not compared, for no case
    trap_or_panic    their `panic` is our Trap or Panic: they have one status for both
    halt_address     their `halt` is our Panic at the dynamic jump to 0xFFFF0000
    read_only_store  their `panic` is our PageFault at a store to a page that was given read-only;
                     only for the cases named in READ_ONLY_STORES
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assay.base.strict import U32
from assay.engines.answers import PAGE, Stop
from assay.engines.engine import Engine
from assay.engines.trouble import EngineError
from assay.suite.case import MachineCase
from assay.suite.play import Player
from model.machine import blob, isa
from model.table import ROLE_OF, Kind

HALT_ADDRESS = 2**32 - 2**16
EXCEPTIONS = ("trap_or_panic", "halt_address", "read_only_store")
READ_ONLY_STORES = ("inst_store_imm_u8_trap_read_only", "inst_store_u8_trap_read_only")


@dataclass(frozen=True)
class DialectVerdict:
    id: str
    agrees: bool
    exception: str | None = None  # which of EXCEPTIONS was needed
    detail: str = ""  # what differs


@dataclass(frozen=True)
class Expected:
    status: str
    argument: int
    pc: int
    regs: tuple[int, ...]
    memory: Mapping[int, bytes]  # page address -> bytes


@dataclass(frozen=True)
class DialectCase:
    """`case` is in our form: one run."""

    id: str
    path: str
    case: MachineCase
    expected: Expected
    read_only: frozenset[int]  # the pages given without write access

    def play(self, engine: Engine) -> DialectVerdict:
        """Runs the case on an engine and judges what comes out."""
        player = Player(self.case, engine)
        try:
            load = player.load()
            if load != "admitted":
                return DialectVerdict(self.id, False, None, f"the program is not admitted: {load}")
            stop = player.do(self.case.steps[0])
            if not isinstance(stop, Stop):
                return DialectVerdict(self.id, False, None, "the run is refused")
            return judge(self, stop, player.memory())
        except EngineError as error:
            return DialectVerdict(self.id, False, None, str(error))


def judge(case: DialectCase, stop: Stop, memory: Mapping[int, bytes]) -> DialectVerdict:
    """A stop and the pages after it against what they expect."""
    exception, status = status_of(case, stop)
    wrong = [] if status is None else [status]
    expected = case.expected
    if exception != "read_only_store" and stop.argument != expected.argument:
        wrong.append(f"argument {expected.argument:#x} expected, {stop.argument:#x} got")
    if stop.pc != expected.pc:
        wrong.append(f"pc {expected.pc:#x} expected, {stop.pc:#x} got")
    for index, (right, other) in enumerate(zip(expected.regs, stop.regs, strict=True)):
        if right != other:
            wrong.append(f"r{index} {right:#x} expected, {other:#x} got")
    wrong += memory_differences(expected.memory, memory)
    return DialectVerdict(case.id, not wrong, exception if not wrong else None, "; ".join(wrong))


def status_of(case: DialectCase, stop: Stop) -> tuple[str | None, str | None]:
    """(exception needed, None), or (None, what is wrong)."""
    status, exit = case.expected.status, stop.exit
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


def instruction_at(case: DialectCase, pc: int) -> isa.Instruction | None:
    program = isa.Program(blob.parse(case.case.program.blob))
    return program.instruction(pc) if pc in program.executable else None


def why_no_halt(case: DialectCase, stop: Stop) -> str | None:
    """Why a panic is not the dynamic jump to 0xFFFF0000; None when it is."""
    insn = instruction_at(case, stop.pc)
    if insn is None or insn.name not in ("isa/jump_ind", "isa/load_imm_jump_ind"):
        return f"halt expected, and the panic at {stop.pc:#x} is at no dynamic jump"
    if insn.name == "isa/jump_ind":
        address = (stop.regs[insn.a] + insn.x) % U32
    elif insn.a != insn.b:
        address = (stop.regs[insn.b] + insn.y) % U32
    else:
        return f"halt expected, and the jump at {stop.pc:#x} has overwritten its own address"
    if address != HALT_ADDRESS:
        return f"halt expected, and the jump at {stop.pc:#x} goes to {address:#x}"
    return None


def why_no_read_only_store(case: DialectCase, stop: Stop) -> str | None:
    name = case.id.split("/", 1)[1]
    if name not in READ_ONLY_STORES:
        return f"panic expected, page_fault {stop.argument:#x} got"
    insn = instruction_at(case, stop.pc)
    if insn is None or ROLE_OF[insn.name.removeprefix("isa/")].kind is not Kind.STORE:
        return f"panic expected, and the page fault at {stop.pc:#x} is at no store"
    if stop.argument not in case.read_only:
        return f"panic expected, and page {stop.argument:#x} was not given read-only"
    return None


def memory_differences(expected: Mapping[int, bytes], got: Mapping[int, bytes]) -> list[str]:
    wrong = []
    for address, data in expected.items():
        if got.get(address) != data:
            other = got.get(address, b"")
            at = next((n for n in range(PAGE) if data[n : n + 1] != other[n : n + 1]), 0)
            pair = f"{data[at : at + 8].hex()} expected, {other[at : at + 8].hex()} got"
            wrong.append(f"memory at {address + at:#x}: {pair}")
    return wrong
