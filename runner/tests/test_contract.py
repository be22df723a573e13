"""`assay-native contract`: our engines keep every sentence of assay.h, and engines that break one are named."""

import json
import subprocess
from pathlib import Path

import pytest

from assay.base import paths
from assay.check import faults, saboteurs
from assay.engines import catalog

# the sentence that is broken, in which file, and how
BROKEN = (
    ("machine/load/mem_cycles", "value == 25 || value == 50", "value != 0 || value == 50"),
    ("machine/load/profile", "program->profile != ASSAY_PROFILE_JAR || has_reserved(program)", "false"),
    ("machine/load/profiles", ".profiles = UINT64_C(1) <<", ".profiles = UINT64_C(2) <<"),
)


def contract(library: Path) -> dict[str, dict[str, str]]:
    done = subprocess.run([paths.native(), "contract", "--engine", library], capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["done"]
    return {line["check"]: line for line in lines[:-1]}


@pytest.mark.parametrize("name", catalog.OURS)
def test_our_engines_keep_it(name):
    found = contract(paths.library(name))
    assert len(found) > 30
    assert not [line for line in found.values() if line["verdict"] != "kept"]


@pytest.mark.parametrize(("check", "right", "wrong"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_sentence_is_named(check, right, wrong, tmp_path):
    file = next(
        str(path.relative_to(paths.ROOT / "ref"))
        for path in (paths.ROOT / "ref").rglob("*.c")
        if right in path.read_text()
    )
    engine = saboteurs.build(faults.Fault("contract", "ref", file, right, wrong, ""), tmp_path)
    broken = [name for name, line in contract(engine.path).items() if line["verdict"] == "broken"]
    assert broken == [check]
