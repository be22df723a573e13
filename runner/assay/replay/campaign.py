"""A replay from beginning to end: runs it, reports it, and says how it ended."""

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from assay.base import exit_code
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.engines.sandbox import Wall
from assay.engines.trouble import EngineDied, EngineError
from assay.locate import card
from assay.locate.locate import Question, locate
from assay.replay.replay import Crew
from assay.replay.report import Report, coloured, tally
from assay.replay.sinks import Sink
from assay.replay.verdict import Verdict, Vote
from assay.suite.collection import Entry, Suite

ONE_LINERS = 20
AS_GENERATED = (
    "the model and the engine agree: the vector expects something else; "
    "./assay fill --check says whether it is as generated"
)


class Enough(Exception):
    """As many failures as were wanted."""


@dataclass(frozen=True)
class Wishes:
    """How a replay is to be run and shown."""

    timeout: float = catalog.TIMEOUT
    jobs: int = 1
    cards: int = 5
    deaths: int = catalog.DEATHS
    maxfail: int | None = None
    quiet: bool = False
    to_stderr: bool = False


class Campaign:
    def __init__(
        self, suite: Suite, targets: Sequence[Target], sinks: Sequence[Sink] = (), wishes: Wishes | None = None
    ) -> None:
        self.suite = suite
        self.targets = {target.name: target for target in targets}
        self.wishes = wishes or Wishes()
        self.spared = 0  # cases that say an engine cannot keep up with them
        self.entries = {entry.id: entry for entry in suite.entries}
        files = {entry.id: entry.file for entry in suite.entries}
        self.report = Report(files, sinks, len(suite.entries) * len(targets), self.wishes.quiet)

    def say(self, text: str = "") -> None:
        click.echo(text, err=self.wishes.to_stderr)

    def run(self) -> int:
        """Runs it; returns the exit code."""
        started = time.monotonic()
        interrupted = False
        for entry in self.suite.invalid:
            self.report.add_invalid(entry)
        try:
            self.play()
        except Enough:
            pass
        except KeyboardInterrupt:
            interrupted = True
        self.report.close(interrupted)
        try:
            self.show(time.monotonic() - started, interrupted)
        except KeyboardInterrupt:
            interrupted = True
        return exit_code.INTERRUPTED if interrupted else self.code()

    def play(self) -> None:
        """Every selected case gets a verdict; one that was dropped is an error."""
        with Crew(self.wishes.jobs) as crew:
            asked = {name: self.suite.asked(target) for name, target in self.targets.items()}
            started = {
                name: crew.start(asked[name], self.targets[name], self.wishes.timeout, self.wishes.deaths)
                for name in asked
            }
            for name, shards in started.items():
                left = {entry.id for entry in asked[name].entries}
                self.spared += len(self.suite.entries) - len(left)
                try:
                    for shard in shards:
                        for verdict in shard.verdicts():
                            left.discard(verdict.case)
                            self.add(verdict)
                        if shard.ending:
                            self.report.add_ending(name, shard.ending)
                except EngineDied as error:
                    click.echo(f"assay: {error}", err=True)
                for identity in sorted(left):
                    self.add(Verdict(identity, name, Vote.ERROR, message="it was not run"))

    def add(self, verdict: Verdict) -> None:
        self.report.add(verdict)
        if self.wishes.maxfail and len(self.report.failures) >= self.wishes.maxfail:
            raise Enough

    def code(self) -> int:
        votes = {verdict.vote for verdict in self.report.failures}
        codes = [exit_code.BROKEN] if Vote.BROKEN in votes or self.report.endings else []
        codes += [exit_code.DIFFERED] if votes - {Vote.BROKEN} else []
        codes += [exit_code.BAD_INPUT] if self.report.invalid else []
        if not codes and not self.report.counts:
            codes = [exit_code.NOTHING]
        return exit_code.worst(codes)

    # What is shown

    def show(self, seconds: float, interrupted: bool) -> None:
        for entry in self.report.invalid[:ONE_LINERS]:
            self.say(f"{click.style('INVALID', fg='red')}   {entry}")
        self.more(len(self.report.invalid) - ONE_LINERS, "unreadable places")
        self.show_failures()
        for name, message in self.report.endings.items():
            self.say(f"{click.style('BROKEN', fg='red')}    engine {name}: {message}")
        for name, target in self.targets.items():
            if target.wall:
                self.say(f"{name:<10} {target.wall.value}{self.hint(target)}")
        if not self.wishes.quiet:
            for name, counts in self.report.counts.items():
                self.say(f"{name:<10} {tally(counts)}")
        self.say(self.last_line(seconds, interrupted))

    def hint(self, target: Target) -> str:
        counts = self.report.counts.get(target.name, {})
        is_lost = Vote.BROKEN in counts and Vote.PASS not in counts and target.wall == Wall.NAMESPACES
        return "; if it lacks files, --show PATH lets it read them" if is_lost else ""

    def show_failures(self) -> None:
        failures = self.report.failures
        in_full, rest = failures[: self.wishes.cards], failures[self.wishes.cards :]
        cards = self.cards(in_full)
        for verdict in in_full:
            self.say(cards[verdict.engine, verdict.case])
            self.say()
        for verdict in rest[:ONE_LINERS]:
            self.say(f"{click.style('DIVERGED', fg='red')}  {verdict.case} on {verdict.engine}: {verdict.text}")
        self.more(len(rest) - ONE_LINERS, "failures; --json FILE has all")

    def more(self, count: int, what: str) -> None:
        if count > 0:
            self.say(f"… and {count:,} more {what}")

    def cards(self, failures: Sequence[Verdict]) -> dict[tuple[str, str], str]:
        """The failures as cards, engine by engine; where nothing can be located, as one line."""
        found: dict[tuple[str, str], str] = {}
        for name in dict.fromkeys(verdict.engine for verdict in failures):
            of_engine = [verdict for verdict in failures if verdict.engine == name]
            for verdict, text in zip(of_engine, self.cards_of(self.targets[name], of_engine), strict=True):
                found[name, verdict.case] = text
        return found

    def cards_of(self, target: Target, failures: Sequence[Verdict]) -> list[str]:
        questions = [self.question(target, self.entries[verdict.case]) for verdict in failures]
        try:
            located = list(locate(expected_side(questions), target, questions, self.wishes.timeout))
        except EngineError as error:
            return [f"{one_line(verdict)} ({error})" for verdict in failures]
        return [
            card.shown(found) if found else f"{one_line(verdict)}\n  {AS_GENERATED}"
            for found, verdict in zip(located, failures, strict=True)
        ]

    def question(self, target: Target, entry: Entry) -> Question:
        argv = ["./assay", "replay", entry.place, *target.options]
        return Question(entry, shlex.join(argv), self.report.votes(entry.id), has_failed=True)

    def last_line(self, seconds: float, interrupted: bool) -> str:
        totals = self.report.totals
        cases = len(self.suite.entries)
        names = ", ".join(self.report.counts) or "no engine"
        wrong = len(self.report.failures)
        count = f"{wrong:,} divergence{'' if wrong == 1 else 's'}"
        good = not (wrong or self.report.invalid or self.report.endings or interrupted)
        left = f"; {self.suite.found - cases:,} not selected" if self.suite.found > cases else ""
        text = f"{cases:,} cases x {{{names}}}: {tally(totals)}; {count} in {seconds:.1f} s{left}"
        if self.spared:
            text += f"; {self.spared} too long for an engine and not asked of it"
        for name in self.report.endings:
            text += f"; {name} did not end well"
        if interrupted:
            text += "; interrupted"
        return coloured(text, good) if sys.stdout.isatty() else text


def expected_side(questions: Sequence[Question]) -> Target:
    return catalog.parse(catalog.MODEL)


def one_line(verdict: Verdict) -> str:
    return f"DIVERGED  {verdict.case} on {verdict.engine}: {verdict.text}"
