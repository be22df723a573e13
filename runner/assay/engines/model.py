"""The specification as an engine, answered in this process.

Whoever plays something on an engine need not know whether it is the specification.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import model
from assay.engines.answers import (
    NEVER,
    Applied,
    Block,
    Called,
    Decoded,
    EventResult,
    Hello,
    Instruction,
    Program,
    RecordKind,
    Result,
    Stop,
    Store,
    Until,
    given,
)
from assay.engines.protocol import FEATURES
from assay.engines.trouble import EngineRefused
from model import kernel

ABI = 2
Answer = TypeVar("Answer")


class Recorder:
    """An observer that keeps the records of both kinds, and in which order they came."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.instructions: list[Instruction] = []
        self.order: list[Block | Instruction] = []

    def block(self, state: model.State) -> None:
        record = Block(state.pc, state.gas, tuple(state.regs))
        self.blocks.append(record)
        self.order.append(record)

    def instruction(self, step: model.Step) -> None:
        store = None if step.store is None else Store(*step.store)
        record = Instruction(step.pc, tuple(step.regs), store)
        self.instructions.append(record)
        self.order.append(record)


class Events:
    """An observer that keeps the kernel records."""

    def __init__(self) -> None:
        self.encoded: list[bytes] = []

    def event(self, record: bytes) -> None:
        self.encoded.append(record)


class ModelEngine:
    name = "model"
    features = FEATURES

    def __init__(self, observer: object | None = None) -> None:
        self.observer = observer  # told of every run that asks for no records
        self.machine: model.Machine | None = None
        self.world: kernel.World | None = None
        self.chain: kernel.Chain | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hello(self) -> Hello:
        return Hello("model", "1.0.0", ABI, self.features)

    def close(self) -> None:
        self.machine = self.world = self.chain = None

    # The machine

    def load(self, program: Program) -> str:
        self.machine = None
        try:
            self.machine = model.load(program.blob, program.mem_cycles, given(program.pages))
        except model.Rejected as rejected:
            return str(rejected.rule)
        except model.Refused:
            return "refused"
        return "admitted"

    def run(
        self, pc: int, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()
    ) -> Stop:
        state = model.State(pc, gas, list(regs))
        return self.go(records, lambda observer: self.loaded().run(state, limits(until), observer))

    def resume(self, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()) -> Stop:
        return self.go(records, lambda observer: self.loaded().resume(gas, list(regs), limits(until), observer))

    def go(self, records: Sequence[RecordKind], start: Callable[[object | None], model.Stop]) -> Stop:
        recorder = Recorder() if records else None
        stop = self.refusing(lambda: start(recorder or self.observer))
        blocks = tuple(recorder.blocks) if recorder and RecordKind.BLOCKS in records else ()
        instructions = tuple(recorder.instructions) if recorder and RecordKind.INSTRUCTIONS in records else ()
        state = stop.state
        return Stop(stop.exit, stop.argument, state.pc, state.gas, tuple(state.regs), blocks, instructions)

    def read(self, address: int, size: int) -> bytes:
        return self.refusing(lambda: bytes(self.loaded().read(address, size)))

    def write(self, address: int, data: bytes) -> None:
        self.refusing(lambda: self.loaded().write(address, data))

    def unload(self) -> None:
        self.machine = None

    def loaded(self) -> model.Machine:
        if self.machine is None:
            raise EngineRefused(self.name, "no machine is loaded; send a load that is admitted first")
        return self.machine

    def refusing(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except model.Refused as refused:
            raise EngineRefused(self.name, str(refused)) from None

    # The kernel: codec

    def decode(self, kind: str, data: bytes) -> Decoded:
        try:
            value = kernel.decode(kind, data)
        except kernel.DecodeError as error:
            return Decoded(str(error.rule))
        return Decoded("decoded", kernel.encode(value))

    def admit(self, image: bytes) -> str:
        try:
            kernel.admit(image)
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return str(error.rule)
        return "admitted"

    def hash(self, kind: str, value: bytes) -> str:
        try:
            return self.refusing(lambda: kernel.hash(kind, value)).hex()
        except kernel.DecodeError as error:
            return str(error.rule)

    # The kernel: invocations

    def world_open(self, world: bytes) -> None:
        self.world = self.refusing(lambda: kernel.World(world))

    def world_run(self, instance: bytes, image: bytes, cnode: bytes, endpoint: int, gas: int) -> Called:
        return self.call(lambda world, records: world.run(instance, image, cnode, endpoint, gas, observer=records))

    def world_resume(self, scratchpad: bytes | None = None) -> Called:
        return self.call(lambda world, records: world.resume(scratchpad, observer=records))

    def call(self, do: Callable[[kernel.World, Events], kernel.Result | str]) -> Called:
        records, world = self.observed(), self.opened()
        try:
            result = self.refusing(lambda: do(world, records))
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return Called(str(error.rule), tuple(records.encoded))
        return Called(result if isinstance(result, str) else result_of(result), tuple(records.encoded))

    def observed(self) -> Events:
        """What is told of kernel events."""
        return Events()

    def world_dump(self) -> bytes:
        return bytes(self.opened().dump())

    def opened(self) -> kernel.World:
        if self.world is None:
            raise EngineRefused(self.name, "no world is open; send a world_open first")
        return self.world

    # The kernel: chains

    def chain_genesis(self, image: bytes) -> str:
        self.chain = None
        try:
            self.chain = kernel.Chain(image)
        except (kernel.DecodeError, kernel.NotAdmitted) as error:
            return str(error.rule)
        return "admitted"

    def chain_apply(self, endpoint: int, payload: bytes, gas: int, quota: int) -> Applied:
        records, chain = self.observed(), self.begun()
        result = self.refusing(lambda: chain.apply(endpoint, payload, gas, quota, observer=records))
        found = EventResult(result.outcome, result.exit, result.argument, result.value, result.gas_used)
        return Applied(found, tuple(records.encoded))

    def chain_state(self) -> bytes:
        return bytes(kernel.encode(self.begun().sigma))

    def chain_root(self) -> bytes:
        return bytes(self.begun().root())

    def chain_instance(self) -> bytes:
        return bytes(self.begun().instance)

    def begun(self) -> kernel.Chain:
        if self.chain is None:
            raise EngineRefused(self.name, "no chain was begun; send a chain_genesis that is admitted first")
        return self.chain


def result_of(result: kernel.Result) -> Result:
    return Result(
        result.outcome,
        result.exit,
        result.argument,
        result.pc,
        result.gas,
        result.gas_used,
        tuple(result.regs),
        result.instance,
        result.payload,
        result.cnode,
        result.pages,
    )


def limits(until: Until) -> model.Until:
    return model.Until(until.blocks, until.instructions)
