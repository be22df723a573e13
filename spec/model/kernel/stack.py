"""The kernel's own state: σ, the tables and the stack of entries (call.md, yield.md)."""

from dataclasses import dataclass, field
from typing import TypeAlias

from model.kernel.cap import CNode, Instance
from model.kernel.exchange import Tables
from model.kernel.image import Image
from model.kernel.state import State
from model.kernel.table import LIMIT
from model.machine.exit import Stop
from model.machine.run import Machine


@dataclass
class Activation:
    """One Instance on the stack. `entered` is the Image it was entered with, `image` the current one; an entry that
    a harness put there was never `started`."""

    instance: Instance
    image: Image
    cnode: CNode
    entered: Image
    started: Machine | None = None
    meter: int | None = None
    pc: int = 0
    gas: int = 0
    regs: list[int] = field(default_factory=list)
    gas_at_entry: int = 0

    def enter(self, meter: int | None, gas: int) -> None:
        self.meter, self.gas, self.gas_at_entry = meter, gas, gas

    def take(self, stop: Stop) -> None:
        self.pc, self.gas, self.regs = stop.state.pc, stop.state.gas, stop.state.regs

    @property
    def machine(self) -> Machine:
        if self.started is None:
            raise ValueError("an entry that was never started has no machine")
        return self.started

    @property
    def gas_used(self) -> int:
        return self.gas_at_entry - self.gas


@dataclass
class Reference:
    target: int


Entry: TypeAlias = Activation | Reference


@dataclass
class Kernel:
    state: State
    tables: Tables
    stack: list[Entry] = field(default_factory=list)

    def is_full(self) -> bool:
        return len(self.stack) >= LIMIT["stack_max"]

    def running(self) -> Activation:
        """The activation on top."""
        top = self.stack[-1]
        if not isinstance(top, Activation):
            raise TypeError("a reference is on top of the stack")
        return top

    def reference_on_top(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1], Reference)
