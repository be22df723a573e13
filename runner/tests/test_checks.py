"""What ./assay test and ./assay doctor stand on: steps that count, builds of this clone, programs that are there."""

import re

import pytest
from command import assay

from assay.base import exit_code, paths
from assay.check import builds, machine, style
from assay.check.steps import Checked, Step, StepFailed, Steps, run
from assay.commands import test as test_command


def failing() -> Checked:
    raise StepFailed("first line\nlast line")


def test_a_step_that_fails_or_checks_nothing_is_red(capsys):
    steps = Steps()
    assert steps.do(Step("good", lambda: Checked(3, "three")))
    assert not steps.do(Step("bad", failing))
    assert not steps.do(Step("empty", lambda: Checked(0, "none")))
    assert (steps.passed, steps.failed) == (3, 2)
    said = capsys.readouterr().out
    assert "last line" in said and "nothing was checked" in said


def test_a_program_that_is_not_there_is_named_with_what_to_do():
    with pytest.raises(StepFailed, match=r"no-such-program is not installed; CI/packages\.txt"):
        run(["no-such-program"])


def plan() -> list[Step]:
    return list(test_command.plan(1, 1, 1, None, 1))


def test_a_missing_compiler_is_red_and_takes_no_check_with_it(monkeypatch):
    whole = plan()
    monkeypatch.setattr(builds, "COMPILERS", builds.COMPILERS | {"dev-clang": "no-such-compiler"})
    without = plan()
    assert {step.name for step in whole} - {step.name for step in without} == {"C tests dev-clang", "replay dev-clang"}
    step = next(step for step in without if step.name == "build dev-clang")
    with pytest.raises(StepFailed, match="no-such-compiler is not installed"):
        step.act()


def test_a_missing_clang_tidy_file_is_red(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    with pytest.raises(StepFailed, match=r"no \.clang-tidy"):
        style.c_lint()


def test_every_source_of_the_engines_and_the_harness_is_linted():
    files = style.linted(paths.build() / "compile_commands.json")
    folders = [paths.ROOT / name for name in style.LINTED]
    sources = {str(path) for folder in folders for path in folder.rglob("*.c")}
    assert sources == set(files)


@pytest.mark.parametrize("source", ["elsewhere", "here"])
def test_a_build_that_was_copied_with_the_clone_is_forgotten(source, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    home = tmp_path if source == "here" else tmp_path.parent / "original"
    cache = tmp_path / "build" / "dev" / "CMakeCache.txt"
    cache.parent.mkdir(parents=True)
    cache.write_text(f"//Source\nCMAKE_HOME_DIRECTORY:INTERNAL={home}\n")
    assert builds.configured_for("dev") == str(home)
    builds.forget_foreign("dev")
    assert cache.exists() == (source == "here")


def test_doctor_names_every_program_that_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    done = assay("doctor")
    assert done.returncode == exit_code.NO_ENGINE
    missing = re.findall(r"^(\S+) +MISSING", done.stdout, re.M)
    assert missing == [program.name for program in machine.PROGRAMS]


def test_doctor_is_content_where_everything_is_installed():
    done = assay("doctor")
    assert done.returncode == exit_code.AGREED, done.stdout
    assert "MISSING" not in done.stdout and "BROKEN" not in done.stdout


def test_doctor_asks_for_programs_of_packages_that_are_listed():
    assert {program.package for program in machine.PROGRAMS} <= set(machine.packages())
