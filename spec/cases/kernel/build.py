"""Builds Images, capabilities, worlds and guest programs of operations for the kernel's cases."""

from collections.abc import Iterable
from typing import TypeAlias, TypedDict, Unpack

from cases.kernel.case import RICH, KernelCase, Known, Run, Slots, World
from cases.machine.case import Rules
from cases.machine.code import Code, signed, wide
from model import kernel as k

Operands: TypeAlias = dict[str, int]  # "r7" and so on
Call: TypeAlias = tuple[str | int, Operands]
Stack: TypeAlias = Iterable[k.InstanceEntry | k.ReferenceEntry]
Pinned: TypeAlias = k.PinnedData | k.PinnedImage
Files: TypeAlias = dict[int, k.DataBlob]
Catchers: TypeAlias = dict[bytes, list[bytes]]


class ImageFields(TypedDict, total=False):
    endpoints: dict[int, k.EndpointDef]
    memory_mappings: list[k.MemoryMapping]
    gas_slots: list[int]
    quota_slots: list[int]
    pinned_slots: dict[int, Pinned]
    initial_slots: dict[int, k.InitialData]
    yield_marker_slot: int | None


class Fields(ImageFields, total=False):
    """What a function that makes cases of one run passes on: fields of the run, the case and the Image."""

    world: bytes
    size_log: int
    instance: bytes
    endpoint: int
    gas: int
    unchanged: bool
    known: Known
    against: Rules
    probes: Rules
    notices: Rules
    note: str


class TableFields(TypedDict, total=False):
    meters: dict[int, int]
    quotas: dict[int, int]
    catchers: Catchers


ZERO = bytes(32)
PAGE = 4096
OP = {name: number for number, name in ((number, name) for name, number in k.table.OP)}
OP_MAX = 2**32 - 1

# Capabilities

A, B, C = b"\xaa" * 32, b"\xbb" * 32, b"\xcc" * 32


def digest(data: bytes) -> bytes:
    """H of bytes."""
    return k.hash("bytes", data)


def data(content: bytes = b"abc", size: int | None = None) -> k.Data:
    return k.Data(len(content) if size is None else size, digest(content))


def handle(name: str, id: int) -> k.Instance:
    """A Gas, Quota or File handle."""
    return k.Instance(k.KERNEL_IMAGE[name], id.to_bytes(8, "little") + bytes(24))


def kernel_instance(name: str, content: bytes = ZERO) -> k.Instance:
    return k.Instance(k.KERNEL_IMAGE[name], content)


KINDS: dict[str, k.Capability] = {
    "instance": k.Instance(A, B),
    "image": k.ImageCap(B),
    "data": k.Data(3, digest(b"abc")),
    "cnode": k.CNodeCap(k.CNode(2, {1: k.Data(3, digest(b"abc")), 3: k.CNodeCap(k.CNode(0))})),
    "type": k.TypeCap(A),
}
"""One capability of each kind."""


def cnode(slots: Slots | None = None, size_log: int = 8) -> bytes:
    """The encoding of a root CNode."""
    return k.encode(k.CNode(size_log, dict(slots or {})))


def nested(depth: int, size_log: int = 0) -> k.CNode:
    """A CNode that has `depth` others inside, one in the other."""
    inner = k.CNode(size_log)
    for _ in range(depth):
        inner = k.CNode(size_log, {0: k.CNodeCap(inner)})
    return inner


# Guest programs


def selected(number: int) -> int:
    """The immediate of an ecalli: a u32, sign-extended, in as few bytes as it takes."""
    return signed(number, 32)


def set_reg(code: Code, register: int, value: int) -> Code:
    """Appends the shortest instruction that gives a register a value."""
    value %= 2**64
    number = signed(value)
    if -(2**31) <= number < 2**31:
        return code.op("load_imm", a=register, x=value)
    return code.op("load_imm_64", a=register, x=wide(value))


def do(code: Code, number: str | int, **registers: int) -> Code:
    """Appends an operation, by name or number, after setting registers: do(code, "copy", r7=1)."""
    for name, value in registers.items():
        set_reg(code, int(name[1:]), value)
    return code.op("ecalli", x=selected(number if isinstance(number, int) else OP[number]))


def do_ecall(code: Code, selector: int, **registers: int) -> Code:
    """The same through ecall; the selector is all of register 11."""
    for name, value in (registers | {"r11": selector}).items():
        set_reg(code, int(name[1:]), value)
    return code.op("ecall")


def program(*calls: Call) -> Code:
    """Code of calls, each a tuple of an operation and its registers as a dict, then reply."""
    code = Code()
    for number, registers in calls:
        do(code, number, **registers)
    return do(code, "reply")


