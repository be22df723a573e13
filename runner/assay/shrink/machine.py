"""A case of the machine as a tree, and back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from assay.engines.answers import Page, Program
from assay.shrink import code
from assay.shrink.code import Code, Layout
from assay.shrink.tree import REMOVED, Edit, Node, Path
from assay.suite.case import MachineCase, Resume, Run, Step


@dataclass(frozen=True)
class MachineTree:
    code: Code | bytes
    mem_cycles: int
    pages: tuple[Page, ...]
    steps: tuple[Step, ...]


def tree_of(case: MachineCase) -> MachineTree:
    given = case.program
    return MachineTree(code.read(given.blob) or given.blob, given.mem_cycles, given.pages, case.steps)


def case_of(tree: Node, identity: str) -> MachineCase:
    """The case of a tree; steps begin where their instructions have gone."""
    assert isinstance(tree, MachineTree)
    if not isinstance(tree.code, Code):
        return MachineCase(identity, Program(tree.code, tree.mem_cycles, tree.pages), tree.steps)
    layout = Layout(tree.code)
    steps = tuple(replace(step, pc=layout.address(step.pc)) if isinstance(step, Run) else step for step in tree.steps)
    return MachineCase(identity, Program(layout.blob(), tree.mem_cycles, tree.pages), steps)


def count(tree: Node) -> int:
    assert isinstance(tree, MachineTree)
    return code.count(tree.code) if isinstance(tree.code, Code) else 0


def lifted(tree: Node, step: int | None, pc: int | None, regs: tuple[int, ...]) -> Iterator[Edit]:
    """Only the instruction that goes wrong and what follows it, begun with the registers that it had."""
    assert isinstance(tree, MachineTree)
    if step is None or pc is None or len(regs) == 0 or not isinstance(tree.code, Code):
        return
    before = [at for at, item in enumerate(tree.code.items) if item.place < pc]
    behind = [at for at, item in enumerate(tree.code.items) if item.place > pc]
    run = tree.steps[step]
    gas = run.gas if isinstance(run, Run | Resume) else None
    if isinstance(run, Run) and any(item.place == pc for item in tree.code.items):
        alone: dict[Path, Node] = {("code", "items", at): REMOVED for at in (*before, *behind)}
        head: dict[Path, Node] = {("code", "items", at): REMOVED for at in before}
        steps: dict[Path, Node] = {("steps",): (Run(pc, gas or 0, regs),)}
        yield Edit(alone | steps)
        yield Edit(head | steps)


def renames(tree: Node) -> Iterator[Edit]:
    """A register under the name of a lower one that nothing uses."""
    assert isinstance(tree, MachineTree)
    if not isinstance(tree.code, Code):
        return
    used = code.used_registers(tree.code)
    for register in sorted(used, reverse=True):
        for low in range(register):
            if low not in used:
                yield renamed(tree, tree.code, register, low)
                break


def renamed(tree: MachineTree, of: Code, register: int, low: int) -> Edit:
    places = dict(code.renamed(of, ("code",), {register: low}).places)
    for at, step in enumerate(tree.steps):
        if isinstance(step, Run):
            regs = list(step.regs)
            regs[low], regs[register] = regs[register], regs[low]
            places[("steps", at, "regs")] = tuple(regs)
        elif isinstance(step, Resume):
            swapped = {{register: low, low: register}.get(name, name): value for name, value in step.regs.items()}
            places[("steps", at, "regs")] = dict(sorted(swapped.items()))
    return Edit(places)
