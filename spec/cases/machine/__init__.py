"""Generators of the machine's vectors, the chapter first in a module's name.

    blob.py                                    what is admitted and what is rejected
    isa_opcodes.py: every opcode by itself     isa_values.py: results, isa_memory.py: loads and stores,
                                               isa_forms.py: operands of every shape
    isa_stream.py, isa_jumps.py, isa_mixes.py  control flow, and instructions that meet
    isa_known.py                               answers known from elsewhere
    mem.py                                     pages and permissions
    gas_rows.py, gas_rules.py                  every row of gas.def; every rule of gas.md
    exit.py, exit_records.py, exit_programs.py ends and resumes; records and stops; small whole programs
    clauses.py                                 single clauses of all of them: borders, halves of conditions
    parts.py                                   rules that are parts of another one

What they are made with: case.py, the cases and steps; code.py, code blobs from mnemonics; gas_steps.py, runs with gas
that is just enough or just short; operand_values.py, values with names.
"""

from cases.machine import (
    blob,
    clauses,
    exit,
    exit_programs,
    exit_records,
    gas_rows,
    gas_rules,
    isa_jumps,
    isa_known,
    isa_mixes,
    isa_opcodes,
    isa_stream,
    mem,
    parts,
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
    exit_records,
    exit_programs,
    clauses,
    parts,
)
