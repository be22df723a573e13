"""exit.md: what a run is given and gives back, and the exits that an instruction raises."""

from dataclasses import dataclass, field
from typing import NamedTuple

from model.table import LIMIT


class Refused(Exception):
    """A caller's mistake, no outcome of the machine; nothing has changed."""


@dataclass
class State:
    pc: int = 0
    gas: int = 0
    regs: list = field(default_factory=lambda: [0] * LIMIT["register_count"])


class Until(NamedTuple):
    """When the harness stops the machine; 0 is never."""

    blocks: int = 0
    instructions: int = 0


@dataclass
class Stop:
    exit: str
    argument: int
    state: State


@dataclass
class Step:
    """An L0 record."""

    pc: int
    regs: list
    store: tuple | None


class Exit(Exception):
    """Ends a run before the instruction is completed: its pc stays."""

    def __init__(self, exit, argument=0):
        super().__init__(exit)
        self.exit = exit
        self.argument = argument


class Trap(Exit):
    def __init__(self):
        super().__init__("trap")


class Panic(Exit):
    def __init__(self):
        super().__init__("panic")


class PageFault(Exit):
    def __init__(self, page):
        super().__init__("page_fault", page)


class Call(Exception):
    """Ends a run after the instruction: ecall and ecalli (exit/ecall)."""

    def __init__(self, exit, argument):
        super().__init__(exit)
        self.exit = exit
        self.argument = argument
