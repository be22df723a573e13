"""Names what is most likely broken: a rule for a difference, a hint for a value, a cause for a cost.

Nothing here judges: `locate` has found that two records differ. Here the specification is asked which
rules decided that record, and which small mistake would give the other value.
"""

from contextlib import contextmanager

import model
from model.machine import gas, isa

WORD = 2**64
WALK_MAX = 400  # longer blocks are not tried with other costs
CYCLES_TRIED = range(0, 129)
NAMED_MAX = 3


# Values


def sign_extended(value, bits):
    value %= 1 << bits
    return (value - (1 << bits) if value >> (bits - 1) else value) % WORD


def value_hint(expected, got, before=None, others=()):
    """What makes `expected` into `got`; others are (name, value) of the other registers before."""
    if got == before:
        return "the old value: nothing was written"
    for bits in (32, 16, 8):
        if got == expected % (1 << bits):
            return f"zero-extended from {bits} bits"
        if got == sign_extended(expected, bits):
            return f"sign-extended from {bits} bits"
    if (expected ^ got).bit_count() == 1:
        return f"bit {(expected ^ got).bit_length() - 1} is wrong"
    if (expected ^ got) % 2**32 == 0:
        return "the low 32 bits agree"
    if got == (-expected) % WORD:
        return "negated"
    if got == ~expected % WORD:
        return "inverted"
    for size in (8, 4, 2):
        if expected < 1 << (8 * size) and got == swapped(expected, size):
            return f"the {size} bytes are reversed"
    name = next((name for name, value in others if value == got and value), None)
    if name is not None:
        return f"the value of {name}"
    return distance_hint(expected, got)


