"""Third-party vectors: their program (|j| z |c| j c bitmask) as our blob."""

from assay.assembly import asm
from assay.base.strict import U32, Wrong


def convert(program: bytes) -> tuple[bytes, int]:
    """Our blob, and code_len."""
    at, jump_len = natural(program, 0, "the jump table's length")
    if at >= len(program):
        raise Wrong(f"program ends at byte {at}, before the size of a jump-table entry")
    entry_size, at = program[at], at + 1
    at, code_len = natural(program, at, "the code's length")
    if entry_size > asm.ENTRY_SIZE_MAX or (jump_len and not entry_size):
        raise Wrong(f"program has jump-table entries of {entry_size} bytes, not 1..4")
    code_at = at + jump_len * entry_size
    end = code_at + code_len + (code_len + 7) // 8
    if len(program) != end:
        raise Wrong(f"program has {len(program)} bytes; its lengths add up to {end}")
    if code_len >= U32 or jump_len >= U32:
        raise Wrong("program has a length of 2^32 or more, which no blob of ours has")
    header = jump_len.to_bytes(4, "little") + bytes([entry_size or 1]) + code_len.to_bytes(4, "little")
    return header + program[at:], code_len


def natural(data: bytes, at: int, what: str) -> tuple[int, int]:
    """(next position, number) of a JAM compact natural: the leading ones of its first byte count
    the bytes that follow, the rest of the first byte is the top.
    """
    if at >= len(data):
        raise Wrong(f"program ends at byte {at}, before {what}")
    first = data[at]
    extra = next((n for n in range(8) if not first >> (7 - n) & 1), 8)
    if at + 1 + extra > len(data):
        raise Wrong(f"program ends within {what}, which begins at byte {at}")
    low = int.from_bytes(data[at + 1 : at + 1 + extra], "little")
    value = ((first & (0xFF >> extra)) << (8 * extra)) + low
    if extra and value < 1 << (7 * extra):
        raise Wrong(f"{what} at byte {at} of program is written longer than need be")
    return at + 1 + extra, value
