"""An engine behind PROTOCOL.md: the other side of process.py, for an engine that lives in this process.

`assay serve --engine model` answers so on standard input and output, and the harness plays on the specification as
on any other program.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TypeAlias

from assay.base import strict
from assay.base.strict import U32, Json, Members, Wrong, count, items, members, number, octets, one_of
from assay.engines import protocol
from assay.engines.answers import Block, Called, Decoded, Instruction, Page, Program, RecordKind, Stop, Until
from assay.engines.engine import Engine
from assay.engines.model import ModelEngine
from assay.engines.trouble import EngineRefused, EngineUnsupported

PROFILE = "jar"
REVISION = 1
SEPARATOR = '","'
RECORD_MAX = 65536  # of each kind in one reply
HEAD = 4

ENCODE = json.JSONEncoder(separators=(",", ":")).encode
Answer: TypeAlias = Members | str  # a value, or its JSON text
Records = {kind.value: kind for kind in RecordKind}


class Server:
    """Answers one request after the other."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_over = False
        self.operations: dict[str, Callable[[Members], Answer]] = {
            "hello": self.hello,
            "load": self.load,
            "run": self.run,
            "resume": self.resume,
            "read": self.read,
            "write": self.write,
            "unload": self.unload,
            "bye": self.bye,
            "decode": self.decode,
            "admit": self.admit,
            "hash": self.hash,
            "world_open": self.world_open,
            "world_run": self.world_run,
            "world_resume": self.world_resume,
            "world_dump": self.world_dump,
            "chain_genesis": self.chain_genesis,
            "chain_apply": self.chain_apply,
            "chain_state": self.chain_state,
            "chain_root": self.chain_root,
            "chain_instance": self.chain_instance,
        }

    def answer(self, data: bytes) -> bytes:
        """The reply to a request, both without their frame."""
        return self.reply(data).encode()

    def reply(self, data: bytes) -> str:
        try:
            request = strict.mapping(strict.loads(data), "a request")
            name = request.pop("op", None)
            if not isinstance(name, str) or name not in self.operations:
                return trouble("protocol", f"op is {name!r}, which is not an operation")
            answer = self.operations[name](request)
        except Wrong as wrong:
            return trouble("protocol", str(wrong))
        except (EngineRefused, EngineUnsupported) as error:
            return trouble(error.kind, error.message)
        return f'{{"ok":{answer if isinstance(answer, str) else ENCODE(answer)}}}'

    # The machine

    def hello(self, request: Members) -> Answer:
        asked = count(members(request, "hello", ("protocol",))["protocol"], "protocol", U32)
        if asked < protocol.OLDEST:
            raise Wrong(f"protocol {asked} is not spoken here")
        spoken = min(asked, protocol.NEWEST)
        said = self.engine.hello()
        found: Members = {"protocol": spoken, "name": said.name, "version": said.version, "abi": said.abi}
        found["features"] = list(said.features)
        if spoken > protocol.OLDEST:
            found |= {"revisions": list(said.revisions), "profiles": list(said.profiles)}
        return found

    def load(self, request: Members) -> Answer:
        members(request, "load", ("blob", "mem_cycles", "pages"), ("profile",))
        if request.get("profile", PROFILE) != PROFILE:
            raise EngineUnsupported(self.engine.name, f"profile {request['profile']!r}")
        pages = tuple(read_page(page) for page in items(request["pages"], "pages"))
        mem_cycles = count(request["mem_cycles"], "mem_cycles", U32)
        return {"load": self.engine.load(Program(octets(request["blob"], "blob"), mem_cycles, pages))}

    def run(self, request: Members) -> Answer:
        members(request, "run", ("pc", "gas", "regs"), ("until", "records"))
        kinds = read_kinds(request)
        pc, gas = number(request["pc"], "pc"), number(request["gas"], "gas")
        regs = protocol.registers(request["regs"], "regs")
        return stop_text(self.engine.run(pc, gas, regs, read_until(request), kinds), kinds)

    def resume(self, request: Members) -> Answer:
        members(request, "resume", ("gas", "regs"), ("until", "records"))
        kinds = read_kinds(request)
        gas, regs = number(request["gas"], "gas"), protocol.registers(request["regs"], "regs")
        return stop_text(self.engine.resume(gas, regs, read_until(request), kinds), kinds)

    def read(self, request: Members) -> Answer:
        members(request, "read", ("address", "size"))
        address, size = number(request["address"], "address", U32), count(request["size"], "size", U32 + 1)
        return {"data": self.engine.read(address, size).hex()}

    def write(self, request: Members) -> Answer:
        members(request, "write", ("address", "data"))
        self.engine.write(number(request["address"], "address", U32), octets(request["data"], "data"))
        return {}

    def unload(self, request: Members) -> Answer:
        members(request, "unload", ())
        self.engine.unload()
        return {}

    def bye(self, request: Members) -> Answer:
        members(request, "bye", ())
        self.is_over = True
        return {}

    # The kernel

    def decode(self, request: Members) -> Answer:
        members(request, "decode", ("type", "bytes"), ("revision",))
        self.check_revision(request)
        kind = one_of(request["type"], "type", protocol.TYPES)
        return decoded_text(self.engine.decode(kind, octets(request["bytes"], "bytes")))

    def admit(self, request: Members) -> Answer:
        members(request, "admit", ("image",), ("revision",))
        self.check_revision(request)
        return {"verdict": self.engine.admit(octets(request["image"], "image"))}

    def hash(self, request: Members) -> Answer:
        members(request, "hash", ("kind", "value"), ("revision",))
        self.check_revision(request)
        kind = one_of(request["kind"], "kind", protocol.HASHES)
        found = self.engine.hash(kind, octets(request["value"], "value"))
        return {"verdict" if "/" in found else "digest": found}

    def check_revision(self, request: Members) -> None:
        if request.get("revision", REVISION) != REVISION:
            raise EngineUnsupported(self.engine.name, f"revision {request['revision']!r} of the kernel")

    def world_open(self, request: Members) -> Answer:
        members(request, "world_open", ("world",), ("revision",))
        self.check_revision(request)
        self.engine.world_open(octets(request["world"], "world"))
        return {}

    def world_run(self, request: Members) -> Answer:
        members(request, "world_run", ("instance", "image", "cnode", "endpoint", "gas"), ("records",))
        called = self.engine.world_run(
            octets(request["instance"], "instance", 64),
            octets(request["image"], "image"),
            octets(request["cnode"], "cnode"),
            count(request["endpoint"], "endpoint", 256),
            number(request["gas"], "gas"),
        )
        return called_text(called) | events_text(request, called.records)

    def world_resume(self, request: Members) -> Answer:
        members(request, "world_resume", (), ("scratchpad", "records"))
        scratchpad = octets(request["scratchpad"], "scratchpad") if "scratchpad" in request else None
        called = self.engine.world_resume(scratchpad)
        return called_text(called) | events_text(request, called.records)

    def world_dump(self, request: Members) -> Answer:
        members(request, "world_dump", ())
        return {"dump": self.engine.world_dump().hex()}

    def chain_genesis(self, request: Members) -> Answer:
        members(request, "chain_genesis", ("image",), ("revision",))
        self.check_revision(request)
        return {"verdict": self.engine.chain_genesis(octets(request["image"], "image"))}

    def chain_apply(self, request: Members) -> Answer:
        members(request, "chain_apply", ("endpoint", "payload", "gas", "quota"), ("records",))
        applied = self.engine.chain_apply(
            count(request["endpoint"], "endpoint", 256),
            octets(request["payload"], "payload"),
            number(request["gas"], "gas"),
            number(request["quota"], "quota"),
        )
        result = applied.result
        numbers = {"argument": result.argument, "value": result.value, "gas_used": result.gas_used}
        found: Members = {"outcome": result.outcome, "exit": result.exit}
        return found | {name: hex(value) for name, value in numbers.items()} | events_text(request, applied.records)

    def chain_state(self, request: Members) -> Answer:
        members(request, "chain_state", ())
        return {"state": self.engine.chain_state().hex()}

    def chain_root(self, request: Members) -> Answer:
        members(request, "chain_root", ())
        return {"root": self.engine.chain_root().hex()}

    def chain_instance(self, request: Members) -> Answer:
        members(request, "chain_instance", ())
        return {"instance": self.engine.chain_instance().hex()}


