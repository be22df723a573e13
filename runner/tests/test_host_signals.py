"""SIGSEGV belongs to the host: what it does about it stays so while an engine takes the faults of its guests."""

import signal
import subprocess
from pathlib import Path

import pytest

from assay.base import paths

HERE = paths.ROOT / "runner" / "tests" / "host"
WELL = (
    "raised_while_ignoring",
    "raised_to_a_handler",
    "sent_while_a_guest_runs",
    "faults_with_a_handler",
    "handler_comes_later",
    "handler_comes_between",
    "handlers_come_again",
    "blocked",
    "blocked_in_one_thread",
    "blocked_in_an_event",
)
ENDS = ("raised_by_default", "killed_by_default", "faults_while_ignoring", "handlers_chain", "one_shot_handler")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("host"), "signals")


def build(folder: Path, name: str) -> Path:
    path = folder / name
    flags = ["-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-I", str(paths.ROOT / "include")]
    subprocess.run(["gcc", *flags, str(HERE / f"{name}.c"), "-o", str(path), "-ldl", "-lpthread"], check=True)
    return path


def play(program: Path, what: str, engine: str = "fast") -> subprocess.CompletedProcess[str]:
    argv = [str(program), str(paths.library(engine)), f"assay_{engine}", what]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", WELL)
@pytest.mark.parametrize("engine", ["ref", "fast"])
def test_the_host_lives(program: Path, what: str, engine: str) -> None:
    ended = play(program, what, engine)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("what", ENDS)
@pytest.mark.parametrize("engine", ["ref", "fast"])
def test_the_host_ends_as_it_asked(program: Path, what: str, engine: str) -> None:
    ended = play(program, what, engine)
    assert (ended.returncode, ended.stderr) == (-signal.SIGSEGV, "")
