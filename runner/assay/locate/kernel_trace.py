"""The records of a kernel case, for people and for machines; and where two engines first differ."""

from assay.locate import kernel_locate
from assay.locate.kernel_locate import EXIT, KIND, OPS, OUTCOME_NAME, RESULT_NAME, name_in
from assay.suite.kernel_case import ACTS, do_step, image_bytes
from model import kernel


def records(entry, engine):
    """One dict a record, {"step", "index", "record": hex}, and one a step with its result."""
    case, images = entry.case(), entry.images()
    act = next(name for name in ACTS if name in case)
    if act == "world":
        engine.world_open(bytes.fromhex(case["world"]))
        for step, given in enumerate(case["steps"]):
            result, encoded, _ = do_step(given, images, engine)
            yield from of_step(step, encoded, result if isinstance(result, str) else result["outcome"])
    elif act == "genesis":
        yield {"step": None, "result": engine.chain_genesis(image_bytes(case["genesis"], images))}
        for number, event in enumerate(case.get("events", ())):
            payload, gas, quota = (
                bytes.fromhex(event["payload"]),
                int(event["gas"], 16),
                int(event["quota"], 16),
            )
            result, encoded = engine.chain_apply(event["endpoint"], payload, gas, quota)
            yield from of_step(number, encoded, result["outcome"], engine.chain_root().hex())
    else:
        yield {"step": None, "result": f"a case of {act} has no records"}


def of_step(step, encoded, result, root=None):
    for index, record in enumerate(encoded):
        yield {"step": step, "index": index, "record": record.hex()}
    yield {"step": step, "records": len(encoded), "result": result} | ({"root": root} if root else {})


def text(line):
    """A line of `records` for people."""
    if "record" not in line:
        root = f", root {line['root']}" if "root" in line else ""
        step = "" if line["step"] is None else f"step {line['step']}: "
        return f"{step}{line['result']}{root}"
    record = kernel.decode("record", bytes.fromhex(line["record"]))
    kind = KIND[record.kind]
    words = [kind]
    if kind == "operation":
        words = [OPS.get(record.op, f"op {record.op}")]
        if record.result:
            words.append(name_in(RESULT_NAME, record.result))
    if kind == "run":
        words.append(f"endpoint {record.op}")
    if kind == "exit":
        words += [name_in(OUTCOME_NAME, record.result), EXIT.get(record.exit, str(record.exit))]
    operands = " ".join(f"r{7 + n}={value:#x}" for n, value in enumerate(record.operands) if value)
    changes = []
    for name, key in (
        ("slots", "slot"),
        ("meters", "id"),
        ("quotas", "id"),
        ("files", "id"),
        ("payloads", "hash"),
    ):
        for change in getattr(record, name):
            label = getattr(change, key)
            label = label.hex()[:8] if isinstance(label, bytes) else label
            changes.append(f"{name[:-1]} {label}: {kernel_locate.change_text(change)}")
    lines = [f"{line['index']:>6}  {' '.join(words):<28} {operands}".rstrip()]
    return "\n".join(lines + [f"{'':>12}{change}" for change in changes])


class Plain:
    """An engine that says nothing about rules, on the expected side of a comparison."""

    def __init__(self, engine):
        self.engine = engine
        self.rules, self.after = [], set()

    def __getattr__(self, name):
        return getattr(self.engine, name)


def between(entry, expected, got):
    """The first divergence of two engines on a kernel case, or None."""
    case = entry.case()
    act = next(name for name in ACTS if name in case)
    found = kernel_locate.FIND[act](case, entry.images(), Plain(expected), got)
    if found is not None:
        found.case, found.engine, found.rule = case["id"], got.name, ""
        found.votes = {expected.name: True, got.name: False}
    return found
