"""How the files are written: the house rules, the types of Python, the formats, and what clang-tidy finds."""

import json
import re
import sys
from pathlib import Path

from assay.base import paths
from assay.check.steps import Checked, StepFailed, run

PYTHON = Path(sys.executable).parent
LINTED = ("ref", "fast", "runner/native")
TIDY_JOBS = 2
FOUND = re.compile(r"^/.*: error: .*$", re.M)


def tidy() -> Checked:
    last = run([sys.executable, "CI/tidy.py"]).strip().splitlines()[-1]
    return Checked(counted(r"(\d+) files", last), last)


def types() -> Checked:
    last = run([PYTHON / "mypy"]).strip().splitlines()[-1]
    return Checked(counted(r"no issues found in (\d+) source files", last), last)


def lint() -> Checked:
    run([PYTHON / "ruff", "check", "--quiet"])
    files = run([PYTHON / "ruff", "check", "--show-files"]).split("\n")
    return Checked(len(files), f"{len(files)} files, nothing found")


def python_format() -> Checked:
    last = run([PYTHON / "ruff", "format", "--check"]).strip().splitlines()[-1]
    return Checked(counted(r"(\d+) files? already formatted", last), last)


def c_format() -> Checked:
    files = run(["git", "ls-files", "*.c", "*.h", "*.cpp"]).split()
    run(["clang-format-19", "--dry-run", "-Werror", *files])
    return Checked(len(files), f"{len(files)} files as clang-format has them")


def c_lint() -> Checked:
    """clang-tidy over what build/release compiles, with the checks of .clang-tidy."""
    if not (paths.ROOT / ".clang-tidy").exists():
        raise StepFailed("there is no .clang-tidy, so that nothing would be asked for")
    folder = paths.build()
    files = linted(folder / "compile_commands.json")
    argv: list[str | Path] = ["run-clang-tidy-19", "-quiet", "-p", folder, "-j", str(TIDY_JOBS)]
    try:
        run([*argv, *(f"^{re.escape(file)}$" for file in files)])
    except StepFailed as failure:
        raise StepFailed("\n".join(dict.fromkeys(FOUND.findall(str(failure)))) or str(failure)) from None
    return Checked(len(files), f"{len(files)} files, nothing found")


def linted(commands: Path) -> list[str]:
    entries: list[dict[str, str]] = json.loads(commands.read_text())
    folders = [paths.ROOT / name for name in LINTED]
    return sorted({e["file"] for e in entries if any(Path(e["file"]).is_relative_to(folder) for folder in folders)})


def counted(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise StepFailed(text)
    return int(found[1])
