"""Inputs of the fuzzing targets: every vector case becomes one and is the same case again; what is none is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import assay

from assay.base import exit_code, paths, strict
from assay.base.strict import Json, Members
from assay.engines import catalog
from assay.fuzz import inputs, shown
from assay.suite import collection

NOT_OF_AN_INPUT = {"rules", "against", "note", "votes", "changes", "blocks", "instructions"}


def test_every_case_is_the_same_after_it_was_an_input(tmp_path: Path) -> None:
    files = collection.files_of([paths.VECTORS])
    made = inputs.make(files, tmp_path)
    names = {one.file: one.case for one in made}
    found = {names[one.file]: one.case for one in inputs.show(list(names), catalog.parse("ref"), whole=True)}
    wanted = dict(cases_of(files))
    assert len(found) == len(wanted) > 12_000
    different = [identity for identity, case in wanted.items() if normal(found[identity]) != case]
    assert different == []


def cases_of(files: list[str]) -> Iterator[tuple[str, Json]]:
    for file in files:
        content = strict.mapping(strict.loads(Path(file).read_bytes()), file)
        images = strict.mapping(content.get("images", {}), "images")
        for item in strict.items(content["cases"], "cases"):
            case = strict.mapping(item, "a case")
            yield strict.text(case["id"], "id"), normal(case, images)


def normal(value: Json, images: Members | None = None) -> Json:
    """Without what an input leaves out, with Images as bytes, and resumes as they are played."""
    if isinstance(value, list):
        return [normal(item, images) for item in value]
    if isinstance(value, str) and value.startswith("@") and images is not None:
        return images[value[1:]]
    if not isinstance(value, dict):
        return value
    kept = {name: item for name, item in value.items() if name not in NOT_OF_AN_INPUT}
    if "until" in value:
        kept["until"] = value["until"]
        return {name: item if name == "until" else normal(item, images) for name, item in sorted(kept.items())}
    kept.pop("id", None)
    if kept.get("revision") == 1:
        del kept["revision"]
    if "steps" in kept and "blob" in kept:
        kept["steps"] = played(strict.items(kept["steps"], "steps"))
    return {name: normal(item, images) for name, item in sorted(kept.items())}


def played(steps: list[Json]) -> list[Json]:
    """A resume that leaves the gas as it is says so."""
    gas: Json = "0x0"
    done: list[Json] = []
    for item in steps:
        step = dict(strict.mapping(item, "a step"))
        if "resume" in step:
            step["resume"] = {"gas": gas, "regs": {}, **strict.mapping(step["resume"], "resume")}
        if isinstance(step.get("stop"), dict):
            gas = strict.mapping(step["stop"], "stop")["gas"]
        done.append(step)
    return done


def test_engines_agree_on_inputs_of_each_target(tmp_path: Path) -> None:
    chosen = ["exit/stops.json", "call/starts.json", "chain/files.json", "image/codec.json"]
    files = [path for path in (paths.VECTORS / name for name in chosen) if path.exists()]
    made = inputs.make(files, tmp_path)
    made += inputs.make(files[:1], tmp_path, form="text")
    played = inputs.play([one.file for one in made], catalog.chosen(catalog.OURS))
    assert {one.verdict for one in played} == {"agreed"}
    assert {"machine", "invocation", "chain", "reader"} <= {one.target for one in played}


def test_replies_of_both_engines_are_the_same(tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    lines = [
        {"op": "hello", "protocol": 2},
        {"op": "load", "blob": "000000000101000000" + "00" + "01", "mem_cycles": 25, "pages": []},
        {"op": "nothing"},
        {"op": "bye"},
    ]
    requests.write_text("\n".join(json.dumps(line) for line in lines))
    (made,) = inputs.make([requests], tmp_path, form="requests")
    (one,) = inputs.play([made.file], catalog.chosen(catalog.OURS))
    assert (one.target, one.verdict) == ("reader", "agreed")


def test_an_engine_that_differs_is_named(tmp_path: Path) -> None:
    made = inputs.make([paths.VECTORS / "exit/stops.json"], tmp_path)
    liar = f"mine=cmd:{Path(__file__).parent}/fuzz_liar.py"
    done = assay("fuzz", "run", "--no-sandbox", "-e", liar, made[0].file)
    assert done.returncode == exit_code.DIFFERED, done.stderr
    assert "ref and mine differ" in done.stdout


def test_long_runs_are_cut_down_and_compared(tmp_path: Path) -> None:
    blob = bytes.fromhex("000000000102000000") + bytes([40, 0]) + b"\x01"  # a jump to itself
    nothing = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    case = {
        "id": "fuzz/loops/for_ever", "rules": [], "against": [], "blob": blob.hex(), "mem_cycles": 25, "pages": [],
        "load": "admitted",
        "steps": [{"run": {"pc": "0x0", "gas": "0xffffffffffffffff", "regs": {}}, "stop": nothing}],
    }  # fmt: skip
    file = tmp_path / "loops.json"
    head = {"schema": "assay-machine-1", "area": "fuzz", "subject": "loops", "votes": ["ref"], "cases": [case]}
    file.write_text(json.dumps(head, indent=0))
    (made,) = inputs.make([file], tmp_path)
    (one,) = inputs.play([made.file], catalog.chosen(catalog.OURS))
    assert (one.verdict, one.limited) == ("agreed", 1)
    (seen,) = inputs.show([made.file], catalog.parse("ref"))
    assert any("until blocks 5000, instructions 50000" in line for line in shown.text_of(seen))


@pytest.mark.parametrize("content", [b"", b"mac", b"mac2\0", b"\x7fELF\0\0\0\0"])
def test_what_is_no_input_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "input"
    file.write_bytes(content)
    for verb in ("run", "show"):
        done = assay("fuzz", verb, file)
        assert done.returncode == exit_code.BAD_INPUT
        assert "it is no input of any target" in done.stderr


def test_any_bytes_behind_a_tag_are_an_input(tmp_path: Path) -> None:
    for target, tag in zip(inputs.TARGETS, (b"mac1", b"cod1", b"inv1", b"cha1", b"rea1"), strict=True):
        for index in range(64):
            content = bytes((index * 37 + at * at * 11) % 256 for at in range(index))
            (tmp_path / f"{target}_{index}").write_bytes(tag + content)
    files = sorted(tmp_path.iterdir())
    played = inputs.play(files, catalog.chosen(catalog.OURS))
    assert {one.verdict for one in played} == {"agreed"}
    for seen in inputs.show(files, catalog.parse("ref")):
        assert list(shown.text_of(seen))


def test_pages_at_both_ends_of_memory_are_no_neighbours(tmp_path: Path) -> None:
    file = tmp_path / "input"
    blob = bytes([0, 0, 0, 1, 0, 1, 1])  # a trap
    pages = bytes([2]) + b"\x00\xf0\xff\xff\x01\x00" + b"\x00\x00\x00\x00\x01\x00"
    file.write_bytes(b"mac1" + blob + pages + bytes([1, 0, 0, 100, 0, 0]))
    (one,) = inputs.play([file], catalog.chosen(catalog.OURS))
    assert one.verdict == "agreed", one.differences
    (seen,) = inputs.show([file], catalog.parse("ref"))
    assert [page for page in shown.text_of(seen) if "; page" in page] == ["; page 0x0 rw ", "; page 0xfffff000 rw "]


def test_import_says_what_it_cannot_read(tmp_path: Path) -> None:
    assert assay("fuzz", "import", "nowhere.json").returncode == exit_code.BAD_INPUT
    done = assay("fuzz", "import", "vectors/exit/stops.json::no/such/case", "--out", tmp_path)
    assert done.returncode == exit_code.BAD_INPUT
