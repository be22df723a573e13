"""What every engine answers, whatever it is: a process, a shared object behind one, or the specification."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from assay.engines.answers import (
    NEVER,
    Applied,
    Called,
    Decoded,
    Hello,
    Program,
    RecordKind,
    Stop,
    Until,
)


class Engine(Protocol):
    """Raises an EngineError (engines/trouble.py) where there is no answer."""

    @property
    def name(self) -> str: ...

    @property
    def features(self) -> tuple[str, ...]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def hello(self) -> Hello: ...

    def close(self) -> None: ...

    # The machine

    def load(self, program: Program) -> str:
        """ "admitted", "refused", or the rule that rejects the blob."""

    def run(
        self, pc: int, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()
    ) -> Stop: ...

    def resume(
        self, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()
    ) -> Stop: ...

    def read(self, address: int, size: int) -> bytes: ...

    def write(self, address: int, data: bytes) -> None: ...

    def unload(self) -> None: ...

    # The kernel: codec, invocations, chains

    def decode(self, kind: str, data: bytes) -> Decoded: ...

    def admit(self, image: bytes) -> str:
        """ "admitted" or the rule that rejects the Image."""

    def hash(self, kind: str, value: bytes) -> str:
        """A digest in hex, or the rule that the value breaks."""

    def world_open(self, world: bytes) -> None: ...

    def world_run(self, instance: bytes, image: bytes, cnode: bytes, endpoint: int, gas: int) -> Called: ...

    def world_resume(self, scratchpad: bytes | None = None) -> Called: ...

    def world_dump(self) -> bytes: ...

    def chain_genesis(self, image: bytes) -> str:
        """ "admitted" or the rule that rejects the Image."""

    def chain_apply(self, endpoint: int, payload: bytes, gas: int, quota: int) -> Applied: ...

    def chain_state(self) -> bytes: ...

    def chain_root(self) -> bytes: ...

    def chain_instance(self) -> bytes: ...
