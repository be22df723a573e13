"""Rules that are parts of another one: each has a case or two of its own (machine/parts.py, kernel/parts.py).

Subjects that ask for all rules of a chapter leave them out, or every case would name dozens that say nothing of it.
"""

import model

WHOLES = (
    "image/admit/slot_range",
    "image/admit/tolerated",
    "image/hash/cap",
    "image/hash/bmt",
    "host/resolve",
    "host/set_image/swap",
    "host/same_type",
    "call/fault/result",
    "call/gas/write_back",
    "yield/resume/scratchpad",
    "yield/resume/gas",
    "exit/resume/legal",
    "exit/panic",
    "gas/block/charged_on_entry",
    "gas/branch_cost",
    "mem/page_given_once",
    "isa/dynamic_jump",
    "isa/sequential",
)
PARTS = tuple(rule for rule in model.rules() if rule.rpartition("/")[0] in WHOLES)
OF_MACHINE = tuple(rule for rule in PARTS if rule.split("/")[0] in ("exit", "gas", "mem", "isa"))
OF_KERNEL = tuple(rule for rule in PARTS if rule not in OF_MACHINE)
