"""An engine that is a process: the client side of ../PROTOCOL.md.

    with ProcessEngine(["build/release/bin/assay-native", "serve", "--engine", ...], "ref") as engine:
        engine.load(Program(blob, 25))
        stop = engine.run(pc=0, gas=1000, regs=[0] * 13, records=(RecordKind.BLOCKS,))

What goes wrong is an EngineError (trouble.py). After it died, hung or answered garbage the process is gone; the
next request that needs nothing before it starts a fresh one.
"""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import NoReturn, Self, TypeVar

from assay.base import strict
from assay.base.strict import Json, Wrong
from assay.engines import protocol
from assay.engines.answers import (
    NEVER,
    Applied,
    Called,
    Decoded,
    Hello,
    Page,
    Program,
    RecordKind,
    Stop,
    Until,
)
from assay.engines.child import CannotStart, Child, Gone, Silent
from assay.engines.trouble import (
    REPLIES,
    EngineDied,
    EngineEnding,
    EngineError,
    EngineGarbage,
    EngineHung,
    EngineReply,
    how_it_ended,
)

QUOTE_MAX = 120
FAREWELL = 2.0  # seconds for a process to end after bye
BEGINNINGS = ("load", "decode", "admit", "hash", "world_open", "chain_genesis")  # need nothing before

Answer = TypeVar("Answer")
Request = Mapping[str, Json]


