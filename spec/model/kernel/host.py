"""host.md: the operations that ecall and ecalli select.

Every operation makes all its checks before its first change, so that a Trap changes nothing
(host/trap_changes_nothing).
"""

from collections.abc import Callable
from typing import TypeVar

from model.kernel import yield_
from model.kernel.cap import (
    Capability,
    Data,
    ImageCap,
    Instance,
    TypeCap,
    handle,
    handle_id,
    is_kernel,
)
from model.kernel.hash import chain_extend, data_hash, strip
from model.kernel.image import Image, NotAdmitted, PinnedData, admit, datas
from model.kernel.manage import MOVES, Operation, OperationTrap
from model.kernel.scale import DecodeError
from model.kernel.stack import Activation, Kernel
from model.kernel.state import DataBlob, IdCounters
from model.kernel.table import LIMIT, OP
from model.machine.exit import Stop
from model.machine.mem import END, LOAD, PAGE_SIZE, STORE
from model.reach import rule
from model.table import check_names

C = TypeVar("C", bound=Capability)
WITH_CHAIN: tuple[type[Instance | TypeCap], ...] = (Instance, TypeCap)
GOES_ON, TRAP, HALT, PAUSED = "goes_on", "trap", "halt", "paused"


def selector(stop: Stop) -> int:
    """The operation that an ecall or ecalli selects (host/selector)."""
    rule("host/selector")
    return stop.argument if stop.exit == "host_call" else stop.state.regs[11] % 2**32


def perform(kernel: Kernel, activation: Activation, number: int) -> tuple[str, Instance | None]:
    """Does an operation of the activation on top. Answers how it goes on, and a yield's payload."""
    rule("host/gas")
    if number >= LIMIT["op_silent_min"]:
        rule("host/silent")
        return GOES_ON, None
    try:
        return execute(kernel, Operation(activation), assigned(number))
    except OperationTrap:
        rule("host/trap_changes_nothing")
        return TRAP, None


def assigned(number: int) -> str:
    """The name of an operation (host/unassigned)."""
    if number not in NAME:
        rule("host/unassigned")
        raise OperationTrap
    return NAME[number]


def execute(kernel: Kernel, operation: Operation, name: str) -> tuple[str, Instance | None]:
    if name in MOVES:
        MOVES[name](operation)
        rule("cap/registers_kept")
        return GOES_ON, None
    rule("host/" + name)
    if name == "reply":
        return HALT, None
    if name == "yield":
        return PAUSED, yield_marker(kernel, operation)
    HOST[name](kernel, operation)
    return GOES_ON, None


# Operands


def operand(operation: Operation, register: int, *kinds: type[C]) -> C:
    """The capability of one of these kinds in that slot (host/operand_kind)."""
    slot = operation.slot(register)
    cap = operation.cnode.slots.get(slot)
    if not isinstance(cap, kinds):
        rule("host/operand_kind")
        rule("host/operand_kind/" + ("empty" if cap is None else "other"))
        raise OperationTrap
    if operation.is_pinned(slot):
        rule("cap/pinned_source")
        rule("cap/pinned_source/read")
    return cap


def typed(operation: Operation, register: int) -> Instance | TypeCap:
    """What has a chain: an Instance or a Type."""
    return operand(operation, register, *WITH_CHAIN)


def operand_handle(operation: Operation, register: int, image: str) -> int:
    """The id of the unit handle in that slot."""
    id = handle_id(operand(operation, register, Instance), image)
    if id is None:
        rule("host/operand_kind")
        rule("host/operand_kind/image")
        raise OperationTrap
    return id


def place(operation: Operation, slot: int, cap: Capability) -> None:
    """host/overwrite"""
    if slot in operation.cnode.slots:
        rule("host/overwrite")
    operation.write(slot, cap)


def check_memory(operation: Operation, address: int, length: int, access: tuple[str, ...], name: str) -> None:
    """Every byte has the access and lies below 2^32; a length of 0 has no bytes."""
    pages = operation.activation.machine.memory.pages
    if length == 0:
        rule(name)
        rule(name + "/nothing")
        return
    first, last = address // PAGE_SIZE, (address + length - 1) // PAGE_SIZE
    if address + length > END:
        rule(name)
        rule(name + "/past_end")
        raise OperationTrap
    if not all(n in pages and pages[n][0] in access for n in range(first, last + 1)):
        rule(name)
        rule(name + "/access")
        raise OperationTrap


def charge(kernel: Kernel, id: int, amount: int) -> int:
    """What the quota will be (host/quota)."""
    rule("host/quota")
    quota = kernel.tables.quotas.get(id, 0)
    if quota < amount:
        raise OperationTrap
    return quota - amount


# The operations


def yield_marker(kernel: Kernel, operation: Operation) -> Instance:
    marker = operand(operation, 7, Instance)
    if not yield_.by_operation(kernel, marker):
        raise OperationTrap
    return marker


def resolve(kernel: Kernel, cap: ImageCap) -> Image:
    """host/resolve"""
    rule("host/resolve")
    payload = kernel.state.data_payloads.get(cap.hash)
    if payload is None:
        rule("host/resolve/not_stored")
        raise OperationTrap
    try:
        return admit(payload)
    except DecodeError:
        rule("host/resolve/undecodable")
    except NotAdmitted:
        rule("host/resolve/not_admitted")
    raise OperationTrap


