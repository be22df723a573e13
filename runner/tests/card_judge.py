"""The judge of cards: where two engines first part on a case, found without a line of what it judges.

    python card_judge.py [--again] EXPECTED.so SUSPECT.so VECTORS.json ID...

Reads the vector file and include/assay.h's tables by itself (ctypes), steps both engines side by side and prints one
JSON line a case: {"case", "kind", "step", "index", "pc", "fields"}, of a death or a hang also "during", the call in
which it was. Each case is played in a process of its own, as a suspect may die or hang; how far it came stands in
shared memory.

With --again a line says how the suspect answers when memory that was never written holds other bytes, and beside
itself: {"case", "answers": [...], "steady"}. One that is not steady has several right cards.
"""

import ctypes
import hashlib
import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64
from ctypes import c_void_p as pointer
from pathlib import Path
from typing import cast

Json = dict[str, "object"]
PAGE = 4096
REGISTERS = 13
EXITS = ("halt", "trap", "panic", "out_of_gas", "page_fault", "host_call", "ecall", "stopped")
TYPES = ("image", "state", "cap", "cnode", "world")
HASHES = ("bytes", "bmt", "cap", "cnode", "image", "chain", "state")
INSTRUCTIONS_MAX = 200_000  # of a step; longer ones are not for this judge
SECONDS = 120.0  # for a case
MEMORY = 4 << 30  # as much as the cage gives
STALL = 2.0  # seconds of processor time in one call: it hangs
M_MMAP_THRESHOLD, M_PERTURB = -3, -6  # <malloc.h>: from what size on a block stands alone; what fills fresh memory
WRONG_EVENT = -2  # in place of a pc: an event that differs came before whatever broke
FILLS = ((0, 1 << 17), (0x5A, 512), (0xFF, 1 << 25))  # of memory, and the size
ENDS = ("unload", "world_close", "chain_close")
CALLS = (
    *("load", "run", "resume", "read", "write", *ENDS, "decode", "admit", "hash", "world_open", "world_run"),
    *("world_resume", "world_dump", "chain_genesis", "chain_apply", "chain_instance", "chain_root", "chain_state"),
)


class Bytes(Structure):
    _fields_ = [("data", pointer), ("size", c_size_t)]


class State(Structure):
    _fields_ = [("pc", c_uint64), ("gas", c_uint64), ("reg", c_uint64 * REGISTERS)]


class Stop(Structure):
    _fields_ = [("exit", c_uint32), ("argument", c_uint32), ("state", State)]


class Step(Structure):
    _fields_ = [
        ("pc", c_uint64),
        ("reg", c_uint64 * REGISTERS),
        ("value", c_uint64),
        ("address", c_uint32),
        ("width", c_uint32),
    ]


class Page(Structure):
    _fields_ = [("address", c_uint32), ("access", c_uint32), ("data", c_char_p), ("size", c_size_t)]


class Program(Structure):
    _fields_ = [
        ("blob", c_char_p),
        ("blob_size", c_size_t),
        ("mem_cycles", c_uint32),
        ("profile", c_uint32),
        ("page", POINTER(Page)),
        ("page_count", c_size_t),
        ("reserved", c_uint64 * 4),
    ]


OnBlock = CFUNCTYPE(None, pointer, pointer)
OnInstruction = CFUNCTYPE(None, pointer, pointer)
OnEvent = CFUNCTYPE(None, pointer, pointer, c_size_t)


class Observer(Structure):
    _fields_ = [
        ("context", pointer),
        ("block", OnBlock),
        ("instruction", OnInstruction),
        ("event", OnEvent),
        ("reserved", pointer * 4),
    ]


class Until(Structure):
    _fields_ = [("blocks", c_uint64), ("instructions", c_uint64)]


class Result(Structure):
    _fields_ = [
        ("outcome", c_uint32),
        ("exit", c_uint32),
        ("argument", c_uint32),
        ("state", State),
        ("gas_used", c_uint64),
        ("instance", c_uint8 * 64),
        ("cnode", Bytes),
        ("pages", Bytes),
        ("payload", Bytes),
        ("reserved", c_uint64 * 4),
    ]


