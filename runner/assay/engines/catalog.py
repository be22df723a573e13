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
from dataclasses import dataclass
from pathlib import Path

import click

from assay.base import paths
from assay.base.trouble import NoEngine
from assay.engines.model import ModelEngine
from assay.engines.process import ProcessEngine

MODEL, NATIVE, PROCESS = "model", "native", "process"
OURS = ("ref", "fast")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
TIMEOUT = 10.0


@dataclass(frozen=True)
class Engine:
    name: str
    kind: str
    path: Path | None = None  # of a shared object
    argv: tuple = ()  # of a program
    harness: Path | None = None  # the assay-native that loads it
    option: str = ""  # how the command line named it

    @property
    def is_ours(self):
        return self.kind == MODEL or self.name in OURS

    def open(self, timeout=TIMEOUT):
        """Something with the methods of ProcessEngine; a context manager."""
        if self.kind == MODEL:
            return ModelEngine()
        argv = self.argv or (str(self.harness), "serve", "--engine", str(self.path))
        return ProcessEngine(argv, self.name, timeout=timeout)


def parse(text, preset=paths.PRESET):
    """The engine that an option names; raises NoEngine or click.UsageError."""
    if text == MODEL:
        return Engine(MODEL, MODEL, option=text)
    if text in OURS:
        path = paths.library(text, preset)
        if not path.exists():
            raise NoEngine(
                f"engine {text}: {paths.shown(path)} is not there; cmake --build --preset {preset} "
                f"builds it (fast only on x86-64 Linux; ref and model run anywhere)"
            )
        return Engine(text, NATIVE, path, harness=harness(preset), option=text)
    name, equals, what = text.partition("=")
    if not equals or not NAME.match(name) or not what:
        raise click.UsageError(f"--engine {text}: give model, ref, fast, NAME=FILE.so or NAME=cmd:COMMAND")
    if name in (MODEL, *OURS):
        raise click.UsageError(f"--engine {text}: the name {name} is taken; choose another")
    if what.startswith("cmd:"):
        return program(text, name, what[len("cmd:") :])
    path = Path(what).absolute()
    if not path.is_file():
        raise NoEngine(f"engine {name}: there is no file {what}; give the path of a shared object")
    return Engine(name, NATIVE, path, harness=harness(preset), option=text)


def program(option, name, command):
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"--engine {option}: {error}") from None
    if not argv or shutil.which(argv[0]) is None:
        first = argv[0] if argv else ""
        raise NoEngine(f"engine {name}: {first!r} cannot be started: there is no such program")
    return Engine(name, PROCESS, argv=tuple(argv), option=option)


def harness(preset=paths.PRESET):
    path = paths.native(preset)
    if not path.exists():
        raise NoEngine(
            f"{paths.shown(path)} is not built; cmake --preset {preset}, then cmake --build --preset {preset}"
        )
    return path


def chosen(names, default=(MODEL, *OURS), preset=paths.PRESET):
    """The engines of the options, or the default ones; each name once."""
    found = [parse(text, preset) for text in (names or available(default, preset))]
    for engine in found:
        if [other.name for other in found].count(engine.name) > 1:
            raise click.UsageError(f"--engine: {engine.name} is given twice")
    return found


def available(names, preset=paths.PRESET):
    """Without those that this machine cannot build."""
    return [name for name in names if name == MODEL or paths.library(name, preset).exists()]


def check_loads(engine):
    """Raises NoEngine when the engine's shared object is refused, with the reason."""
    if engine.kind != NATIVE:
        return
    argv = [str(engine.harness), "serve", "--engine", str(engine.path)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip() or f"code {done.returncode}"
        raise NoEngine(f"engine {engine.name}: {words}")
