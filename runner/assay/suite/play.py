"""Plays the steps of a case on one engine, whatever the engine is."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

from assay.engines.answers import NEVER, PAGE, REGISTERS, Called, RecordKind, Stop, Until
from assay.engines.engine import Engine
from assay.engines.trouble import EngineRefused
from assay.suite.case import (
    Act,
    Admit,
    Call,
    CallRun,
    Decode,
    Hash,
    Invocations,
    MachineCase,
    Resume,
    Run,
    Step,
    Write,
)


class Done(Enum):
    """What a step came to when there is no stop."""

    REFUSED = "refused"
    WRITTEN = "written"


Outcome: TypeAlias = Stop | Done


class Player:
    """One case on one engine. A `resume` that lists no gas or no register takes the machine's."""

    def __init__(self, case: MachineCase, engine: Engine) -> None:
        self.case = case
        self.engine = engine
        self.gas = self.start_gas = 0
        self.regs: tuple[int, ...] = (0,) * REGISTERS
        self.start_regs = self.regs

    def load(self) -> str:
        return self.engine.load(self.case.program)

    def do(self, step: Step) -> Outcome:
        """Does a step whole, unobserved."""
        if isinstance(step, Write):
            return self.write(step)
        return self.begin(step, step.until, ())

    def write(self, step: Write) -> Done:
        try:
            self.engine.write(step.address, step.data)
        except EngineRefused:
            return Done.REFUSED
        return Done.WRITTEN

    def begin(self, step: Run | Resume, until: Until = NEVER, records: Sequence[RecordKind] = ()) -> Outcome:
        """Runs or resumes as the step says."""
        gas, regs = self.start(step)
        try:
            if isinstance(step, Run):
                stop = self.engine.run(step.pc, gas, regs, until, records)
            else:
                stop = self.engine.resume(gas, regs, until, records)
        except EngineRefused:
            return Done.REFUSED
        return self.stopped(stop, gas, regs)

    def start(self, step: Run | Resume) -> tuple[int, tuple[int, ...]]:
        """The gas and the registers that a step starts with."""
        if isinstance(step, Run):
            return step.gas, step.regs
        regs = tuple(step.regs.get(index, value) for index, value in enumerate(self.regs))
        return (self.gas if step.gas is None else step.gas), regs

    def go_on(self, until: Until = NEVER, records: Sequence[RecordKind] = ()) -> Stop:
        """Resumes with everything as it stopped."""
        gas, regs = self.gas, self.regs
        return self.stopped(self.engine.resume(gas, regs, until, records), gas, regs)

    def stopped(self, stop: Stop, gas: int, regs: tuple[int, ...]) -> Stop:
        self.start_gas, self.start_regs = gas, regs
        self.gas, self.regs = stop.gas, stop.regs
        return stop

    def memory(self) -> dict[int, bytes]:
        """The bytes of every given page."""
        return {page.address: self.engine.read(page.address, PAGE) for page in self.case.program.pages}


def perform(act: Act, engine: Engine) -> None:
    """Does all that a case of the kernel does, whatever comes of it."""
    if isinstance(act, Decode):
        engine.decode(act.type, act.bytes)
    elif isinstance(act, Admit):
        engine.admit(act.image)
    elif isinstance(act, Hash):
        engine.hash(act.kind, act.value)
    elif isinstance(act, Invocations):
        play_world(act, engine)
    elif engine.chain_genesis(act.image) == "admitted":
        engine.chain_root()
        for event in act.events:
            engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
            engine.chain_root()


def play_world(act: Invocations, engine: Engine) -> None:
    try:
        engine.world_open(act.world)
    except EngineRefused:
        return
    for call in act.steps:
        do_call(call, engine)
        engine.world_dump()


def do_call(call: Call, engine: Engine) -> Called:
    """Does a step of a World; refused is a result too."""
    try:
        if isinstance(call, CallRun):
            return engine.world_run(call.instance, call.image, call.cnode, call.endpoint, call.gas)
        return engine.world_resume(call.scratchpad)
    except EngineRefused:
        return Called("refused")
