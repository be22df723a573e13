"""mem.md: memory."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from model.machine.exit import PageFault, Refused
from model.reach import rule
from model.table import LIMIT

PAGE_SIZE = LIMIT["page_size"]
PAGE_LAST = LIMIT["page_count"] - 1
END = LIMIT["page_count"] * PAGE_SIZE
LOAD = ("ro", "rw")
STORE = ("rw",)


class Page(NamedTuple):
    """A page as the caller gives it."""

    address: int
    access: str
    data: bytes


def fault_of_page(page: Page, given: Mapping[int, object]) -> tuple[str, str] | None:
    """Why this page cannot be given: the rule, and in words; or None. A vector knows no other access."""
    if not 0 <= page.address < END or page.address % PAGE_SIZE:
        return (
            "mem/page_given_once/misaligned",
            f"page address {page.address:#x} is not a multiple of {PAGE_SIZE} below 2^32",
        )
    if page.address // PAGE_SIZE in given:
        return "mem/page_given_once/twice", f"page {page.address:#x} is given twice"
    if len(page.data) > PAGE_SIZE:
        return (
            "mem/page_given_once/oversized",
            f"page {page.address:#x} has {len(page.data)} bytes, more than {PAGE_SIZE}",
        )
    if page.access not in LOAD:
        return "mem/page_given_once", f"page {page.address:#x} has access {page.access!r}, neither 'ro' nor 'rw'"
    return None


class Memory:
    """The pages given: page number -> (access, bytes)."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self.pages: dict[int, tuple[str, bytearray]] = {}
        for page in pages:
            fault = fault_of_page(page, self.pages)
            if fault:
                name, words = fault
                rule("mem/page_given_once")
                rule(name)
                raise Refused(words)
            data = bytearray(PAGE_SIZE)
            data[: len(page.data)] = page.data
            self.pages[page.address // PAGE_SIZE] = (page.access, data)

    def load(self, address: int, width: int) -> int:
        """The unsigned integer of `width` bytes at address; raises PageFault."""
        rule("mem/load_permission")
        self.check(address, width, LOAD)
        return int.from_bytes(self.take(address, width), "little")

    def store(self, address: int, width: int, value: int) -> None:
        """Stores the low `width` bytes of value; raises PageFault."""
        rule("mem/store_permission")
        self.check(address, width, STORE)
        self.put(address, (value % 2 ** (8 * width)).to_bytes(width, "little"))

    def check(self, address: int, width: int, permitted: tuple[str, ...]) -> None:
        """All pages of an access, before any byte moves (mem/whole_access)."""
        first, last = address // PAGE_SIZE, (address + width - 1) // PAGE_SIZE
        if first == 0 or last >= PAGE_LAST:
            rule("mem/last_page")
        fault = self.failing_page(first, last, permitted)
        if fault is not None:
            if first != last:
                rule("mem/whole_access")
            raise PageFault(fault * PAGE_SIZE)
        if width > 1:
            rule("mem/little_endian")

    def failing_page(self, first: int, last: int, permitted: tuple[str, ...]) -> int | None:
        """The number of the page that PageFault names, or None."""
        if last > PAGE_LAST:
            rule("mem/past_end")
        for number in range(first, min(last, PAGE_LAST) + 1):
            if self.access(number) not in permitted:
                rule("mem/fault_address")
                return number
        return PAGE_LAST if last > PAGE_LAST else None

    def access(self, number: int) -> str | None:
        """What a page permits; None where it was not given (mem/access)."""
        if number not in self.pages:
            rule("mem/access")
            return None
        return self.pages[number][0]

    def given(self, address: int, size: int) -> bool:
        """True when all these bytes lie on pages given."""
        if not 0 <= address < END or not 0 <= size <= END - address:
            return False
        pages = range(address // PAGE_SIZE, (address + size - 1) // PAGE_SIZE + 1)
        return size == 0 or all(number in self.pages for number in pages)

    def take(self, address: int, size: int) -> bytes:
        """Bytes of pages given, whatever their access."""
        data = b""
        while size > 0:
            page, offset = self.pages[address // PAGE_SIZE][1], address % PAGE_SIZE
            part = page[offset : offset + size]
            data, address, size = data + part, address + len(part), size - len(part)
        return bytes(data)

    def put(self, address: int, data: bytes) -> None:
        while data:
            page, offset = self.pages[address // PAGE_SIZE][1], address % PAGE_SIZE
            part = data[: PAGE_SIZE - offset]
            page[offset : offset + len(part)] = part
            address, data = address + len(part), data[len(part) :]
