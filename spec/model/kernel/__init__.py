"""The executable specification of the kernel, to be read beside the chapters two folders above.

    scale.py    image.md: the encoding         yield_.py    yield.md
    hash.py     image.md: hashes               call.py      call.md
    image.py    image.md: Images, admission    chain.py     chain.md: genesis, events
    state.py    image.md: the state            record.py    chain.md: records
    cap.py      cap.md                         exchange.py  exchange.md
    host.py     host.md                        world.py     the invocation level
    stack.py    the kernel's own state         table.py     ../../kernel.def

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

from model.kernel.cap import (
    CAPABILITY,
    CNODE,
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
from model.kernel.scale import DecodeError
from model.kernel.scale import decode as decode_as
from model.kernel.state import STATE, DataBlob, IdCounters, State, VaultRecord, state_root
from model.kernel.world import Result, World
from model.machine.exit import Refused

TYPE = {
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
TYPE_OF = {
    Image: IMAGE,
    State: STATE,
    Instance: CAPABILITY,
    ImageCap: CAPABILITY,
    Data: CAPABILITY,
    CNodeCap: CAPABILITY,
    TypeCap: CAPABILITY,
    CNode: CNODE,
    WorldStart: WORLD,
    Dump: DUMP,
    Tables: TABLES,
    Record: RECORD,
}


def decode(type, data):
    """Bytes to a value of one of the types above; raises DecodeError."""
    return decode_as(TYPE[type], data)


def encode(value):
    """A value of one of the types above to bytes; a dict is Pages."""
    return (PAGES if isinstance(value, dict) else TYPE_OF[type(value)]).write(value)


def hash(kind, value):
    """The hash of an encoded value; raises DecodeError, or Refused for an impossible size."""
    return HASH[kind](value)


def hash_leaves(value):
    if len(value) % 32:
        raise Refused(f"{len(value)} bytes are not leaves of 32 bytes each")
    return bmt([value[at : at + 32] for at in range(0, len(value), 32)])


def hash_chain(value):
    if len(value) != 64:
        raise Refused(f"{len(value)} bytes are not a chain and an Image's hash")
    return chain_extend(value[:32], value[32:])


HASH = {
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
    "VaultRecord",
    "World",
    "WorldStart",
    "admit",
    "decode",
    "encode",
    "hash",
]
