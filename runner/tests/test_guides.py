"""The guides that add something are followed on a copy of this tree, and the copy is green. Then each step is left out
in turn: a check fails, and what it says names the file of that step.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import guide
import pytest
from guide import Step
from released import copy_tree

from assay.base import paths

GUIDES = ("add-an-opcode", "add-an-operation", "add-a-command")
FOLLOWED = {name: guide.steps(paths.ROOT / "docs" / "guides" / f"{name}.md") for name in (*GUIDES, "first-vector")}
STEPS = [step for name in GUIDES for step in FOLLOWED[name]]
PATHS = {step.path for steps in FOLLOWED.values() for step in steps}
NEW = ("vectors/isa/nand.json", "vectors/host/is_empty.json")
PYTHON = Path(sys.executable).parent
TABLES = "import model, cases, assay.cli, assay.corpus.kernel_table, assay.random.kernel_guest"
LIBRARIES = {"ref": ["libsodium"], "fast": ["libb2"]}
COMPILE = ["gcc", "-std=c17", "-O0", "-Wall", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden"]


@dataclass(frozen=True)
class Copy:
    """A copy of this tree in which the guides have been followed."""

    folder: Path

    def run(self, *argv: str | Path) -> "subprocess.CompletedProcess[str]":
        rooms = os.pathsep.join(str(self.folder / name) for name in ("runner", "spec", "guest"))
        environment = os.environ | {"PYTHONPATH": rooms, "ASSAY_ROOT": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            argv, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def python(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        return self.run(sys.executable, *arguments)

    def write(self, path: str, without: Step | None = None) -> None:
        """The file as the guides make it, all of their steps or all but one."""
        text = original(path)
        for step in (step for steps in FOLLOWED.values() for step in steps):
            for block in step.blocks if step is not without else ():
                text = block.add_to(text) if block.path == path else text
        file = self.folder / path
        if text is None:
            file.unlink()
        else:
            file.write_text(text, "utf-8")


def original(path: str) -> str | None:
    file = paths.ROOT / path
    return file.read_text("utf-8") if file.exists() else None


def said(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stdout + done.stderr


def well(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, said(done)[-3000:]
    return said(done)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """Made once: every step of every guide, the vectors filled anew, both engines built."""
    made = Copy(tmp_path_factory.mktemp("guides") / "copy")
    copy_tree(made.folder)
    for path in PATHS:
        made.write(path)
    well(made.python("-m", "assay", "fill"))
    for engine in LIBRARIES:
        build(made, engine)
    harness = made.folder / "build" / "release" / "bin" / "assay-native"
    harness.parent.mkdir()
    harness.symlink_to(paths.native())
    yield made
    shutil.rmtree(made.folder)


def build(copy: Copy, engine: str) -> None:
    """The engine as its CMakeLists.txt lists its files, quickly."""
    listed = (copy.folder / engine / "CMakeLists.txt").read_text().partition("add_library(")[2].partition(")")[0]
    sources = [f"{engine}/{name}" for name in listed.split() if name.endswith(".c")]
    flags = well(copy.run("pkg-config", "--cflags", "--libs", *LIBRARIES[engine])).split()
    library = copy.folder / "build" / "release" / "lib" / f"libassay_{engine}.so"
    library.parent.mkdir(parents=True, exist_ok=True)
    defined = ["-D_GNU_SOURCE", f'-DASSAY_VERSION="{paths.version()}"']
    rooms = ["-I", "include", "-I", "spec", "-I", engine]
    well(copy.run(*COMPILE, *defined, *rooms, *sources, "-o", library, "-lpthread", *flags))


def changed(copy: Copy) -> list[str]:
    """What is new or different in the copy since its commit."""
    listed = well(copy.run("git", "status", "--porcelain", "--untracked-files=all", "-z")).split("\0")
    return [entry[3:] for entry in listed if entry]


# Followed


def test_the_style_is_that_of_the_house(copy: Copy) -> None:
    files = [path for path in changed(copy) if not path.startswith("vectors/")]
    assert set(files) == PATHS
    python = [path for path in files if path.endswith(".py")]
    c = [path for path in files if path.endswith((".c", ".h"))]
    assert python and c
    well(copy.python("CI/tidy.py"))
    well(copy.run(PYTHON / "ruff", "format", "--check", *python))
    well(copy.run(PYTHON / "ruff", "check", *python))
    well(copy.run("clang-format-19", "--dry-run", "-Werror", *c))


def test_the_new_cases_pass_on_all_engines(copy: Copy) -> None:
    vectors = [path for path in changed(copy) if path.startswith("vectors/")]
    assert set(NEW) <= set(vectors)
    engines = [word for name in ("model", "ref", "fast") for word in ("-e", name)]
    assert ", 0 wrong," in well(copy.python("-m", "assay", "replay", "-q", *NEW, *engines))
    assert ", 0 wrong," in well(copy.python("-m", "assay", "replay", "-q", *vectors, *engines[2:]))
    assert ", 0 wrong," in well(copy.python("-m", "assay", "replay", "-k", "two_maxima_wrap", *engines))


def test_random_sequences_do_the_new_operation(copy: Copy) -> None:
    engines = ("-e", "ref", "-e", "fast")
    well(copy.python("-m", "assay", "random", "--level", "kernel", "--count", "50", "--seed", "1", *engines))


def test_the_new_command_answers(copy: Copy) -> None:
    assert "gas/move_reg\n" in well(copy.python("-m", "assay", "rules", "gas/move"))
    assert copy.python("-m", "assay", "rules", "no/such/rule").returncode == 5


@pytest.mark.parametrize(
    "file, names",
    [("test_chapters", ""), ("test_opcode_facts", "nand"), ("test_manual", "rules"), ("test_commands", "rules")],
)
def test_the_tests_of_the_copy_pass(copy: Copy, file: str, names: str) -> None:
    tests = f"runner/tests/{file}.py"
    assert re.search(
        r"\b[1-9]\d* passed", well(copy.python("-m", "pytest", "-q", "-p", "no:xdist", "-k", names, tests))
    )


# One step left out

CHECKS: dict[str, tuple[str | Path, ...]] = {
    "what checks itself at import": ("-c", TABLES),
    "CI/tidy.py": ("CI/tidy.py",),
    "./assay fill --check": ("-m", "assay", "fill", "--check"),
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.guide}-{step.number}-{step.path}")
def test_a_step_left_out_is_named(copy: Copy, step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    copy.write(step.path, without=step)
    try:
        name, words = first_complaint(copy)
    finally:
        copy.write(step.path)
    with capsys.disabled():
        print(f"\n{step.guide}: without step {step.number}, {step.path}: named by {name or 'NOTHING'}", end="")
    assert name, "every check is content"
    assert names_file(words, step.path), f"{name} does not name {step.path}: {words[-1000:]}"


def first_complaint(copy: Copy) -> tuple[str, str]:
    """The first check that fails, and what it says."""
    for name, arguments in CHECKS.items():
        done = copy.python(*arguments)
        if done.returncode != 0:
            return name, said(done)
    return "", ""


def names_file(words: str, path: str) -> bool:
    """By its path, or by its name where that is enough."""
    last = [line for line in words.splitlines() if not line.startswith(("  ", "Traceback"))]
    return any(path in line or re.search(rf"(?<![\w/]){re.escape(Path(path).name)}(?!\w)", line) for line in last)


@pytest.mark.parametrize("path", NEW)
def test_vectors_not_filled_are_named(copy: Copy, path: str) -> None:
    text = (copy.folder / path).read_text()
    (copy.folder / path).unlink()
    try:
        name, words = first_complaint(copy)
    finally:
        (copy.folder / path).write_text(text)
    assert name == "./assay fill --check" and path in words


# The reader of guides


def test_a_guide_that_cannot_be_followed_is_red(tmp_path: Path) -> None:
    file = tmp_path / "broken.md"
    file.write_text('## 1. A\n\n```c title="a.c"\nint a;\n```\n')
    with pytest.raises(guide.BadGuide, match="says where it goes"):
        guide.steps(file)
    file.write_text('## 1. A\n\n<!-- new file -->\n```c title="a.c"\n```\n<!-- new file -->\n```c title="b.c"\n```\n')
    with pytest.raises(guide.BadGuide, match="several files"):
        guide.steps(file)
    with pytest.raises(guide.BadGuide, match=r"2 lines of a\.c begin with x"):
        guide.Block("after", "x", "a.c", "y\n").add_to("x1\nx2\n")
    assert guide.Block("instead of", "x", "a.c", "y\n").add_to("a\n  x1\nb\n") == "a\ny\nb\n"
