"""The fuzzers' builds of the targets, made when they are wanted."""

import fcntl
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from assay.base import paths
from assay.base.trouble import NoEngine

AFL, CMPLOG, LIBFUZZER = "fuzz-afl", "fuzz-cmplog", "fuzz-libfuzzer"
NEEDED = {AFL: ("afl-clang-fast", "afl++"), CMPLOG: ("afl-clang-fast", "afl++"), LIBFUZZER: ("clang-19", "clang-19")}


def program(preset: str, target: str) -> Path:
    return paths.build(preset) / "bin" / f"assay-fuzz-{target}"


def mutator() -> Path:
    return paths.built("lib", paths.PRESET) / "assay-fuzz-mutator.so"


def make(preset: str, targets: Iterable[str]) -> None:
    """Builds what is out of date; raises NoEngine where a tool is missing or it does not build."""
    paths.needs_clone("fuzz")
    tool, package = NEEDED[preset]
    if shutil.which(tool) is None:
        raise NoEngine(
            f"{tool} is not installed; the package {package} has it, ./assay doctor names all that are missing"
        )
    folder = paths.build(preset)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "build.ninja").exists():
            run(["cmake", "--preset", preset])
        run(["cmake", "--build", "--preset", preset, "--target", *(f"assay-fuzz-{target}" for target in targets)])


def run(argv: list[str]) -> None:
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise NoEngine(f"{' '.join(argv)} failed:\n{(done.stdout + done.stderr)[-3000:]}")
