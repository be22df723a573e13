"""The executable specification of the machine, to be read beside the chapters in the folder above.

blob.py     blob.md                     mem.py      mem.md
isa.py      isa.md: stream, formats     gas.py      gas.md: the cost of a block
number.py   isa.md: helper functions    exit.py     exit.md: states, stops, records
op.py       isa.md: the 141 opcodes     machine.py  exit.md and gas.md: run, charge, resume
reach.py    which rules decided         table.py    ../*.def and the sentences of ../*.md
"""

from . import table
from .blob import Rejected
from .exit import Refused, State, Step, Stop, Until
from .machine import Machine, load
from .mem import Page
from .reach import reached
from .table import rules

__all__ = [
    "Machine",
    "Page",
    "Refused",
    "Rejected",
    "State",
    "Step",
    "Stop",
    "Until",
    "load",
    "reached",
    "rules",
    "table",
]

from . import kernel  # noqa: E402  (it reads the names above)

__all__ += ["kernel"]
