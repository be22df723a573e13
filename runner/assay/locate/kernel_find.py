"""Finds the first difference of two engines on a case of the kernel, side by side.

Observed they are compared record by record. Then the suspect plays once more in production: what it is certified for.
Where it breaks in a step its records are lost, unless it is a library: that one plays again and tells them one by one.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from assay.base.level import Flavour
from assay.engines.answers import Applied, Called, Result
from assay.engines.engine import Engine
from assay.engines.process import ProcessEngine
from assay.engines.trouble import EngineError, EngineRefused
from assay.locate.divergence import Field
from assay.locate.kernel_finding import KernelFinding, KernelWhat
from assay.locate.kernel_words import differing, short
from assay.suite.case import Admit, Call, ChainEvents, Decode, Event, Hash, Invocations, KernelCase
from assay.suite.play import do_call

PRODUCTION, OBSERVED = frozenset({Flavour.PRODUCTION}), frozenset({Flavour.OBSERVED})
REFUSED = "refused"
TOLD = re.compile(rb"record ([0-9a-f]{2})*")


Telling = Callable[[], AbstractContextManager[ProcessEngine | None]]


def find(case: KernelCase, right: Engine, other: Engine, telling: Telling = nullcontext) -> KernelFinding | None:
    return Search(case, right, other, telling).find()


class Search:
    def __init__(self, case: KernelCase, right: Engine, other: Engine, telling: Telling) -> None:
        self.case = case
        self.telling = telling
        self.right, self.other = right, other
        self.answers: Answers = Worlds(right) if isinstance(case.act, Invocations) else Chains(right)
        self.step: int | None = None

    def find(self) -> KernelFinding | None:
        if 1 not in self.other.hello().revisions:
            words = "it says that it lacks revision 1 of the kernel, so it was not asked"
            return KernelFinding(KernelWhat.BROKEN, trouble="unsupported", message=words)
        observed = self.twice(is_observed=True)
        if not isinstance(self.case.act, Invocations | ChainEvents):
            return observed
        production = self.twice(is_observed=False)
        if observed is None or (production is not None and is_earlier(production, observed)):
            found = None if production is None else replace(production, flavours=PRODUCTION)
        else:
            found = replace(observed, flavours=OBSERVED if production is None else PRODUCTION | OBSERVED)
        if found is None or found.what != KernelWhat.BROKEN or found.step is None:
            return found
        return self.outlived(found, found.step)

    def twice(self, is_observed: bool) -> KernelFinding | None:
        """What is found, if it is found again."""
        found = self.with_flavour(is_observed)
        if found is None or found.what == KernelWhat.BROKEN or self.with_flavour(is_observed) == found:
            return found
        return KernelFinding(KernelWhat.UNSTEADY, step=found.step, index=found.index)

    def with_flavour(self, is_observed: bool) -> KernelFinding | None:
        self.step = None
        listening(self.other, is_observed)
        try:
            return self.search(is_observed)
        except EngineError as error:
            return KernelFinding(KernelWhat.BROKEN, step=self.step, trouble=error.kind, message=error.message)
        finally:
            listening(self.other, True)

    def search(self, is_observed: bool) -> KernelFinding | None:
        act = self.case.act
        if isinstance(act, Invocations):
            return self.world(act, is_observed)
        if isinstance(act, ChainEvents):
            return self.chain(act, is_observed)
        return made(KernelWhat.VERDICT, None, codec(act, self.right, self.other))

    def world(self, act: Invocations, is_observed: bool) -> KernelFinding | None:
        assert isinstance(self.answers, Worlds)
        self.answers.open(act.world)
        try:
            self.other.world_open(act.world)
        except EngineRefused:
            return made(KernelWhat.WORLD, None, [Field("world", "opened", REFUSED)])
        for index, call in enumerate(act.steps):
            self.step = index
            expected, dump = self.answers.step(index, call)
            got = do_call(call, self.other)
            found = records(index, expected.records, got.records) if is_observed else None
            found = found or made(KernelWhat.RESULT, index, called_fields(expected, got))
            if found:
                return found
            other_dump = self.other.world_dump()
            if dump != other_dump:
                return KernelFinding(KernelWhat.DUMP, (), index, dumps=(dump, other_dump))
        return None

    def chain(self, act: ChainEvents, is_observed: bool) -> KernelFinding | None:
        assert isinstance(self.answers, Chains)
        verdict, root = self.answers.genesis(act.image)
        fields = [Field("verdict", verdict, refusing(lambda: self.other.chain_genesis(act.image)))]
        if fields[0].expected == fields[0].got == "admitted":
            fields.append(Field("root", root, self.other.chain_root().hex()))
        found = made(KernelWhat.GENESIS, None, fields)
        for index, event in enumerate(act.events):
            if found:
                return found
            self.step = index
            found = self.event(index, event, is_observed)
        return found

    def event(self, index: int, event: Event, is_observed: bool) -> KernelFinding | None:
        assert isinstance(self.answers, Chains)
        expected, after = self.answers.step(index, event)
        try:
            got = apply(event, self.other)
        except EngineRefused:
            return made(KernelWhat.CHAIN, index, [Field("event", "applied", REFUSED)])
        found = records(index, expected.records, got.records) if is_observed else None
        return found or made(KernelWhat.CHAIN, index, applied_fields(expected, got, after, chain_values(self.other)))

    # What it outlives

    def outlived(self, found: KernelFinding, step: int) -> KernelFinding:
        """The same, with the record in which it breaks; or the one before that is wrong already."""
        with self.telling() as engine:
            if engine is None:
                return found
            again = Search(self.case, self.right, engine, self.telling)
            again.answers = self.answers
            broken = again.with_flavour(is_observed=True)
        if broken is None or broken.what != KernelWhat.BROKEN or broken.step != step:
            return found
        told, whole = told_records(engine.said), self.answers.step(step)[0].records
        wrong = records(step, whole[: len(told)], told)
        if wrong is None:
            return replace(found, index=len(told))
        return replace(wrong, flavours=found.flavours, message=f"then: {found.trouble}, {found.message}")


def told_records(said: bytes) -> list[bytes]:
    """The records of the last step, of what an engine said that tells each."""
    last = said.rpartition(b"step\n")[2].splitlines()
    return [bytes.fromhex(line[7:].decode()) for line in last if TOLD.fullmatch(line)]


def is_earlier(a: KernelFinding, b: KernelFinding) -> bool:
    return (-1 if a.step is None else a.step) < (-1 if b.step is None else b.step)


def listening(engine: Engine, is_observed: bool) -> None:
    if isinstance(engine, ProcessEngine):
        engine.is_observed = is_observed


# What the expected side answers, asked once


class Worlds:
    def __init__(self, right: Engine) -> None:
        self.right = right
        self.is_open = False
        self.done: list[tuple[Called, bytes]] = []

    def open(self, world: bytes) -> None:
        if not self.is_open:
            self.right.world_open(world)
            self.is_open = True

    def step(self, index: int, call: Call | None = None) -> tuple[Called, bytes]:
        """Of a step that was asked before, or of the next one."""
        if index == len(self.done):
            assert call is not None
            called = do_call(call, self.right)
            self.done.append((called, self.right.world_dump()))
        return self.done[index]


class Chains:
    def __init__(self, right: Engine) -> None:
        self.right = right
        self.begun: tuple[str, str] | None = None
        self.done: list[tuple[Applied, tuple[str, str, str]]] = []

    def genesis(self, image: bytes) -> tuple[str, str]:
        if self.begun is None:
            verdict = self.right.chain_genesis(image)
            self.begun = verdict, self.right.chain_root().hex() if verdict == "admitted" else ""
        return self.begun

    def step(self, index: int, event: Event | None = None) -> tuple[Applied, tuple[str, str, str]]:
        if index == len(self.done):
            assert event is not None
            applied = apply(event, self.right)
            self.done.append((applied, chain_values(self.right)))
        return self.done[index]


Answers = Worlds | Chains


def apply(event: Event, engine: Engine) -> Applied:
    return engine.chain_apply(event.endpoint, event.payload, event.gas, event.quota)


def chain_values(engine: Engine) -> tuple[str, str, str]:
    return engine.chain_instance().hex(), engine.chain_root().hex(), short(engine.chain_state())


def refusing(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except EngineRefused:
        return REFUSED


def codec(act: Decode | Admit | Hash | Invocations | ChainEvents, right: Engine, other: Engine) -> list[Field]:
    if isinstance(act, Admit):
        return [Field("verdict", right.admit(act.image), refusing(lambda: other.admit(act.image)))]
    if isinstance(act, Hash):
        expected = refusing(lambda: right.hash(act.kind, act.value))
        return [Field("digest", expected, refusing(lambda: other.hash(act.kind, act.value)))]
    assert isinstance(act, Decode)
    decoded, again = right.decode(act.type, act.bytes), other.decode(act.type, act.bytes)
    return [
        Field("verdict", decoded.verdict, again.verdict),
        Field("again", short(decoded.again), short(again.again)),
    ]


def made(what: KernelWhat, step: int | None, fields: Sequence[Field]) -> KernelFinding | None:
    wrong = tuple(differing(fields))
    return KernelFinding(what, wrong, step) if wrong else None


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


def applied_fields(
    expected: Applied, got: Applied, after: tuple[str, str, str], other: tuple[str, str, str]
) -> list[Field]:
    a, b = expected.result, got.result
    fields = [Field("outcome", a.outcome, b.outcome), Field("exit", a.exit, b.exit)]
    numbers = ("argument", "value", "gas_used")
    fields += [Field(name, hex(getattr(a, name)), hex(getattr(b, name))) for name in numbers]
    return fields + [Field(*entry) for entry in zip(("instance", "root", "state"), after, other, strict=True)]
