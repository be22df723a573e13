"""Engines by the names that the command line gives them.

model              the executable specification
ref, fast          our engines, as built
NAME=FILE.so       a shared object with the symbol assay_X, where FILE is libassay_X
NAME=cmd:COMMAND   a program that speaks PROTOCOL.md on its standard input and output
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import click

from assay.base import paths
from assay.base.trouble import NoEngine
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine
from assay.engines.process import ProcessEngine

MODEL = "model"
OURS = ("ref", "fast")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
TIMEOUT = 10.0


class Kind(Enum):
    """How an engine is reached."""

    MODEL = "model"
    NATIVE = "native"  # a shared object
    PROCESS = "process"


@dataclass(frozen=True)
class Target:
    """An engine as the command line names it."""

    name: str
    kind: Kind
    harness: Path  # the assay-native that plays on it
    path: Path | None = None  # of a shared object
    argv: tuple[str, ...] = ()  # of a program
    option: str = ""  # how the command line named it

    @property
    def is_ours(self) -> bool:
        return self.kind == Kind.MODEL or self.name in OURS

    @property
    def spec(self) -> str:
        """How the harness is told which engine it is."""
        if self.kind == Kind.MODEL:
            return f"{MODEL}=cmd:{shlex.join(model_argv())}"
        if self.kind == Kind.PROCESS:
            return self.option
        return str(self.path)

    @property
    def spec_alone(self) -> str:
        """The same in a process of its own, whose death the harness outlives."""
        if self.kind != Kind.NATIVE:
            return self.spec
        argv = (str(self.harness), "serve", "--engine", str(self.path), "--framed")
        return f"{self.name}=cmd:{shlex.join(argv)}"

    def open(self, timeout: float = TIMEOUT) -> Engine:
        """The engine itself, a context manager."""
        if self.kind == Kind.MODEL:
            return ModelEngine()
        argv = self.argv or (str(self.harness), "serve", "--engine", str(self.path))
        return ProcessEngine(argv, self.name, timeout=timeout)


def model_argv() -> list[str]:
    """The specification as a program: what `assay serve --engine model --framed` does, and quicker to start."""
    folders = [str(paths.ROOT / name) for name in ("runner", "spec")]
    code = f"import sys; sys.path[:0] = {folders!r}; from assay.engines import server; server.serve_model()"
    return [sys.executable, "-I", "-S", "-c", code, "--framed"]


def parse(text: str, preset: str = paths.PRESET) -> Target:
    """The engine that an option names; raises NoEngine or click.UsageError."""
    if text == MODEL:
        return Target(MODEL, Kind.MODEL, paths.native(preset), option=text)
    if text in OURS:
        path = paths.library(text, preset)
        if not path.exists():
            raise NoEngine(
                f"engine {text}: {paths.shown(path)} is not there; cmake --build --preset {preset} "
                f"builds it (fast only on x86-64 Linux; ref and model run anywhere)"
            )
        return shared_object(text, path, text, preset)
    name, equals, what = text.partition("=")
    if not equals or not NAME.match(name) or not what:
        raise click.UsageError(f"--engine {text}: give model, ref, fast, NAME=FILE.so or NAME=cmd:COMMAND")
    if name in (MODEL, *OURS):
        raise click.UsageError(f"--engine {text}: the name {name} is taken; choose another")
    if what.startswith("cmd:"):
        return program(text, name, what[len("cmd:") :], preset)
    path = Path(what).absolute()
    if not path.is_file():
        raise NoEngine(f"engine {name}: there is no file {what}; give the path of a shared object")
    return shared_object(name, path, text, preset)


def shared_object(name: str, path: Path, option: str, preset: str = paths.PRESET) -> Target:
    return Target(name, Kind.NATIVE, harness(preset), path, option=option)


def program(option: str, name: str, command: str, preset: str) -> Target:
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"--engine {option}: {error}") from None
    if not argv or shutil.which(argv[0]) is None:
        first = argv[0] if argv else ""
        raise NoEngine(f"engine {name}: {first!r} cannot be started: there is no such program")
    return Target(name, Kind.PROCESS, paths.native(preset), argv=tuple(argv), option=option)


def harness(preset: str = paths.PRESET) -> Path:
    path = paths.native(preset)
    if not path.exists():
        raise NoEngine(
            f"{paths.shown(path)} is not built; cmake --preset {preset}, then cmake --build --preset {preset}"
        )
    return path


def chosen(names: Sequence[str], default: Sequence[str] = (MODEL, *OURS), preset: str = paths.PRESET) -> list[Target]:
    """The engines of the options, or the default ones; each name once."""
    found = [parse(text, preset) for text in (names or available(default, preset))]
    for target in found:
        if [other.name for other in found].count(target.name) > 1:
            raise click.UsageError(f"--engine: {target.name} is given twice")
    return found


def available(names: Iterable[str], preset: str = paths.PRESET) -> list[str]:
    """Without those that this machine cannot build."""
    return [name for name in names if name == MODEL or paths.library(name, preset).exists()]


def check_loads(target: Target) -> None:
    """Raises NoEngine when the engine's shared object is refused, with the reason."""
    if target.kind != Kind.NATIVE:
        return
    argv = [str(target.harness), "serve", "--engine", str(target.path)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip() or f"code {done.returncode}"
        raise NoEngine(f"engine {target.name}: {words}")
