"""A failing case, made as small as it gets: its signature stays, and no single change that simplifies it keeps it.

    shrunk = shrink(case, target)        # target: the engine that fails
    shrunk.case, shrunk.signature, shrunk.is_minimal, shrunk.is_flaky, shrunk.instructions

The candidates of the search are played against the reference where it finds the difference too, as it is quick; what
they are judged by in the end is the specification. A case that does not fail, or fails otherwise when it is asked
again, comes back as it was.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assay.engines import catalog
from assay.engines.catalog import Kind, Target
from assay.locate.divergence import Divergence, Unit
from assay.shrink import kernel, machine
from assay.shrink.judge import Judge
from assay.shrink.search import Search
from assay.shrink.tree import Edit, Node
from assay.suite import given
from assay.suite.case import Case, MachineCase

SECONDS = 60.0
REPEATS = 2  # more times that a case must fail in the same way
SHORT = 2.0  # seconds of patience with an engine that hangs


@dataclass(frozen=True)
class Shrunk:
    case: Case
    divergence: Divergence | None  # of the case; None: it does not fail
    is_flaky: bool
    is_minimal: bool
    instructions: int  # of all its code
    before: int  # the same of the case that was given
    asked: int  # candidates
    seconds: float

    @property
    def signature(self) -> str:
        return self.divergence.signature if self.divergence else ""


def shrink(
    case: Case, target: Target, seconds: float = SECONDS, timeout: float = catalog.TIMEOUT, signature: str = ""
) -> Shrunk:
    """Shrinks a case that fails on an engine. With `signature` it must fail in this way, else it counts as flaky."""
    return Shrinking(case, target, seconds, timeout).run(signature)


class Shrinking:
    def __init__(self, case: Case, target: Target, seconds: float, timeout: float) -> None:
        self.case = case
        self.target = target
        self.timeout = timeout
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.judge = self.judge_of(catalog.parse(catalog.MODEL), timeout)
        self.quick = self.judge_of(catalog.parse("ref"), timeout)
        self.quicker: tuple[Judge, ...] = ()  # asked before the specification

    def judge_of(self, expected: Target, timeout: float, is_broken: bool = False) -> Judge:
        if expected.kind == Kind.MODEL and self.target.kind == Kind.MODEL:
            expected = catalog.parse("ref")
        return Judge(expected, self.target, given.depth_of(self.case), timeout, is_broken)

    def run(self, signature: str) -> Shrunk:
        tree = tree_of(self.case)
        (first,) = self.judge.divergences([self.case])
        again = [self.judge.divergences([self.case])[0] for _ in range(REPEATS)]
        wanted = signature or (first.signature if first else "")
        if first is None or first.cause.unit == Unit.UNSTEADY:
            return self.result(tree, first, is_flaky=first is not None or any(again) or bool(signature))
        if any(one is None or one.signature != wanted for one in (first, *again)):
            return self.result(tree, first, is_flaky=True)
        self.prepare(first)
        near = self.near(tree, first)
        search = self.search(near or tree, partial(self.holds, wanted), None if near else first)
        tree = search.run()
        if search.is_minimal and self.quicker:  # once more, every change of it judged by the specification alone
            self.quicker = ()
            search = self.search(tree, partial(self.holds, wanted), None)
            tree = search.run()
        (last,) = self.judge.divergences([case_of(tree, self.case.id)])
        if last is None or last.signature != wanted:  # it fails sometimes
            return self.result(tree_of(self.case), first, is_flaky=True)
        return self.result(tree, last, is_flaky=False, is_minimal=search.is_minimal)

    def prepare(self, first: Divergence) -> None:
        """An engine that breaks is played in a process of its own; one that hangs, with less patience."""
        unit = first.cause.unit
        if unit.is_broken:
            timeout = min(self.timeout, SHORT) if unit == Unit.HUNG else self.timeout
            self.judge = self.judge_of(catalog.parse(catalog.MODEL), timeout, is_broken=True)
            self.quick = self.judge_of(catalog.parse("ref"), timeout, is_broken=True)

    def near(self, tree: Node, first: Divergence) -> Node | None:
        """A small tree by the reference alone, if it leads to the same signature."""
        wanted = self.quick.signatures([self.case])[0]
        if not wanted or self.target.name == self.quick.expected.name:
            return None
        self.quicker = (self.quick,)
        search = self.search(tree, partial(self.holds_quickly, wanted), first)
        search.deadline = (self.started + self.deadline) / 2
        found = search.run()
        (signature,) = self.judge.signatures([case_of(found, self.case.id)])
        return found if signature == first.signature else None

    def search(self, tree: Node, test: "partial[list[bool]]", first: Divergence | None) -> Search:
        """From a tree; `first` is what the case that was given fails with, where the tree is still this case."""
        return Search(tree, test, list(large(first, tree)) if first else [], renames, self.deadline)

    def holds(self, wanted: str, trees: Sequence[Node]) -> list[bool]:
        return self.agree(wanted, trees, self.judge, self.quicker)

    def holds_quickly(self, wanted: str, trees: Sequence[Node]) -> list[bool]:
        return self.agree(wanted, trees, self.quick, ())

    def agree(self, wanted: str, trees: Sequence[Node], judge: Judge, first: Sequence[Judge]) -> list[bool]:
        cases = [self.candidate(tree) for tree in trees]
        found = iter(judge.signatures([case for case in cases if case is not None], first))
        return [case is not None and next(found) == wanted for case in cases]

    def candidate(self, tree: Node) -> Case | None:
        try:
            return case_of(tree, self.case.id)
        except (ValueError, OverflowError):
            return None

    def result(self, tree: Node, divergence: Divergence | None, is_flaky: bool, is_minimal: bool = False) -> Shrunk:
        counted = machine.count if isinstance(self.case, MachineCase) else kernel.count
        asked = self.judge.asked + self.quick.asked
        return Shrunk(
            case_of(tree, self.case.id),
            divergence,
            is_flaky,
            is_minimal,
            counted(tree),
            counted(tree_of(self.case)),
            asked,
            time.monotonic() - self.started,
        )


def large(first: Divergence, tree: Node) -> Iterator[Edit]:
    """What may leave little at once: it is known where the difference is."""
    if isinstance(tree, machine.MachineTree):
        cause = first.cause
        yield from machine.lifted(tree, cause.step, cause.pc, cause.agreed.regs if cause.agreed else ())


def renames(tree: Node) -> Iterator[Edit]:
    """Changes of many places at once, of which a walk over the tree knows nothing."""
    if isinstance(tree, machine.MachineTree):
        yield from machine.renames(tree)


def tree_of(case: Case) -> Node:
    return machine.tree_of(case) if isinstance(case, MachineCase) else kernel.tree_of(case)


def case_of(tree: Node, identity: str) -> Case:
    if isinstance(tree, machine.MachineTree):
        return machine.case_of(tree, identity)
    return kernel.case_of(tree, identity)


def renamed(shrunk: Shrunk, identity: str) -> Case:
    return replace(shrunk.case, id=identity)