class Invocation(Structure):
    _fields_ = [
        ("instance", c_uint8 * 64),
        ("image", Bytes),
        ("cnode", Bytes),
        ("endpoint", c_uint8),
        ("gas", c_uint64),
        ("reserved", c_uint64 * 4),
    ]


class Event(Structure):
    _fields_ = [
        ("endpoint", c_uint8),
        ("payload", Bytes),
        ("gas", c_uint64),
        ("quota", c_uint64),
        ("reserved", c_uint64 * 4),
    ]


class Applied(Structure):
    _fields_ = [
        ("outcome", c_uint32),
        ("exit", c_uint32),
        ("argument", c_uint32),
        ("value", c_uint64),
        ("gas_used", c_uint64),
        ("reserved", c_uint64 * 4),
    ]


def level(**functions: object) -> type[Structure]:
    """A table: its size, then functions that return int unless they free something."""
    fields: list[tuple[str, object]] = [("size", c_uint32)]
    for name, arguments in functions.items():
        result = None if name in ("unload", "close") else c_int
        fields.append((name, CFUNCTYPE(result, *cast("tuple[type, ...]", arguments))))
    return type("Level", (Structure,), {"_fields_": fields})


Machine = level(
    load=(POINTER(Program), POINTER(pointer)),
    unload=(pointer,),
    run=(pointer, POINTER(State), POINTER(Until), POINTER(Stop)),
    resume=(pointer, POINTER(State), POINTER(Until), POINTER(Stop)),
    read=(pointer, c_uint32, pointer, c_size_t),
    write=(pointer, c_uint32, c_char_p, c_size_t),
    observe=(pointer, POINTER(Observer)),
)
Codec = level(
    decode=(c_uint32, c_uint32, c_char_p, c_size_t, POINTER(c_size_t), pointer, POINTER(c_size_t)),
    admit=(c_char_p, c_size_t, POINTER(c_size_t)),
    hash=(c_uint32, c_uint32, c_char_p, c_size_t, pointer),
)
World = level(
    open=(c_uint32, c_char_p, c_size_t, POINTER(pointer)),
    close=(pointer,),
    run=(pointer, POINTER(Invocation), POINTER(Result)),
    resume=(pointer, POINTER(Bytes), POINTER(Result)),
    dump=(pointer, POINTER(Bytes)),
    observe=(pointer, POINTER(Observer)),
)
Chain = level(
    genesis=(c_uint32, c_char_p, c_size_t, POINTER(pointer)),
    close=(pointer,),
    apply=(pointer, POINTER(Event), POINTER(Applied)),
    state=(pointer, POINTER(Bytes)),
    root=(pointer, pointer),
    instance=(pointer, pointer),
    observe=(pointer, POINTER(Observer)),
)


class Engine(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("abi", c_uint32),
        ("name", c_char_p),
        ("version", c_char_p),
        ("features", c_uint64),
        ("revisions", c_uint64),
        ("profiles", c_uint64),
        ("machine", POINTER(Machine)),
        ("codec", POINTER(Codec)),
        ("invocation", POINTER(World)),
        ("chain", POINTER(Chain)),
    ]


def opened(path: Path) -> Engine:
    name = path.name.removeprefix("libassay_").removesuffix(".so")
    return Engine.in_dll(ctypes.CDLL(str(path.resolve()), mode=os.RTLD_LOCAL | os.RTLD_NOW), f"assay_{name}")


def number(text: object) -> int:
    return text if isinstance(text, int) else int(str(text), 16)


def taken(value: Bytes) -> bytes:
    return ctypes.string_at(value.data, value.size) if value.size else b""


class Parted(Exception):
    """Where the two first part."""

    def __init__(
        self, kind: str, index: int | None = None, pc: int | None = None, fields: object = (), got: object = None
    ) -> None:
        super().__init__(kind)
        self.found: Json = {"kind": kind, "index": index, "pc": pc, "fields": list(cast("list[str]", fields))}
        self.found["got"] = hashlib.sha256(repr(got).encode()).hexdigest()[:12]  # two answers are the same or not


class NoPieces(Exception):
    """The suspect cannot be stopped after each instruction: its step is to be looked at as a whole."""


DIRT: list[int] = []  # what fills the stack below a call of the suspect, while its answers are sampled
Compare = CFUNCTYPE(c_int, pointer, pointer)


