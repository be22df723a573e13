"""Where things are: the repository, its builds, its vectors."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("ASSAY_ROOT") or Path(__file__).resolve().parents[3])
VECTORS = ROOT / "vectors"
PRESET = "release"


def build(preset=PRESET):
    return ROOT / "build" / preset


def native(preset=PRESET):
    """The harness program of a build."""
    return build(preset) / "bin" / "assay-native"


def library(name, preset=PRESET):
    """The shared object of an engine of ours."""
    return build(preset) / "lib" / f"libassay_{name}.so"


def shown(path):
    """A path as people want to read it: relative to where they are, if it is below."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
