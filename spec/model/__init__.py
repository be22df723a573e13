"""The executable specification, to be read beside the chapters in the folders above.

    table.py    the facts, ../*/*.def, and the sentences of the rules, ../*/*.md
    reach.py    which rules decided something
    machine/    the machine
    kernel/     the kernel; its own __init__.py says what is where

The machine, in the order of reading:

    machine/blob.py     blob.md                   machine/gas.py    gas.md: the cost of a block
    machine/isa.py      isa.md: stream, formats   machine/exit.py   exit.md: states, stops, records
    machine/number.py   isa.md: helper functions  machine/mem.py    mem.md
    machine/op.py       isa.md: what opcodes do   machine/run.py    exit.md, gas.md: run, charge, resume
"""

from model import kernel, table
from model.machine.blob import Rejected
from model.machine.exit import Refused, State, Step, Stop, Until
from model.machine.mem import Page
from model.machine.run import Machine, load
from model.reach import reached
from model.table import rules

__all__ = [
    "Machine",
    "Page",
    "Refused",
    "Rejected",
    "State",
    "Step",
    "Stop",
    "Until",
    "kernel",
    "load",
    "reached",
    "rules",
    "table",
]
