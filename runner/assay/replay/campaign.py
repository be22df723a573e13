"""A replay from beginning to end: runs it, reports it, and says how it ended."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from assay.base import exit_code
from assay.base.trouble import Trouble
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.engines.sandbox import Wall
from assay.engines.trouble import EngineDied, EngineError
from assay.locate import card
from assay.locate.divergence import Divergence
from assay.locate.locate import Question, expected_side, locate
from assay.replay import contract, header
from assay.replay.known import Known
from assay.replay.replay import Crew
from assay.replay.report import Report, coloured, tally
from assay.replay.settle import Settler
from assay.replay.shard import Shard
from assay.replay.sinks import Sink
from assay.replay.verdict import VOTES, Verdict, Vote, not_run
from assay.suite.collection import Entry, Suite

ONE_LINERS = 20
LOCATED = 50  # failures of an engine whose first wrong record a report for machines has
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
    known: Known = field(default_factory=Known)
    allowed: tuple[Vote, ...] = ()  # green although they are not by themselves


class Campaign:
    def __init__(
        self, suite: Suite, targets: Sequence[Target], sinks: Sequence[Sink] = (), wishes: Wishes | None = None
    ) -> None:
        self.suite = suite
        self.targets = {target.name: target for target in targets}
        self.wishes = wishes or Wishes()
        self.entries = {entry.id: entry for entry in suite.entries}
        files = {entry.id: entry.file for entry in suite.entries}
        total = len(suite.entries) * len(targets)
        self.report = Report(files, sinks, total, self.wishes.quiet, self.wishes.allowed)
        self.has_reports = bool(sinks)
        self.skipped: dict[str, int] = {}  # engine -> cases without records
        self.answered: set[tuple[str, str]] = set()  # engine and case
        self.started: set[str] = set()  # engines that have said who they are

    def say(self, text: str = "") -> None:
        click.echo(text, err=self.wishes.to_stderr)

    def run(self) -> int:
        """Runs it; returns the exit code."""
        started = time.monotonic()
        interrupted = False
        corpus = header.digest(self.suite.read_files)
        self.report.begin(
            header.header(list(self.targets.values()), corpus, len(self.suite.read_files), len(self.suite.entries))
        )
        for entry in self.suite.invalid:
            self.report.add_invalid(entry)
        try:
            self.play()
            self.check_contracts()
            self.look_back()
        except Enough:
            self.leave_out("the replay ended at enough failures")
        except KeyboardInterrupt:
            interrupted = True
            self.leave_out("the replay was interrupted")
        after = header.digest(self.suite.read_files)
        if after != corpus:
            self.report.complaints.append("the vector files changed while they were replayed; nothing here counts")
        code = exit_code.INTERRUPTED if interrupted else self.code()
        self.report.close(interrupted, after, code)
        try:
            self.show(time.monotonic() - started, interrupted)
        except KeyboardInterrupt:
            return exit_code.INTERRUPTED
        return code

    def check_contracts(self) -> None:
        """What no vector asks of an engine is asked of strangers, if they start at all."""
        for name, target in self.targets.items():
            if not target.is_ours and name in self.started:
                self.report.complaints += contract.breaches(target, self.wishes.timeout)

    def play(self) -> None:
        """Every selected case gets a verdict; one that was dropped is red."""
        with Crew(self.wishes.jobs) as crew:
            asked = {name: self.suite.asked(target) for name, target in self.targets.items()}
            started = {
                name: crew.start(asked[name], self.targets[name], self.wishes.timeout, self.wishes.deaths)
                for name in asked
            }
            for name, shards in started.items():
                left = {entry.id for entry in asked[name].entries}
                self.spare(name, left)
                try:
                    self.follow(self.settler(name), shards, left)
                except EngineDied as error:
                    click.echo(f"assay: {error}", err=True)
                for identity in sorted(left):
                    self.add(not_run(identity, name, "it was not run"))

    def leave_out(self, why: str) -> None:
        """What has no verdict yet was not run."""
        for name, target in self.targets.items():
            for entry in self.suite.asked(target).entries:
                if (name, entry.id) not in self.answered:
                    self.report.leave_out(not_run(entry.id, name, why))

    def spare(self, name: str, asked: set[str]) -> None:
        """Cases that say an engine cannot keep up with them."""
        for identity in self.entries:
            if identity not in asked:
                self.add(Verdict(identity, name, Vote.NOT_APPLICABLE, message="the case does not ask this engine"))

    def settler(self, name: str) -> Settler:
        located = LOCATED if self.has_reports else 0
        return Settler(self.targets[name], self.wishes.timeout, self.wishes.known, located)

    def follow(self, settler: Settler, shards: Sequence[Shard], left: set[str]) -> None:
        """Takes verdicts as they come; those that are wrong are settled first."""
        later: list[tuple[Verdict, Entry]] = []
        name = settler.target.name
        for shard in shards:
            for verdict in shard.verdicts():
                left.discard(verdict.case)
                if not verdict.is_at_start and verdict.vote != Vote.NOT_RUN:
                    self.started.add(name)
                if verdict.vote != Vote.WRONG or name not in self.started:
                    self.add(verdict)
                elif settler.alone > 0:
                    self.add(settler.settle(verdict, self.entries[verdict.case]))
                else:
                    later.append((verdict, self.entries[verdict.case]))
            self.skipped[name] = self.skipped.get(name, 0) + shard.skipped
            if shard.ending:
                self.report.add_ending(name, shard.ending)
        if later:
            for verdict in settler.settle_all(later):
                self.add(verdict)

    def add(self, verdict: Verdict) -> None:
        self.answered.add((verdict.engine, verdict.case))
        self.wishes.known.see(verdict)
        self.report.add(verdict)
        if self.wishes.maxfail and len(self.report.failures) >= self.wishes.maxfail:
            raise Enough

    def look_back(self) -> None:
        """What only the whole run can say of the list of what is known."""
        known = self.wishes.known
        is_whole = self.suite.found == len(self.suite.entries)
        self.report.complaints += known.stale()
        self.report.complaints += known.unmet(self.entries, self.targets, is_whole)

    def code(self) -> int:
        failures = self.report.failures
        codes = [exit_code.BROKEN] if any(v.is_broken for v in failures) or self.report.endings else []
        codes += [exit_code.DIFFERED] if self.report.complaints or not all(v.is_broken for v in failures) else []
        codes += [exit_code.BAD_INPUT] if self.report.invalid else []
        totals = self.report.totals
        if not codes and not any(totals[vote] for vote in VOTES if vote not in (Vote.NOT_APPLICABLE, Vote.CANNOT)):
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
        for complaint in self.report.complaints:
            self.say(f"{click.style('WRONG', fg='red')}     {complaint}")
        for name, skipped in self.skipped.items():
            if skipped:
                self.say(f"{name:<10} gives no records: {skipped:,} cases were played in production only")
        for name, target in self.targets.items():
            if target.wall:
                self.say(f"{name:<10} {target.wall.value}{self.hint(target)}")
        if not self.wishes.quiet:
            for name, counts in self.report.counts.items():
                self.say(f"{name:<10} {tally(counts)}")
        self.say(self.last_line(seconds, interrupted))

    def hint(self, target: Target) -> str:
        is_broken = any(verdict.is_broken and verdict.engine == target.name for verdict in self.report.failures)
        is_lost = is_broken and Vote.PASS not in self.report.counts[target.name] and target.wall == Wall.NAMESPACES
        return "; if it lacks files, --show PATH lets it read them" if is_lost else ""

    @property
    def is_green(self) -> bool:
        return self.code() == exit_code.AGREED

    def show_failures(self) -> None:
        failures = self.report.failures
        wrong = [verdict for verdict in failures if verdict.vote == Vote.WRONG]
        in_full = wrong[: self.wishes.cards]
        left = [verdict for verdict in failures if verdict.vote == Vote.NOT_RUN]
        rest = [verdict for verdict in failures if verdict not in in_full and verdict.vote != Vote.NOT_RUN]
        cards = self.cards(in_full)
        for verdict in in_full:
            self.say(cards[verdict.engine, verdict.case])
            self.say()
        for verdict in rest[:ONE_LINERS]:
            self.say(f"{verdict.vote.value.upper():<9} {verdict.case} on {verdict.engine}: {verdict.text}")
        self.more(len(rest) - ONE_LINERS, "failures; --json FILE has all")
        for (name, why), count in Counter((verdict.engine, verdict.text) for verdict in left).items():
            self.say(f"NOT RUN   {count:,} case{'' if count == 1 else 's'} on {name}: {why}")

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
        questions = [self.question(target, verdict) for verdict in failures]
        try:
            located = self.locate(target, questions)
        except (EngineError, Trouble) as error:
            lines = [one_line(verdict) for verdict in failures]
            return [line if str(error) in line else f"{line} ({error})" for line in lines]
        return [
            card.shown(found) if found else f"{one_line(verdict)}\n  {AS_GENERATED}"
            for found, verdict in zip(located, failures, strict=True)
        ]

    def locate(self, target: Target, questions: Sequence[Question]) -> list[Divergence | None]:
        """In the order of the questions; each against an engine that can keep up with its case."""
        found: dict[str, Divergence | None] = {}
        sides = [expected_side(question.entry, target) for question in questions]
        for name in dict.fromkeys(sides):
            asked = [question for question, side in zip(questions, sides, strict=True) if side == name]
            located = locate(catalog.parse(name), target, asked, self.wishes.timeout)
            found |= {question.entry.id: one for question, one in zip(asked, located, strict=True)}
        return [found[question.entry.id] for question in questions]

    def question(self, target: Target, verdict: Verdict) -> Question:
        entry = self.entries[verdict.case]
        argv = ["./assay", "replay", entry.place, *target.options]
        return Question(entry, shlex.join(argv), self.report.votes(entry.id), verdict.is_broken, has_failed=True)

    def last_line(self, seconds: float, interrupted: bool) -> str:
        cases = len(self.suite.entries)
        names = ", ".join(self.targets)
        good = self.is_green and not interrupted
        left = f"; {self.suite.found - cases:,} not selected" if self.suite.found > cases else ""
        text = f"{cases:,} cases x {{{names}}}: {tally(self.report.totals, VOTES)} in {seconds:.1f} s{left}"
        if self.report.complaints:
            text += f"; complaints: {len(self.report.complaints)}"
        for name in self.report.endings:
            text += f"; {name} did not end well"
        if interrupted:
            text += "; interrupted"
        return coloured(text, good) if sys.stdout.isatty() else text


def one_line(verdict: Verdict) -> str:
    return f"{verdict.vote.value.upper():<9} {verdict.case} on {verdict.engine}: {verdict.text}"