def leave_dirt(fill: int) -> None:
    """Sorts numbers: a short array is sorted in a copy on the stack, and the comparison goes deep."""
    values = (c_uint64 * 100)(*[fill * 0x0101010101010101] * 100)
    ctypes.CDLL(None).qsort(values, c_size_t(100), c_size_t(8), Compare(lambda a, b: len(f"{fill}{a}{b}") * 0))


class Progress:
    """Step, whether the suspect is being asked, how many records it gave, where it is, the call, how many calls."""

    SHAPE = "qqqqqq"

    def __init__(self) -> None:
        self.map = mmap.mmap(-1, PAGE)
        self.step, self.done, self.pc, self.count = -1, 0, -1, 0
        self.is_suspect, self.call = False, CALLS[0]

    def note(self, is_suspect: bool, call: str) -> None:
        self.is_suspect, self.call, self.count = is_suspect, call, self.count + 1
        self.write()
        if is_suspect and DIRT:
            leave_dirt(DIRT[0])

    def write(self) -> None:
        call = CALLS.index(self.call)
        struct.pack_into(self.SHAPE, self.map, 0, self.step, self.is_suspect, self.done, self.pc, call, self.count)

    def read(self) -> tuple[int, ...]:
        return struct.unpack_from(self.SHAPE, self.map, 0)


# ---- the machine


class Side:
    """One engine on one case of the machine."""

    def __init__(self, engine: Engine, case: Json) -> None:
        self.table = engine.machine.contents
        self.machine = pointer()
        self.stop = Stop()
        self.regs = [0] * REGISTERS
        self.gas = 0
        self.records: list[tuple[object, ...]] = []
        self.observer = Observer(None, OnBlock(self.block), OnInstruction(self.instruction), OnEvent(), (pointer * 4)())
        pages = cast("list[list[object]]", case["pages"])
        self.pages = [number(at) for at, _, _ in pages]
        data = [bytes.fromhex(str(text)) for _, _, text in pages]
        rows = [
            Page(number(at), 2 if access == "rw" else 1, part, len(part))
            for (at, access, _), part in zip(pages, data, strict=True)
        ]
        blob = bytes.fromhex(str(case["blob"]))
        self.program = Program(
            blob, len(blob), number(case["mem_cycles"]), 0, (Page * len(rows))(*rows), len(rows), (c_uint64 * 4)()
        )

    def block(self, _: object, state: int) -> None:
        at = State.from_address(state)
        self.records.append(("block", at.pc, at.gas, *at.reg))

    def instruction(self, _: object, step: int) -> None:
        at = Step.from_address(step)
        self.records.append(("instruction", at.pc, at.address, at.width, at.value, *at.reg))

    def load(self) -> int:
        return int(self.table.load(byref(self.program), byref(self.machine)))

    def begin(self, step: Json, until: Until | None, is_first: bool, is_observed: bool) -> int:
        self.records = []
        state = State()
        resume = cast("Json | None", step.get("resume"))
        asked = cast("Json", step.get("run") or resume or {})
        if is_first and "run" in step:
            self.gas = number(asked["gas"])
            self.regs = [0] * REGISTERS
            state.pc = number(asked["pc"])
        if is_first:
            self.gas = number(asked["gas"]) if "gas" in asked else self.gas
            for name, value in cast("Json", asked.get("regs", {})).items():
                self.regs[int(name[1:])] = number(value)
        state.gas, state.reg = self.gas, (c_uint64 * REGISTERS)(*self.regs)
        self.table.observe(self.machine, byref(self.observer) if is_observed else None)
        function = self.table.run if is_first and "run" in step else self.table.resume
        self.stop = Stop()
        result = int(function(self.machine, byref(state), byref(until) if until else None, byref(self.stop)))
        if result == 0:
            self.gas, self.regs = self.stop.state.gas, list(self.stop.state.reg)
        return result

    def end(self) -> tuple[object, ...]:
        stop = self.stop
        return (EXITS[stop.exit], stop.argument, stop.state.pc, stop.state.gas, *stop.state.reg)

    def memory(self) -> list[bytes]:
        """Each page by itself, then from that page to the end of its neighbours in one request."""
        found = []
        for page in self.pages:
            end = page + PAGE
            while end in self.pages:
                end += PAGE
            found.append(self.read(page, PAGE) + self.read(page, end - page))
        return found

    def read(self, at: int, size: int) -> bytes:
        room = ctypes.create_string_buffer(size)
        return room.raw if self.table.read(self.machine, at, room, size) == 0 else b""


