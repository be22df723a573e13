"""Verdict words and reports: what they say, that a schema holds them, and that nothing is green by accident."""

import copy
import json
import shlex
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
from command import assay

from assay.base import exit_code, paths
from assay.check import vacuity
from assay.check.vacuity_stubs import SPOILED
from assay.commands import fill
from assay.replay.verdict import VOTES, Kind, Vote, broken, read_verdict

GOOD = paths.VECTORS / "isa" / "add_64.json"
WRITTEN = json.loads((paths.ROOT / "spec/schema/report.json").read_text())
SCHEMA = jsonschema.Draft202012Validator(WRITTEN)


def report(path: Path, *arguments: object) -> list[dict[str, object]]:
    assay("replay", GOOD, "--json", path, "--cards", 0, *arguments)
    return [json.loads(line) for line in path.read_text().splitlines()]


def spoiled(folder: Path) -> list[str]:
    (folder / "spoiled.py").write_text(SPOILED)
    command = shlex.join([sys.executable, str(folder / "spoiled.py"), "always", "none", "--framed"])
    return ["-e", f"spoiled=cmd:{command}", "--no-sandbox", "-k", "one_and_one"]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    folder = tmp_path_factory.mktemp("report")
    return report(folder / "report.jsonl", "-e", "ref", *spoiled(folder))


def test_every_line_is_of_the_schema_and_names_its_place(lines: list[dict[str, object]]) -> None:
    SCHEMA.check_schema(WRITTEN)
    for line in lines:
        SCHEMA.validate(line)
    assert lines[0]["format"] == "assay-report-1" and lines[-1]["end"] is True
    wrong = next(line for line in lines if line.get("verdict") == "wrong")
    assert wrong["kind"] == "differs" and wrong["rule"] == "isa/add_64" and wrong["first"] and wrong["signature"]


@pytest.mark.parametrize("key", ["corpus", "counts", "code", "complaints", "interrupted"])
def test_an_end_without_a_member_is_not_of_the_schema(key: str, lines: list[dict[str, object]]) -> None:
    end = copy.deepcopy(lines[-1])
    del end[key]
    assert not SCHEMA.is_valid(end) and not SCHEMA.is_valid(lines[-1] | {"more": 1})


def test_the_schema_has_the_words_of_the_code() -> None:
    words = WRITTEN["$defs"]["verdict"]["properties"]
    assert words["verdict"]["enum"] == [vote.value for vote in VOTES]
    assert words["kind"]["enum"] == [kind.value for kind in Kind] + [None]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("killed by SIGABRT during run; it said nothing", Kind.DIED),
        ("ended with code 3 during run; it said nothing", Kind.DIED),
        ("no reply to run within 3 s, so it was ended", Kind.HUNG),
        ("its reply to run is not of the protocol: ok must be an object", Kind.MALFORMED),
        ("killed by SIGABRT during run; its last words: no reply to run within 3 s", Kind.DIED),
        ("engine mine: no reply to run within 3 s; its last words: killed by SIGABRT", Kind.HUNG),
        ("its reply to run is not of the protocol: no JSON, in 'killed by SIGABRT'", Kind.MALFORMED),
    ],
)
def test_kinds_of_wrong(message: str, kind: Kind) -> None:
    assert broken("a/b/c", "mine", message).kind == kind


@pytest.mark.parametrize(("doing", "words", "is_at_start"), [("hello", "", True), ("run", "during hello", False)])
def test_what_an_engine_says_is_not_its_start(doing: str, words: str, is_at_start: bool) -> None:
    message = f"killed by SIGABRT during {doing}; its last words: {words}"
    assert broken("a/b/c", "mine", message).is_at_start == is_at_start


def test_a_lacking_level_is_cannot() -> None:
    line = {"case": "a/b/c", "verdict": "error", "message": "the engine lacks the level chain", "cannot": True}
    assert read_verdict(dict(line), "mine").vote == Vote.CANNOT


def test_words_of_an_engine_do_not_make_it_cannot() -> None:
    line = {"case": "a/b/c", "verdict": "error", "message": "answers run with host: the engine lacks it"}
    assert read_verdict(dict(line), "mine").kind == Kind.FAILED


def test_a_known_failure_is_green_and_says_why(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text('[[known]]\ncase = "isa/add_64/one_and_one"\nreason = "a test"\ndate = 2026-01-31\n')
    done = assay("replay", GOOD, *spoiled(tmp_path)[:3], "-k", "add_64/one_and_one", "--known", known)
    assert done.returncode == exit_code.AGREED and "1 known" in done.stdout, done.stdout + done.stderr


def test_a_stray_file_among_the_vectors_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "isa").mkdir()
    for name in ("README.md", "isa/add_64.json", "isa/notes.txt", "left.json"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(paths, "VECTORS", tmp_path)
    assert fill.strays([]) == ["isa/notes.txt", "left.json"]


def test_there_are_forty_ways_and_each_has_a_name() -> None:
    assert len({way.name for way in vacuity.WAYS}) == len(vacuity.WAYS) >= 40


@pytest.mark.parametrize("way", vacuity.WAYS, ids=lambda way: way.name.replace(" ", "_"))
def test_not_green_by_accident(way: vacuity.Way) -> None:
    assert vacuity.try_way(way).complaint == ""


def test_what_was_left_out_is_not_run(tmp_path: Path) -> None:
    """Every case has a verdict, also when the first failure ends it all."""
    lines = report(tmp_path / "report.jsonl", "-x", *spoiled(tmp_path)[:3])
    words = Counter(line["verdict"] for line in lines if "verdict" in line)
    assert words["wrong"] == 1 and words["not run"] > 0
    assert sum(words.values()) == lines[0]["corpus"]["cases"]
    assert lines[-1]["counts"]["spoiled"]["not run"] == words["not run"]
