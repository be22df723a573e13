"""Operand values with names, and the pairs of them that matter to each family of instructions."""

from .build import fits

V = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "seven": 7,
    "minus_one": 2**64 - 1,
    "minus_two": 2**64 - 2,
    "minus_seven": 2**64 - 7,
    "min": 2**63,
    "min_plus_one": 2**63 + 1,
    "max": 2**63 - 1,
    "bit_31": 2**31,
    "max_32": 2**31 - 1,
    "min_32": 2**64 - 2**31,
    "ones_32": 2**32 - 1,
    "bit_32": 2**32,
    "bit_32_and_one": 2**32 + 1,
    "bit_33": 2**33,
    "high_ones": 2**64 - 2**32,
    "bit_7": 0x80,
    "max_8": 0x7F,
    "byte_ones": 0xFF,
    "bit_8": 0x100,
    "bit_15": 0x8000,
    "max_16": 0x7FFF,
    "half_ones": 0xFFFF,
    "bit_16": 0x10000,
    "bit_23": 0x800000,
    "min_8": 2**64 - 0x80,
    "min_16": 2**64 - 0x8000,
    "digits": 0x0123456789ABCDEF,
    "mirror": 0xFEDCBA9876543210,
    "stripes": 0xAAAAAAAAAAAAAAAA,
    "ladder": 0x8040201008040201,
    "odd_signs": 0x80000001C0000003,
    "digits_32": 0x12345678,
    "fours": 4,
    "eight": 8,
    "sixteen": 16,
    "thirty_one": 31,
    "thirty_two": 32,
    "thirty_three": 33,
    "sixty_three": 63,
    "sixty_four": 64,
    "sixty_five": 65,
    "one_hundred_twenty_seven": 127,
}

ARITHMETIC = (
    ("zero", "minus_one"),
    ("one", "one"),
    ("minus_one", "one"),
    ("minus_one", "minus_one"),
    ("max", "one"),
    ("max", "max"),
    ("min", "one"),
    ("min", "minus_one"),
    ("min", "min"),
    ("max_32", "one"),
    ("bit_31", "bit_31"),
    ("bit_31", "minus_one"),
    ("min_32", "minus_one"),
    ("min_32", "min_32"),
    ("max_32", "max_32"),
    ("ones_32", "one"),
    ("ones_32", "ones_32"),
    ("bit_32", "max_32"),
    ("digits", "mirror"),
    ("digits", "digits_32"),
    ("mirror", "minus_seven"),
    ("bit_32_and_one", "one"),
)

DIVISION = (
    ("zero", "zero"),
    ("one", "zero"),
    ("minus_one", "zero"),
    ("min", "zero"),
    ("odd_signs", "zero"),
    ("zero", "one"),
    ("one", "minus_one"),
    ("min", "minus_one"),
    ("min", "one"),
    ("min_plus_one", "minus_one"),
    ("max", "minus_one"),
    ("min", "min"),
    ("bit_31", "minus_one"),
    ("bit_31", "ones_32"),
    ("min_32", "minus_one"),
    ("min_32", "ones_32"),
    ("seven", "bit_32"),
    ("odd_signs", "bit_32"),
    ("min", "bit_32"),
    ("bit_32_and_one", "bit_32_and_one"),
    ("bit_33", "bit_32_and_one"),
    ("seven", "three"),
    ("seven", "minus_two"),
    ("minus_seven", "three"),
    ("minus_seven", "minus_two"),
    ("minus_one", "two"),
    ("one", "two"),
    ("ones_32", "two"),
    ("digits", "seven"),
    ("mirror", "minus_seven"),
    ("minus_one", "max"),
)

COUNTS = ("zero", "one", "thirty_one", "thirty_two", "thirty_three", "sixty_three", "sixty_four", "sixty_five")
SHIFT = (
    tuple(("ladder", count) for count in COUNTS)
    + tuple(("odd_signs", count) for count in ("one", "thirty_one", "sixty_three"))
    + tuple(("minus_one", count) for count in ("one", "sixty_three"))
    + (
        ("min", "sixty_three"),
        ("bit_31", "thirty_one"),
        ("max", "one"),
        ("max_32", "one"),
        ("one", "sixty_three"),
        ("digits", "minus_one"),
        ("digits", "eight"),
        ("digits", "bit_32"),
        ("mirror", "min"),
    )
)

SHIFT_OF_IMMEDIATE = (
    tuple(("min_32", count) for count in COUNTS)
    + tuple(("minus_one", count) for count in ("one", "thirty_one", "sixty_three"))
    + tuple(("digits_32", count) for count in ("seven", "thirty_two", "minus_one", "bit_32", "min"))
    + (("one", "thirty_one"), ("one", "sixty_three"), ("max_32", "one"), ("zero", "seven"), ("minus_seven", "eight"))
)

LOGIC = (
    ("zero", "zero"),
    ("zero", "minus_one"),
    ("minus_one", "zero"),
    ("minus_one", "minus_one"),
    ("digits", "mirror"),
    ("digits", "minus_one"),
    ("stripes", "digits"),
    ("stripes", "seven"),
    ("min", "max"),
    ("min", "minus_one"),
    ("bit_31", "min_32"),
    ("ones_32", "min_32"),
    ("high_ones", "max_32"),
    ("ladder", "minus_seven"),
    ("mirror", "max_32"),
    ("mirror", "min_32"),
)

COMPARE = (
    ("zero", "zero"),
    ("zero", "one"),
    ("one", "zero"),
    ("zero", "minus_one"),
    ("minus_one", "zero"),
    ("minus_one", "minus_one"),
    ("minus_two", "minus_one"),
    ("minus_one", "minus_two"),
    ("min", "max"),
    ("max", "min"),
    ("min", "min"),
    ("max", "max"),
    ("min", "minus_one"),
    ("max", "minus_one"),
    ("min", "zero"),
    ("bit_31", "max_32"),
    ("max_32", "max_32"),
    ("bit_31", "min_32"),
    ("min_32", "min_32"),
    ("min_32", "max_32"),
    ("ones_32", "minus_one"),
    ("bit_32", "zero"),
    ("bit_32_and_one", "one"),
)

MULTIPLY = ARITHMETIC + (
    ("min", "max"),
    ("max", "minus_one"),
    ("max", "min"),
    ("bit_32", "bit_32"),
    ("minus_one", "max"),
    ("bit_31", "two"),
    ("minus_one", "min"),
)

SELECT = (
    ("digits", "zero"),
    ("digits", "one"),
    ("digits", "minus_one"),
    ("digits", "min"),
    ("digits", "bit_32"),
    ("digits", "bit_31"),
    ("zero", "zero"),
    ("zero", "one"),
    ("minus_one", "zero"),
    ("minus_one", "minus_one"),
    ("minus_seven", "bit_8"),
    ("min_32", "zero"),
    ("max_32", "two"),
)

ONE = (
    "zero",
    "one",
    "two",
    "minus_one",
    "min",
    "max",
    "bit_7",
    "max_8",
    "byte_ones",
    "bit_8",
    "bit_15",
    "max_16",
    "half_ones",
    "bit_16",
    "bit_31",
    "max_32",
    "ones_32",
    "bit_32",
    "high_ones",
    "digits",
    "mirror",
    "ladder",
)

IMMEDIATE = (
    "zero",
    "one",
    "minus_one",
    "max_8",
    "bit_7",
    "min_8",
    "byte_ones",
    "max_16",
    "bit_15",
    "min_16",
    "half_ones",
    "bit_23",
    "max_32",
    "min_32",
    "digits_32",
)


def is_immediate(name):
    return fits(V[name], 4)
