"""Are the committed vectors what `assay fill` writes, and are they what the schema asks for?"""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

import cases
import model
from assay.base import paths
from assay.corpus import fill
from cases.machine import code, isa_opcodes
from cases.machine.case import Case, Resume, Run, Subject, Write, page

ROOT = paths.ROOT
FILES = sorted((ROOT / "vectors").glob("*/*.json"))
SUITE_MAX = 12_000_000  # all files together
CASES_MIN = 3_000
VALUE_CASES_MIN = 12


AREAS = (*cases.AREAS, *cases.KERNEL_AREAS, cases.REGRESS)
KERNEL_CASES_MIN = 1_500


def files_of(areas):
    return {path: json.loads(path.read_text()) for path in FILES if path.parent.name in areas}


def found_of(level):
    """What was found and kept, of one level."""
    return {path: file for path, file in files_of((cases.REGRESS,)).items() if path.stem == level}


@pytest.fixture(scope="module")
def suite():
    return files_of(cases.AREAS) | found_of("machine")


@pytest.fixture(scope="module")
def kernel_suite():
    return files_of(cases.KERNEL_AREAS) | found_of("kernel")


def test_committed_vectors_are_what_fill_writes():
    assert fill.fill(ROOT, check=True) == []


@pytest.mark.parametrize("seed", ["1", "77"])
def test_bytes_do_not_depend_on_hash_seed(seed, tmp_path):
    (tmp_path / "vectors").mkdir()
    script = "import sys; from assay.corpus import fill; fill.fill(sys.argv[1], jobs=int(sys.argv[2]))"
    environment = os.environ | {"PYTHONHASHSEED": seed}
    jobs = "1" if seed == "1" else "2"
    subprocess.run([sys.executable, "-c", script, str(tmp_path), jobs], check=True, env=environment)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    committed = {path.relative_to(ROOT): path.read_bytes() for path in FILES}
    assert written == {name: data for name, data in committed.items() if name.parts[1] in AREAS}


@pytest.mark.parametrize("level", ["machine", "kernel"])
def test_every_file_follows_the_schema(level, suite, kernel_suite):
    schema = json.loads((ROOT / f"spec/schema/{level}.json").read_text())
    suite = suite if level == "machine" else kernel_suite
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path, file in suite.items():
        complaints = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(file)]
        assert not complaints, f"{path}: {complaints[:3]}"


def check_strict(level, file, change):
    """The first case of a file is of the schema, and changed it is not."""
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / f"spec/schema/{level}.json").read_text()))
    case = json.loads(json.dumps(file["cases"][0]))
    assert validator.is_valid(file | {"cases": [case]})
    change(case)
    assert not validator.is_valid(file | {"cases": [case]})


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.update(unknown=1),
        lambda case: case.pop("blob"),
        lambda case: case.update(blob="0"),
        lambda case: case.update(blob="AB"),
        lambda case: case.update(id="isa/add_64"),
        lambda case: case.update(load="blob/unknown"),
        lambda case: case.update(load="refused"),
        lambda case: case.pop("steps"),
        lambda case: case["steps"][0].update(write={"address": "0x0", "data": ""}),
        lambda case: case["steps"][0]["run"].update(pc="0x00"),
        lambda case: case["steps"][0]["run"].update(pc="0x10000000000000000"),
        lambda case: case["steps"][0]["run"].update(pc=0),
        lambda case: case["steps"][0]["run"]["regs"].update(r13="0x1"),
        lambda case: case["steps"][0]["stop"].update(exit="gone"),
        lambda case: case["steps"][0]["stop"].pop("memory"),
        lambda case: case["steps"][0].update(until={"blocks": 0}),
    ],
)
def test_schema_is_strict(change, suite):
    check_strict("machine", suite[ROOT / "vectors/isa/add_64.json"], change)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.update(unknown=1),
        lambda case: case.pop("verdict"),
        lambda case: case.update(root="00"),
        lambda case: case.update(admit={"image": "", "verdict": "admitted"}),
        lambda case: case["events"][0].update(endpoint=256),
        lambda case: case["events"][0].update(gas="0x00"),
        lambda case: case["events"][0].update(payload="AB"),
        lambda case: case["events"][0]["result"].update(outcome="paused"),
        lambda case: case["events"][0].pop("records"),
    ],
)
def test_kernel_schema_is_strict(change, kernel_suite):
    check_strict("kernel", kernel_suite[ROOT / "vectors/chain/files.json"], change)


