"""Compile with clang and link: C, or C++ without exceptions, to an Image in one step.

Each source goes through assembly, where labels.py keeps differences of code labels; so does what the
optimiser of a whole program (-flto) makes.
"""

import shutil
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

from . import labels
from . import words as command_line
from .errors import LinkError
from .words import Source, Words

LIBRARY = Path(__file__).resolve().parent.parent / "lib"
COMPILERS = ("clang-19", "clang-20", "clang-21", "clang-22")
TARGET = ["--target=riscv64-unknown-elf", "-march=rv64em_zbb", "-mabi=lp64e", "-mno-strict-align"]
COMPILE = ["-O2", "-ffreestanding", "-fno-pic", "-ffunction-sections", "-fdata-sections"]
CPP = [
    *("-std=c++17", "-nostdinc++", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"),
    *("-fno-c++-static-destructors", "-Wno-register"),  # guest.h needs registers by name
]
STANDARD = {"c": ["-std=c17"], "cpp-output": ["-std=c17"], "c++": CPP, "c++-cpp-output": CPP}
# Behind the folders of the command line, so that those win.
INCLUDE = ["-isystem", str(LIBRARY / "include")]
QUIET = ["-Wno-unused-command-line-argument"]  # an option concerns one step or the other
# Relaxation moves code, and the assembler left relocations for that: lld corrects those that it emits only if it
# relaxes, too.
LINK = [
    "-nostdlib",
    "-static",
    "-fuse-ld=lld",
    "-Wl,--emit-relocs,--relax,--gc-sections,--build-id=none,-z,nostart-stop-gc,-e,0",
]
BITCODE = ".bc"


class NoCompiler(Exception):
    """There is no compiler for 16 registers."""


def compiler() -> str:
    for name in COMPILERS:
        if (path := shutil.which(name)) is not None:
            return path
    raise NoCompiler(f"no compiler: none of {', '.join(COMPILERS)} is on PATH; install clang-19 and lld-19")


def run(argv: Sequence[str], problem: str) -> None:
    """Raises LinkError with what the program said."""
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise LinkError(f"{problem}:\n" + ran.stderr.strip())


def sources_of_library() -> list[str]:
    return sorted(str(path) for path in (LIBRARY / "src").glob("*.c"))


def compile_library(folder: str | Path) -> list[str]:
    """The objects of the library, for who links many guests; raises LinkError or NoCompiler."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return compile_all(command_line.read(sources_of_library()), Path(folder))


def build_elf(
    arguments: Sequence[str],
    elf: str | Path,
    stack: int | None = None,
    heap: int | None = None,
    library: Sequence[str] | None = None,
) -> None:
    """Compiles and links the words of a command line to an ELF; raises LinkError or NoCompiler.
    `library`: its objects, if they are compiled already.
    """
    given = command_line.read(arguments)
    with tempfile.TemporaryDirectory(prefix="assay-cc-") as name:
        folder = Path(name)
        objects = iter(compile_all(given, folder))
        inputs = [next(objects) if isinstance(word, Source) else word for word in given.link]
        library = library or compile_library(folder / "library")
        if given.is_lto:
            whole = whole_program(given, inputs, library, folder)
            inputs = [whole, *(word for word in inputs if not word.endswith(BITCODE))]
        run(link_command(inputs, elf, stack, heap, library), "it does not compile or link")


def link_command(
    inputs: Sequence[str], elf: str | Path, stack: int | None, heap: int | None, library: Sequence[str]
) -> list[str]:
    sizes = {"__stack_size": stack, "__heap_size": heap}
    defines = [f"-Wl,--defsym={name}={size:#x}" for name, size in sizes.items() if size is not None]
    script = [] if any(word.startswith("-T") for word in inputs) else ["-T", str(LIBRARY / "guest.ld")]
    return [compiler(), *TARGET, *QUIET, *LINK, *script, *defines, *inputs, *library, "-o", str(elf)]


def compile_all(given: Words, folder: Path) -> list[str]:
    """The objects of the sources, in their order; what the compiler says of the first that fails."""
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        numbered = enumerate(given.sources)
        return list(pool.map(lambda pair: compile_source(given, pair[1], folder / str(pair[0])), numbered))


def compile_source(given: Words, source: Source, stem: Path) -> str:
    """One source to an object, by way of assembly; to bitcode if the whole program is optimised at once."""
    base = [compiler(), *TARGET, *QUIET]
    bitcode, assembly = stem.with_suffix(BITCODE), stem.with_suffix(".s")
    if source.language == "assembler":
        return assemble(given, Path(source.path), stem, source.path)
    standard = STANDARD.get(source.language, [])
    words = [*base, *standard, *COMPILE, *given.compile, *INCLUDE, "-x", source.language, source.path]
    if source.language == "assembler-with-cpp":
        run([*words, "-E", "-o", str(assembly)], "it does not compile or link")
        return assemble(given, assembly, stem, source.path)
    if given.is_lto:
        run([*words, "-c", "-o", str(bitcode)], "it does not compile or link")
        return str(bitcode)
    run([*words, "-S", "-o", str(assembly)], "it does not compile or link")
    try:
        return assemble(given, assembly, stem)
    except LinkError:
        run([*words, "-c", "-o", str(stem)], "it does not compile or link")  # what it says names the line in C
        raise


def assemble(given: Words, assembly: Path, stem: Path, written: str = "") -> str:
    """Assembly to an object; `written`: the source, if a person wrote the assembly."""
    text = labels.kept(assembly.read_text(errors="surrogateescape"), written or assembly.name)
    object, safe = stem.with_suffix(".o"), stem.with_suffix(".kept.s")
    origin = f'# 1 "{written}"\n' if written else ""
    safe.write_text(origin + text, errors="surrogateescape")
    debug = given.debug if written else []
    words = [compiler(), *TARGET, *QUIET, *given.assemble, *debug, "-mrelax", "-c", str(safe), "-o", str(object)]
    run(words, "it does not compile or link")
    return str(object)


def whole_program(given: Words, inputs: Sequence[str], library: Sequence[str], folder: Path) -> str:
    """The object of all bitcode, optimised at once."""
    words = [*link_command(inputs, folder / "whole", None, None, library), "-Wl,--lto-emit-asm"]
    run(words, "it does not compile or link")
    (assembly,) = folder.glob("whole*.s")
    return assemble(given, assembly, folder / "whole")


def compile_and_link(arguments: Namespace, given: Sequence[str], link_file: Callable[[str, Namespace], None]) -> None:
    """Raises LinkError with what the compiler said, or NoCompiler."""
    with tempfile.TemporaryDirectory() as folder:
        elf = arguments.elf or str(Path(folder) / "guest.elf")
        build_elf(given, elf, arguments.stack, arguments.heap)
        link_file(elf, arguments)
