"""Positions: every place that a jump may go to begins a block, and the code blob."""

from dataclasses import dataclass

from .code import Mark, Op, encode


@dataclass(frozen=True)
class Placed:
    blob: bytes
    position: dict  # key of a Mark -> position in the code


def place(stream, targets, table):
    """A stream and the addresses that must begin a block to bytes."""
    stream = list(with_block_starts(stream, targets))
    position, at = {}, 0
    for item in stream:
        if isinstance(item, Mark):
            position[item.key] = at
        else:
            at += len(encode(item))
    code, starts = bytearray(), []
    for item in stream:
        if isinstance(item, Op):
            starts.append(len(code))
            code += encode(item, 0 if item.target is None else position[item.target] - len(code))
    return Placed(blob(bytes(code), starts, [position[address] for address in table.addresses]), position)


def with_block_starts(stream, targets):
    """A fallthrough goes before each target that does not follow a terminator."""
    ended = True
    for item in stream:
        if isinstance(item, Op):
            ended = item.ends
        elif (item.key in targets or isinstance(item.key, tuple)) and not ended:
            yield Op("fallthrough")
            ended = True
        yield item


def blob(code, starts, jumps):
    """The code blob (blob/layout), with the smallest entries that do."""
    size = max(1, (max(jumps, default=0).bit_length() + 7) // 8)
    bitmask = bytearray((len(code) + 7) // 8)
    for start in starts:
        bitmask[start // 8] |= 1 << start % 8
    header = len(jumps).to_bytes(4, "little") + bytes([size]) + len(code).to_bytes(4, "little")
    return header + b"".join(jump.to_bytes(size, "little") for jump in jumps) + code + bytes(bitmask)
