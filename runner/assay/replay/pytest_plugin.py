"""Vectors as pytest items: one a case and engine, `vectors/isa/add_64.json::isa/add_64/one[fast]`.

The items of a session are replayed together, by the road of `./assay replay`, when the first of them runs.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from assay.base import paths
from assay.engines import catalog
from assay.replay.replay import replay
from assay.replay.verdict import Verdict
from assay.suite import collection
from assay.suite.collection import Entry, Suite

TracebackStyle = Literal["long", "short", "line", "no", "native", "value", "auto"]

VERDICTS = pytest.StashKey[dict[str, dict[str, Verdict]]]()  # engine -> case id -> verdict


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "VectorFile | None":
    if file_path.suffix == ".json" and file_path.is_relative_to(paths.VECTORS):
        return VectorFile.from_parent(parent, path=file_path)
    return None


class VectorFile(pytest.File):
    def collect(self) -> "Iterator[VectorItem]":
        found = collection.read([self.path])
        if found.invalid:
            raise self.CollectError("\n".join(map(str, found.invalid)))
        for entry in found.entries:
            for name in catalog.available(entry.votes or (catalog.MODEL, *catalog.OURS)):
                yield VectorItem.of(self, entry, name)


class VectorItem(pytest.Item):
    entry: Entry
    engine: str

    @classmethod
    def of(cls, parent: VectorFile, entry: Entry, engine: str) -> "VectorItem":
        item: VectorItem = cls.from_parent(parent, name=f"{entry.id}[{engine}]")
        item.entry, item.engine = entry, engine
        return item

    def runtest(self) -> None:
        verdict = verdicts(self.session, self.engine).get(self.entry.id)
        if verdict is None or not verdict.passed:
            raise Diverged(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: TracebackStyle | None = None) -> str:
        return str(excinfo.value) if isinstance(excinfo.value, Diverged) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def verdicts(session: pytest.Session, engine: str) -> dict[str, Verdict]:
    """What an engine came to on all items of the session."""
    found = session.stash.setdefault(VERDICTS, {})
    if engine not in found:
        items = [item for item in session.items if isinstance(item, VectorItem) and item.engine == engine]
        played = replay(Suite([item.entry for item in items]), catalog.parse(engine))
        found[engine] = {verdict.case: verdict for verdict in played}
    return found[engine]


class Diverged(Exception):
    def __init__(self, verdict: Verdict | None) -> None:
        super().__init__("it was not run" if verdict is None else text_of(verdict))


def text_of(verdict: Verdict) -> str:
    flavour = f", {verdict.flavour.value}" if verdict.flavour else ""
    lines = [f"{entry.field}: expected {entry.expected}, got {entry.got}" for entry in verdict.differences]
    return "\n".join([f"step {verdict.step}{flavour}", *(lines or [verdict.message])])
