"""What a function of a random program can name, and what it may still cost."""

from dataclasses import dataclass, field

from .prelude import bits_of


@dataclass(frozen=True)
class Variable:
    name: str
    type: str
    is_constant: bool = False
    is_local: bool = False
    is_volatile: bool = False


@dataclass(frozen=True)
class Array:
    name: str
    type: str
    size: int  # a power of two
    is_constant: bool = False

    @property
    def bytes(self) -> int:
        return self.size * bits_of(self.type) // 8


@dataclass(frozen=True)
class Type:
    name: str
    fields: tuple[tuple[str, str], ...]  # (name, type) of each


@dataclass(frozen=True)
class Struct:
    name: str
    type: Type


@dataclass(frozen=True)
class Rows:
    """An array of structs."""

    name: str
    type: Type
    size: int


@dataclass(frozen=True)
class Callee:
    name: str
    words: int
    cost: int
    depth: int = 0  # the mask of the first argument, how deep it may go
    table: int = 0  # how many functions the table of this name has
    struct: Type | None = None  # what it takes and returns, if that is no word


@dataclass
class Scope:
    budget: int
    variables: list[Variable] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    pointers: list[Variable] = field(default_factory=list)
    callees: list[Callee] = field(default_factory=list)
    changers: list[Callee] = field(default_factory=list)  # functions of a struct
    counters: list[str] = field(default_factory=list)
    times: int = 1  # how often what is written now is done
    cost: int = 0

    def affords(self, cost: int) -> bool:
        return self.cost + cost * self.times <= self.budget

    def spend(self, cost: int) -> None:
        self.cost += cost * self.times
