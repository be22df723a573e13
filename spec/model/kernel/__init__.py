"""The executable specification of the kernel, to be read beside the chapters two folders above.

    scale.py     image.md: the encoding        host.py      host.md
    hash.py      image.md: hashes              yield_.py    yield.md
    state.py     image.md: the state           call.py      call.md
    image.py     image.md: Images, admission   chain.py     chain.md: genesis, events
    cap.py       cap.md: what there is         record.py    chain.md: records
    manage.py    cap.md: operations on slots   exchange.py  exchange.md: Worlds, Dumps, Records
    stack.py     call.md: what is running      world.py     exchange.md: run and resume by hand
    table.py     the facts of kernel.def

What a machine does is the business of the package above.

When a rule counts as reached
-----------------------------
A rule that says what something is or does is reached each time that is used or done. A rule about
a special case is reached only in that case:

    image/decode/whole            something decodes; image/decode/order: it does not
    image/admit/tolerated         an Image is admitted although it has something of the list
    image/strip                   there is something to strip
    cap/operand                   a slot operand with a bit above the low 8
    cap/operand_range             a slot beyond the CNode
    cap/pinned                    a slot that an operation names is pinned
    cap/pinned_destination        such a destination is refused
    cap/pinned_source             such a source is refused, or read freely by a host operation
    cap/kernel_image              an Instance is asked whether it is of a kernel image
    cap/unit_handle               it is, and its id is wanted
    cap/kernel_slots              an operation writes one of 7..16
    cap/registers_kept            copy, move, drop, swap or mint_cnode succeeds
    host/operand_kind             an operand is of the wrong kind
    host/overwrite                a destination is full
    host/read_data/memory         the memory is not as it must be, or the length is 0
    host/mint_data/memory         likewise
    host/missing_payload          read_data finds no payload
    host/quota                    a quota is charged or found too small
    host/set_image/new_pins       set_image fails for that
    host/set_image/...            the others: it succeeds
    host/exit_pc                  an operation ends or sets aside the activation
    call/run/admits_first         run rejects an Image
    call/fault/no_rollback        an activation of a World faults
    call/map/permission           a mapping of one step is mapped
    call/map/multi_step           a mapping of several steps is not
    call/gas/no_meter             an activation is entered without a meter
    call/gas/from_meter           it is entered with one
    call/halt/skips               a mapping is skipped
    yield/skipped_entry           an entry has no catcher; yield/catcher: one catches
    yield/catcher_reused          another reference to the catcher is on the stack
    yield/oog                     an OutOfGas is caught; yield/oog/uncaught: it is not
    yield/oog/meter_empty         there is an OutOfGas with a meter
    chain/genesis/contents        there is such content; chain/image_slots: there are such slots
    chain/tables_as_functions     a Dump leaves out a 0 or an empty list
    chain/event/zero_budgets      gas or quota is 0
"""

from collections.abc import Callable
from typing import Literal, TypeAlias, overload

from model.kernel.cap import (
    CAPABILITY,
    CNODE,
    Capability,
    CNode,
    CNodeCap,
    Data,
    ImageCap,
    Instance,
    TypeCap,
    cap_hash,
    cnode_hash,
)
from model.kernel.chain import Chain, EventResult
from model.kernel.exchange import (
    DUMP,
    PAGES,
    RECORD,
    TABLES,
    WORLD,
    CatcherChange,
    Dump,
    DumpInstance,
    DumpReference,
    FileChange,
    InstanceEntry,
    NumberChange,
    Page,
    PayloadChange,
    Record,
    ReferenceEntry,
    SlotChange,
    Suspended,
    Tables,
    WorldStart,
)
from model.kernel.hash import KERNEL_IMAGE, H, bmt, chain_extend
from model.kernel.image import (
    IMAGE,
    EndpointDef,
    Image,
    InitialData,
    MemoryMapping,
    NotAdmitted,
    PinnedData,
    PinnedImage,
    admit,
    image_hash,
)
from model.kernel.scale import DecodeError, Reads, Struct
from model.kernel.scale import decode as decode_as
from model.kernel.state import STATE, DataBlob, IdCounters, State, VaultRecord, state_root
from model.kernel.world import Result, World
from model.machine.exit import Refused

