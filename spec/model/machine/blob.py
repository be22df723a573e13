"""blob.md: the code blob."""

from model.reach import rule
from model.table import LIMIT


class Rejected(Exception):
    """The blob breaks `rule`."""

    def __init__(self, name: str) -> None:
        rule(name)
        super().__init__(f"the blob is rejected by {name}")
        self.rule = name


class Blob:
    """An admitted blob."""

    def __init__(self, entry_size: int, jump_table: bytes, code: bytes, bitmask: bytes) -> None:
        self.entry_size = entry_size
        self.jump_table = jump_table
        self.jump_len = len(jump_table) // entry_size
        self.code = code
        self.code_len = len(code)
        self.bitmask = bitmask

    def byte(self, i: int) -> int:
        """code[i], 0 beyond the end."""
        return self.code[i] if i < self.code_len else 0

    def start(self, i: int) -> int:
        """Bit i of the bitmask, i below code_len (blob/bitmask)."""
        return self.bitmask[i // 8] >> (i % 8) & 1

    def jump_entry(self, n: int) -> int:
        """Entry n of the jump table."""
        rule("blob/jump_entry")
        return little_endian(self.jump_table[n * self.entry_size : (n + 1) * self.entry_size])


def little_endian(data: bytes) -> int:
    return int.from_bytes(data, "little")


def parse(data: bytes) -> Blob:
    """Bytes to Blob; raises Rejected with the first reason that holds."""
    if len(data) < LIMIT["header_size"]:
        raise Rejected("blob/header_short")
    jump_len, entry_size, code_len = little_endian(data[0:4]), data[4], little_endian(data[5:9])
    if not 1 <= entry_size <= LIMIT["entry_size_max"]:
        raise Rejected("blob/entry_size")
    table_at = LIMIT["header_size"]
    code_at = table_at + jump_len * entry_size
    bitmask_at = code_at + code_len
    end = bitmask_at + (code_len + 7) // 8
    if len(data) < end:
        raise Rejected("blob/truncated")
    if len(data) > end:
        raise Rejected("blob/trailing_bytes")
    bitmask = bytes(data[bitmask_at:end])
    if code_len % 8 and bitmask[-1] >> (code_len % 8):
        raise Rejected("blob/stray_bits")
    rule("blob/layout")
    return Blob(entry_size, bytes(data[table_at:code_at]), bytes(data[code_at:bitmask_at]), bitmask)
