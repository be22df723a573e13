"""Building guests and running their Images on the model's machine, for the tests of the linker."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import model
from linker import cc, cli, image

kernel = model.kernel
PAGE = model.table.LIMIT["page_size"]
REGISTERS = model.table.LIMIT["register_count"]
ENDPOINT_REGISTER, RESULT_REGISTER = 11, 7
GAS = 10**12

__all__ = ["build", "cc", "cli", "image", "kernel", "link", "result", "run"]


def build(
    folder: Path, text: str, *options: str, name: str = "guest.c", command: Callable[..., list[str]] = cc.command
) -> bytes:
    """C or assembly text to the bytes of an ELF; asserts that it compiles."""
    source, elf = folder / name, folder / "guest.elf"
    source.write_text(text)
    ran = subprocess.run(command([str(source)], list(options), str(elf)), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return elf.read_bytes()


def link(
    folder: Path, text: str, *options: str, name: str = "guest.c", command: Callable[..., list[str]] = cc.command
) -> image.Linked:
    return image.link(build(folder, text, *options, name=name, command=command))


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
