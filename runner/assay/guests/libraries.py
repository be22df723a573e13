"""C libraries of others, unmodified: each as a guest and as a program of this machine, over the same inputs.

A program of guest/libraries draws inputs, hands them to the library and digests every byte that comes back.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.base import paths
from assay.base.trouble import NoEngine
from assay.engines.catalog import Target
from assay.guests import oracle, programs, sources
from linker import cc, errors, image
from model import kernel

PROGRAMS = paths.ROOT / "guest" / "libraries"
HEAP = 16 << 20
BATCH = 50
SECONDS = 600.0


@dataclass(frozen=True)
class Library:
    name: str  # of its program, too
    package: str
    files: tuple[str, ...]
    options: tuple[str, ...] = ()
    include: tuple[str, ...] = (".",)


def named(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}{name}.c" for name in names.split())


LIBRARIES = (
    Library("lz4", "lz4", named("lib/", "lz4 lz4hc"), include=("lib",)),
    Library("xxhash", "xxhash", ("xxhash.c",)),
    Library("zlib", "zlib", named("", "adler32 crc32 deflate inflate inftrees inffast trees zutil"), ("-DZ_SOLO",)),
    Library(
        "bzip2",
        "bzip2",
        named("", "blocksort huffman crctable randtable compress decompress bzlib"),
        ("-DBZ_NO_STDIO",),
    ),
    Library("http_parser", "http-parser", ("http_parser.c",)),
    Library("utf8proc", "utf8proc", ("utf8proc.c",)),
    Library(
        "secp256k1",
        "libsecp256k1",
        named("src/", "secp256k1 precomputed_ecmult precomputed_ecmult_gen"),
        ("-DECMULT_WINDOW_SIZE=15", "-DECMULT_GEN_PREC_BITS=4"),
        ("include", "src"),
    ),
)
NAMES = tuple(library.name for library in LIBRARIES)


@dataclass
class Outcome:
    name: str
    archive: str = ""
    sha256: str = ""
    inputs: int = 0
    image_size: int = 0
    gas: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    not_run: str = ""  # why


Fetch = Callable[[str, Path], sources.Source]


def cache() -> Path:
    """Where archives are kept; nothing of it is the project's."""
    return paths.scratch() / "libraries"


def play(library: Library, count: int, engines: Sequence[Target], fetch: Fetch = sources.fetch) -> Outcome:
    """Builds both and compares them; raises NoEngine without a compiler."""
    outcome = Outcome(library.name)
    started = time.monotonic()
    try:
        source = fetch(library.package, cache())
    except sources.NotFetched as error:
        outcome.not_run = str(error)
        return outcome
    outcome.archive, outcome.sha256 = source.archive, source.sha256
    with tempfile.TemporaryDirectory(prefix="assay-library-") as name:
        folder = Path(name)
        try:
            encoded = guest(library, source.folder, folder)
            binary = native(library, source.folder, folder)
        except errors.LinkError as error:
            outcome.problems.append(f"it does not build: {error}")
        else:
            outcome.image_size = len(encoded)
            compare(outcome, count, encoded, binary, engines)
    outcome.seconds = time.monotonic() - started
    return outcome


def words(library: Library, folder: Path) -> list[str]:
    """What the compilers of both sides are told."""
    include = [f"-I{folder / place}" for place in library.include]
    program = PROGRAMS / f"{library.name}.c"
    return [f"-I{PROGRAMS}", *include, *library.options, "-w", str(program), *(str(folder / f) for f in library.files)]


def guest(library: Library, source: Path, folder: Path) -> bytes:
    elf = folder / "guest.elf"
    try:
        cc.build_elf(words(library, source), elf, heap=HEAP)
    except cc.NoCompiler as error:
        raise NoEngine(str(error)) from None
    return image.link(elf.read_bytes()).image


def native(library: Library, source: Path, folder: Path) -> Path:
    binary = folder / "native"
    include = ["-idirafter", str(cc.LIBRARY / "include")]
    argv = ["cc", "-O2", "-DASSAY_NATIVE", *include, *words(library, source), "-o", str(binary)]
    cc.run(argv, "it does not compile for this machine")
    return binary


def compare(outcome: Outcome, count: int, encoded: bytes, binary: Path, engines: Sequence[Target]) -> None:
    """Batch by batch, on every engine; stops at the first difference."""
    opened = [target.open(timeout=SECONDS) for target in engines]
    try:
        for first in range(0, count, BATCH):
            size = min(BATCH, count - first)
            argv = [str(binary), str(first), str(size)]
            expected = int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
            call = kernel.encode(programs.with_arguments(encoded, 0, (first, size)))
            for engine in opened:
                result = oracle.answer(engine, call, 10**15).result
                if isinstance(result, str) or result.outcome != "halt":
                    ended = result if isinstance(result, str) else result.exit
                    outcome.problems.append(f"inputs {first}..{first + size - 1} end as {ended} on {engine.name}")
                elif (value := result.regs[oracle.RESULT_REGISTER]) != expected:
                    where = f"inputs {first}..{first + size - 1}"
                    outcome.problems.append(f"{where} give {value:#x} on {engine.name}, {expected:#x} natively")
                else:
                    outcome.gas += result.gas_used
            if outcome.problems:
                return
            outcome.inputs += size
    finally:
        for engine in opened:
            engine.close()
