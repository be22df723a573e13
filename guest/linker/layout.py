"""Sections to pages: which addresses an Image maps, from which slot, with which content."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import model

from . import relocate
from .elf import Guest, Section
from .errors import LinkError
from .relocate import JumpTable

PAGE = model.table.LIMIT["page_size"]
PAGES_MAX = model.kernel.table.LIMIT["mapped_page_max"]
STACK_DEFAULT = 16 * PAGE
SLOT = {"stack": 65, "read-only": 66, "writable": 67, "heap": 68}
SMALLER = "make the arrays, the stack or the heap smaller"


@dataclass(frozen=True)
class Region:
    name: str
    start: int
    size: int
    content: bytes  # without trailing zeros

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def slot(self) -> int:
        return SLOT[self.name]

    @property
    def pinned(self) -> bool:
        return self.name == "read-only"


def regions(guest: Guest, table: JumpTable) -> list[Region]:
    """The regions of memory, by address; raises LinkError."""
    groups = {name: [s for s in guest.data if kind(s) == name] for name in SLOT}
    found = [span(guest, name, sections, table) for name, sections in groups.items() if sections]
    found.sort(key=lambda region: region.start)
    if not groups["stack"]:
        found.append(Region("stack", found[-1].end + PAGE if found else 2 * PAGE, STACK_DEFAULT, b""))
    check(found)
    return found


def kind(section: Section) -> str:
    """Which region a section that is not code belongs to."""
    if section.data is None and section.name in (".stack", ".heap"):
        return section.name[1:]
    return "writable" if section.writable else "read-only"


def span(guest: Guest, name: str, sections: Sequence[Section], table: JumpTable) -> Region:
    """The region that covers these sections, page by page."""
    start = min(s.address for s in sections) // PAGE * PAGE
    size = -(-max(s.end for s in sections) // PAGE) * PAGE - start
    if size > PAGES_MAX * PAGE:
        largest = max(sections, key=lambda s: s.size)
        raise LinkError(
            f"the {name} data takes {size} bytes, and {PAGES_MAX * PAGE} can be mapped",
            f"section {largest.name} at {guest.place(largest.address)}",
            SMALLER,
        )
    content = bytearray()
    for section in sorted(sections, key=lambda s: s.address):
        if section.data is not None:
            content += bytes(section.address - start - len(content))
            content += relocate.patched(guest, section, table)
    return Region(name, start, size, bytes(content).rstrip(b"\0"))


def check(found: Sequence[Region]) -> None:
    for low, high in pairwise(found):
        if low.end > high.start:
            raise LinkError(
                f"{low.name} and {high.name} memory share the page at {high.start:#x}",
                advice="link with guest.ld, or let each begin at a page of its own",
            )
    if sum(region.size for region in found) > PAGES_MAX * PAGE:
        raise LinkError(f"more than {PAGES_MAX * PAGE} bytes of memory in all", advice=SMALLER)
    if found[-1].end > 2**32:
        raise LinkError(f"memory ends at {found[-1].end:#x}, above 2^32", advice=SMALLER)


def stack_top(found: Sequence[Region]) -> int:
    return next(region.end for region in found if region.name == "stack")
