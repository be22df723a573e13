"""Reading replies of PROTOCOL.md: every one is checked whole before anything of it is believed.

What is not of the protocol raises Wrong (base/strict.py), with the byte at which it was seen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import model
from assay.base import strict
from assay.base.strict import U32, Json, Wrong, members, number, octets, one_of
from assay.engines.answers import (
    REGISTERS,
    Applied,
    Block,
    Called,
    Decoded,
    EventResult,
    Hello,
    Instruction,
    RecordKind,
    Result,
    Stop,
    Store,
)
from assay.engines.trouble import REPLIES

OLDEST, NEWEST = 1, 2
FEATURES = ("blocks", "instructions", "codec", "invocation", "chain")
TYPES = ("image", "state", "cap", "cnode", "world")
HASHES = ("bytes", "bmt", "cap", "cnode", "image", "chain", "state")
EXITS = tuple(record.name for record in model.table.EXIT)
LOADS = ("admitted", "refused", *("blob/" + record.name for record in model.table.REJECT))
WIDTHS = (1, 2, 4, 8)
RULE = re.compile(r"[a-z][a-z0-9_]*(/[a-z0-9_]+)*\Z")
OUTCOMES = ("halt", "faulted", "paused")


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A reply that says why there is no answer."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that answers."""

    ok: Json


def read_reply(data: bytes) -> Reply | ErrorReply:
    reply = strict.loads(data)
    if isinstance(reply, dict) and list(reply) == ["ok"]:
        return Reply(reply["ok"])
    if not isinstance(reply, dict) or list(reply) != ["error"]:
        raise Wrong('neither {"ok": …} nor {"error": …}')
    error = members(reply["error"], "error", ("kind", "message"), ("offset",))
    kind = one_of(error["kind"], "the kind of an error", REPLIES)
    message = strict.text(error["message"], "the message of an error")
    where = f" (byte {error['offset']})" if "offset" in error else ""
    return ErrorReply(kind, message + where)


def registers(value: Json, what: str) -> tuple[int, ...]:
    return strict.numbers(value, what, REGISTERS)


# The machine


def read_nothing(ok: Json) -> None:
    members(ok, "ok", ())


def spoken(ok: Json) -> int:
    """The protocol in which a hello was answered; it may be an older one than was asked for."""
    return strict.count(strict.mapping(ok, "hello").get("protocol"), "hello's protocol")


def read_hello(ok: Json, asked: int) -> Hello | None:
    """What an engine says of itself, or None when it speaks an older protocol than asked for."""
    if OLDEST <= spoken(ok) < asked:
        return None
    newer = ("revisions", "profiles") if asked > OLDEST else ()
    found = members(ok, "hello", ("protocol", "name", "version", "abi", "features", *newer))
    if found["protocol"] != asked:
        raise Wrong(f"it speaks protocol {found['protocol']!r}, not {asked}")
    features = found["features"]
    if not isinstance(features, list) or any(entry not in FEATURES for entry in features):
        raise Wrong(f"hello's features are {features!r}, not a list of some of {FEATURES}")
    name, version = strict.text(found["name"], "hello's name"), strict.text(found["version"], "hello's version")
    known = tuple(kind for kind in FEATURES if kind in features)
    hello = Hello(name, version, strict.count(found["abi"], "hello's abi"), known)
    if not newer:
        return hello
    revisions = tuple(strict.count(entry, what, 64) for what, entry in entries(found["revisions"], "revisions"))
    profiles = tuple(strict.text(entry, what) for what, entry in entries(found["profiles"], "profiles"))
    return replace(hello, revisions=revisions, profiles=profiles)


def read_load(ok: Json) -> str:
    return one_of(members(ok, "load", ("load",))["load"], "load", LOADS)


def read_data(ok: Json, size: int) -> bytes:
    return octets(members(ok, "read", ("data",))["data"], "data", size)


def read_stop(ok: Json, records: Sequence[RecordKind]) -> Stop:
    lists = tuple(kind.value for kind in records)
    optional = ("records_cut",) if records else ()
    found = members(ok, "stop", ("exit", "argument", "pc", "gas", "regs", *lists), optional)
    if found.get("records_cut", True) is not True:
        raise Wrong("records_cut is not true")
    return Stop(
        exit=one_of(found["exit"], "exit", EXITS),
        argument=number(found["argument"], "argument", U32),
        pc=number(found["pc"], "pc"),
        gas=number(found["gas"], "gas"),
        regs=registers(found["regs"], "regs"),
        blocks=tuple(read_block(entry, what) for what, entry in entries(found.get("blocks", []), "blocks")),
        instructions=tuple(
            read_instruction(entry, what) for what, entry in entries(found.get("instructions", []), "instructions")
        ),
        records_cut="records_cut" in found,
    )


