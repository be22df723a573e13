"""From a failing case to what a card shows: found by playing, named by the specification.

    for found in locate(catalog.parse("model"), target, questions): ...

The first engine is the expected side.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from assay.assembly import disasm
from assay.base.level import Flavour
from assay.engines import catalog
from assay.engines.answers import Until
from assay.engines.catalog import Target
from assay.engines.engine import Engine
from assay.engines.trouble import EngineDied, EngineGarbage, EngineHung
from assay.locate import breaking, find, kernel, kernel_find, machine
from assay.locate.divergence import Agreed, Cause, Divergence, Field, Unit
from assay.locate.finding import Finding, What
from assay.locate.kernel_finding import KernelFinding, KernelWhat
from assay.suite.case import MachineCase, Write
from assay.suite.collection import Entry

WINDOW = 3
PATIENCE = 2.0  # seconds for a piece of a run in which an engine may hang
BROKEN = {EngineDied.kind: Unit.DIED, EngineHung.kind: Unit.HUNG, EngineGarbage.kind: Unit.GARBAGE}
ADVICE = {
    Unit.DIED: "whatever a guest does, an engine goes on",
    Unit.HUNG: "whatever a guest does, an engine comes back",
    Unit.GARBAGE: "every reply is one of runner/PROTOCOL.md",
    Unit.ERROR: "the request was one of runner/PROTOCOL.md",
    Unit.UNSTEADY: "the same request on the same state has one answer",
}

TWO_WAYS = "the same step of the same case, asked twice, went two ways"


@dataclass(frozen=True)
class Question:
    """A case that fails, and what its card says around the difference."""

    entry: Entry
    repro: str = ""
    votes: Mapping[str, bool] = field(default_factory=dict)
    has_failed: bool = False  # a replay has seen it fail


def locate(
    expected: Target, got: Target, questions: Sequence[Question], timeout: float = catalog.TIMEOUT
) -> Iterator[Divergence | None]:
    """The first divergence on each case; None where the two agree in everything."""
    with expected.open(timeout) as right, got.open(timeout) as other:
        for question in questions:
            votes = {expected.name: True, got.name: False} | dict(question.votes)
            entry = question.entry
            if entry.is_kernel:
                cause = kernel_cause(entry, right, other, expected, got)
                window: tuple[tuple[disasm.Line, bool], ...] = ()
            else:
                case = entry.machine()
                cause = machine_cause(case, got, other)
                window = window_of(case, cause)
                if cause is not None and cause.pc is not None:
                    cause = replace(cause, operation=breaking.rule_at(case, cause.pc))
            if cause is None and question.has_failed and is_as_specified(entry, expected):
                cause = unsteady(None, "a replay saw it fail; asked again, it agrees with the specification")
            if cause is None:
                yield None
            else:
                yield Divergence(entry.id, got.name, cause, votes, question.repro, window)


def window_of(case: MachineCase, cause: Cause | None) -> tuple[tuple[disasm.Line, bool], ...]:
    if cause is None or cause.pc is None:
        return ()
    return tuple(disasm.window(case.program.blob, cause.pc, WINDOW, case.program.mem_cycles))


def machine_cause(case: MachineCase, target: Target, engine: Engine) -> Cause | None:
    found = find.find(case, engine)
    if found is None:
        return None
    if found.what == What.BROKEN:
        return broken_machine(case, found, target, engine)
    if found.what == What.UNSTEADY:
        return replace(unsteady(found.step, TWO_WAYS, found.flavours), record=found.index)
    return machine.name(case, found, lambda other: find.find(other, engine))


def kernel_cause(entry: Entry, right: Engine, other: Engine, expected: Target, got: Target) -> Cause | None:
    case = entry.kernel()
    found = kernel_find.find(case, right, other, lambda: got.telling() or nullcontext())
    if found is None:
        return None
    if found.what == KernelWhat.BROKEN:
        return broken(found)
    if found.what == KernelWhat.UNSTEADY:
        return replace(unsteady(found.step, TWO_WAYS, found.flavours), record=found.index)
    cause = kernel.name(case, found)
    return cause if expected.kind == catalog.Kind.MODEL else replace(cause, rule="")


def broken(found: Finding | KernelFinding) -> Cause:
    """An engine that died, hung, answered garbage or could not go on."""
    unit = BROKEN.get(found.trouble, Unit.ERROR)
    fields = (Field("engine", "a reply", found.trouble),)
    flavours = found.flavours or frozenset({Flavour.PRODUCTION})
    return Cause(unit, fields, "", found.step, found.index, None, flavours, hint=ADVICE[unit], words=found.message)


def wrong_before(case: MachineCase, found: Finding, place: breaking.Place, engine: Engine) -> Cause | None:
    """What is wrong already before it breaks: that comes first."""
    assert found.step is not None
    step = case.steps[found.step]
    if isinstance(step, Write) or place.done == 0:
        return None
    shorter = replace(case, steps=(*case.steps[: found.step], replace(step, until=Until(instructions=place.done))))
    earlier = find.find(shorter, engine)
    if earlier is None or earlier.what in (What.BROKEN, What.UNSTEADY):
        return None
    cause = machine.name(shorter, earlier, lambda other: find.find(other, engine))
    flavours = earlier.flavours | found.flavours
    return replace(cause, flavours=flavours, words=f"then: {found.trouble}, {found.message}")


def unsteady(step: int | None, words: str, flavours: frozenset[Flavour] = frozenset()) -> Cause:
    """An engine that does not do the same twice: no vector and no rule is to blame."""
    fields = (Field("engine", "one answer", "two"),)
    flavours = flavours or frozenset({Flavour.PRODUCTION})
    return Cause(Unit.UNSTEADY, fields, step=step, flavours=flavours, hint=ADVICE[Unit.UNSTEADY], words=words)


def is_as_specified(entry: Entry, expected: Target) -> bool:
    """Whether a vector expects what the specification does: then an engine that failed it was wrong."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as selection:
        selection.write(f"{entry.id}\n")
        selection.flush()
        argv = [str(expected.harness), "replay", "--engine", expected.spec, "--select", selection.name]
        done = subprocess.run([*argv, entry.file], capture_output=True, check=False)
    return done.returncode == 0


def broken_machine(case: MachineCase, found: Finding, target: Target, engine: Engine) -> Cause:
    """The same, with the instruction in which it breaks if that can be seen."""
    cause = broken(found)
    if cause.unit == Unit.GARBAGE and found.step is not None and found.index is not None:
        place = breaking.before(case, found.step, found.index)
    elif cause.unit not in (Unit.DIED, Unit.HUNG) or found.step is None:
        return cause
    else:
        with target.open(PATIENCE) as impatient:
            place = breaking.place_of(case, found.step, impatient, Flavour.PRODUCTION not in found.flavours)
    if place is None:
        return cause
    earlier = wrong_before(case, found, place, engine)
    if earlier is not None or place.is_past_end:
        return earlier or cause
    agreed = Agreed(f"before instruction {place.done}", place.pc, place.gas, place.regs)
    cause = replace(cause, pc=place.pc, record=place.done, agreed=agreed, flavours=frozenset({Flavour.OBSERVED}))
    rule = breaking.rule_at(case, place.pc)
    return replace(cause, rule=rule, hint=f"{cause.hint}; it breaks in this instruction") if rule else cause