END = ("exit", "argument", "pc", "gas", *(f"r{n}" for n in range(REGISTERS)))
BLOCK = ("kind", "pc", "gas", *(f"r{n}" for n in range(REGISTERS)))
INSTRUCTION = ("kind", "pc", "store", "width", "value", *(f"r{n}" for n in range(REGISTERS)))


def differing(names: tuple[str, ...], a: tuple[object, ...], b: tuple[object, ...]) -> list[str]:
    return [name for name, x, y in zip(names, a, b, strict=True) if x != y]


def play_machine(
    case: Json, engines: tuple[Engine, Engine], progress: Progress, is_observed: bool, in_pieces: bool = True
) -> None:
    """Both side by side; raises where they part."""
    sides = [Side(engine, case) for engine in engines]
    loads = []
    for n, side in enumerate(sides):
        progress.note(n == 1, "load")
        loads.append(side.load())
    if loads[0] != loads[1] or (loads[1] == 0 and not sides[1].machine):
        raise Parted("load", fields=["load"])
    if loads[0] != 0:
        return
    for index, step in enumerate(cast("list[Json]", case["steps"])):
        progress.step, progress.done, progress.pc = index, 0, -1
        if "write" in step:
            write_both(step, sides, progress)
        elif is_observed and in_pieces:
            step_both(step, sides, progress)
        elif is_observed:
            run_both(step, sides, progress, True)
        else:
            run_both(step, sides, progress)
    progress.step, progress.done, progress.pc = -1, 0, -1
    for n, side in enumerate(sides):
        progress.note(n == 1, "unload")
        side.table.unload(side.machine)


def write_both(step: Json, sides: list[Side], progress: Progress) -> None:
    wanted = cast("Json", step["write"])
    data = bytes.fromhex(str(wanted["data"]))
    results = []
    for n, side in enumerate(sides):
        progress.note(n == 1, "write")
        results.append(side.table.write(side.machine, number(wanted["address"]), data, len(data)))
    if results[0] != results[1]:
        raise Parted("refusal", fields=["write"])
    compare_memory(sides, progress)


def own_until(step: Json) -> tuple[int, int]:
    until = cast("Json", step.get("until", {}))
    return number(until.get("blocks", 0)), number(until.get("instructions", 0))


def run_both(step: Json, sides: list[Side], progress: Progress, is_observed: bool = False) -> None:
    """The step in one piece."""
    until = own_until(step)
    results = []
    for n, side in enumerate(sides):
        progress.note(n == 1, name_of(step))
        results.append(side.begin(step, Until(*until) if any(until) else None, True, is_observed))
    if results == [0, 0]:
        compare_records(sides[0].records, sides[1].records, {"block": 0, "instruction": 0})
    compare_ends(results, sides, progress)


def name_of(step: Json) -> str:
    """The call that the step begins with; a step that is cut in pieces counts as one."""
    return "run" if "run" in step else "resume"


def compare_ends(results: list[int], sides: list[Side], progress: Progress) -> None:
    if results[0] != results[1]:
        raise Parted("refusal", fields=["refused"])
    if results[0] != 0:
        return
    a, b = sides[0].end(), sides[1].end()
    if a != b:
        raise Parted("end", pc=cast("int", a[2]), fields=differing(END, a, b), got=b)
    compare_memory(sides, progress)


def compare_memory(sides: list[Side], progress: Progress) -> None:
    memories = []
    for n, side in enumerate(sides):
        progress.note(n == 1, "read")
        memories.append(side.memory())
    for page, x, y in zip(sides[0].pages, *memories, strict=True):
        if x != y:
            raise Parted("end", fields=[f"memory {page:#x}"], got=memories[1])


