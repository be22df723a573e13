"""The oracle: programs are repeatable, compile without a warning, agree with qemu, and faults are found."""

import os
import subprocess

import pytest

import random_guest
from assay.base import paths
from assay.base.trouble import NoEngine
from assay.check import faults, saboteurs
from assay.engines import catalog
from assay.guests import oracle
from linker import cc

COUNT, SEED = 12, 1
JOBS = os.cpu_count() or 1


def test_a_program_is_the_same_for_the_same_seed():
    programs = [random_guest.generate(SEED, index) for index in range(COUNT)]
    assert programs == [random_guest.generate(SEED, index) for index in range(COUNT)]
    assert len({program.text for program in programs}) == COUNT
    assert random_guest.generate(SEED + 1, 0).text != programs[0].text


def test_programs_have_everything_that_they_are_for():
    text = "".join(random_guest.generate(SEED, index).text for index in range(80))
    for part in (
        "switch (", "while (", "(depth - 1", "mul_high(", "struct s0", "w2[", "&v0;", "x8)", "goto *(&&l", "goto *t[",
        "__attribute__((weak))", "__start_list", 'section("cells")', 'section(".code', "_Alignas(", "aligned(256)",
        "setjmp(jump", "_Noreturn void leave", "wide_divide(a, b)", 'mix_kinds("', "(char *)&&l", "short t[]",
    ):  # fmt: skip
        assert part in text, part
    options = {option for index in range(80) for option in random_guest.generate(SEED, index).options}
    assert options == {*random_guest.LEVELS, *random_guest.OPTIONS} - {""}


def test_qemu_and_the_engines_agree():
    chosen = catalog.chosen((), catalog.OURS)
    outcome = oracle.play(oracle.Plan(SEED, 0, COUNT, 6, tuple(chosen)), JOBS)
    assert outcome.ok, [str(found) for found in outcome.found + outcome.broken]
    assert outcome.programs == COUNT and outcome.voted == 2
    assert outcome.gas > 0 and outcome.instructions > 100 * COUNT


def test_a_planted_fault_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(oracle, "KEPT", str(tmp_path))
    fault = faults.named("bytes_of_a_load_in_the_wrong_order")
    broken = saboteurs.build(fault, tmp_path / "built")
    outcome = oracle.play(oracle.Plan(SEED, 0, COUNT, 0, (catalog.parse("ref"), broken)), JOBS)
    assert not outcome.ok
    found = outcome.found[0]
    assert found.seed == SEED and fault.name in found.message
    assert found.source.read_text() == random_guest.generate(SEED, found.index).text
    assert found.source.with_suffix(".elf").exists()


def test_a_wrong_gas_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(oracle, "KEPT", str(tmp_path))
    fault = faults.named("gas_row_off_by_one")
    broken = saboteurs.build(fault, tmp_path / "built")
    outcome = oracle.play(oracle.Plan(SEED, 0, COUNT, 0, (catalog.parse("ref"), broken)), JOBS)
    assert "gas" in outcome.found[0].message


def test_programs_are_defined(tmp_path):
    """The same text for this machine, under the sanitizers; endpoint 0 is an ordinary function there."""
    for index in range(4):
        program = random_guest.generate(SEED, index)
        head, _, rest = program.text.partition("/* Linux begins here")
        source = tmp_path / f"{index}.c"
        source.write_text(head + rest[rest.index("static uint64_t digest") :] + HOSTED)
        binary = tmp_path / str(index)
        flags = ("-std=gnu17", "-O1", "-w", "-DASSAY_NATIVE", "-fsanitize=address,undefined")
        argv = ["gcc", *flags, "-fno-sanitize-recover", "-idirafter", str(cc.LIBRARY / "include"), str(source)]
        subprocess.run([*argv, "-o", str(binary)], check=True)
        done = subprocess.run([str(binary)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]


HOSTED = """
int main(void)
{
    return main_endpoint(0, 0, 0, 0) == 0;
}
"""


def test_a_missing_tool_is_named(monkeypatch):
    monkeypatch.setenv("PATH", str(paths.ROOT))
    with pytest.raises(NoEngine, match="install clang-19"):
        oracle.check_tools()
    monkeypatch.setattr(cc, "compiler", lambda: "clang-19")
    with pytest.raises(NoEngine, match="qemu-user"):
        oracle.check_tools()