# Requests


def read_page(value: Json) -> Page:
    page = items(value, "a page")
    if len(page) != 3:
        raise Wrong("a page is not [address, access, bytes]")
    return Page(number(page[0], "address", U32), one_of(page[1], "access", ("ro", "rw")), octets(page[2], "data"))


def read_kinds(request: Members) -> tuple[RecordKind, ...]:
    return tuple(Records[one_of(kind, "records", Records)] for kind in items(request.get("records", []), "records"))


def read_until(request: Members) -> Until:
    until = members(request.get("until", {}), "until", (), ("blocks", "instructions"))
    return Until(count(until.get("blocks", 0), "blocks"), count(until.get("instructions", 0), "instructions"))


# Replies


def trouble(kind: str, message: str) -> str:
    return ENCODE({"error": {"kind": kind, "message": message}})


def registers_text(regs: Sequence[int]) -> str:
    return f'["{SEPARATOR.join(map(hex, regs))}"]'


def stop_text(stop: Stop, kinds: Iterable[RecordKind]) -> str:
    """As JSON text at once: this is what is answered most."""
    found = (
        f'{{"exit":"{stop.exit}","argument":"{stop.argument:#x}","pc":"{stop.pc:#x}","gas":"{stop.gas:#x}",'
        f'"regs":{registers_text(stop.regs)}'
    )
    is_cut = stop.records_cut
    for kind in kinds:
        texts: Iterable[str]
        if kind == RecordKind.BLOCKS:
            texts = map(block_text, stop.blocks[:RECORD_MAX])
            is_cut |= len(stop.blocks) > RECORD_MAX
        else:
            texts = map(instruction_text, stop.instructions[:RECORD_MAX])
            is_cut |= len(stop.instructions) > RECORD_MAX
        found += f',"{kind.value}":[{",".join(texts)}]'
    return found + (',"records_cut":true}' if is_cut else "}")


