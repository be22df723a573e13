"""assay.h is one file to give away: it compiles alone, and its numbers are those of the tables."""

import re
import subprocess

import pytest

from assay.base import paths
from model.table import records

HEADER = paths.ROOT / "include" / "assay.h"
COMPILERS = ("gcc -std=c17 -x c", "g++ -std=c++17 -x c++", "clang-16 -std=c17 -x c", "clang-16 -std=c++17 -x c++")
ENGINE = """
#define OP(x) this must not matter
#define EXIT(name, number) nor this
#include "assay.h"
ASSAY_EXPORT const struct assay_engine assay_mine = {
    sizeof(struct assay_engine), ASSAY_ABI, "mine", "1", 0, 0, 1, NULL, NULL, NULL, NULL};
"""
TABLES = (
    ("machine/exit.def", "EXIT", "EXIT"),
    ("machine/reject.def", "REJECT", "REJECT"),
    ("kernel/kernel.def", "DECODE", "DECODE"),
    ("kernel/kernel.def", "ADMIT", "ADMIT"),
)


@pytest.mark.parametrize("spec", [(), ("-I", "spec")], ids=("alone", "beside spec"))
@pytest.mark.parametrize("compiler", COMPILERS)
def test_it_compiles_alone_as_c_and_as_cpp(compiler, spec):
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", "include", *spec, "-fsyntax-only", "-"]
    done = subprocess.run(
        [*compiler.split(), *flags], cwd=paths.ROOT, input=ENGINE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_it_includes_nothing_but_the_standard_library():
    included = re.findall(r'#\s*include\s*([<"][^>"]+[>"])', HEADER.read_text())
    assert included == ["<stddef.h>", "<stdint.h>"]


@pytest.mark.parametrize(("file", "macro", "prefix"), TABLES)
def test_its_enumerators_are_the_rows_of_the_table(file, macro, prefix):
    stated = re.findall(rf"^    ASSAY_{prefix}_(\w+) = (\d+),", HEADER.read_text(), re.M)
    assert stated == [(row[0].upper(), row[1]) for row in records(file, macro)]


def test_its_macros_have_its_prefix_and_its_enumerators_one_case():
    text = HEADER.read_text()
    macros = re.findall(r"^#\s*define\s+(\w+)", text, re.M)
    enumerators = re.findall(r"^    (\w+) = -?\d+,", text, re.M)
    assert macros and all(name.startswith("ASSAY_") for name in macros)
    assert enumerators and all(name == name.upper() and name.startswith("ASSAY_") for name in enumerators)


def test_its_comments_name_what_exists():
    text = HEADER.read_text()
    names = set(re.findall(r"\bASSAY_[A-Z0-9_]+\b", text))
    for name in names:
        assert re.search(rf"^(#\s*define {name}\b|    {name} = |#ifndef {name})", text, re.M), name
