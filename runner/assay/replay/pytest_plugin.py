"""Vectors as pytest items: one a case and engine, `vectors/isa/add_64.json::isa/add_64/one[fast]`."""

import pytest

from assay.base import paths
from assay.engines import catalog
from assay.replay.judge import judge_entry
from assay.suite import collection


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".json" and file_path.is_relative_to(paths.VECTORS):
        return VectorFile.from_parent(parent, path=file_path)
    return None


class VectorFile(pytest.File):
    def collect(self):
        found = collection.read([self.path])
        if found.invalid:
            raise self.CollectError("\n".join(map(str, found.invalid)))
        for entry in found.entries:
            for name in catalog.available(entry.votes or (catalog.MODEL, *catalog.OURS)):
                yield VectorItem.from_parent(self, name=f"{entry.id}[{name}]", entry=entry, engine=name)


class VectorItem(pytest.Item):
    def __init__(self, *, entry, engine, **rest):
        super().__init__(**rest)
        self.entry = entry
        self.engine = engine

    def runtest(self):
        opened = opened_engines(self.session).setdefault(self.engine, None)
        if opened is None:
            opened = opened_engines(self.session)[self.engine] = catalog.parse(self.engine).open()
        found = judge_entry(self.entry, opened)
        if found is not None:
            raise Diverged(*found)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, Diverged):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


class Diverged(Exception):
    def __init__(self, flavour, step, differences):
        lines = [f"{name}: expected {expected}, got {got}" for name, expected, got in differences]
        super().__init__("\n".join([f"step {step}, {flavour}", *lines]))


def opened_engines(session):
    if not hasattr(session, "assay_engines"):
        session.assay_engines = {}
    return session.assay_engines


def pytest_sessionfinish(session):
    for opened in opened_engines(session).values():
        if opened is not None:
            opened.close()
