"""docs/platforms.md is true: aarch64 is built and replayed here under qemu, big-endian is refused."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assay.base import paths

BUILD = paths.ROOT / "build" / "aarch64"
LIBRARIES = paths.ROOT / "build" / "aarch64-sysroot" / "usr" / "lib" / "aarch64-linux-gnu"
QEMU = ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={LIBRARIES}")
PARTS = 2


def run(*argv: str | Path) -> str:
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def configured() -> str:
    with (paths.ROOT / "build" / "aarch64.lock").open("w") as lock:  # tests may run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("CI/aarch64-sysroot")
        said = run("cmake", "--preset", "aarch64")
        run("cmake", "--build", "--preset", "aarch64")
    return said


def test_it_is_ref_and_the_harness_without_fast(configured: str) -> None:
    assert "fast is left out: it recompiles to x86-64 code on Linux" in configured
    assert [library.name for library in (BUILD / "lib").glob("libassay_*")] == ["libassay_ref.so"]
    for made in (BUILD / "lib" / "libassay_ref.so", BUILD / "bin" / "assay-native"):
        head = made.read_bytes()[:20]
        assert (head[:6], head[18]) == (b"\x7fELF\x02\x01", 183)  # 64 bits, little-endian, AArch64


def test_the_c_tests_pass_under_qemu(configured: str) -> None:
    assert "100% tests passed, 0 tests failed" in run("ctest", "--preset", "aarch64")


def test_ref_replays_every_vector_under_qemu(configured: str) -> None:
    files = sorted(paths.VECTORS.rglob("*.json"), key=lambda file: file.stat().st_size)
    with ThreadPoolExecutor(PARTS) as pool:
        counts = list(pool.map(replayed, [files[part::PARTS] for part in range(PARTS)]))
    cases = sum(len(json.loads(file.read_text())["cases"]) for file in files)
    assert sum(counts) == cases > 10000


def replayed(files: Sequence[Path]) -> int:
    """How many cases pass; every other verdict fails the test."""
    library = BUILD / "lib" / "libassay_ref.so"
    last = json.loads(
        run(*QEMU, BUILD / "bin" / "assay-native", "replay", "--engine", library, *files).splitlines()[-1]
    )
    assert last["done"] is True
    assert [last[verdict] for verdict in ("fail", "error", "broken", "invalid")] == [0, 0, 0, 0]
    return int(last["pass"])


def test_a_big_endian_machine_is_refused_when_it_is_configured(tmp_path: Path, configured: str) -> None:
    compiler = ["-DCMAKE_C_FLAGS=-mbig-endian", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY"]
    argv: list[str | Path] = [
        "cmake",
        "-S",
        ".",
        "-B",
        tmp_path,
        "-G",
        "Ninja",
        "--toolchain",
        "CI/aarch64.cmake",
        *compiler,
    ]
    done = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "assay is for little-endian machines" in done.stderr
    assert not (tmp_path / "build.ninja").exists()


def test_the_cross_build_says_what_gets_its_libraries(tmp_path: Path) -> None:
    (tmp_path / "CI").mkdir()
    for name in ("CI/aarch64.cmake", "CI/aarch64-sysroot", "CI/packages-aarch64.txt"):
        shutil.copy(paths.ROOT / name, tmp_path / name)
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(any C)\n")
    argv: list[str | Path] = [
        "cmake",
        "-S",
        tmp_path,
        "-B",
        tmp_path / "build",
        "--toolchain",
        tmp_path / "CI" / "aarch64.cmake",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "CI/aarch64-sysroot gets them" in done.stderr


@pytest.mark.parametrize("step", ["update", "download", "unpacking"])
def test_libraries_that_cannot_be_had_leave_nothing_half_done(step: str, tmp_path: Path) -> None:
    """Whichever step fails, though those behind it would not: of two packages the first cannot be unpacked."""
    (tmp_path / "CI").mkdir()
    for name in ("CI/aarch64-sysroot", "CI/packages-aarch64.txt"):
        shutil.copy(paths.ROOT / name, tmp_path / name)
    fakes = tmp_path / "bin"
    fakes.mkdir()
    fails = "echo E: nothing to be had; exit 100"
    for name, what in (("apt-get", "$1"), ("dpkg-deb", "unpacking${2#./a.deb}")):
        text = f'#!/bin/sh\ncase "{what}" in {step}) {fails};; download) touch a.deb b.deb;; esac\n'
        (fakes / name).write_text(text)
        (fakes / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{fakes}:{os.environ['PATH']}"}
    argv = [tmp_path / "CI" / "aarch64-sysroot"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "E: nothing to be had\n" in done.stderr and "apt cannot get what" in done.stderr
    assert list((tmp_path / "build").iterdir()) == []
