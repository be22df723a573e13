"""./assay wherever it stands: copied, in folders of odd names, read-only, twice at once."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from released import copy_tree

from assay.base import paths

ODD = "a copy é $x (1) [2] {3} = %, ~!@+"
REFUSED = (*";#\"'`\\:|<>&*?^", "\n")
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")


def call(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [folder / "assay", *arguments],
        cwd=folder.parent,
        env=clean() | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def clean() -> dict[str, str]:
    """The environment of a user, without what ./assay of this tree has set."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ASSAY_ROOT")}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="assay-places-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def copy(place: Path) -> "tuple[Path, subprocess.CompletedProcess[str]]":
    """This tree with its build and the beginnings of its .venv, in a folder of an odd name; and its first call."""
    folder = place / ODD
    copy_tree(folder)
    lock = folder / "runner" / "requirements.lock"
    lock.write_text(without_checks(lock.read_text()))
    shutil.copytree(paths.build(), folder / "build" / "release", symlinks=True)
    foreign = folder / "build" / "dev"
    foreign.mkdir()
    (foreign / "CMakeCache.txt").write_text(f"CMAKE_HOME_DIRECTORY:INTERNAL={paths.ROOT}\n")
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("stamp", "bin/python"):
        shutil.copy(paths.ROOT / ".venv" / name, folder / ".venv" / name, follow_symlinks=False)
    return folder, call(folder, "--version")


def without_checks(lock: str) -> str:
    """The lock with what ./assay runs with and no more: the tools of the checks are large and are not used here."""
    wanted = (paths.ROOT / "runner" / "runtime.txt").read_text().split()
    stanzas = re.findall(r"^([\w.-]+)(==.*\n(?:    .*\n)+)", lock, re.M)
    return "".join(name + rest for name, rest in stanzas if name in wanted)


def test_a_copy_makes_its_own_build_and_venv(copy: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    folder, first = copy
    assert first.returncode == 0, first.stderr
    assert "assay: making .venv\n" in first.stderr
    assert (
        "assay: build/release belongs to another folder, of which this one is a copy: it is made anew" in first.stderr
    )
    cache = (folder / "build" / "release" / "CMakeCache.txt").read_text()
    assert f"CMAKE_HOME_DIRECTORY:INTERNAL={folder}\n" in cache
    assert str(paths.ROOT) not in (folder / "build" / "release" / "build.ninja").read_text()
    assert not (folder / "build" / "dev").exists()


def test_the_second_call_makes_nothing(copy: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    second = call(copy[0], "replay", "-q", "-e", "model", "-e", "ref", "-e", "fast", str(copy[0] / "vectors" / "blob"))
    assert (second.returncode, second.stderr) == (0, "")
    assert " 0 wrong" in second.stdout


def test_it_builds_the_tree_it_stands_in(copy: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    source = copy[0] / "ref" / "engine.c"
    text = source.read_text()
    source.write_text(f"{text}#error planted in the copy\n")
    broken = call(copy[0], "--version")
    source.write_text(text)
    assert (broken.returncode, broken.stdout) == (4, "")
    assert "planted in the copy" in broken.stderr and "assay: build failed" in broken.stderr
    assert call(copy[0], "--version").returncode == 0


def test_a_link_to_it_is_as_good(copy: "tuple[Path, subprocess.CompletedProcess[str]]", tmp_path: Path) -> None:
    (tmp_path / "assay").symlink_to(copy[0] / "assay")
    done = call(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "folder").symlink_to(copy[0])
    done = call(tmp_path / "folder", "--version")
    assert (done.returncode, done.stderr) == (0, "")


def test_two_at_once_wait(copy: "tuple[Path, subprocess.CompletedProcess[str]]") -> None:
    argv: list[str | Path] = [copy[0] / "assay", "--version"]
    with (copy[0] / "assay").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(argv, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as second:
            assert second.stdout and second.stderr
            said = second.stderr.readline()
            assert "another ./assay is making something in this folder; waiting for it" in said
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait(timeout=60) == 0
            assert second.stdout.read().startswith("assay, version ")


def test_missing_packages_are_named_and_not_installed(
    copy: "tuple[Path, subprocess.CompletedProcess[str]]", tmp_path: Path
) -> None:
    for name in ("dpkg-query", "apt-get", "sudo"):
        fake = tmp_path / name
        fake.write_text(f"#!/bin/sh\necho ran >>{tmp_path}/{name}.ran\n")
        fake.chmod(0o755)
    done = call(copy[0], "--version", PATH=f"{tmp_path}:{os.environ['PATH']}", ASSAY_NO_INSTALL="1")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("assay: missing packages: gcc ")
    assert (
        done.stderr.endswith("python3-venv (ASSAY_NO_INSTALL is set)\n") or "(ASSAY_NO_INSTALL is set)" in done.stderr
    )
    assert [name.name for name in tmp_path.glob("*.ran")] == ["dpkg-query.ran"]


@pytest.mark.parametrize("character", REFUSED, ids=[hex(ord(character)) for character in REFUSED])
def test_a_path_that_cannot_be_built_in_is_refused(tmp_path: Path, character: str) -> None:
    folder = tmp_path / f"a{character}b"
    folder.mkdir()
    shutil.copy(paths.ROOT / "assay", folder)
    done = call(folder, "--version")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"assay: the path of this folder, {folder}, has one of ; # ")
    assert done.stderr.endswith("move the folder\n")
    assert sorted(entry.name for entry in folder.iterdir()) == ["assay"]


@pytest.fixture(scope="module")
def read_only(copy: "tuple[Path, subprocess.CompletedProcess[str]]") -> Iterator[Path]:
    assert call(copy[0], "--version").returncode == 0
    change_modes(copy[0], "a-w")
    yield copy[0]
    change_modes(copy[0], "u+w")


def change_modes(folder: Path, mode: str) -> None:
    """Of the folders, and of the files that a build would write."""
    subprocess.run(["find", folder, "-type", "d", "-exec", "chmod", mode, "{}", "+"], check=True)
    subprocess.run(["chmod", "-R", mode, folder / "build"], check=True)


def call_read_only(folder: Path, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """As a user whom modes stop: root loses what lets it pass them."""
    rights = WITHOUT_RIGHTS if os.geteuid() == 0 else ()
    environment = clean() | {"HOME": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    return subprocess.run(
        [*rights, folder / "assay", *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_built_read_only_folder_works(read_only: Path, tmp_path: Path) -> None:
    done = call_read_only(read_only, tmp_path, "replay", "-q", "-e", "ref", "-e", "fast", f"{read_only}/vectors/exit")
    assert (done.returncode, done.stderr) == (0, "")
    done = call_read_only(read_only, tmp_path, "guests", "build")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / ".cache" / "assay" / "guests").iterdir())


def test_a_read_only_folder_says_when_it_is_stale(read_only: Path, tmp_path: Path) -> None:
    source = read_only / "ref" / "engine.c"
    before = source.stat()
    os.utime(source)
    done = call_read_only(read_only, tmp_path, "--version")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "assay: this folder is read-only and its sources are newer than its build; run ./assay where it can write\n"
    )


def test_a_read_only_copy_says_that_it_is_one(read_only: Path, place: Path, tmp_path: Path) -> None:
    copied = place / "copied"
    shutil.copytree(read_only, copied, symlinks=True, ignore=shutil.ignore_patterns("vectors", "lib", ".git"))
    assert (copied / ".venv" / "stamp").is_file()
    done = call_read_only(copied, tmp_path, "--version")
    change_modes(copied, "u+w")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("assay: this folder is read-only and its .venv is missing, or of another folder")
