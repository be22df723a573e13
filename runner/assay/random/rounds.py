"""Random programs through two engines, a sample of them through the specification too."""

import json
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from assay.engines import catalog
from assay.engines.process import how_it_ended
from assay.replay.replay import replay
from assay.suite import collection

PIECE = 2000  # programs of one harness process
TIMEOUT = 300.0  # seconds for a piece
COUNTS = ("programs", "runs", "instructions", "rejected", "divergences")


@dataclass
class Outcome:
    programs: int = 0
    runs: int = 0
    instructions: int = 0
    rejected: int = 0
    divergences: int = 0
    voted: int = 0  # programs that the specification played too
    exits: dict = field(default_factory=dict)
    found: list = field(default_factory=list)  # what diverged: the harness's lines
    broken: list = field(default_factory=list)  # one line each
    seconds: float = 0.0

    @property
    def ok(self):
        return bool(self.programs) and not (self.divergences or self.broken)

    def add(self, other):
        for name in (*COUNTS, "voted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, count in other.exits.items():
            self.exits[name] = self.exits.get(name, 0) + count
        self.found += other.found
        self.broken += other.broken


@dataclass(frozen=True)
class Plan:
    pair: tuple  # two engines
    seed: int
    first: int
    count: int
    shape: str
    vote_every: int = 0  # every so many programs the specification votes; 0: never


def play(plan, jobs=1, progress=None):
    """Plays the programs of a plan in pieces, side by side; stops after a piece that fails."""
    started = time.monotonic()
    total = Outcome()
    ends = plan.first + plan.count
    pieces = [
        Plan(plan.pair, plan.seed, at, min(PIECE, ends - at), plan.shape, plan.vote_every)
        for at in range(plan.first, ends, PIECE)
    ]
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(play_piece, pieces):
            total.add(outcome)
            if progress:
                progress(total)
            if total.found or total.broken:
                pool.shutdown(cancel_futures=True)
                break
    total.seconds = time.monotonic() - started
    return total


def play_piece(plan):
    with tempfile.TemporaryDirectory(prefix="assay-random-") as folder:
        mark, sample = Path(folder, "mark"), Path(folder, "sample.json")
        argv = [plan.pair[0].harness, "lockstep", "--seed", plan.seed, "--first", plan.first]
        argv += ["--count", plan.count, "--shape", plan.shape, "--mark", mark]
        for engine in plan.pair:
            argv += ["--engine", engine.path]
        if plan.vote_every:
            argv += ["--emit", sample, "--every", plan.vote_every]
        outcome = run(plan, [str(part) for part in argv], mark)
        if plan.vote_every and sample.exists() and outcome.programs:
            vote(outcome, sample)
        return outcome


def run(plan, argv, mark):
    outcome = Outcome()
    try:
        done = subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False)
        code, words = done.returncode, done.stderr.decode("utf-8", "replace").strip()
        output = done.stdout
    except subprocess.TimeoutExpired as expired:
        code, words, output = 0, f"no end after {TIMEOUT:g} s", expired.stdout or b""
    summary = {}
    for line in output.splitlines():
        entry = read_line(line)
        if entry.get("done"):
            summary = entry
        elif entry:
            outcome.found.append(entry)
    if not summary:
        index = mark.read_text().strip() if mark.exists() else str(plan.first)
        how = words if code == 0 else f"{how_it_ended(code)}; {words[-400:]}"
        outcome.broken.append(f"seed {plan.seed}, shape {plan.shape}, program {index}: an engine broke: {how}")
        return outcome
    for name in COUNTS:
        setattr(outcome, name, summary[name])
    outcome.exits = dict(summary["exits"])
    return outcome


def read_line(line):
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def vote(outcome, sample):
    """The specification plays the sample; whatever it sees otherwise is a divergence."""
    played = collection.read([sample])
    for verdict in replay(played, catalog.parse(catalog.MODEL)):
        outcome.voted += 1
        if not verdict.passed:
            outcome.divergences += 1
            entry = next(entry for entry in played.entries if entry.id == verdict.case)
            outcome.found.append({"engines": ["model"], "case": entry.case(), "message": verdict.text})
