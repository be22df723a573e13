"""exit.md: what a run is given and gives back, and the exits that an instruction raises."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from model.table import LIMIT


class Refused(Exception):
    """A caller's mistake, no outcome of the machine; nothing has changed."""


@dataclass
class State:
    pc: int = 0
    gas: int = 0
    regs: list[int] = field(default_factory=lambda: [0] * LIMIT["register_count"])


class Until(NamedTuple):
    """When the harness stops the machine; 0 is never."""

    blocks: int = 0
    instructions: int = 0


@dataclass
class Stop:
    exit: str
    argument: int
    state: State


class Store(NamedTuple):
    """What an instruction stored."""

    address: int
    width: int
    value: int


@dataclass
class Step:
    """An L0 record."""

    pc: int
    regs: list[int]
    store: Store | None


# Whatever has some of the methods block(State), instruction(Step) and, for the kernel, event(bytes)
Observer: TypeAlias = object


class Exit(Exception):
    """Ends a run before the instruction is completed: its pc stays."""

    def __init__(self, exit: str, argument: int = 0) -> None:
        super().__init__(exit)
        self.exit = exit
        self.argument = argument


class Trap(Exit):
    def __init__(self) -> None:
        super().__init__("trap")


class Panic(Exit):
    def __init__(self) -> None:
        super().__init__("panic")


class PageFault(Exit):
    def __init__(self, page: int) -> None:
        super().__init__("page_fault", page)


class Call(Exception):
    """Ends a run after the instruction: ecall and ecalli (exit/ecall)."""

    def __init__(self, exit: str, argument: int) -> None:
        super().__init__(exit)
        self.exit = exit
        self.argument = argument