def entries(value: Json, what: str) -> list[tuple[str, Json]]:
    return [(f"{what}[{at}]", entry) for at, entry in enumerate(strict.items(value, what))]


def read_block(entry: Json, what: str) -> Block:
    found = members(entry, what, ("pc", "gas", "regs"))
    return Block(
        number(found["pc"], f"{what}.pc"), number(found["gas"], f"{what}.gas"), registers(found["regs"], f"{what}.regs")
    )


def read_instruction(entry: Json, what: str) -> Instruction:
    found = members(entry, what, ("pc", "regs"), ("store",))
    store = read_store(found["store"], f"{what}.store") if "store" in found else None
    return Instruction(number(found["pc"], f"{what}.pc"), registers(found["regs"], f"{what}.regs"), store)


def read_store(value: Json, what: str) -> Store:
    if not isinstance(value, list) or len(value) != 3:
        raise Wrong(f"{what} is not [address, width, value]")
    address, width, stored = value
    if not isinstance(width, int) or isinstance(width, bool) or width not in WIDTHS:
        raise Wrong(f"{what} has width {width!r}, not 1, 2, 4 or 8")
    return Store(number(address, f"{what} address", U32), width, number(stored, f"{what} value", 2 ** (8 * width)))


# The kernel


def one_value(ok: Json, name: str, size: int | None = None) -> bytes:
    return octets(members(ok, "the reply", (name,))[name], name, size)


def read_decoded(ok: Json) -> Decoded:
    found = members(ok, "the reply", ("verdict",), ("again", "offset"))
    return Decoded(rule(found["verdict"]), octets(found.get("again", ""), "again"))


def read_verdict(ok: Json) -> str:
    return read_decoded(ok).verdict


def read_hash(ok: Json) -> str:
    found = members(ok, "the reply", (), ("digest", "verdict", "offset"))
    if "digest" in found:
        return octets(found["digest"], "digest", 32).hex()
    return rule(found.get("verdict"))


def rule(value: Json) -> str:
    """A verdict: a good word, or the name of a rule."""
    name = strict.text(value, "verdict")
    if not RULE.match(name):
        raise Wrong(f"verdict {name!r} is no name of a rule")
    return name


def read_events(value: Json) -> tuple[bytes, ...]:
    return tuple(octets(entry, what) for what, entry in entries(value, "events"))


def read_called(ok: Json) -> Called:
    reply = strict.mapping(ok, "the reply")
    events = read_events(reply.get("events"))
    word = strict.text(reply.get("result"), "result")
    if not RULE.match(word):
        raise Wrong(f"result {word!r} is no word of the protocol")
    if word != "done":
        members(ok, "the reply", ("result", "events"))
        return Called(word, events)
    numbers = ("argument", "pc", "gas", "gas_used")
    values = ("instance", "payload", "cnode", "pages")
    needed = ("result", "outcome", "exit", *numbers, "regs", *values, "events")
    found = members(ok, "the reply", needed, ("records_cut",))
    result = Result(
        outcome=one_of(found["outcome"], "outcome", OUTCOMES),
        exit=one_of(found["exit"], "exit", EXITS),
        argument=number(found["argument"], "argument", U32),
        pc=number(found["pc"], "pc"),
        gas=number(found["gas"], "gas"),
        gas_used=number(found["gas_used"], "gas_used"),
        regs=registers(found["regs"], "regs"),
        instance=octets(found["instance"], "instance", 64),
        payload=octets(found["payload"], "payload"),
        cnode=octets(found["cnode"], "cnode"),
        pages=octets(found["pages"], "pages"),
    )
    return Called(result, events)


def read_applied(ok: Json) -> Applied:
    numbers = ("argument", "value", "gas_used")
    found = members(ok, "the reply", ("outcome", "exit", *numbers, "events"), ("records_cut",))
    result = EventResult(
        one_of(found["outcome"], "outcome", OUTCOMES[:2]),
        one_of(found["exit"], "exit", EXITS),
        number(found["argument"], "argument", U32),
        number(found["value"], "value"),
        number(found["gas_used"], "gas_used"),
    )
    return Applied(result, read_events(found["events"]))
