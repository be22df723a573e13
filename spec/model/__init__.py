"""The executable specification of the machine, to be read beside the chapters in the folder above.

blob.py     blob.md                     mem.py      mem.md
isa.py      isa.md: stream, formats     gas.py      gas.md: the cost of a block
number.py   isa.md: helper functions    exit.py     exit.md: states, stops, records
op.py       isa.md: the 141 opcodes     machine.py  exit.md and gas.md: run, charge, resume
reach.py    which rules decided         table.py    ../*.def and the sentences of ../*.md
"""

from model import table
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
    "load",
    "reached",
    "rules",
    "table",
]

from model import kernel  # noqa: E402  (it reads the names above)

__all__ += ["kernel"]
