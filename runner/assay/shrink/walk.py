"""Every single change that makes a tree simpler, the largest first."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from assay.engines.answers import Page, Until
from assay.shrink import code, values
from assay.shrink.code import Code
from assay.shrink.kernel import ImageTree, Typed, ValueTree, WorldTree
from assay.shrink.tree import Edit, Node, Path, edit, removal
from assay.suite.case import Resume, Run, Write
from model import kernel

# What stays as it is: names of things, and what would mean something else.
FIXED = {
    (Page, "address"),
    (Page, "access"),
    (Write, "address"),
    (kernel.Page, "access"),
    (ImageTree, "origin"),
    (WorldTree, "right"),
    (Typed, "kind"),
    (ValueTree, "act"),
    (ValueTree, "kind"),
}
WHOLE = {(Run, "regs")}  # tuples of one length
REGISTERS = "regs"  # of a resume
KEPT = "steps"  # a case without a step says nothing: the last one stays
TIER, CHEAPEST = "mem_cycles", 25  # a number of which there are four


def removals(node: Node, path: Path, share: int) -> Iterator[Edit]:
    """Pieces of every tuple, list and dict: with `share` 2 halves, with 4 quarters, of one element at least."""
    for place, keys in groups(node, path):
        size = max(1, -(-len(keys) // share))
        pieces = [keys[at : at + size] for at in range(0, len(keys), size)]
        if len(pieces) == 1 and is_kept(place):
            continue
        yield from (removal((*place, key) for key in piece) for piece in reversed(pieces))


def longest(node: Node, path: Path = ()) -> int:
    return max((len(keys) for _, keys in groups(node, path)), default=0)


def is_kept(place: Path) -> bool:
    return place == (KEPT,)


def groups(node: Node, path: Path) -> Iterator[tuple[Path, list[int] | list[int | bytes]]]:
    """Every place whose elements may be left out, and their keys."""
    if isinstance(node, dict) and node:
        yield path, list(node)
    elif isinstance(node, tuple | list) and node:
        yield path, list(range(len(node)))
    for key, child in children(node):
        yield from groups(child, (*path, key))


def children(node: Node) -> Iterator[tuple[str | int | bytes, Node]]:
    """What may be changed in it."""
    if isinstance(node, dict):
        yield from node.items()
    elif isinstance(node, tuple | list):
        yield from enumerate(node)
    elif isinstance(node, Code):
        yield "items", node.items
        yield "table", node.table
    elif is_dataclass(node) and not isinstance(node, type) and not isinstance(node, code.Item):
        for field in fields(node):
            if (type(node), field.name) not in FIXED | WHOLE:
                yield field.name, getattr(node, field.name)


def edits(node: Node, path: Path = ()) -> Iterator[Edit]:
    """Every change of one place."""
    yield from removals(node, path, 1 << 30)
    yield from simpler(node, path)


def simpler(node: Node, path: Path) -> Iterator[Edit]:
    if isinstance(node, Code):
        yield from code.edits(node, path)
        return
    if isinstance(node, code.Item | bool | str) or node is None:
        return
    if path[-1:] == (TIER,):
        if node != CHEAPEST:
            yield edit(path, CHEAPEST)
    elif isinstance(node, int):
        yield from (edit(path, low) for low in whole_numbers(path, node))
    elif isinstance(node, bytes):
        found = dict.fromkeys((*values.simpler_bytes(node), *values.zeroed(node)))
        yield from (edit(path, data) for data in found if data != node)
    elif isinstance(node, Until):
        yield from simpler_until(node, path)
    elif isinstance(node, Run):
        yield from simpler_run(node, path)
    else:
        yield from optional(node, path)
        for key, child in children(node):
            yield from simpler(child, (*path, key))


def whole_numbers(path: Path, value: int) -> list[int]:
    """A register may be meant as a negative number; nothing else may."""
    if REGISTERS in path:
        return values.smaller_unsigned(value)
    return [low for low in values.smaller(value) if low >= 0]


def simpler_until(until: Until, path: Path) -> Iterator[Edit]:
    """No limit is simpler than any."""
    for name in ("blocks", "instructions"):
        limit = getattr(until, name)
        if limit:
            yield edit((*path, name), 0)
            yield from (edit((*path, name), low) for low in values.smaller(limit) if low > 0)


def simpler_run(run: Run, path: Path) -> Iterator[Edit]:
    if run.pc:
        yield edit((*path, "pc"), 0)
    if any(run.regs):
        yield edit((*path, "regs"), (0,) * len(run.regs))
    for at, value in enumerate(run.regs):
        yield from (edit((*path, "regs", at), low) for low in values.smaller_unsigned(value))
    yield from simpler(run.gas, (*path, "gas"))
    yield from simpler_until(run.until, (*path, "until"))


def optional(node: Node, path: Path) -> Iterator[Edit]:
    """What need not be there."""
    names = {Resume: ("gas",), kernel.Image: ("yield_marker_slot",)}.get(type(node), ())
    yield from (edit((*path, name), None) for name in names if getattr(node, name) is not None)
