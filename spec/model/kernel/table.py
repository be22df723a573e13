"""The facts of kernel.def."""

from typing import NamedTuple

from model.table import records


class Named(NamedTuple):
    name: str
    number: int


def named(macro: str) -> list[Named]:
    return [Named(name, int(number)) for name, number in records("kernel/kernel.def", macro)]


OP = named("OP")
CAP = named("CAP")
DECODE = named("DECODE")
ADMIT = named("ADMIT")
TAG = {name: bytes([number]) for name, number in named("TAG")}
KERNEL_SLOT = dict(named("KERNEL_SLOT"))
LIMIT = dict(named("KERNEL_LIMIT"))
LABEL = {name: label.strip('"').encode() for name, label in records("kernel/kernel.def", "KERNEL_IMAGE")}
