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
from assay.engines.answers import Result
from assay.engines.catalog import Target
from assay.guests import oracle, programs, sources
from linker import cc, errors, image
from model import kernel

PROGRAMS = paths.ROOT / "guest" / "libraries"
HEAP = 16 << 20
BATCH = 50
FEW = 10  # inputs that a slow engine gets
SECONDS = 600.0


@dataclass(frozen=True)
class Library:
    name: str  # of its program, too
    package: str
    archive: str
    sha256: str
    files: tuple[str, ...]
    options: tuple[str, ...] = ()
    include: tuple[str, ...] = (".",)
    links: tuple[tuple[str, str], ...] = ()  # what headers call a folder, and which folder that is before installation


def named(folder: str, names: str) -> tuple[str, ...]:
    return tuple(f"{folder}{name}.c" for name in names.split())


LIBRARIES = (
    Library(
        "lz4",
        "lz4",
        "lz4_1.9.4.orig.tar.gz",
        "0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b",
        named("lib/", "lz4 lz4hc"),
        include=("lib",),
    ),
    Library(
        "xxhash",
        "xxhash",
        "xxhash_0.8.1.orig.tar.gz",
        "3bb6b7d6f30c591dd65aaaff1c8b7a5b94d81687998ca9400082c739a690436c",
        ("xxhash.c",),
    ),
    Library(
        "zlib",
        "zlib",
        "zlib_1.2.13.dfsg.orig.tar.bz2",
        "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1",
        named("", "adler32 crc32 deflate inflate inftrees inffast trees zutil"),
        ("-DZ_SOLO",),
    ),
    Library(
        "bzip2",
        "bzip2",
        "bzip2_1.0.8.orig.tar.gz",
        "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269",
        named("", "blocksort huffman crctable randtable compress decompress bzlib"),
        ("-DBZ_NO_STDIO",),
    ),
    Library(
        "http_parser",
        "http-parser",
        "http-parser_2.9.4.orig.tar.gz",
        "467b9e30fd0979ee301065e70f637d525c28193449e1b13fbcb1b1fab3ad224f",
        ("http_parser.c",),
    ),
    Library(
        "utf8proc",
        "utf8proc",
        "utf8proc_2.8.0.orig.tar.gz",
        "a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc",
        ("utf8proc.c",),
    ),
    Library(
        "secp256k1",
        "libsecp256k1",
        "libsecp256k1_0.2.0.orig.tar.xz",
        "07c1d76fc485936138c6572e94374df22ba41df06617926572b8a690fe8bc34b",
        named("src/", "secp256k1 precomputed_ecmult precomputed_ecmult_gen"),
        ("-DECMULT_WINDOW_SIZE=15", "-DECMULT_GEN_PREC_BITS=4"),
        ("include", "src"),
    ),
    Library(
        "jsmn",
        "jsmn",
        "jsmn_1.1.0.orig.tar.gz",
        "5f0913a10657fe7ec8d5794ccf00a01000e3e1f2f1e1f143c34a0f7b47edcb38",
        (),  # all of it is a header
    ),
    Library(
        "cjson",
        "cjson",
        "cjson_1.7.15.orig.tar.gz",
        "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2",
        named("", "cJSON cJSON_Utils"),
    ),
    Library(
        "yajl",
        "yajl",
        "yajl_2.1.0.orig.tar.gz",
        "3fb73364a5a30efe615046d07e6db9d09fd2b41c763c5f7d3bfb121cd5c5ac5a",
        named("src/", "yajl yajl_alloc yajl_buf yajl_encode yajl_gen yajl_lex yajl_parser yajl_tree"),
        include=("src",),
        links=(("yajl", "src/api"),),
    ),
    Library(
        "mbedtls",
        "mbedtls",
        "mbedtls_2.28.3.orig.tar.gz",
        "3b4953aa55a681e084d31892d9904cc5328d6b4958ea57b90ae4b4f94ae69a8d",
        named("library/", "bignum constant_time platform_util"),
        ('-DMBEDTLS_CONFIG_FILE="settings/mbedtls_config.h"',),
        ("include", "library"),
    ),
)
NAMES = tuple(library.name for library in LIBRARIES)


