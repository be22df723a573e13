"""The guest programs: their Images built from C, their native twins, and their vectors.

Vectors of `vectors/programs` are written here: the Image is linked anew, the specification says what
it does. They are byte-identical on every run, and CI checks that.
"""

import json
import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import Pool
from pathlib import Path

from assay.base import paths
from assay.base.trouble import BadInput, NoEngine
from assay.guests import transfers
from cases.kernel import build as build
from cases.kernel import expect
from cases.kernel.case import Event, Genesis, Run, World
from linker import cli as linker
from model import kernel

SOURCES = paths.ROOT / "guest" / "programs"
FOLDER = "programs"
GAS = 10**12
ALL, ENGINES = ("model", "ref", "fast"), ("ref", "fast")


@dataclass(frozen=True)
class Call:
    """run(test, iterations) of a compute guest; `votes` says who replays it."""

    test: int
    iterations: int
    votes: tuple = ALL


@dataclass(frozen=True)
class Guest:
    name: str
    calls: tuple
    bench: Call = field(default=Call(0, 1))


GUESTS = (
    Guest("fib", (Call(0, 12), Call(1, 90)), Call(0, 25)),
    Guest("sort", (Call(2, 1), Call(1, 1, ENGINES), Call(0, 1, ENGINES)), Call(1, 4)),
    Guest("sieve", (Call(1000, 1), Call(100000, 1, ENGINES)), Call(100000, 1)),
    Guest("blake2b", (Call(0, 1), Call(129, 2), Call(4096, 2, ENGINES)), Call(4096, 20)),
    Guest("keccak256", (Call(0, 1), Call(136, 2), Call(4096, 2, ENGINES)), Call(4096, 10)),
    Guest("sha256", (Call(0, 1), Call(64, 2), Call(4096, 2, ENGINES)), Call(4096, 10)),
    Guest("ed25519", (Call(0, 1, ENGINES), Call(3, 1, ENGINES)), Call(0, 2)),
    Guest("ecrecover", (Call(0, 1, ENGINES), Call(2, 1, ENGINES)), Call(0, 1)),
    Guest("ntt", (Call(0, 1, ENGINES), Call(5, 2, ENGINES)), Call(0, 8)),
    Guest("copy", (Call(3, 1, ENGINES), Call(1, 1, ENGINES), Call(2, 1, ENGINES)), Call(0, 1)),
    Guest("interpreter", (Call(2, 1), Call(0, 1, ENGINES), Call(1, 3)), Call(0, 4)),
    Guest("hostcalls", (Call(0, 5), Call(1, 5), Call(2, 5)), Call(0, 20000)),
)


def link(name, folder):
    """The Image of a guest, compiled and linked; raises BadInput or NoEngine."""
    output = Path(folder, f"{name}.image")
    arguments = [str(SOURCES / f"{name}.c"), "-o", str(output), "--stack", "16384", "--heap", "4096"]
    code = linker.cc_main(arguments)
    if code:
        raise (NoEngine if code == 4 else BadInput)(f"guest {name}: it does not link, see above")
    return output.read_bytes()


@cache
def images():
    """name -> Image of every guest, built once."""
    folder = paths.scratch() / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    return {name: link(name, folder) for name in (*(guest.name for guest in GUESTS), "store", "ledger")}


def twin(name, folder):
    """The native twin of a guest, a program for this machine."""
    output = Path(folder, name)
    argv = ["gcc", "-std=c17", "-O2", "-DASSAY_NATIVE", str(SOURCES / f"{name}.c"), "-o", str(output)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"guest {name}: its twin does not compile: {done.stderr[-400:]}")
    return output


def twin_library(name, folder):
    """The twin as a shared object with the function `twin`, for the benchmark."""
    output = Path(folder, f"{name}.so")
    argv = ["gcc", "-std=c17", "-O2", "-shared", "-fPIC", "-DASSAY_NATIVE", "-DASSAY_TWIN"]
    done = subprocess.run([*argv, str(SOURCES / f"{name}.c"), "-o", str(output)], capture_output=True, check=False)
    if done.returncode:
        raise BadInput(f"guest {name}: its twin does not compile: {done.stderr.decode()[-400:]}")
    return output


def machine_case(guest):
    """A guest's bench call as a case of the machine: code, pages, and a run up to its reply."""
    call = guest.bench
    image = kernel.decode("image", with_arguments(images()[guest.name], 0, (call.test, call.iterations)))
    given = image.pinned_slots | image.initial_slots
    pages = []
    for mapping in image.memory_mappings:
        slot = mapping.source[0]
        access = "ro" if slot in image.pinned_slots else "rw"
        content = given[slot].content if slot in given else b""
        for at in range(0, mapping.size, 4096):
            pages.append([hex(mapping.start + at), access, content[at : at + 4096].hex()])
    endpoint = image.endpoints[0]
    regs = {f"r{n}": hex(value) for n, value in sorted(endpoint.initial_regs.items()) if value}
    stop = {"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": {}, "memory": []}
    run = {"pc": hex(endpoint.entry_pc), "gas": hex(GAS), "regs": regs}
    return {
        "id": f"guests/{guest.name}/bench",
        "rules": [],
        "against": [],
        "blob": image.code.hex(),
        "mem_cycles": 25,
        "pages": sorted(pages, key=lambda page: int(page[0], 16)),
        "load": "admitted",
        "steps": [{"run": run, "stop": stop}],
    }


