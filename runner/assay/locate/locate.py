"""From a failing case to what a card shows: found by the harness, named by the specification.

    for found in locate(catalog.parse("model"), target, questions): ...

The first engine is the expected side. All cases are played in one process of `assay-native diff`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.assembly import disasm
from assay.base.level import Flavour
from assay.engines import catalog
from assay.engines.answers import Instruction
from assay.engines.catalog import Kind, Target
from assay.engines.trouble import EngineDied, EngineGarbage, EngineHung
from assay.locate import fields as make
from assay.locate import harness, kernel, kernel_words, machine
from assay.locate.divergence import Agreed, Cause, Divergence, Field, Unit
from assay.locate.finding import Finding, KernelFinding, MachineFinding, What
from assay.locate.machine import Richer
from assay.suite import program
from assay.suite.case import MachineCase, Run
from assay.suite.collection import Entry
from model.machine import blob, isa

WINDOW = 3
BROKEN = {EngineDied.kind: Unit.DIED, EngineHung.kind: Unit.HUNG, EngineGarbage.kind: Unit.GARBAGE}
ADVICE = {
    Unit.DIED: "whatever a guest does, an engine goes on",
    Unit.HUNG: "whatever a guest does, an engine comes back",
    Unit.GARBAGE: "every reply is one of runner/PROTOCOL.md",
    Unit.ERROR: "the request was one of runner/PROTOCOL.md",
    Unit.UNSTEADY: "the same request on the same state has one answer",
}
PLAIN = {
    What.LOAD: Unit.LOAD,
    What.RESULT: Unit.REFUSAL,
    What.INSTRUCTION: Unit.INSTRUCTION,
    What.BLOCK: Unit.BLOCK,
    What.GAS: Unit.PRODUCTION_BLOCK,
}


@dataclass(frozen=True)
class Question:
    """A case that fails, and what its card says around the difference."""

    entry: Entry
    repro: str = ""
    votes: Mapping[str, bool] = field(default_factory=dict)
    is_broken: bool = False  # the engine is known to break on it
    has_failed: bool = False  # a replay has seen it fail


def expected_side(entry: Entry, target: Target) -> str:
    """The specification, or of our engines another one if the case is too long for it."""
    voters = entry.votes or (catalog.MODEL,)
    return next((name for name in voters if name != target.name), catalog.MODEL)


def locate(
    expected: Target,
    got: Target,
    questions: Sequence[Question],
    timeout: float = catalog.TIMEOUT,
    ended_badly: dict[str, str] | None = None,
) -> list[Divergence | None]:
    """The first divergence on each case; None where the two agree in everything.

    Which of them do not end well is noted in `ended_badly`, if that is asked for.
    """
    files = list(dict.fromkeys(question.entry.file for question in questions))
    found: dict[str, Finding] = {}
    for alone in (False, True):
        ids = [question.entry.id for question in questions if question.is_broken == alone]
        if ids:
            found |= harness.diff(expected, got, ids, files, timeout, alone, ended_badly)
    names = Names(expected, got, timeout, {question.entry.id: question.entry for question in questions}, found)
    return [
        names.divergence(question, found[question.entry.id]) if question.entry.id in found else names.vanished(question)
        for question in questions
    ]


class Names:
    """Names findings of one pair of engines."""

    def __init__(
        self,
        expected: Target,
        got: Target,
        timeout: float,
        entries: Mapping[str, Entry],
        found: Mapping[str, Finding],
    ) -> None:
        self.expected = expected
        self.got = got
        self.is_by_rule = expected.kind == Kind.MODEL
        self.richer = self.with_more_gas(entries, found, timeout) if self.is_by_rule else {}

    def with_more_gas(
        self, entries: Mapping[str, Entry], found: Mapping[str, Finding], timeout: float
    ) -> dict[str, Richer]:
        """What differs on the cases whose charge shows only with more gas, all played at once."""
        poor = [
            machine.with_more_gas(entries[case].machine(), finding)
            for case, finding in found.items()
            if isinstance(finding, MachineFinding) and finding.step is not None and machine.wants_gas(finding)
        ]
        cases = {case.id: case for case in poor if case is not None}
        if not cases:
            return {}
        with program.vector_file(list(cases.values())) as path:
            again = harness.diff(self.expected, self.got, list(cases), [path], timeout)
        return {
            name: Richer(cases[name], finding) for name, finding in again.items() if isinstance(finding, MachineFinding)
        }

    def votes(self, question: Question) -> Mapping[str, bool]:
        return {self.expected.name: True, self.got.name: False} | dict(question.votes)

    def vanished(self, question: Question) -> Divergence | None:
        """What a replay saw and is no more: of a vector that is as specified, the engine was wrong."""
        if not question.has_failed or not harness.passes(self.expected, question.entry):
            return None
        cause = unsteady("a replay saw it fail; asked again, it agrees with the specification")
        return Divergence(question.entry.id, self.got.name, cause, self.votes(question), question.repro)

    def divergence(self, question: Question, found: Finding) -> Divergence:
        votes = self.votes(question)
        entry = question.entry
        if isinstance(found, KernelFinding):
            return Divergence(entry.id, self.got.name, self.kernel_cause(entry, found), votes, question.repro)
        assert isinstance(found, MachineFinding)
        case = entry.machine()
        cause = self.machine_cause(case, found)
        if not cause.is_in_block:
            cause = replace(cause, operation=rule_at(case, cause.pc))
        return Divergence(entry.id, self.got.name, cause, votes, question.repro, window_of(case, cause))

    def machine_cause(self, case: MachineCase, found: MachineFinding) -> Cause:
        if found.broken is not None:
            return broken_machine(case, found)
        if found.what == What.UNSTEADY:
            return unsteady_at(found)
        if not self.is_by_rule:
            return plain(case, found)
        return machine.name(case, found, self.richer.get(found.case))

    def kernel_cause(self, entry: Entry, found: KernelFinding) -> Cause:
        if found.broken is not None:
            return broken_kernel(found)
        if found.what == What.UNSTEADY:
            return unsteady_at(found)
        if self.is_by_rule:
            return kernel.name(entry.kernel(), found)
        return plain_kernel(entry, found)


def window_of(case: MachineCase, cause: Cause) -> tuple[tuple[disasm.Line, bool], ...]:
    if cause.pc is None:
        return ()
    return tuple(disasm.window(case.program.blob, cause.pc, WINDOW, case.program.mem_cycles))


# Where an engine fails


def broken(found: Finding) -> Cause:
    """An engine that died, hung, answered garbage or could not go on."""
    assert found.broken is not None
    unit = BROKEN.get(found.broken.failure, Unit.ERROR)
    words = [found.broken.failure, "a reply"] if found.broken.is_expected else ["a reply", found.broken.failure]
    fields = (Field("engine", *words),)
    return Cause(
        unit,
        fields,
        step=found.step,
        record=found.index,
        flavours=found.flavours,
        hint=ADVICE[unit],
        words=found.broken.message,
        during=found.broken.during,
    )


def broken_machine(case: MachineCase, found: MachineFinding) -> Cause:
    """The same, with the instruction in which it breaks if that was found."""
    cause, last = broken(found), found.agreed
    step = None if found.step is None else case.steps[found.step]
    if last is None and isinstance(step, Run):
        last = Agreed("", step.pc, step.gas, step.regs)
    if found.index is None or last is None:
        return cause
    what = "block" if found.is_by_gas else "instruction"
    cause = replace(cause, pc=last.pc, agreed=replace(last, what=f"before {what} {found.index}"))
    if found.is_by_gas:
        hint = f"{cause.hint}; it breaks in this block, which it can pay with gas {found.gas}"
        return replace(cause, is_in_block=True, hint=hint)
    rule = rule_at(case, last.pc)
    return replace(cause, rule=rule, hint=f"{cause.hint}; it breaks in this instruction") if rule else cause


def broken_kernel(found: KernelFinding) -> Cause:
    """The same, with the last record before it, if that is known."""
    if found.before is None or not found.index:
        return broken(found)
    last = kernel_words.what_it_was(found.before)
    return replace(broken(found), operation=f"after {last}", agreed=Agreed(f"L2 record {found.index - 1} ({last})"))


def unsteady(words: str) -> Cause:
    """An engine that does not do the same twice: no vector and no rule is to blame."""
    fields = (Field("engine", "one answer", "two"),)
    hint = ADVICE[Unit.UNSTEADY]
    return Cause(Unit.UNSTEADY, fields, flavours=frozenset({Flavour.PRODUCTION}), hint=hint, words=words)


def unsteady_at(found: Finding) -> Cause:
    cause = unsteady("the same step of the same case, asked twice, went two ways")
    return replace(cause, fields=found.differences or cause.fields, step=found.step, flavours=found.flavours)


# Between two engines of which none is the specification


def plain(case: MachineCase, found: MachineFinding) -> Cause:
    """What differs and where; the rule is only that of the instruction."""
    fields, pc = plain_fields(found)
    unit = PLAIN.get(found.what, Unit.END)
    is_instruction = found.what == What.INSTRUCTION and None not in found.records
    exits = (found.stops[0].exit, found.stops[1].exit) if unit == Unit.END and found.stops else ("", "")
    return Cause(
        unit,
        fields,
        rule_at(case, pc) if is_instruction else "",
        found.step,
        found.index,
        pc,
        found.flavours,
        found.agreed,
        exits,
    )


def plain_fields(found: MachineFinding) -> tuple[tuple[Field, ...], int | None]:
    """The fields of a finding, and the place it is about."""
    expected, got = found.records
    if expected is not None and got is not None:
        before = found.agreed.regs if found.agreed else None
        return tuple(make.of_records(expected, got, before)), expected.pc
    record = expected or got
    if record is not None and found.stops is not None:
        what = f"{'instruction' if isinstance(record, Instruction) else 'block'} at {record.pc:#x}"
        stop = make.ending(found.stops[0 if expected is None else 1])
        return (Field("next", *((stop, what) if expected is None else (what, stop))),), record.pc
    if found.what == What.MEMORY and found.stops is None:
        return tuple(make.of_memory(found.differences)), None
    if found.what in (What.LOAD, What.RESULT) or found.stops is None:
        return (Field(found.what.value, *found.words),), None
    fields = make.of_stops(*found.stops) + make.of_memory(found.differences)
    return tuple(fields), found.stops[0].pc


def rule_at(case: MachineCase, pc: int | None) -> str:
    """The rule of the instruction at a place, if there is one."""
    if pc is None:
        return ""
    try:
        decoded = isa.Program(blob.parse(case.program.blob))
    except blob.Rejected:
        return ""
    return decoded.instruction(pc).name if pc in decoded.executable else ""


def plain_kernel(entry: Entry, found: KernelFinding) -> Cause:
    expected, got = found.values
    if found.what == What.EVENT:
        fields = tuple(kernel_words.record_fields(expected, got))
        agreed = Agreed(f"L2 record {(found.index or 0) - 1} ({kernel_words.what_it_was(found.before)})")
        hint = kernel_words.what_it_was(expected)
        before = agreed if found.index else None
        flavours = found.flavours
        return Cause(Unit.EVENT, fields, "", found.step, found.index, flavours=flavours, agreed=before, hint=hint)
    return replace(kernel.name(entry.kernel(), found), rule="")
