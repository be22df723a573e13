"""Finds the first wrong record of an engine on one case.

    divergence = locate(case, engine)        None when the engine agrees in everything

The expected side is the specification, played step by step beside the engine. First the case runs as
it stands, in production code, and every stop and every given page is compared. Then it runs observed,
and the records are compared in the order in which the specification gives them, so that what is named
is the first wrong instruction (L0) or the first wrong block (L1). Where only the production code is
wrong nothing can be observed: there gas is the clock, and the budget is bisected until the first
block shows after which the two stop differently.
"""

import hashlib
import shlex
from dataclasses import dataclass, field

import model
from assay.assembly import disasm
from assay.engines.model import Counter, ModelEngine
from assay.engines.process import EngineDied, EngineError, EngineGarbage, EngineHung
from assay.locate import blame
from assay.suite.play import Player

CHUNK = 4096  # records between two looks at the stops
WINDOW = 3
PATIENCE = 2.0  # seconds for a piece of a run in which an engine may hang
RAISED = 1 << 40  # more gas than any block costs
STORED = ("stored at", "width", "value")

LOAD = "load"
REFUSAL = "refusal"
INSTRUCTION = "L0 instruction"
BLOCK = "L1 block"
END = "L3 end"
PRODUCTION = "L1 block, production only"
LEVEL = {"instructions": INSTRUCTION, "blocks": BLOCK}


@dataclass
class Field:
    name: str
    expected: str
    got: str
    hint: str = ""


@dataclass
class Divergence:
    """The first difference, and what is known about it."""

    case: str
    engine: str
    level: str
    step: int | None = None  # of the case
    record: int | None = None  # index of the record within the step
    pc: int | None = None  # of the first wrong instruction or block
    instruction: str = ""
    flavour: str = "observed"  # which code differed: production, observed or both
    agreed: dict | None = None  # the last record (or the step's start) that agreed; has "level"
    expected: dict = field(default_factory=dict)
    got: dict = field(default_factory=dict)
    fields: list = field(default_factory=list)
    rule: str = ""
    sentence: str = ""
    hint: str = ""
    words: str = ""  # of an engine that died, hung or answered garbage
    votes: dict = field(default_factory=dict)  # engine -> True when it agrees
    window: list = field(default_factory=list)  # (disasm.Line, is it the first wrong one)
    repro: str = ""

    @property
    def signature(self):
        """Short and stable: the same for the same kind of difference in any case."""
        names = sorted({generic(entry.name) for entry in self.fields})
        exits = [self.expected.get("exit", ""), self.got.get("exit", "")]
        text = "|".join([self.rule, self.level, *names, *exits])
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def generic(name):
    """A field's name without numbers: which register or address it was does not matter."""
    return "register" if name[:1] == "r" and name[1:].isdigit() else name.split(" 0x")[0]


def locate(case, engine, votes=None):
    """The first divergence of the engine on this case, or None."""
    search = Search(case, engine)
    found = search.find()
    if found is not None:
        found.case, found.engine = case["id"], engine.name
        found.votes = dict(votes or {}) or {"model": True, engine.name: False}
        found.sentence = blame.sentence(found.rule)
        found.repro = f"./assay replay -k {shlex.quote(case['id'])} --engine {engine.name}"
        found.window = window_of(case, found)
    return found


def window_of(case, found):
    if found.pc is None:
        return []
    return disasm.window(bytes.fromhex(case["blob"]), found.pc, WINDOW, case["mem_cycles"])


class Broken(Exception):
    """The engine itself failed while it played."""

    def __init__(self, error, step):
        self.error = error
        self.step = step


