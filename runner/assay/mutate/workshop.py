"""
Builds mutants: one source file is compiled anew, the other objects are those of the release build.

An engine with bounds that no vector reaches is built a second time with small ones (ASSAY_SMALL), as build/dev is: what
lies behind a bound is then played by every vector.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock

from assay.base import paths
from assay.mutate.site import Mutant

LIBRARIES = {"ref": ("-lsodium",), "fast": ("-lb2", "-lpthread")}
HAS_BOUNDS = frozenset(("fast",))
SMALL = "-DASSAY_SMALL=1"
COMPILE_SECONDS = 120
INCLUDE = re.compile(r'^#include "(.+)"', re.MULTILINE)


class NotBuilt(Exception):
    """The release build is missing or stale; the message says what to do."""


class CompilerKilled(Exception):
    """By somebody else, so that nothing is known of the mutant."""


@dataclass(frozen=True)
class Built:
    """A mutant that can be played, or the reason why it need not be: it does not compile, or nothing changed."""

    engine: str = ""  # as assay-native takes it
    reason: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """How the release build compiles one source file."""

    source: Path
    argv: tuple[str, ...]  # without the source and the output
    object: Path


class Workshop:
    """Builds mutants of one engine, each in a folder of its own that is gone afterwards."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.units = read_units(engine) if engine != "model" else []
        self.small_lock = Lock()
        self.small_units: list[Unit] = []
        self.small_folder: tempfile.TemporaryDirectory[str] | None = None

    def build(self, mutant: Mutant, folder: Path) -> Built:
        return self.model(mutant, folder) if self.engine == "model" else self.library(mutant, folder, self.units)

    def build_small(self, mutant: Mutant, folder: Path) -> Built | None:
        """The same mutant with small bounds; None when the engine has none, or this build has nothing of the change."""
        if self.engine not in HAS_BOUNDS:
            return None
        with self.small_lock:
            if self.small_folder is None:
                self.small_folder = scratch()
                self.small_units = compile_small(self.units, paths.ROOT / self.engine, Path(self.small_folder.name))
        room = folder / "small"
        room.mkdir()
        built = self.library(mutant, room, self.small_units)
        return None if built.reason else built

    def library(self, mutant: Mutant, folder: Path, all_units: list[Unit]) -> Built:
        """The shared object with this one change."""
        room = folder / self.engine
        shutil.copytree(paths.ROOT / self.engine, room, ignore=shutil.ignore_patterns("*.md", "*_test.c"))
        changed = room / Path(mutant.file).relative_to(self.engine)
        changed.write_bytes(mutant.apply(changed.read_bytes()))
        objects = {unit.source: unit.object for unit in all_units}
        same = True
        for unit in (unit for unit in all_units if concerns(unit, mutant)):
            target = folder / f"{unit.source.stem}-{unit.source.parent.name}.o"
            source = room / unit.source.relative_to(paths.ROOT / self.engine)
            if not compiled(unit, source, target, room):
                return Built(reason="does not compile")
            same &= target.read_bytes() == unit.object.read_bytes()
            objects[unit.source] = target
        if same:
            return Built(reason="equal object code")
        library = folder / f"libassay_{self.engine}.so"
        argv = ["gcc", "-shared", *map(str, objects.values()), "-o", str(library), *LIBRARIES[self.engine]]
        if subprocess.run(argv, capture_output=True, check=False).returncode != 0:
            return Built(reason="does not link")
        return Built(engine=str(library))

    def model(self, mutant: Mutant, folder: Path) -> Built:
        """The specification with this one change, behind a pipe."""
        copy = folder / "spec"
        shutil.copytree(paths.ROOT / "spec", copy, ignore=shutil.ignore_patterns("__pycache__", "cases"))
        changed = copy / Path(mutant.file).relative_to("spec")
        source = mutant.apply(changed.read_bytes())
        try:
            compile(source, mutant.file, "exec")
        except (SyntaxError, ValueError):
            return Built(reason="does not compile")
        changed.write_bytes(source)
        roots = [copy, paths.ROOT / "spec", paths.ROOT / "runner", paths.ROOT / "guest"]
        command = shlex.join([sys.executable, "-m", "assay", "serve", "--engine", "model", "--framed"])
        environment = {"PYTHONPATH": ":".join(map(str, roots)), "PYTHONDONTWRITEBYTECODE": "1"}
        return Built(engine=f"mutant=cmd:{command}", environment=environment)


def read_units(engine: str) -> list[Unit]:
    """From the compile commands of build/release."""
    build = paths.build("release")
    try:
        commands = json.loads((build / "compile_commands.json").read_text())
    except OSError:
        raise NotBuilt("build/release/compile_commands.json is missing; ./assay doctor builds it") from None
    units = []
    for command in commands:
        source = Path(command["file"])
        if source.is_relative_to(paths.ROOT / engine) and not source.name.endswith("_test.c"):
            argv = shlex.split(command["command"])
            target = build / command["output"] if "output" in command else build / argv[argv.index("-o") + 1]
            units.append(Unit(source, without_places(argv), target))
    missing = [unit.object for unit in units if not unit.object.is_file()]
    if missing or not units:
        raise NotBuilt(f"{missing[0] if missing else engine} is not built; ./assay doctor builds it")
    return units


def compile_small(units: list[Unit], room: Path, folder: Path) -> list[Unit]:
    """The unchanged sources with small bounds."""
    small = []
    for unit in units:
        target = folder / f"{unit.source.stem}-{unit.source.parent.name}.o"
        small.append(replace(unit, argv=(*unit.argv, SMALL), object=target))
        if not compiled(small[-1], unit.source, target, room):
            raise NotBuilt(f"{unit.source.name} does not compile with {SMALL}")
    return small


def without_places(argv: list[str]) -> tuple[str, ...]:
    """The compiler and its flags; what names the source, the output or a dependency file is left out."""
    kept: list[str] = []
    skip = False
    for word in argv[1:] if Path(argv[0]).name == "ccache" else argv:
        if skip:
            skip = False
        elif word in ("-o", "-c", "-MT", "-MF", "-MQ"):
            skip = True
        elif word not in ("-MD", "-MMD") and not word.endswith(".c"):
            kept.append(word)
    return tuple(kept)


def concerns(unit: Unit, mutant: Mutant) -> bool:
    """A source concerns itself; a header, every source that includes it."""
    changed = paths.ROOT / mutant.file
    return unit.source == changed or changed.name in headers_of(unit.source)


@cache
def headers_of(source: Path) -> frozenset[str]:
    """The names of the engine's headers that a source includes, and that those include."""
    names = INCLUDE.findall(source.read_text("utf-8"))
    places = [folder / name for name in names for folder in (source.parent, source.parent.parent)]
    inner = [headers_of(place) for place in places if place.is_file()]
    return frozenset(Path(name).name for name in names).union(*inner)


def compiled(unit: Unit, source: Path, target: Path, room: Path) -> bool:
    """Compiles a copy of a source as the build compiles the original: equal text gives an equal object."""
    original = str(paths.ROOT / room.name)
    flags = [word.replace(f"-I{original}", f"-I{room}") for word in unit.argv]
    argv = [*flags, "-w", f"-ffile-prefix-map={room}={room.name}", "-c", str(source), "-o", str(target)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=COMPILE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode < 0 or b"signal terminated program" in done.stderr:
        raise CompilerKilled(f"the compiler was killed at {source.name}")
    return done.returncode == 0


def scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="assay-mutant-", ignore_cleanup_errors=True)
