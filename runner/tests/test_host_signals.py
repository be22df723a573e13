"""SIGSEGV belongs to the host: what it does about it stays so while an engine takes the faults of its guests."""

import signal
from pathlib import Path

import host_program
import pytest

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
    return host_program.build(tmp_path_factory.mktemp("host"), "signals") / "signals"


@pytest.mark.parametrize("what", WELL)
@pytest.mark.parametrize("engine", ["ref", "fast"])
def test_the_host_lives(program: Path, what: str, engine: str) -> None:
    assert host_program.told(program, engine, what) == (0, "")


@pytest.mark.parametrize("what", ENDS)
@pytest.mark.parametrize("engine", ["ref", "fast"])
def test_the_host_ends_as_it_asked(program: Path, what: str, engine: str) -> None:
    assert host_program.told(program, engine, what) == (-signal.SIGSEGV, "")
