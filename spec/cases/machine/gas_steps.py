"""What the gas generators share: what a block costs by the model, and the steps around it."""

import model
from cases.machine.case import Pages, Registers, Resume, Run, Step

PLENTY = 2**40


def cost(blob: bytes, pc: int = 0, mem_cycles: int = 25, pages: Pages = ()) -> int:
    """What entering the block at pc costs."""
    machine = model.load(blob, mem_cycles, [model.Page(*entry) for entry in pages])
    stop = machine.run(model.State(pc, PLENTY, [0] * 13), model.Until(blocks=1))
    if stop.exit != "stopped":
        raise ValueError(f"no block can be paid at {pc}: the run ends with {stop.exit}")
    return PLENTY - stop.state.gas


def exact_steps(
    blob: bytes, pc: int = 0, mem_cycles: int = 25, pages: Pages = (), regs: Registers | None = None
) -> list[Run]:
    """One gas short; exactly enough; one more. All stop before the block's first instruction or at
    its exit.
    """
    price = cost(blob, pc, mem_cycles, pages)
    return [Run(pc, price + more, dict(regs or {})) for more in (-1, 0, 1)]


def short_then_resumed(blob: bytes, mem_cycles: int = 25, regs: Registers | None = None) -> list[Step]:
    """One gas short, then resumed with exactly enough."""
    price = cost(blob, 0, mem_cycles)
    return [Run(0, price - 1, dict(regs or {})), Resume(gas=price)]
