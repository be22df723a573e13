"""Compile with clang and link: C to an Image in one step."""

import shutil
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from .errors import LinkError

LIBRARY = Path(__file__).resolve().parent.parent / "lib"
COMPILERS = ("clang-19", "clang-20", "clang-21", "clang-22")
TARGET = ["--target=riscv64-unknown-elf", "-march=rv64em_zbb", "-mabi=lp64e", "-mno-strict-align"]
COMPILE = ["-std=c17", "-O2", "-ffreestanding", "-fno-pic", "-ffunction-sections", "-fdata-sections"]
INCLUDE = ["-I", str(LIBRARY / "include")]
LINK = ["-nostdlib", "-static", "-fuse-ld=lld", "-Wl,--emit-relocs,--no-relax,--gc-sections,--build-id=none,-e,0"]


class NoCompiler(Exception):
    """There is no compiler for 16 registers."""


def sources_of_library() -> list[str]:
    return sorted(str(path) for path in (LIBRARY / "src").glob("*.c"))


def compile_library(folder: str | Path) -> list[str]:
    """The objects of the library, for who links many guests; raises LinkError or NoCompiler."""
    argv = [compiler(), *TARGET, *COMPILE, *INCLUDE, "-c", *sources_of_library()]
    ran = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise LinkError("the library does not compile:\n" + ran.stderr.strip())
    return sorted(str(path) for path in Path(folder).glob("*.o"))


def command(
    sources: Sequence[str],
    options: Sequence[str],
    elf: str,
    stack: int | None = None,
    heap: int | None = None,
    library: Sequence[str] | None = None,
) -> list[str]:
    """The compiler's command line; `options` come last but for the sources, so that they win.
    `library`: its objects, if they are compiled already.
    """
    sizes = {"__stack_size": stack, "__heap_size": heap}
    defines = [f"-Wl,--defsym={name}={size:#x}" for name, size in sizes.items() if size is not None]
    script = ["-T", str(LIBRARY / "guest.ld")]
    return [
        compiler(),
        *TARGET,
        *COMPILE,
        *INCLUDE,
        *LINK,
        *script,
        *defines,
        *options,
        *sources,
        *(library or sources_of_library()),
        "-o",
        elf,
    ]


def compiler() -> str:
    for name in COMPILERS:
        if (path := shutil.which(name)) is not None:
            return path
    raise NoCompiler(f"no compiler: none of {', '.join(COMPILERS)} is on PATH; install clang-19 and lld-19")


def compile_and_link(arguments: Namespace, options: Sequence[str], link_file: Callable[[str, Namespace], None]) -> None:
    """Raises LinkError with what the compiler said, or NoCompiler."""
    with tempfile.TemporaryDirectory() as folder:
        elf = arguments.elf or str(Path(folder) / "guest.elf")
        ran = subprocess.run(
            command(arguments.sources, options, elf, arguments.stack, arguments.heap),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise LinkError("it does not compile or link:\n" + ran.stderr.strip())
        link_file(elf, arguments)
