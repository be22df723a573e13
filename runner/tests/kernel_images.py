"""Code, Images and worlds for the tests of the kernel."""

import model

k = model.kernel
ZERO = bytes(32)
GAS = k.KERNEL_IMAGE["gas"]
RICH = 10**6


def code(*instructions, table=()):
    """A code blob of instructions given as bytes."""
    starts, text = [], b""
    for instruction in instructions:
        starts.append(len(text))
        text += instruction
    mask = bytearray((len(text) + 7) // 8)
    for start in starts:
        mask[start // 8] |= 1 << start % 8
    header = len(table).to_bytes(4, "little") + b"\1" + len(text).to_bytes(4, "little")
    return header + bytes(table) + text + bytes(mask)


def set_reg(register, value):
    return bytes([20, register]) + (value % 2**64).to_bytes(8, "little")


def op(number):
    return b"\x0a" + number.to_bytes(4, "little")


def store_u32(register, address):
    return bytes([61, register]) + address.to_bytes(4, "little")


ECALL, TRAP, FALLTHROUGH, REPLY = b"\3", b"\0", b"\1", op(0)


def image(*instructions, **fields):
    fields.setdefault("endpoints", {0: k.EndpointDef()})
    return k.Image(code=code(*instructions), **fields)


def call(number, **values):
    """The instructions of one operation with its operands."""
    return [*(set_reg(int(name[1:]), value) for name, value in values.items()), op(number)]


def mapping(start, size, *path):
    return k.MemoryMapping(start, size, list(path))


def handle(name, id):
    return k.Instance(k.KERNEL_IMAGE[name], id.to_bytes(8, "little") + bytes(24))


def payloads(*contents):
    return {k.hash("bytes", content): content for content in contents}


def data(content, size=None):
    return k.Data(len(content) if size is None else size, k.hash("bytes", content))


def entry(entry_image, slots=None):
    return k.InstanceEntry(bytes(64), k.encode(entry_image), k.CNode(8, slots or {}))


def catcher(nonce, *markers):
    """An entry that catches markers, and its row of the table of catchers."""
    name = bytes([nonce]) * 32
    slots = {9: k.Instance(k.KERNEL_IMAGE["yield_catcher"], name)}
    return entry(image(REPLY, yield_marker_slot=9), slots), {name: list(markers)}


def world(stack=(), state=None, **tables):
    return k.World(k.encode(k.WorldStart(state or k.State(), k.Tables(**tables), list(stack))))


class Events:
    """An observer that keeps the kernel records, decoded."""

    def __init__(self):
        self.records = []

    def event(self, record):
        self.records.append(k.decode("record", record))


def run(where, what, slots=None, endpoint=0, gas=RICH, size_log=8, instance=bytes(64), observer=None):
    cnode = k.encode(k.CNode(size_log, slots or {}))
    return where.run(instance, k.encode(what), cnode, endpoint, gas, observer)


def slots_of(result):
    return k.decode("cnode", result.cnode).slots


def dump_of(where):
    return k.decode("dump", where.dump())
