"""An engine that is a process: the client side of ../PROTOCOL.md.

    with ProcessEngine(["build/release/assay-native", "serve", "--engine", ...], "ref") as engine:
        engine.load(case)
        stop = engine.run(pc=0, gas=1000, regs=[0] * 13, records=("blocks",))

Numbers go in and come out as int, bytes as bytes. Every reply is checked whole against the protocol
before anything is believed. What goes wrong is an EngineError, which says whose fault it is:

    EngineDied        the process ended; with its exit code or signal and its last words
    EngineHung        no whole reply within the deadline
    EngineGarbage     a reply that is not of the protocol, with its byte offset
    EngineRefused     error kind `refused`: a precondition does not hold; the engine goes on
    EngineUnsupported error kind `unsupported`; the engine goes on
    EngineBlames      error kind `protocol`: the engine says the request was wrong
    EngineHostFailed  error kind `host`

After the first three the process is gone; the next `load` starts a fresh one.
"""

import json
import os
import re
import selectors
import signal
import subprocess
import time

import model

PROTOCOL = 1
LINE_MAX = 64 * 1024 * 1024
WORDS_MAX = 4096
QUOTE_MAX = 120
FEATURES = ("blocks", "instructions", "codec", "invocation", "chain")
BEGINNINGS = ("load", "decode", "admit", "hash", "world_open", "chain_genesis")  # need nothing before
EXITS = tuple(record.name for record in model.table.EXIT)
REASONS = tuple("blob/" + record.name for record in model.table.REJECT)
REGISTERS = model.table.LIMIT["register_count"]
NUMBER = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)\Z")
BYTES = re.compile(r"([0-9a-f]{2})*\Z")


class EngineError(Exception):
    """Something about the engine, not about what a guest does."""

    kind = "error"

    def __init__(self, engine, message):
        super().__init__(f"engine {engine}: {message}")
        self.engine = engine
        self.message = message


class EngineDied(EngineError):
    kind = "died"

    def __init__(self, engine, code, last_words, doing):
        self.code = code
        self.last_words = last_words
        words = f"; its last words: {last_words}" if last_words else "; it said nothing"
        super().__init__(engine, f"{how_it_ended(code)} during {doing}{words}")


class EngineHung(EngineError):
    kind = "hung"

    def __init__(self, engine, seconds, last_words, doing):
        self.seconds = seconds
        self.last_words = last_words
        words = f"; its last words: {last_words}" if last_words else ""
        super().__init__(engine, f"no reply to {doing} within {seconds:g} s, so it was ended{words}")


class EngineGarbage(EngineError):
    kind = "garbage"

    def __init__(self, engine, reason, offset, text, doing):
        self.reason = reason
        self.offset = offset
        self.text = text
        super().__init__(
            engine,
            f"its reply to {doing} is not of the protocol: {reason}, at byte {offset} of its output, in {text!r}",
        )


class EngineReply(EngineError):
    """The engine answered with an error, as the protocol allows."""


class EngineRefused(EngineReply):
    kind = "refused"


class EngineUnsupported(EngineReply):
    kind = "unsupported"


class EngineBlames(EngineReply):
    kind = "protocol"


class EngineHostFailed(EngineReply):
    kind = "host"


REPLIES = {reply.kind: reply for reply in (EngineRefused, EngineUnsupported, EngineBlames, EngineHostFailed)}


