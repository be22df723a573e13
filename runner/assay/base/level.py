"""At which level two engines are compared, and which code of an engine ran."""

from enum import Enum


class Level(Enum):
    """The unit that is compared, from the finest to the whole."""

    L0 = "L0"  # an instruction
    L1 = "L1"  # a gas block
    L2 = "L2"  # a kernel event
    L3 = "L3"  # the end of a run or a call
    L4 = "L4"  # a chain event


class Flavour(Enum):
    """Which code ran: the one that is certified, the one with an observer, or the first in pieces."""

    PRODUCTION = "production"
    OBSERVED = "observed"
    SPLIT = "split"


class Depth(Enum):
    """Which half of the specification a case is about."""

    MACHINE = "machine"
    KERNEL = "kernel"
