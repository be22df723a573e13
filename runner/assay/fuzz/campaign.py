"""A campaign: fuzzers on targets are started and watched, what they find is judged and kept.

Everything that counts is in files, written by whoever has it: inputs by the fuzzers, executions by the targets, finds
by the store. So a campaign that is killed goes on where it was when it is started again with the same OUT.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from assay.base.trouble import NoOutput
from assay.finds.store import Kept, is_writable
from assay.fuzz import builds, seeds
from assay.fuzz.judge import Judge
from assay.fuzz.part import PRESETS, ROLES, Counts, Part, read_ledger, together

SLICE = 600  # seconds at most that a fuzzer has before another one has its turn
TICK = 1.0
RESTARTS = 20  # of one fuzzer that dies within its time
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


@dataclass(frozen=True)
class Plan:
    """What a campaign is asked to do."""

    targets: tuple[str, ...]
    seconds: int
    jobs: int
    out: Path
    seeds: Path  # a folder with a folder or an archive of inputs for each target
    engine: str = ""


@dataclass
class Summary:
    """What it came to."""

    counts: Counts = field(default_factory=Counts)
    edges: dict[str, int] = field(default_factory=dict)
    stability: dict[str, float] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    inputs: int = 0  # in the queues
    seconds: float = 0


class Campaign:
    """Runs a plan. `say` gets a line whenever something happens, `tick` one a second."""

    def __init__(self, plan: Plan, judge: Judge, say: Callable[[str], None], tick: Callable[[str], None]) -> None:
        self.plan = plan
        self.judge = judge
        self.say = say
        self.tick = tick
        self.summary = Summary()
        self.judged = plan.out / "judged.txt"
        self.known = set(self.judged.read_text().split()) if self.judged.exists() else set[str]()
        self.pending: list[tuple[Future[Kept], str]] = []
        self.looked_at: set[Path] = set()
        self.started = time.monotonic()

    # What is needed before

    def prepare(self) -> list[Part]:
        plan = self.plan
        if not is_writable(plan.out):
            raise NoOutput(f"{plan.out}: it cannot be written; choose another folder with --out")
        parts = [Part(plan.out, target, role, plan.engine) for role in ROLES for target in plan.targets]
        for preset in dict.fromkeys([*(PRESETS[part.role] for part in parts), builds.CMPLOG]):
            self.say(f"building {preset}")
            builds.make(preset, plan.targets)
        for target in plan.targets:
            seeds.unpack(plan.seeds, target, plan.out / target / "in")
        for part in parts:
            part.before = read_ledger(part.ledger)
        if CORE_PATTERN.exists() and CORE_PATTERN.read_text().startswith("|"):
            self.say(
                "the host pipes core dumps to a program: `sysctl kernel.core_pattern=core` makes crashes noticed sooner"
            )
        if not together():
            self.say("bwrap cannot make a room for processes here: what is killed may leave a fuzzer's child behind")
        return parts

    # Running

    def run(self) -> Summary:
        parts = self.prepare()
        self.started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            try:
                for group, seconds in turns(parts, self.plan.jobs, self.plan.seconds):
                    self.turn(group, seconds, parts, pool)
            finally:
                for part in parts:
                    part.stop()
            self.look(parts, pool)
            while self.pending:
                self.collect()
                time.sleep(0.05)
        self.finish(parts)
        return self.summary

    def turn(self, group: Sequence[Part], seconds: int, parts: Sequence[Part], pool: ThreadPoolExecutor) -> None:
        """Some fuzzers side by side for a while."""
        end = time.monotonic() + seconds
        for part in group:
            part.start(seconds)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
            self.look(parts, pool)
            self.collect()
            for part in group:
                self.revive(part, int(end - time.monotonic()))
            self.tick(self.line(parts))
        for part in group:
            part.stop()

    def revive(self, part: Part, seconds: int) -> None:
        """Starts a fuzzer again that ended before its time. One that dies of its own is told in the end."""
        if part.is_running or seconds < 2:
            return
        if words := part.died():
            part.deaths += 1
            self.summary.deaths.append(f"{part.name}: {words}")
            self.say(f"{part.name} died ({words}), {part.folder / (part.role + '.log')} has its words; it goes on")
        if part.deaths < RESTARTS:
            self.forget_crashing_seeds(part)
            part.start(seconds)

    def forget_crashing_seeds(self, part: Part) -> None:
        """libFuzzer would end with the same input at once: what it has ended with is no seed of it any more."""
        for found in part.found():
            name = found.name.rpartition("-")[2]
            for folder in (part.own / "queue", part.folder / "in"):
                (folder / name).unlink(missing_ok=True)

    # Finds

    def look(self, parts: Sequence[Part], pool: ThreadPoolExecutor) -> None:
        """Hands new inputs to the judge."""
        for part in parts:
            for file in part.found():
                if file in self.looked_at:
                    continue
                self.looked_at.add(file)
                name = hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
                if name not in self.known:
                    self.known.add(name)
                    self.pending.append((pool.submit(self.judge.judge, file, part.target), name))

    def collect(self) -> None:
        """Takes what the judge is done with; only then an input counts as judged."""
        for future, name in [entry for entry in self.pending if entry[0].done()]:
            self.pending.remove((future, name))
            kept = future.result()
            with self.judged.open("a") as stream:
                stream.write(f"{name}\n")
            if kept.is_new:
                flaky = ", flaky" if kept.find.is_flaky else ""
                self.say(f"found {kept.find.signature}{flaky}: {kept.find.card.strip().splitlines()[0][:160]}")

    # Telling

    def line(self, parts: Sequence[Part]) -> str:
        now = self.total(parts)
        seconds = max(time.monotonic() - self.started, 1e-3)
        edges, stability = self.coverage(parts)
        running = ",".join(part.name for part in parts if part.is_running)
        compared = now.agreed + now.differed
        share = 100 * compared / now.executions if now.executions else 100
        least = f"{min(stability.values()):.2f}%" if stability else "-"
        return (
            f"{clock(seconds)} {now.executions} executions, {now.executions / seconds:.0f}/s, compared {share:.2f}%, "
            f"edges {sum(edges.values())}, stability {least}, {len(self.known)} inputs judged or waiting, "
            f"{len(self.judge.store.signatures())} finds [{running}]"
        )

    def total(self, parts: Sequence[Part]) -> Counts:
        total = Counts()
        for part in parts:
            total += part.counts()
        return total

    def coverage(self, parts: Sequence[Part]) -> tuple[dict[str, int], dict[str, float]]:
        edges: dict[str, int] = {}
        stability: dict[str, float] = {}
        for part in parts:
            stats = part.stats()
            if "edges_found" in stats:
                edges[part.target] = max(edges.get(part.target, 0), int(stats["edges_found"]))
                stability[part.name] = float(stats["stability"].rstrip("%"))
        return edges, stability

    def finish(self, parts: Sequence[Part]) -> None:
        summary = self.summary
        summary.counts = self.total(parts)
        summary.edges, summary.stability = self.coverage(parts)
        summary.kept = self.judge.store.all()
        summary.inputs = sum(1 for part in parts for _ in (part.own / "queue").glob("*"))
        summary.seconds = time.monotonic() - self.started
        record = {
            "seconds": round(summary.seconds, 1),
            "executions": summary.counts.executions,
            "skipped": summary.counts.skipped,
            "edges": summary.edges,
            "finds": [kept.find.signature for kept in summary.kept],
            "queue": summary.inputs,
            "deaths": summary.deaths,
        }
        with (self.plan.out / "runs.jsonl").open("a") as stream:
            stream.write(json.dumps(record) + "\n")


def turns(parts: Sequence[Part], jobs: int, seconds: int) -> Iterator[tuple[Sequence[Part], int]]:
    """Who runs side by side, and for how long: all in turn, again and again until the time is over."""
    groups = [parts[at : at + jobs] for at in range(0, len(parts), jobs)]
    turn = max(1, min(SLICE, seconds // len(groups)))
    rounds = max(1, math.ceil(seconds / (turn * len(groups))))
    left = seconds
    for _ in range(rounds):
        for group in groups:
            if left > 0:
                yield group, min(turn, left)
                left -= turn


def clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
