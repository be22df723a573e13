"""The mutants: what is one, what becomes of it, and a sample that the vectors kill to the last."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command import assay as run

from assay.base import paths
from assay.mutate import c_source, campaign, invariants, python_source, trial, workshop
from assay.mutate.invariants import Invariants
from assay.mutate.site import Kind, Mutant
from assay.mutate.trial import Fate, Trial

SAMPLE = {"ref": ("kernel/yield", 14), "fast": ("kernel/yield", 14), "model": ("kernel/yield", 12)}
SOURCE = b"""#include <assert.h>
/* a < b */
const char *text = "1 < 2";
int f(int a, int b)
{
    assert(a < b);
    if (a < 7 && b != 0)
        a = b - a;
    return sizeof(int[3]);
}
"""


def changes(mutants: list[Mutant]) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants}


def play(mutant: Mutant, engine: str) -> Trial:
    files = [file for file in campaign.vectors(engine) if file.parent.name == "yield"]
    return trial.play(mutant, workshop.Workshop(engine), files)


def test_assertions_text_and_sizes_are_left_alone():
    found = c_source.mutants("x.c", SOURCE)
    assert {mutant.line for mutant in found} == {7, 8}
    assert ("<", "<=") in changes(found)
    assert ("a < 7 && b != 0", "b != 0") in changes(found)
    assert ("a = b - a;", ";") in changes(found)
    assert ("7", "8") in changes(found)


def test_a_change_of_python_is_the_text_of_its_clause():
    source = b"def f(a, b):\n    assert a < b\n    rule('x/y')\n    return a < 1 and b in (2,)\n"
    found = python_source.mutants("x.py", source)
    assert {mutant.line for mutant in found} == {4}
    assert b"return ((b in (2,)))" in {mutant.apply(source).splitlines()[3].strip() for mutant in found}


def test_what_only_tells_a_listener_is_left_alone():
    told = b"def f(a):\n    if a > 1:\n        rule('x/y')\n        several(a)\n"
    assert python_source.mutants("x.py", told) == []
    for more in (b"        a = 2\n", b"    else:\n        g(a)\n"):
        assert {mutant.line for mutant in python_source.mutants("x.py", told + more)} >= {2}


def test_ids_stay_when_lines_come():
    moved = SOURCE.replace(b"/* a < b */", b"/* a < b\n\n*/")
    ids = [mutant.id for mutant in c_source.mutants("x.c", SOURCE)]
    assert len(set(ids)) == len(ids)
    assert [mutant.id for mutant in c_source.mutants("x.c", moved)] == ids


def test_the_chapter_of_the_source_comes_first():
    files = campaign.vectors("ref")
    for source, chapter in (
        ("ref/kernel/yield.c", "yield"),
        ("fast/machine/gas.h", "gas"),
        ("ref/kernel/cap.c", "cap"),
    ):
        mutant = changed_nothing(source)
        ordered = campaign.told_first(mutant, files)
        assert ordered[0].parent.name == chapter
        assert ordered[-1].parent.name == "programs"
        assert sorted(ordered) == files


def changed_nothing(file: str) -> Mutant:
    return Mutant(file, 1, 0, 0, Kind.STATEMENT, "", "", "")


def test_the_model_votes_on_no_program_that_is_too_long():
    left_out = set(campaign.vectors("ref")) - set(campaign.vectors("model"))
    assert left_out
    assert all("model" not in campaign.votes(file) for file in left_out)


@pytest.mark.parametrize("text", ["\n", "/* more */\n"])
def test_equal_object_code_is_not_played(text):
    place = changed_nothing("ref/machine/number.c")
    end = len((paths.ROOT / place.file).read_bytes())
    result = play(Mutant(place.file, 1, end, end, place.kind, "", text, ""), "ref")
    assert (result.fate, result.by) == (Fate.EQUIVALENT, "equal object code")


def test_what_lies_behind_a_bound_is_played_with_small_bounds():
    """The release build makes such code of programs that are larger than any vector's."""
    mutant = next(each for each in campaign.mutants_of("fast", "machine/dense.c") if each.before == "pay(e, false);")
    files = [file for file in campaign.vectors("fast") if file.parent.name == "gas"]
    shop = workshop.Workshop("fast")
    with workshop.scratch() as folder:
        assert trial.first_to_notice(shop.build(mutant, Path(folder)), files) is None
    assert trial.play(mutant, shop, files).fate is Fate.KILLED


def test_a_header_concerns_whoever_includes_it():
    units = workshop.Workshop("fast").units
    concerned = {
        header: {
            unit.source.name for unit in units if workshop.concerns(unit, changed_nothing(f"fast/machine/{header}"))
        }
        for header in ("window.h", "x64.h", "machine.h")
    }
    assert concerned["window.h"] == {"mem.c", "short.c", "window.c"}
    assert {"alu_reg.c", "compile.c"} < concerned["x64.h"]
    assert concerned["x64.h"] < concerned["machine.h"] == {unit.source.name for unit in units}