class Search:
    def __init__(self, case, engine):
        self.case = case
        self.engine = engine
        self.steps = case.get("steps", [])
        self.program = None  # the specification's, once it has loaded the case

    def find(self):
        """A Divergence without the parts that are the same for all."""
        try:
            found = self.production()
        except Broken as broken:
            return self.broken(broken)
        if found is not None and found.level != END:
            return found
        try:
            observed = self.observed()
        except Broken as broken:
            if found is None:
                return self.broken(broken)
            observed = None
        if found is None or observed is not None and observed.step < found.step:
            return observed
        if observed is None or observed.step > found.step:
            return self.by_gas(self.blame_end(found))
        observed.flavour = "both"
        return observed

    def players(self):
        return Player(self.case, ModelEngine()), Player(self.case, self.engine)

    def guarded(self, step, act):
        """What the engine answers; Broken when it has no answer."""
        try:
            return act()
        except EngineError as error:
            raise Broken(error, step) from None

    def broken(self, broken):
        """An engine that died, hung, answered garbage or could not go on."""
        error = broken.error
        found = Divergence("", "", f"engine {error.kind}", step=broken.step, flavour="production")
        found.fields = [Field("engine", "a reply", error.kind)]
        found.words = error.message
        found.hint = {
            EngineDied: "whatever a guest does, an engine goes on",
            EngineHung: "whatever a guest does, an engine comes back",
            EngineGarbage: "every reply is one of runner/PROTOCOL.md",
        }.get(type(error), "the request was one of runner/PROTOCOL.md")
        if isinstance(error, (EngineDied, EngineHung)) and broken.step is not None:
            self.narrow(found)
        return found

    def narrow(self, found):
        """Looks for the instruction in which an engine dies or hangs, in ever shorter pieces."""
        step, done, state = self.steps[found.step], 0, None
        if "write" in step or "instructions" not in self.engine.features:
            return
        patience = getattr(self.engine, "timeout", 0)
        self.engine.timeout = min(patience, PATIENCE)
        try:
            for size in (CHUNK, CHUNK // 64, 1):
                done, state = self.survives(found.step, done, size)
                if state is None:
                    return
        finally:
            self.engine.timeout = patience
        found.pc, found.record, found.flavour = state["pc"], done, "observed"
        found.agreed = state | {"level": "before instruction", "index": done}
        insn = self.instruction_at(found.pc)
        if insn is not None:
            found.rule, found.hint = insn.name, f"{found.hint}; it breaks in this instruction"

    def survives(self, index, done, size):
        """How many instructions of a step the engine survives in pieces of `size`, and the state
        there; no state when it survives all.
        """
        right, other = self.players()
        right.load()
        try:
            other.load()
            for before in self.steps[:index]:
                right.do(before)
                other.do(before)
        except EngineError:
            return done, None
        step, state, is_first = self.steps[index], None, True
        while True:
            until = {"instructions": done if is_first and done else size}
            act = (lambda p: p.begin(step, until, ())) if is_first else (lambda p: p.go_on(until, ()))
            try:
                act(other)
            except EngineError:
                if state is None:
                    given = step.get("run") or {}
                    state = {"pc": int(given.get("pc", "0x0"), 16), "gas": None, "regs": None}
                    if "resume" in step:
                        return done, None
                return done, state
            state = act(right)
            if state["exit"] != "stopped":
                return done, None
            if not (is_first and done):
                done += size
            is_first = False

    # Production: stops and memory

    def production(self):
        """The first step whose outcome differs."""
        right, other = self.players()
        load = self.load(right, other)
        if load is not None:
            return load
        if self.program is None:
            return None
        for index, step in enumerate(self.steps):
            expected = right.do(step)
            got = self.guarded(index, lambda step=step: other.do(step))
            found = self.compare_outcomes(index, right, other, expected, got)
            if found is not None:
                found.flavour = "production"
                return found
        return None

    def load(self, right, other):
        """A divergence of load, or None."""
        expected = right.load()
        got = self.guarded(None, other.load)
        if expected == "admitted":
            self.program = right.engine.machine.program
        if expected == got:
            return None
        rule = expected if expected.startswith("blob/") else got
        if not rule.startswith("blob/"):
            is_cycles = self.case["mem_cycles"] not in model.machine.gas.MEM_CYCLES
            rule = "gas/mem_cycles" if is_cycles else "mem/page_given_once"
        found = Divergence("", "", LOAD, rule=rule)
        found.fields = [Field("load", expected, got)]
        return found

    def compare_outcomes(self, index, right, other, expected, got):
        """Refusals, stops and pages after a step."""
        if bool(expected.get("refused")) != bool(got.get("refused")):
            return self.refusal(index, expected, got)
        fields = stop_fields(expected, got) if "exit" in expected else []
        fields += self.memory_fields(index, right, other)
        if not fields:
            return None
        return Divergence("", "", END, step=index, fields=fields, expected=expected, got=got)

    def refusal(self, index, expected, got):
        words = ["refused" if outcome.get("refused") else "done" for outcome in (expected, got)]
        what = next(key for key in ("run", "resume", "write") if key in self.steps[index])
        rule = {"resume": "exit/resume/legal", "run": "exit/entry"}.get(what, "mem/access")
        found = Divergence("", "", REFUSAL, step=index, rule=rule, flavour="production")
        found.fields = [Field(what, *words)]
        return found

    def memory_fields(self, index, right, other):
        expected = right.memory()
        got = self.guarded(index, other.memory)
        fields = []
        for page, data in expected.items():
            if data != got[page]:
                fields.append(first_run(page, data, got[page]))
        return fields

    # Observed: records in their order

    def kinds(self):
        return tuple(kind for kind in LEVEL if kind in self.engine.features)

    def observed(self):
        """The first record, or else the first stop, that differs."""
        if not self.kinds():
            return None
        right, other = self.players()
        if self.load(right, other) is not None or self.program is None:
            return None
        for index, step in enumerate(self.steps):
            if "write" in step:
                right.do(step)
                self.guarded(index, lambda step=step: other.do(step))
                continue
            found = StepTrace(self, index, right, other).find()
            if found is not None:
                return found
        return None

    # Gas is the clock

    def by_gas(self, found):
        """Narrows a step that differs only in production to its first wrong block."""
        step = self.steps[found.step]
        if found.level != END or "refused" in found.expected:
            return found
        start_gas, blocks = self.blocks_of(found.step)
        low, high = 0, len(blocks)  # with the first `low` blocks paid both agree
        poorest = self.stops_with(step, found.step, 0)
        if poorest is not None:
            return self.in_paid_block(found, poorest)
        best = None
        while high - low > 1:
            middle = (low + high) // 2
            wrong = self.stops_with(step, found.step, start_gas - blocks[middle - 1]["gas"])
            if wrong is None:
                low = middle
            else:
                high, best = middle, wrong
        if not blocks:
            return found
        block = blocks[high - 1]
        found.level, found.record, found.pc = PRODUCTION, high - 1, block["pc"]
        found.agreed = block | {"level": BLOCK, "index": high - 1}
        if best is not None:
            found.expected, found.got = best[:2]
            found.fields = best[2]
        found.rule = self.rule_in_block(found)
        found.hint = "observed it agrees; found by bisecting the gas"
        return found

    def in_paid_block(self, found, outcome):
        """Without any gas it goes wrong already: in the block in which a stop had left it."""
        found.expected, found.got, found.fields = outcome
        found.rule = self.rule_in_block(found) if found.pc in self.program.executable else found.rule
        return found

    def blocks_of(self, index):
        """The gas at the start of a step, and the specification's L1 records of it."""
        right = Player(self.case, ModelEngine())
        right.load()
        for step in self.steps[:index]:
            right.do(step)
        step = self.steps[index]
        stop = right.begin(step, step.get("until"), ("blocks",))
        return right.start_gas, stop["blocks"]

    def stops_with(self, step, index, gas):
        """(expected, got, fields) when the two differ with that budget."""
        verb = "run" if "run" in step else "resume"
        limited = {verb: step[verb] | {"gas": hex(gas)}}
        right, other = self.players()
        outcomes = []
        for player in (right, other):
            player.load()
            for before in self.steps[:index]:
                player.do(before)
            outcomes.append(player.begin(limited, step.get("until"), ()))
        expected, got = outcomes
        if "refused" in expected or "refused" in got:
            return None
        fields = stop_fields(expected, got) + self.memory_fields(index, right, other)
        return (expected, got, fields) if fields else None

    def rule_in_block(self, found):
        """The instruction of the block that last wrote a register that is wrong."""
        wrong = {int(entry.name[1:]) for entry in found.fields if entry.name[1:].isdigit()}
        names = [entry.name for entry in found.fields]
        if names == ["gas"]:
            return "gas/block/charged_on_entry"
        rule = None
        for pc in self.walk(found.pc):
            if pc not in self.program.executable:
                break
            insn = self.program.instruction(pc)
            is_store = insn.name.startswith("isa/store") and names[0].startswith("memory")
            if blame.written_register(insn) in wrong or is_store:
                rule, found.pc = insn.name, pc
            last = insn.name
        return rule or last

    def walk(self, p):
        return list(model.gas.walk(self.program, p))

    # What decided

    def decided(self, index, instructions):
        """The rules reached by what comes after so many instructions of a step, and the registers
        before it.
        """
        right = Player(self.case, ModelEngine())
        right.load()
        for step in self.steps[:index]:
            right.do(step)
        step = self.steps[index]
        one = {"instructions": 1}
        if instructions:
            right.begin(step, {"instructions": instructions}, ())
        with model.reached() as reached:
            stop = right.go_on(one, ()) if instructions else right.begin(step, one, ())
        return set(reached), stop

    def blame_end(self, found):
        """The rule for stops that differ and of which nothing finer is known."""
        index, expected = found.step, found.expected
        if "exit" not in expected:
            found.rule = "exit/definedness"
            return found
        counter = Counter()
        right = Player(self.case, ModelEngine(counter))
        right.load()
        for step in self.steps[:index]:
            right.do(step)
        before = counter.instructions
        right.do(self.steps[index])
        count = counter.instructions - before
        is_complete = expected["exit"] in ("host_call", "ecall", "stopped")
        reached, _ = self.decided(index, max(0, count - 1) if is_complete else count)
        found.pc = self.place_of(expected)
        insn = self.instruction_at(found.pc)
        names = [entry.name for entry in found.fields]
        found.rule = blame.rule_for_end(expected["exit"], found.got["exit"], names, insn, reached)
        return found

    def place_of(self, stop):
        """The instruction a stop is about: its own pc, or the one before an ecall's npc."""
        if stop["exit"] in ("host_call", "ecall"):
            before = [pc for pc in self.program.executable if pc < stop["pc"]]
            return max(before, default=stop["pc"])
        return stop["pc"]

    def instruction_at(self, pc):
        is_there = pc is not None and pc in self.program.executable
        return self.program.instruction(pc) if is_there else None


class StepTrace:
    """One run or resume, observed on both sides in pieces."""

    def __init__(self, search, index, right, other):
        self.search = search
        self.index = index
        self.step = search.steps[index]
        self.right = right
        self.other = other
        self.kinds = search.kinds()
        self.count = {"instructions": 0, "blocks": 0}  # records before this piece
        self.last = {}  # the last records that agreed, by kind
        self.paid = []  # blocks whose charge agreed
        self.gas = self.regs = None  # before the record looked at

    def find(self):
        left = dict(self.step.get("until") or {})
        while True:
            until = self.piece(left)
            expected, got = self.play(until)
            if bool(expected.get("refused")) != bool(got.get("refused")):
                return self.search.refusal(self.index, expected, got)
            if "refused" in expected:
                return None
            found = self.compare(expected, got)
            if found is not None:
                return found
            for kind in LEVEL:
                self.count[kind] += len(expected[kind])
                left[kind] = left.get(kind, 0) - len(expected[kind]) if left.get(kind) else None
            if expected["exit"] != "stopped" or 0 in left.values():
                return None

    def piece(self, left):
        """The case's own limits, and a look after so many records."""
        until = {kind: count for kind, count in left.items() if count}
        clock = self.kinds[0] if "instructions" not in self.kinds else "instructions"
        until[clock] = min(until.get(clock, CHUNK), CHUNK)
        return until

    def play(self, until):
        is_first = self.gas is None
        both = ("blocks", "instructions")
        if is_first:
            expected = self.right.begin(self.step, until, both)
        else:
            expected = self.right.go_on(until, both)
        got = self.search.guarded(
            self.index,
            lambda: self.other.begin(self.step, until, self.kinds) if is_first else self.other.go_on(until, self.kinds),
        )
        if "refused" not in expected:
            self.gas, self.regs = self.right.start_gas, self.right.start_regs
        return expected, got

    def compare(self, expected, got):
        for kind, at in expected["order"]:
            record = expected[kind][at]
            if kind in self.kinds:
                found = self.compare_record(kind, at, record, expected, got)
                if found is not None:
                    return found
            self.keep(kind, at, record)
        return self.compare_extra(expected, got) or self.compare_stops(expected, got)

    def keep(self, kind, at, record):
        self.last[kind] = record | {"level": LEVEL[kind], "index": self.count[kind] + at}
        self.last["any"] = self.last[kind]
        self.regs = record["regs"]
        if kind == "blocks":
            self.gas = record["gas"]
            self.paid.append(record["pc"])

    def divergence(self, level, expected, got, fields, record=None):
        found = Divergence("", "", level, step=self.index, record=record)
        found.expected, found.got, found.fields = expected, got, fields
        start = {"level": "start of the step", "gas": self.gas, "regs": self.regs}
        found.agreed = self.last.get("any", start)
        return found

    # A record that differs, is missing, or is too many

    def compare_record(self, kind, at, record, expected, got):
        if at >= len(got[kind]):
            return self.missing(kind, at, record, expected, got)
        other = got[kind][at]
        if other == record:
            return None
        number = self.count[kind] + at
        fields = record_fields(record, other, self.regs)
        found = self.divergence(LEVEL[kind], record, other, fields, number)
        if record["pc"] != other["pc"]:
            self.blame_flow(found, record["pc"], other["pc"])
        elif kind == "blocks":
            self.blame_block(found, record, other)
        else:
            self.blame_instruction(found, record)
        return found

    def missing(self, kind, at, record, expected, got):
        """The engine ended, or gave no such record, where the specification has one."""
        what = LEVEL[kind].split()[1]
        fields = [Field("next", f"{what} at {record['pc']:#x}", ending(got))]
        found = self.divergence(LEVEL[kind], record, got, fields, self.count[kind] + at)
        done = self.done(kind, at, expected)
        reached, _ = self.search.decided(self.index, done)
        found.pc = record["pc"]
        if got["exit"] == expected["exit"] and got["pc"] == expected["pc"]:
            found.rule = f"exit/record/{what}"
            return found
        if got["exit"] == "out_of_gas":
            self.blame_poverty(found, record)
            return found
        if "any" not in self.last and got["exit"] == "panic":
            found.rule = "exit/entry" if "run" in self.step else "exit/resume/sequential"
            return found
        insn = self.search.instruction_at(record["pc"])
        if self.is_new_instruction(got):
            insn = self.search.instruction_at(self.last["instructions"]["pc"])
            found.pc = insn.pc
            reached, _ = self.search.decided(self.index, max(0, done - 1))
        at_end = got["pc"] >= self.search.program.code_len
        found.rule = blame.rule_for_early_exit(got["exit"], insn, reached, at_end)
        return found

    def blame_poverty(self, found, record):
        """The engine ran out of gas too early: with more gas its charge shows."""
        verb = "run" if "run" in self.step else "resume"
        gas = self.right.start_gas if self.count["blocks"] == 0 else int(self.step[verb]["gas"], 16)
        richer = self.step | {verb: self.step[verb] | {"gas": hex(min(gas + RAISED, 2**64 - 1))}}
        case = self.search.case | {"steps": [*self.search.steps[: self.index], richer]}
        try:
            cause = Search(case, self.search.engine).observed() if gas < RAISED else None
        except Broken:
            cause = None
        if cause is not None and cause.level == BLOCK and cause.pc == record["pc"]:
            found.rule, found.hint = cause.rule, f"with more gas: {cause.hint}"
        else:
            enough = record.get("gas") == 0
            found.rule = "gas/block/exact_is_enough" if enough else "gas/out_of_gas"

    def is_new_instruction(self, got):
        """The engine ended at the instruction before, or where that one went by mistake."""
        last = self.last.get("instructions")
        return last is not None and (got["pc"] == last["pc"] or got["exit"] == "trap")

    def done(self, kind, at, expected):
        """How many instructions are complete before a record."""
        if kind == "instructions":
            return self.count[kind] + at
        place = expected["order"].index((kind, at))
        before = sum(1 for other, _ in expected["order"][:place] if other == "instructions")
        return self.count["instructions"] + before

    def compare_extra(self, expected, got):
        """The engine went on where the specification ends."""
        for kind in self.kinds:
            if len(got[kind]) > len(expected[kind]):
                record = got[kind][len(expected[kind])]
                what = LEVEL[kind].split()[1]
                fields = [Field("next", ending(expected), f"{what} at {record['pc']:#x}")]
                number = self.count[kind] + len(expected[kind])
                found = self.divergence(LEVEL[kind], expected, record, fields, number)
                self.blame_missed_exit(found, expected, got)
                return found
        return None

    def compare_stops(self, expected, got):
        fields = stop_fields(expected, got)
        fields += self.search.memory_fields(self.index, self.right, self.other)
        if not fields:
            return None
        found = self.divergence(END, expected, got, fields)
        reached, insn = self.at_end(expected)
        names = [entry.name for entry in fields]
        found.rule = blame.rule_for_end(expected["exit"], got["exit"], names, insn, reached)
        found.pc = self.search.place_of(expected)
        return found

    # Which rule

    def at_end(self, expected):
        """The rules reached by the last thing that happened, and its instruction."""
        done = self.count["instructions"] + len(expected["instructions"])
        if expected["exit"] in ("host_call", "ecall", "stopped"):
            done = max(0, done - 1)
        reached, _ = self.search.decided(self.index, done)
        return reached, self.search.instruction_at(self.search.place_of(expected))

    def blame_missed_exit(self, found, expected, got):
        reached, insn = self.at_end(expected)
        found.rule = blame.rule_for_missed_exit(expected["exit"], insn, reached)
        found.pc = self.search.place_of(expected)
        if expected["exit"] == "panic" and not self.last and "run" in self.step:
            found.rule = "exit/entry"

    def blame_flow(self, found, expected_pc, got_pc):
        """Another pc than expected: the instruction before went wrong."""
        last = self.last.get("instructions")
        insn = self.search.instruction_at(last["pc"]) if last else None
        found.pc = last["pc"] if last else expected_pc
        reached = set()
        if last:
            reached, _ = self.search.decided(self.index, last["index"])
        found.rule = blame.rule_for_flow(insn, reached, expected_pc, got_pc)
        if insn is not None:
            found.hint = "the instruction before it went to another place"

    def blame_block(self, found, record, other):
        """The charge, or the registers at a block's entry."""
        found.pc = record["pc"]
        if record["gas"] == other["gas"]:
            self.blame_registers_at_block(found, record, other)
            return
        charged = self.gas - other["gas"]
        case = self.search.case
        cost = blame.Cost(self.search.program, record["pc"], case["mem_cycles"], self.paid)
        found.rule, hint = cost.explain(charged)
        entry = next(entry for entry in found.fields if entry.name == "gas")
        entry.hint = f"charged {charged}, the block costs {self.gas - record['gas']}"
        found.hint = hint

    def blame_registers_at_block(self, found, record, other):
        """No instruction record was wrong or there are none: the last one that wrote it."""
        last = self.last.get("instructions")
        found.rule = "exit/record/block"
        if "instructions" not in self.kinds and last is not None:
            found.pc = last["pc"]
            found.rule = self.search.instruction_at(last["pc"]).name
            found.hint = "one of the instructions of the block before"

    def blame_instruction(self, found, record):
        insn = self.search.instruction_at(record["pc"])
        found.pc, found.instruction = record["pc"], insn.name
        reached, _ = self.search.decided(self.index, found.record)
        entry = found.fields[0]
        if entry.name in ("store", *STORED):
            found.rule = blame.rule_for_store(insn, reached, entry.name, entry.hint)
        else:
            number = int(entry.name[1:])
            found.rule = blame.rule_for_register(insn, reached, number, entry.hint)


# Fields


def ending(stop):
    """How a stop reads in one phrase."""
    argument = f" {stop['argument']:#x}" if stop["argument"] else ""
    return f"{stop['exit']}{argument} at {stop['pc']:#x}"


def register_fields(expected, got, before=None):
    fields = []
    for number, (right, other) in enumerate(zip(expected, got)):
        if right != other:
            old = before[number] if before else None
            others = [(f"r{n}", value) for n, value in enumerate(before or ()) if n != number]
            hint = blame.value_hint(right, other, old, others)
            fields.append(Field(f"r{number}", f"{right:#x}", f"{other:#x}", hint))
    return fields


def record_fields(expected, got, before):
    fields = []
    if expected["pc"] != got["pc"]:
        fields.append(Field("pc", f"{expected['pc']:#x}", f"{got['pc']:#x}"))
    if expected.get("gas") != got.get("gas"):
        fields.append(Field("gas", str(expected["gas"]), str(got["gas"])))
    fields += register_fields(expected["regs"], got["regs"], before)
    return fields + store_fields(expected.get("store"), got.get("store"))


def store_fields(expected, got):
    if expected == got:
        return []
    if expected is None or got is None:
        words = [f"{s[2]:#x} in {s[1]} bytes at {s[0]:#x}" if s else "none" for s in (expected, got)]
        return [Field("store", *words)]
    fields = []
    for name, right, other in zip(STORED, expected, got):
        if right != other:
            hint = blame.value_hint(right, other) if name != "width" else ""
            fields.append(Field(name, f"{right:#x}", f"{other:#x}", hint))
    return fields


def stop_fields(expected, got):
    fields = []
    if expected["exit"] != got["exit"]:
        fields.append(Field("exit", expected["exit"], got["exit"]))
    for name in ("argument", "pc", "gas"):
        if expected[name] != got[name]:
            write = str if name == "gas" else hex
            hint = blame.distance_hint(expected[name], got[name])
            fields.append(Field(name, write(expected[name]), write(got[name]), hint))
    return fields + register_fields(expected["regs"], got["regs"])


def first_run(page, expected, got):
    """The first bytes of a page that differ."""
    at = next(n for n in range(len(expected)) if expected[n] != got[n])
    end = at
    while end < len(expected) and end < at + 8 and expected[end] != got[end]:
        end += 1
    return Field(f"memory {page + at:#x}", expected[at:end].hex(), got[at:end].hex())
