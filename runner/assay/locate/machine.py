"""Names the first difference on a case of the machine: its rule, its fields, and what was agreed before.

The harness has found where two engines part. Here the specification is played up to there, and asked which rules
decided what came next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.engines.answers import Block, Instruction, Record, RecordKind, Stop
from assay.locate import fields as make
from assay.locate import rules, values
from assay.locate.costs import Cost
from assay.locate.divergence import Agreed, Cause, Field, Unit
from assay.locate.finding import MachineFinding, What
from assay.locate.trail import Story, Trail, is_complete
from assay.suite.case import MachineCase, Resume, Run, Write
from model.machine import gas
from model.machine.isa import Instruction as Decoded
from model.table import Kind

RAISED = 1 << 40  # more gas than any block costs
PAST = 2  # records from the missing one on: its own, and the next, which has the gas that it left
STORED = ("store", "stored at", "width", "value")
UNIT = {What.INSTRUCTION: Unit.INSTRUCTION, What.BLOCK: Unit.BLOCK}
RECORD = {What.INSTRUCTION: RecordKind.INSTRUCTIONS, What.BLOCK: RecordKind.BLOCKS}
NOUN = {What.INSTRUCTION: "instruction", What.BLOCK: "block"}


@dataclass(frozen=True)
class Richer:
    """A case with more gas, and what differs on it."""

    case: MachineCase
    found: MachineFinding


def name(case: MachineCase, found: MachineFinding, richer: Richer | None = None) -> Cause:
    """The cause of a finding; `richer` is what differs with more gas, where `wants_gas` says so."""
    if found.what == What.LOAD:
        return name_load(case, found)
    if found.what == What.RESULT:
        return name_refusal(case, found)
    assert found.step is not None
    if found.stops is None and found.what == What.MEMORY:
        return name_write(found)
    namer = Namer(case, found, Story(case, found.step), richer)
    if found.what == What.GAS:
        return namer.by_gas()
    return namer.by_record() if found.what in UNIT else namer.by_stop()


def wants_gas(found: MachineFinding) -> bool:
    """The engine ran out of gas where the specification goes on: with more gas its charge shows."""
    is_missing = found.what in UNIT and found.records[0] is not None and found.records[1] is None
    return is_missing and found.stops is not None and found.stops[1].exit == "out_of_gas"


def with_more_gas(case: MachineCase, found: MachineFinding) -> MachineCase | None:
    """The case up to a step, and that step with more gas than any block costs, a little past the missing record.

    A loop that ended for want of gas would go on for hours with it.
    """
    assert found.step is not None and found.index is not None
    gas_left, _ = Story(case, found.step).at_start()
    step = case.steps[found.step]
    if gas_left >= RAISED or isinstance(step, Write):
        return None
    most = found.index + PAST
    if found.what == What.BLOCK:
        until = replace(step.until, blocks=min(step.until.blocks or most, most))
    else:
        until = replace(step.until, instructions=min(step.until.instructions or most, most))
    return replace(case, steps=(*case.steps[: found.step], replace(step, gas=gas_left + RAISED, until=until)))


def name_load(case: MachineCase, found: MachineFinding) -> Cause:
    expected, got = found.words
    rule = expected if expected.startswith("blob/") else got
    if not rule.startswith("blob/"):
        is_cycles = case.program.mem_cycles not in gas.MEM_CYCLES
        rule = "gas/mem_cycles" if is_cycles else "mem/page_given_once"
    return Cause(Unit.LOAD, (Field("load", expected, got),), rule, flavours=found.flavours)


def name_write(found: MachineFinding) -> Cause:
    """What a step of the case wrote is not what is there."""
    return Cause(Unit.END, tuple(make.of_memory(found.differences)), "mem/access", found.step, flavours=found.flavours)


def name_refusal(case: MachineCase, found: MachineFinding) -> Cause:
    assert found.step is not None
    step = case.steps[found.step]
    if isinstance(step, Write):
        what, rule = "write", "mem/access"
    elif isinstance(step, Resume):
        what, rule = "resume", "exit/resume/legal"
    else:
        what, rule = "run", "exit/entry"
    return Cause(Unit.REFUSAL, (Field(what, *found.words),), rule, found.step, flavours=found.flavours)


class Namer:
    """One finding within a step."""

    def __init__(self, case: MachineCase, found: MachineFinding, story: Story, richer: Richer | None) -> None:
        self.case = case
        self.found = found
        self.story = story
        self.richer = richer
        assert story.program is not None, "what is not admitted has no steps"
        self.program = story.program

    def instruction_at(self, pc: int | None) -> Decoded | None:
        return self.program.instruction(pc) if pc in self.program.executable else None

    def cause(
        self, unit: Unit, fields: Sequence[Field], rule: str, pc: int | None, trail: Trail, hint: str = ""
    ) -> Cause:
        gas_left, regs = self.story.at_start()
        return Cause(
            unit,
            tuple(fields),
            rule,
            self.found.step,
            self.found.index,
            pc,
            self.found.flavours,
            trail.last or Agreed("start of the step", None, gas_left, regs),
            self.exits(),
            hint,
        )

    def exits(self) -> tuple[str, str]:
        """How each side ended, of those that have no record there."""
        if self.found.stops is None:
            return "", ""
        ends = [stop.exit for stop in self.found.stops]
        if self.found.what in UNIT:
            ends = ["" if record else end for record, end in zip(self.found.records, ends, strict=True)]
        return ends[0], ends[1]

    # A record that differs, is missing, or is too many

    def by_record(self) -> Cause:
        assert self.found.index is not None
        trail, _ = self.story.follow((RECORD[self.found.what], self.found.index))
        expected, got = self.found.records
        if expected is None:
            assert got is not None
            return self.extra(got)
        if got is None:
            return self.missing(expected, trail)
        gas_left, regs = self.before(trail)
        fields = make.of_records(expected, got, regs)
        if expected.pc != got.pc:
            return self.by_flow(expected, got, fields, trail)
        if isinstance(expected, Block) and isinstance(got, Block):
            return self.by_block(expected, got, fields, trail, gas_left)
        return self.by_instruction(expected, got, fields, trail, regs)

    def before(self, trail: Trail) -> tuple[int, tuple[int, ...]]:
        """Gas and registers before the record."""
        gas_left, regs = self.story.at_start()
        block, last = trail.last_block, trail.last
        return (block.gas if block else gas_left), (last.regs if last else regs)

    def by_flow(self, expected: Record, got: Record, fields: Sequence[Field], trail: Trail) -> Cause:
        """Another pc than expected: the instruction before went wrong."""
        last = trail.last_instruction
        unit = UNIT[self.found.what]
        if last is None:
            rule = rules.for_flow(None, (), expected.pc, got.pc)
            return self.cause(unit, fields, rule, expected.pc, trail)
        insn = self.instruction_at(last.pc)
        reached = self.story.decided(trail.instruction_count - 1)
        rule = rules.for_flow(insn, reached, expected.pc, got.pc)
        hint = "the instruction before it went to another place" if insn is not None else ""
        return self.cause(unit, fields, rule, last.pc, trail, hint)

    def by_block(self, expected: Block, got: Block, fields: list[Field], trail: Trail, gas_left: int) -> Cause:
        """The charge, or the registers at a block's entry."""
        if expected.gas == got.gas:
            return self.by_registers_at_block(expected, fields, trail)
        cost = Cost(self.program, expected.pc, self.case.program.mem_cycles, list(trail.paid))
        charged = gas_left - got.gas
        rule, hint = cost.explain(charged)
        charge = f"charged {charged}, the block costs {gas_left - expected.gas}"
        fields = [replace(field, hint=charge) if field.name == "gas" else field for field in fields]
        return self.cause(Unit.BLOCK, fields, rule, expected.pc, trail, hint)

    def by_registers_at_block(self, expected: Block, fields: Sequence[Field], trail: Trail) -> Cause:
        """No instruction record was wrong, or the engine has none: then it is one of the block before."""
        insn = self.instruction_at(trail.last_instruction.pc) if trail.last_instruction else None
        if insn is None or RecordKind.INSTRUCTIONS not in self.found.unseen:
            return self.cause(Unit.BLOCK, fields, "exit/record/block", expected.pc, trail)
        hint = "one of the instructions of the block before"
        return self.cause(Unit.BLOCK, fields, insn.name, insn.pc, trail, hint)

    def by_instruction(
        self, expected: Record, got: Record, fields: Sequence[Field], trail: Trail, regs: tuple[int, ...]
    ) -> Cause:
        insn = self.instruction_at(expected.pc)
        assert insn is not None and isinstance(expected, Instruction) and isinstance(got, Instruction)
        reached = self.story.decided(trail.instruction_count)
        first = fields[0].name
        if first in STORED:
            rule = self.rule_of_store(insn, reached, first, expected, got)
        else:
            number = int(first[1:])
            hint = make.register_hint(number, expected.regs[number], got.regs[number], regs)
            rule = rules.for_register(insn, reached, number, hint)
        return self.cause(Unit.INSTRUCTION, fields, rule, expected.pc, trail)

    def rule_of_store(
        self, insn: Decoded, reached: rules.Reached, first: str, expected: Instruction, got: Instruction
    ) -> str:
        if expected.store is None or got.store is None or first == "width":
            return str(insn.name)
        if first == "stored at":
            hint = values.hint_of(expected.store.address, got.store.address)
            return rules.for_store_address(insn, reached, hint)
        return rules.for_store_value(insn, values.hint_of(expected.store.value, got.store.value))

    def missing(self, record: Record, trail: Trail) -> Cause:
        """The engine ended, or gave no such record, where the specification has one."""
        assert self.found.stops is not None
        expected, got = self.found.stops
        what = NOUN[self.found.what]
        fields = [Field("next", f"{what} at {record.pc:#x}", make.ending(got))]
        unit, pc, hint = UNIT[self.found.what], record.pc, ""
        if got.exit == expected.exit and got.pc == expected.pc:
            rule = f"exit/record/{what}"
        elif got.exit == "out_of_gas":
            rule, hint = self.by_poverty(record)
        elif trail.last is None and got.exit == "panic":
            rule = "exit/entry" if isinstance(self.story.step, Run) else "exit/resume/sequential"
        else:
            rule, pc = self.by_early_exit(record, got, trail)
        return self.cause(unit, fields, rule, pc, trail, hint)

    def by_early_exit(self, record: Record, got: Stop, trail: Trail) -> tuple[str, int]:
        done, last = trail.instruction_count, trail.last_instruction
        insn = self.instruction_at(record.pc)
        # it ended at the instruction before, or where that one went by mistake
        if last is not None and (got.pc == last.pc or got.exit == "trap"):
            insn, done = self.instruction_at(last.pc), max(0, done - 1)
        pc = insn.pc if insn is not None else record.pc
        at_end = got.pc >= self.program.code_len
        return rules.for_early_exit(got.exit, insn, self.story.decided(done), at_end), pc

    def by_poverty(self, record: Record) -> tuple[str, str]:
        """The engine ran out of gas too early: with more gas its charge shows."""
        if self.richer is not None and self.richer.found.what in UNIT:
            cause = name(self.richer.case, self.richer.found)
            if cause.unit == Unit.BLOCK and cause.pc == record.pc:
                return cause.rule, f"with more gas: {cause.hint}"
        enough = isinstance(record, Block) and record.gas == 0
        return "gas/block/exact_is_enough" if enough else "gas/out_of_gas", ""

    def extra(self, record: Record) -> Cause:
        """The engine went on where the specification ends."""
        assert self.found.stops is not None
        expected, _ = self.found.stops
        trail, _ = self.story.follow()
        fields = [Field("next", make.ending(expected), f"{NOUN[self.found.what]} at {record.pc:#x}")]
        reached, insn = self.at_end(expected, trail)
        rule = rules.for_missed_exit(expected.exit, insn, reached)
        if expected.exit == "panic" and trail.last is None and isinstance(self.story.step, Run):
            rule = "exit/entry"
        return self.cause(UNIT[self.found.what], fields, rule, self.place_of(expected), trail)

    # Stops that differ

    def by_stop(self) -> Cause:
        assert self.found.stops is not None
        expected, got = self.found.stops
        fields = make.of_stops(expected, got) + make.of_memory(self.found.differences)
        trail, _ = self.story.follow()
        reached, insn = self.at_end(expected, trail)
        rule = rules.for_end(expected.exit, got.exit, fields, insn, reached)
        return self.cause(Unit.END, fields, rule, self.place_of(expected), trail)

    def at_end(self, expected: Stop, trail: Trail) -> tuple[set[str], Decoded | None]:
        """The rules reached by the last thing that happened, and its instruction."""
        done = trail.instruction_count - is_complete(expected)
        return self.story.decided(max(0, done)), self.instruction_at(self.place_of(expected))

    def place_of(self, stop: Stop) -> int:
        """The instruction a stop is about: its own pc, or the one before an ecall's npc."""
        if stop.exit in ("host_call", "ecall"):
            return max((pc for pc in self.program.executable if pc < stop.pc), default=stop.pc)
        return stop.pc

    # Gas was the clock

    def by_gas(self) -> Cause:
        """Only production code can be compared: the block that the least budget pays last is wrong."""
        shown = replace(self.by_stop(), hint=self.unseen())
        end = self.with_least_budget().by_stop()
        trail, _ = self.story.follow(gas=self.found.gas)
        fields, block = end.fields, trail.last_block
        if self.is_about_the_charge():
            return self.by_charge(shown, trail)
        if block is None:  # it goes wrong without any gas: in the block in which a stop had left it
            if self.instruction_at(end.pc) is None:
                return shown
            rule, pc = self.rule_in_block(fields, end.pc)
            return replace(shown, rule=rule, pc=pc)
        index = trail.block_count - 1
        rule, pc = self.rule_in_block(fields, block.pc)
        agreed = Agreed(f"L1 block {index}", block.pc, block.gas, block.regs)
        return replace(shown, unit=Unit.PRODUCTION_BLOCK, rule=rule, pc=pc, record=index, agreed=agreed)

    def by_charge(self, shown: Cause, trail: Trail) -> Cause:
        """The block that the specification cannot pay with this budget and the engine can, or the other way round."""
        assert self.found.poor is not None
        stop, _ = self.found.poor
        block, index = trail.last_block, trail.block_count
        pc: int | None = stop.pc
        if stop.exit != "out_of_gas":
            pc, index = (block.pc if block else None), max(0, index - 1)
        rule = "gas/block/charged_on_entry"
        return replace(shown, unit=Unit.PRODUCTION_BLOCK, rule=rule, pc=pc, record=index, agreed=trail.last)

    def is_about_the_charge(self) -> bool:
        """With one unit of gas less both ran out of it in the same place; with this one only one of them still does."""
        if self.found.poor is None:
            return False
        return [stop.exit for stop in self.found.poor].count("out_of_gas") == 1

    def with_least_budget(self) -> "Namer":
        found = self.found
        if found.poor is None:
            return self
        poor = replace(found, stops=found.poor, differences=found.poor_differences)
        return Namer(self.case, poor, self.story, self.richer)

    def unseen(self) -> str:
        """What could be compared, and how the place was found."""
        lacks = sorted(kind.value for kind in self.found.unseen)
        if not lacks:
            seen = "observed it agrees"
        elif len(lacks) == len(RecordKind):
            seen = "this engine gives no records, so none were compared"
        else:
            seen = f"this engine gives no records of {lacks[0]}; the others agree"
        if self.found.gas == 0:
            return f"{seen}; it differs with any gas, so only the end could be seen"
        return f"{seen}; found by bisecting the gas: {self.found.gas} is the least that shows it"

    def rule_in_block(self, fields: Sequence[Field], start: int | None) -> tuple[str, int | None]:
        """The instruction of the block that last wrote what is wrong, and where it is."""
        names = [field.name for field in fields]
        if names == ["gas"]:
            return "gas/block/charged_on_entry", start
        wrong = {int(name[1:]) for name in names if name[1:].isdigit()}
        in_memory = bool(names) and names[0].startswith("memory")
        writer = last = None
        for pc in gas.walk(self.program, start or 0):
            insn = self.instruction_at(pc)
            if insn is None:
                break
            is_store = in_memory and rules.kind_of(insn) == Kind.STORE
            if rules.written_register(insn) in wrong or is_store:
                writer = insn
            last = insn
        if writer is not None:
            return str(writer.name), writer.pc
        return (str(last.name) if last is not None else "gas/block/charged_on_entry"), start
