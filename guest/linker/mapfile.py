"""The map: for each RISC-V instruction where it went, as lines of JSON.

    {"address": 1073741824, "pc": 1, "symbol": "fib", "source": "fib.c:7"}

Several instructions that became one have one pc. `symbol` and `source` are empty where they are
not known.
"""

import json
from collections.abc import Iterator

from .image import Linked


def lines(linked: Linked) -> Iterator[str]:
    for instruction in linked.instructions:
        row = {
            "address": instruction.address,
            "pc": linked.position[instruction.address],
            "symbol": linked.guest.symbol_at(instruction.address),
            "source": linked.guest.source_at(instruction.address),
        }
        yield json.dumps(row) + "\n"
