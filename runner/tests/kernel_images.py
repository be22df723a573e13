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


PAGE = 4096
MARKER = b"\x4d" * 32
OOG = k.KERNEL_IMAGE["oog_marker"]
TYPE = k.TypeCap(b"\x77" * 32)
OTHER = k.Instance(b"\x66" * 32, b"\x55" * 32)


def state(*contents, files=None, next_file_id=0):
    return k.State(data_payloads=payloads(*contents), data_blobs=files or {}, counters=k.IdCounters(next_file_id))


def of(*instructions, **fields):
    """An Image that does this and then replies."""
    return image(*instructions, REPLY, **fields)


def after(instructions, slots=None, where=None, **fields):
    """The Result of operations that must succeed."""
    result = run(where or world(), of(*instructions, **fields), slots)
    assert (result.outcome, result.exit, result.argument) == ("halt", "halt", 0)
    return result


def traps(instructions, slots=None, size_log=8, where=None, **fields):
    """An operation traps and nothing has changed, except that its block is paid."""
    where = where or world()
    before, events = where.dump(), Events()
    result = run(where, of(*instructions, **fields), slots, size_log=size_log, observer=events)
    assert (result.outcome, result.exit, result.argument) == ("faulted", "trap", 0)
    assert slots_of(result) == (slots or {}) and where.dump() == before
    assert [record.kind for record in events.records] == [1, 0, 3]
    operation = events.records[1]
    assert operation.result == 1 and events.records[2].operands == operation.operands == result.regs[7:13]
    assert not any((operation.slots, operation.meters, operation.quotas, operation.files, operation.payloads))
    assert result.pc == len(b"".join(instructions)) and 0 < result.gas_used == RICH - result.gas


MAPPED = [mapping(0x1000, PAGE, 30), mapping(0x2000, PAGE, 31), mapping(0x4000, PAGE, 32)]
READ_ONLY = {31: k.PinnedData(b"", PAGE)}
BOTH = {"memory_mappings": MAPPED, "pinned_slots": READ_ONLY}


def page_of(result, address):
    return k.decode("pages", result.pages)[address].bytes


NEXT = image(
    op(0),
    memory_mappings=[mapping(0x8000, PAGE, 60)],
    gas_slots=[7],
    pinned_slots={40: k.PinnedData(b"new", 8), 41: k.PinnedImage(MARKER)},
    initial_slots={42: k.InitialData(b"first", 5)},
    yield_marker_slot=9,
)
ENCODED_NEXT = k.encode(NEXT)
NEXT_CAP = k.ImageCap(k.hash("image", ENCODED_NEXT))


def below_with(*catchers):
    """A world of such entries."""
    tables = {}
    for _, row in catchers:
        tables.update(row)
    return [found for found, _ in catchers], tables


def sigma(of_chain):
    return k.decode("state", of_chain.state())