def twin_result(path, endpoint, test, iterations):
    argv = [str(path), str(endpoint), str(test), str(iterations)]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout, 16)


def with_arguments(encoded, endpoint, arguments):
    """The Image whose endpoint begins with these arguments in r7, r8 and so on."""
    image = kernel.decode("image", encoded)
    given = {7 + n: value for n, value in enumerate(arguments)}
    regs = dict(sorted((image.endpoints[endpoint].initial_regs | given).items()))
    image.endpoints[endpoint] = replace(image.endpoints[endpoint], initial_regs=regs)
    return kernel.encode(image)


def surroundings(encoded):
    """A World and a root CNode as genesis would make them for this Image."""
    image = kernel.decode("image", encoded)
    slots, contents = {7: build.handle("gas", 0)}, []
    for slot, given in (image.pinned_slots | image.initial_slots).items():
        if isinstance(given, kernel.PinnedImage):
            slots[slot] = kernel.ImageCap(given.content_hash)
        else:
            slots[slot] = kernel.Data(given.size, build.digest(given.content))
            contents.append(given.content)
    return build.start(state=build.sigma(*contents)), build.cnode(dict(sorted(slots.items())))


def run_of(name, endpoint, test, iterations):
    """(world, Run) of a compute guest."""
    encoded = with_arguments(images()[name], endpoint, (test, iterations))
    world, cnode = surroundings(encoded)
    return world, Run(encoded, cnode, endpoint=endpoint, gas=GAS)


# Vectors


def acts(guest):
    for call in guest.calls:
        world, run = run_of(guest.name, 0, call.test, call.iterations)
        yield f"test_{call.test}_times_{call.iterations}", World(world, [run]), call.votes


def store_events():
    """Puts, gets, replacements and a deletion; each payload names the file of the event before."""
    none = 2**64 - 1
    id, events = none, []
    for key, value in ((5, b"five"), (1, b"one"), (9, b"n" * 32), (5, b"FIVE")):
        events.append(Event(words(id, key) + value, 0))
        id = 0 if id == none else id + 1
    events += [Event(words(id, key), 1) for key in (1, 5, 9, 7)]
    events += [Event(words(id, 1), 2), Event(words(id + 1, 1), 1)]
    events += [
        Event(words(id + 1, 1), 2, ends="trap"),
        Event(words(99, 1), 1, ends="trap"),
        Event(b"short", 1, ends="trap"),
    ]
    return events


def words(*values):
    return b"".join(value.to_bytes(8, "little") for value in values)


def chain_acts():
    yield "store", "puts_gets_and_deletes", Genesis(images()["store"], rich(store_events())), ALL
    yield "ledger", "creates_and_moves", Genesis(images()["ledger"], rich(transfers.events(2, seed=1))), ENGINES


def rich(events):
    return [replace(event, gas=GAS, quota=GAS) for event in events]


def subjects():
    """name -> [(behaviour, act, votes)]"""
    found = {guest.name: list(acts(guest)) for guest in GUESTS}
    for name, behaviour, act, votes in chain_acts():
        found.setdefault(name, []).append((behaviour, act, votes))
    return found


def text_of(name, entries):
    """A vector file, as `fill` writes them."""
    lines, named = [], {}
    for behaviour, act, votes in entries:
        encoded = act.image if isinstance(act, Genesis) else act.steps[0].image
        named[encoded] = behaviour
        body = expect.DO[type(act)](act, named)
        head = {"id": f"{FOLDER}/{name}/{behaviour}", "rules": [], "against": [], "votes": list(votes)}
        lines.append(json.dumps(head | body, separators=(",", ":")))
    head = {"schema": expect.SCHEMA, "area": FOLDER, "subject": name, "votes": list(ALL)}
    head["images"] = {behaviour: encoded.hex() for encoded, behaviour in named.items()}
    first = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    return "{\n" + first + ',\n"cases": [\n' + ",\n".join(lines) + "\n]\n}\n"


def fill(check=False, jobs=1):
    """Writes (or compares) vectors/programs; the files that changed (or differ)."""
    folder = paths.VECTORS / FOLDER
    found = subjects()
    with Pool(jobs) as pool:
        written = pool.starmap(text_of, found.items(), chunksize=1)
    texts = {f"{name}.json": text for name, text in zip(found, written)}
    stale = sorted({path.name for path in folder.glob("*.json")} - set(texts)) if folder.is_dir() else []
    changed = [name for name, text in texts.items() if not same(folder / name, text)]
    if not check:
        folder.mkdir(exist_ok=True)
        for name in changed:
            (folder / name).write_text(texts[name])
        for name in stale:
            (folder / name).unlink()
    return sorted(changed) + stale


def same(path, text):
    return path.is_file() and path.read_text() == text
