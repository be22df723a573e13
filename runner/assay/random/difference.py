"""Where two answers differ, in words."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass

SHOWN = 200


def difference(a: object, b: object) -> str:
    """The first member in which two values of the same form differ."""
    if is_dataclass(a) and type(a) is type(b):
        for member in fields(a):
            x, y = getattr(a, member.name), getattr(b, member.name)
            if x != y:
                return f"{member.name}: {difference(x, y)}"
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return in_sequences(a, b)
    return f"{shown(a)} and {shown(b)}"


def in_sequences(a: Sequence[object], b: Sequence[object]) -> str:
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return f"[{index}] {difference(x, y)}"
    return f"length: {len(a)} and {len(b)}"


def shown(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else hex(value) if isinstance(value, int) else str(value)
    return text if len(text) < SHOWN else f"{text[:120]}… ({len(text)} characters)"
