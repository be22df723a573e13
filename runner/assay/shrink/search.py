"""The search: takes everything out of a tree that need not be there, as long as a test holds.

First pieces are left out, from halves down to single elements; then every single change is tried, until none is left
that holds. Many candidates are asked at once, and as many of the changes that hold alone are done together as hold
together.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assay.shrink import walk
from assay.shrink.tree import Edit, Node, apply, union

Test = Callable[[Sequence[Node]], list[bool]]
More = Callable[[Node], Iterator[Edit]]
SLICE = 400  # changes that are tried between two looks at the clock
FEWEST = 6  # parts of what holds alone that are tried together: all, halves, quarters and so on


class OutOfTime(Exception):
    """The best tree so far stands."""


@dataclass
class Search:
    tree: Node
    test: Test
    first: Sequence[Edit]  # large changes, tried once
    more: More  # changes that only this kind of tree knows
    deadline: float
    is_minimal: bool = False

    def run(self) -> Node:
        """The smallest tree that was found; `is_minimal` says whether no single change of it holds."""
        try:
            self.try_all(self.first)
            self.leave_out()
            while self.try_all([*walk.edits(self.tree), *self.more(self.tree)]):
                pass
            self.is_minimal = True
        except OutOfTime:
            pass
        return self.tree

    def leave_out(self) -> None:
        share, longest = 2, walk.longest(self.tree)
        while longest > 0 and share < 2 * longest:
            if not self.try_all(list(walk.removals(self.tree, (), share))):
                share *= 2
            longest = walk.longest(self.tree)

    def try_all(self, edits: Sequence[Edit]) -> bool:
        """Does what it can of these changes; False when none holds."""
        held = self.holding(edits)
        if not held:
            return False
        sets = [union(part) for part in parts_of(held)]
        sets = [one for n, one in enumerate(sets) if all(one.places != other.places for other in sets[:n])]
        together = self.holding(sets)
        best = max(together or held[:1], key=lambda one: len(one.places))
        self.tree = apply(self.tree, best)
        return True

    def holding(self, edits: Sequence[Edit]) -> list[Edit]:
        """Those of the changes that hold; of the first ones only, when there is no time for all."""
        held: list[Edit] = []
        for at in range(0, len(edits), SLICE):
            if time.monotonic() > self.deadline:
                if held:
                    return held
                raise OutOfTime
            few = edits[at : at + SLICE]
            verdicts = self.test([apply(self.tree, one) for one in few])
            held += [one for one, holds in zip(few, verdicts, strict=True) if holds]
        return held


def parts_of(held: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    """All, then halves, quarters …"""
    for depth in range(FEWEST):
        size = -(-len(held) // (1 << depth))
        yield from (held[at : at + size] for at in range(0, len(held), size))
        if size == 1:
            return
