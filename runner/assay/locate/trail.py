"""What the specification does up to a record: the last records, what was paid, which rules decided."""

from dataclasses import replace

import model
from assay.engines.answers import Block, Instruction, RecordKind, Stop, Store, Until
from assay.engines.model import ModelEngine
from assay.locate.divergence import Agreed
from assay.suite.case import MachineCase, Resume, Run
from assay.suite.play import Outcome, Player

ONE = Until(instructions=1)


class Trail:
    """An observer that remembers the way to a record, and nothing from that record on."""

    def __init__(self, end: tuple[RecordKind, int] | None = None) -> None:
        self.end = end
        self.is_over = False
        self.instruction_count = self.block_count = 0
        self.last_instruction: Instruction | None = None
        self.last_block: Block | None = None
        self.last: Agreed | None = None
        self.paid: dict[int, None] = {}  # blocks, in the order of their first charge

    def ends_at(self, kind: RecordKind, count: int) -> bool:
        self.is_over |= self.end == (kind, count)
        return self.is_over

    def block(self, state: model.State) -> None:
        if self.ends_at(RecordKind.BLOCKS, self.block_count):
            return
        self.last_block = Block(state.pc, state.gas, tuple(state.regs))
        self.last = Agreed(f"L1 block {self.block_count}", state.pc, state.gas, tuple(state.regs))
        self.paid[state.pc] = None
        self.block_count += 1

    def instruction(self, step: model.Step) -> None:
        if self.ends_at(RecordKind.INSTRUCTIONS, self.instruction_count):
            return
        store = None if step.store is None else Store(*step.store)
        self.last_instruction = Instruction(step.pc, tuple(step.regs), store)
        self.last = Agreed(f"L0 instruction {self.instruction_count}", step.pc, None, tuple(step.regs))
        self.instruction_count += 1


class Story:
    """One step of a case on the specification."""

    def __init__(self, case: MachineCase, index: int) -> None:
        self.case = case
        self.index = index
        self.engine = ModelEngine()
        self.start()
        machine = self.engine.machine
        self.program = None if machine is None else machine.program

    def start(self) -> Player:
        """A player before the step; what it played before was not observed."""
        self.engine.observer = None
        player = Player(self.case, self.engine)
        player.load()
        for step in self.case.steps[: self.index]:
            player.do(step)
        return player

    @property
    def step(self) -> Run | Resume:
        step = self.case.steps[self.index]
        assert isinstance(step, Run | Resume), "a write has no records"
        return step

    def at_start(self) -> tuple[int, tuple[int, ...]]:
        """Gas and registers with which the step starts."""
        return self.start().start(self.step)

    def follow(self, end: tuple[RecordKind, int] | None = None, gas: int | None = None) -> tuple[Trail, Outcome]:
        """Plays the step up to a record, or to its end; with another gas limit if one is given."""
        trail = Trail(end)
        player = self.start()
        self.engine.observer = trail
        step = self.step if gas is None else replace(self.step, gas=gas)
        return trail, player.begin(step, cut(step.until, end))

    def decided(self, instructions: int) -> set[str]:
        """The rules reached by what comes after so many instructions of the step."""
        player = self.start()
        if instructions:
            player.begin(self.step, Until(instructions=instructions))
        with model.reached() as reached:
            if instructions:
                player.go_on(ONE)
            else:
                player.begin(self.step, ONE)
        return set(reached)


def cut(until: Until, end: tuple[RecordKind, int] | None) -> Until:
    """A step's own limits, and an end behind a record."""
    if end is None:
        return until
    kind, count = end
    if kind == RecordKind.BLOCKS:
        return replace(until, blocks=min(until.blocks or count + 1, count + 1))
    return replace(until, instructions=min(until.instructions or count + 1, count + 1))


def is_complete(stop: Stop) -> bool:
    """Whether the last thing that happened is a complete instruction."""
    return stop.exit in ("host_call", "ecall", "stopped")
