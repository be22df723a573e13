"""Strict reading of JSON: what is not exactly as agreed is Wrong, and the message says what.

Every format of the project enters through these few functions, so that a value has a type from here on.
"""

import json
import re
from collections.abc import Container, Iterable
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Members: TypeAlias = dict[str, Json]

NUMBER = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)\Z")
BYTES = re.compile(r"([0-9a-f]{2})*\Z")
VALUES_MAX = 1 << 23  # as the reader of runner/native has it
U8, U32, U64 = 2**8, 2**32, 2**64


class Wrong(Exception):
    """What was read breaks its format; `at` is a byte offset in it."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.at = at


def loads(data: bytes) -> Json:
    """A JSON text, without duplicate keys, NaN or text after its end."""
    if sum(map(data.count, (b",", b"[", b"{"))) >= VALUES_MAX:
        raise Wrong(f"more than {VALUES_MAX} values")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Wrong("no UTF-8", error.start) from None
    try:
        value: Json = DECODE(text)
    except json.JSONDecodeError as error:
        raise Wrong(f"no JSON ({error.msg})", len(text[: error.pos].encode())) from None
    except RecursionError:
        raise Wrong("nested too deep") from None
    except ValueError as error:  # an integer of thousands of digits
        raise Wrong(f"no JSON ({error})") from None
    return value


def ours(data: bytes) -> Json:
    """A JSON text that a program of ours wrote: quicker, because nobody looks for duplicate keys."""
    value: Json = json.loads(data)
    return value


def unique(pairs: list[tuple[str, Json]]) -> Members:
    """An object without duplicate keys."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Wrong(f"the key {max(names, key=names.count)!r} stands twice in one object")
    return found


def no_constant(text: str) -> None:
    raise Wrong(f"{text} is not JSON")


DECODE = json.JSONDecoder(object_pairs_hook=unique, parse_constant=no_constant).decode  # made once: it is called often


def members(value: Json, what: str, needed: Iterable[str], optional: Container[str] = ()) -> Members:
    """The value, if it is an object with these keys."""
    found = mapping(value, what)
    needed = tuple(needed)
    for key in needed:
        if key not in found:
            raise Wrong(f"{what} has no {key!r}")
    for key in found:
        if key not in needed and key not in optional:
            raise Wrong(f"{what} has an unknown key {key!r}")
    return found


def mapping(value: Json, what: str) -> Members:
    if not isinstance(value, dict):
        raise Wrong(f"{what} is not an object")
    return value


def items(value: Json, what: str) -> list[Json]:
    if not isinstance(value, list):
        raise Wrong(f"{what} is not a list")
    return value


def text(value: Json, what: str) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{what} is not a text")
    return value


def flag(value: Json, what: str) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"{what} is neither true nor false")
    return value


def one_of(value: Json, what: str, words: Iterable[str]) -> str:
    words = tuple(words)
    if not isinstance(value, str) or value not in words:
        raise Wrong(f"{what} is {value!r}, not one of {', '.join(words)}")
    return value


def count(value: Json, what: str, limit: int = U64) -> int:
    """A plain JSON integer from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < limit:
        raise Wrong(f"{what} is {value!r}, not an integer in 0..{limit - 1}")
    return value


def number(value: Json, what: str, limit: int = U64) -> int:
    """A number written as hex text."""
    if not isinstance(value, str) or not NUMBER.match(value):
        raise Wrong(f"{what} is {value!r}, not 0x and lower-case hex without leading zeros")
    found = int(value, 16)
    if found >= limit:
        raise Wrong(f"{what} is {value}, not below {limit:#x}")
    return found


def numbers(value: Json, what: str, count: int) -> tuple[int, ...]:
    """So many numbers of 64 bits written as hex text; quick, because traces are made of them."""
    if not isinstance(value, list) or len(value) != count:
        raise Wrong(f"{what} is not a list of {count} numbers")
    texts = [entry for entry in value if isinstance(entry, str)]
    try:
        found = tuple([int(text, 16) for text in texts])
    except ValueError:
        found = ()
    if list(map(hex, found)) == value and max(found) < U64 and min(found) >= 0:
        return found
    return tuple(number(entry, f"{what}[{index}]") for index, entry in enumerate(value))


def octets(value: Json, what: str, size: int | None = None) -> bytes:
    """Bytes written as lower-case hex."""
    if not isinstance(value, str) or not BYTES.match(value):
        raise Wrong(f"{what} is not lower-case hex of whole bytes")
    if size is not None and len(value) != 2 * size:
        raise Wrong(f"{what} has {len(value) // 2} bytes, not {size}")
    return bytes.fromhex(value)
