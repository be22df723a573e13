"""
A process that plays event after event over random Images takes no more memory and mappings in the end.

The test is a sample. A million events over 1,000 Images take each engine less than a minute:
cmake -S runner/tests/host -B build/host, then build/host/stability LIBRARY SYMBOL 1000000 1000 SEED.
"""

import subprocess
from pathlib import Path

import pytest

from assay.base import paths

SOURCE = paths.ROOT / "runner" / "tests" / "host" / "stability.c"
EVENTS, IMAGES = 40_000, 400
GROWTH = 0.01  # of memory, from one reading to the next, once warm
NOISE = 64  # KiB, which a host may add at any time
MAPPINGS = 2_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("stability") / "stability"
    flags = ["-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-I", str(paths.ROOT / "include")]
    subprocess.run(["gcc", *flags, str(SOURCE), "-o", str(program), "-ldl"], check=True)
    return program


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["ref", "fast"])
def test_memory_does_not_grow_with_events(built: Path, name: str, seed: int) -> None:
    argv = [str(built), str(paths.library(name)), f"assay_{name}", str(EVENTS), str(IMAGES), str(seed)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    readings = [[int(number) for number in line.split()] for line in ended.stdout.splitlines()]
    assert len(readings) == 10 and readings[-1][0] == EVENTS
    warm = [kib for _, kib, _ in readings[4:]]
    assert warm[-1] - warm[0] <= GROWTH * warm[0] * (len(warm) - 1) + NOISE, readings
    assert all(mappings <= MAPPINGS for _, _, mappings in readings), readings
