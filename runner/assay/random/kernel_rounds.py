"""Random kernel work through two engines, a sample of it through the specification too."""

import multiprocessing
import signal
import time
from dataclasses import dataclass, field

from assay.engines.model import ModelEngine
from assay.engines.process import EngineError, EngineRefused
from assay.random import kernel_random

PIECE = 500


@dataclass
class Outcome:
    sequences: int = 0
    steps: int = 0  # runs, resumes, events, or decodings
    records: int = 0
    ends: dict = field(default_factory=dict)
    voted: int = 0
    found: list = field(default_factory=list)  # one line a divergence
    broken: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self):
        return bool(self.sequences) and not (self.found or self.broken)

    def add(self, other):
        for name in ("sequences", "steps", "records", "voted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, count in other.ends.items():
            self.ends[name] = self.ends.get(name, 0) + count
        self.found += other.found
        self.broken += other.broken


@dataclass(frozen=True)
class Plan:
    level: str
    pair: tuple
    seed: int
    first: int
    count: int
    vote_every: int = 0


def play(plan, jobs=1, progress=None):
    """Plays sequences in pieces, side by side; stops after a piece that fails."""
    started = time.monotonic()
    size = PIECE * (20 if plan.level == "codec" else 1)
    ends = plan.first + plan.count
    pieces = [
        Plan(plan.level, plan.pair, plan.seed, at, min(size, ends - at), plan.vote_every)
        for at in range(plan.first, ends, size)
    ]
    total = Outcome()
    with multiprocessing.Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for outcome in pool.imap(play_piece, pieces):
            total.add(outcome)
            if progress:
                progress(total)
            if total.found or total.broken:
                pool.terminate()
                break
    total.seconds = time.monotonic() - started
    return total


def play_piece(plan):
    outcome = Outcome()
    opened = [engine.open(timeout=60.0) for engine in plan.pair]
    do = one_encoding if plan.level == "codec" else one_sequence
    try:
        for index in range(plan.first, plan.first + plan.count):
            votes = plan.vote_every and index % plan.vote_every == 0
            do(plan, index, [*opened, ModelEngine()] if votes else opened, outcome)
            outcome.voted += bool(votes)
            if outcome.found:
                break
        for engine in opened:
            finish(engine, outcome)
    except EngineError as error:
        outcome.broken.append(f"seed {plan.seed}, {plan.level} {index}: {error}")
    finally:
        for engine in opened:
            engine.close()
    return outcome


def finish(engine, outcome):
    """A process that has leaked says so when it ends."""
    process = engine.process
    if process is not None:
        engine.ask({"op": "bye"}, lambda ok: ok)
        code = process.wait(60)
        if code:
            outcome.broken.append(f"engine {engine.name} ended with code {code}: {engine.last_words()[-600:]}")


def compare(outcome, where, names, answers):
    """Notes the first field in which answers differ; True when they agree."""
    first = answers[0]
    for name, answer in zip(names[1:], answers[1:]):
        if answer != first:
            outcome.found.append(f"{where}: {names[0]} and {name} differ in {difference(first, answer)}")
            return False
    return True


def difference(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        names = [name for name in a if a[name] != b.get(name)]
        if names:
            return f"{names[0]}: {shown(a[names[0]])} and {shown(b.get(names[0]))}"
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        for index, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return f"[{index}] {difference(x, y)}"
        return f"length: {len(a)} and {len(b)}"
    return f"{shown(a)} and {shown(b)}"


def shown(value):
    if isinstance(value, bytes):
        value = value.hex()
    text = str(value)
    return text if len(text) < 200 else f"{text[:120]}… ({len(text)} characters)"


def refusing(act):
    try:
        return act()
    except EngineRefused:
        return "refused"


def one_sequence(plan, index, opened, outcome):
    outcome.sequences += 1
    do = one_chain if index % 4 == 3 else one_world
    do(plan, index, opened, outcome)


def one_world(plan, index, opened, outcome):
    world, image, cnode, gas, scratchpads = kernel_random.world(plan.seed, index)
    names = [engine.name for engine in opened]
    where = f"seed {plan.seed}, sequence {index}, step "
    instance = bytes(range(64))
    for engine in opened:
        engine.world_open(world)
    for step in range(1 + len(scratchpads)):
        if step == 0:
            answers = [refusing(lambda e=e: e.world_run(instance, image, cnode, 0, gas)) for e in opened]
        else:
            answers = [refusing(lambda e=e: e.world_resume(scratchpads[step - 1])) for e in opened]
        answers = [(*answer, engine.world_dump()) for answer, engine in zip(answers, opened)]
        outcome.steps += 1
        outcome.records += len(answers[0][1])
        if not compare(outcome, f"{where}{step}", names, answers):
            return
        result = answers[0][0]
        end = result if isinstance(result, str) else result["outcome"]
        outcome.ends[end] = outcome.ends.get(end, 0) + 1
        if end != "paused":
            return


def one_chain(plan, index, opened, outcome):
    image, events = kernel_random.chain(plan.seed, index)
    names = [engine.name for engine in opened]
    if not compare(
        outcome,
        f"seed {plan.seed}, sequence {index}, genesis",
        names,
        [e.chain_genesis(image) for e in opened],
    ):
        return
    for number, event in enumerate(events):
        answers = [engine.chain_apply(*event) for engine in opened]
        if number % 5 == 4 or number + 1 == len(events):
            answers = [(*a, e.chain_instance(), e.chain_root(), e.chain_state()) for a, e in zip(answers, opened)]
        outcome.steps += 1
        outcome.records += len(answers[0][1])
        end = f"event {answers[0][0]['outcome']}"
        outcome.ends[end] = outcome.ends.get(end, 0) + 1
        if not compare(outcome, f"seed {plan.seed}, sequence {index}, event {number}", names, answers):
            return


def one_encoding(plan, index, opened, outcome):
    type, data = kernel_random.encoding(plan.seed, index)
    names = [engine.name for engine in opened]
    outcome.sequences += 1
    answers = [encoded(engine, type, data) for engine in opened]
    outcome.steps += 1
    end = answers[0][0][0]
    outcome.ends[end] = outcome.ends.get(end, 0) + 1
    compare(outcome, f"seed {plan.seed}, encoding {index} ({type}, {data.hex()})", names, answers)


def encoded(engine, type, data):
    answers = [engine.decode(type, data)]
    if type == "image":
        answers.append(engine.admit(data))
    if type in ("image", "state", "cap", "cnode"):
        answers.append(engine.hash(type, data))
    return answers