# Images


def image_of(code: Code | bytes | None = None, **fields: Unpack[ImageFields]) -> k.Image:
    """An Image of Code, or of a blob, or only of a reply, with endpoint 0 at position 0 unless
    others are given.
    """
    code = do(Code(), "reply") if code is None else code
    fields.setdefault("endpoints", {0: k.EndpointDef()})
    return k.Image(code=code if isinstance(code, bytes) else code.blob(), **fields)


def image(code: Code | bytes | None = None, **fields: Unpack[ImageFields]) -> bytes:
    """Its encoding."""
    return k.encode(image_of(code, **fields))


def image_cap(encoded: bytes) -> k.ImageCap:
    """The capability of an encoded Image."""
    return k.ImageCap(digest(encoded))


def mapping(start: int, size: int, *path: int) -> k.MemoryMapping:
    return k.MemoryMapping(start, size, list(path))


def pins(*slots: int) -> dict[int, Pinned]:
    """Pinned slots, each an Image that nobody looks at."""
    return {slot: k.PinnedImage(C) for slot in slots}


# Worlds


def payloads(*contents: bytes) -> dict[bytes, bytes]:
    return {digest(content): content for content in contents}


def sigma(*contents: bytes, files: Files | None = None, next_file_id: int = 0) -> k.State:
    """A σ with these payloads and files."""
    return k.State(
        data_payloads=payloads(*contents),
        data_blobs=files or {},
        counters=k.IdCounters(next_file_id=next_file_id),
    )


def start(
    stack: Stack = (),
    state: k.State | None = None,
    **tables: Unpack[TableFields],
) -> bytes:
    """The encoding of a World."""
    return k.encode(k.WorldStart(state or k.State(), k.Tables(**tables), list(stack)))


EMPTY = start()


def entry(
    encoded: bytes | None = None, slots: Slots | None = None, instance: bytes = bytes(64), size_log: int = 8
) -> k.InstanceEntry:
    """An Instance entry of a stack."""
    return k.InstanceEntry(instance, encoded or image(), k.CNode(size_log, dict(slots or {})))


CATCHER_SLOT = 9


def catcher(nonce: int) -> tuple[k.Instance, bytes]:
    """The capability of a catcher list, and its key in the table of catchers."""
    key = bytes([nonce]) * 32
    return kernel_instance("yield_catcher", key), key


def catching_entry(nonce: int = 1, encoded: bytes | None = None) -> k.InstanceEntry:
    """An entry whose Image names slot 9, which holds a catcher."""
    return entry(encoded or image(yield_marker_slot=CATCHER_SLOT), {CATCHER_SLOT: catcher(nonce)[0]})


# Cases


def once(
    name: str,
    rules: Rules,
    code: Code | bytes | None = None,
    slots: Slots | None = None,
    ends: str = "halt",
    world: bytes = EMPTY,
    size_log: int = 8,
    *,
    instance: bytes = bytes(64),
    endpoint: int = 0,
    gas: int = RICH,
    unchanged: bool = False,
    known: Known | None = None,
    against: Rules = (),
    probes: Rules = (),
    notices: Rules = (),
    note: str = "",
    **fields: Unpack[ImageFields],
) -> KernelCase:
    """A case of one run; what is not named here is a field of the Image."""
    run = Run(image(code, **fields), cnode(slots, size_log), instance, endpoint, gas, ends, unchanged, known or {})
    return KernelCase(name, tuple(rules), World(world, [run]), against, probes, notices, note)


def operation(
    name: str,
    rules: Rules,
    number: str | int,
    registers: Operands,
    slots: Slots | None = None,
    after: Slots | None = None,
    **more: Unpack[Fields],
) -> KernelCase:
    """A case of one operation that goes on, and a reply; `after` is the whole CNode then."""
    if after is not None:
        more["known"] = {"slots": after, **more.get("known", {})}
    return once(name, rules, program((number, registers)), slots, **more)


def trapped(
    name: str,
    rules: Rules,
    number: str | int,
    registers: Operands,
    slots: Slots | None = None,
    **more: Unpack[Fields],
) -> KernelCase:
    """A case of one operation that is Trap and changes nothing."""
    more["unchanged"] = True
    rules = (*rules, "host/trap_changes_nothing")
    return once(name, rules, program((number, registers)), slots, "trap", **more)


def gas_of(run: Run, world: bytes = EMPTY) -> int:
    """The gas that a run uses, told by the model."""
    result = k.World(world).run(run.instance, run.image, run.cnode, run.endpoint, run.gas)
    if isinstance(result, str):
        raise TypeError(f"the run is {result}")
    return result.gas_used
