"""What is to be played at random, and what came of it; the same for programs, sequences and encodings."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from assay.base.strict import Members
from assay.engines.catalog import Target


@dataclass(frozen=True)
class Plan:
    pair: tuple[Target, Target]
    seed: int
    first: int
    count: int
    kind: str  # of programs: their shape; else: kernel or codec
    vote_every: int = 0  # every so manieth is played by the specification too; 0: none

    def pieces(self, size: int) -> "Iterator[Plan]":
        end = self.first + self.count
        for at in range(self.first, end, size):
            yield replace(self, first=at, count=min(size, end - at))


@dataclass
class Outcome:
    """Counts, and what was found."""

    played: int = 0  # programs, sequences or encodings
    voted: int = 0  # of these, by the specification too
    counts: Counter[str] = field(default_factory=Counter)  # runs, instructions, steps, records, ...
    ends: Counter[str] = field(default_factory=Counter)
    found: list[Members] = field(default_factory=list)  # divergences
    broken: list[str] = field(default_factory=list)  # one line each
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.has_compared and not self.is_bad

    @property
    def has_compared(self) -> bool:
        """Whether something ran: of programs instructions, of sequences records; of encodings each is compared."""
        done = self.counts["instructions"] or self.counts["records"]
        return bool(self.played) and (bool(done) or self.counts.keys().isdisjoint(("instructions", "records")))

    @property
    def is_bad(self) -> bool:
        return bool(self.found or self.broken)

    def add(self, other: "Outcome") -> None:
        self.played += other.played
        self.voted += other.voted
        self.counts.update(other.counts)
        self.ends.update(other.ends)
        self.found += other.found
        self.broken += other.broken


Progress: TypeAlias = Callable[[int], None]  # told how many have been played
