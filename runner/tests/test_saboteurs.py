"""Every planted fault is found by the vectors, and its card names what is wrong."""

import pytest

from assay.base import paths
from assay.check import faults, saboteurs
from assay.engines import catalog
from assay.locate.card import LINES_MAX, render
from assay.locate.locate import Question, locate
from assay.replay.replay import replay
from assay.suite import collection

MODEL = catalog.parse(catalog.MODEL)


@pytest.fixture(scope="module")
def vectors():
    areas = ("blob", "isa", "mem", "gas", "exit")
    return collection.read([paths.VECTORS / area for area in areas])


def test_there_are_ten_faults_of_each_engine():
    engines = [fault.engine for fault in faults.FAULTS]
    assert engines.count("ref") >= 10 and engines.count("fast") >= 10
    assert len({fault.name for fault in faults.FAULTS}) == len(engines)


@pytest.mark.parametrize("fault", faults.FAULTS, ids=str)
def test_it_is_found_and_named(fault, vectors, tmp_path):
    engine = saboteurs.build(fault, tmp_path)
    failures = [verdict for verdict in replay(vectors, engine) if not verdict.passed]
    assert failures, "no vector finds it"
    assert len(failures) < len(vectors.entries), "nearly everything must still pass"
    entry = next(entry for entry in vectors.entries if entry.id == failures[0].case)
    (found,) = locate(MODEL, engine, [Question(entry)])
    assert found is not None, "the card finds nothing where replay does"
    text, cause = render(found), found.cause
    assert cause.pc is not None or cause.step is not None
    marked = [line.text for line, wrong in found.window if wrong]
    assert any(fault.blames in named for named in (cause.rule, *marked)), text
    assert cause.rule in text and len(text.splitlines()) <= LINES_MAX


@pytest.fixture(scope="module")
def kernel_vectors():
    areas = ("image", "cap", "host", "call", "yield", "chain")
    return collection.read([paths.VECTORS / area for area in areas])


def test_there_are_ten_faults_of_the_kernel():
    assert len({fault.name for fault in faults.KERNEL_FAULTS}) == len(faults.KERNEL_FAULTS) >= 10


@pytest.mark.parametrize("fault", faults.KERNEL_FAULTS, ids=str)
def test_a_kernel_fault_is_found_and_named(fault, kernel_vectors, tmp_path):
    engine = saboteurs.build(fault, tmp_path)
    failures = [verdict for verdict in replay(kernel_vectors, engine) if not verdict.passed]
    assert failures, "no vector finds it"
    assert len(failures) < len(kernel_vectors.entries) // 2, "most must still pass"
    entry = next(entry for entry in kernel_vectors.entries if entry.id == failures[0].case)
    (found,) = locate(MODEL, engine, [Question(entry)])
    assert found is not None, "the card finds nothing where replay does"
    text = render(found)
    assert fault.blames in found.cause.rule, text
    assert found.cause.fields and len(text.splitlines()) <= LINES_MAX
