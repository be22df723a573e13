"""Replays cases on engines; yields one verdict a case and engine, whatever the engine does.

The harness plays and compares (`assay-native replay`). The work is cut into shards that run side by side, and the
verdicts come engine after engine, in the order of the suite.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from assay.engines import catalog
from assay.engines.catalog import Kind, Target
from assay.replay.shard import Shard
from assay.replay.verdict import Verdict
from assay.suite.collection import Entry, Suite

KERNEL_WEIGHT = 4  # a case of the kernel takes the specification that much longer, for its size


def replay(suite: Suite, target: Target, timeout: float = catalog.TIMEOUT, jobs: int = 1) -> Iterator[Verdict]:
    """Verdicts of one engine on every selected case; how it ends does not matter."""
    with Crew(jobs, says_bye=False) as crew:
        yield from crew.replay(suite, target, timeout)


class Crew:
    """The processes that play; as many at a time as there are jobs."""

    def __init__(self, jobs: int, says_bye: bool = True) -> None:
        self.jobs = jobs
        self.says_bye = says_bye
        self.pool = ThreadPoolExecutor(jobs)
        self.shards: list[Shard] = []

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for shard in self.shards:
            shard.stop()
        self.pool.shutdown(cancel_futures=True)

    def start(self, suite: Suite, target: Target, timeout: float, deaths: int = catalog.DEATHS) -> list[Shard]:
        """Begins to play; the shards of one engine on a suite."""
        count = self.jobs if target.kind == Kind.MODEL else 1
        shards = [Shard(target, entries, timeout, deaths, self.says_bye) for entries in pieces(suite.entries, count)]
        self.shards += shards
        for shard in shards:
            self.pool.submit(shard.play)
        return shards

    def replay(self, suite: Suite, target: Target, timeout: float) -> Iterator[Verdict]:
        for shard in self.start(suite, target, timeout):
            yield from shard.verdicts()


def pieces(entries: Sequence[Entry], count: int) -> list[Sequence[Entry]]:
    """Neighbours stay together; every piece has about the same work."""
    weights = [weight(entry) for entry in entries]
    share = sum(weights) / count
    found: list[list[Entry]] = [[] for _ in range(count)]
    before = 0.0
    for entry, own in zip(entries, weights, strict=True):
        found[min(count - 1, int((before + own / 2) / share))].append(entry)
        before += own
    return [piece for piece in found if piece]


def weight(entry: Entry) -> int:
    return (entry.end - entry.start) * (KERNEL_WEIGHT if entry.is_kernel else 1)
