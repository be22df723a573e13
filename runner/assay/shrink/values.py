"""Simpler numbers and bytes, the simplest first."""

from collections.abc import Iterable, Iterator

WORD = 64
WIDTHS = (8, 16, 32)  # of halves of a word
EDGES = tuple(1 << bits for bits in (3, 5, 7, 8, 12, 15, 16, 31, 32, 63))  # where something may change


def smaller(value: int) -> list[int]:
    """Numbers that are simpler than a signed number: nearer to 0, or as near and not negative."""
    found = {0, 1, -1, -value, *steps(value)}
    return sorted((one for one in found if is_simpler(one, value)), key=order)


def is_simpler(one: int, other: int) -> bool:
    return order(one) < order(other)


def order(value: int) -> tuple[int, bool]:
    return abs(value), value < 0


def steps(value: int) -> Iterator[int]:
    """Steps down, from wide ones to the narrowest: enough to close in on a border wherever it is."""
    size, sign = abs(value), -1 if value < 0 else 1
    bits = size.bit_length()
    if bits < 2:
        return
    yield from (sign * edge for edge in EDGES)
    yield from (sign * (size % (1 << width)) for width in WIDTHS)
    yield sign * (size // 2)
    yield from (sign * (size - (1 << bit)) for bit in range(bits))


def smaller_unsigned(value: int) -> list[int]:
    """The same of a number below 2^64, of which the upper half are negative ones."""
    signed = value - 2**WORD if value >= 2 ** (WORD - 1) else value
    return [one % 2**WORD for one in smaller(signed) if one % 2**WORD != value]


def simpler_bytes(data: bytes) -> Iterator[bytes]:
    """Fewer bytes, then more zeros."""
    if not data:
        return
    yield b""
    if data.endswith(b"\0"):
        yield data.rstrip(b"\0")
    for size in sizes(len(data)):
        for at in range(0, len(data), size):
            yield data[:at] + data[at + size :]
    yield from zeroed(data)


def zeroed(data: bytes) -> Iterator[bytes]:
    """Of the same length."""
    full = [at for at, byte in enumerate(data) if byte]
    if not full:
        return
    yield bytes(len(data))
    for size in sizes(len(full)):
        for first in range(0, len(full), size):
            yield without(data, full[first : first + size])
    if len(full) <= FEW:
        for at in full:
            yield from (data[:at] + bytes([low]) + data[at + 1 :] for low in smaller(data[at]) if low > 0)


def without(data: bytes, places: Iterable[int]) -> bytes:
    found = bytearray(data)
    for at in places:
        found[at] = 0
    return bytes(found)


PIECES = 16  # of bytes, at a time: as they get fewer, pieces get smaller
FEW = 4  # bytes whose values are looked at one by one


def sizes(length: int) -> list[int]:
    """Of pieces, from the half down to where there are PIECES of them, at last 1."""
    found, size = [], length // 2
    while size >= 1 and length // size <= PIECES:
        found.append(size)
        size //= 2
    return found
