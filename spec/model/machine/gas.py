"""gas.md: what a block costs."""

from collections.abc import Iterator

from model.machine.blob import Blob
from model.machine.isa import OPCODE, Program, next_pc
from model.reach import rule
from model.table import GAS, LIMIT, Gas

ROW = {record.name: record for record in GAS}
REGISTER_LAST = LIMIT["register_last"]
MEM_CYCLES = (25, 50, 75, 100)
COLD = {"trap": "gas/branch_cost/trap", "unlikely": "gas/branch_cost/unlikely"}


def block_cost(program: Program, p: int, mem_cycles: int) -> int:
    """The cost of the block that starts at p."""
    simulation = Simulation()
    for i in walk(program, p):
        visit(simulation, program, i, mem_cycles)
    return simulation.cost()


def walk(program: Program, p: int) -> Iterator[int]:
    """The positions costed for the block at p (gas/walk)."""
    rule("gas/walk")
    blob, i = program.blob, p
    while True:
        yield i
        rule("isa/skip")
        npc = next_pc(blob, i)
        if npc >= blob.code_len or program.is_start(npc):
            return
        if blob.code[i] in OPCODE and OPCODE[blob.code[i]].ends:
            rule("gas/walk/through_terminator")
        if not blob.start(npc):
            rule("gas/walk/ignores_start_bits")
        i = npc


class Simulation:
    def __init__(self) -> None:
        self.ready = [0] * LIMIT["register_count"]
        self.cycle = self.used = self.last = 0

    def slots(self, slots: int) -> None:
        """gas/slots"""
        if self.used >= LIMIT["slots_per_cycle"]:
            rule("gas/slots")
            self.cycle += 1
            self.used = slots
        else:
            self.used += slots

    def move(self, target: int, source: int) -> None:
        """gas/move_reg"""
        rule("gas/move_reg")
        self.ready[target] = self.ready[source]

    def execute(self, cycles: int, sources: list[int], target: int | None) -> None:
        """gas/dependency"""
        start = max([self.cycle] + [self.ready[source] for source in sources])
        if start > self.cycle:
            rule("gas/dependency")
        done = start + cycles
        if target is not None:
            self.ready[target] = done
        self.last = max(self.last, done)

    def cost(self) -> int:
        """gas/cost"""
        rule("gas/cost")
        return max(self.last - LIMIT["cost_discount"], LIMIT["cost_minimum"])


def visit(simulation: Simulation, program: Program, i: int, mem_cycles: int) -> None:
    """One position of the walk."""
    record = OPCODE.get(program.blob.code[i])
    if record is None:
        rule("gas/walk/invalid_opcode")
        simulation.slots(LIMIT["invalid_slots"])
        simulation.execute(LIMIT["invalid_cycles"], [], None)
        return
    rule("gas/table")
    row = ROW[record.name]
    fields = Fields(program.blob, i)
    sources = [fields.register(letter) for letter in row.sources]
    target = fields.register(row.target) if row.target else None
    simulation.slots(slots_of(row, fields, target, sources))
    if row.kind == "MOVE" and target is not None:
        simulation.move(target, sources[0])
    else:
        simulation.execute(cycles_of(row, program, i, mem_cycles), sources, target)


class Fields:
    """The register fields of the instruction at i as gas sees them (gas/fields)."""

    def __init__(self, blob: Blob, i: int) -> None:
        self.blob = blob
        self.i = i

    def nibble(self, letter: str) -> int:
        """The field, unclamped; 12 where its byte is missing (gas/fields/missing)."""
        rule("gas/fields")
        at = self.i + (2 if letter == "D" else 1)
        if at >= self.blob.code_len:
            rule("gas/fields/missing")
            return REGISTER_LAST
        return self.blob.code[at] // 16 if letter == "B" else self.blob.code[at] % 16

    def register(self, letter: str) -> int:
        return min(REGISTER_LAST, self.nibble(letter))


def slots_of(row: Gas, fields: Fields, target: int | None, sources: list[int]) -> int:
    if row.slot_rule == "OVERLAP":
        rule("gas/slots/overlap")
        return row.slots_if if target in sources else row.slots_else
    if row.slot_rule == "SHIFT":
        rule("gas/slots/shift")
        return row.slots_if if fields.nibble("A") == fields.nibble("B") else row.slots_else
    return row.slots_if


def cycles_of(row: Gas, program: Program, i: int, mem_cycles: int) -> int:
    if row.kind == "MEM":
        rule("gas/mem_cycles")
        return mem_cycles
    if row.kind == "BRANCH":
        return branch_cost(program, i)
    return row.cycles


def branch_cost(program: Program, i: int) -> int:
    """gas/branch_cost"""
    rule("gas/branch_cost")
    blob, target = program.blob, program.instruction(i).target
    if 0 <= target < blob.code_len and blob.start(target):
        record = OPCODE.get(blob.code[target])
        if record is not None and record.name in COLD:
            rule(COLD[record.name])
            return LIMIT["branch_cost_cold"]
        rule("gas/branch_cost/plain")
    else:
        rule("gas/branch_cost/no_start" if 0 <= target < blob.code_len else "gas/branch_cost/beyond")
    return LIMIT["branch_cost_plain"]
