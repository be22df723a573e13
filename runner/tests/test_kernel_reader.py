"""The strict reader of kernel vector files: whatever is not the format is refused, at a byte that is named."""

import fcntl
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.base import exit_code, paths
from assay.check import builds

SHA, INSTANCE = "00" * 32, "00" * 64
IMAGE = "@small"


def good() -> dict:
    """One case of each act; what is expected of an engine does not matter here."""
    common = {"rules": ["image/decode/whole"], "against": []}
    result = {"outcome": "halt", "exit": "halt", "argument": "0x0", "pc": "0x9", "gas": "0xf4", "regs": {"r7": "0x1"}}
    result |= {"gas_used": "0x61", "instance": INSTANCE, "cnode": SHA, "pages": SHA, "payload": ""}
    end = {"dump": SHA, "records": SHA, "changes": ["a line"]}
    run = {"instance": INSTANCE, "image": IMAGE, "cnode": "08", "endpoint": 0, "gas": "0x64"}
    event = {"endpoint": 0, "payload": "00ff", "gas": "0x64", "quota": "0x0"}
    event |= {"result": {"outcome": "faulted", "exit": "trap", "argument": "0x0", "value": "0x0", "gas_used": "0x3"}}
    event |= {"root": SHA, "instance": INSTANCE, "records": SHA, "changes": []}
    steps = [{"run": run, "result": result} | end, {"resume": {"scratchpad": "00"}, "result": "not_paused"} | end]
    cases = [
        {"decode": {"type": "image", "bytes": "00", "verdict": "image/decode/unexpected_eof"}},
        {"admit": {"image": IMAGE, "verdict": "admitted"}},
        {"hash": {"kind": "bmt", "value": "", "digest": SHA}},
        {"world": "0011", "steps": steps},
        {"genesis": IMAGE, "verdict": "admitted", "root": SHA, "events": [event]},
        {"world": "0011", "open": "refused"},
    ]
    names = ("decode", "admit", "hash", "world", "chain", "refused")
    cases = [{"id": f"image/reader/{name}"} | common | case for name, case in zip(names, cases, strict=True)]
    head = {"schema": "assay-kernel-1", "area": "image", "subject": "reader", "votes": ["model"]}
    return head | {"images": {"small": "0102"}, "cases": cases}


def text(content: dict) -> str:
    """As vector files are written: one case a line."""
    head = {key: value for key, value in content.items() if key != "cases"}
    cases = ",\n".join(json.dumps(case) for case in content["cases"])
    return json.dumps(head)[:-1] + ', "cases": [\n' + cases + "\n]}"


