"""Engines by the names that the command line gives them.

model              the executable specification
ref, fast          our engines, as built
NAME=FILE.so       a shared object with the symbol assay_X, where FILE is libassay_X; a host process of ours loads it
NAME=cmd:COMMAND   a program that speaks PROTOCOL.md on its standard input and output

The last two are strangers: they run in a process of their own, in a cage (sandbox.py).
"""

import dataclasses
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import NoEngine
from assay.engines import sandbox
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine
from assay.engines.process import ProcessEngine
from assay.engines.sandbox import Sandbox, Wall
from assay.engines.trouble import EngineDied, EngineError

MODEL = "model"
OURS = ("ref", "fast")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
TIMEOUT = 10.0
MODEL_TIMEOUT = 600.0
DEATHS = 10  # of one engine; then it is given up


class Kind(Enum):
    """How an engine is reached."""

    MODEL = "model"
    NATIVE = "native"  # a shared object of ours, in the harness's own process
    PROCESS = "process"  # a program, or our host process with a shared object of a stranger


@dataclass(frozen=True)
class Target:
    """An engine as the command line names it."""

    name: str
    kind: Kind
    harness: Path  # the assay-native that plays on it
    path: Path | None = None  # of a shared object
    argv: tuple[str, ...] = ()  # of a program, with the cage around it
    command: str = ""  # the same for a shell
    option: str = ""  # how the command line named it
    sandbox: Sandbox | None = None  # of a stranger

    @property
    def is_ours(self) -> bool:
        return self.kind == Kind.MODEL or self.name in OURS

    @property
    def spec(self) -> str:
        """How the harness is told which engine it is."""
        if self.kind == Kind.MODEL:
            return f"{MODEL}=cmd:{shlex.join(model_argv())}"
        if self.kind == Kind.PROCESS:
            return f"{self.name}=cmd:{self.command}"
        return str(self.path)

    @property
    def spec_alone(self) -> str:
        """The same in a process of its own, whose death the harness outlives; a library tells its records there."""
        if self.kind == Kind.PROCESS and self.is_library:
            return f"{self.spec} --tell"
        if self.kind != Kind.NATIVE:
            return self.spec
        argv = (str(self.harness), "serve", "--engine", str(self.path), "--framed", "--ends", "--tell")
        return f"{self.name}=cmd:{shlex.join(argv)}"

    @property
    def wall(self) -> Wall | None:
        """What stands around a stranger; None: it is one of ours."""
        return None if self.sandbox is None else self.sandbox.wall

    @property
    def options(self) -> list[str]:
        """The command line's words for it."""
        return ["-e", self.option, *(self.sandbox.options() if self.sandbox else [])]

    def patience(self, timeout: float) -> float:
        """Seconds for a request: the specification is slow, and ours."""
        return max(timeout, MODEL_TIMEOUT) if self.kind == Kind.MODEL else timeout

    def open(self, timeout: float = TIMEOUT) -> Engine:
        """The engine itself, a context manager."""
        if self.kind == Kind.MODEL:
            return ModelEngine()
        return ProcessEngine(self.serving, self.name, timeout=timeout, framed="--framed" in self.serving)

    @property
    def serving(self) -> tuple[str, ...]:
        """The words that start it as a process."""
        return self.argv or (str(self.harness), "serve", "--framed", "--ends", "--engine", str(self.path))

    @property
    def is_library(self) -> bool:
        return self.path is not None


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
    argv = (str(harness(preset)), "serve", "--framed", "--ends", "--engine", str(path))
    return dataclasses.replace(stranger(text, name, argv, shlex.join(argv), preset), path=path)


def stranger(option: str, name: str, argv: tuple[str, ...], command: str, preset: str) -> Target:
    wanted = sandbox.wanted()
    cage = wanted.around(harness(preset), argv)
    command = sandbox.command_of(cage, command)
    return Target(
        name, Kind.PROCESS, harness(preset), argv=(*cage, *argv), command=command, option=option, sandbox=wanted
    )


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
    return stranger(option, name, tuple(argv), command, preset)


def harness(preset: str = paths.PRESET) -> Path:
    path = paths.native(preset)
    if not path.exists():
        raise NoEngine(
            f"{paths.shown(path)} is not built; cmake --preset {preset}, then cmake --build --preset {preset}"
        )
    return path


def chosen(names: Sequence[str], default: Sequence[str] = (MODEL, *OURS), preset: str = paths.PRESET) -> list[Target]:
    """The engines of the options, or the default ones; each name once."""
    found = [parse(text, preset) for text in (names or expected(default))]
    for target in found:
        if [other.name for other in found].count(target.name) > 1:
            raise click.UsageError(f"--engine: {target.name} is given twice")
    return found


def expected(names: Iterable[str]) -> list[str]:
    """Without those that this kind of machine cannot build; one that is only not built is missed when it is opened."""
    is_x86 = platform.machine() == "x86_64" and sys.platform == "linux"
    return [name for name in names if name != "fast" or is_x86]


def available(names: Iterable[str], preset: str = paths.PRESET) -> list[str]:
    """Without those that this machine cannot build."""
    return [name for name in names if name == MODEL or paths.library(name, preset).exists()]


def check_loads(target: Target, timeout: float = TIMEOUT) -> None:
    """Raises NoEngine when our host refuses the engine's shared object, with the reason."""
    if target.kind == Kind.MODEL or (target.kind == Kind.PROCESS and not target.is_library):
        return
    engine = ProcessEngine(target.serving, target.name, timeout=timeout, framed=True)
    try:
        engine.hello()
    except EngineDied as error:
        if error.code == exit_code.NO_ENGINE:
            raise NoEngine(f"engine {target.name}: {error.last_words}") from None
    except EngineError:
        return  # it is loaded and misbehaves: that is for a verdict to say
    finally:
        engine.close()