def step_both(step: Json, sides: list[Side], progress: Progress) -> None:
    """One instruction after the other, with all records."""
    blocks_left, instructions_left = own_until(step)
    counts = {"block": 0, "instruction": 0}
    is_first = True
    while True:
        results = []
        for n, side in enumerate(sides):
            progress.note(n == 1, name_of(step))
            results.append(side.begin(step, Until(blocks_left, 1), is_first, True))
        if results[0] != results[1] and not is_first:
            raise NoPieces
        is_first = False
        if results[0] != results[1]:
            raise Parted("refusal", fields=["refused"])
        if results[0] != 0:
            return
        compare_records(sides[0].records, sides[1].records, counts)
        for record in sides[0].records:
            counts[str(record[0])] += 1
            blocks_left -= record[0] == "block" and blocks_left > 0
            instructions_left -= record[0] == "instruction" and instructions_left > 0
        progress.done = counts["instruction"]
        progress.pc = sides[0].stop.state.pc
        asked_blocks, asked_instructions = own_until(step)
        is_over = (asked_blocks and not blocks_left) or (asked_instructions and not instructions_left)
        # a difference of the last stop counts as the end; before that it shows in the next record
        if is_over or sides[0].end()[0] != "stopped" or sides[1].end()[0] != "stopped":
            if sides[0].end()[0] != sides[1].end()[0]:
                more(step, sides, counts, blocks_left, bool(is_over))
            compare_ends(results, sides, progress)
            return
        if counts["instruction"] > INSTRUCTIONS_MAX:
            raise Parted("long")


def more(step: Json, sides: list[Side], counts: dict[str, int], blocks_left: int, is_over: bool) -> None:
    """One side ended where the other goes on: that one's next record is the first that differs."""
    going = 0 if sides[0].end()[0] == "stopped" else 1 if sides[1].end()[0] == "stopped" else None
    if going is None or is_over:
        return
    side = sides[going]
    ends = [other.end() for other in sides]
    if side.begin(step, Until(blocks_left, 1), False, True) == 0 and side.records:
        record = side.records[0]
        kind = str(record[0])
        raise Parted(kind, counts[kind], cast("int", record[1]), ["next"])
    raise Parted("end", pc=cast("int", ends[0][2]), fields=differing(END, *ends))


def compare_records(a: list[tuple[object, ...]], b: list[tuple[object, ...]], before: dict[str, int]) -> None:
    counts = dict(before)
    for n in range(max(len(a), len(b))):
        x = a[n] if n < len(a) else None
        y = b[n] if n < len(b) else None
        if x == y and x is not None:
            counts[str(x[0])] += 1
            continue
        if x is None or y is None or x[0] != y[0]:
            first = x if y is None or (x is not None and x[0] == "block") else y
            assert first is not None
            kind = str(first[0])
            raise Parted(kind, counts[kind], cast("int", first[1]), ["next"], y)
        kind = str(x[0])
        names = BLOCK if kind == "block" else INSTRUCTION
        raise Parted(kind, counts[kind], cast("int", x[1]), differing(names, x, y), y)


# ---- the kernel


class Listener:
    """Keeps the events of one engine; of the suspect, notes the first that differs, as it may not live to the end."""

    def __init__(self, progress: Progress | None, beside: "Listener | None" = None) -> None:
        self.events: list[bytes] = []
        self.progress = progress
        self.beside = beside
        self.observer = Observer(None, OnBlock(), OnInstruction(), OnEvent(self.event), (pointer * 4)())

    def event(self, _: object, data: int, size: int) -> None:
        self.events.append(ctypes.string_at(data, size))
        if self.progress is None or self.beside is None or self.progress.pc == WRONG_EVENT:
            return
        if self.events[-1:] != self.beside.events[len(self.events) - 1 : len(self.events)]:
            self.progress.done, self.progress.pc = len(self.events) - 1, WRONG_EVENT
        else:
            self.progress.done = len(self.events)
        self.progress.write()


def play_kernel(case: Json, engines: tuple[Engine, Engine], progress: Progress, is_observed: bool) -> None:
    if not engines[1].revisions >> number(case.get("revision", 1)) & 1:
        raise Parted("unsupported")
    expected = Listener(None)
    listeners = (expected, Listener(progress, expected)) if is_observed else (None, None)
    if "world" in case:
        worlds(case, engines, progress, listeners)
    elif "genesis" in case:
        chains(case, engines, progress, listeners)
    elif not is_observed:
        codec(case, engines, progress)


