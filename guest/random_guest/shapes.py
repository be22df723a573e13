"""Functions of shapes that linkers get wrong: label tables, weak symbols, sections, functions that do not return,
128 bits, arguments of several kinds.

Each takes words and returns one, so that expressions call it as any other.
"""

from collections.abc import Callable, Sequence
from random import Random

from .expression import Expressions
from .prelude import TYPES
from .scope import Callee, Scope

ALIGNMENT = (8, 16, 32, 64, 256)
OFFSETS = ("int", "int", "long", "short")
WIDE = (
    "a /= b | 1;",
    "a %= b | 1;",
    "a = wide_divide(a, b);",
    "a = wide_rest(a, b);",
    "a <<= x0 & 127;",
    "a >>= x1 & 127;",
    "a = (wide)((signed_wide)a >> (x2 & 127));",
    "b = a * b;",
    "a = a * b + x3;",
    "b = a - b;",
    "a = a < b ? b : a ^ x2;",
    "b = (signed_wide)a < (signed_wide)b ? ~a : b;",
    "a += (wide)__builtin_mul_overflow((signed_wide)a, (signed_wide)b, &product) + (wide)product;",
    "b = (wide)(signed_wide)(int64_t)x1 + (b >> 3);",
)
# Without 128 bits: where a stack is aligned to 8 bytes, clang passes them and reads them at different places.
KINDS = {"i": "(int){}", "l": "{}", "s": "(struct of_two){{{}, (uint32_t)x1}}", "p": "&variable"}

ScopeOf = Callable[[int, Sequence[str]], Scope]


