"""A replay from beginning to end: runs it, reports it, and says how it ended."""

import shutil
import time

import click

from assay.base import exit_code
from assay.base.trouble import BadInput, Nothing
from assay.engines.process import EngineDied, EngineError
from assay.locate import kernel_locate
from assay.locate.card import render
from assay.locate.locate import locate
from assay.replay import report
from assay.replay.replay import BROKEN, ERROR, Verdict, replay
from assay.replay.report import coloured, tally
from assay.suite import dialect
from assay.suite.keyword import Keyword

ONE_LINERS = 20


class Enough(Exception):
    """As many failures as were wanted."""


class Campaign:
    def __init__(
        self,
        suite,
        engines,
        sinks=(),
        timeout=10.0,
        jobs=1,
        cards=5,
        maxfail=None,
        quiet=False,
        to_stderr=False,
    ):
        self.suite = suite
        self.engines = engines
        self.timeout = timeout
        self.jobs = jobs
        self.cards = cards
        self.maxfail = maxfail
        self.quiet = quiet
        self.to_stderr = to_stderr
        self.spared = 0  # cases that say an engine cannot keep up with them
        files = {entry.id: entry.file for entry in suite.entries}
        total = len(suite.entries) * len(engines)
        self.report = report.Report(files, sinks, total, quiet)

    def say(self, text=""):
        click.echo(text, err=self.to_stderr)

    def run(self):
        """Runs it; returns the exit code."""
        started = time.monotonic()
        interrupted = False
        for entry in self.suite.invalid:
            self.report.add_invalid(entry)
        try:
            for engine in self.engines:
                self.run_engine(engine)
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

    def run_engine(self, engine):
        """Every selected case gets a verdict; one that was dropped is an error."""
        asked = self.suite.asked(engine)
        left = {entry.id for entry in asked.entries}
        self.spared += len(self.suite.entries) - len(left)
        if not left:
            return
        try:
            for verdict in replay(asked, engine, self.timeout, self.jobs):
                left.discard(verdict.case)
                self.add(verdict)
        except EngineDied as error:
            click.echo(f"assay: {error}", err=True)
        for identity in sorted(left):
            self.add(Verdict(identity, engine.name, ERROR, message="it was not run"))

    def add(self, verdict):
        self.report.add(verdict)
        if self.maxfail and len(self.report.failures) >= self.maxfail:
            raise Enough

    def code(self):
        verdicts = {verdict.verdict for verdict in self.report.failures}
        codes = [exit_code.BROKEN] if BROKEN in verdicts else []
        codes += [exit_code.DIFFERED] if verdicts - {BROKEN} else []
        codes += [exit_code.BAD_INPUT] if self.report.invalid else []
        if not codes and not self.report.counts:
            codes = [exit_code.NOTHING]
        return exit_code.worst(codes)

    def show(self, seconds, interrupted):
        for entry in self.report.invalid[:ONE_LINERS]:
            self.say(f"{click.style('INVALID', fg='red')}   {entry}")
        self.more(len(self.report.invalid) - ONE_LINERS, "unreadable places")
        self.show_failures()
        if not self.quiet:
            for name, counts in self.report.counts.items():
                self.say(f"{name:<10} {tally(counts)}")
        self.say(self.last_line(seconds, interrupted))

    def show_failures(self):
        failures = self.report.failures
        for verdict in failures[: self.cards]:
            self.say(self.card(verdict))
            self.say()
        rest = failures[self.cards :]
        for verdict in rest[:ONE_LINERS]:
            self.say(f"{click.style('DIVERGED', fg='red')}  {verdict.case} on {verdict.engine}: {verdict.text}")
        self.more(len(rest) - ONE_LINERS, "failures; --json FILE has all")

    def more(self, count, what):
        if count > 0:
            self.say(f"… and {count:,} more {what}")

    def card(self, verdict):
        """The failure as a card; where nothing can be located, as one line."""
        engine = next(engine for engine in self.engines if engine.name == verdict.engine)
        entry = next(entry for entry in self.suite.entries if entry.id == verdict.case)
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        try:
            with engine.open(self.timeout) as opened:
                votes = self.report.votes(verdict.case)
                if entry.is_kernel:
                    found = kernel_locate.locate(entry, opened, votes)
                else:
                    found = locate(entry.case(), opened, votes)
        except EngineError as error:
            return f"DIVERGED  {verdict.case} on {verdict.engine}: {verdict.text} ({error})"
        if found is None:
            return (
                f"DIVERGED  {verdict.case} on {verdict.engine}: {verdict.text}\n"
                f"  the model and the engine agree: the vector expects something else; "
                f"./assay fill --check says whether it is as generated"
            )
        found.repro = f"./assay replay {entry.file}::{entry.id} -e {engine.option}"
        return render(found, width, click.get_text_stream("stdout").isatty())

    def last_line(self, seconds, interrupted):
        totals = self.report.totals
        cases = len(self.suite.entries)
        names = ", ".join(self.report.counts) or "no engine"
        wrong = len(self.report.failures)
        count = f"{wrong:,} divergence{'' if wrong == 1 else 's'}"
        good = not (wrong or self.report.invalid or interrupted)
        left = f"; {self.suite.found - cases:,} not selected" if self.suite.found > cases else ""
        text = f"{cases:,} cases x {{{names}}}: {tally(totals)}; {count} in {seconds:.1f} s{left}"
        if self.spared:
            text += f"; {self.spared} too long for an engine and not asked of it"
        if interrupted:
            text += "; interrupted"
        return coloured(text, good) if click.get_text_stream("stdout").isatty() else text


def replay_dialect(paths, engines, keyword, timeout):
    """Third-party vectors on each engine, every deviation counted and explained."""
    cases, errors = [], []
    for path in paths:
        try:
            found = dialect.read_folder(path)
        except dialect.DialectError as error:
            raise BadInput(str(error)) from None
        cases += found
        errors += found.errors
    if keyword:
        wanted = Keyword(keyword)
        cases = [case for case in cases if wanted.matches(case.id)]
    if not cases and not errors:
        raise Nothing("no case is selected")
    good = True
    for engine in engines:
        with engine.open(timeout) as opened:
            verdicts = [case.play(opened) for case in cases]
        summary = dialect.summary(verdicts, errors, whole=not keyword)
        click.echo(f"{engine.name}: {summary.text}")
        good = good and summary.ok
    if errors:
        return exit_code.BAD_INPUT
    return exit_code.AGREED if good else exit_code.DIFFERED
