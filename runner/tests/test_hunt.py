"""Saboteurs: there are enough, all classes among them; a sample is caught, shrunk and not hunted twice."""

import json
from dataclasses import replace

import pytest
from command import assay

from assay.base import exit_code, paths
from assay.base.trouble import NoEngine
from assay.check import defects, hunt
from assay.check.hunt import Hunted

ALL = defects.saboteurs()
RECOMPILER_CLASSES, KERNEL_CLASSES = 22, 18


def fault(name):
    return next(one for one in ALL if one.name == name)


def test_there_are_sixty_and_every_class_is_among_them():
    assert len({one.name for one in ALL}) == len(ALL) >= 60
    groups = {one.group for one in ALL}
    assert {f"J{n}" for n in range(1, RECOMPILER_CLASSES + 1)} <= groups
    assert {f"K{n}" for n in range(1, KERNEL_CLASSES + 1)} <= groups
    assert {one.engine for one in ALL} == {"ref", "fast"}
    assert len({hunt.digest_of(one) for one in ALL}) == len(ALL)


@pytest.mark.parametrize("one", ALL, ids=str)
def test_its_line_stands_once_and_is_changed(one):
    text = (paths.ROOT / one.engine / one.file).read_text()
    assert text.count(one.right) == 1 and one.wrong != one.right
    before = text.splitlines()[: hunt.line_of(one) - 1]
    assert one.right not in "\n".join(before)


def test_a_line_that_is_gone_is_said():
    with pytest.raises(NoEngine, match="does not stand"):
        hunt.line_of(replace(ALL[0], right="no such line"))


@pytest.mark.parametrize(
    ("name", "most"),
    [("shift_into_r12_is_lost", 2), ("folded_address_has_the_base_before_the_sum", 3), ("moved_capability_stays", 6)],
)
def test_it_is_caught_and_its_case_is_small(name, most):
    result = hunt.hunted((fault(name), True))
    assert result.is_caught and result.is_minimal
    assert 1 <= result.instructions <= most and result.rule
    assert hunt.read_line(json.loads(json.dumps(result.members()))) == result


def test_one_that_changes_nothing_is_missed():
    nothing = replace(
        fault("shift_into_r12_is_lost"),
        right="enum order { IN_ORDER, COMMUTES };",
        wrong="enum order { IN_ORDER,  COMMUTES };",
    )
    result = hunt.hunted((nothing, True))
    assert not result.is_caught and result.case == ""


# ---- going on


def test_a_hunt_goes_on_where_it_was_stopped(tmp_path):
    out = tmp_path / "saboteurs.jsonl"
    argv = ("selftest", "--saboteurs", "--no-shrink", "-j", "1", "--out", str(out))
    first = assay(*argv, "-k", "shift_into_r12")
    assert first.returncode == exit_code.AGREED, first.stderr
    line = out.read_text()
    out.write_text(line + line[: len(line) // 2])  # killed while it wrote
    again = assay(*argv, "-k", "shift_into_r12")
    assert again.returncode == exit_code.AGREED and again.stdout == first.stdout
    assert out.read_text() == line + line[: len(line) // 2], "nothing is done twice"
    assert "1 saboteurs, 1 caught by vectors" in again.stderr


def test_what_was_caught_without_its_size_is_hunted_again_for_it(tmp_path):
    out = tmp_path / "saboteurs.jsonl"
    one = fault("moved_capability_stays")
    bare = Hunted(one.name, one.group, one.engine, one.file, 1, hunt.digest_of(one), "cap/kinds/x", 0.1)
    out.write_text(json.dumps(bare.members()) + "\n")
    done = assay("selftest", "--saboteurs", "-j", "1", "--out", str(out), "-k", one.name, "--json")
    assert done.returncode == exit_code.AGREED
    assert json.loads(done.stdout)["instructions"] > 0 and len(out.read_text().splitlines()) == 2


def test_the_command_lists_and_selects():
    listed = assay("selftest", "--saboteurs", "--list", "-k", "J1")
    assert listed.returncode == exit_code.AGREED
    assert "fast/machine/gas.h:" in listed.stdout and "unlikely_is_cheap" in listed.stdout
    assert assay("selftest", "--saboteurs", "-k", "no such thing").returncode == exit_code.NOTHING


def test_the_summary_is_of_what_was_shrunk():
    few = [Hunted(f"n{n}", "J1", "fast", "f.c", 1, "d", "a/b/c", n, "s", "r", 50, n, True, 2.0) for n in range(1, 21)]
    text = hunt.summary(few)
    assert text.startswith("20 saboteurs, 20 caught by vectors, the slowest in 20.0 s")
    assert "10.5 instructions in the middle, 19 at 95 %, 2.0 s at most, 20 of 20 minimal" in text
    assert hunt.summary([Hunted("n", "J1", "fast", "f.c", 1, "d")]) == "1 saboteurs, 0 caught by vectors"
