"""Selection by -k: names combined with `and`, `or`, `not` and parentheses, as in pytest.

A name matches the ids that contain it, whatever the case of the letters.
"""

import re
from collections.abc import Callable
from typing import NoReturn, TypeAlias

import click

TOKEN = re.compile(r"\s*(?:([()])|([^\s()]+))")

Matcher: TypeAlias = Callable[[str], bool]


class Keyword:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [a or b for a, b in TOKEN.findall(text)]
        self.at = 0
        self.matches = self.either()
        if self.at < len(self.tokens):
            self.fail(f"{self.tokens[self.at]!r} is not expected here")

    def fail(self, reason: str) -> NoReturn:
        raise click.UsageError(f"-k {self.text!r}: {reason}; write as in -k 'add_64 and not edge'")

    def takes(self, word: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at] == word
        self.at += found
        return found

    def either(self) -> Matcher:
        parts = [self.both()]
        while self.takes("or"):
            parts.append(self.both())
        return lambda name: any(part(name) for part in parts)

    def both(self) -> Matcher:
        parts = [self.one()]
        while self.takes("and"):
            parts.append(self.one())
        return lambda name: all(part(name) for part in parts)

    def one(self) -> Matcher:
        if self.takes("not"):
            inner = self.one()
            return lambda name: not inner(name)
        if self.takes("("):
            inner = self.either()
            if not self.takes(")"):
                self.fail("a ')' is missing")
            return inner
        if self.at == len(self.tokens) or self.tokens[self.at] in (")", "and", "or"):
            self.fail("a name is missing")
        word = self.tokens[self.at].lower()
        self.at += 1
        return lambda name: word in name.lower()