def put(*path: str | int, value: object) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        for part in path[:-1]:
            content = content[part]
        content[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        for part in path[:-1]:
            content = content[part]
        del content[path[-1]]

    return change


DECODE, ADMIT, HASH, WORLD, CHAIN, REFUSED = (("cases", index) for index in range(6))
RUN, RESUME = (*WORLD, "steps", 0), (*WORLD, "steps", 1)
EVENT = (*CHAIN, "events", 0)

# What is wrong, and a part of what is said.
MUTATIONS: dict[str, tuple[Callable[[dict], None], str]] = {
    "schema of another level": (put("schema", value="assay-machine-1"), "images belong to schema"),
    "schema unknown": (put("schema", value="assay-kernel-9"), "schema must be"),
    "area in capitals": (put("area", value="Image"), "area"),
    "subject with a space": (put("subject", value="a b"), "subject"),
    "votes no list": (put("votes", value="model"), "votes"),
    "a vote twice": (put("votes", value=["ref", "ref"]), "stands twice"),
    "no images": (drop("images"), 'has no Image "small"'),
    "images a list": (put("images", value=[]), "images must be an object"),
    "image of half a byte": (put("images", "small", value="012"), "odd number"),
    "image in capitals": (put("images", "small", value="AB"), "lower-case hex"),
    "name of an image": (put("images", "Small", value=""), "lower-case word"),
    "image that is not there": (put(*ADMIT, "admit", "image", value="@large"), 'has no Image "large"'),
    "image that is nobody": (put(*CHAIN, "genesis", value="@"), "has no Image"),
    "unknown key of the file": (put("note", value=""), "unknown key"),
    "cases empty": (put("cases", value=[]), "no cases"),
    "id of two parts": (put(*DECODE, "id", value="image/reader"), "area/subject/behaviour"),
    "id with digits in its area": (put(*DECODE, "id", value="image2/reader/x"), "area/subject/behaviour"),
    "id twice": (put(*ADMIT, "id", value="image/reader/decode"), "duplicate id"),
    "id missing": (drop(*DECODE, "id"), '"id" is missing'),
    "rule without an area": (put(*DECODE, "rules", value=["decode"]), "area/name"),
    "rule twice": (put(*DECODE, "against", value=["a/b", "a/b"]), "stands twice"),
    "revision 0": (put(*DECODE, "revision", value=0), "revision"),
    "revision 3": (put(*DECODE, "revision", value=3), "revision"),
    "revision in words": (put(*DECODE, "revision", value="1"), "without quotes"),
    "note a number": (put(*DECODE, "note", value=1), "note must be a string"),
    "two acts": (put(*DECODE, "world", value="00"), "exactly one of"),
    "no act": (drop(*DECODE, "decode"), "exactly one of"),
    "key of another act": (put(*DECODE, "root", value=SHA), "root belongs to genesis"),
    "steps of a chain": (put(*CHAIN, "steps", value=[]), "steps belongs to world"),
    "unknown key of a case": (put(*DECODE, "blob", value=""), "unknown key"),
    "type unknown": (put(*DECODE, "decode", "type", value="record"), "none that is known"),
    "verdict of another act": (put(*DECODE, "decode", "verdict", value="admitted"), "rule of kernel.def"),
    "verdict that is no rule": (put(*ADMIT, "admit", "verdict", value="image/admit/ugly"), "rule of kernel.def"),
    "verdict missing": (drop(*ADMIT, "admit", "verdict"), '"verdict" is missing'),
    "kind unknown": (put(*HASH, "hash", "kind", value="sha"), "none that is known"),
    "digest of 31 bytes": (put(*HASH, "hash", "digest", value="00" * 31), "31 bytes"),
    "digest a rule that is none": (put(*HASH, "hash", "digest", value="image/decode/x"), "rule of kernel.def"),
    "world of half a byte": (put(*WORLD, "world", value="0"), "odd number"),
    "steps empty": (put(*WORLD, "steps", value=[]), "at least one step"),
    "steps missing": (drop(*WORLD, "steps"), "exactly one of steps and open"),
    "steps and open": (put(*WORLD, "open", value="refused"), "exactly one of steps and open"),
    "open another word": (put(*REFUSED, "open", value="opened"), 'open must be "refused"'),
    "open no word": (put(*REFUSED, "open", value=1), "must be a string"),
    "open of a chain": (put(*CHAIN, "open", value="refused"), "open belongs to world"),
    "run and resume": (put(*RUN, "resume", value={}), "exactly one of run and resume"),
    "neither run nor resume": (drop(*RUN, "run"), "exactly one of run and resume"),
    "instance of 63 bytes": (put(*RUN, "run", "instance", value="00" * 63), "63 bytes"),
    "endpoint 256": (put(*RUN, "run", "endpoint", value=256), "at most 255"),
    "endpoint negative": (put(*RUN, "run", "endpoint", value=-1), ""),
    "endpoint in words": (put(*RUN, "run", "endpoint", value="0x0"), "without quotes"),
    "gas a number": (put(*RUN, "run", "gas", value=100), 'string "0x...'),
    "gas with leading zeros": (put(*RUN, "run", "gas", value="0x064"), "leading zeros"),
    "gas of 65 bits": (put(*RUN, "run", "gas", value="0x10000000000000000"), "too wide"),
    "gas in capitals": (put(*RUN, "run", "gas", value="0xAB"), "lower case"),
    "unknown key of a run": (put(*RUN, "run", "quota", value="0x0"), "unknown key"),
    "unknown key of a resume": (put(*RESUME, "resume", "gas", value="0x0"), "unknown key"),
    "result unknown word": (put(*RESUME, "result", value="done"), "rule of kernel.def"),
    "result a list": (put(*RESUME, "result", value=[]), "result must be an object"),
    "outcome unknown": (put(*RUN, "result", "outcome", value="ended"), "none that is known"),
    "exit stopped": (put(*RUN, "result", "exit", value="stopped"), "none of the kernel's"),
    "register 13": (put(*RUN, "result", "regs", value={"r13": "0x1"}), "unknown register"),
    "regs a list": (put(*RUN, "result", "regs", value=["0x1"]), "regs must be an object"),
    "pages of 33 bytes": (put(*RUN, "result", "pages", value="00" * 33), "33 bytes"),
    "payload missing": (drop(*RUN, "result", "payload"), '"payload" is missing'),
    "dump missing": (drop(*RUN, "dump"), '"dump" is missing'),
    "changes of numbers": (put(*RUN, "changes", value=[1]), "must be a string"),
    "rejected with events": (put(*CHAIN, "verdict", value="image/admit/overlap"), "exactly when it is admitted"),
    "admitted without a root": (drop(*CHAIN, "root"), "exactly when it is admitted"),
    "event of a pause": (put(*EVENT, "result", "outcome", value="paused"), "halt or faulted"),
    "event without a quota": (drop(*EVENT, "quota"), '"quota" is missing'),
    "event with an id": (put(*EVENT, "id", value="a/b/c"), "unknown key"),
    "root of an event in capitals": (put(*EVENT, "root", value="AA" * 32), "lower-case hex"),
    "nothing where a case stands": (put("cases", 2, value=None), "must be an object"),
}
# What the text itself can do, which no writer of JSON does.
TEXTS: dict[str, tuple[Callable[[str], str], str]] = {
    "a key twice": (lambda t: t.replace('"type": "image"', '"type": "image", "type": "cap"'), "duplicate key"),
    "a comma too many": (lambda t: t.replace("\n]}", ",\n]}"), "comma"),
    "a comma missing": (lambda t: t.replace("},\n{", "}\n{", 1), "comma is missing"),
    "cut in the middle": (lambda t: t[: len(t) // 2], ""),
    "text behind the end": (lambda t: t + "x", "after the end"),
    "a control byte": (lambda t: t.replace("a line", "a\tline"), "control"),
    "images behind the cases": (
        lambda t: t.replace('"images": {"small": "0102"}, ', "")[:-1] + ', "images": {"small": "0102"}}',
        '"images" stands before the cases',
    ),
    "broken UTF-8": (lambda t: t.replace("a line", "a \udcff line"), "UTF-8"),
    "a number with a fraction": (lambda t: t.replace('"endpoint": 0', '"endpoint": 0.5', 1), ""),
}


@pytest.fixture(scope="module", params=["release", "dev"])
def native(request: pytest.FixtureRequest) -> Path:
    """The harness, also of the build whose sanitizers end it at the first wrong step."""
    lock = paths.ROOT / "build" / "reader.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:  # tests run side by side, and one of them builds
        fcntl.flock(held, fcntl.LOCK_EX)
        builds.build(request.param)
    return paths.native(request.param)


def listed(native: Path, *files: Path) -> tuple[int, list[dict]]:
    argv = [str(part) for part in (native, "list", *files)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_what_is_good_is_read(native: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_text(text(good()))
    code, lines = listed(native, path)
    assert code == exit_code.AGREED and [line["level"] for line in lines] == ["kernel"] * 6
    data = path.read_bytes()
    assert [json.loads(data[line["start"] : line["end"]]) for line in lines] == good()["cases"]


def test_every_mutation_is_refused_where_it_stands(native: Path, tmp_path: Path) -> None:
    assert len(MUTATIONS) + len(TEXTS) >= 40
    wanted: dict[Path, str] = {}
    for number, (change, words) in enumerate(MUTATIONS.values()):
        content = good()
        change(content)
        path = tmp_path / f"{number}.json"
        path.write_text(text(content))
        wanted[path] = words
    for number, (rewrite, words) in enumerate(TEXTS.values()):
        path = tmp_path / f"text_{number}.json"
        path.write_bytes(rewrite(text(good())).encode("utf-8", "surrogateescape"))
        wanted[path] = words
    names = dict(zip(wanted, [*MUTATIONS, *TEXTS], strict=True))
    for path, words in wanted.items():  # each on its own: ids are unique in all files of a walk
        code, lines = listed(native, path)
        invalid = [line for line in lines if line.get("verdict") == "invalid"]
        assert code == exit_code.BAD_INPUT and invalid, names[path]
        assert words in invalid[0]["message"], (names[path], invalid[0])
        assert 0 <= invalid[0]["offset"] <= path.stat().st_size, names[path]
        assert all(line["file"] == str(path) for line in invalid)


def test_a_broken_case_costs_only_itself(native: Path, tmp_path: Path) -> None:
    content = good()
    put(*HASH, "hash", "digest", value="00")(content)
    path = tmp_path / "one.json"
    path.write_text(text(content))
    _, lines = listed(native, path)
    assert [line.get("verdict") for line in lines] == [None, None, "invalid", None, None, None]
    assert lines[2]["case"] == "image/reader/hash"
    offset = lines[2]["offset"]
    assert path.read_bytes()[offset:].startswith(b'"00"}')
