"""Generators of the vectors, a module beside each chapter. `subjects()` yields every one of them,
first those of the machine, then those of the kernel.
"""

from collections.abc import Iterator

from cases import kernel, machine
from cases.machine.case import Subject

AREAS = machine.AREAS
KERNEL_AREAS = kernel.AREAS


def subjects() -> Iterator[Subject]:
    for module in machine.MODULES + kernel.MODULES:
        yield from module.subjects()
