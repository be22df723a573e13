"""Generators of the machine vectors, beside the chapters they contrast. `subjects()` yields every
one of them.
"""

from . import (
    blob,
    exits,
    gas_rows,
    gas_rules,
    isa_jumps,
    isa_known,
    isa_mixes,
    isa_opcodes,
    isa_stream,
    memory,
    programs,
    records,
)

MODULES = (
    isa_opcodes,
    isa_stream,
    isa_jumps,
    isa_known,
    isa_mixes,
    blob,
    memory,
    gas_rows,
    gas_rules,
    exits,
    records,
    programs,
)
AREAS = ("blob", "isa", "mem", "gas", "exit")


def subjects():
    for module in MODULES:
        yield from module.subjects()
