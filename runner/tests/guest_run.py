"""Building guests and running their Images on the model's machine, for the tests of the linker."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import model
from linker import cc, cli, image

kernel = model.kernel
PAGE = model.table.LIMIT["page_size"]
REGISTERS = model.table.LIMIT["register_count"]
ENDPOINT_REGISTER, RESULT_REGISTER = 11, 7
GAS = 10**12

__all__ = ["build", "cc", "cli", "image", "kernel", "link", "native", "result", "run"]


def build(folder: Path, text: str, *options: str, name: str = "guest.c") -> bytes:
    """C or assembly text to the bytes of an ELF."""
    source, elf = folder / name, folder / "guest.elf"
    source.write_text(text)
    cc.build_elf([str(source), *options], elf, library=library(tuple(cc.TARGET)))
    return elf.read_bytes()


@cache
def library(target: tuple[str, ...]) -> list[str]:
    """The objects of the guests' library, compiled once for a target."""
    assert target == tuple(cc.TARGET)
    folder = tempfile.mkdtemp(prefix="assay-library-")
    atexit.register(shutil.rmtree, folder)
    return cc.compile_library(folder)


def link(folder: Path, text: str, *options: str, name: str = "guest.c") -> image.Linked:
    return image.link(build(folder, text, *options, name=name))


def pages(image: kernel.Image) -> Iterator[model.Page]:
    """The pages that run maps (call/map)."""
    slots = {**image.pinned_slots, **image.initial_slots}
    for mapping in image.memory_mappings:
        (slot,) = mapping.source
        content = getattr(slots[slot], "content", b"").ljust(mapping.size, b"\0")
        access = "ro" if slot in image.pinned_slots else "rw"
        for at in range(0, mapping.size, PAGE):
            yield model.Page(mapping.start + at, access, content[at : at + PAGE])


def run(data: bytes, *arguments: int, endpoint: int = 0) -> tuple[model.Machine, model.Stop]:
    """An Image's bytes and φ7.. to the machine and the Stop; operations without effect are passed."""
    admitted = kernel.admit(data)
    machine = model.load(admitted.code, 25, list(pages(admitted)))
    entry = admitted.endpoints[endpoint]
    registers = [0] * REGISTERS
    registers[ENDPOINT_REGISTER] = endpoint
    for register, value in entry.initial_regs.items():
        registers[register] = value
    registers[RESULT_REGISTER : RESULT_REGISTER + len(arguments)] = arguments
    stop = machine.run(model.State(entry.entry_pc, GAS, registers))
    while stop.exit == "host_call" and stop.argument >= 64:
        stop = machine.resume(stop.state.gas, stop.state.regs)
    return machine, stop


def result(data: bytes, *arguments: int, endpoint: int = 0) -> int:
    """What an Image's endpoint replies with."""
    _, stop = run(data, *arguments, endpoint=endpoint)
    assert (stop.exit, stop.argument) == ("host_call", 0), stop
    return stop.state.regs[RESULT_REGISTER]


def native(folder: Path, text: str, name: str, arguments: Sequence[tuple[int, ...]]) -> list[int]:
    """What the endpoint of this name gives when the host's compiler makes an ordinary function of it."""
    calls = "".join(
        f'printf("%llu\\n", (unsigned long long){name}({", ".join(f"{v}ull" for v in (*given, 0, 0, 0, 0)[:4])}));'
        for given in arguments
    )
    source, binary = folder / "native.c", folder / "native"
    source.write_text(f"#define ASSAY_NATIVE\n#include <stdio.h>\n{text}\nint main(void) {{ {calls} }}")
    include = ["-idirafter", str(cc.LIBRARY / "include")]
    subprocess.run(["cc", "-w", *include, "-o", binary, source], check=True)
    ran = subprocess.run([binary], capture_output=True, text=True, check=True)
    return [int(line) for line in ran.stdout.split()]