def test_files_and_ids_name_each_other(suite, kernel_suite):
    ids = []
    for path, file in (suite | kernel_suite).items():
        assert (file["area"], file["subject"]) == (path.parent.name, path.stem)
        for case in file["cases"]:
            assert case["id"].rsplit("/", 1)[0] == f"{file['area']}/{file['subject']}"
            ids.append(case["id"])
    assert len(ids) == len(set(ids))
    kernel = sum(len(file["cases"]) for file in kernel_suite.values())
    assert len(ids) - kernel >= CASES_MIN
    assert kernel >= KERNEL_CASES_MIN


def test_the_whole_suite_is_small():
    files = [path for path in (ROOT / "vectors").rglob("*") if path.is_file()]
    assert len(files) > len(FILES) > 0
    assert sum(path.stat().st_size for path in files) < SUITE_MAX


def test_every_opcode_has_its_file_and_enough_values(suite):
    for name in code.NAMES:
        file = suite[ROOT / f"vectors/isa/{name}.json"]
        form = code.INSN[name].form
        own = isa_opcodes.value_cases_of(name) if form != "no_args" else file["cases"]
        assert len(own) >= VALUE_CASES_MIN, f"{name} has {len(own)} value cases"


def test_every_rule_is_decided_and_contrasted(suite, kernel_suite):
    found = [case for file in (suite | kernel_suite).values() for case in file["cases"]]
    decided = {rule for case in found for rule in case["rules"]}
    avoided = {rule for case in found for rule in case["against"]}
    assert decided == set(model.rules())
    assert avoided == set(model.rules())


TRAP = code.line(code.TRAP)


def trouble_with(monkeypatch, tmp_path, *made):
    """What fill says about these cases."""
    subjects = [Subject("isa", "tried", list(made))]
    monkeypatch.setattr(cases, "subjects", lambda: subjects)
    with pytest.raises(fill.FillError) as error:
        fill.fill(tmp_path, complete=False)
    assert not list(tmp_path.rglob("*.json"))
    return str(error.value)


@pytest.mark.parametrize(
    "made, words",
    [
        ([Case("same", ("isa/trap",), TRAP, [Run()])] * 2, "isa/tried/same: the id is used twice"),
        ([], "there is no case"),
        ([Case("Loud", ("isa/trap",), TRAP, [Run()])], "lower-case words"),
        ([Case("far", ("isa/and",), TRAP, [Run()])], "rule isa/and is not reached"),
        ([Case("near", ("isa/trap",), TRAP, [Run()], ("exit/trap",))], "exit/trap stands in"),
        ([Case("odd", ("isa/nothing",), TRAP, [Run()])], "no chapter has a rule isa/nothing"),
        ([Case("known", ("isa/trap",), TRAP, [Run()], known={"pc": 1})], "pc is known to be 1"),
        ([Case("wide", ("isa/trap",), TRAP, [Run(gas=2**64)])], "a run is never refused"),
        ([Case("hole", ("isa/trap",), TRAP, [Write(0, b"x")])], "a write is never refused"),
        ([Case("idle", ("blob/truncated",), TRAP[:-1], [Run()])], "has steps but"),
    ],
)
def test_wrong_cases_are_refused_and_nothing_is_written(made, words, monkeypatch, tmp_path):
    assert words in trouble_with(monkeypatch, tmp_path, *made)


def test_missing_rules_are_listed(monkeypatch, tmp_path):
    made = [Subject("isa", "tried", [Case("one", ("isa/trap",), TRAP, [Run()])])]
    monkeypatch.setattr(cases, "subjects", lambda: made)
    with pytest.raises(fill.FillError) as error:
        fill.fill(tmp_path)
    assert "isa/and: no case decides it" in str(error.value)
    assert "isa/trap: no case is its near miss" in str(error.value)
    assert "isa/trap: no case decides it" not in str(error.value)


def test_check_tells_differences_and_fill_removes_stale_files(monkeypatch, tmp_path):
    steps = [Run(gas=97), Resume(gas=1)]
    ecall = code.line(b"\3", code.TRAP)
    made = [Subject("isa", "tried", [Case("one", ("isa/ecall",), ecall, steps, pages=(page(0),))])]
    monkeypatch.setattr(cases, "subjects", lambda: made)
    stale = tmp_path / "vectors/gas/stale.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    expected = ["isa/tried.json", "gas/stale.json"]
    assert fill.fill(tmp_path, check=True, complete=False) == expected
    assert stale.exists()
    assert fill.fill(tmp_path, complete=False) == expected
    assert not stale.exists()
    assert fill.fill(tmp_path, check=True, complete=False) == []
    (tmp_path / "vectors/isa/tried.json").write_text("changed")
    assert fill.fill(tmp_path, check=True, complete=False) == ["isa/tried.json"]