class Shapes:
    """Each shape appends its text to `lines` or `tail` and returns the function that can be called."""

    def __init__(self, random: Random, scope_of: ScopeOf, lines: list[str], tail: list[str]) -> None:
        self.random, self.scope_of, self.lines, self.tail = random, scope_of, lines, tail

    def any(self, number: int) -> Callee:
        return self.random.choice((self.machine, self.weak, self.listed, self.escape, self.wide, self.kinds))(number)

    def expressions(self, words: Sequence[str], budget: int = 80) -> Expressions:
        return Expressions(self.random, self.scope_of(budget, words))

    def machine(self, number: int) -> Callee:
        """Steps by a table of labels, or of differences of labels."""
        count, steps = self.random.choice((2, 4, 8)), self.random.choice((3, 7))
        type, base = self.random.choice((*OFFSETS, "void *")), self.random.randrange(count)
        found = self.expressions(("x0", "x1", "r"), 200)
        deep = 1 if type == "short" else 2
        cast = "(char *)" if type == "long" else ""
        if type == "void *":
            table, jump = [f"&&l{n}" for n in range(count)], "goto *t[{}];"
        else:
            table = [f"{cast}&&l{n} - {cast}&&l{base}" for n in range(count)]
            jump = f"goto *({cast}&&l{base} + t[{{}}]);"
        self.lines += [
            f"__attribute__((noinline)) static uint64_t steps{number}(uint64_t x0, uint64_t x1)",
            "{",
            f"    static {self.random.choice(('', 'const '))}{type} t[] = {{{', '.join(table)}}};",
            "    uint64_t r = x1;",
            "    unsigned step = 0;",
            "next:",
            f"    if (step++ == {steps}) {{",
            "        return r;",
            "    }",
            f"    {jump.format(f'(x0 >> step * 3 ^ r) & {count - 1}')}",
        ]
        for n in range(count):
            self.lines += [f"l{n}:", f"    r = {found.any(deep)} + {n};"]
            if n == count - 1 or self.random.random() < 0.8:
                self.lines.append("    goto next;")
        self.lines += ["}", ""]
        return Callee(f"steps{number}", 2, (found.scope.cost + 10) * steps)

    def weak(self, number: int) -> Callee:
        """Weak symbols: some that nobody defines, and one that is there."""
        type, found = self.random.choice(TYPES), self.expressions(("x0", "x1"))
        self.lines += [
            f"extern uint64_t absent{number}(uint64_t) __attribute__((weak));",
            f"extern {type} missing{number} __attribute__((weak));",
            f"uint64_t present{number}(uint64_t) __attribute__((weak));",
            f"__attribute__((noinline)) uint64_t present{number}(uint64_t x0)",
            "{",
            f"    return {self.expressions(('x0',)).any(2)};",
            "}",
            "",
            f"static uint64_t guarded{number}(uint64_t x0, uint64_t x1)",
            "{",
            f"    uint64_t r = absent{number} ? absent{number}(x0) : {found.any(2)};",
            f"    r += &missing{number} ? (uint64_t)missing{number} : {found.any(1)};",
            f"    return present{number} ? present{number}(r) : x1;",
            "}",
            "",
        ]
        return Callee(f"guarded{number}", 2, 2 * found.scope.cost + 100)

    def listed(self, number: int) -> Callee:
        """A section of records of its own, some of code with a name of its own."""
        count = self.random.randrange(1, 5)
        code = self.random.choice(
            ("", f'__attribute__((section(".code{number}"))) ', f'__attribute__((section("c{number}"))) ')
        )
        self.lines += [f"struct item{number} {{", "    uint64_t value;", "    uint64_t (*f)(uint64_t);", "};", ""]
        cost = 20
        for n in range(count):
            found = self.expressions(("x0",), 40)
            self.lines += [
                f"{code}static uint64_t h{number}_{n}(uint64_t x0)",
                "{",
                f"    return {found.any(2)};",
                "}",
                "",
            ]
            head = f"static const struct item{number} i{number}_{n}"
            attribute = f'__attribute__((used, section("list{number}")))'
            value = f"{self.random.getrandbits(64):#x}u"
            self.lines += [f"{head} {attribute} = {{{value}, h{number}_{n}}};", ""]
            cost += found.scope.cost + 10
        self.lines += [
            f"extern const struct item{number} __start_list{number}[], __stop_list{number}[];",
            f"static uint64_t listed{number}(uint64_t x0, uint64_t x1)",
            "{",
            f"    for (const struct item{number} *i = __start_list{number}; i < __stop_list{number}; i++) {{",
            "        x0 = i->f(x0 ^ i->value) + x1;",
            "    }",
            "    return x0;",
            "}",
            "",
        ]
        return Callee(f"listed{number}", 2, cost)

    def escape(self, number: int) -> Callee:
        """A function that is left from a function that does not return, which is the last of the file."""
        found = self.expressions(("x0", "x1"))
        condition = found.condition(2)
        self.lines += [
            f"static jmp_buf jump{number};",
            f"_Noreturn void leave{number}(uint64_t x0);",
            f"__attribute__((noinline)) static uint64_t escaped{number}(uint64_t x0, uint64_t x1)",
            "{",
            "    volatile uint64_t v = x0;",
            f"    if (setjmp(jump{number}) == 0) {{",
            f"        v += {found.any(2)};",
            f"        if ({condition}) {{",
            f"            leave{number}(v);",
            "        }",
            f"        return v ^ {found.any(1)};",
            "    }",
            "    return v * 3 + x1;",
            "}",
            "",
        ]
        self.tail += [
            f"__attribute__((noinline)) _Noreturn void leave{number}(uint64_t x0)",
            "{",
            "    note(x0);",
            f"    longjmp(jump{number}, (int)(x0 & 7));",
            "}",
            "",
        ]
        return Callee(f"escaped{number}", 2, found.scope.cost + 40)

    def wide(self, number: int) -> Callee:
        """Integers of 128 bits."""
        steps = self.random.choices(WIDE, k=self.random.randrange(2, 9))
        self.lines += [
            f"static uint64_t wide{number}(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)",
            "{",
            "    wide a = (wide)x0 << 64 | x1, b = (wide)x2 << 64 | x3;",
            "    signed_wide product = 0;",
            *(f"    {step}" for step in steps),
            "    a ^= (wide)product;",
            "    return (uint64_t)a ^ (uint64_t)(a >> 64) * 3 ^ (uint64_t)b * 5 ^ (uint64_t)(b >> 64) * 7;",
            "}",
            "",
        ]
        return Callee(f"wide{number}", 4, 80 * len(steps))

    def kinds(self, number: int) -> Callee:
        """Arguments of several kinds, as many as there are, read twice."""
        kinds = "".join(self.random.choices("".join(KINDS), k=self.random.randrange(1, 11)))
        values = [KINDS[kind].format(self.random.choice(("x0", "x1", "(x0 ^ x1)", "~x0"))) for kind in kinds]
        self.lines += [
            f"static uint64_t kinds{number}(uint64_t x0, uint64_t x1)",
            "{",
            "    uint64_t variable = x0 + x1;",
            f'    return mix_kinds("{kinds}", {", ".join(values)}) + variable;',
            "}",
            "",
        ]
        return Callee(f"kinds{number}", 2, 20 * len(kinds) + 20)
