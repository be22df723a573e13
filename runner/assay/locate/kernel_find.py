"""Finds the first difference of two engines on a case of the kernel, side by side in this process."""

from collections.abc import Sequence

from assay.engines.answers import Applied, Called, Result
from assay.engines.engine import Engine
from assay.engines.trouble import EngineError, EngineRefused
from assay.locate.divergence import Field
from assay.locate.kernel_finding import KernelFinding, KernelWhat
from assay.locate.kernel_words import differing, short
from assay.suite.case import Admit, ChainEvents, Decode, Hash, Invocations, KernelCase
from assay.suite.play import do_call


def find(case: KernelCase, right: Engine, other: Engine) -> KernelFinding | None:
    try:
        return search(case, right, other)
    except EngineError as error:
        return KernelFinding(KernelWhat.BROKEN, trouble=error.kind, message=error.message)


def search(case: KernelCase, right: Engine, other: Engine) -> KernelFinding | None:
    act = case.act
    if isinstance(act, Invocations):
        return world(act, right, other)
    if isinstance(act, ChainEvents):
        return chain(act, right, other)
    return made(KernelWhat.VERDICT, None, codec(act, right, other))


def codec(act: Decode | Admit | Hash, right: Engine, other: Engine) -> list[Field]:
    if isinstance(act, Admit):
        return [Field("verdict", right.admit(act.image), other.admit(act.image))]
    if isinstance(act, Hash):
        return [Field("digest", right.hash(act.kind, act.value), other.hash(act.kind, act.value))]
    expected, got = right.decode(act.type, act.bytes), other.decode(act.type, act.bytes)
    return [Field("verdict", expected.verdict, got.verdict), Field("again", short(expected.again), short(got.again))]


def made(what: KernelWhat, step: int | None, fields: Sequence[Field]) -> KernelFinding | None:
    wrong = tuple(differing(fields))
    return KernelFinding(what, wrong, step) if wrong else None


def world(act: Invocations, right: Engine, other: Engine) -> KernelFinding | None:
    right.world_open(act.world)
    try:
        other.world_open(act.world)
    except EngineRefused:
        return made(KernelWhat.WORLD, 0, [Field("world", "opened", "refused")])
    for index, call in enumerate(act.steps):
        expected, got = do_call(call, right), do_call(call, other)
        found = records(index, expected.records, got.records)
        found = found or made(KernelWhat.RESULT, index, called_fields(expected, got))
        if found:
            return found
        dumps = right.world_dump(), other.world_dump()
        if dumps[0] != dumps[1]:
            return KernelFinding(KernelWhat.DUMP, (), index, dumps=dumps)
    return None


def records(step: int, expected: Sequence[bytes], got: Sequence[bytes]) -> KernelFinding | None:
    for index in range(max(len(expected), len(got))):
        a = expected[index] if index < len(expected) else None
        b = got[index] if index < len(got) else None
        if a != b:
            before = expected[index - 1] if index else None
            return KernelFinding(KernelWhat.EVENT, (), step, index=index, records=(a, b), before=before)
    return None


def called_fields(expected: Called, got: Called) -> list[Field]:
    a, b = expected.result, got.result
    if not isinstance(a, Result) or not isinstance(b, Result):
        return [Field("result", expected.outcome, got.outcome)]
    fields = [Field("outcome", a.outcome, b.outcome), Field("exit", a.exit, b.exit)]
    numbers = ("argument", "pc", "gas", "gas_used")
    fields += [Field(name, hex(getattr(a, name)), hex(getattr(b, name))) for name in numbers]
    fields += [
        Field("instance", a.instance.hex(), b.instance.hex()),
        Field("payload", a.payload.hex(), b.payload.hex()),
    ]
    fields += [Field(f"r{n}", hex(x), hex(y)) for n, (x, y) in enumerate(zip(a.regs, b.regs, strict=True))]
    return [*fields, Field("cnode", short(a.cnode), short(b.cnode)), Field("pages", short(a.pages), short(b.pages))]


def chain(act: ChainEvents, right: Engine, other: Engine) -> KernelFinding | None:
    fields = [Field("verdict", right.chain_genesis(act.image), other.chain_genesis(act.image))]
    if fields[0].expected == fields[0].got == "admitted":
        fields.append(Field("root", right.chain_root().hex(), other.chain_root().hex()))
    found = made(KernelWhat.GENESIS, None, fields)
    for index, event in enumerate(act.events):
        if found:
            return found
        expected = right.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
        got = other.chain_apply(event.endpoint, event.payload, event.gas, event.quota)
        found = records(index, expected.records, got.records)
        found = found or made(KernelWhat.CHAIN, index, applied_fields(expected, got, right, other))
    return found


def applied_fields(expected: Applied, got: Applied, right: Engine, other: Engine) -> list[Field]:
    a, b = expected.result, got.result
    fields = [Field("outcome", a.outcome, b.outcome), Field("exit", a.exit, b.exit)]
    numbers = ("argument", "value", "gas_used")
    fields += [Field(name, hex(getattr(a, name)), hex(getattr(b, name))) for name in numbers]
    fields.append(Field("instance", right.chain_instance().hex(), other.chain_instance().hex()))
    fields.append(Field("root", right.chain_root().hex(), other.chain_root().hex()))
    return [*fields, Field("state", short(right.chain_state()), short(other.chain_state()))]
