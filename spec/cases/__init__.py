"""Generators of the vectors, a module beside each chapter. `subjects()` yields every one of them,
first those of the machine, then those of the kernel, then those that were found (regress).
"""

from collections.abc import Iterator

from cases import kernel, machine, regress
from cases.kernel.case import KernelSubject
from cases.machine.case import Subject

AREAS = machine.AREAS
KERNEL_AREAS = kernel.AREAS
REGRESS = regress.AREA  # has cases of both levels


def subjects() -> Iterator[Subject | KernelSubject]:
    for module in machine.MODULES + kernel.MODULES:
        yield from module.subjects()
    yield from regress.subjects()