def codec(case: Json, engines: tuple[Engine, Engine], progress: Progress) -> None:
    answers = []
    revision = number(case.get("revision", 1))
    for n, engine in enumerate(engines):
        progress.note(n == 1, next(name for name in ("admit", "hash", "decode") if name in case))
        table = engine.codec.contents
        if "admit" in case:
            image = bytes.fromhex(str(cast("Json", case["admit"])["image"]))
            answers.append((table.admit(image, len(image), None), b""))
        elif "hash" in case:
            wanted = cast("Json", case["hash"])
            value, digest = bytes.fromhex(str(wanted["value"])), ctypes.create_string_buffer(32)
            kind = HASHES.index(str(wanted["kind"]))
            answers.append((table.hash(revision, kind, value, len(value), digest), digest.raw))
        else:
            wanted = cast("Json", case["decode"])
            value = bytes.fromhex(str(wanted["bytes"]))
            again, size = ctypes.create_string_buffer(max(1, len(value))), c_size_t()
            kind = TYPES.index(str(wanted["type"]))
            code = table.decode(revision, kind, value, len(value), None, again, byref(size))
            answers.append((code, again.raw[: size.value] if code == 0 else b""))
    if answers[0] != answers[1]:
        fields = ["verdict" if answers[0][0] != answers[1][0] else "value"]
        raise Parted("codec", fields=fields, got=answers[1])


def compare_events(listeners: tuple[Listener | None, Listener | None]) -> None:
    if listeners[0] is None or listeners[1] is None:
        return
    a, b = listeners[0].events, listeners[1].events
    for n in range(max(len(a), len(b))):
        if a[n : n + 1] != b[n : n + 1]:
            raise Parted("event", n, got=b[n : n + 1])


def worlds(
    case: Json, engines: tuple[Engine, Engine], progress: Progress, listeners: tuple[Listener | None, Listener | None]
) -> None:
    data = bytes.fromhex(str(case["world"]))
    handles, results = [pointer(), pointer()], []
    for n, engine in enumerate(engines):
        progress.note(n == 1, "world_open")
        code = engine.invocation.contents.open(number(case.get("revision", 1)), data, len(data), byref(handles[n]))
        results.append(code)
    if results[0] != results[1] or (results[1] == 0 and not handles[1]):
        raise Parted("world", fields=["world"])
    for index, step in enumerate(cast("list[Json]", case["steps"])):
        progress.step, progress.done = index, 0
        ends: list[tuple[object, ...]] = []
        for n, engine in enumerate(engines):
            progress.note(n == 1, "world_run" if "run" in step else "world_resume")
            ends.append(call(step, engine, handles[n], listeners[n]))
        compare_events(listeners)
        if ends[0] != ends[1]:
            raise Parted("result", got=ends[1])
        dumps = []
        for n, engine in enumerate(engines):
            progress.note(n == 1, "world_dump")
            dump = Bytes()
            code = engine.invocation.contents.dump(handles[n], byref(dump))
            dumps.append((code, taken(dump) if code == 0 else b""))
        if dumps[0] != dumps[1]:
            raise Parted("dump", got=dumps[1])
    progress.step, progress.done = -1, 0
    for n, engine in enumerate(engines):
        progress.note(n == 1, "world_close")
        if results[n] == 0:
            engine.invocation.contents.close(handles[n])


def view(data: bytes) -> Bytes:
    """Borrowed: the caller keeps the bytes."""
    return Bytes(ctypes.cast(c_char_p(data), pointer), len(data))


def call(step: Json, engine: Engine, world: object, listener: Listener | None) -> tuple[object, ...]:
    functions = engine.invocation.contents
    result = Result()
    if listener is not None:
        listener.events = []
        functions.observe(world, byref(listener.observer))
    if "run" in step:
        run = cast("Json", step["run"])
        image, cnode = bytes.fromhex(str(run["image"])), bytes.fromhex(str(run["cnode"]))
        instance = (c_uint8 * 64)(*bytes.fromhex(str(run["instance"])))
        asked = Invocation(
            instance, view(image), view(cnode), number(run["endpoint"]), number(run["gas"]), (c_uint64 * 4)()
        )
        code = functions.run(world, byref(asked), byref(result))
    else:
        pad = cast("Json", step["resume"]).get("scratchpad")
        data = None if pad is None else bytes.fromhex(str(pad))
        scratchpad = None if data is None else byref(view(data))
        code = functions.resume(world, scratchpad, byref(result))
    if code != 0:
        return (code,)
    state = result.state
    return (
        *(result.outcome, result.exit, result.argument, state.pc, state.gas, *state.reg, result.gas_used),
        *(bytes(result.instance), taken(result.cnode), taken(result.pages), taken(result.payload)),
    )


