"""Loading, forking and the limits of a process that uses an engine."""

import os
import subprocess
from pathlib import Path

import host_program
import pytest

from assay.base import paths
from assay.engines import catalog

WELL = (
    "opened_again_and_again",
    "closed_then_a_fault",
    "forked_while_compiling",
    "forked_at_any_moment",
    "parent_and_child_compile",
)
LACKS = (
    *("gs", "gs_lies", "handler", "handler_lies", "code", "code_lies", "map", "map_lies"),
    *("protect", "protect_lies", "none_lies", "read_lies", "write_lies"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = host_program.build(tmp_path_factory.mktemp("host"), "process")
    return host_program.build_preloaded(folder, "refusing")


def play(folder: Path, what: str, engine: str = "fast", **more: str) -> tuple[int, str]:
    return host_program.told(folder / "process", engine, what, **more)


@pytest.mark.parametrize("what", WELL)
@pytest.mark.parametrize("engine", ["ref", "fast"])
def test_the_process_goes_on(built: Path, what: str, engine: str) -> None:
    assert play(built, what, engine) == (0, "")


@pytest.mark.parametrize("what", ["never_writable_and_executable", "executable_memory_is_never_gained"])
def test_no_address_is_writable_and_executable(built: Path, what: str) -> None:
    assert play(built, what) == (0, "")


def test_too_little_address_space_is_no_memory(built: Path) -> None:
    assert play(built, "address_space") == (0, "")


@pytest.mark.parametrize("what", LACKS)
def test_a_host_that_lacks_something_is_refused(built: Path, what: str) -> None:
    lacking = {"LD_PRELOAD": str(built / "refusing"), "HOST_LACKS": what}
    assert play(built, "host_misses_something", **lacking) == (0, "")


def test_a_mask_that_does_not_change_is_refused(built: Path) -> None:
    lacking = {"LD_PRELOAD": str(built / "refusing"), "HOST_LACKS": "mask_lies"}
    assert play(built, "host_misses_something_blocked", **lacking) == (0, "")


def harness(*words: str, **more: str) -> str:
    argv = [str(catalog.harness()), "replay", "--engine", str(paths.library("fast")), *words]
    argv.append(str(paths.VECTORS / "exit" / "entries.json"))
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **more})
    return ended.stdout + ended.stderr


def test_the_harness_says_what_is_missing(built: Path) -> None:
    assert "executable memory" in harness(LD_PRELOAD=str(built / "refusing"), HOST_LACKS="code")
    limited = ["prlimit", f"--as={1 << 30}", str(catalog.harness()), "replay", "--engine", str(paths.library("fast"))]
    limited.append(str(paths.VECTORS / "exit" / "entries.json"))
    ended = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert "4 GiB of address space" in ended.stdout + ended.stderr
