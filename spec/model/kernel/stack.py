"""The kernel's own state: σ, the tables and the stack of entries (call.md, yield.md)."""

from dataclasses import dataclass, field

from model.kernel.cap import CNode, Instance
from model.kernel.exchange import Tables
from model.kernel.image import Image
from model.kernel.state import State
from model.kernel.table import LIMIT
from model.machine.run import Machine


@dataclass
class Activation:
    """One Instance on the stack. `entered` is the Image it was entered with, `image` the current
    one; an entry that a harness put there has no machine."""

    instance: Instance
    image: Image
    cnode: CNode
    entered: Image = None
    machine: Machine | None = None
    meter: int | None = None
    pc: int = 0
    gas: int = 0
    regs: list = field(default_factory=list)
    gas_at_entry: int = 0

    def enter(self, meter, gas):
        self.meter, self.gas, self.gas_at_entry = meter, gas, gas

    def take(self, stop):
        self.pc, self.gas, self.regs = stop.state.pc, stop.state.gas, stop.state.regs

    @property
    def gas_used(self):
        return self.gas_at_entry - self.gas


@dataclass
class Reference:
    target: int


@dataclass
class Kernel:
    state: State
    tables: Tables
    stack: list = field(default_factory=list)

    def is_full(self):
        return len(self.stack) >= LIMIT["stack_max"]

    def reference_on_top(self):
        return bool(self.stack) and isinstance(self.stack[-1], Reference)
