"""Generators of the machine's vectors."""

from cases.machine import (
    blob,
    clauses,
    exit,
    gas_rows,
    gas_rules,
    isa_jumps,
    isa_known,
    isa_mixes,
    isa_opcodes,
    isa_stream,
    mem,
    programs,
    records,
)

AREAS = ("blob", "isa", "mem", "gas", "exit")
MODULES = (
    isa_opcodes,
    isa_stream,
    isa_jumps,
    isa_known,
    isa_mixes,
    blob,
    mem,
    gas_rows,
    gas_rules,
    exit,
    records,
    programs,
    clauses,
)
