"""Floating point of guests: what a compiler calls, and what C's library makes of numbers and texts, to the last bit."""

import re
import subprocess

import pytest
from guest_run import cc, image, link, result

from assay.engines import catalog
from assay.guests import oracle, programs
from model import kernel

HERE = cc.LIBRARY / "tests"
NAMES = re.findall(r"^ROW\((\w+)\)", (HERE / "reals_list.h").read_text(), re.MULTILINE)
MANY, FEW = 100_000, 300  # on the recompiler, on the reference
SLOW = {"text_to_double", "text_to_float", "double_to_text", "scan_of_reals"}  # 10 microseconds each
MAIN = """
int main(int count, char **given)
{
    printf("%llu\\n", (unsigned long long)go(strtoul(given[1], 0, 10), strtoul(given[2], 0, 10),
                                            strtoul(given[3], 0, 10), 0));
    return count != 4;
}
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    elf = tmp_path_factory.mktemp("reals") / "guest.elf"
    cc.build_elf([str(HERE / "reals.c"), "-w", "-I", str(HERE)], elf)
    linked = image.link(elf.read_bytes()).image
    engines = {target.name: target.open(timeout=60) for target in catalog.chosen((), catalog.OURS)}

    def call(name, *arguments):
        engine = engines.get(name, engines["ref"])
        called = kernel.encode(programs.with_arguments(linked, 0, arguments))
        found = oracle.answer(engine, called, 10**12).result
        assert not isinstance(found, str) and found.outcome == "halt", found
        return found.regs[7]

    yield call
    for engine in engines.values():
        engine.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The same as a program of this machine: its hardware, its C library."""
    folder = tmp_path_factory.mktemp("host")
    source = folder / "host.c"
    source.write_text(f'#include "{HERE / "reals.c"}"\n{MAIN}')
    include = ["-I", str(HERE), "-idirafter", str(cc.LIBRARY / "include")]
    options = ["-w", "-O1", "-fno-builtin", "-ffp-contract=off", "-DASSAY_NATIVE"]
    subprocess.run(["cc", *options, *include, str(source), "-o", str(folder / "host"), "-lm"], check=True)

    def call(*arguments):
        argv = [str(folder / "host"), *map(str, arguments)]
        return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    return call


@pytest.mark.parametrize("name", NAMES)
def test_as_on_this_machine(guest, host, name):
    number = NAMES.index(name)
    many = MANY // 10 if name in SLOW else MANY
    assert guest("fast", number, 1, many) == host(number, 1, many)
    assert guest("ref", number, 2, FEW) == host(number, 2, FEW)


def test_every_test_is_in_the_list_and_every_function_of_math_in_a_test():
    text = (HERE / "reals.c").read_text()
    assert set(re.findall(r"^TEST\((\w+)\)", text, re.MULTILINE)) <= set(NAMES) and len(set(NAMES)) == len(NAMES)
    declared = re.findall(r"^double (\w+)\(", (cc.LIBRARY / "include" / "math.h").read_text(), re.MULTILINE)
    assert declared and [name for name in declared if not re.search(rf"\b{name}\(", text)] == []


SATURATED = [
    ("double", "int", "-1e99", 0xFFFFFFFF80000000),
    ("double", "int", "3e9", 0x7FFFFFFF),
    ("double", "unsigned", "-5", 0),
    ("double", "unsigned", "1e10", 0xFFFFFFFFFFFFFFFF),  # 32 bits of it, with their sign
    ("double", "int64_t", "1e300", 2**63 - 1),
    ("double", "int64_t", "-1e19", 2**63),
    ("double", "uint64_t", "__builtin_inf()", 2**64 - 1),
    ("float", "int64_t", '__builtin_nanf("")', 2**63 - 1),
    ("float", "uint64_t", "-__builtin_inff()", 0),
]


@pytest.mark.parametrize("real, integer, value, expected", SATURATED)
def test_what_does_not_fit_an_integer_becomes_the_nearest_that_does(tmp_path, real, integer, value, expected):
    """C leaves it open; here it is the same at every level."""
    text = f"""#include <assay/guest.h>
    volatile {real} given = {value};
    ASSAY_ENDPOINT(0, go) {{ return (uint64_t)(int64_t)({integer})given; }}"""
    text = text.replace("(uint64_t)(int64_t)(unsigned)", "(uint64_t)(int64_t)(int)(unsigned)")
    for level in ("-O0", "-O2"):
        assert result(link(tmp_path, text, level).image) == expected


def test_a_printed_long_double_is_a_question_mark(tmp_path):
    text = """#include <assay/guest.h>
    #include <stdio.h>
    #include <string.h>
    ASSAY_ENDPOINT(0, go)
    {
        char made[40];
        snprintf(made, sizeof made, "%d %Lf %d %.1f", 1, (long double)0, 2, 2.5);
        return strcmp(made, "1 ? 2 2.5") == 0;
    }"""
    assert result(link(tmp_path, text, "-w").image) == 1
