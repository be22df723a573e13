"""Generators of the vectors, beside the chapters they contrast. `subjects()` yields every one of
them, first those of the machine, then those of the kernel.
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
    kernel_call,
    kernel_cap,
    kernel_chain,
    kernel_codec,
    kernel_hash,
    kernel_host,
    kernel_image,
    kernel_yield,
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
KERNEL_MODULES = (
    kernel_codec,
    kernel_image,
    kernel_hash,
    kernel_cap,
    kernel_host,
    kernel_call,
    kernel_yield,
    kernel_chain,
)
AREAS = ("blob", "isa", "mem", "gas", "exit")
KERNEL_AREAS = ("image", "cap", "host", "call", "yield", "chain")


def subjects():
    for module in MODULES + KERNEL_MODULES:
        yield from module.subjects()
