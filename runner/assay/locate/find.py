"""Finds the first difference of an engine from the specification on a case of the machine, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.base.level import Flavour
from assay.engines.answers import Block, Record, RecordKind, Stop, Until
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine, Recorder
from assay.engines.trouble import EngineError
from assay.locate.finding import Finding, Memory, What
from assay.suite.case import MachineCase, Resume, Run, Write
from assay.suite.play import Done, Outcome, Player

CHUNK = 4096  # records between two looks at the stops
PRODUCTION, OBSERVED = frozenset({Flavour.PRODUCTION}), frozenset({Flavour.OBSERVED})


class Broken(Exception):
    def __init__(self, error: EngineError, step: int | None) -> None:
        super().__init__()
        self.error, self.step = error, step


def find(case: MachineCase, engine: Engine) -> Finding | None:
    return Search(case, engine).find()


class Search:
    def __init__(self, case: MachineCase, engine: Engine) -> None:
        self.case = case
        self.engine = engine
        self.step: int | None = None
        self.size: int | None = CHUNK
        self.count = {RecordKind.BLOCKS: 0, RecordKind.INSTRUCTIONS: 0}
        self.memory: dict[int, bytes] = {}  # of the engine, where it differed

    def find(self) -> Finding | None:
        try:
            found = self.production()
        except EngineError as error:
            return Finding(What.BROKEN, self.step, PRODUCTION, trouble=error.kind, message=error.message)
        if found is not None and (found.what != What.STOP or not self.is_steady(found)):
            return found if found.what != What.STOP else replace(found, what=What.UNSTEADY)
        observed = self.watched(CHUNK)
        if observed is None and found is None:
            observed = self.watched(None)
        elif found is None and not self.is_found_again(observed):
            assert observed is not None
            return Finding(What.UNSTEADY, observed.step, OBSERVED, observed.index)
        if observed is not None and observed.what == What.BROKEN and observed.trouble == "garbage":
            observed = self.watched(1) or observed
        if found is None or observed is None or observed.step is None or found.step is None:
            return observed if found is None else self.by_gas(found)
        if observed.step < found.step:
            return observed
        if observed.step > found.step:
            return self.by_gas(found)
        return replace(observed, flavours=PRODUCTION | OBSERVED)

    def is_found_again(self, observed: Finding | None) -> bool:
        return observed is None or observed.what == What.BROKEN or self.watched(CHUNK) == observed

    def watched(self, size: int | None) -> Finding | None:
        """Observed, in pieces of so many instructions, or each step whole; what breaks counts as a finding."""
        self.size, self.count = size, {RecordKind.BLOCKS: 0, RecordKind.INSTRUCTIONS: 0}
        try:
            return self.observed()
        except EngineError as error:
            index = self.count[RecordKind.INSTRUCTIONS] if size == 1 else None
            return Finding(What.BROKEN, self.step, OBSERVED, index, trouble=error.kind, message=error.message)

    def is_steady(self, found: Finding) -> bool:
        """Whether the engine ends the step again as it did."""
        assert found.step is not None and found.stops is not None
        other = Player(self.case, self.engine)
        try:
            other.load()
            outcome = [other.do(step) for step in self.case.steps[: found.step + 1]][-1]
            memory = other.memory()
        except EngineError:
            return False
        return outcome == found.stops[1] and memory == self.memory

    def players(self) -> tuple[Player, Player]:
        return Player(self.case, ModelEngine()), Player(self.case, self.engine)

    def production(self) -> Finding | None:
        right, other = self.players()
        words = right.load(), other.load()
        if words[0] != words[1]:
            return Finding(What.LOAD, None, PRODUCTION, words=words)
        if words[0] != "admitted":
            return None
        for index, step in enumerate(self.case.steps):
            self.step = index
            found = self.compare(index, right, other, right.do(step), other.do(step))
            if found is not None:
                self.memory = other.memory() if found.what == What.STOP else {}
                return replace(found, flavours=PRODUCTION)
        return None

    def compare(self, index: int, right: Player, other: Player, expected: Outcome, got: Outcome) -> Finding | None:
        if isinstance(expected, Done) or isinstance(got, Done):
            if expected == got:
                return None
            words = tuple("refused" if outcome == Done.REFUSED else "done" for outcome in (expected, got))
            return None if words[0] == words[1] else Finding(What.RESULT, index, words=(words[0], words[1]))
        memory = memory_of(right, other)
        same = replace(expected, blocks=(), instructions=()) == replace(got, blocks=(), instructions=())
        return None if same and not memory else Finding(What.STOP, index, stops=(expected, got), memory=memory)

    def observed(self) -> Finding | None:
        kinds = tuple(kind for kind in RecordKind if kind.value in self.engine.features)
        if not kinds:
            return None
        right, other = self.players()
        if right.load() != "admitted" or other.load() != "admitted":
            return None
        for index, step in enumerate(self.case.steps):
            self.step = index
            if isinstance(step, Write):
                right.do(step), other.do(step)
                continue
            found = self.observed_step(index, step, right, other, kinds)
            if found is not None:
                return found
        return None

    def observed_step(
        self, index: int, step: Run | Resume, right: Player, other: Player, kinds: tuple[RecordKind, ...]
    ) -> Finding | None:
        self.count = count = {RecordKind.BLOCKS: 0, RecordKind.INSTRUCTIONS: 0}
        left = step.until
        is_first = True
        while True:
            until = left if self.size is None else piece(left, kinds, self.size)
            assert isinstance(right.engine, ModelEngine)
            recorder = right.engine.observer = Recorder()
            expected = right.begin(step, until) if is_first else right.go_on(until)
            got = other.begin(step, until, kinds) if is_first else other.go_on(until, kinds)
            is_first = False
            if isinstance(expected, Done) or isinstance(got, Done):
                return self.compare(index, right, other, expected, got)
            if got.records_cut:
                return self.compare(index, right, other, expected, got)
            found = compare_records(index, recorder, got, kinds, count)
            if found is not None:
                return replace(found, stops=(expected, got), unseen=frozenset(RecordKind) - frozenset(kinds))
            found = self.compare(index, right, other, expected, got)
            if found is not None:
                return found
            count[RecordKind.BLOCKS] += len(recorder.blocks)
            count[RecordKind.INSTRUCTIONS] += len(recorder.instructions)
            blocks = left.blocks - len(recorder.blocks) if left.blocks else 0
            instructions = left.instructions - len(recorder.instructions) if left.instructions else 0
            ended = (left.blocks and not blocks) or (left.instructions and not instructions)
            if expected.exit != "stopped" or ended:
                return None
            left = Until(blocks, instructions)

    # Gas is the clock

    def by_gas(self, found: Finding) -> Finding:
        assert found.step is not None
        step = self.case.steps[found.step]
        if found.stops is None or isinstance(step, Write):
            return found
        right = Player(self.case, ModelEngine())
        right.load()
        for before in self.case.steps[: found.step]:
            right.do(before)
        start, _ = right.start(step)
        agreed, differs = -1, start
        best = found
        while differs - agreed > 1:
            middle = agreed + (differs - agreed) // 2
            wrong = self.with_gas(found, step, middle)
            if wrong is None:
                agreed = middle
            else:
                differs, best = middle, wrong
        unseen = frozenset(kind for kind in RecordKind if kind.value not in self.engine.features)
        found = replace(found, what=What.GAS, gas=differs, poor=best.stops, poor_memory=best.memory)
        return replace(found, flavours=PRODUCTION, unseen=unseen)

    def with_gas(self, found: Finding, step: Run | Resume, gas: int) -> Finding | None:
        assert found.step is not None
        right, other = self.players()
        outcomes = []
        for player in (right, other):
            player.load()
            for before in self.case.steps[: found.step]:
                player.do(before)
            try:
                outcomes.append(player.begin(replace(step, gas=gas), step.until))
            except EngineError:
                return found  # with less gas it even breaks
        return self.compare(found.step, right, other, *outcomes)


def piece(left: Until, kinds: tuple[RecordKind, ...], size: int = CHUNK) -> Until:
    if RecordKind.INSTRUCTIONS in kinds:
        return replace(left, instructions=min(left.instructions or size, size))
    return replace(left, blocks=min(left.blocks or size, size))


def compare_records(
    index: int, recorder: Recorder, got: Stop, kinds: tuple[RecordKind, ...], count: dict[RecordKind, int]
) -> Finding | None:
    seen = {RecordKind.BLOCKS: 0, RecordKind.INSTRUCTIONS: 0}
    others: dict[RecordKind, Sequence[Record]] = {
        RecordKind.BLOCKS: got.blocks,
        RecordKind.INSTRUCTIONS: got.instructions,
    }
    what = {RecordKind.BLOCKS: What.BLOCK, RecordKind.INSTRUCTIONS: What.INSTRUCTION}
    for record in recorder.order:
        kind = RecordKind.INSTRUCTIONS if not hasattr(record, "gas") else RecordKind.BLOCKS
        at = seen[kind]
        seen[kind] += 1
        if kind not in kinds:
            continue
        other = others[kind][at] if at < len(others[kind]) else None
        if other != record:
            return Finding(what[kind], index, index=count[kind] + at, records=(record, other))
    extra = {kind: others[kind][seen[kind]] for kind in kinds if len(others[kind]) > seen[kind]}
    if not extra:
        return None
    kind = first_kind(extra, recorder.order[-1] if recorder.order else None)
    return Finding(what[kind], index, index=count[kind] + seen[kind], records=(None, extra[kind]))


def first_kind(extra: Mapping[RecordKind, Record], last: Record | None) -> RecordKind:
    """Which record came first: a block's comes before that of its first instruction, and after those of others."""
    if len(extra) == 1:
        return next(iter(extra))
    start = extra[RecordKind.INSTRUCTIONS].pc
    was_entered = isinstance(last, Block) and last.pc == start  # a branch to itself
    is_entry = extra[RecordKind.BLOCKS].pc == start and not was_entered
    return RecordKind.BLOCKS if is_entry else RecordKind.INSTRUCTIONS


def memory_of(right: Player, other: Player) -> tuple[Memory, ...]:
    got = other.memory()
    return tuple(first_run(at, data, got[at]) for at, data in right.memory().items() if data != got[at])


def first_run(page: int, expected: bytes, got: bytes) -> Memory:
    """The first bytes of a page that differ."""
    at = end = next(n for n in range(len(expected)) if expected[n] != got[n])
    while end < len(expected) and end < at + 8 and expected[end] != got[end]:
        end += 1
    return Memory(page + at, expected[at:end], got[at:end])
