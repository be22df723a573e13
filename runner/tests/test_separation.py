"""The engines share the contract and the facts, and nothing else."""

import re
import subprocess

import pytest

from assay.base import paths
from assay.engines import catalog

ENGINES = catalog.available(catalog.OURS)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


@pytest.mark.parametrize("name", ENGINES)
def test_a_library_exports_its_table_and_nothing_else(name):
    argv = ["nm", "--dynamic", "--defined-only", "--format=posix", str(paths.library(name))]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"assay_{name}"]


@pytest.mark.parametrize("name", ENGINES)
def test_a_library_needs_nothing_of_the_other(name):
    argv = ["nm", "--dynamic", "--undefined-only", "--format=posix", str(paths.library(name))]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines and not [line for line in lines if "assay" in line or "ref_" in line or "fast_" in line]


@pytest.mark.parametrize("name", catalog.OURS)
def test_its_sources_include_the_contract_the_facts_and_their_own(name):
    folder = paths.ROOT / name
    sources = sorted(folder.rglob("*.[ch]"))
    assert sources
    headers = {str(path.relative_to(folder)) for path in folder.rglob("*.h")}
    for source in sources:
        own = headers | {path.name for path in source.parent.glob("*.h")}
        for included in INCLUDE.findall(source.read_text()):
            assert included in facts() | own | {"assay.h"}, f"{source.name} includes {included}"


def test_machine_rooms_know_nothing_of_the_kernel():
    for name in catalog.OURS:
        sources = sorted((paths.ROOT / name / "machine").glob("*.[ch]"))
        assert sources
        for source in sources:
            assert not [i for i in INCLUDE.findall(source.read_text()) if i.startswith("kernel")], source


def facts():
    spec = paths.ROOT / "spec"
    return {str(path.relative_to(spec)) for path in spec.glob("*/*.def")}
