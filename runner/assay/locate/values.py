"""What small mistake turns the expected value into the one that an engine got."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

WORD = 2**64
PAGE = 4096


class Mistake(Enum):
    NONE = auto()  # no small mistake explains it
    NOT_WRITTEN = auto()
    ZERO_EXTENDED = auto()
    SIGN_EXTENDED = auto()
    ONE_BIT = auto()
    HIGH_HALF = auto()  # the low 32 bits agree
    NEGATED = auto()
    INVERTED = auto()
    REVERSED = auto()
    OTHER_REGISTER = auto()
    PAGES_OFF = auto()
    OFF_BY = auto()


@dataclass(frozen=True, slots=True)
class Hint:
    """`number` is how many bits, bytes, pages or units; which bit or register."""

    mistake: Mistake
    number: int = 0

    @property
    def is_of_32_bits(self) -> bool:
        """Something is wrong with where a 32-bit value ends."""
        extended = self.mistake in (Mistake.ZERO_EXTENDED, Mistake.SIGN_EXTENDED) and self.number == 32
        return extended or self.mistake == Mistake.HIGH_HALF

    @property
    def is_of_extension(self) -> bool:
        return self.mistake in (Mistake.ZERO_EXTENDED, Mistake.SIGN_EXTENDED, Mistake.HIGH_HALF)

    @property
    def text(self) -> str:
        return TEXT[self.mistake](self.number)


def pages_text(number: int) -> str:
    count = abs(number)
    return f"{count} page{'s' if count > 1 else ''} too {'high' if number > 0 else 'low'}"


TEXT: dict[Mistake, Callable[[int], str]] = {
    Mistake.NONE: lambda _: "",
    Mistake.NOT_WRITTEN: lambda _: "the old value: nothing was written",
    Mistake.ZERO_EXTENDED: lambda bits: f"zero-extended from {bits} bits",
    Mistake.SIGN_EXTENDED: lambda bits: f"sign-extended from {bits} bits",
    Mistake.ONE_BIT: lambda bit: f"bit {bit} is wrong",
    Mistake.HIGH_HALF: lambda _: "the low 32 bits agree",
    Mistake.NEGATED: lambda _: "negated",
    Mistake.INVERTED: lambda _: "inverted",
    Mistake.REVERSED: lambda size: f"the {size} bytes are reversed",
    Mistake.OTHER_REGISTER: lambda register: f"the value of r{register}",
    Mistake.PAGES_OFF: pages_text,
    Mistake.OFF_BY: lambda distance: f"off by {distance:+}",
}


def hint_of(expected: int, got: int, before: int | None = None, others: Sequence[tuple[int, int]] = ()) -> Hint:
    """What makes `expected` into `got`; others are (register, value) of the other registers before."""
    if got == before:
        return Hint(Mistake.NOT_WRITTEN)
    found = extension(expected, got) or arithmetic(expected, got) or reversal(expected, got)
    if found is not None:
        return found
    for register, value in others:
        if value == got and value:
            return Hint(Mistake.OTHER_REGISTER, register)
    return distance(expected, got)


def extension(expected: int, got: int) -> Hint | None:
    for bits in (32, 16, 8):
        if got == expected % (1 << bits):
            return Hint(Mistake.ZERO_EXTENDED, bits)
        if got == sign_extended(expected, bits):
            return Hint(Mistake.SIGN_EXTENDED, bits)
    return None


def sign_extended(value: int, bits: int) -> int:
    value %= 1 << bits
    return (value - (1 << bits) if value >> (bits - 1) else value) % WORD


def arithmetic(expected: int, got: int) -> Hint | None:
    wrong = expected ^ got
    if wrong.bit_count() == 1:
        return Hint(Mistake.ONE_BIT, wrong.bit_length() - 1)
    if wrong % 2**32 == 0:
        return Hint(Mistake.HIGH_HALF)
    if got == (-expected) % WORD:
        return Hint(Mistake.NEGATED)
    if got == ~expected % WORD:
        return Hint(Mistake.INVERTED)
    return None


def reversal(expected: int, got: int) -> Hint | None:
    for size in (8, 4, 2):
        if expected < 1 << (8 * size) and got == int.from_bytes(expected.to_bytes(size, "little"), "big"):
            return Hint(Mistake.REVERSED, size)
    return None


def distance(expected: int, got: int) -> Hint:
    """How far apart two numbers are, if that says something."""
    apart = got - expected
    if apart and apart % PAGE == 0 and abs(apart) <= 1 << 20:
        return Hint(Mistake.PAGES_OFF, apart // PAGE)
    return Hint(Mistake.OFF_BY, apart) if abs(apart) <= 64 else Hint(Mistake.NONE)
