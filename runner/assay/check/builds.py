"""The builds that are checked: each preset of CMakePresets.json, its compiler, and its tests."""

import re
import shutil
from pathlib import Path

from assay.base import paths
from assay.check.steps import Checked, StepFailed, run

COMPILERS = {"release": "gcc", "dev": "gcc", "release-clang": "clang-16", "dev-clang": "clang-16"}
HOME = re.compile(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", re.M)


def built() -> list[str]:
    """The presets whose compiler is there; the others fail when they are built."""
    return [preset for preset, compiler in COMPILERS.items() if shutil.which(compiler)]


def build(preset: str) -> Checked:
    if shutil.which(COMPILERS[preset]) is None:
        raise StepFailed(f"{COMPILERS[preset]} is not installed; CI/packages.txt has its package, ./assay installs it")
    forget_foreign(preset)
    if not (paths.build(preset) / "build.ninja").exists():
        run(["cmake", "--preset", preset])
    run(["cmake", "--build", "--preset", preset])
    return Checked(1, "without a warning")


def forget_foreign(preset: str) -> None:
    """Removes a build that was copied with the clone: it would go on building what it was copied from."""
    if is_foreign(preset):
        shutil.rmtree(paths.build(preset))


def is_foreign(preset: str) -> bool:
    source = configured_for(preset)
    return bool(source) and Path(source).resolve() != paths.ROOT.resolve()


def configured_for(preset: str) -> str:
    """The source folder that a build folder was configured for; empty when it was not."""
    cache = paths.build(preset) / "CMakeCache.txt"
    found = HOME.search(cache.read_text()) if cache.exists() else None
    return found[1] if found else ""


def ctest(preset: str) -> Checked:
    output = run(["ctest", "--preset", preset])
    found = re.search(r"tests passed, 0 tests failed out of (\d+)", output)
    if found is None:
        raise StepFailed(output)
    return Checked(int(found[1]), f"{found[1]} passed")
