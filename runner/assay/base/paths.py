"""Where things are: the clone or the installed tree, its builds, its vectors."""

import json
import os
import tempfile
from pathlib import Path

from assay.base.trouble import NoEngine

ROOT = Path(os.environ.get("ASSAY_ROOT") or Path(__file__).resolve().parents[3])
VECTORS = ROOT / "vectors"
PRESET = "release"
INSTALLED = ROOT / "installed.json"  # only an installed tree has it: where its programs and libraries are


def version() -> str:
    return (ROOT / "VERSION").read_text().strip()


def is_installed() -> bool:
    return INSTALLED.exists()


def needs_clone(command: str) -> None:
    if is_installed():
        raise NoEngine(f"{command} needs a clone of assay; this one is installed in {ROOT}")


def build(preset: str = PRESET) -> Path:
    return ROOT / "build" / preset


def presets() -> list[str]:
    """The builds that there can be; an installed tree is one."""
    path = ROOT / "CMakePresets.json"
    if is_installed() or not path.exists():
        return [PRESET]
    found: list[dict[str, str]] = json.loads(path.read_text())["buildPresets"]
    return [entry["name"] for entry in found]


def native(preset: str = PRESET) -> Path:
    """The harness program of a build."""
    return built("bin", preset) / "assay-native"


def library(name: str, preset: str = PRESET) -> Path:
    """The shared object of an engine of ours."""
    return built("lib", preset) / f"libassay_{name}.so"


def built(what: str, preset: str) -> Path:
    """The folder of a build's programs ("bin") or libraries ("lib")."""
    if preset == PRESET and is_installed():
        places: dict[str, str] = json.loads(INSTALLED.read_text())
        return (ROOT / places[what]).resolve()
    return build(preset) / what


def scratch() -> Path:
    """A folder for what is made on the way: build/, or the user's cache where that is read-only or absent."""
    folder = ROOT / "build"
    if is_installed() or not os.access(folder, os.W_OK):
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(cache) / "assay"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="assay-"))
    return folder


def shown(path: Path | str) -> str:
    """A path as people want to read it: relative to where they are, if it is below."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
