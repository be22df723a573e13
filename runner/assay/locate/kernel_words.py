"""Kernel records and values in words and in the fields of a card."""

from collections.abc import Sequence

from assay.locate.divergence import Field
from model import kernel, table
from model.kernel.exchange import Record
from model.kernel.hash import H
from model.kernel.scale import DecodeError
from model.kernel.state import DataBlob

KIND = ("operation", "run", "resume", "exit")
RESULT_NAME = ("goes on", "trap", "halt", "paused")
OUTCOME_NAME = ("halt", "faulted", "paused")
OPS = {number: name for name, number in kernel.table.OP}
EXIT = {record.number: record.name for record in table.EXIT}
CHANGES = (("slots", "slot"), ("meters", "id"), ("quotas", "id"), ("files", "id"), ("payloads", "hash"))
SHORT = 8
SHOWN = 40


def read_record(data: bytes | None) -> Record | None:
    if data is None:
        return None
    try:
        record: Record = kernel.decode("record", data)
    except DecodeError:
        return None
    return record


def what_it_was(data: bytes | None) -> str:
    record = read_record(data)
    if record is None:
        return "no record"
    name = KIND[record.kind]
    return f"operation {OPS.get(record.op, record.op)}" if name == "operation" else name


def name_in(names: Sequence[str], number: int) -> str:
    return names[number] if number < len(names) else str(number)


def record_fields(a: bytes | None, b: bytes | None) -> list[Field]:
    """What differs between two encoded records."""
    x, y = read_record(a), read_record(b)
    if x is None or y is None:
        if a is not None and b is not None:
            return [Field("record", short(a), short(b))]
        words = [what_it_was(value) if value is None else "a record" for value in (a, b)]
        return [Field("record", *words)]
    names = OUTCOME_NAME if KIND[x.kind] == "exit" else RESULT_NAME
    fields = [
        Field("kind", KIND[x.kind], name_in(KIND, y.kind)),
        Field("op", OPS.get(x.op, str(x.op)), OPS.get(y.op, str(y.op))),
        Field("result", name_in(names, x.result), name_in(names, y.result)),
        Field("exit", EXIT.get(x.exit, str(x.exit)), EXIT.get(y.exit, str(y.exit))),
        Field("argument", hex(x.argument), hex(y.argument)),
    ]
    operands = zip(x.operands, y.operands, strict=True)
    fields += [Field(f"r{7 + n}", hex(p), hex(q)) for n, (p, q) in enumerate(operands)]
    for name, key in CHANGES:
        fields += change_fields(name, key, getattr(x, name), getattr(y, name))
    return differing(fields)


def differing(fields: Sequence[Field]) -> list[Field]:
    return [field for field in fields if field.expected != field.got]


def change_fields(name: str, key: str, expected: Sequence[object], got: Sequence[object]) -> list[Field]:
    a = {getattr(change, key): change for change in expected}
    b = {getattr(change, key): change for change in got}
    if a == b and list(expected) != list(got):
        return [Field(name, "ascending", "in another order")]
    keys = sorted(a.keys() | b.keys())
    return [
        Field(f"{name[:-1]} {label(value)}", change_text(a.get(value)), change_text(b.get(value))) for value in keys
    ]


def label(key: object) -> str:
    return key.hex()[:SHORT] if isinstance(key, bytes) else str(key)


def change_text(change: object | None) -> str:
    if change is None:
        return "unchanged"
    return f"{shown(getattr(change, 'before', None))} -> {shown(getattr(change, 'after', None))}"


def shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()[:SHORT] if any(value) else "empty"
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, DataBlob):
        return f"{value.content_hash.hex()[:SHORT]} size {value.size:#x} of quota {value.backing_quota:#x}"
    if value is None:
        return "none"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:30]}… {short(text.encode())}"


def short(data: bytes) -> str:
    return f"{len(data)} bytes, H {H(data).hex()[:SHORT]}"


def dump_fields(expected: bytes, got: bytes) -> list[Field]:
    """What differs between two encoded Dumps, part by part."""
    whole = [Field("dump", short(expected), short(got))]
    try:
        a, b = kernel.decode("dump", expected), kernel.decode("dump", got)
    except DecodeError:
        return whole
    fields = state_fields(a.state, b.state)
    for name in ("meters", "quotas", "catchers"):
        fields.append(Field(name, shown(vars(a.tables)[name]), shown(vars(b.tables)[name])))
    fields.append(Field("depth", str(len(a.stack)), str(len(b.stack))))
    for n, (x, y) in enumerate(zip(a.stack, b.stack, strict=False)):
        fields.append(Field(f"stack {n}", shown(x), shown(y)))
    return differing(fields) or whole


def state_fields(a: kernel.State, b: kernel.State) -> list[Field]:
    """Sigma, part by part."""
    names = ("data_blobs", "data_payloads", "code_blobs", "vaults", "validators")
    fields = [Field(name, shown(vars(a)[name]), shown(vars(b)[name])) for name in names]
    counters = vars(b.counters)
    return fields + [Field(name, str(value), str(counters[name])) for name, value in vars(a.counters).items()]