class ProcessEngine:
    """One engine behind a pipe. Started when needed; closed by `close`, or by `with`, which counts how it ends."""

    def __init__(self, argv: Sequence[str], name: str, timeout: float = 10.0, framed: bool = False) -> None:
        self.argv = list(argv)
        self.name = name
        self.timeout = timeout
        self.framed = framed
        self.said = b""  # of them, those before the last failure
        self.is_observed = True  # kernel steps ask for records; without, the production code answers
        self.greeting: Hello | None = None
        self.child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Well done, it has to end well; after an error nobody looks."""
        if kind is None:
            self.farewell()
        else:
            self.close()

    @property
    def features(self) -> tuple[str, ...]:
        return self.greeting.features if self.greeting else ()

    # The machine

    def hello(self) -> Hello:
        """Starts the process if need be; returns its greeting."""
        self.start()
        assert self.greeting is not None
        return self.greeting

    def load(self, program: Program) -> str:
        request: dict[str, Json] = {"op": "load", "blob": program.blob.hex(), "mem_cycles": program.mem_cycles}
        request["pages"] = [page_text(page) for page in program.pages]
        return self.ask(request, protocol.read_load)

    def run(
        self, pc: int, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()
    ) -> Stop:
        return self.go({"op": "run", "pc": hex(pc)}, gas, regs, until, records)

    def resume(self, gas: int, regs: Sequence[int], until: Until = NEVER, records: Sequence[RecordKind] = ()) -> Stop:
        return self.go({"op": "resume"}, gas, regs, until, records)

    def go(
        self, verb: dict[str, Json], gas: int, regs: Sequence[int], until: Until, records: Sequence[RecordKind]
    ) -> Stop:
        request = verb | {"gas": hex(gas), "regs": [hex(value) for value in regs]}
        limits: dict[str, Json] = {"blocks": until.blocks, "instructions": until.instructions}
        limits = {kind: limit for kind, limit in limits.items() if limit}
        if limits:
            request["until"] = limits
        if records:
            request["records"] = [kind.value for kind in records]
        return self.ask(request, lambda ok: protocol.read_stop(ok, records))

    def read(self, address: int, size: int) -> bytes:
        request: Request = {"op": "read", "address": hex(address), "size": size}
        return self.ask(request, lambda ok: protocol.read_data(ok, size))

    def write(self, address: int, data: bytes) -> None:
        self.ask({"op": "write", "address": hex(address), "data": data.hex()}, protocol.read_nothing)

    def unload(self) -> None:
        self.ask({"op": "unload"}, protocol.read_nothing)

    # The kernel

    def decode(self, kind: str, data: bytes) -> Decoded:
        return self.ask({"op": "decode", "type": kind, "bytes": data.hex()}, protocol.read_decoded)

    def admit(self, image: bytes) -> str:
        return self.ask({"op": "admit", "image": image.hex()}, protocol.read_verdict)

    def hash(self, kind: str, value: bytes) -> str:
        return self.ask({"op": "hash", "kind": kind, "value": value.hex()}, protocol.read_hash)

    def world_open(self, world: bytes) -> None:
        self.ask({"op": "world_open", "world": world.hex()}, protocol.read_nothing)

    def world_run(self, instance: bytes, image: bytes, cnode: bytes, endpoint: int, gas: int) -> Called:
        given: Request = {"instance": instance.hex(), "image": image.hex(), "cnode": cnode.hex()}
        request: Request = {"op": "world_run", **given, "endpoint": endpoint, "gas": hex(gas)}
        return self.asking_records(request, protocol.read_called)

    def world_resume(self, scratchpad: bytes | None = None) -> Called:
        given = {} if scratchpad is None else {"scratchpad": scratchpad.hex()}
        return self.asking_records({"op": "world_resume", **given}, protocol.read_called)

    def world_dump(self) -> bytes:
        return self.ask({"op": "world_dump"}, lambda ok: protocol.one_value(ok, "dump"))

    def chain_genesis(self, image: bytes) -> str:
        return self.ask({"op": "chain_genesis", "image": image.hex()}, protocol.read_verdict)

    def chain_apply(self, endpoint: int, payload: bytes, gas: int, quota: int) -> Applied:
        given: Request = {"endpoint": endpoint, "payload": payload.hex(), "gas": hex(gas), "quota": hex(quota)}
        return self.asking_records({"op": "chain_apply", **given}, protocol.read_applied)

    def asking_records(self, request: Request, read: Callable[[Json], Answer]) -> Answer:
        """Unobserved, a reply has no events."""
        if self.is_observed:
            return self.ask({**request, "records": True}, read)
        return self.ask(request, lambda ok: read({**strict.mapping(ok, "the reply"), "events": []}))

    def chain_state(self) -> bytes:
        return self.ask({"op": "chain_state"}, lambda ok: protocol.one_value(ok, "state"))

    def chain_root(self) -> bytes:
        return self.ask({"op": "chain_root"}, lambda ok: protocol.one_value(ok, "root", 32))

    def chain_instance(self) -> bytes:
        return self.ask({"op": "chain_instance"}, lambda ok: protocol.one_value(ok, "instance", 64))

    # The process

    def start(self) -> None:
        """Starts the process and says hello, unless it runs already."""
        if self.child is not None:
            return
        try:
            self.child = Child(self.argv, self.framed)
        except CannotStart as error:
            raise EngineError(self.name, str(error)) from None
        self.greeting = self.greet()

    def greet(self) -> Hello:
        """The newest protocol first; an engine of an older one answers with an error or with its own."""
        for version in range(protocol.NEWEST, protocol.OLDEST - 1, -1):
            try:
                greeting = self.ask({"op": "hello", "protocol": version}, partial(protocol.read_hello, asked=version))
            except EngineReply:
                continue
            if greeting is not None:
                return greeting
        self.end()
        raise EngineGarbage(self.name, "it speaks no protocol that is known here", 0, "", "hello")

    def close(self) -> None:
        """Says bye and waits; whatever is left then is ended."""
        with contextlib.suppress(EngineError, OSError):
            self.farewell(min(self.timeout, FAREWELL))
        self.end()

    def farewell(self, seconds: float | None = None) -> None:
        """Says bye and waits; raises EngineEnding in the words of runner/native/pipe.c if it does not end well."""
        child = self.child
        if child is None:
            return
        patience = self.timeout if seconds is None else seconds
        self.ask({"op": "bye"}, protocol.read_nothing)
        self.child = None
        ended = child.ends_within(patience)
        code = child.end()
        if not ended:
            how = f"it did not end within {patience:g} s after bye, so it was ended"
            raise EngineEnding(self.name, how, child.last_words())
        if code:
            raise EngineEnding(self.name, f"{how_it_ended(code)} after bye", child.last_words())

    def end(self) -> int:
        child, self.child = self.child, None
        return 0 if child is None else child.end()

    def ask(self, request: Request, read: Callable[[Json], Answer]) -> Answer:
        """Sends a request; returns what `read` makes of the `ok` of its reply."""
        doing = str(request["op"])
        if doing in BEGINNINGS:
            self.start()
        child = self.child
        if child is None:
            raise EngineError(self.name, f"{doing} before a load: the process has ended")
        if child.received:
            self.garbage(child, Wrong("output that nobody asked for"), bytes(child.received), child.taken, doing)
        reply = self.exchange(child, request, doing)
        try:
            found = protocol.read_reply(reply)
            if isinstance(found, protocol.Reply):
                return read(found.ok)
        except Wrong as wrong:
            self.garbage(child, wrong, reply, child.offset_of(reply), doing)
        child.drain()
        self.said = child.words
        raise REPLIES[found.kind](self.name, f"answers {doing} with {found.kind}: {found.message}")

    def exchange(self, child: Child, request: Request, doing: str) -> bytes:
        try:
            return child.exchange(json.dumps(request, separators=(",", ":")).encode(), self.timeout)
        except Silent:
            self.child = None
            self.said = child.words
            raise EngineHung(self.name, self.timeout, child.last_words(), doing) from None
        except Gone as gone:
            self.child = None
            self.said = child.words
            raise EngineDied(self.name, gone.code, words_of(child, gone), doing) from None
        except Wrong as wrong:
            self.garbage(child, wrong, bytes(child.received[:QUOTE_MAX]), child.taken, doing)

    def garbage(self, child: Child, wrong: Wrong, reply: bytes, at: int, doing: str) -> NoReturn:
        child.end()
        self.child = None
        text = reply[max(0, wrong.at - QUOTE_MAX // 2) :][:QUOTE_MAX].decode("utf-8", "replace")
        raise EngineGarbage(self.name, str(wrong), at + wrong.at, text, doing) from None


def page_text(page: Page) -> Json:
    return [hex(page.address), page.access, page.data.hex()]


def words_of(child: Child, gone: Gone) -> str:
    """What a process said before it ended."""
    if gone.lived_on:
        return "it closed its output and went on"
    words = child.last_words()
    if gone.left:
        half = gone.left[-QUOTE_MAX:].decode("utf-8", "replace")
        words = f"{words} (and half a reply, {half!r})".strip()
    return words