def test_what_does_not_compile_is_no_mutant():
    place = changed_nothing("ref/machine/number.c")
    assert play(Mutant(place.file, 1, 0, 0, place.kind, "", "} ", ""), "ref").fate is Fate.NO_MUTANT


@pytest.mark.parametrize(
    "script", ["kill -9 $$", "echo 'fatal error: Killed signal terminated program cc1' >&2; exit 1"]
)
def test_a_compiler_that_was_killed_judges_no_mutant(script, tmp_path):
    unit = workshop.Unit(tmp_path / "x.c", ("/bin/sh", "-c", script), tmp_path / "x.o")
    with pytest.raises(workshop.CompilerKilled, match=r"killed at x\.c"):
        workshop.compiled(unit, tmp_path / "x.c", tmp_path / "y.o", tmp_path)


def test_a_mutant_that_is_not_judged_is_red():
    unknown = Trial(changed_nothing("ref/machine/number.c"), Fate.NOT_JUDGED, "killed", 0.0)
    assert not campaign.Table([unknown], Invariants()).is_green


def test_a_mutant_that_nothing_can_notice_survives():
    """It has other object code and does the same."""
    place = changed_nothing("ref/machine/number.c")
    end = len((paths.ROOT / place.file).read_bytes())
    after = "\nint ref_number_of_nobody(int a);\nint ref_number_of_nobody(int a) { return a + 1; }\n"
    result = play(Mutant(place.file, 1, end, end, place.kind, "", after, ""), "ref")
    assert result.fate is Fate.SURVIVED
    table = campaign.Table([result], Invariants())
    assert table.survivors() == [result]
    listed = campaign.Table([result], Invariants({result.mutant.id: "nobody calls it"}))
    assert listed.survivors() == [] and listed.totals()[Fate.EQUIVALENT] == 1


def test_those_that_nothing_noticed_are_drawn_by_lot():
    place = changed_nothing("ref/machine/number.c")
    fates = (Fate.KILLED, Fate.SURVIVED, Fate.EQUIVALENT, Fate.CONTRACT, Fate.SURVIVED)
    trials = [Trial(replace(place, start=at), fate, "", 0.0) for at, fate in enumerate(fates)]
    table = campaign.Table(trials, Invariants())
    assert {trial.mutant.start for trial in table.by_lot(50, 1)} == {1, 2, 4}
    assert len(table.by_lot(2, 1)) == 2 and table.by_lot(2, 1) == table.by_lot(2, 1)
    assert len({tuple(trial.mutant.start for trial in table.by_lot(1, seed)) for seed in range(20)}) == 3


def test_a_listed_mutant_that_is_noticed_is_red():
    mutant = changed_nothing("ref/machine/number.c")
    for fate in (Fate.KILLED, Fate.CONTRACT):
        noticed = Trial(mutant, fate, "a case", 0.0)
        assert campaign.Table([noticed], Invariants({mutant.id: "wrong"})).wrongly_listed() == [noticed]


def test_every_listed_mutant_exists_and_has_its_reason():
    known = invariants.read()
    mutants = [mutant for engine in campaign.SOURCES for mutant in campaign.mutants_of(engine)]
    assert known.listed and set(known.listed) <= {mutant.id for mutant in mutants}
    assert all(len(because.split()) > 4 for because in known.listed.values())
    for family in known.families:
        assert any(family.has(mutant) for mutant in mutants), family
        assert len(family.because.split()) > 4


def test_a_family_is_of_its_files_its_kind_and_its_text():
    family = invariants.family_of(
        {"files": "ref/*", "kind": "statement", "before": r"free\(.*\);", "because": "nobody looks"}
    )
    freed = Mutant("ref/x.c", 1, 0, 0, Kind.STATEMENT, "free(a);", ";", "free(a);")
    assert Invariants({}, (family,)).because(freed) == "nobody looks"
    for other in (
        replace(freed, file="fast/x.c"),
        replace(freed, kind=Kind.CONDITION),
        replace(freed, before="free(a); b = 0;"),
    ):
        assert Invariants({}, (family,)).because(other) == ""


def test_an_unknown_engine_is_a_usage_error():
    result = run("mutate", "reff")
    assert result.returncode == 2
    assert "reff" in result.stderr


def test_no_file_of_that_name_is_red():
    assert run("mutate", "ref", "-k", "no_such_file").returncode == 5


@pytest.mark.parametrize("engine", SAMPLE)
def test_a_sample_is_killed_to_the_last(engine, tmp_path):
    keyword, count = SAMPLE[engine]
    report = tmp_path / "mutants.jsonl"
    result = run("mutate", engine, "-k", keyword, "--count", str(count), "--show", "50", "--json", str(report))
    assert result.returncode == 0, result.stdout
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(rows) == count
    assert sum(row["fate"] == "killed" for row in rows) >= count - 3
    shown = {line.split()[1] for line in result.stdout.splitlines() if line.startswith("equivalent  ")}
    assert shown == {row["id"] for row in rows if row["fate"] == "equivalent"}
