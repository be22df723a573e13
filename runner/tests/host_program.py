"""Programs in C that use an engine as a host does: built from runner/tests/host, and played."""

import os
import subprocess
from pathlib import Path

from assay.base import paths

HERE = paths.ROOT / "runner" / "tests" / "host"
FLAGS = ["-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-I", str(paths.ROOT / "include")]
PRELOADED = ["-shared", "-fPIC", "-Wno-nonnull-compare"]  # a library declares what must not be NULL, and we look


def build(folder: Path, *names: str) -> Path:
    for name in names:
        command = ["gcc", *FLAGS, str(HERE / f"{name}.c"), "-o", str(folder / name), "-ldl", "-lpthread"]
        subprocess.run(command, check=True)
    return folder


def build_preloaded(folder: Path, *names: str) -> Path:
    for name in names:
        command = ["gcc", *FLAGS, *PRELOADED, str(HERE / f"{name}.c"), "-o", str(folder / name), "-ldl"]
        subprocess.run(command, check=True)
    return folder


def play(program: Path, engine: str, *words: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    argv = [str(program), str(paths.library(engine)), f"assay_{engine}", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False)


def told(program: Path, engine: str, *words: str, **environment: str) -> tuple[int, str]:
    argv = [str(program), str(paths.library(engine)), f"assay_{engine}", *words]
    surroundings = {**os.environ, **environment}
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=surroundings)
    return ended.returncode, ended.stderr
