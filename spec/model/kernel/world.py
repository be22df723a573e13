"""The invocation level: run and resume in a world built by hand, bytes in, bytes out."""

from dataclasses import dataclass
from typing import TypeVar

from model.kernel import call
from model.kernel.cap import CAPABILITY, CNODE, CNode
from model.kernel.exchange import (
    DUMP,
    PAGES,
    WORLD,
    Dump,
    DumpInstance,
    DumpReference,
    InstanceEntry,
    ReferenceEntry,
    Suspended,
    Tables,
    pages_of,
)
from model.kernel.hash import H
from model.kernel.image import NotAdmitted, admit, image_hash
from model.kernel.scale import DecodeError, Reads, decode
from model.kernel.stack import Activation, Entry, Kernel, Reference
from model.kernel.table import LIMIT
from model.machine.exit import Observer, Refused
from model.reach import rule

T = TypeVar("T")
RUNNING, WAITING = 0, 1


@dataclass
class Result:
    outcome: str
    exit: str
    argument: int
    pc: int
    gas: int
    regs: list[int]
    gas_used: int
    instance: bytes
    cnode: bytes
    pages: bytes
    payload: bytes


class World:
    def __init__(self, data: bytes) -> None:
        """Raises Refused when the encoded World is not well formed."""
        try:
            start = decode(WORLD, data)
        except DecodeError as error:
            rule("exchange/world/decodes")
            raise Refused(f"World: {error}") from None
        if len(start.stack) > LIMIT["stack_max"]:
            rule("exchange/world/stack_max")
            raise Refused(f"the stack has {len(start.stack)} entries, more than {LIMIT['stack_max']}")
        if start.stack and isinstance(start.stack[-1], ReferenceEntry):
            rule("exchange/world/last_entry")
            raise Refused("the last entry of the stack is a reference")
        for hash, payload in start.state.data_payloads.items():
            if H(payload) != hash:
                rule("exchange/world/payload_hash")
                raise Refused(f"the payload at {hash.hex()} has another hash")
        stack: list[Entry] = []
        for position, entry in enumerate(start.stack):
            stack.append(entry_of(position, entry, stack))
        rule("exchange/world/opens")
        self.kernel = Kernel(start.state, start.tables, stack)

    def run(
        self, instance: bytes, image: bytes, cnode: bytes, endpoint: int, gas: int, observer: Observer | None = None
    ) -> Result | str:
        """A Result or "stack_full"; raises DecodeError or NotAdmitted for the Image, or Refused."""
        try:
            admitted = admit(image)
        except (DecodeError, NotAdmitted):
            rule("call/run/admits_first")
            raise
        if len(instance) != 64 or not 0 <= endpoint < 2**8 or not 0 <= gas < 2**64:
            raise Refused("an instance has 64 bytes, an endpoint is a u8 and gas a u64")
        root = root_cnode(decode_or_refuse("CNode", CNODE, cnode))
        if self.kernel.reference_on_top():
            rule("call/run/reference_on_top")
            raise Refused("a reference is on top of the stack")
        if self.kernel.is_full():
            rule("call/stack/depth")
            return "stack_full"
        return result_of(*call.run(self.kernel, call.instance_of(instance), admitted, root, endpoint, gas, observer))

    def resume(self, scratchpad: bytes | None = None, observer: Observer | None = None) -> Result | str:
        """A Result or "not_paused"; raises Refused for a scratchpad that does not decode."""
        cap = None if scratchpad is None else decode_or_refuse("scratchpad", CAPABILITY, scratchpad)
        if not self.kernel.reference_on_top():
            rule("yield/resume/not_paused")
            return "not_paused"
        return result_of(*call.resume(self.kernel, cap, observer))

    def dump(self) -> bytes:
        """The whole world, encoded as a Dump."""
        stack = self.kernel.stack
        entries = [dump_entry(entry, RUNNING if entry is stack[-1] else WAITING) for entry in stack]
        return DUMP.write(Dump(self.kernel.state, without_nothing(self.kernel.tables), entries))


def decode_or_refuse(what: str, type: Reads[T], data: bytes) -> T:
    try:
        return decode(type, data)
    except DecodeError as error:
        raise Refused(f"{what}: {error}") from None


def root_cnode(cnode: CNode) -> CNode:
    if cnode.size_log > LIMIT["root_size_log"]:
        raise Refused(f"a root CNode has a size_log of {cnode.size_log}, more than {LIMIT['root_size_log']}")
    return cnode


def entry_of(position: int, entry: InstanceEntry | ReferenceEntry, below: list[Entry]) -> Entry:
    """An entry of the stack as the encoded World describes it; `below` has the entries below it."""
    if isinstance(entry, ReferenceEntry):
        return reference_of(position, entry.target, below)
    try:
        image = admit(entry.image)
    except (DecodeError, NotAdmitted) as error:
        rule("exchange/world/image")
        raise Refused(f"entry {position}: {error}") from None
    if entry.cnode.size_log > LIMIT["root_size_log"]:
        rule("exchange/world/root_size_log")
    return Activation(call.instance_of(entry.instance), image, root_cnode(entry.cnode), entered=image)


def reference_of(position: int, target: int, below: list[Entry]) -> Reference:
    if target >= position:
        rule("exchange/world/target_below")
        raise Refused(f"entry {position} refers to {target}, which is not below it")
    if isinstance(below[target], Reference):
        rule("exchange/world/target_instance")
        raise Refused(f"entry {position} refers to {target}, which is no Instance")
    return Reference(target)


def result_of(activation: Activation, ending: call.Ending) -> Result:
    if ending.outcome == "faulted":
        rule("call/fault/no_rollback")
    return Result(
        outcome=ending.outcome,
        exit=ending.exit,
        argument=ending.argument,
        pc=activation.pc,
        gas=activation.gas,
        regs=list(activation.regs),
        gas_used=activation.gas_used,
        instance=call.instance_bytes(activation.instance),
        cnode=CNODE.write(activation.cnode),
        pages=PAGES.write(pages_of(activation.machine.memory)),
        payload=b"" if ending.payload is None else CAPABILITY.write(ending.payload),
    )


def dump_entry(entry: Entry, status: int) -> DumpInstance | DumpReference:
    if isinstance(entry, Reference):
        return DumpReference(status, entry.target)
    suspended = None
    rule("exchange/dump/status")
    if entry.started is not None:
        rule("exchange/dump/suspended")
        saved = entry.gas if entry.meter is None else 0
        suspended = Suspended(entry.pc, saved, entry.meter, list(entry.regs), pages_of(entry.machine.memory))
    instance = call.instance_bytes(entry.instance)
    return DumpInstance(status, instance, image_hash(entry.image), entry.cnode, suspended)


def without_nothing(tables: Tables) -> Tables:
    """chain/tables_as_functions: a 0 or an empty list is as good as no entry."""
    kept = Tables(*({key: value for key, value in table.items() if value} for table in vars(tables).values()))
    for name, table in vars(tables).items():
        if vars(kept)[name] != table:
            rule("chain/tables_as_functions")
            rule("chain/tables_as_functions/" + name)
    return kept