def chains(
    case: Json, engines: tuple[Engine, Engine], progress: Progress, listeners: tuple[Listener | None, Listener | None]
) -> None:
    image = bytes.fromhex(str(case["genesis"]))
    handles, results = [pointer(), pointer()], []
    for n, engine in enumerate(engines):
        progress.note(n == 1, "chain_genesis")
        code = engine.chain.contents.genesis(number(case.get("revision", 1)), image, len(image), byref(handles[n]))
        results.append(code)
    if results[0] != results[1] or (results[1] == 0 and not handles[1]):
        raise Parted("genesis", fields=["verdict"])
    if results[0] == 0:
        compare_chains(engines, handles, progress, "genesis")
    for index, event in enumerate(cast("list[Json]", case.get("events", []))):
        progress.step, progress.done = index, 0
        ends: list[tuple[object, ...]] = []
        for n, engine in enumerate(engines):
            progress.note(n == 1, "chain_apply")
            ends.append(apply(event, engine, handles[n], listeners[n]))
        compare_events(listeners)
        if ends[0] != ends[1]:
            raise Parted("chain", got=ends[1])
        if ends[0][0] == 0:
            compare_chains(engines, handles, progress, "chain")
    progress.step, progress.done = -1, 0
    for n, engine in enumerate(engines):
        progress.note(n == 1, "chain_close")
        if results[n] == 0:
            engine.chain.contents.close(handles[n])


def compare_chains(engines: tuple[Engine, Engine], handles: list[pointer], progress: Progress, kind: str) -> None:
    """Instance, root and State, in this order."""
    found: list[tuple[object, ...]] = []
    for n, engine in enumerate(engines):
        table, handle = engine.chain.contents, handles[n]
        instance, root, state = ctypes.create_string_buffer(64), ctypes.create_string_buffer(32), Bytes()
        progress.note(n == 1, "chain_instance")
        codes = [table.instance(handle, instance)]
        progress.note(n == 1, "chain_root")
        codes.append(table.root(handle, root))
        progress.note(n == 1, "chain_state")
        codes.append(table.state(handle, byref(state)))
        found.append((*codes, instance.raw, root.raw, taken(state) if codes[2] == 0 else b""))
    if found[0] != found[1]:
        raise Parted(kind, fields=["left behind"], got=found[1])


def apply(event: Json, engine: Engine, chain: object, listener: Listener | None) -> tuple[object, ...]:
    table = engine.chain.contents
    if listener is not None:
        listener.events = []
        table.observe(chain, byref(listener.observer))
    payload = bytes.fromhex(str(event["payload"]))
    asked = Event(
        number(event["endpoint"]), view(payload), number(event["gas"]), number(event["quota"]), (c_uint64 * 4)()
    )
    result = Applied()
    code = table.apply(chain, byref(asked), byref(result))
    if code != 0:
        return (code,)
    return (0, result.outcome, result.exit, result.argument, result.value, result.gas_used)


# ---- a case in a process of its own


def judged(case: Json, is_kernel: bool, engines: tuple[Engine, Engine]) -> Json:
    """First as it is certified, to the end of every step; then record by record. The earlier step counts."""
    play = play_kernel if is_kernel else play_machine
    production = in_child(lambda progress: play(case, engines, progress, False))
    observed = in_child(lambda progress: play(case, engines, progress, True))
    if observed is not None and observed["kind"] == "no pieces":
        observed = in_child(lambda progress: play_machine(case, engines, progress, True, in_pieces=False))
    if observed is None or (production is not None and is_earlier(production, observed)):
        return {"case": case["id"], "flavour": "production", **(production or {"kind": None})}
    found: Json = {"case": case["id"], "flavour": "both" if production else "observed", **observed}
    return found | {"production": production} if production is not None else found  # which may be of another kind