def how_it_ended(code):
    """An exit status in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class Wrong(Exception):
    """A reply breaks the protocol; at is a byte offset in it."""

    def __init__(self, reason, at=0):
        super().__init__(reason)
        self.at = at


class ProcessEngine:
    """One engine behind a pipe. Not started before it is needed; closed by `close` or `with`."""

    def __init__(self, argv, name, timeout=10.0, framed=False):
        self.argv = list(argv)
        self.name = name
        self.timeout = timeout
        self.framed = framed
        self.version = ""
        self.features = ()
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # What an engine can do

    def hello(self):
        """Starts the process if need be; returns its greeting."""
        self.start()
        return {"name": self.said_name, "version": self.version, "features": self.features}

    def load(self, case):
        """Loads blob, mem_cycles and pages of a case; "admitted", "refused" or a rejecting rule."""
        self.start()
        request = {
            "op": "load",
            "blob": case["blob"],
            "mem_cycles": case["mem_cycles"],
            "pages": case["pages"],
        }
        return self.ask(request, read_load)

    def run(self, pc, gas, regs, until=None, records=()):
        return self.go({"op": "run", "pc": hex(pc)}, gas, regs, until, records)

    def resume(self, gas, regs, until=None, records=()):
        return self.go({"op": "resume"}, gas, regs, until, records)

    def go(self, request, gas, regs, until, records):
        """A stop as a dict; with records, their lists too."""
        request |= {"gas": hex(gas), "regs": [hex(value) for value in regs]}
        until = {kind: count for kind, count in (until or {}).items() if count}
        if until:
            request["until"] = until
        if records:
            request["records"] = list(records)
        return self.ask(request, lambda ok: read_stop(ok, records))

    def read(self, address, size):
        request = {"op": "read", "address": hex(address), "size": size}
        return self.ask(request, lambda ok: read_data(ok, size))

    def write(self, address, data):
        self.ask({"op": "write", "address": hex(address), "data": data.hex()}, read_nothing)

    def unload(self):
        self.ask({"op": "unload"}, read_nothing)

    # What it can do at the kernel levels

    def decode(self, type, data):
        """A verdict, and the bytes encoded again."""
        ok = self.ask({"op": "decode", "type": type, "bytes": data.hex()}, read_verdict)
        return ok["verdict"], octets(ok.get("again", ""), "again")

    def admit(self, image):
        return self.ask({"op": "admit", "image": image.hex()}, read_verdict)["verdict"]

    def hash(self, kind, value):
        """A digest in hex, or the rule that the value breaks."""
        ok = self.ask({"op": "hash", "kind": kind, "value": value.hex()}, read_object)
        return ok.get("digest") or ok.get("verdict")

    def world_open(self, world):
        self.ask({"op": "world_open", "world": world.hex()}, read_nothing)

    def world_run(self, instance, image, cnode, endpoint, gas):
        """A result, a string or a dict, and the records."""
        request = {
            "op": "world_run",
            "instance": instance.hex(),
            "image": image.hex(),
            "cnode": cnode.hex(),
            "endpoint": endpoint,
            "gas": hex(gas),
            "records": True,
        }
        return self.ask(request, read_result)

    def world_resume(self, scratchpad=None):
        request = {"op": "world_resume", "records": True}
        if scratchpad is not None:
            request["scratchpad"] = scratchpad.hex()
        return self.ask(request, read_result)

    def world_dump(self):
        return self.ask({"op": "world_dump"}, lambda ok: one_value(ok, "dump"))

    def chain_genesis(self, image):
        return self.ask({"op": "chain_genesis", "image": image.hex()}, read_verdict)["verdict"]

    def chain_apply(self, endpoint, payload, gas, quota):
        """An event's result and its records."""
        request = {
            "op": "chain_apply",
            "endpoint": endpoint,
            "payload": payload.hex(),
            "gas": hex(gas),
            "quota": hex(quota),
            "records": True,
        }
        return self.ask(request, read_event)

    def chain_state(self):
        return self.ask({"op": "chain_state"}, lambda ok: one_value(ok, "state"))

    def chain_root(self):
        return self.ask({"op": "chain_root"}, lambda ok: one_value(ok, "root", 32))

    def chain_instance(self):
        return self.ask({"op": "chain_instance"}, lambda ok: one_value(ok, "instance", 64))

    # The process

    def start(self):
        """Starts the process and says hello, unless it runs already."""
        if self.process is not None:
            return
        try:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            why = f"{self.argv[0]} cannot be started: {error.strerror}; check the command"
            raise EngineError(self.name, why) from None
        self.received = bytearray()  # of the output, not yet taken
        self.taken = 0  # bytes of the output taken before
        self.words = b""  # the tail of standard error
        self.selector = selectors.DefaultSelector()
        for pipe, event in (
            (self.process.stdin, selectors.EVENT_WRITE),
            (self.process.stdout, selectors.EVENT_READ),
            (self.process.stderr, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            self.selector.register(pipe, event)
        greeting = self.ask({"op": "hello", "protocol": PROTOCOL}, read_hello)
        self.said_name, self.version, self.features = greeting

    def close(self):
        """Says bye and waits; whatever is left then is ended."""
        if self.process is None:
            return
        try:
            self.ask({"op": "bye"}, read_nothing)
            self.process.stdin.close()
            self.process.wait(min(self.timeout, 2.0))
        except (EngineError, OSError, subprocess.TimeoutExpired):
            pass
        self.end()

    def end(self):
        """Ends the process; returns its exit status."""
        process, self.process = self.process, None
        if process is None:
            return None
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        code = process.wait()
        self.drain(process.stderr)
        self.selector.close()
        for pipe in (process.stdin, process.stdout, process.stderr):
            try:
                pipe.close()
            except OSError:
                pass
        return code

    # One request and its reply

    def ask(self, request, read):
        """Sends a request; returns what `read` makes of the `ok` of its reply."""
        doing = request["op"]
        if doing in BEGINNINGS:
            self.start()
        if self.process is None:
            raise EngineError(self.name, f"{doing} before a load: the process has ended")
        data = json.dumps(request, separators=(",", ":")).encode()
        framed = len(data).to_bytes(4, "little") + data
        if self.received:
            self.garbage(Wrong("output that nobody asked for"), bytes(self.received), 0, doing)
        reply = self.exchange(framed if self.framed else data + b"\n", doing)
        at = self.taken - len(reply) - (0 if self.framed else 1)
        try:
            ok, error = read_reply(reply)
            value = read(ok) if error is None else None
        except Wrong as wrong:
            self.garbage(wrong, reply, at, doing)
        if error is not None:
            kind, message = error
            raise REPLIES[kind](self.name, f"answers {doing} with {kind}: {message}")
        return value

    def garbage(self, wrong, reply, at, doing):
        self.end()
        text = reply[max(0, wrong.at - QUOTE_MAX // 2) :][:QUOTE_MAX].decode("utf-8", "replace")
        raise EngineGarbage(self.name, str(wrong), at + wrong.at, text, doing) from None

    def exchange(self, data, doing):
        """Sends bytes and waits for one whole reply."""
        deadline = time.monotonic() + self.timeout
        process = self.process
        data = memoryview(data)
        self.wants_to_write(bool(data))
        while True:
            reply = self.whole_reply(doing)
            if reply is not None:
                return reply
            left = deadline - time.monotonic()
            if left <= 0:
                self.end()
                raise EngineHung(self.name, self.timeout, self.last_words(), doing)
            for key, _ in self.selector.select(left):
                if key.fileobj is process.stdin:
                    data = self.send(data)
                elif key.fileobj is process.stderr:
                    self.drain(process.stderr)
                elif not self.receive():
                    self.died(doing)

    def send(self, data):
        """Writes what fits; returns what is left."""
        try:
            data = data[os.write(self.process.stdin.fileno(), data) :]
        except BlockingIOError:
            return data
        except OSError:  # it reads no more; its output or its end tells why
            data = data[:0]
        self.wants_to_write(bool(data))
        return data

    def wants_to_write(self, wants):
        """The selector reports a pipe without waiting for it, so it watches it only when needed."""
        watched = self.process.stdin in self.selector.get_map()
        if wants and not watched:
            self.selector.register(self.process.stdin, selectors.EVENT_WRITE)
        if watched and not wants:
            self.selector.unregister(self.process.stdin)

    def receive(self):
        """Takes what output there is; False at its end."""
        try:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return True
        self.received += data
        return bool(data)

    def drain(self, pipe):
        """Keeps the tail of standard error."""
        while True:
            try:
                data = os.read(pipe.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not data:
                if pipe in self.selector.get_map():
                    self.selector.unregister(pipe)
                return
            self.words = (self.words + data)[-WORDS_MAX:]

    def last_words(self):
        return self.words.decode("utf-8", "replace").strip()

    def died(self, doing):
        """Its output has ended. A process that closes its output yet lives on is ended too."""
        left = bytes(self.received)
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.end()
            raise EngineDied(self.name, 0, "it closed its output and went on", doing) from None
        code = self.end()
        words = self.last_words()
        if left:
            half = left[-QUOTE_MAX:].decode("utf-8", "replace")
            words = f"{words} (and half a reply, {half!r})".strip()
        raise EngineDied(self.name, code, words, doing)

    def whole_reply(self, doing):
        """One reply from what was received, or None while it is not complete."""
        if self.framed:
            if len(self.received) < 4:
                return None
            size = int.from_bytes(self.received[:4], "little")
            start, end, after = 4, 4 + size, 4 + size
        else:
            start, end = 0, self.received.find(b"\n")
            after = end + 1
            size = len(self.received) if end < 0 else end
        if size > LINE_MAX:
            head = bytes(self.received[:QUOTE_MAX])
            self.garbage(Wrong(f"a reply of more than {LINE_MAX} bytes"), head, self.taken, doing)
        if end < 0 or len(self.received) < end:
            return None
        reply = bytes(self.received[start:end])
        del self.received[:after]
        self.taken += after
        return reply


# Reading replies


def unique(pairs):
    """An object without duplicate keys."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise Wrong(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found


def no_constant(text):
    raise Wrong(f"{text} is no JSON")


def read_reply(data):
    """(ok, None) or (None, (kind, message))"""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Wrong("no UTF-8", error.start) from None
    try:
        reply = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        raise Wrong(f"no JSON ({error.msg})", len(text[: error.pos].encode())) from None
    except RecursionError:
        raise Wrong("nested too deep") from None
    if isinstance(reply, dict) and list(reply) == ["ok"]:
        return reply["ok"], None
    if not isinstance(reply, dict) or list(reply) != ["error"]:
        raise Wrong('neither {"ok": …} nor {"error": …}')
    error = members(reply["error"], "error", ("kind", "message"), ("offset",))
    if error["kind"] not in REPLIES:
        raise Wrong(f"error kind {error['kind']!r} is not one of {', '.join(REPLIES)}")
    if not isinstance(error["message"], str):
        raise Wrong("the message of an error is no text")
    where = f" (byte {error['offset']})" if "offset" in error else ""
    return None, (error["kind"], error["message"] + where)


def members(value, what, needed, optional=()):
    """The value, if it is an object with these keys."""
    if not isinstance(value, dict):
        raise Wrong(f"{what} is no object")
    for key in needed:
        if key not in value:
            raise Wrong(f"{what} has no {key!r}")
    for key in value:
        if key not in needed and key not in optional:
            raise Wrong(f"{what} has an unknown key {key!r}")
    return value


def number(value, what, limit=2**64):
    """A number written as hex text."""
    if not isinstance(value, str) or not NUMBER.match(value):
        raise Wrong(f"{what} is {value!r}, not 0x and lower-case hex without leading zeros")
    if int(value, 16) >= limit:
        raise Wrong(f"{what} is {value}, not below {limit:#x}")
    return int(value, 16)


def registers(value, what):
    if not isinstance(value, list) or len(value) != REGISTERS:
        raise Wrong(f"{what} is no list of {REGISTERS} numbers")
    return [number(entry, f"{what}[{index}]") for index, entry in enumerate(value)]


def read_nothing(ok):
    members(ok, "ok", ())


def read_hello(ok):
    members(ok, "hello", ("protocol", "name", "version", "abi", "features"))
    if ok["protocol"] != PROTOCOL or isinstance(ok["protocol"], bool):
        raise Wrong(f"it speaks protocol {ok['protocol']!r}, not {PROTOCOL}")
    for key in ("name", "version"):
        if not isinstance(ok[key], str):
            raise Wrong(f"hello's {key} is no text")
    if not isinstance(ok["abi"], int) or isinstance(ok["abi"], bool):
        raise Wrong("hello's abi is no number")
    features = ok["features"]
    if not isinstance(features, list) or any(entry not in FEATURES for entry in features):
        raise Wrong(f"hello's features are {features!r}, not a list of some of {FEATURES}")
    return ok["name"], ok["version"], tuple(kind for kind in FEATURES if kind in features)


def read_load(ok):
    load = members(ok, "load", ("load",))["load"]
    if load not in ("admitted", "refused", *REASONS):
        raise Wrong(f"load is {load!r}, neither admitted, refused nor one of {', '.join(REASONS)}")
    return load


def read_data(ok, size):
    data = members(ok, "read", ("data",))["data"]
    if not isinstance(data, str) or not BYTES.match(data) or len(data) != 2 * size:
        raise Wrong(f"data is not the lower-case hex of {size} bytes")
    return bytes.fromhex(data)


def read_stop(ok, records):
    """A stop, its numbers as int."""
    optional = ("records_cut",) if records else ()
    members(ok, "stop", ("exit", "argument", "pc", "gas", "regs", *records), optional)
    if ok["exit"] not in EXITS:
        raise Wrong(f"exit is {ok['exit']!r}, not one of {', '.join(EXITS)}")
    if ok.get("records_cut", True) is not True:
        raise Wrong("records_cut is not true")
    stop = {
        "exit": ok["exit"],
        "argument": number(ok["argument"], "argument", 2**32),
        "pc": number(ok["pc"], "pc"),
        "gas": number(ok["gas"], "gas"),
        "regs": registers(ok["regs"], "regs"),
    }
    for kind, read in (("blocks", read_block), ("instructions", read_instruction)):
        if kind in records:
            if not isinstance(ok[kind], list):
                raise Wrong(f"{kind} is no list")
            stop[kind] = [read(entry, f"{kind}[{at}]") for at, entry in enumerate(ok[kind])]
    if "records_cut" in ok:
        stop["records_cut"] = True
    return stop


def read_block(entry, what):
    members(entry, what, ("pc", "gas", "regs"))
    return {
        "pc": number(entry["pc"], f"{what}.pc"),
        "gas": number(entry["gas"], f"{what}.gas"),
        "regs": registers(entry["regs"], f"{what}.regs"),
    }


def read_instruction(entry, what):
    members(entry, what, ("pc", "regs"), ("store",))
    return {
        "pc": number(entry["pc"], f"{what}.pc"),
        "regs": registers(entry["regs"], f"{what}.regs"),
        "store": read_store(entry["store"], f"{what}.store") if "store" in entry else None,
    }


def read_store(store, what):
    if not isinstance(store, list) or len(store) != 3:
        raise Wrong(f"{what} is not [address, width, value]")
    address, width, value = store
    if width not in (1, 2, 4, 8) or isinstance(width, (bool, float)):
        raise Wrong(f"{what} has width {width!r}, not 1, 2, 4 or 8")
    return (
        number(address, f"{what} address", 2**32),
        width,
        number(value, f"{what} value", 2 ** (8 * width)),
    )


# Replies of the kernel levels

RESULT = ("outcome", "exit", "argument", "pc", "gas", "gas_used", "instance", "payload")


def octets(value, what, size=None):
    if not isinstance(value, str) or not BYTES.match(value):
        raise Wrong(f"{what} is no lower-case hex of whole bytes")
    if size is not None and len(value) != 2 * size:
        raise Wrong(f"{what} has {len(value) // 2} bytes, not {size}")
    return bytes.fromhex(value)


def one_value(ok, name, size=None):
    members(ok, "the reply", (name,))
    return octets(ok[name], name, size)


def read_object(ok):
    members(ok, "the reply", (), ("digest", "verdict", "offset"))
    if "digest" in ok:
        octets(ok["digest"], "digest", 32)
    return ok


def read_verdict(ok):
    members(ok, "the reply", ("verdict",), ("again", "offset"))
    if not isinstance(ok["verdict"], str):
        raise Wrong("verdict is no string")
    return ok


def read_events(ok):
    if not isinstance(ok.get("events"), list):
        raise Wrong("events is no list")
    return [octets(record, f"events[{n}]") for n, record in enumerate(ok["events"])]


def read_result(ok):
    """A string or a dict, its numbers as in vectors, encoded values as bytes; and the records."""
    if not isinstance(ok, dict) or not isinstance(ok.get("result"), str):
        raise Wrong("result is no string")
    events = read_events(ok)
    if ok["result"] != "done":
        members(ok, "the reply", ("result", "events"))
        return ok["result"], events
    needed = ("result", *RESULT, "regs", "cnode", "pages", "events")
    members(ok, "the reply", needed, ("records_cut",))
    for name in ("argument", "pc", "gas", "gas_used"):
        number(ok[name], name)
    octets(ok["instance"], "instance", 64)
    octets(ok["payload"], "payload")
    registers(ok["regs"], "regs")
    found = {name: ok[name] for name in (*RESULT, "regs")}
    return found | {name: octets(ok[name], name) for name in ("cnode", "pages")}, events


def read_event(ok):
    needed = ("outcome", "exit", "argument", "value", "gas_used")
    members(ok, "the reply", (*needed, "events"), ("records_cut",))
    for name in ("argument", "value", "gas_used"):
        number(ok[name], name)
    return {name: ok[name] for name in needed}, read_events(ok)
