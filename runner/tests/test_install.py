"""What is installed is enough: a stranger builds an engine by it and replays, and the clone is gone."""

import ast
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class
from packaging.requirements import Requirement
from released import release

from assay.base import paths
from assay.cli import root
from assay.release import parts

STRANGER = paths.ROOT / "runner" / "tests" / "installed"
FLAGS = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
ALONE = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}  # nothing of ours: no PYTHONPATH, no ASSAY_ROOT
CASES = 50  # rejected blobs among the vectors, at least


@dataclass(frozen=True)
class Prefix:
    path: Path
    cache: Path

    def run(
        self, argv: Sequence[str | Path], cwd: Path | None = None, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        environment = ALONE | {
            "HOME": str(self.cache),
            "PKG_CONFIG_PATH": str(self.path / "share" / "pkgconfig"),
            "CMAKE_PREFIX_PATH": str(self.path),
        }
        return subprocess.run(
            [str(part) for part in argv],
            cwd=cwd or self.cache,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def assay(self, *arguments: str | Path, **more: str) -> "subprocess.CompletedProcess[str]":
        return self.run([self.path / "bin" / "assay", *arguments], None, **({"ASSAY_PYTHON": sys.executable} | more))


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Prefix:
    """A release unpacked somewhere else; the clone it was made from is deleted."""
    made = release(tmp_path_factory.getbasetemp())
    place = tmp_path_factory.mktemp("some where")
    name = f"assay-{paths.version()}-x86_64-linux"
    with tarfile.open(made.archives[0] / f"{name}.tar.gz") as tar:
        tar.extractall(place, filter="data")
    assert not made.copies[0].exists()
    return Prefix(place / name, tmp_path_factory.mktemp("home"))


def rejected(prefix: Prefix) -> list[str]:
    """The cases of the installed vectors that a blob's form decides."""
    found = []
    for file in sorted((prefix.path / "share" / "assay" / "vectors" / "blob").glob("*.json")):
        cases = json.loads(file.read_text())["cases"]
        found += [f"{file}::{case['id']}" for case in cases if case["load"].startswith("blob/")]
    assert len(found) >= CASES
    return found


def expect_agreement(prefix: Prefix, library: Path) -> None:
    cases = rejected(prefix)
    done = prefix.assay("replay", "-e", f"mine={library}", "-e", "ref", *cases)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{2 * len(cases):,} pass, 0 wrong" in done.stdout


@pytest.mark.parametrize("compiler", ["gcc -std=c17 {}.c", "g++ -std=c++17 {}.cpp"])
def test_an_engine_built_by_pkg_config_replays(prefix: Prefix, tmp_path: Path, compiler: str) -> None:
    flags = prefix.run(["pkg-config", "--cflags", "assay"])
    assert flags.returncode == 0, flags.stderr
    library = tmp_path / "libassay_mine.so"
    include = prefix.run(["sh", "-c", "eval \"printf '%s\\n' $1\"", "sh", flags.stdout]).stdout.splitlines()
    argv: list[str | Path] = [*compiler.format(STRANGER / "mine").split(maxsplit=2), *FLAGS, *include, "-o", library]
    done = prefix.run(argv)
    assert done.returncode == 0, done.stderr
    expect_agreement(prefix, library)


def test_engines_built_by_find_package_replay(prefix: Prefix, tmp_path: Path) -> None:
    shutil.copytree(STRANGER, tmp_path / "stranger")
    for argv in (["cmake", "-S", "stranger", "-B", "build", "-G", "Ninja"], ["cmake", "--build", "build"]):
        done = prefix.run(argv, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    for language in ("c", "cpp"):
        expect_agreement(prefix, tmp_path / "build" / language / "libassay_mine.so")


def test_its_own_engines_replay_every_vector(prefix: Prefix) -> None:
    done = prefix.assay("replay", "-q", "-e", "ref", "-e", "fast")
    assert done.returncode == 0, done.stdout + done.stderr
    cases = len(list(paths.VECTORS.rglob("*.json")))
    assert len(list((prefix.path / "share" / "assay" / "vectors").rglob("*.json"))) == cases > 0
    assert " 0 wrong" in done.stdout


def test_it_makes_a_python_of_its_own_once(prefix: Prefix) -> None:
    """With the hashes of the lock."""
    first, second = (prefix.assay("doctor", ASSAY_PYTHON="") for _ in range(2))
    listed = prefix.assay("--help", ASSAY_PYTHON="")  # reads every command, and so whatever any of them imports
    assert listed.returncode == 0, listed.stderr
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert "assay: making " in first.stderr and second.stderr == ""
    made = sorted((prefix.path / "share" / "assay" / "venv" / "lib").glob("python3.*/site-packages/click"))
    assert made


def test_it_says_what_needs_a_clone(prefix: Prefix) -> None:
    for command in ("test", "dist", "docs", "mutate"):
        done = prefix.assay(command)
        assert done.returncode == 4
        assert f"assay: {command} needs a clone" in done.stderr


def test_one_sentence_when_its_python_cannot_be_made(prefix: Prefix, tmp_path: Path) -> None:
    fake = tmp_path / "python3"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    copied = Prefix(tmp_path / "copied", tmp_path)
    shutil.copytree(prefix.path, copied.path, ignore=shutil.ignore_patterns("venv", "vectors"))
    done = copied.assay("--version", ASSAY_PYTHON="", PATH=f"{tmp_path}:{ALONE['PATH']}")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("assay: no Python of 3.11 or later") and done.stderr.count("\n") == 1


def test_manual_version_and_completions_are_there(prefix: Prefix) -> None:
    manual = (prefix.path / "share" / "man" / "man1" / "assay.1").read_text()
    assert f'"assay {paths.version()}"' in manual and "@" not in manual.splitlines()[0]
    told = prefix.run(["pkg-config", "--modversion", "assay"]).stdout.strip()
    assert told == paths.version() == prefix.assay("--version").stdout.split()[-1]
    engines = [line for line in prefix.assay("doctor").stdout.splitlines() if ".so, version" in line]
    assert len(engines) == 2 and all(f"version {paths.version()}:" in line for line in engines)
    for place in ("bash-completion/completions/assay", "zsh/site-functions/_assay"):
        assert (prefix.path / "share" / place).stat().st_size > 0
    assert (prefix.path / "share" / "fish" / "vendor_completions.d" / "assay.fish").stat().st_size > 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_those_of_the_command(shell: str) -> None:
    make = get_completion_class(shell)
    assert make
    assert isinstance(root, click.Group)
    source = make(root, {}, "assay", "_ASSAY_COMPLETE").source()
    assert (paths.ROOT / "runner" / "completion" / f"assay.{shell}").read_text() == f"{source}\n"


def test_the_header_is_one_file(prefix: Prefix) -> None:
    source = "#include <assay.h>\nint main(void) { return ASSAY_ABI != 2; }\n"
    alone = prefix.cache / "alone"
    alone.mkdir()
    shutil.copy(prefix.path / "include" / "assay.h", alone)
    (alone / "main.c").write_text(source)
    assert prefix.run(["gcc", "-I", alone, alone / "main.c", "-o", alone / "main"]).returncode == 0
    assert prefix.run([alone / "main"]).returncode == 0


def test_what_an_installed_tree_runs_with_is_what_it_imports() -> None:
    wanted = (paths.ROOT / "runner" / "runtime.txt").read_text().split()
    assert set(wanted) <= {name for name, _ in parts.pinned("runner/requirements.lock")}
    assert sorted(wanted) == sorted(with_needs(imported()))


def imported() -> set[str]:
    """The packages of others that the installed Python imports; the plug-in of pytest is for a clone."""
    own = {"assay", "model", "cases", "linker", "random_guest"}
    found = set()
    for folder in ("runner/assay", "spec", "guest"):
        for file in (paths.ROOT / folder).rglob("*.py"):
            if file.name != "pytest_plugin.py":
                found |= {name.split(".")[0] for name in names_in(ast.parse(file.read_text()))}
    others = found - own - sys.stdlib_module_names
    return {importlib.metadata.packages_distributions()[name][0].lower() for name in others}


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def with_needs(packages: set[str]) -> set[str]:
    """They and what they need in turn, on this platform and without extras."""
    needed: set[str] = set()
    waiting = sorted(packages)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            needs = (Requirement(text) for text in importlib.metadata.requires(name) or ())
            waiting += [
                need.name.lower() for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})
            ]
    return needed
