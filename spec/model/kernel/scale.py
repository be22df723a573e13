"""image.md, "The encoding": how each kind of value is read and written.

A type is an object with two methods: `read` takes a value off a Reader, `write` gives the bytes of
a value. Type[int] is a type whose values are integers.
"""

from collections.abc import Callable
from typing import Generic, Never, Protocol, TypeVar

from model.reach import rule

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
K = TypeVar("K", int, bytes)  # keys of a map, which have an order
V = TypeVar("V")


class DecodeError(Exception):
    """The bytes break `rule`; `offset` is where that was found, for people."""

    def __init__(self, kind: str, offset: int) -> None:
        self.rule = "image/decode/" + kind
        self.offset = offset
        rule(self.rule)
        rule("image/decode/order")
        super().__init__(f"the bytes do not decode by {self.rule}, found at byte {offset}")


class Reader:
    """Input, read once from front to back. `depth` counts the CNodes that it is inside of."""

    def __init__(self, data: bytes) -> None:
        self.data = bytes(data)
        self.at = 0
        self.depth = 0

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if size > self.left():
            raise DecodeError("unexpected_eof", self.at)
        self.at += size
        return self.data[self.at - size : self.at]


class Reads(Protocol[T_co]):
    def read(self, reader: Reader) -> T_co: ...


class Type(Reads[T], Protocol[T]):
    def write(self, value: T, /) -> bytes: ...


class Field(Reads[object], Protocol):
    """A type of some value or other."""

    def write(self, value: Never, /) -> bytes: ...


def decode(type: Reads[T_co], data: bytes) -> T_co:
    """The value of the whole input; raises DecodeError."""
    reader = Reader(data)
    value = type.read(reader)
    if reader.left():
        raise DecodeError("trailing_bytes", reader.at)
    rule("image/decode/whole")
    return value


class Unsigned:
    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, reader: Reader) -> int:
        return int.from_bytes(reader.take(self.size), "little")

    def write(self, value: int) -> bytes:
        return value.to_bytes(self.size, "little")


class Fixed:
    """[u8;N]"""

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, reader: Reader) -> bytes:
        return reader.take(self.size)

    def write(self, value: bytes) -> bytes:
        if len(value) != self.size:
            raise ValueError(f"{len(value)} bytes where the type has {self.size}")
        return bytes(value)


U8, U32, U64, HASH = Unsigned(1), Unsigned(4), Unsigned(8), Fixed(32)


def read_count(reader: Reader) -> int:
    """image/decode/sequence_too_long: the count's own four bytes count too."""
    at, most = reader.at, reader.left()
    count = U32.read(reader)
    if count > most:
        raise DecodeError("sequence_too_long", at)
    return count


class Bytes:
    """Vec<u8>"""

    def read(self, reader: Reader) -> bytes:
        return reader.take(read_count(reader))

    def write(self, value: bytes) -> bytes:
        return U32.write(len(value)) + bytes(value)


class Vec(Generic[T]):
    def __init__(self, element: Type[T]) -> None:
        self.element = element

    def read(self, reader: Reader) -> list[T]:
        return [self.element.read(reader) for _ in range(read_count(reader))]

    def write(self, value: list[T]) -> bytes:
        return U32.write(len(value)) + b"".join(self.element.write(element) for element in value)


class Array(Generic[T]):
    """[T;N]"""

    def __init__(self, element: Type[T], length: int) -> None:
        self.element = element
        self.length = length

    def read(self, reader: Reader) -> list[T]:
        return [self.element.read(reader) for _ in range(self.length)]

    def write(self, value: list[T]) -> bytes:
        if len(value) != self.length:
            raise ValueError(f"{len(value)} elements where the type has {self.length}")
        return b"".join(self.element.write(element) for element in value)


class Option(Generic[T]):
    """None or a value."""

    def __init__(self, some: Type[T]) -> None:
        self.some = some

    def read(self, reader: Reader) -> T | None:
        at, discriminator = reader.at, U8.read(reader)
        if discriminator > 1:
            raise DecodeError("invalid_discriminator", at)
        return self.some.read(reader) if discriminator else None

    def write(self, value: T | None) -> bytes:
        return b"\0" if value is None else b"\1" + self.some.write(value)


class Map(Generic[K, V]):
    """A dict. Integers are ordered as numbers, [u8;32] as bytes. `check` looks at a key before its
    value is read."""

    def __init__(self, key: Type[K], value: Type[V]) -> None:
        self.key: Type[K] = key
        self.value = value

    def read(self, reader: Reader, check: Callable[[K], bool] | None = None) -> dict[K, V]:
        pairs: dict[K, V] = {}
        last: K | None = None
        for _ in range(read_count(reader)):
            at = reader.at
            key = self.key.read(reader)
            if last is not None and key <= last:
                raise DecodeError("not_sorted", at)
            if check and not check(key):
                raise DecodeError("invalid_discriminator", at)
            pairs[key] = self.value.read(reader)
            last = key
        return pairs

    def write(self, value: dict[K, V]) -> bytes:
        pairs = (self.key.write(key) + self.value.write(value[key]) for key in sorted(value))
        return U32.write(len(value)) + b"".join(pairs)


class Struct(Generic[T_co]):
    """A dataclass, its fields in the order given."""

    def __init__(self, make: type[T_co], **fields: Field) -> None:
        self.make = make
        self.fields = fields

    def read(self, reader: Reader) -> T_co:
        return self.make(**{name: type.read(reader) for name, type in self.fields.items()})

    def write(self, value: object) -> bytes:
        return b"".join(type.write(getattr(value, name)) for name, type in self.fields.items())


class Enum(Generic[T_co]):
    """One of several structs; the discriminator is the place in the list."""

    def __init__(self, *variants: Struct[T_co]) -> None:
        self.variants = variants

    def read(self, reader: Reader) -> T_co:
        at, discriminator = reader.at, U8.read(reader)
        if discriminator >= len(self.variants):
            raise DecodeError("invalid_discriminator", at)
        return self.variants[discriminator].read(reader)

    def write(self, value: object) -> bytes:
        for discriminator, variant in enumerate(self.variants):
            if isinstance(value, variant.make):
                return U8.write(discriminator) + variant.write(value)
        raise TypeError(f"{type(value).__name__} is no variant of this type")
