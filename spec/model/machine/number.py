"""isa.md: the helper functions of the formulas, under the same names."""

from model.reach import rule


def u32(v: int) -> int:
    return v % 2**32


def signed(v: int, bits: int) -> int:
    """The low `bits` of v as a two's-complement integer."""
    v %= 1 << bits
    return v - (1 << bits) if v >> (bits - 1) else v


def s32(v: int) -> int:
    return signed(v, 32)


def s64(v: int) -> int:
    return signed(v, 64)


def sx8(v: int) -> int:
    return signed(v, 8) % 2**64


def sx16(v: int) -> int:
    return signed(v, 16) % 2**64


def sx32(v: int) -> int:
    """The low 32 bits sign-extended: every 32-bit result (isa/result_32)."""
    if v % 2**64 >= 2**31:
        rule("isa/result_32")
    return signed(v, 32) % 2**64


def count(n: int, width: int) -> int:
    """n % width: the count of a shift or rotation (isa/count_mask)."""
    if n >= width:
        rule("isa/count_mask")
    return n % width


def popcount(v: int) -> int:
    return v.bit_count()


def clz(v: int, width: int) -> int:
    return width - v.bit_length()


def ctz(v: int, width: int) -> int:
    return (v & -v).bit_length() - 1 if v else width


def rotl(v: int, n: int, width: int) -> int:
    return (v << n | v >> (width - n)) % (1 << width)


def rotr(v: int, n: int, width: int) -> int:
    return (v >> n | v << (width - n)) % (1 << width)


def bswap64(v: int) -> int:
    return int.from_bytes(v.to_bytes(8, "little"), "big")


def zero(divisor: int) -> bool:
    """divisor == 0 (isa/divide_by_zero)."""
    if divisor == 0:
        rule("isa/divide_by_zero")
    return divisor == 0


def tdiv(a: int, b: int, width: int) -> int:
    """The quotient rounded toward zero; the width only tells isa/divide_overflow."""
    notice_overflow(a, b, width)
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def tmod(a: int, b: int, width: int) -> int:
    """a when b is 0, else the remainder with the sign of a."""
    notice_overflow(a, b, width)
    if zero(b):
        return a
    remainder = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


def notice_overflow(a: int, b: int, width: int) -> None:
    if a == -(2 ** (width - 1)) and b == -1:
        rule("isa/divide_overflow")
