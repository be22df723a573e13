"""The machine: load, run, resume (exit.md, gas/block, isa/sequential)."""

from collections.abc import Callable, Iterable

from model.machine import blob as code_blob
from model.machine.exit import Call, Exit, Observer, Refused, State, Step, Stop, Store, Until
from model.machine.gas import MEM_CYCLES, block_cost
from model.machine.isa import Instruction, Program
from model.machine.mem import Memory, Page
from model.machine.op import EXECUTE
from model.reach import apart, rule, several
from model.table import LIMIT

MEANT = ("page_fault", "host_call")  # the exits whose argument means something
RESUMABLE = {
    "host_call": "exit/resume/legal/host_call",
    "ecall": "exit/resume/legal/ecall",
    "out_of_gas": "exit/resume/legal/out_of_gas",
    "stopped": "exit/resume/legal/stopped",
}
# Ways to a pc, by the rule that says that a block there is charged.
BY_RUN = "gas/block/charged_on_entry/run"
BY_RESUME = "gas/block/charged_on_entry/resume"
BY_JUMP = "gas/block/charged_on_entry/jump"
BY_SEQUENCE = "gas/block/charged_on_entry/sequence"


def load(blob: bytes, mem_cycles: int, pages: Iterable[Page]) -> "Machine":
    """Makes a machine; raises Refused for the caller's mistakes, then Rejected for a bad blob."""
    if mem_cycles not in MEM_CYCLES:
        rule("gas/mem_cycles")
        raise Refused(f"mem_cycles is {mem_cycles}, not one of {MEM_CYCLES}")
    memory = Memory(pages)
    return Machine(Program(code_blob.parse(blob)), memory, mem_cycles)


