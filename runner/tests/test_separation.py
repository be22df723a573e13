"""The engines share the contract and the facts, and nothing else."""

import re
import subprocess

import pytest

from assay import engines, place

ENGINES = engines.available(engines.OURS)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


@pytest.mark.parametrize("name", ENGINES)
def test_a_library_exports_its_table_and_nothing_else(name):
    argv = ["nm", "--dynamic", "--defined-only", "--format=posix", str(place.library(name))]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"assay_{name}"]


@pytest.mark.parametrize("name", ENGINES)
def test_a_library_needs_nothing_of_the_other(name):
    argv = ["nm", "--dynamic", "--undefined-only", "--format=posix", str(place.library(name))]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines and not [line for line in lines if "assay" in line or "ref_" in line or "fast_" in line]


@pytest.mark.parametrize("name", engines.OURS)
def test_its_sources_include_the_contract_the_facts_and_their_own(name):
    folder = place.ROOT / name
    sources = sorted(folder.glob("*.[ch]"))
    assert sources
    facts = {path.name for path in (place.ROOT / "spec").glob("*.def")}
    own = {path.name for path in folder.glob("*.h")}
    for source in sources:
        for included in INCLUDE.findall(source.read_text()):
            assert included in facts | own | {"assay.h"}, f"{source.name} includes {included}"


def test_the_contract_includes_only_the_facts():
    text = (place.ROOT / "include" / "assay.h").read_text()
    facts = {path.name for path in (place.ROOT / "spec").glob("*.def")}
    assert set(INCLUDE.findall(text)) <= facts
