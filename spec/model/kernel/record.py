"""chain.md, exchange.md: kernel records (L2)."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from model.kernel.cap import ZERO, Capability, cap_hash
from model.kernel.exchange import (
    RECORD,
    CatcherChange,
    FileChange,
    NumberChange,
    PayloadChange,
    Record,
    SlotChange,
)
from model.kernel.stack import Activation, Kernel
from model.machine.exit import Observer
from model.reach import rule

K = TypeVar("K", int, bytes)
V = TypeVar("V")
KIND = {"operation": 0, "run": 1, "resume": 2, "exit": 3}


class Snapshot:
    """What a record can list, as it was before something is done."""

    def __init__(self, kernel: Kernel, activation: Activation) -> None:
        self.slots = dict(activation.cnode.slots)
        self.meters = dict(kernel.tables.meters)
        self.quotas = dict(kernel.tables.quotas)
        self.catchers = dict(kernel.tables.catchers)
        self.files = dict(kernel.state.data_blobs)
        self.payloads = dict(kernel.state.data_payloads)


def changed(before: Mapping[K, V], after: Mapping[K, V], absent: V) -> Iterator[tuple[K, V, V]]:
    """Ascending: key, value before and after, where they differ."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, absent), after.get(key, absent)
        if old != new:
            yield key, old, new


def hash_or_zero(cap: Capability | None) -> bytes:
    return ZERO if cap is None else cap_hash(cap)


def length(payload: bytes | None) -> int | None:
    return None if payload is None else len(payload)


def list_changes(record: Record, old: Snapshot, new: Snapshot) -> None:
    """Lists in a record what differs."""
    slots = changed(old.slots, new.slots, None)
    payloads = changed(old.payloads, new.payloads, None)
    record.slots = [SlotChange(slot, hash_or_zero(a), hash_or_zero(b)) for slot, a, b in slots]
    record.meters = [NumberChange(*change) for change in changed(old.meters, new.meters, 0)]
    record.quotas = [NumberChange(*change) for change in changed(old.quotas, new.quotas, 0)]
    record.catchers = [CatcherChange(*change) for change in changed(old.catchers, new.catchers, [])]
    record.files = [FileChange(*change) for change in changed(old.files, new.files, None)]
    record.payloads = [PayloadChange(hash, length(a), length(b)) for hash, a, b in payloads]
    for name in ("slots", "meters", "quotas", "files", "payloads"):
        if getattr(record, name):
            rule("chain/record/" + name)


class Recorder:
    """Makes a record of each thing that an activation does, for the observer if there is one."""

    def __init__(self, kernel: Kernel, activation: Activation, observer: Observer | None) -> None:
        self.kernel = kernel
        self.activation = activation
        self.event: Callable[[bytes], None] | None = getattr(observer, "event", None)
        self.remember()

    def remember(self) -> None:
        """Takes the state and registers that the next record is about."""
        self.before = Snapshot(self.kernel, self.activation)
        self.operands = self.activation.regs[7:13]

    def emit(self, kind: str, op: int = 0, result: int = 0, exit: int = 0, argument: int = 0) -> None:
        rule("chain/record")
        rule("chain/record/" + kind)
        record = Record(KIND[kind], op, self.operands, result, exit, argument)
        list_changes(record, self.before, Snapshot(self.kernel, self.activation))
        if self.event:
            self.event(RECORD.write(record))
