"""Campaigns: the targets build for both fuzzers, the seeds agree, a find is kept once, a kill loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import assay

from assay.base import exit_code, paths
from assay.base.trouble import BadInput
from assay.engines import catalog
from assay.finds.store import Store
from assay.fuzz import campaign, inputs, seeds
from assay.fuzz.judge import Judge
from assay.fuzz.part import Part

CORPUS = paths.ROOT / "fuzz" / "corpus"
LIMIT = 2 * 1024 * 1024
LIAR = f"mine=cmd:{Path(__file__).parent / 'fuzz_liar.py'}"


def test_engines_agree_on_every_seed(tmp_path: Path) -> None:
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < LIMIT
    for target in inputs.TARGETS:
        count = seeds.unpack(CORPUS, target, tmp_path / target)
        played = inputs.play(sorted((tmp_path / target).iterdir()), catalog.chosen(catalog.OURS))
        assert len(played) == count > 20
        assert {(one.target, one.verdict) for one in played} == {(target, "agreed")}


def test_each_target_is_fuzzed_for_ten_seconds(tmp_path: Path) -> None:
    done = assay("fuzz", "all", "--time", "50s", "-j", 2, "--out", tmp_path, timeout=600)
    assert done.returncode == exit_code.AGREED, done.stdout + done.stderr
    assert "0 finds" in done.stdout
    (record,) = (json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines())
    assert record["executions"] > 10_000
    assert record["skipped"] <= record["executions"] * 0.005
    assert set(record["edges"]) == set(inputs.TARGETS)
    assert record["deaths"] == []
    assert left_of(tmp_path) == []


def test_a_stranger_that_lies_is_found_and_the_find_outlives_kills(tmp_path: Path) -> None:
    options = ("--no-sandbox", "-e", LIAR, "--out", tmp_path, "-j", 1)
    argv = [sys.executable, "-m", "assay", "fuzz", "machine", "--time", "1h", *map(str, options)]
    running = subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: Store(tmp_path / "finds").signatures(), 120)
    finally:
        running.kill()
        running.wait()
    wait_for(lambda: not left_of(tmp_path), 10)
    before = Store(tmp_path / "finds").all()
    queue = queued(tmp_path)
    assert all(kept.find.engine == "mine" and not kept.find.votes["mine"] and kept.find.votes["ref"] for kept in before)

    done = assay("fuzz", "machine", "--time", "8s", *options, timeout=300)
    assert done.returncode == exit_code.DIFFERED, done.stdout + done.stderr
    assert before[0].find.signature in done.stdout
    after = {kept.find.signature: kept.count for kept in Store(tmp_path / "finds").all()}
    assert all(after[kept.find.signature] >= kept.count for kept in before)
    assert queue <= queued(tmp_path)


def queued(folder: Path) -> set[bytes]:
    """The inputs of all queues; afl-fuzz moves them into another folder and back when it goes on."""
    return {path.read_bytes() for place in ("queue", "_resume") for path in folder.glob(f"machine/sync/*/{place}/id*")}


def wait_for(condition: object, seconds: float) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)


def left_of(folder: Path) -> list[str]:
    """Command lines of fuzzers and targets that name the folder."""
    return [line for line in command_lines() if str(folder) in line and ("afl-fuzz" in line or "assay-fuzz-" in line)]


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def test_a_part_that_is_killed_goes_on_and_is_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "assay", "fuzz", "codec", "--time", "12s", "-j", "4", "--out", str(tmp_path)]
    running = subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: (tmp_path / "codec/sync/main/queue").is_dir() and parts_of(tmp_path, "-M"), 120)
        for number in parts_of(tmp_path, "-M"):
            os.kill(number, signal.SIGKILL)
        said, words = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == exit_code.BROKEN, said + words
    assert "codec/main" in said
    assert "it goes on" in words


def parts_of(folder: Path, word: str) -> list[int]:
    """The processes of afl-fuzz in a folder that have an option."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"afl-fuzz" and word.encode() in words and any(str(folder).encode() in each for each in words):
            found.append(int(process.name))
    return found


def test_an_input_that_does_not_show_again_is_kept_as_flaky(tmp_path: Path) -> None:
    (made, *_) = inputs.make([paths.VECTORS / "exit/stops.json"], tmp_path)
    kept = Judge(Store(tmp_path / "finds"), tuple(catalog.chosen(catalog.OURS))).judge(Path(made.file), "machine")
    assert kept.find.is_flaky
    assert kept.find.signature == "machine_once"


def test_turns_give_every_part_its_time() -> None:
    parts = [Part(Path("out"), "machine", str(number)) for number in range(5)]
    turns = list(campaign.turns(parts, 2, 60))
    assert [len(group) for group, _ in turns] == [2, 2, 1]
    assert sum(seconds for _, seconds in turns) == 60
    assert {seconds for _, seconds in campaign.turns(parts, 5, 3600)} == {campaign.SLICE}


@pytest.mark.parametrize("content", ["", "a folder", "no archive"])
def test_seeds_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    if content == "a folder":
        (tmp_path / "machine").mkdir()
    elif content == "no archive":
        (tmp_path / "machine.zip").write_text(content)
    with pytest.raises(BadInput):
        seeds.unpack(tmp_path, "machine", tmp_path / "in")


def test_the_same_inputs_make_the_same_archive(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert seeds.pack([b"mac1", b"mac1\0", b"mac1"], tmp_path / name) == 2
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nothing",), exit_code.USAGE),
        (("machine", "--time", "soon"), exit_code.USAGE),
        (("machine", "--time", "0s"), exit_code.USAGE),
        (("machine", "--from", "nowhere"), exit_code.BAD_INPUT),
        (("machine", "--out", "/proc/fuzz"), exit_code.NO_OUTPUT),
    ],
)
def test_what_a_campaign_cannot_do_is_said(arguments: tuple[str, ...], code: int) -> None:
    done = assay("fuzz", *arguments, timeout=600)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
