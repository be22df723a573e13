"""A case as a tree of dataclasses, tuples, dicts, numbers and bytes, and changes of single places of it.

Edit({("steps", 0, "gas"): 1})      one place, or several at once; REMOVED leaves an element of a tuple or dict out
apply(tree, edit)                   the tree with it; paths are those of the tree before
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Final, TypeAlias


class Removed:
    """An element that is left out."""

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = Removed()

Step: TypeAlias = "str | int | bytes"
Path: TypeAlias = tuple[Step, ...]
Node: TypeAlias = object


@dataclass(frozen=True, slots=True)
class Edit:
    """New values of places."""

    places: Mapping[Path, Node]


def edit(path: Path, value: Node) -> Edit:
    return Edit({path: value})


def removal(paths: Iterable[Path]) -> Edit:
    return Edit(dict.fromkeys(paths, REMOVED))


def apply(node: Node, change: Edit) -> Node:
    return changed(node, change.places)


def changed(node: Node, places: Mapping[Path, Node]) -> Node:
    if () in places:
        return places[()]
    below: dict[Step, dict[Path, Node]] = {}
    for path, value in places.items():
        below.setdefault(path[0], {})[path[1:]] = value
    if isinstance(node, dict):
        found = {key: changed(value, below[key]) if key in below else value for key, value in node.items()}
        return {key: value for key, value in found.items() if value is not REMOVED}
    if isinstance(node, tuple | list):
        entries = [changed(value, below[at]) if at in below else value for at, value in enumerate(node)]
        left = [value for value in entries if value is not REMOVED]
        return left if isinstance(node, list) else tuple(left)
    assert is_dataclass(node) and not isinstance(node, type)
    return replace(node, **{str(name): changed(getattr(node, str(name)), inner) for name, inner in below.items()})


def union(edits: Iterable[Edit]) -> Edit:
    """As many of the edits as do not get in each other's way, the first ones first."""
    places: dict[Path, Node] = {}
    above: set[Path] = set()  # every path that has a place of the union below it
    for one in edits:
        if any(is_taken(path, places, above) for path in one.places):
            continue
        places |= one.places
        above |= {path[:length] for path in one.places for length in range(len(path))}
    return Edit(places)


def is_taken(path: Path, places: Mapping[Path, Node], above: set[Path]) -> bool:
    return path in above or any(path[:length] in places for length in range(len(path) + 1))
