"""What keeps a foreign engine in: `assay-native cage` around its command, behind bubblewrap where that works.

Inside there is no network, nothing can be written but in a private /tmp, and the project, the homes, /run and the real
/tmp are out of sight. What the command names is shown, read-only; `--show PATH` shows more.
"""

import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import click

from assay.base import paths

HIDDEN = ("/home", "/root", "/run", "/var/tmp", "/mnt", "/media", "/srv")
PROBE_SECONDS = 10.0
PROBE = ("--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "true")
META = "assay.sandbox"
LINKS_MAX = 40


class Wall(Enum):
    """What stands between an engine and the rest."""

    NAMESPACES = "caged: bubblewrap, limits and a watchdog"
    LIMITS = "caged by limits and a watchdog only: bubblewrap is not there or does not work"
    NONE = "NOT caged (--no-sandbox)"


@dataclass(frozen=True)
class Limits:
    """Of one process (memory, files, output, time) and of all together (memory, processes)."""

    memory: int = 4096  # MiB
    processes: int = 256
    files: int = 256
    output: int = 64  # MiB of one file
    cpu: int = 3600  # seconds

    def words(self) -> list[str]:
        values = {"memory": self.memory, "processes": self.processes, "files": self.files, "file-size": self.output}
        return [word for name, value in (values | {"cpu": self.cpu}).items() for word in (f"--{name}", str(value))]


@dataclass(frozen=True)
class Sandbox:
    """As the command line wants it."""

    is_wanted: bool = True
    shown: tuple[str, ...] = ()
    limits: Limits = Limits()

    @property
    def wall(self) -> Wall:
        if not self.is_wanted:
            return Wall.NONE
        return Wall.NAMESPACES if bubblewrap() else Wall.LIMITS

    def around(self, harness: Path, argv: Sequence[str]) -> list[str]:
        """The words before a command that cage it."""
        if not self.is_wanted:
            return []
        words = [str(harness), "cage", *self.limits.words()]
        if found := bubblewrap():
            words += ["--bubblewrap", found]
            words += [word for path in hidden() for word in ("--hide", path)]
            words += [word for path in self.in_sight(argv) for word in ("--show", path)]
        return [*words, "--"]

    def in_sight(self, argv: Sequence[str]) -> list[str]:
        """Files that the command names, and what was asked for."""
        program = shutil.which(argv[0]) or argv[0]
        named = [program, *argv, *(word.partition("=")[2] for word in argv if word.startswith("-"))]
        files = [word for word in named if word and is_file(word)]
        shown = list(dict.fromkeys(map(absolute, [*installation(program), *files, *self.shown])))
        return [
            path for path in shown if not any(path != other and Path(path).is_relative_to(other) for other in shown)
        ]

    def options(self) -> list[str]:
        """The command line again, as far as it was not the default."""
        words = [] if self.is_wanted else ["--no-sandbox"]
        return words + [word for path in self.shown for word in ("--show", path)]


def absolute(path: str) -> str:
    """Without resolving links: it is by its own name that a file is opened."""
    return os.path.normpath(Path(path).absolute())


def installation(program: str) -> list[str]:
    """Where a program under a home or in the project has what it runs with: an interpreter its library.

    Of ~/.pyenv/versions/3.11/bin/python that is ~/.pyenv/versions/3.11. A folder right in a home holds more than that.
    """
    path = Path(program).absolute()
    links = [path, *hops(path), path.resolve()]
    folders = {link.parent.parent for link in links if link.parent.name == "bin"}
    narrow = [folder for folder in folders if (folder / "pyvenv.cfg").is_file() or has_library(folder)]
    return sorted(map(str, narrow))


def has_library(folder: Path) -> bool:
    outer = [Path("/"), Path("/usr"), Path("/usr/local"), Path.home(), paths.ROOT]
    is_outer = folder in outer or folder.parent in (Path.home(), Path("/home"))
    return not is_outer and not folder.is_relative_to(paths.ROOT / "build") and (folder / "lib").is_dir()


def hops(path: Path) -> list[Path]:
    """What a link leads to, step by step."""
    found: list[Path] = []
    while path.is_symlink() and len(found) < LINKS_MAX:
        path = path.parent / path.readlink()
        found.append(path)
    return found


def is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except (OSError, ValueError):  # a word that cannot be a path
        return False


def hidden() -> list[str]:
    """Folders out of sight; an outer one before what it holds. /tmp is private anyway."""
    places = {os.path.realpath(place) for place in (*HIDDEN, str(paths.ROOT), str(Path.home()))}
    return sorted(place for place in places if place != "/" and Path(place).is_dir())


@functools.cache
def bubblewrap() -> str | None:
    """Where it is, if it works here: some hosts forbid it its namespaces."""
    found = shutil.which("bwrap")
    if found is None:
        return None
    try:
        done = subprocess.run([found, *PROBE], capture_output=True, timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found if done.returncode == 0 else None


def wanted() -> Sandbox:
    """What the options of the running command say (commands/options.py); without a command, the default."""
    context = click.get_current_context(silent=True)
    found = None if context is None else context.meta.get(META)
    return found if isinstance(found, Sandbox) else Sandbox()


def told(walls: Iterable[tuple[str, Wall]]) -> list[str]:
    return [f"engine {name}: {wall.value}" for name, wall in walls]


def command_of(prefix: Sequence[str], command: str) -> str:
    return f"{shlex.join(prefix)} {command}" if prefix else command
