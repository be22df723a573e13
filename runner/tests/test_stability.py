"""
A process that plays event after event over random Images takes no more memory and mappings in the end.

The test is a sample. A million events over 1,000 Images take an engine less than a minute:

    ASSAY_EVENTS=1000000 .venv/bin/python -m pytest -q runner/tests/test_stability.py
"""

import os
import statistics
from pathlib import Path

import host_program
import pytest

EVENTS = int(os.environ.get("ASSAY_EVENTS", "40000"))
IMAGES = 400 if EVENTS < 1_000_000 else 1_000
READINGS, WARM = 10, 4  # from the fifth reading on nothing is new
GROWTH = 0.006  # of memory, from one reading to the next: the slope of all that are warm
GRAIN = 24  # KiB: the growth that a small process may show, which has few pages
MAPPINGS = 2_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host_program.build(tmp_path_factory.mktemp("host"), "stability") / "stability"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", ["ref", "fast"])
def test_memory_does_not_grow_with_events(built: Path, name: str, seed: int) -> None:
    words = [str(EVENTS), str(IMAGES), str(seed)]
    ended = host_program.play(built, name, *words, seconds=120 + EVENTS // 1000)
    assert (ended.returncode, ended.stderr) == (0, "")
    readings = [[int(number) for number in line.split()] for line in ended.stdout.splitlines()]
    assert len(readings) == READINGS and readings[-1][0] == EVENTS
    warm = [kib for _, kib, _ in readings[WARM:]]
    slope = statistics.linear_regression(range(len(warm)), warm).slope
    assert slope <= max(GROWTH * warm[0], GRAIN), (slope, readings)
    assert all(mappings <= MAPPINGS for _, _, mappings in readings), readings
