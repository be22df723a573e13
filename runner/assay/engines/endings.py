"""How engines ended after bye, as the last line of a command of `assay-native` says it."""

from collections.abc import Sequence

from assay.base import strict
from assay.base.plain import plain
from assay.base.strict import Members


def read(line: Members, names: Sequence[str]) -> dict[str, str]:
    """Those that did not end well, by their names here, and why; nothing when all did."""
    found = strict.items(line.get("endings", [None] * len(names)), "endings")
    return {
        name: plain(strict.text(words, "an ending"))
        for name, words in zip(names, found, strict=True)
        if words is not None
    }