@dataclass
class Outcome:
    name: str
    archive: str = ""
    sha256: str = ""
    inputs: int = 0
    few: int = 0  # of them on the slow engines, too
    image_size: int = 0
    gas: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    not_run: str = ""  # why


Fetch = Callable[[str, Path], sources.Source]


def cache() -> Path:
    """Where archives are kept; nothing of it is the project's."""
    return paths.scratch() / "libraries"


def play(
    library: Library,
    count: int,
    engines: Sequence[Target],
    slow: Sequence[Target] = (),
    fetch: Fetch = sources.fetch,
) -> Outcome:
    """Builds both and compares them; raises NoEngine without a compiler. `slow` engines get FEW inputs."""
    outcome = Outcome(library.name)
    started = time.monotonic()
    try:
        source = fetch(library.package, cache())
    except sources.NotFetched as error:
        outcome.not_run = str(error)
        return outcome
    outcome.archive, outcome.sha256 = source.archive, source.sha256
    if source.archive != library.archive:
        outcome.not_run = f"{source.archive} is another version than {library.archive}"
        return outcome
    if source.sha256 != library.sha256:
        outcome.problems.append(f"its archive is not the one that is known: sha256 {library.sha256}")
        return outcome
    with tempfile.TemporaryDirectory(prefix="assay-library-") as name:
        folder = Path(name)
        try:
            given = words(library, source.folder, folder)
            encoded = guest(given, folder)
            binary = native(given, folder)
        except errors.LinkError as error:
            outcome.problems.append(f"it does not build: {error}")
        else:
            outcome.image_size = len(encoded)
            if slow:
                outcome.few = compare(outcome, min(FEW, count), encoded, binary, slow)
            outcome.inputs = compare(outcome, count, encoded, binary, engines)
    outcome.seconds = time.monotonic() - started
    return outcome


def words(library: Library, source: Path, folder: Path) -> list[str]:
    """What the compilers of both sides are told."""
    for name, place in library.links:
        (folder / name).symlink_to(source / place)
    include = [f"-I{source / place}" for place in library.include] + [f"-I{folder}"]
    program = PROGRAMS / f"{library.name}.c"
    return [f"-I{PROGRAMS}", *include, *library.options, "-w", str(program), *(str(source / f) for f in library.files)]


def guest(given: list[str], folder: Path) -> bytes:
    elf = folder / "guest.elf"
    try:
        cc.build_elf(given, elf, heap=HEAP)
    except cc.NoCompiler as error:
        raise NoEngine(str(error)) from None
    return image.link(elf.read_bytes()).image


def native(given: list[str], folder: Path) -> Path:
    binary = folder / "native"
    include = ["-idirafter", str(cc.LIBRARY / "include")]
    argv = ["cc", "-O2", "-DASSAY_NATIVE", *include, *given, "-o", str(binary), "-lm"]
    cc.run(argv, "it does not compile for this machine")
    return binary


def compare(outcome: Outcome, count: int, encoded: bytes, binary: Path, engines: Sequence[Target]) -> int:
    """Batch by batch, on every engine; how many inputs came before the first difference."""
    opened = [target.open(timeout=SECONDS) for target in engines]
    try:
        for first in range(0, count, BATCH):
            size = min(BATCH, count - first)
            argv = [str(binary), str(first), str(size)]
            expected = int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
            call = kernel.encode(programs.with_arguments(encoded, 0, (first, size)))
            where = f"inputs {first}..{first + size - 1}"
            for engine in opened:
                problem, gas = compared(oracle.answer(engine, call, 10**15).result, expected)
                if problem:
                    outcome.problems.append(f"{where} {problem} on {engine.name}")
                outcome.gas += gas
            if outcome.problems:
                return first
        return count
    finally:
        for engine in opened:
            engine.close()


def compared(result: Result | str, expected: int) -> tuple[str, int]:
    """(what is wrong, the gas it took)."""
    if isinstance(result, str) or result.outcome != "halt":
        return f"end as {result if isinstance(result, str) else result.exit}", 0
    if (value := result.regs[oracle.RESULT_REGISTER]) != expected:
        return f"give {value:#x}, and {expected:#x} natively", 0
    return "", result.gas_used
