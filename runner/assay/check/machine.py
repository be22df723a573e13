"""What a machine has of what assay needs: programs, and the system packages of CI/packages.txt."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from assay.base import paths

PACKAGES = paths.ROOT / "CI" / "packages.txt"


@dataclass(frozen=True)
class Program:
    name: str
    package: str
    purpose: str


PROGRAMS = (
    Program("gcc", "gcc", "builds the engines and the harness"),
    Program("cmake", "cmake", "builds the engines and the harness"),
    Program("ninja", "ninja-build", "builds the engines and the harness"),
    Program("pkg-config", "pkg-config", "finds libraries"),
    Program("git", "git", "says which files are the project's, in ./assay test"),
    Program("g++", "g++", "compiles the header as C++, in ./assay test"),
    Program("clang-16", "clang-16", "the second compiler of ./assay test"),
    Program("llvm-symbolizer-16", "llvm-16", "names places in what a sanitizer finds"),
    Program("clang-19", "clang-19", "compiles guests"),
    Program("ld.lld-19", "lld-19", "links guests"),
    Program("clang-format-19", "clang-format-19", "checks the format of C, in ./assay test"),
    Program("clang-tidy-19", "clang-tidy-19", "checks C, in ./assay test"),
    Program("run-clang-tidy-19", "clang-tidy-19", "checks C, in ./assay test"),
    Program("qemu-riscv64", "qemu-user", "runs guests for ./assay oracle"),
    Program("qemu-aarch64", "qemu-user", "runs what is built for aarch64, in ./assay test"),
    Program("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu", "builds for aarch64, in ./assay test"),
    Program("afl-fuzz", "afl++", "fuzzes, in ./assay fuzz"),
    Program("afl-clang-fast", "afl++", "compiles what it fuzzes"),
    Program("clang-14", "clang-14", "the compiler behind it"),
    Program("bwrap", "bubblewrap", "cages foreign engines"),
    Program("chromium", "chromium", "opens the book, in ./assay test"),
)


def place_of(program: Program) -> str | None:
    return shutil.which(program.name)


def packages() -> list[str]:
    """The packages that a clone needs, as CI/packages.txt lists them."""
    return re.findall(r"^([a-z0-9][\w.+-]*)", PACKAGES.read_text(), re.M)


def missing_packages() -> list[str] | None:
    """Those that are not installed; None where no dpkg could tell."""
    wanted = packages()
    argv = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return None
    installed = {name for name, status in map(str.split, done.stdout.splitlines()) if status == "installed"}
    return [name for name in wanted if name not in installed]
