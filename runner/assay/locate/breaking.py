"""Looks for the instruction in which an engine dies or hangs, in ever shorter pieces."""

from dataclasses import dataclass

from assay.engines.answers import RecordKind, Stop, Until
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
    is_past_end: bool = False  # the specification has ended, and the engine lives on


def place_of(case: MachineCase, index: int, engine: Engine, is_observed: bool = False) -> Place | None:
    """Where a step breaks an engine; None when it cannot be seen."""
    step = case.steps[index]
    if not isinstance(step, Run | Resume) or "instructions" not in engine.hello().features:
        return None
    place = None
    done = 0
    for size in CHUNKS:
        place = survives(case, index, engine, done, size, is_observed)
        if place is None or place.is_past_end:
            return place
        done = place.done
    return place


def start_of(case: MachineCase, index: int) -> Place | None:
    """Before the first instruction of a step."""
    step, player = case.steps[index], Player(case, ModelEngine())
    player.load()
    stop: Stop | None = None
    for before in case.steps[:index]:
        outcome = player.do(before)
        stop = outcome if isinstance(outcome, Stop) else stop
    assert isinstance(step, Run | Resume)
    gas, regs = player.start(step)
    if isinstance(step, Run):
        return Place(0, step.pc, gas, regs)
    return None if stop is None else Place(0, stop.pc, gas, regs)


def before(case: MachineCase, index: int, done: int) -> Place | None:
    """Where the specification is after so many instructions of a step."""
    if done == 0:
        return start_of(case, index)
    step, player = case.steps[index], Player(case, ModelEngine())
    assert isinstance(step, Run | Resume)
    player.load()
    for earlier in case.steps[:index]:
        player.do(earlier)
    stop = player.begin(step, Until(instructions=done))
    return Place(done, stop.pc, stop.gas, stop.regs) if isinstance(stop, Stop) else None


def survives(
    case: MachineCase, index: int, engine: Engine, done: int, size: int, is_observed: bool = False
) -> Place | None:
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
    place = start_of(case, index)
    kinds = tuple(kind for kind in RecordKind if kind.value in engine.hello().features) if is_observed else ()
    count, is_first = done or size, True
    while True:
        until = Until(instructions=count if is_first else size)
        try:
            other.begin(step, until, kinds) if is_first else other.go_on(until, kinds)
        except EngineError:
            return place
        stop = right.begin(step, until) if is_first else right.go_on(until)
        before_next = place.done if place else 0
        if not isinstance(stop, Stop):
            return None
        if stop.exit != "stopped":
            return Place(before_next + until.instructions, stop.pc, is_past_end=True)
        place = Place(before_next + until.instructions, stop.pc, stop.gas, stop.regs)
        is_first = False


def rule_at(case: MachineCase, pc: int) -> str:
    """The rule of the instruction at a place, if there is one."""
    program = isa.Program(blob.parse(case.program.blob))
    return str(program.instruction(pc).name) if pc in program.executable else ""