def swapped(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def distance_hint(expected, got):
    """How far apart two numbers are, if that says something."""
    distance = got - expected
    if distance and distance % 4096 == 0 and abs(distance) <= 1 << 20:
        pages = abs(distance) // 4096
        return f"{pages} page{'s' if pages > 1 else ''} too {'high' if distance > 0 else 'low'}"
    if abs(distance) <= 64:
        return f"off by {distance:+}"
    return ""


# Costs


@contextmanager
def changed(owner, name, value):
    """The cost model with one thing changed."""
    right = owner[name] if isinstance(owner, dict) else getattr(owner, name)
    put = owner.__setitem__ if isinstance(owner, dict) else lambda key, item: setattr(owner, key, item)
    put(name, value)
    try:
        yield
    finally:
        put(name, right)


def slots_always(rule, which):
    right = gas.slots_of
    return lambda row, fields, target, sources: (
        getattr(row, which) if row.slot_rule == rule else right(row, fields, target, sources)
    )


def walk_until(ends):
    """A walk that ends earlier; ends(program, i, npc)."""

    def walk(program, p):
        i = p
        while True:
            yield i
            npc = isa.next_pc(program.blob, i)
            if npc >= program.blob.code_len or program.is_start(npc) or ends(program, i, npc):
                return
            i = npc

    return walk


def ends_at_terminator(program, i, npc):
    record = isa.OPCODE.get(program.blob.code[i])
    return record is not None and record.ends


def ends_at_gap(program, i, npc):
    return not program.blob.start(npc)


def ends_at_invalid(program, i, npc):
    return program.blob.code[npc] not in isa.OPCODE


def move_costs(simulation, target, source):
    simulation.execute(1, [source], target)


def no_wait(simulation, cycles, sources, target):
    done = simulation.cycle + cycles
    if target is not None:
        simulation.ready[target] = done
    simulation.last = max(simulation.last, done)


def no_cycle(simulation, slots):
    simulation.used += slots


def carried(simulation, slots):
    simulation.used += slots
    while simulation.used > 4:
        simulation.cycle, simulation.used = simulation.cycle + 1, simulation.used - 4


def missing_is_zero(fields, letter):
    at = fields.i + (2 if letter == "D" else 1)
    return 0 if at >= fields.blob.code_len else right_nibble(fields, letter)


def as_executed(fields, letter):
    """The fields of a three_reg as the instruction has them, not as the cost model has them."""
    record = isa.OPCODE[fields.blob.code[fields.i]]
    letter = {"A": "D", "D": "A"}.get(letter, letter) if record.form == "three_reg" else letter
    return min(isa.REGISTER_LAST, fields.nibble(letter))


right_nibble = gas.Fields.nibble

# (rule, as if …, what to change)
WEAKENED = [
    ("gas/branch_cost", "every branch cost 20", (vars(gas), "branch_cost", lambda *_: 20)),
    ("gas/branch_cost", "every branch cost 1", (vars(gas), "branch_cost", lambda *_: 1)),
    ("gas/move_reg", "move_reg were any other instruction", (gas.Simulation, "move", move_costs)),
    ("gas/move_reg", "move_reg were not there", (gas.Simulation, "move", lambda *_: None)),
    ("gas/dependency", "nothing waited for its sources", (gas.Simulation, "execute", no_wait)),
    ("gas/slots", "a cycle were never full", (gas.Simulation, "slots", no_cycle)),
    ("gas/slots", "slots beyond 4 were carried over", (gas.Simulation, "slots", carried)),
    *(
        (
            f"gas/slots/{rule.lower()}",
            f"{rule} rows always took {which}",
            (vars(gas), "slots_of", slots_always(rule, which)),
        )
        for rule in ("OVERLAP", "SHIFT")
        for which in ("slots_if", "slots_else")
    ),
    (
        "gas/walk/through_terminator",
        "the walk ended at a terminator",
        (vars(gas), "walk", walk_until(ends_at_terminator)),
    ),
    (
        "gas/walk/ignores_start_bits",
        "the walk ended at a clear start bit",
        (vars(gas), "walk", walk_until(ends_at_gap)),
    ),
    (
        "gas/walk/invalid_opcode",
        "the walk ended at an invalid opcode",
        (vars(gas), "walk", walk_until(ends_at_invalid)),
    ),
    ("gas/walk", "only the first instruction counted", (vars(gas), "walk", walk_until(lambda *_: True))),
    ("gas/fields/missing", "a missing field were 0", (gas.Fields, "nibble", missing_is_zero)),
    ("gas/fields", "a three_reg read rA and rB and wrote rD", (gas.Fields, "register", as_executed)),
    ("gas/walk/invalid_opcode", "an invalid opcode were free", (gas.LIMIT, "invalid_cycles", 0)),
    ("gas/cost", "3 were not taken off", (gas.LIMIT, "cost_discount", 0)),
    ("gas/cost", "a block could be free", (gas.LIMIT, "cost_minimum", 0)),
]


class Cost:
    """Explains a wrong charge for the block at p; `agreed` are blocks whose charge was right."""

    def __init__(self, program, p, mem_cycles, agreed=()):
        self.program = program
        self.p = p
        self.mem_cycles = mem_cycles
        self.right = gas.block_cost(program, p, mem_cycles)
        self.agreed = [(other, gas.block_cost(program, other, mem_cycles)) for other in dict.fromkeys(agreed)]
        self.visited = list(gas.walk(program, p))

    def explain(self, charged):
        """(rule, hint)"""
        simple = {
            0: ("gas/block/charged_on_entry", "the block was not charged"),
            2 * self.right: ("gas/block/charged_on_entry", "the block was charged twice"),
        }
        if charged in simple:
            return simple[charged]
        found = []
        if len(self.visited) <= WALK_MAX:
            found = [*self.structural(charged), *self.tiers(charged), *self.rows(charged)]
        off = f"{charged - self.right:+} gas"
        if not found:
            return "gas/table", f"{off}, and no single change of a cost explains it"
        rule = found[0][0]
        return rule, f"{off}, as if " + ", or ".join(text for _, text in found[:NAMED_MAX])

    def cost_with(self, change, p, mem_cycles=None):
        with changed(*change):
            return gas.block_cost(self.program, p, mem_cycles or self.mem_cycles)

    def holds(self, change, charged):
        """The change gives this charge here and leaves the blocks that agreed as they were."""
        return self.cost_with(change, self.p) == charged and all(
            self.cost_with(change, other) == cost for other, cost in self.agreed
        )

    def structural(self, charged):
        return [(rule, text) for rule, text, change in WEAKENED if self.holds(change, charged)]

    def tiers(self, charged):
        for tier in gas.MEM_CYCLES:
            if tier != self.mem_cycles and charged == gas.block_cost(self.program, self.p, tier):
                yield "gas/mem_cycles", f"mem_cycles were {tier}"

    def rows(self, charged):
        """One record of gas.def with other cycles or slots, the nearest first."""
        codes = {self.program.blob.code[i] for i in self.visited} & set(isa.OPCODE)
        found = []
        for name in sorted(isa.OPCODE[code].name for code in codes):
            row = gas.ROW[name]
            for other in self.other_rows(row):
                if self.holds((gas.ROW, name, other), charged):
                    if other.cycles != row.cycles:
                        text = f"{name} took {other.cycles} cycles"
                        found.append((abs(other.cycles - row.cycles), text))
                    else:
                        text = f"{name} took {other.slots_if} slots"
                        found.append((abs(other.slots_if - row.slots_if), text))
                    break
        return [("gas/table", text) for _, text in sorted(found)]

    @staticmethod
    def other_rows(row):
        if row.kind == "PLAIN":
            for cycles in sorted(CYCLES_TRIED, key=lambda cycles: abs(cycles - row.cycles)):
                if cycles != row.cycles:
                    yield row._replace(cycles=cycles)
        for slots in range(1, 5):
            if slots != row.slots_if:
                yield row._replace(slots_if=slots, slots_else=slots)


# Rules


def first_of(reached, *rules):
    """The first of these rules that was reached, else the last."""
    return next((rule for rule in rules if rule in reached), rules[-1])


def rule_for_register(insn, reached, number, hint):
    """A register is wrong after an instruction. insn is None when there is none."""
    if insn is None:
        return "exit/definedness"
    special = [
        rule for rule in ("isa/divide_by_zero", "isa/divide_overflow", "isa/jump_reads_first") if rule in reached
    ]
    if special:
        return special[0]
    if "isa/count_mask" in reached and "32 bits" not in hint:
        return "isa/count_mask"
    extends = "extended" in hint or "agree" in hint
    if extends and "isa/result_32" in reached and "32" in hint:
        return "isa/result_32"
    if extends and "isa/sign_extension" in reached and not insn.name.startswith("isa/load_i"):
        return first_of(reached, "isa/operand_past_end", "isa/sign_extension")
    if "isa/register_clamp" in reached and number == 12:
        return "isa/register_clamp"
    if "reversed" in hint and "mem/little_endian" in reached:
        return "mem/little_endian"
    return insn.name


def rule_for_store(insn, reached, name, hint):
    if name == "stored at":
        return first_of(reached, "mem/address", insn.name) if hint.endswith("agree") else insn.name
    if "reversed" in hint:
        return "mem/little_endian"
    return insn.name


def rule_for_flow(insn, reached, expected_pc, got_pc):
    """After insn the wrong instruction came next."""
    if insn is None:
        return "exit/entry"
    if got_pc == insn.npc and expected_pc != insn.npc:
        return insn.name  # a jump or branch that was not taken
    if expected_pc == insn.npc:
        return first_of(reached, "isa/branch_not_taken", "isa/sequential")
    return first_of(reached, "isa/dynamic_jump", "isa/offset_target", insn.name)


def rule_for_early_exit(exit, insn, reached, at_end):
    """The engine ended where execution goes on."""
    if exit == "page_fault":
        return first_of(reached, "mem/store_permission", "mem/load_permission", "exit/page_fault")
    if exit == "panic":
        return first_of(reached, "isa/legal_target", "isa/dynamic_jump", "exit/entry")
    if exit == "trap" and at_end:
        return first_of(reached, "isa/skip", "isa/executable", "isa/sequential")
    if exit == "stopped":
        return "exit/stopped"
    return insn.name if insn is not None else "exit/definedness"


def rule_for_missed_exit(exit, insn, reached):
    """Execution ends here, and the engine went on."""
    if exit == "page_fault":
        return first_of(reached, "mem/past_end", "mem/store_permission", "mem/load_permission", "exit/page_fault")
    if exit == "panic":
        if "isa/sbrk" in reached or insn is None:
            return first_of(reached, "isa/sbrk", "exit/entry")
        return first_of(reached, "isa/legal_target", "isa/dynamic_jump", "exit/entry")
    if exit == "trap":
        return first_of(reached, "isa/implicit_trap", "isa/trap")
    if exit == "out_of_gas":
        return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
    return {"host_call": "isa/ecalli", "ecall": "isa/ecall"}.get(exit, "exit/stopped")


def rule_for_end(exit, got_exit, fields, insn, reached):
    """Both ended here, and the stops differ in these fields."""
    if "exit" in fields:
        if exit == "page_fault" or got_exit == "page_fault":
            return rule_for_missed_exit("page_fault", insn, reached)
        return rule_for_missed_exit(exit, insn, reached)
    if "argument" in fields:
        if exit == "page_fault":
            return first_of(reached, "mem/past_end", "mem/fault_address")
        return "exit/host_call_id" if exit == "host_call" else "exit/argument"
    if "pc" in fields:
        if exit == "trap":
            return first_of(reached, "isa/implicit_trap", "exit/trap")
        if exit == "out_of_gas":
            return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
        return {"host_call": "exit/ecall", "ecall": "exit/ecall"}.get(exit, f"exit/{exit}")
    if "gas" in fields:
        if exit == "out_of_gas":
            return first_of(reached, "gas/implicit_trap", "gas/out_of_gas")
        return first_of(reached, "gas/implicit_trap", "gas/block/no_refund", "exit/definedness")
    if exit == "page_fault":
        return first_of(reached, "mem/whole_access", "exit/page_fault")
    if exit == "panic" and any(field.startswith("r") for field in fields):
        return first_of(reached, "isa/jump_writes_first", "exit/panic")
    return "exit/definedness"


def written_register(insn):
    """The register an instruction writes, or None."""
    form = insn.form.removeprefix("isa/form/")
    if form in ("two_reg", "three_reg"):
        return insn.d
    is_store = insn.name.startswith("isa/store")
    if insn.name.startswith("isa/load_") or form == "two_reg_one_imm" and not is_store:
        return insn.a
    return None


def sentence(rule):
    return model.rules().get(rule, "")
