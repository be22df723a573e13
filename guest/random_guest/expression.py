"""Random expressions: text of type uint64_t that reads what the scope has."""

from random import Random

from .prelude import TYPES, bits_of, wide
from .scope import Array, Callee, Scope, Struct

EDGES = (
    0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FF, 0x800, 0x801, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFF7FF, 0x7FFFF800,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2048, 2**64 - 2**31,
)  # fmt: skip
COMPARE = ("<", ">", "<=", ">=", "==", "!=")
MIX = ("mul_high", "mul_high_signed", "mul_fold", "rotate_64", "rotate_32")
PER_CALL = 3  # what a call costs besides the function


class Expressions:
    """Draws from `random`; `scope` says what can be read and which functions may be called here."""

    def __init__(self, random: Random, scope: Scope) -> None:
        self.random = random
        self.scope = scope

    def any(self, depth: int = 3) -> str:
        self.scope.spend(1)
        if depth <= 0 or self.random.random() < 0.12:
            return self.leaf(depth)
        return self.random.choices(
            (self.arithmetic, self.mix, self.unary, self.compare, self.choice, self.call, self.leaf),
            (40, 10, 14, 10, 8, 8, 10),
        )[0](depth)

    def constant(self) -> str:
        kind = self.random.randrange(4)
        if kind == 0:
            value = self.random.choice(EDGES)
        elif kind == 1:
            value = self.random.randrange(-2049, 2049)
        else:
            value = self.random.getrandbits(self.random.choice((8, 16, 32, 64)))
        return f"{value % 2**64:#x}u"

    def leaf(self, depth: int) -> str:
        if self.random.random() < 0.2:
            return f"(uint64_t){self.constant()}"
        return f"(uint64_t){self.place(depth)}"

    def place(self, depth: int) -> str:
        """Something that can be read: a variable, an element, a field, what a pointer points at."""
        kind = self.random.randrange(7)
        if kind == 0 and self.scope.arrays:
            return self.element(self.random.choice(self.scope.arrays), depth)
        if kind == 1 and self.scope.structs:
            return self.field(self.random.choice(self.scope.structs))
        if kind == 2 and self.scope.pointers:
            return f"*{self.random.choice(self.scope.pointers).name}"
        if kind == 3 and self.scope.rows:
            rows = self.random.choice(self.scope.rows)
            return f"{rows.name}[{self.index(rows.size, depth)}].{self.random.choice(rows.type.fields)[0]}"
        return self.random.choice(self.scope.variables).name

    def element(self, array: Array, depth: int) -> str:
        return f"{array.name}[{self.index(array.size, depth)}]"

    def index(self, size: int, depth: int) -> str:
        counters = self.scope.counters
        if counters and self.random.random() < 0.5:
            return f"{self.random.choice(counters)} & {size - 1}"
        return f"{self.any(min(depth - 1, 1))} & {size - 1}"

    def field(self, struct: Struct) -> str:
        return f"{struct.name}.{self.random.choice(struct.type.fields)[0]}"

    def arithmetic(self, depth: int) -> str:
        type = self.random.choice(TYPES)
        a, b = self.any(depth - 1), self.any(depth - 1)
        bits, unsigned = bits_of(type), wide(type)
        operation = self.random.choice(("+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&~", "|~", "^~"))
        if operation in "/%":
            return f"{'div' if operation == '/' else 'rem'}_{type}(({type}){a}, ({type}){b})"
        if operation == ">>":
            return f"(uint64_t)(({type}){a} >> ({b} & {bits - 1}))"
        if operation == "<<":
            return f"(uint64_t)({type})(({unsigned}){a} << ({b} & {bits - 1}))"
        return f"(uint64_t)({type})(({unsigned}){a} {operation[0]} {operation[1:]}({unsigned}){b})"

    def mix(self, depth: int) -> str:
        a, b = self.any(depth - 1), self.any(depth - 1)
        kind = self.random.randrange(len(MIX) + 2)
        if kind < len(MIX):
            return f"{MIX[kind]}({a}, {b})"
        name, sign = (("<", ">")[kind - len(MIX)], self.random.choice(("u", "")))
        type = f"{sign}int{self.random.choice((32, 64))}_t"
        return f"(uint64_t)(({type}){a} {name} ({type}){b} ? ({type}){a} : ({type}){b})"

    def unary(self, depth: int) -> str:
        a = self.any(depth - 1)
        return self.random.choice(
            (
                f"(~{a})",
                f"(0 - {a})",
                f"(uint64_t)!{a}",
                f"(uint64_t)({self.random.choice(TYPES)}){a}",
                f"(uint64_t)__builtin_popcountll({a})",
                f"(uint64_t)__builtin_popcount((uint32_t){a})",
                f"(uint64_t)__builtin_clzll({a} | 1)",
                f"(uint64_t)__builtin_clz((uint32_t){a} | 1)",
                f"(uint64_t)__builtin_ctzll({a} | (uint64_t)1 << 63)",
                f"(uint64_t)__builtin_ctz((uint32_t){a} | (uint32_t)1 << 31)",
                f"__builtin_bswap64({a})",
                f"(uint64_t)__builtin_bswap32((uint32_t){a})",
            )
        )

    def condition(self, depth: int) -> str:
        type = self.random.choice(TYPES)
        text = f"({type}){self.any(depth - 1)} {self.random.choice(COMPARE)} ({type}){self.any(depth - 1)}"
        if depth > 1 and self.random.random() < 0.2:
            return f"({text}) {self.random.choice(('&&', '||'))} ({self.condition(depth - 1)})"
        return text

    def compare(self, depth: int) -> str:
        return f"(uint64_t)({self.condition(depth)})"

    def choice(self, depth: int) -> str:
        return f"({self.condition(depth)} ? {self.any(depth - 1)} : {self.any(depth - 1)})"

    def call(self, depth: int) -> str:
        """A call of a function of words, by name or by a table; a leaf when none can be afforded."""
        found = [callee for callee in self.scope.callees if self.scope.affords(callee.cost + PER_CALL)]
        if not found:
            return self.leaf(depth)
        return self.call_of(self.random.choice(found), depth)

    def call_of(self, callee: Callee, depth: int) -> str:
        self.scope.spend(callee.cost + PER_CALL)
        words = [self.any(depth - 2) for _ in range(callee.words)]
        if callee.depth:
            words.insert(0, f"{self.any(0)} & {callee.depth}")
        if callee.table:
            return f"{callee.name}[{self.any(depth - 2)} & {callee.table - 1}]({', '.join(words)})"
        if callee.name == "mix_all":
            words.insert(0, str(callee.words))
        return f"{callee.name}({', '.join(words)})"
