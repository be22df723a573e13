"""Random statements: lists of lines that change what the scope has."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from .expression import PER_CALL, Expressions
from .prelude import wide
from .scope import Scope, Variable


def may_aim(pointer: Variable, variable: Variable) -> bool:
    """What outlives a function does not aim at what the function has."""
    outlived = variable.is_local and not pointer.is_local
    return variable.type == pointer.type and not (outlived or variable.is_constant or variable.is_volatile)


class Statements:
    def __init__(self, random: Random, scope: Scope) -> None:
        self.random = random
        self.scope = scope
        self.expressions = Expressions(random, scope)
        self.names = 0

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def block(self, count: int, depth: int) -> list[str]:
        return [line for _ in range(count) for line in self.any(depth)]

    def any(self, depth: int) -> list[str]:
        assign = self.assign
        simple = (assign, assign, self.element, self.field, self.through, self.note, self.whole, self.memory)
        nested = (self.chain, self.loop, self.countdown, self.switch, self.sweep)
        if depth > 0 and self.scope.affords(40) and self.random.random() < 0.45:
            return self.random.choice(nested)(depth)
        return self.random.choice(simple)()

    def value(self) -> str:
        return self.expressions.any(self.random.randrange(1, 4))

    def store(self, place: str, type: str) -> list[str]:
        operation = self.random.choice(("", "", "", "+", "-", "^", "|", "*"))
        if operation:
            return [f"{place} = ({type})(({wide(type)}){place} {operation} ({wide(type)}){self.value()});"]
        return [f"{place} = ({type}){self.value()};"]

    def assign(self) -> list[str]:
        found = [variable for variable in self.scope.variables if not variable.is_constant]
        variable = self.random.choice(found)
        return self.store(variable.name, variable.type)

    def element(self) -> list[str]:
        found = [array for array in self.scope.arrays if not array.is_constant]
        if not found:
            return self.assign()
        array, at = self.random.choice(found), self.name("at")
        index = self.expressions.index(array.size, 2)
        return (
            ["{", f"    unsigned {at} = (unsigned)({index});"]
            + [f"    {line}" for line in self.store(f"{array.name}[{at}]", array.type)]
            + ["}"]
        )

    def field(self) -> list[str]:
        if self.scope.rows and self.random.random() < 0.4:
            return self.row()
        if not self.scope.structs:
            return self.assign()
        struct = self.random.choice(self.scope.structs)
        name, type = self.random.choice(struct.type.fields)
        return self.store(f"{struct.name}.{name}", type)

    def row(self) -> list[str]:
        """A field of a struct in an array of them, by a pointer at the struct; or the whole struct."""
        rows, at = self.random.choice(self.scope.rows), self.name("row")
        name, type = self.random.choice(rows.type.fields)
        lines = self.store(f"{at}->{name}", type)
        given = [struct.name for struct in self.scope.structs if struct.type is rows.type]
        if given and self.random.random() < 0.3:
            lines = [f"*{at} = {self.random.choice(given)};"]
        index = self.expressions.index(rows.size, 2)
        aim = f"{rows.type.name} *{at} = &{rows.name}[{index}];"
        return ["{", f"    {aim}", *(f"    {line}" for line in lines), "}"]

    def through(self) -> list[str]:
        """A store by a pointer, or a new aim of it at a variable of its type."""
        if not self.scope.pointers:
            return self.assign()
        pointer = self.random.choice(self.scope.pointers)
        aims = [variable for variable in self.scope.variables if may_aim(pointer, variable)]
        if aims and self.random.random() < 0.4:
            return [f"{pointer.name} = &{self.random.choice(aims).name};"]
        return self.store(f"*{pointer.name}", pointer.type)

    def whole(self) -> list[str]:
        """A struct copied, or given to a function by value and taken back."""
        structs = self.scope.structs
        changers = [c for c in self.scope.changers if self.scope.affords(c.cost + PER_CALL)]
        if changers and self.random.random() < 0.6:
            changer = self.random.choice(changers)
            found = [struct for struct in structs if struct.type is changer.struct]
            if found:
                self.scope.spend(changer.cost + PER_CALL)
                to, given = self.random.choice(found), self.random.choice(found)
                return [f"{to.name} = {changer.name}({given.name}, {self.value()});"]
        pairs = [(a, b) for a in structs for b in structs if a.type is b.type and a is not b]
        if not pairs:
            return self.note()
        to, given = self.random.choice(pairs)
        return [f"{to.name} = {given.name};"]

    def memory(self) -> list[str]:
        """Bytes of an array moved, set, copied or compared."""
        found = [array for array in self.scope.arrays if not array.is_constant]
        if not found or not self.scope.affords(80):
            return self.assign()
        self.scope.spend(80)
        to, given = self.random.choice(found), self.random.choice(self.scope.arrays)
        size = min(to.bytes, given.bytes)
        part = f"{self.value()} % {to.bytes // 2 + 1}"
        return [
            self.random.choice(
                (
                    f"memset({to.name}, (uint8_t){self.value()}, {part});",
                    f"memmove((uint8_t *){to.name} + {to.bytes // 4}, {to.name}, {part});",
                    f"memmove({to.name}, (uint8_t *){to.name} + {to.bytes // 4}, {part});",
                    f"note(memcmp({to.name}, {given.name}, {size}) < 0);",
                    f"memmove({to.name}, {given.name}, {size});",
                )
            )
        ]

    def note(self) -> list[str]:
        return [f"note({self.value()});"]

    def inside(self, count: int, depth: int) -> list[str]:
        return [f"    {line}" for line in self.block(count, depth - 1)]

    def few(self) -> int:
        return self.random.randrange(1, 4)

    def chain(self, depth: int) -> list[str]:
        lines = [f"if ({self.expressions.condition(2)}) {{", *self.inside(self.few(), depth)]
        for _ in range(self.random.randrange(4)):
            lines += [f"}} else if ({self.expressions.condition(2)}) {{", *self.inside(self.few(), depth)]
        if self.random.random() < 0.6:
            lines += ["} else {", *self.inside(self.few(), depth)]
        return [*lines, "}"]

    @contextmanager
    def repeated(self, times: int, counter: str) -> Iterator[None]:
        self.scope.times *= times
        self.scope.counters.append(counter)
        self.scope.variables.append(Variable(counter, "uint64_t", is_constant=True))
        yield
        self.scope.variables.pop()
        self.scope.counters.pop()
        self.scope.times //= times

    def times(self) -> int:
        found = [n for n in (2, 3, 4, 7, 8, 16) if self.scope.affords(20 * n)]
        return self.random.choice(found or [2])

    def loop(self, depth: int) -> list[str]:
        times, i = self.times(), self.name("i")
        type = self.random.choice(("unsigned", "uint64_t", "int", "uint8_t"))
        with self.repeated(times, i):
            body = self.inside(self.few(), depth)
            if self.random.random() < 0.3:
                word = self.random.choice(("break", "continue"))
                leave = [f"    if ({self.expressions.condition(2)}) {{", f"        {word};", "    }"]
                body = [*leave, *body] if word == "continue" else [*body, *leave]
        return [f"for ({type} {i} = 0; {i} < {times}; {i}++) {{", *body, "}"]

    def countdown(self, depth: int) -> list[str]:
        times, i = self.times(), self.name("n")
        type = self.random.choice(("uint32_t", "int64_t", "int16_t"))
        with self.repeated(times, i):
            body = self.inside(self.few(), depth)
        if self.random.random() < 0.5:
            loop = [f"while ({i}-- > 0) {{", *body, "}"]
        else:
            loop = ["do {", *body, f"}} while (--{i} > 0);"]
        return ["{", f"    {type} {i} = {times};", *(f"    {line}" for line in loop), "}"]

    def sweep(self, _: int) -> list[str]:
        """A loop over all of an array."""
        found = [a for a in self.scope.arrays if not a.is_constant and self.scope.affords(8 * a.size)]
        if not found:
            return self.assign()
        array, i = self.random.choice(found), self.name("i")
        with self.repeated(array.size, i):
            body = [f"    {line}" for line in self.store(f"{array.name}[{i}]", array.type)]
        return [f"for (unsigned {i} = 0; {i} < {array.size}; {i}++) {{", *body, "}"]

    def switch(self, depth: int) -> list[str]:
        """Ten cases or more: dense, which is a table, or scattered, which is a search."""
        count = self.random.randrange(10, 18)
        dense = self.random.random() < 0.7
        first = self.random.choice((0, 0, 1, 100))
        values = range(first, first + count) if dense else sorted(self.random.sample(range(2**15), count))
        chosen = self.expressions.any(2)
        modulus = f"{count + self.random.randrange(3)} + {first}" if dense else f"{values[-1] + 1}"
        lines = [f"switch ({chosen} % {modulus}) {{"]
        for value in values:
            lines += [f"case {value}:", *self.inside(1, min(depth, 1))]
            lines += ["    break;"] if self.random.random() < 0.8 else ["    __attribute__((fallthrough));"]
        return [*lines, "default:", *self.inside(1, 1), "    break;", "}"]
