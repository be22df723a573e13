"""The records of ASSAY_ENDPOINT: 16 bytes each.

0..8 address of the trampoline 8 index 9 arg_registers 10 arg_cnode_size 11..16 zero
"""

from dataclasses import dataclass

from . import elf, relocate
from .elf import ENDPOINTS
from .errors import LinkError

SIZE = 16
DECLARE = "declare one with ASSAY_ENDPOINT(index, name) of <assay/guest.h>"


@dataclass(frozen=True)
class Endpoint:
    index: int
    address: int
    arg_registers: int
    arg_cnode_size: int


def read(guest: elf.Guest) -> dict[int, Endpoint]:
    """index -> Endpoint, ascending; raises LinkError."""
    sections = [section for section in guest.sections if section.name == ENDPOINTS]
    if not sections:
        raise LinkError("there is no endpoint", f"section {ENDPOINTS} is missing", DECLARE)
    found: dict[int, Endpoint] = {}
    for section in sections:
        if section.data is None or section.size % SIZE:
            raise LinkError(f"its {section.size} bytes are not records of {SIZE}", f"section {ENDPOINTS}", DECLARE)
        for address in range(section.address, section.end, SIZE):
            endpoint = record(guest, section, address)
            if endpoint.index in found:
                first = guest.place(found[endpoint.index].address)
                guest.refuse(
                    endpoint.address, f"endpoint {endpoint.index} is declared twice, first at {first}", "number it anew"
                )
            found[endpoint.index] = endpoint
    return dict(sorted(found.items()))


def record(guest: elf.Guest, section: elf.Section, address: int) -> Endpoint:
    data = section.content[address - section.address :][:SIZE]
    function = relocate.find(guest, address, {"R_RISCV_64"})
    if function is None:
        guest.refuse(address, "an endpoint record without a relocation", "link with --emit-relocs")
    if not function.in_code or function.target % 4:
        guest.refuse(address, "an endpoint that is no function", DECLARE)
    if any(data[11:]):
        guest.refuse(address, "an endpoint record whose last five bytes are not 0", DECLARE)
    return Endpoint(data[8], function.target, data[9], data[10])
