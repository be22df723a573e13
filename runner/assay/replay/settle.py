"""What failed once is looked at again before it is called wrong: repeated alone, located, and looked up in --known.

The first failures of an engine are repeated one by one, each in a process of its own. When that many have been, and
an engine that fails everything is no surprise any more, the rest is repeated together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assay.base.trouble import Trouble
from assay.engines import catalog
from assay.engines.catalog import Target
from assay.engines.trouble import EngineError
from assay.locate.locate import Question, expected_side, locate
from assay.replay.known import Known
from assay.replay.replay import replay
from assay.replay.verdict import Kind, Verdict, Vote
from assay.suite.collection import Entry, Suite

ALONE = 100  # failures of an engine


@dataclass
class Settler:
    """Settles the failures of one engine."""

    target: Target
    timeout: float
    known: Known
    located: int  # failures to locate, for reports and cards; signatures that are known ask for all
    alone: int = ALONE

    def settle(self, verdict: Verdict, entry: Entry) -> Verdict:
        """The final verdict on a case that failed once."""
        self.alone -= 1
        again = list(replay(Suite([entry]), self.target, self.timeout))
        return self.final(verdict, entry, again)

    def settle_all(self, pairs: Sequence[tuple[Verdict, Entry]]) -> Iterator[Verdict]:
        """The same for many, repeated together."""
        again = {found.case: found for found in replay(Suite([entry for _, entry in pairs]), self.target, self.timeout)}
        for verdict, entry in pairs:
            yield self.final(verdict, entry, [again[verdict.case]] if verdict.case in again else [])

    def final(self, verdict: Verdict, entry: Entry, again: Sequence[Verdict]) -> Verdict:
        if any(found.passed for found in again):
            return verdict.as_flaky()
        found = self.with_place(verdict, entry)
        reason = self.known.reason(found)
        return replace(found, vote=Vote.KNOWN, reason=reason) if reason else found

    def with_place(self, verdict: Verdict, entry: Entry) -> Verdict:
        """With the first wrong record, where that is wanted."""
        if not self.known.needs_signatures:
            if self.located <= 0 or verdict.kind != Kind.DIFFERS:
                return verdict
            self.located -= 1
        try:
            asked = [Question(entry, is_broken=verdict.is_broken)]
            first = locate(catalog.parse(expected_side(entry, self.target)), self.target, asked, self.timeout)[0]
        except (EngineError, Trouble):
            return verdict
        return replace(verdict, first=first)
