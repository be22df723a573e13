"""A stranger's shared object is never in a process of ours without the cage around it, whatever the command."""

import json
import subprocess
import sys

import pytest
import test_hostile as hostile
from command import assay

from assay.base import exit_code, paths
from assay.base.plain import UNFIT
from assay.engines.sandbox import Wall
from assay.replay.contract import TRAP

CAGED, FREE = f": {Wall.NAMESPACES.value}", f": {Wall.NONE.value}"


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """A file that the habit writes, where it can."""
    found = tmp_path / "outside"
    monkeypatch.setenv("HOSTILE_PATH", str(found))
    return found


@pytest.fixture
def writer(tmp_path) -> str:
    return hostile.target("library-writes_beside_the_vectors", tmp_path)


@pytest.fixture
def theirs(tmp_path) -> str:
    """One of ours by a strange name."""
    copy = tmp_path / "libassay_ref.so"
    copy.write_bytes(paths.library("ref").read_bytes())
    return f"theirs={copy}"


def served(engine: str, *more: str) -> subprocess.CompletedProcess[str]:
    program = {"op": "load", "blob": TRAP.hex(), "mem_cycles": 25, "pages": []}
    run = {"op": "run", "pc": "0x0", "gas": "0x64", "regs": ["0x0"] * 13}
    asked = "".join(f"{json.dumps(line)}\n" for line in ({"op": "hello", "protocol": 1}, program, run, {"op": "bye"}))
    argv = [sys.executable, "-m", "assay", "serve", "-e", engine, *more]
    return subprocess.run(argv, input=asked, capture_output=True, text=True, timeout=60, cwd=paths.ROOT, check=False)


def test_contract(theirs):
    done = assay("contract", "-e", theirs)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == exit_code.AGREED and CAGED in done.stderr
    assert lines[-1]["done"] and lines[-1]["kept"] > 30 and not lines[-1]["broken"]
    assert assay("contract", "-e", "fast").returncode == exit_code.AGREED


def test_contract_of_one_that_writes(writer, mark):
    assert CAGED in assay("contract", "-e", writer).stderr
    assert not mark.exists()
    assert FREE in assay("contract", "-e", writer, "--no-sandbox").stderr
    assert mark.exists()


@pytest.mark.parametrize("habit", ["forges_replies_everywhere", "ends_in_run", "traces_its_parent", "shouts"])
def test_contract_of_one_that_cheats(habit, tmp_path):
    """A check that the engine ends, or an output that it writes, is no check that is kept."""
    done = assay("contract", "-e", hostile.target(f"library-{habit}", tmp_path))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == exit_code.DIFFERED
    assert lines[-1]["done"] and lines[-1]["kept"] + lines[-1]["broken"] + lines[-1]["cannot"] == len(lines) - 1
    kept = {line["check"] for line in lines[:-1] if line["verdict"] == "kept"}
    assert "machine/run/repeats" not in kept and not UNFIT.search(done.stderr.replace("\n", ""))


def test_contract_of_one_that_ends_the_judge(tmp_path):
    done = assay("contract", "-e", hostile.target("library-ends_its_parent", tmp_path))
    assert done.returncode == exit_code.BROKEN and '"done"' not in done.stdout


def test_contract_takes_no_program():
    assert assay("contract", "-e", "x=cmd:true").returncode == exit_code.NO_ENGINE


def test_bench(theirs):
    done = assay("bench", "--chains", "-e", "fast", "-e", theirs, "--rounds", "7", "--json")
    assert done.returncode == exit_code.AGREED and CAGED in done.stderr
    assert json.loads(done.stdout)["rows"]


def test_bench_of_one_that_writes_and_shouts(writer, mark, tmp_path):
    assay("bench", "-e", "fast", "-e", writer, "--rounds", "7")
    assert not mark.exists()
    assay("bench", "-e", "fast", "-e", writer, "--rounds", "7", "--no-sandbox")
    assert mark.exists()
    done = assay("bench", "-e", hostile.target("library-shouts", tmp_path), "--rounds", "7")
    assert not UNFIT.search((done.stdout + done.stderr).replace("\n", ""))


def test_serve(writer, mark, theirs):
    done = served(theirs)
    assert done.returncode == exit_code.AGREED and CAGED in done.stderr
    assert [next(iter(json.loads(line))) for line in done.stdout.splitlines()] == ["ok"] * 4
    served(writer)
    assert not mark.exists()
    served(writer, "--no-sandbox")
    assert mark.exists()


def test_serve_of_one_that_ends_badly(tmp_path):
    done = served(hostile.target("library-aborts_at_end", tmp_path))
    assert done.returncode == exit_code.BROKEN and "killed by SIGABRT" in done.stderr


@pytest.mark.parametrize("command", ["run", "trace", "diff", "random"])
def test_every_command_says_how_a_stranger_is_kept(command, theirs, tmp_path):
    program = tmp_path / "trap.asm"
    program.write_text("trap\n")
    some = {"diff": ["-e", "ref"], "random": ["-e", "ref", "--seed", "1", "--count", "8", "--vote-every", "0"]}
    argv = [command, *([] if command == "random" else [str(program)]), *some.get(command, []), "-e", theirs]
    assert CAGED in assay(*argv).stderr
    assert FREE in assay(*argv, "--no-sandbox").stderr
