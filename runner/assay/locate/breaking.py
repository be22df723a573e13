"""Looks for the instruction in which an engine dies or hangs, in ever shorter pieces."""

from dataclasses import dataclass

from assay.engines.answers import Stop, Until
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine
from assay.engines.trouble import EngineError
from assay.suite.case import MachineCase, Resume, Run
from assay.suite.play import Player
from model.machine import blob, isa

CHUNKS = (4096, 64, 1)


@dataclass(frozen=True)
class Place:
    """Before the instruction in which it breaks."""

    done: int  # instructions of the step that it survives
    pc: int
    gas: int | None = None
    regs: tuple[int, ...] = ()


def place_of(case: MachineCase, index: int, engine: Engine) -> Place | None:
    """Where a step breaks an engine; None when it cannot be seen."""
    step = case.steps[index]
    if not isinstance(step, Run | Resume) or "instructions" not in engine.hello().features:
        return None
    place = None
    done = 0
    for size in CHUNKS:
        place = survives(case, index, engine, done, size)
        if place is None:
            return None
        done = place.done
    return place


def survives(case: MachineCase, index: int, engine: Engine, done: int, size: int) -> Place | None:
    """How far an engine comes in pieces of `size` after `done` instructions; None when it does not break."""
    right, other = Player(case, ModelEngine()), Player(case, engine)
    step = case.steps[index]
    assert isinstance(step, Run | Resume)
    try:
        for player in (right, other):
            player.load()
            for before in case.steps[:index]:
                player.do(before)
    except EngineError:
        return None
    place = Place(0, step.pc) if isinstance(step, Run) else None
    count, is_first = done or size, True
    while True:
        until = Until(instructions=count if is_first else size)
        try:
            other.begin(step, until) if is_first else other.go_on(until)
        except EngineError:
            return place
        stop = right.begin(step, until) if is_first else right.go_on(until)
        if not isinstance(stop, Stop) or stop.exit != "stopped":
            return None
        before_next = place.done if place else 0
        place = Place(before_next + until.instructions, stop.pc, stop.gas, stop.regs)
        is_first = False


def rule_at(case: MachineCase, pc: int) -> str:
    """The rule of the instruction at a place, if there is one."""
    program = isa.Program(blob.parse(case.program.blob))
    return str(program.instruction(pc).name) if pc in program.executable else ""