def block_text(block: Block) -> str:
    return f'{{"pc":"{block.pc:#x}","gas":"{block.gas:#x}","regs":{registers_text(block.regs)}}}'


def instruction_text(record: Instruction) -> str:
    store = record.store
    stored = "" if store is None else f',"store":["{store.address:#x}",{store.width},"{store.value:#x}"]'
    return f'{{"pc":"{record.pc:#x}","regs":{registers_text(record.regs)}{stored}}}'


def decoded_text(decoded: Decoded) -> Members:
    again: Members = {"again": decoded.again.hex()} if decoded.verdict == "decoded" else {}
    return {"verdict": decoded.verdict, **again}


def called_text(called: Called) -> Members:
    result = called.result
    if isinstance(result, str):
        return {"result": result}
    return {
        "result": "done",
        "outcome": result.outcome,
        "exit": result.exit,
        "argument": hex(result.argument),
        "pc": hex(result.pc),
        "gas": hex(result.gas),
        "gas_used": hex(result.gas_used),
        "regs": [hex(value) for value in result.regs],
        "instance": result.instance.hex(),
        "payload": result.payload.hex(),
        "cnode": result.cnode.hex(),
        "pages": result.pages.hex(),
    }


def events_text(request: Members, records: Sequence[bytes]) -> Members:
    if request.get("records") is not True:
        return {}
    kept: Json = [record.hex() for record in records[:RECORD_MAX]]
    return {"events": kept, **({"records_cut": True} if len(records) > RECORD_MAX else {})}


# Carriers


def lines(stream: IO[bytes]) -> Iterator[bytes]:
    yield from stream


def frames(stream: IO[bytes]) -> Iterator[bytes]:
    while len(head := stream.read(HEAD)) == HEAD:
        yield stream.read(int.from_bytes(head, "little"))


def serve(server: Server, source: IO[bytes], sink: IO[bytes], framed: bool) -> None:
    """Answers until bye or the end of input."""
    for request in frames(source) if framed else lines(source):
        reply = server.answer(request)
        sink.write(len(reply).to_bytes(HEAD, "little") + reply if framed else reply + b"\n")
        sink.flush()
        if server.is_over:
            return


def serve_model() -> None:
    """The specification on standard input and output, in frames."""
    serve(Server(ModelEngine()), sys.stdin.buffer, sys.stdout.buffer, framed=True)