def judged_again(case: Json, is_kernel: bool, engines: tuple[Engine, Engine]) -> Json:
    """One answer for each content of fresh memory; a steady suspect has one, and agrees with itself."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = pointer, (c_size_t,), (pointer,)
    answers: list[Json] = []
    for fill, alone in FILLS:
        libc.mallopt(M_PERTURB, fill)
        libc.mallopt(M_MMAP_THRESHOLD, alone)
        stir(libc, fill)
        DIRT[:] = [fill]
        answer = judged(case, is_kernel, engines)
        if answer not in answers:
            answers.append(answer)
    DIRT.clear()
    libc.mallopt(M_PERTURB, 0)
    itself = judged(case, is_kernel, (engines[1], engines[1]))
    agrees = itself["kind"] in (None, "died", "hung")
    return {"case": case["id"], "answers": answers, "steady": agrees and len(answers) == 1}


def stir(libc: ctypes.CDLL, fill: int) -> None:
    """Leaves other blocks and holes behind than there were, so that what lies beside a block is another thing."""
    blocks = [(libc.malloc(size), size) for size in (24, 104, 1000, 4200, 9000, 70000) for _ in range(fill % 7 + 3)]
    for n, (block, size) in enumerate(blocks):
        ctypes.memset(block, fill ^ n + 1 & 0xFF, size)
        if n % 2:
            libc.free(block)


def is_earlier(a: Json, b: Json) -> bool:
    return place_of(a) < place_of(b)


def place_of(found: Json) -> int:
    """The beginning of a case, its steps, its end."""
    return sys.maxsize if found.get("during") in ENDS else cast("int", found["step"])


def in_child(play: Callable[[Progress], None]) -> Json | None:
    progress = Progress()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            play(progress)
            text = "null"
        except NoPieces:
            text = json.dumps({"kind": "no pieces"})
        except Parted as parted:
            text = json.dumps({**parted.found, "step": progress.step})
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    how = ended(child, progress)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().decode()
    if how == "":
        return cast("Json | None", json.loads(text))
    step, is_suspect, done, pc, call, _ = progress.read()
    found: Json = {"kind": how, "step": step, "index": done, "pc": pc, "fields": [], "during": CALLS[call]}
    if not is_suspect:
        return found | {"kind": "expected broke"}
    if pc == WRONG_EVENT:
        return found | {"kind": "event", "pc": None}
    return found


def ended(child: int, progress: Progress) -> str:
    """How the child ended: died, hung, or nothing to say. It hangs if it uses much time and makes no other call."""
    until = time.monotonic() + SECONDS
    count, since = -1, 0.0
    for turn in range(sys.maxsize):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "" if status == 0 else "died"
        time.sleep(0.0005 if turn < 200 else 0.02)
        *_, calls = progress.read()
        used = processor_time(child)
        if calls != count:
            count, since = calls, used
        if used - since > STALL or time.monotonic() > until:
            break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def processor_time(child: int) -> float:
    fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def named(value: object, images: dict[str, str]) -> object:
    """The same with Images written out."""
    if isinstance(value, dict):
        return {key: named(member, images) for key, member in value.items()}
    if isinstance(value, list):
        return [named(member, images) for member in value]
    return images[value[1:]] if isinstance(value, str) and value.startswith("@") else value


def cases_of(path: Path, wanted: set[str]) -> Iterator[tuple[Json, bool]]:
    whole = json.loads(path.read_text("utf-8"))
    images = whole.get("images", {})
    for case in whole["cases"]:
        if case["id"] in wanted:
            yield cast("Json", named(case, images)), whole["schema"] == "assay-kernel-1"


def main(argv: list[str]) -> int:
    ask = judged_again if argv[0] == "--again" else judged
    argv = argv[argv[0] == "--again" :]
    engines = opened(Path(argv[0])), opened(Path(argv[1]))
    files = [Path(name) for name in argv[2:] if name.endswith(".json")]
    wanted = {name for name in argv[2:] if not name.endswith(".json")}
    for path in files:
        for case, is_kernel in cases_of(path, wanted):
            print(json.dumps(ask(case, is_kernel, engines)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
