"""Random kernel work through two engines, a sample of it through the specification too."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from assay.base import workers
from assay.engines import catalog
from assay.engines.answers import Applied, Called, Decoded
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine
from assay.engines.process import ProcessEngine
from assay.engines.trouble import EngineEnding, EngineError
from assay.random import encodings, kernel_work
from assay.random.difference import difference
from assay.random.plan import Outcome, Plan, Progress
from assay.suite.case import Call, CallResume, CallRun
from assay.suite.play import do_call

CODEC = "codec"
PIECE = 500
ENCODINGS_PIECE = 20 * PIECE
TIMEOUT = 60.0
INSTANCE = bytes(range(64))
LOOK_EVERY = 5  # events between two looks at the state of a chain


@dataclass(frozen=True)
class Stepped:
    """What can be seen after a step of a World."""

    called: Called
    dump: bytes


@dataclass(frozen=True)
class Chained:
    """What can be seen after an event; now and then the state too."""

    applied: Applied
    state: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Coded:
    decoded: Decoded
    admitted: str
    digest: str


def play(plan: Plan, jobs: int = 1, progress: Progress | None = None) -> Outcome:
    """Plays sequences in pieces, side by side; stops after a piece that fails."""
    started = time.monotonic()
    pieces = list(plan.pieces(ENCODINGS_PIECE if plan.kind == CODEC else PIECE))
    total = Outcome()
    with workers.pool(jobs) as pool:
        for outcome in pool.imap(play_piece, pieces):
            total.add(outcome)
            if progress:
                progress(total.played)
            if total.is_bad:
                pool.terminate()
                break
    total.seconds = time.monotonic() - started
    return total


def play_piece(plan: Plan) -> Outcome:
    round_ = Round(plan)
    try:
        round_.play()
        for engine in round_.pair:
            finish(engine, round_.outcome)
    except EngineError as error:
        round_.outcome.broken.append(f"seed {plan.seed}, {plan.kind} {round_.index}: {error}")
    finally:
        for engine in round_.pair:
            engine.close()
    return round_.outcome


def finish(engine: Engine, outcome: Outcome) -> None:
    """A process that has leaked says so when it ends."""
    try:
        if isinstance(engine, ProcessEngine):
            engine.farewell(catalog.TIMEOUT)
    except EngineEnding as ending:
        outcome.broken.append(str(ending))


class Round:
    """A piece of a plan on the engines."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pair: list[Engine] = [target.open(TIMEOUT) for target in plan.pair]
        self.opened = self.pair  # those that play the sequence at hand
        self.outcome = Outcome()
        self.index = plan.first

    def play(self) -> None:
        for index in range(self.plan.first, self.plan.first + self.plan.count):
            self.index = index
            votes = bool(self.plan.vote_every) and self.index % self.plan.vote_every == 0
            self.opened = [*self.pair, ModelEngine()] if votes else self.pair
            self.outcome.played += 1
            self.outcome.voted += votes
            if self.plan.kind == CODEC:
                self.encoding()
            elif self.index % 4 == 3:
                self.chain()
            else:
                self.world()
            if self.outcome.found:
                return

    def agree(self, where: str, answers: Sequence[object]) -> bool:
        """Notes the first member in which answers differ; True when they agree."""
        names = [engine.name for engine in self.opened]
        for name, answer in zip(names[1:], answers[1:], strict=True):
            if answer != answers[0]:
                words = f"{names[0]} and {name} differ in {difference(answers[0], answer)}"
                self.outcome.found.append({"message": f"seed {self.plan.seed}, {where}: {words}"})
                return False
        return True

    def count(self, end: str, records: int = 0) -> None:
        self.outcome.counts.update(steps=1, records=records)
        self.outcome.ends[end] += 1

    def world(self) -> None:
        work = kernel_work.world(self.plan.seed, self.index)
        for engine in self.opened:
            engine.world_open(work.world)
        calls: list[Call] = [
            CallRun(INSTANCE, work.image, work.cnode, 0, work.gas),
            *(CallResume(scratchpad) for scratchpad in work.scratchpads),
        ]
        for step, call in enumerate(calls):
            answers = [Stepped(do_call(call, engine), engine.world_dump()) for engine in self.opened]
            called = answers[0].called
            if not self.agree(f"sequence {self.index}, step {step}", answers):
                self.outcome.counts.update(steps=1, records=len(called.records))
                return
            self.count(called.outcome, len(called.records))
            if called.outcome != "paused":
                return

    def chain(self) -> None:
        image, events = kernel_work.chain(self.plan.seed, self.index)
        where = f"sequence {self.index}"
        verdicts = [engine.chain_genesis(image) for engine in self.opened]
        if not self.agree(f"{where}, genesis", verdicts):
            return
        if verdicts[0] != "admitted":
            self.count(verdicts[0])
            return
        for number, event in enumerate(events):
            looks = number % LOOK_EVERY == LOOK_EVERY - 1 or number + 1 == len(events)
            answers = []
            for engine in self.opened:
                applied = engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
                state = (engine.chain_instance(), engine.chain_root(), engine.chain_state()) if looks else ()
                answers.append(Chained(applied, state))
            applied = answers[0].applied
            self.count(f"event {applied.result.outcome}", len(applied.records))
            if not self.agree(f"{where}, event {number}", answers):
                return

    def encoding(self) -> None:
        kind, data = encodings.encoding(self.plan.seed, self.index)
        answers = [coded(engine, kind, data) for engine in self.opened]
        self.outcome.counts["steps"] += 1
        self.outcome.ends[answers[0].decoded.verdict] += 1
        self.agree(f"encoding {self.index} ({kind}, {data.hex()})", answers)


def coded(engine: Engine, kind: str, data: bytes) -> Coded:
    decoded = engine.decode(kind, data)
    admitted = engine.admit(data) if kind == "image" else ""
    return Coded(decoded, admitted, engine.hash(kind, data) if kind in encodings.HASHED else "")
