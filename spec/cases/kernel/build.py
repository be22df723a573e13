"""Builds Images, capabilities, worlds and guest programs of operations for the kernel's cases."""

from cases.kernel.case import KernelCase, Run, World
from cases.machine.code import Code, signed, wide
from model import kernel as k

ZERO = bytes(32)
PAGE = 4096
OP = {name: number for number, name in ((number, name) for name, number in k.table.OP)}
OP_MAX = 2**32 - 1

# Capabilities

A, B, C = b"\xaa" * 32, b"\xbb" * 32, b"\xcc" * 32


def digest(data):
    """H of bytes."""
    return k.hash("bytes", data)


def data(content=b"abc", size=None):
    return k.Data(len(content) if size is None else size, digest(content))


def handle(name, id):
    """A Gas, Quota or File handle."""
    return k.Instance(k.KERNEL_IMAGE[name], id.to_bytes(8, "little") + bytes(24))


def kernel_instance(name, content=ZERO):
    return k.Instance(k.KERNEL_IMAGE[name], content)


KINDS = {
    "instance": k.Instance(A, B),
    "image": k.ImageCap(B),
    "data": k.Data(3, digest(b"abc")),
    "cnode": k.CNodeCap(k.CNode(2, {1: k.Data(3, digest(b"abc")), 3: k.CNodeCap(k.CNode(0))})),
    "type": k.TypeCap(A),
}
"""One capability of each kind."""


def cnode(slots=None, size_log=8):
    """The encoding of a root CNode."""
    return k.encode(k.CNode(size_log, slots or {}))


def nested(depth, size_log=0):
    """A CNode that has `depth` others inside, one in the other."""
    inner = k.CNode(size_log)
    for _ in range(depth):
        inner = k.CNode(size_log, {0: k.CNodeCap(inner)})
    return inner


# Guest programs


def selected(number):
    """The immediate of an ecalli: a u32, sign-extended, in as few bytes as it takes."""
    return signed(number, 32)


def set_reg(code, register, value):
    """Appends the shortest instruction that gives a register a value."""
    value %= 2**64
    number = signed(value)
    if -(2**31) <= number < 2**31:
        return code.op("load_imm", a=register, x=value)
    return code.op("load_imm_64", a=register, x=wide(value))


def do(code, number, **registers):
    """Appends an operation, by name or number, after setting registers: do(code, "copy", r7=1)."""
    for name, value in registers.items():
        set_reg(code, int(name[1:]), value)
    return code.op("ecalli", x=selected(OP.get(number, number)))


def do_ecall(code, selector, **registers):
    """The same through ecall; the selector is all of register 11."""
    for name, value in (registers | {"r11": selector}).items():
        set_reg(code, int(name[1:]), value)
    return code.op("ecall")


def program(*calls):
    """Code of calls, each a tuple of an operation and its registers as a dict, then reply."""
    code = Code()
    for number, registers in calls:
        do(code, number, **registers)
    return do(code, "reply")


# Images


def image_of(code=None, **fields):
    """An Image of Code, or of a blob, or only of a reply, with endpoint 0 at position 0 unless
    others are given.
    """
    code = do(Code(), "reply") if code is None else code
    fields.setdefault("endpoints", {0: k.EndpointDef()})
    return k.Image(code=code if isinstance(code, bytes) else code.blob(), **fields)


def image(code=None, **fields):
    """Its encoding."""
    return k.encode(image_of(code, **fields))


def image_cap(encoded):
    """The capability of an encoded Image."""
    return k.ImageCap(digest(encoded))


def mapping(start, size, *path):
    return k.MemoryMapping(start, size, list(path))


def pins(*slots):
    """Pinned slots, each an Image that nobody looks at."""
    return {slot: k.PinnedImage(C) for slot in slots}


# Worlds


def payloads(*contents):
    return {digest(content): content for content in contents}


def sigma(*contents, files=None, next_file_id=0):
    """A σ with these payloads and files."""
    return k.State(
        data_payloads=payloads(*contents),
        data_blobs=files or {},
        counters=k.IdCounters(next_file_id=next_file_id),
    )


def start(stack=(), state=None, **tables):
    """The encoding of a World."""
    return k.encode(k.WorldStart(state or k.State(), k.Tables(**tables), list(stack)))


EMPTY = start()


def entry(encoded=None, slots=None, instance=bytes(64), size_log=8):
    """An Instance entry of a stack."""
    return k.InstanceEntry(instance, encoded or image(), k.CNode(size_log, slots or {}))


CATCHER_SLOT = 9


def catcher(nonce):
    """The capability of a catcher list, and its key in the table of catchers."""
    key = bytes([nonce]) * 32
    return kernel_instance("yield_catcher", key), key


def catching_entry(nonce=1, encoded=None):
    """An entry whose Image names slot 9, which holds a catcher."""
    return entry(encoded or image(yield_marker_slot=CATCHER_SLOT), {CATCHER_SLOT: catcher(nonce)[0]})


# Cases


def once(name, rules, code=None, slots=None, ends="halt", world=EMPTY, size_log=8, **more):
    """A case of one run. What is no field of a Run or a KernelCase is a field of the Image."""
    of_run = {key: more.pop(key) for key in RUN_FIELDS if key in more}
    of_case = {key: more.pop(key) for key in CASE_FIELDS if key in more}
    run = Run(image(code, **more), cnode(slots, size_log), ends=ends, **of_run)
    return KernelCase(name, tuple(rules), World(world, [run]), **of_case)


RUN_FIELDS = ("instance", "endpoint", "gas", "unchanged", "known")
CASE_FIELDS = ("against", "probes", "notices", "note")


def operation(name, rules, number, registers, slots=None, after=None, **more):
    """A case of one operation that goes on, and a reply; `after` is the whole CNode then."""
    if after is not None:
        more["known"] = {"slots": after} | more.get("known", {})
    return once(name, rules, program((number, registers)), slots, **more)


def trapped(name, rules, number, registers, slots=None, **more):
    """A case of one operation that is Trap and changes nothing."""
    rules = (*rules, "host/trap_changes_nothing")
    code = program((number, registers))
    return once(name, rules, code, slots, ends="trap", unchanged=True, **more)


def gas_of(run, world=EMPTY):
    """The gas that a run uses, told by the model."""
    result = k.World(world).run(run.instance, run.image, run.cnode, run.endpoint, run.gas)
    return result.gas_used
