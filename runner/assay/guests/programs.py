"""The guest programs: their Images built from C, their native twins, and what a run of one begins with."""

import subprocess
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from assay.base import paths
from assay.base.trouble import BadInput, NoEngine
from cases.kernel import build
from cases.kernel.case import Run
from linker import cli as linker
from model import kernel

SOURCES = paths.ROOT / "guest" / "programs"
GAS = 10**12
PAGE = 4096
ALL, ENGINES = ("model", "ref", "fast"), ("ref", "fast")
CHAINS = ("store", "ledger")


@dataclass(frozen=True)
class Call:
    """run(test, iterations) of a compute guest; `votes` says who replays it."""

    test: int
    iterations: int
    votes: tuple[str, ...] = ALL


@dataclass(frozen=True)
class Guest:
    name: str
    calls: tuple[Call, ...]
    bench: Call


GUESTS = (
    Guest("fib", (Call(0, 12), Call(1, 90)), Call(0, 25)),
    Guest("sort", (Call(2, 1), Call(1, 1, ENGINES), Call(0, 1, ENGINES)), Call(1, 4)),
    Guest("sieve", (Call(1000, 1), Call(100000, 1, ENGINES)), Call(100000, 1)),
    Guest("blake2b", (Call(0, 1), Call(129, 2), Call(4096, 2, ENGINES)), Call(4096, 20)),
    Guest("keccak256", (Call(0, 1), Call(136, 2), Call(4096, 2, ENGINES)), Call(4096, 10)),
    Guest("sha256", (Call(0, 1), Call(64, 2), Call(4096, 2, ENGINES)), Call(4096, 10)),
    Guest("ed25519", (Call(0, 1, ENGINES), Call(3, 1, ENGINES)), Call(0, 2)),
    Guest("ecrecover", (Call(0, 1, ENGINES), Call(2, 1, ENGINES)), Call(0, 1)),
    Guest("ntt", (Call(0, 1, ENGINES), Call(5, 2, ENGINES)), Call(0, 8)),
    Guest("copy", (Call(3, 1, ENGINES), Call(1, 1, ENGINES), Call(2, 1, ENGINES)), Call(0, 1)),
    Guest("interpreter", (Call(2, 1), Call(0, 1, ENGINES), Call(1, 3)), Call(0, 4)),
    Guest("hostcalls", (Call(0, 5), Call(1, 5), Call(2, 5)), Call(0, 20000)),
)
NAMES = (*(guest.name for guest in GUESTS), *CHAINS)


def link(name: str, folder: Path) -> bytes:
    """The Image of a guest, compiled and linked into a folder; raises BadInput or NoEngine."""
    output = folder / f"{name}.image"
    arguments = [str(SOURCES / f"{name}.c"), "-o", str(output), "--stack", "16384", "--heap", "4096"]
    code = linker.cc_main(arguments)
    if code:
        raise (NoEngine if code == linker.NO_TOOL else BadInput)(f"guest {name}: it does not link, see above")
    return output.read_bytes()


@cache
def image(name: str) -> bytes:
    """The Image of a guest, built once by each process that asks."""
    with tempfile.TemporaryDirectory(prefix="assay-guest-") as folder:
        return link(name, Path(folder))


def write_images() -> Path:
    """The folder with the Images of all guests."""
    folder = paths.scratch() / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.image").write_bytes(image(name))
    return folder


# Twins: the same source for this machine


def twin(name: str, folder: Path) -> Path:
    """A program that prints the result of one call."""
    return compiled(name, folder / name, ("-DASSAY_NATIVE",))


def twin_library(name: str, folder: Path) -> Path:
    """A shared object with the function `twin`, for the benchmark."""
    return compiled(name, folder / f"{name}.so", ("-shared", "-fPIC", "-DASSAY_NATIVE", "-DASSAY_TWIN"))


def compiled(name: str, output: Path, options: tuple[str, ...]) -> Path:
    argv = ["gcc", "-std=c17", "-O2", *options, str(SOURCES / f"{name}.c"), "-o", str(output)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"guest {name}: its twin does not compile: {done.stderr[-400:]}")
    return output


def twin_result(path: Path, endpoint: int, test: int, iterations: int) -> int:
    argv = [str(path), str(endpoint), str(test), str(iterations)]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout, 16)


# What a run begins with


def with_arguments(encoded: bytes, endpoint: int, arguments: tuple[int, ...]) -> kernel.Image:
    """The Image whose endpoint begins with these arguments in r7, r8 and so on."""
    found = kernel.decode("image", encoded)
    given = {7 + n: value for n, value in enumerate(arguments)}
    regs = dict(sorted((found.endpoints[endpoint].initial_regs | given).items()))
    found.endpoints[endpoint] = replace(found.endpoints[endpoint], initial_regs=regs)
    return found


def surroundings(encoded: bytes) -> tuple[bytes, bytes]:
    """A World and a root CNode as genesis would make them for this Image."""
    found = kernel.decode("image", encoded)
    slots: dict[int, kernel.Capability] = {7: build.handle("gas", 0)}
    contents: list[bytes] = []
    for slot, given in (found.pinned_slots | found.initial_slots).items():
        if isinstance(given, kernel.PinnedImage):
            slots[slot] = kernel.ImageCap(given.content_hash)
        else:
            slots[slot] = kernel.Data(given.size, build.digest(given.content))
            contents.append(given.content)
    return build.start(state=build.sigma(*contents)), build.cnode(dict(sorted(slots.items())))


def run_of(name: str, endpoint: int, test: int, iterations: int) -> tuple[bytes, Run]:
    """The World and the Run of a call of a compute guest."""
    encoded = kernel.encode(with_arguments(image(name), endpoint, (test, iterations)))
    world, cnode = surroundings(encoded)
    return world, Run(encoded, cnode, endpoint=endpoint, gas=GAS)


def machine_case(guest: Guest) -> dict[str, object]:
    """A guest's bench call as a case of the machine: code, pages, and a run up to its reply."""
    found = with_arguments(image(guest.name), 0, (guest.bench.test, guest.bench.iterations))
    endpoint = found.endpoints[0]
    regs = {f"r{n}": hex(value) for n, value in sorted(endpoint.initial_regs.items()) if value}
    stop = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    return {
        "id": f"guests/{guest.name}/bench",
        "rules": [],
        "against": [],
        "blob": found.code.hex(),
        "mem_cycles": 25,
        "pages": [[hex(address), access, data.hex()] for address, access, data in pages_of(found)],
        "load": "admitted",
        "steps": [{"run": {"pc": hex(endpoint.entry_pc), "gas": hex(GAS), "regs": regs}, "stop": stop}],
    }


def pages_of(found: kernel.Image) -> list[tuple[int, str, bytes]]:
    """The pages that an Image maps, ascending."""
    given = found.pinned_slots | found.initial_slots
    pages: list[tuple[int, str, bytes]] = []
    for mapping in found.memory_mappings:
        slot = mapping.source[0]
        content = getattr(given.get(slot), "content", b"")
        access = "ro" if slot in found.pinned_slots else "rw"
        starts = range(0, mapping.size, PAGE)
        pages += [(mapping.start + at, access, content[at : at + PAGE]) for at in starts]
    return sorted(pages)
