"""A random program: types, globals, functions that call the ones before them, tables of them, and main."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from . import prelude
from .expression import Expressions
from .prelude import TYPES
from .scope import Array, Callee, Rows, Scope, Struct, Type, Variable
from .shapes import ALIGNMENT, Shapes
from .statement import Statements

LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os", "-Oz")
OPTIONS = ("", "", "-mno-relax", "-mcmodel=medany", "-flto", "-fPIC", "-fno-jump-tables", "-falign-functions=32")
FUNCTION_BUDGET = 500
MAIN_BUDGET = 6000
INLINING = ("", "", "__attribute__((noinline)) ", "__attribute__((unused)) ")
SECTION = '__attribute__((section("cells"))) '


@dataclass(frozen=True)
class Program:
    seed: int
    index: int
    level: str  # of optimisation
    option: str  # another one for the compiler, or ""
    text: str

    @property
    def options(self) -> list[str]:
        return [self.level, *([self.option] if self.option else [])]


def generate(seed: int, index: int) -> Program:
    """Program `index` of a seed, always the same."""
    draw = random.Random(f"{seed}/{index}")
    level, option = draw.choice(LEVELS), draw.choice(OPTIONS)
    text = Writer(draw).program()
    head = f"/* Random program {index} of seed {seed}: {level} {option}".rstrip()
    return Program(seed, index, level, option, f"{head} */\n{text}")


class Writer:
    def __init__(self, draw: random.Random) -> None:
        self.random = draw
        self.lines: list[str] = []
        self.types: list[Type] = []
        self.globals = Scope(budget=MAIN_BUDGET)
        self.constants = Expressions(draw, self.globals)
        self.tail: list[str] = []  # what comes last
        self.shapes = Shapes(draw, self.scope, self.lines, self.tail)

    def program(self) -> str:
        self.structs()
        self.data()
        for number in range(self.random.randrange(3, 8)):
            self.random.choice((self.plain, self.plain, self.recursive, self.changer, self.shape, self.shape))(number)
        self.table()
        self.plain(99)
        self.main()
        return prelude.TEXT + "\n" + "\n".join((*self.lines, *self.tail)) + "\n"

    def structs(self) -> None:
        for number in range(self.random.randrange(1, 4)):
            fields = tuple((f"m{n}", self.random.choice(TYPES)) for n in range(self.random.randrange(2, 7)))
            self.types.append(Type(f"struct s{number}", fields))
            members = [f"    {type} {name};" for name, type in fields]
            self.lines += [f"struct s{number} {{", *members, "};", ""]

    def data(self) -> None:
        for number in range(self.random.randrange(4, 9)):
            self.variable(number)
        for number in range(self.random.randrange(2, 6)):
            self.array(f"a{number}")
        for number in range(self.random.randrange(1, 4)):
            self.struct(f"t{number}")
        for number in range(self.random.randrange(3)):
            rows = Rows(f"u{number}", self.random.choice(self.types), self.random.choice((2, 4, 8)))
            self.lines.append(f"static {rows.type.name} {rows.name}[{rows.size}];")
            self.globals.rows.append(rows)
        self.lines.append("")

    def variable(self, number: int) -> None:
        """A variable, perhaps with a pointer at it."""
        type, name = self.random.choice(TYPES), f"g{number}"
        qualifier = self.random.choice(("", "", "volatile "))
        start = "" if self.random.random() < 0.4 else f" = ({type}){self.constants.constant()}"
        place = self.random.choice(("", "", "", SECTION, f"_Alignas({self.random.choice(ALIGNMENT)}) "))
        self.lines.append(f"{place}static {qualifier}{type} {name}{start};")
        self.globals.variables.append(Variable(name, type, is_volatile=bool(qualifier)))
        if not qualifier and self.random.random() < 0.4:
            self.lines.append(f"static {type} *p{number} = &{name};")
            self.globals.pointers.append(Variable(f"p{number}", type))

    def struct(self, name: str) -> None:
        type = self.random.choice(self.types)
        values = ", ".join(f"({t}){self.constants.constant()}" for _, t in type.fields)
        start = f" = {{{values}}}" if self.random.random() < 0.6 else ""
        self.lines.append(f"static {type.name} {name}{start};")
        self.globals.structs.append(Struct(name, type))

    def array(self, name: str) -> None:
        type, size = self.random.choice(TYPES), self.random.choice((4, 8, 16, 32))
        is_constant = self.random.random() < 0.3
        values = ", ".join(f"({type}){self.constants.constant()}" for _ in range(size))
        start = f" = {{{values}}}" if is_constant or self.random.random() < 0.5 else ""
        self.lines.append(f"static {'const ' if is_constant else ''}{type} {name}[{size}]{start};")
        self.globals.arrays.append(Array(name, type, size, is_constant))

    def attributes(self) -> str:
        """Of a function: whether it may be copied, how it is aligned."""
        aligned = self.random.random() < 0.25
        alignment = f"__attribute__((aligned({self.random.choice(ALIGNMENT)}))) " if aligned else ""
        return self.random.choice(INLINING) + alignment

    def shape(self, number: int) -> None:
        self.globals.callees.append(self.shapes.any(number))

    def scope(self, budget: int, words: Sequence[str]) -> Scope:
        """What is global, and parameters."""
        known = self.globals
        return Scope(
            budget,
            [*known.variables, *(Variable(word, "uint64_t", is_local=True) for word in words)],
            list(known.arrays),
            list(known.structs),
            list(known.rows),
            list(known.pointers),
            [*known.callees, Callee("mix_all", self.random.randrange(1, 12), 60)],
            list(known.changers),
        )

    def locals(self, scope: Scope) -> list[str]:
        """Declarations of local variables, arrays, structs and pointers at them."""
        lines: list[str] = []
        own: list[Variable] = []
        expressions = Expressions(self.random, scope)
        for number in range(self.random.randrange(1, 6)):
            variable = Variable(f"v{number}", self.random.choice(TYPES), is_local=True)
            own.append(variable)
            lines.append(f"{variable.type} {variable.name} = ({variable.type}){expressions.any(2)};")
        scope.variables += own
        if self.random.random() < 0.5:
            aim = self.random.choice(own)
            lines.append(f"{aim.type} *q = &{aim.name};")
            scope.pointers.append(Variable("q", aim.type, is_local=True))
        if self.random.random() < 0.5:
            array = Array("l", self.random.choice(TYPES), self.random.choice((4, 8, 16)))
            lines.append(f"{array.type} l[{array.size}] = {{0}};")
            scope.arrays.append(array)
        if self.random.random() < 0.4:
            struct = Struct("s", self.random.choice(self.types))
            lines.append(f"{struct.type.name} s = {{0}};")
            scope.structs.append(struct)
        return lines

    def function(
        self, head: str, scope: Scope, before: Sequence[str] = (), after: Sequence[str] = (), returns: str | None = None
    ) -> int:
        """Writes one; what it costs."""
        statements = Statements(self.random, scope)
        body = [*before, *self.locals(scope), *statements.block(self.random.randrange(2, 7), 2), *after]
        last = returns or f"return {statements.expressions.any(3)};"
        self.lines += [head, "{", *(f"    {line}" for line in (*body, last)), "}", ""]
        return scope.cost

    def plain(self, number: int) -> None:
        """A function of words; from the seventh on they are on the stack."""
        words = [f"x{n}" for n in range(self.random.choice((1, 2, 2, 3, 4, 6, 7, 9)))]
        parameters = ", ".join(f"uint64_t {word}" for word in words)
        head = f"{self.attributes()}static uint64_t f{number}({parameters})"
        cost = self.function(head, self.scope(FUNCTION_BUDGET, words))
        self.globals.callees.append(Callee(f"f{number}", len(words), cost))

    def recursive(self, number: int) -> None:
        """A function that calls itself at most twice, one less deep."""
        name, depth = f"r{number}", self.random.choice((1, 3, 7))
        scope = self.scope(60, ["x0", "x1"])
        twice = depth <= 3 and self.random.random() < 0.5
        expressions = Expressions(self.random, scope)
        before = ["if (depth == 0) {", f"    return {expressions.any(2)};", "}"]
        after = [f"x0 ^= {name}(depth - 1, {expressions.any(1)}, x0);"] * (2 if twice else 1)
        head = f"static uint64_t {name}(uint64_t depth, uint64_t x0, uint64_t x1)"
        cost = self.function(head, scope, before, after)
        calls = 2 ** (depth + 1) if twice else depth + 1
        self.globals.callees.append(Callee(name, 2, cost * calls, depth=depth))

    def changer(self, number: int) -> None:
        """A function that takes a struct by value and returns it changed."""
        type = self.random.choice(self.types)
        scope = self.scope(FUNCTION_BUDGET, ["x0"])
        scope.structs.append(Struct("given", type))
        head = f"{self.attributes()}static {type.name} c{number}({type.name} given, uint64_t x0)"
        cost = self.function(head, scope, returns="return given;")
        self.globals.changers.append(Callee(f"c{number}", 1, cost, struct=type))

    def table(self) -> None:
        """Functions of one shape, by index: a constant table or one that can be written."""
        by_words: dict[int, list[Callee]] = {}
        for callee in self.globals.callees:
            if not callee.depth:
                by_words.setdefault(callee.words, []).append(callee)
        for words, found in by_words.items():
            size = self.random.choice((2, 4, 8))
            chosen = [self.random.choice(found) for _ in range(size)]
            qualifier = self.random.choice(("", "const ", "volatile "))
            parameters = ", ".join(["uint64_t"] * words)
            names = ", ".join(callee.name for callee in chosen)
            self.lines += [f"static uint64_t (*{qualifier}w{words}[{size}])({parameters}) = {{{names}}};", ""]
            cost = max(callee.cost for callee in chosen)
            self.globals.callees.append(Callee(f"w{words}", words, cost, table=size))

    def main(self) -> None:
        known = self.globals
        scope = self.scope(MAIN_BUDGET, [f"argument{n}" for n in range(4)])
        calls = Expressions(self.random, scope)
        called = [f"note({calls.call_of(callee, 2)});" for callee in known.callees]
        notes = [f"note((uint64_t){variable.name});" for variable in known.variables]
        notes += [f"note((uint64_t)*{pointer.name});" for pointer in known.pointers]
        notes += [f"note_bytes({array.name}, sizeof {array.name});" for array in known.arrays]
        notes += [f"note((uint64_t){s.name}.{name});" for s in known.structs for name, _ in s.type.fields]
        for rows in known.rows:
            sums = " ^ ".join(f"(uint64_t){rows.name}[i].{name}" for name, _ in rows.type.fields)
            notes += [f"for (unsigned i = 0; i < {rows.size}; i++) {{", f"    note({sums});", "}"]
        self.function("ASSAY_ENDPOINT(0, main_endpoint)", scope, called, notes, "return digest;")
