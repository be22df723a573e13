"""Positions: every place that a jump may go to begins a block, and the code blob."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .code import Item, Key, Mark, Op, encode
from .relocate import JumpTable


@dataclass(frozen=True)
class Placed:
    blob: bytes
    position: dict[Key, int]  # key of a Mark -> position in the code


def place(stream: Iterable[Item], targets: set[int], table: JumpTable) -> Placed:
    """A stream and the addresses that must begin a block to bytes."""
    stream = list(with_block_starts(stream, targets))
    position: dict[Key, int] = {}
    at = 0
    for item in stream:
        if isinstance(item, Mark):
            position[item.key] = at
        else:
            at += len(encode(item))
    code = bytearray()
    starts: list[int] = []
    for item in stream:
        if isinstance(item, Op):
            starts.append(len(code))
            code += encode(item, 0 if item.target is None else position[item.target] - len(code))
    return Placed(blob(bytes(code), starts, [position[address] for address in table.addresses]), position)


def with_block_starts(stream: Iterable[Item], targets: set[int]) -> Iterator[Item]:
    """A fallthrough goes before each target that does not follow a terminator."""
    ended = True
    for item in stream:
        if isinstance(item, Op):
            ended = item.ends
        elif (item.key in targets or isinstance(item.key, tuple)) and not ended:
            yield Op("fallthrough")
            ended = True
        yield item


def blob(code: bytes, starts: Iterable[int], jumps: Sequence[int]) -> bytes:
    """The code blob (blob/layout), with the smallest entries that do."""
    size = max(1, (max(jumps, default=0).bit_length() + 7) // 8)
    bitmask = bytearray((len(code) + 7) // 8)
    for start in starts:
        bitmask[start // 8] |= 1 << start % 8
    header = len(jumps).to_bytes(4, "little") + bytes([size]) + len(code).to_bytes(4, "little")
    return header + b"".join(jump.to_bytes(size, "little") for jump in jumps) + code + bytes(bitmask)
