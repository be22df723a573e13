"""The records of a case of the kernel, and how its steps end, for people."""

from assay.base.plain import plain
from assay.base.strict import Json, Members, count, octets
from assay.locate import kernel_words as words
from model.kernel.exchange import Record


def line_text(line: Members) -> str:
    """A line of `assay-native trace` on such a case."""
    if "record" in line:
        return record_text(count(line["index"], "index"), octets(line["record"], "record"))
    step = "" if line["step"] is None else f"step {line['step']}: "
    return f"{step}{result_text(line['result'])}"


def result_text(result: Json) -> str:
    """A word, or of an object the outcome and the root if it has them, else all of it."""
    if not isinstance(result, dict):
        return plain(str(result))
    root = f", root {result['root']}" if "root" in result else ""
    for name in ("outcome", "verdict"):
        if name in result:
            return f"{result[name]}{root}"
    return ", ".join(f"{name} {value}" for name, value in result.items())


def record_text(index: int, data: bytes) -> str:
    record = words.read_record(data)
    if record is None:
        return f"{index:>6}  {data.hex()}"
    operands = " ".join(f"r{7 + n}={value:#x}" for n, value in enumerate(record.operands) if value)
    changes = [
        f"{name[:-1]} {words.label(getattr(change, key))}: {words.change_text(change)}"
        for name, key in words.CHANGES
        for change in getattr(record, name)
    ]
    head = f"{index:>6}  {' '.join(head_of(record)):<28} {operands}".rstrip()
    return "\n".join([head, *(f"{'':>12}{change}" for change in changes)])


def head_of(record: Record) -> list[str]:
    kind = words.KIND[record.kind]
    if kind == "operation":
        name = words.OPS.get(record.op, f"op {record.op}")
        return [name, words.name_in(words.RESULT_NAME, record.result)] if record.result else [name]
    if kind == "run":
        return [kind, f"endpoint {record.op}"]
    if kind == "exit":
        exit = words.EXIT.get(record.exit, str(record.exit))
        return [kind, words.name_in(words.OUTCOME_NAME, record.result), exit]
    return [kind]
