"""What a replay says: progress and counts for people, every verdict to the reports for machines.

Every verdict is written as soon as it is known, so that a report that was cut short is still valid
and says how far it came.
"""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import click

from assay.base.strict import Members
from assay.replay.sinks import End, Sink
from assay.replay.verdict import GREEN, Verdict, Vote
from assay.suite.collection import Invalid


class Progress:
    """A line that moves, on a terminal only, and only for work that takes a while."""

    def __init__(self, total: int, what: str) -> None:
        self.stream = sys.stderr
        self.total = total
        self.what = what
        self.count = 0
        self.shown = False
        self.next = time.monotonic() + 0.3
        self.visible = self.stream.isatty()

    def step(self) -> None:
        self.at(self.count + 1)

    def at(self, count: int) -> None:
        self.count = count
        if self.visible and time.monotonic() >= self.next:
            self.next = time.monotonic() + 0.1
            self.shown = True
            print(f"\r{self.what}: {self.count}/{self.total}\x1b[K", end="", file=self.stream)
            self.stream.flush()

    def clear(self) -> None:
        if self.shown:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
            self.shown = False


def tally(counts: Mapping[Vote, int], votes: Sequence[Vote] = ()) -> str:
    """`9,450 pass, 1 wrong`: what is zero is left out, except what passed and the words asked for."""
    shown = [vote for vote in Vote if counts.get(vote) or vote == Vote.PASS or vote in votes]
    return ", ".join(f"{counts.get(vote, 0):,} {vote.value}" for vote in shown)


def coloured(text: str, good: bool) -> str:
    return click.style(text, fg="green" if good else "red", bold=True)


class Report:
    """Collects the verdicts of all engines."""

    def __init__(
        self,
        files: Mapping[str, str],
        sinks: Sequence[Sink] = (),
        total: int = 0,
        quiet: bool = False,
        allowed: Sequence[Vote] = (),
    ) -> None:
        self.green = (*GREEN, *allowed)
        self.complaints: list[str] = []  # what is red and belongs to no case
        self.files = files  # case id -> file
        self.sinks = list(sinks)
        self.counts: dict[str, Counter[Vote]] = {}  # by engine
        self.failures: list[Verdict] = []
        self.wrong: dict[str, set[str]] = {}  # case id -> engines that do not agree
        self.endings: dict[str, str] = {}  # engine -> what was wrong after bye
        self.invalid: list[Invalid] = []
        self.progress = None if quiet else Progress(total, "replay")

    def begin(self, header: Members) -> None:
        for sink in self.sinks:
            sink.begin(header)

    def add(self, verdict: Verdict) -> None:
        self.leave_out(verdict)
        if verdict.vote not in self.green:
            self.failures.append(verdict)
        if verdict.vote not in (Vote.PASS, Vote.NOT_APPLICABLE):
            self.wrong.setdefault(verdict.case, set()).add(verdict.engine)
        if self.progress:
            self.progress.step()

    def leave_out(self, verdict: Verdict) -> None:
        """Counted and written, but nothing to look at: the replay was ended before it came to this case."""
        self.counts.setdefault(verdict.engine, Counter())[verdict.vote] += 1
        for sink in self.sinks:
            sink.add(verdict, self.files[verdict.case])

    def add_ending(self, engine: str, message: str) -> None:
        """An engine that did not end well after its last case."""
        self.endings[engine] = message
        for sink in self.sinks:
            sink.ending(engine, message)

    def add_invalid(self, entry: Invalid) -> None:
        self.invalid.append(entry)
        for sink in self.sinks:
            sink.invalid(entry)

    @property
    def totals(self) -> Counter[Vote]:
        total: Counter[Vote] = Counter()
        for counts in self.counts.values():
            total += counts
        total[Vote.UNREADABLE] = len(self.invalid)
        return total

    def close(self, interrupted: bool, corpus: str, code: int) -> None:
        if self.progress:
            self.progress.clear()
        end = End(self.counts, len(self.invalid), self.complaints, interrupted, corpus, code)
        for sink in self.sinks:
            sink.close(end)

    def votes(self, case: str) -> dict[str, bool]:
        """engine -> whether it agrees on this case."""
        wrong = self.wrong.get(case, set())
        return {name: name not in wrong for name in self.counts}