Value: TypeAlias = Image | State | Capability | CNode | WorldStart | Dump | Tables | Record | dict[int, Page]

TYPE: dict[str, Reads[Value]] = {
    "image": IMAGE,
    "state": STATE,
    "cap": CAPABILITY,
    "cnode": CNODE,
    "world": WORLD,
    "dump": DUMP,
    "tables": TABLES,
    "pages": PAGES,
    "record": RECORD,
}
STRUCT_OF: dict[type, Struct[Value]] = {
    Image: IMAGE,
    State: STATE,
    WorldStart: WORLD,
    Dump: DUMP,
    Tables: TABLES,
    Record: RECORD,
}


@overload
def decode(type: Literal["image"], data: bytes) -> Image: ...
@overload
def decode(type: Literal["state"], data: bytes) -> State: ...
@overload
def decode(type: Literal["cap"], data: bytes) -> Capability: ...
@overload
def decode(type: Literal["cnode"], data: bytes) -> CNode: ...
@overload
def decode(type: Literal["world"], data: bytes) -> WorldStart: ...
@overload
def decode(type: Literal["dump"], data: bytes) -> Dump: ...
@overload
def decode(type: Literal["tables"], data: bytes) -> Tables: ...
@overload
def decode(type: Literal["pages"], data: bytes) -> dict[int, Page]: ...
@overload
def decode(type: Literal["record"], data: bytes) -> Record: ...
@overload
def decode(type: str, data: bytes) -> Value: ...
def decode(type: str, data: bytes) -> Value:
    """Bytes to a value of one of the types above; raises DecodeError."""
    return decode_as(TYPE[type], data)


def encode(value: Value) -> bytes:
    """A value of one of the types above to bytes; a dict is Pages."""
    if isinstance(value, dict):
        return PAGES.write(value)
    if isinstance(value, CNode):
        return CNODE.write(value)
    return STRUCT_OF.get(type(value), CAPABILITY).write(value)


def hash(kind: str, value: bytes) -> bytes:
    """The hash of an encoded value; raises DecodeError, or Refused for an impossible size."""
    return HASH[kind](value)


def hash_leaves(value: bytes) -> bytes:
    if len(value) % 32:
        raise Refused(f"{len(value)} bytes are not leaves of 32 bytes each")
    return bmt([value[at : at + 32] for at in range(0, len(value), 32)])


def hash_chain(value: bytes) -> bytes:
    if len(value) != 64:
        raise Refused(f"{len(value)} bytes are not a chain and an Image's hash")
    return chain_extend(value[:32], value[32:])


HASH: dict[str, Callable[[bytes], bytes]] = {
    "bytes": H,
    "bmt": hash_leaves,
    "cap": lambda value: cap_hash(decode("cap", value)),
    "cnode": lambda value: cnode_hash(decode("cnode", value)),
    "image": lambda value: image_hash(decode("image", value)),
    "chain": hash_chain,
    "state": lambda value: state_root(decode("state", value)),
}

__all__ = [
    "KERNEL_IMAGE",
    "CNode",
    "CNodeCap",
    "Capability",
    "CatcherChange",
    "Chain",
    "Data",
    "DataBlob",
    "DecodeError",
    "Dump",
    "DumpInstance",
    "DumpReference",
    "EndpointDef",
    "EventResult",
    "FileChange",
    "IdCounters",
    "Image",
    "ImageCap",
    "InitialData",
    "Instance",
    "InstanceEntry",
    "MemoryMapping",
    "NotAdmitted",
    "NumberChange",
    "Page",
    "PayloadChange",
    "PinnedData",
    "PinnedImage",
    "Record",
    "ReferenceEntry",
    "Refused",
    "Result",
    "SlotChange",
    "State",
    "Suspended",
    "Tables",
    "TypeCap",
    "Value",
    "VaultRecord",
    "World",
    "WorldStart",
    "admit",
    "decode",
    "encode",
    "hash",
]