class Machine:
    """`pc` is where execution goes on, `paid` is true when the block there is paid already."""

    def __init__(self, program: Program, memory: Memory, mem_cycles: int) -> None:
        self.program = program
        self.memory = memory
        self.mem_cycles = mem_cycles
        self.pc = self.gas = 0
        self.regs = [0] * LIMIT["register_count"]
        self.paid = False
        self.way = BY_RUN  # in which it comes to pc
        self.last_exit: str | None = None
        self.stored: Store | None = None
        self.costs: dict[int, tuple[int, set[str]]] = {}

    def run(self, state: State, until: Until | None = None, observer: Observer | None = None) -> Stop:
        """Starts at state.pc (exit/entry)."""
        check_u64("pc", state.pc)
        check_given(state.gas, state.regs)
        rule("exit/entry")
        if state.pc >= 2**32:
            rule("exit/pc_wide")
        self.pc, self.gas, self.regs, self.paid = state.pc, state.gas, list(state.regs), False
        self.way = BY_RUN
        if not self.program.begins_block(self.pc):
            rule("exit/panic/entry")
            return self.end("panic", self.pc)
        return self.go(until, observer)

    def resume(self, gas: int, regs: list[int], until: Until | None = None, observer: Observer | None = None) -> Stop:
        """Goes on at the machine's own pc; raises Refused unless that is legal."""
        check_given(gas, regs)
        rule("exit/resume/legal")
        if self.last_exit not in RESUMABLE:
            rule("exit/resume/legal/other_exit" if self.last_exit else "exit/resume/legal/before_run")
            raise Refused(f"resume after {self.last_exit or 'no run at all'}")
        rule(RESUMABLE[self.last_exit])
        rule("exit/resume/registers")
        self.way = BY_RESUME
        rule("exit/stopped" if self.last_exit == "stopped" else "exit/resume/sequential")
        self.gas, self.regs = gas, list(regs)
        return self.go(until, observer)

    def read(self, address: int, size: int) -> bytes:
        """Guest bytes, whatever the access of their pages."""
        if not self.memory.given(address, size):
            raise Refused(f"{size} bytes at {address:#x} are not all on pages given")
        return self.memory.take(address, size)

    def write(self, address: int, data: bytes) -> None:
        if not self.memory.given(address, len(data)):
            raise Refused(f"{len(data)} bytes at {address:#x} are not all on pages given")
        self.memory.put(address, bytes(data))

    def go(self, until: Until | None, observer: Observer | None) -> Stop:
        """Runs until something ends it."""
        blocks, instructions = until or Until()  # counted down
        on_block: Callable[[State], None] | None = getattr(observer, "block", None)
        on_instruction: Callable[[Step], None] | None = getattr(observer, "instruction", None)
        program = self.program
        while True:
            pc = self.pc
            if not self.paid:  # not in E: the implicit trap; in P: a block; else it just runs
                if not program.is_executable(pc):
                    self.arrive("isa/sequential/trap")
                    return self.implicit_trap()
                if not program.is_start(pc):
                    self.arrive("isa/sequential/runs_on")
                else:
                    self.arrive("isa/sequential/block")
                    if not self.pay(pc):
                        return self.end("out_of_gas", pc)
                    if on_block:
                        on_block(self.state())
                    blocks -= 1  # 0 means never: it does not come down to 0
                    if blocks == 0:
                        return self.end("stopped", pc, paid=True)
            self.paid = False

            instruction = program.instruction(pc)
            several(instruction.rules)
            self.stored = None
            try:
                target = EXECUTE[instruction.name](self, instruction)
            except Exit as ended:
                rule("gas/block/no_refund")
                return self.end(ended.exit, pc, ended.argument)
            except Call as call:
                self.complete(instruction, on_instruction)
                if instructions == 1:
                    rule("exit/stopped/guest_first")
                return self.end(call.exit, instruction.npc, call.argument)
            self.way = BY_SEQUENCE if target is None else BY_JUMP
            if target is None:
                rule("isa/sequential")
                target = instruction.npc
            self.pc = target
            self.complete(instruction, on_instruction)
            instructions -= 1
            if instructions == 0:
                return self.end("stopped", target)

    def arrive(self, name: str) -> None:
        """What sequential flow comes to."""
        if self.way == BY_SEQUENCE:
            rule(name)

    def pay(self, p: int) -> bool:
        """Charges the block at p in full, or takes what gas there is and returns False."""
        found = self.costs.get(p)
        if found is None:
            with apart() as rules:
                cost = block_cost(self.program, p, self.mem_cycles)
            found = self.costs[p] = cost, rules
        cost, rules = found
        several(rules)
        if self.gas >= 2**63:
            rule("gas/range")
        if self.gas < cost:
            rule("gas/out_of_gas")
            self.gas = 0
            return False
        if self.gas == cost:
            rule("gas/block/exact_is_enough")
        rule("gas/block/charged_on_entry")
        rule(self.way)
        rule("exit/record/block")
        self.gas -= cost
        return True

    def implicit_trap(self) -> Stop:
        """isa/implicit_trap, gas/implicit_trap"""
        rule("gas/implicit_trap")
        if self.gas >= 2**63:
            rule("gas/range")
        if self.gas < LIMIT["implicit_trap_cost"]:
            return self.end("out_of_gas", self.program.code_len)
        rule("isa/implicit_trap")
        self.gas -= LIMIT["implicit_trap_cost"]
        return self.end("trap", self.program.code_len)

    def complete(self, instruction: Instruction, on_instruction: Callable[[Step], None] | None) -> None:
        """An L0 record (exit/record/instruction)."""
        rule("exit/record/instruction")
        if on_instruction:
            on_instruction(Step(instruction.pc, list(self.regs), self.stored))

    def end(self, exit: str, pc: int, argument: int = 0, paid: bool = False) -> Stop:
        """Every exit passes here, with every observable exact (exit/definedness)."""
        rule("exit/definedness")
        several(DECIDED_BY[exit])
        if exit in MEANT:
            rule("exit/argument")
        self.pc, self.paid, self.last_exit = pc, paid, exit
        return Stop(exit, argument, self.state())

    def state(self) -> State:
        return State(self.pc, self.gas, list(self.regs))


DECIDED_BY: dict[str, tuple[str, ...]] = {
    "trap": ("exit/trap",),
    "panic": ("exit/panic",),
    "out_of_gas": (),  # gas/out_of_gas or gas/implicit_trap, named where it happens
    "page_fault": ("exit/page_fault",),
    "host_call": ("exit/ecall", "exit/host_call_id"),
    "ecall": ("exit/ecall",),
    "stopped": ("exit/stopped",),
}


def check_u64(what: str, value: int) -> None:
    if not 0 <= value < 2**64:
        raise Refused(f"{what} is {value}, no unsigned 64-bit number")


def check_given(gas: int, regs: list[int]) -> None:
    check_u64("gas", gas)
    if len(regs) != LIMIT["register_count"]:
        raise Refused(f"{len(regs)} registers given, not {LIMIT['register_count']}")
    for number, value in enumerate(regs):
        check_u64(f"register {number}", value)
