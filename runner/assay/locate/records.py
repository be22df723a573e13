"""The records of a case of the kernel, for people and for machines."""

from collections.abc import Iterator
from dataclasses import dataclass

from assay.base.strict import Members
from assay.engines.engine import Engine
from assay.locate import kernel_words as words
from assay.suite.case import ChainEvents, Invocations, KernelCase
from assay.suite.play import do_call
from model.kernel.exchange import Record


@dataclass(frozen=True)
class Line:
    """A record, or with `record` None the end of a step."""

    step: int | None
    index: int
    record: bytes | None = None
    result: str = ""
    root: str = ""

    def members(self) -> Members:
        if self.record is not None:
            return {"step": self.step, "index": self.index, "record": self.record.hex()}
        end: Members = {"step": self.step, "result": self.result}
        end |= {} if self.step is None else {"records": self.index}
        return end | ({"root": self.root} if self.root else {})

    @property
    def text(self) -> str:
        if self.record is not None:
            return record_text(self.index, self.record)
        root = f", root {self.root}" if self.root else ""
        step = "" if self.step is None else f"step {self.step}: "
        return f"{step}{self.result}{root}"


def records(case: KernelCase, engine: Engine) -> Iterator[Line]:
    act = case.act
    if isinstance(act, Invocations):
        engine.world_open(act.world)
        for step, call in enumerate(act.steps):
            called = do_call(call, engine)
            yield from of_step(step, called.records, called.outcome)
    elif isinstance(act, ChainEvents):
        yield Line(None, 0, result=engine.chain_genesis(act.image))
        for number, event in enumerate(act.events):
            applied = engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
            yield from of_step(number, applied.records, applied.result.outcome, engine.chain_root().hex())
    else:
        yield Line(None, 0, result=f"a case of {type(act).__name__.lower()} has no records")


def of_step(step: int, encoded: tuple[bytes, ...], result: str, root: str = "") -> Iterator[Line]:
    for index, record in enumerate(encoded):
        yield Line(step, index, record)
    yield Line(step, len(encoded), None, result, root)


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
