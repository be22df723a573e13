"""chain.md, exchange.md: kernel records (L2)."""

from model.kernel.cap import ZERO, cap_hash
from model.kernel.exchange import (
    RECORD,
    CatcherChange,
    FileChange,
    NumberChange,
    PayloadChange,
    Record,
    SlotChange,
)
from model.reach import rule

KIND = {"operation": 0, "run": 1, "resume": 2, "exit": 3}


class Snapshot:
    """What a record can list, as it was before something is done."""

    def __init__(self, kernel, activation):
        self.slots = dict(activation.cnode.slots)
        self.meters = dict(kernel.tables.meters)
        self.quotas = dict(kernel.tables.quotas)
        self.catchers = dict(kernel.tables.catchers)
        self.files = dict(kernel.state.data_blobs)
        self.payloads = dict(kernel.state.data_payloads)


def changed(before, after, absent):
    """Ascending: key, value before and after, where they differ."""
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, absent), after.get(key, absent)
        if old != new:
            yield key, old, new


def hash_or_zero(cap):
    return ZERO if cap is None else cap_hash(cap)


def length(payload):
    return None if payload is None else len(payload)


def changes(old, new):
    return {
        "slots": [SlotChange(k, hash_or_zero(a), hash_or_zero(b)) for k, a, b in changed(old.slots, new.slots, None)],
        "meters": [NumberChange(*change) for change in changed(old.meters, new.meters, 0)],
        "quotas": [NumberChange(*change) for change in changed(old.quotas, new.quotas, 0)],
        "catchers": [CatcherChange(*change) for change in changed(old.catchers, new.catchers, [])],
        "files": [FileChange(*change) for change in changed(old.files, new.files, None)],
        "payloads": [PayloadChange(k, length(a), length(b)) for k, a, b in changed(old.payloads, new.payloads, None)],
    }


class Recorder:
    """Makes a record of each thing that an activation does, for the observer if there is one."""

    def __init__(self, kernel, activation, observer):
        self.kernel = kernel
        self.activation = activation
        self.event = getattr(observer, "event", None)
        self.remember()

    def remember(self):
        """Takes the state and registers that the next record is about."""
        self.before = Snapshot(self.kernel, self.activation)
        self.operands = self.activation.regs[7:13]

    def emit(self, kind, op=0, result=0, exit=0, argument=0):
        rule("chain/record")
        lists = changes(self.before, Snapshot(self.kernel, self.activation))
        record = Record(KIND[kind], op, self.operands, result, exit, argument, **lists)
        if self.event:
            self.event(RECORD.write(record))