def pinned_caps(image: Image) -> dict[int, Capability]:
    """What the slots that an Image pins hold."""
    return {
        slot: Data(pin.size, data_hash(pin.content)) if isinstance(pin, PinnedData) else ImageCap(pin.content_hash)
        for slot, pin in image.pinned_slots.items()
    }


def set_image(kernel: Kernel, operation: Operation) -> None:
    activation, cnode = operation.activation, operation.cnode
    cap = operand(operation, 7, ImageCap)
    image, old = resolve(kernel, cap), activation.image
    if any(cnode.read(slot) is not None and slot not in old.pinned_slots for slot in image.pinned_slots):
        rule("host/set_image/new_pins")
        raise OperationTrap
    rule("host/set_image/swap")
    rule("host/set_image/swap/chain")
    for slot in old.pinned_slots:
        rule("host/set_image/swap/empties")
        cnode.write(slot, None)
    for slot, pin in pinned_caps(image).items():
        rule("host/set_image/swap/places")
        cnode.write(slot, pin)
    for slot, data in datas(image):
        is_pinned = slot in image.pinned_slots
        rule("host/set_image/swap/stores_pinned" if is_pinned else "host/set_image/swap/stores_initial")
        kernel.state.store(data.content)
    activation.instance = Instance(chain_extend(activation.instance.chain, cap.hash), activation.instance.content)
    rule("host/set_image/at_once")
    rule("host/set_image/later")
    activation.image = image


def derive_spawn(kernel: Kernel, operation: Operation) -> None:
    image, destination = operand(operation, 7, ImageCap), operation.destination(8)
    if operation.regs[9] != 0:
        rule("host/derive_spawn/cnode_reserved")
        raise OperationTrap
    rule("cap/created_content")
    rule("cap/created_content/operation")
    place(
        operation,
        destination,
        Instance(chain_extend(operation.activation.instance.chain, image.hash)),
    )


def same_type(kernel: Kernel, operation: Operation) -> None:
    a, b = typed(operation, 7), typed(operation, 8)
    rule("host/same_type/" + ("equal" if a.chain == b.chain else "unequal"))
    operation.regs[7] = int(a.chain == b.chain)


def type_of(kernel: Kernel, operation: Operation) -> None:
    cap, destination = typed(operation, 7), operation.destination(8)
    place(operation, destination, TypeCap(cap.chain))


def read_data(kernel: Kernel, operation: Operation) -> None:
    cap, address = operand(operation, 7, Data), operation.regs[8] % 2**32
    length = min(operation.regs[9], cap.size)
    check_memory(operation, address, length, STORE, "host/read_data/memory")
    if cap.hash not in kernel.state.data_payloads:
        rule("host/missing_payload")
    payload = kernel.state.data_payloads.get(cap.hash, b"")
    operation.activation.machine.write(address, payload[:length].ljust(length, b"\0"))
    operation.regs[7] = length


def mint_data(kernel: Kernel, operation: Operation) -> None:
    address, length = operation.regs[7] % 2**32, operation.regs[8]
    quota_id, destination = operand_handle(operation, 9, "quota"), operation.destination(10)
    check_memory(operation, address, length, LOAD, "host/mint_data/memory")
    kernel.tables.quotas[quota_id] = charge(kernel, quota_id, length)
    hash = kernel.state.store(strip(operation.activation.machine.read(address, length)))
    place(operation, destination, Data(length, hash))


def open_(kernel: Kernel, operation: Operation) -> None:
    cap, destination = operand(operation, 7, Instance), operation.destination(8)
    if is_kernel(cap, "host_open"):
        rule("host/open/by_id")
        id = operation.regs[9]
    else:
        id = operand_handle(operation, 7, "file")
    file = kernel.state.data_blobs.get(id)
    if file is None:
        raise OperationTrap
    place(operation, destination, Data(file.size, file.content_hash))


def save(kernel: Kernel, operation: Operation) -> None:
    cap, quota_id = operand(operation, 7, Data), operand_handle(operation, 8, "quota")
    destination, counters = operation.destination(9), kernel.state.counters
    if counters.next_file_id == 2**64 - 1:
        rule("host/save/ids_exhausted")
        raise OperationTrap
    kernel.tables.quotas[quota_id] = charge(kernel, quota_id, cap.size)
    id = counters.next_file_id
    kernel.state.data_blobs[id] = DataBlob(cap.hash, cap.size, 1, quota_id)
    kernel.state.counters = IdCounters(id + 1, counters.next_code_id, counters.next_vault_id)
    place(operation, destination, handle("file", id))


NAME = {record.number: record.name for record in OP}
HOST: dict[str, Callable[[Kernel, Operation], None]] = {
    "set_image": set_image,
    "derive_spawn": derive_spawn,
    "same_type": same_type,
    "type_of": type_of,
    "read_data": read_data,
    "mint_data": mint_data,
    "open": open_,
    "save": save,
}

check_names(
    "manage.py: MOVES and host.py: HOST",
    ["reply", "yield", *MOVES, *HOST],
    "kernel.def: OP",
    [record.name for record in OP],
)
