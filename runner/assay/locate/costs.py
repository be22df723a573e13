"""Which small mistake of a cost model gives the charge that an engine took for a block."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from model import table
from model.machine import gas, isa
from model.machine.gas import Fields, Simulation
from model.machine.isa import Program
from model.table import Gas

WALK_MAX = 400  # longer blocks are not tried with other costs
CYCLES_TRIED = range(129)
SLOTS_TRIED = range(1, 5)
NAMED_MAX = 3
ENTRY = "gas/block/charged_on_entry"

Owner: TypeAlias = "dict[str, object] | object"
Ends: TypeAlias = Callable[[Program, int, int], bool]


@dataclass(frozen=True)
class Change:
    """One thing of the cost model that could be otherwise."""

    owner: Owner
    name: str
    value: object


@dataclass(frozen=True)
class Weakened:
    rule: str
    text: str  # as if …
    change: Change


@contextmanager
def changed(change: Change) -> Iterator[None]:
    """The cost model with one thing changed."""
    owner, name = change.owner, change.name
    if isinstance(owner, dict):
        right = owner[name]
        owner[name] = change.value
        try:
            yield
        finally:
            owner[name] = right
    else:
        right = getattr(owner, name)
        setattr(owner, name, change.value)
        try:
            yield
        finally:
            setattr(owner, name, right)


# What could be otherwise


def slots_always(rule: str, which: str) -> Callable[[Gas, Fields, int | None, list[int]], int]:
    right = gas.slots_of

    def slots_of(row: Gas, fields: Fields, target: int | None, sources: list[int]) -> int:
        return int(getattr(row, which) if row.slot_rule == rule else right(row, fields, target, sources))

    return slots_of


def walk_until(ends: Ends) -> Callable[[Program, int], Iterator[int]]:
    """A walk that ends earlier; ends(program, i, npc)."""

    def walk(program: Program, p: int) -> Iterator[int]:
        i = p
        while True:
            yield i
            npc = isa.next_pc(program.blob, i)
            if npc >= program.blob.code_len or program.is_start(npc) or ends(program, i, npc):
                return
            i = npc

    return walk


def ends_at_terminator(program: Program, i: int, npc: int) -> bool:
    record = isa.OPCODE.get(program.blob.code[i])
    return record is not None and record.ends


def ends_at_gap(program: Program, i: int, npc: int) -> bool:
    return not program.blob.start(npc)


def ends_at_invalid(program: Program, i: int, npc: int) -> bool:
    return program.blob.code[npc] not in isa.OPCODE


def ends_at_once(program: Program, i: int, npc: int) -> bool:
    return True


def move_costs(simulation: Simulation, target: int, source: int) -> None:
    simulation.execute(1, [source], target)


def no_move(simulation: Simulation, target: int, source: int) -> None:
    pass


def no_wait(simulation: Simulation, cycles: int, sources: Sequence[int], target: int | None) -> None:
    done = simulation.cycle + cycles
    if target is not None:
        simulation.ready[target] = done
    simulation.last = max(simulation.last, done)


def no_cycle(simulation: Simulation, slots: int) -> None:
    simulation.used += slots


def carried(simulation: Simulation, slots: int) -> None:
    simulation.used += slots
    while simulation.used > 4:
        simulation.cycle, simulation.used = simulation.cycle + 1, simulation.used - 4


right_nibble = gas.Fields.nibble


def missing_is_zero(fields: Fields, letter: str) -> int:
    at = fields.i + (2 if letter == "D" else 1)
    return 0 if at >= fields.blob.code_len else right_nibble(fields, letter)


def as_executed(fields: Fields, letter: str) -> int:
    """The fields of a three_reg as the instruction has them, not as the cost model has them."""
    record = isa.OPCODE[fields.blob.code[fields.i]]
    letter = {"A": "D", "D": "A"}.get(letter, letter) if record.form == "three_reg" else letter
    return min(isa.REGISTER_LAST, fields.nibble(letter))


def branch_costs(cost: int) -> Change:
    return Change(vars(gas), "branch_cost", lambda *_: cost)


def walks(ends: Ends) -> Change:
    return Change(vars(gas), "walk", walk_until(ends))


WEAKENED = [
    Weakened("gas/branch_cost", "every branch cost 20", branch_costs(20)),
    Weakened("gas/branch_cost", "every branch cost 1", branch_costs(1)),
    Weakened("gas/move_reg", "move_reg were any other instruction", Change(Simulation, "move", move_costs)),
    Weakened("gas/move_reg", "move_reg were not there", Change(Simulation, "move", no_move)),
    Weakened("gas/dependency", "nothing waited for its sources", Change(Simulation, "execute", no_wait)),
    Weakened("gas/slots", "a cycle were never full", Change(Simulation, "slots", no_cycle)),
    Weakened("gas/slots", "slots beyond 4 were carried over", Change(Simulation, "slots", carried)),
    *(
        Weakened(
            f"gas/slots/{rule.lower()}",
            f"{rule} rows always took {which}",
            Change(vars(gas), "slots_of", slots_always(rule, which)),
        )
        for rule in ("OVERLAP", "SHIFT")
        for which in ("slots_if", "slots_else")
    ),
    Weakened("gas/walk/through_terminator", "the walk ended at a terminator", walks(ends_at_terminator)),
    Weakened("gas/walk/ignores_start_bits", "the walk ended at a clear start bit", walks(ends_at_gap)),
    Weakened("gas/walk/invalid_opcode", "the walk ended at an invalid opcode", walks(ends_at_invalid)),
    Weakened("gas/walk", "only the first instruction counted", walks(ends_at_once)),
    Weakened("gas/fields/missing", "a missing field were 0", Change(Fields, "nibble", missing_is_zero)),
    Weakened("gas/fields", "a three_reg read rA and rB and wrote rD", Change(Fields, "register", as_executed)),
    Weakened("gas/walk/invalid_opcode", "an invalid opcode were free", Change(table.LIMIT, "invalid_cycles", 0)),
    Weakened("gas/cost", "3 were not taken off", Change(table.LIMIT, "cost_discount", 0)),
    Weakened("gas/cost", "a block could be free", Change(table.LIMIT, "cost_minimum", 0)),
]


class Cost:
    """Explains a wrong charge for the block at p; `agreed` are blocks whose charge was right."""

    def __init__(self, program: Program, p: int, mem_cycles: int, agreed: Sequence[int] = ()) -> None:
        self.program = program
        self.p = p
        self.mem_cycles = mem_cycles
        self.right = gas.block_cost(program, p, mem_cycles)
        self.agreed = [(other, gas.block_cost(program, other, mem_cycles)) for other in dict.fromkeys(agreed)]
        self.visited = list(gas.walk(program, p))

    def explain(self, charged: int) -> tuple[str, str]:
        """The rule, and a hint."""
        if charged == 0:
            return ENTRY, "the block was not charged"
        if charged == 2 * self.right:
            return ENTRY, "the block was charged twice"
        found: list[tuple[str, str]] = []
        if len(self.visited) <= WALK_MAX:
            found = [*self.structural(charged), *self.tiers(charged), *self.rows(charged)]
        off = f"{charged - self.right:+} gas"
        if not found:
            return "gas/table", f"{off}, and no single change of a cost explains it"
        return found[0][0], f"{off}, as if " + ", or ".join(text for _, text in found[:NAMED_MAX])

    def cost_with(self, change: Change, p: int) -> int:
        with changed(change):
            return int(gas.block_cost(self.program, p, self.mem_cycles))

    def holds(self, change: Change, charged: int) -> bool:
        """The change gives this charge here and leaves the blocks that agreed as they were."""
        return self.cost_with(change, self.p) == charged and all(
            self.cost_with(change, other) == cost for other, cost in self.agreed
        )

    def structural(self, charged: int) -> Iterator[tuple[str, str]]:
        for weakened in WEAKENED:
            if self.holds(weakened.change, charged):
                yield weakened.rule, weakened.text

    def tiers(self, charged: int) -> Iterator[tuple[str, str]]:
        for tier in gas.MEM_CYCLES:
            if tier != self.mem_cycles and charged == gas.block_cost(self.program, self.p, tier):
                yield "gas/mem_cycles", f"mem_cycles were {tier}"

    def rows(self, charged: int) -> list[tuple[str, str]]:
        """One record of gas.def with other cycles or slots, the nearest first."""
        codes = {self.program.blob.code[i] for i in self.visited} & set(isa.OPCODE)
        found = []
        for name in sorted(isa.OPCODE[code].name for code in codes):
            row = gas.ROW[name]
            other = next(
                (other for other in other_rows(row) if self.holds(Change(gas.ROW, name, other), charged)), None
            )
            if other is not None and other.cycles != row.cycles:
                found.append((abs(other.cycles - row.cycles), f"{name} took {other.cycles} cycles"))
            elif other is not None:
                found.append((abs(other.slots_if - row.slots_if), f"{name} took {other.slots_if} slots"))
        return [("gas/table", text) for _, text in sorted(found)]


def other_rows(row: Gas) -> Iterator[Gas]:
    if row.kind == "PLAIN":
        for cycles in sorted(CYCLES_TRIED, key=lambda cycles: abs(cycles - row.cycles)):
            if cycles != row.cycles:
                yield row._replace(cycles=cycles)
    for slots in SLOTS_TRIED:
        if slots != row.slots_if:
            yield row._replace(slots_if=slots, slots_else=slots)
