"""The vectors of the guest programs: the Image is linked anew, the specification says what it does.

They are byte-identical on every run, and CI checks that.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from assay.base import paths, workers
from assay.corpus import files
from assay.corpus.fill import file_text
from assay.guests import transfers
from assay.guests.programs import ALL, ENGINES, GAS, GUESTS, Guest, image, run_of
from assay.guests.transfers import words
from cases.kernel import expect
from cases.kernel.case import Event, Genesis, World

FOLDER = "programs"
NO_FILE = 2**64 - 1


@dataclass(frozen=True)
class Act:
    """One case: what a guest does, and who replays it."""

    behaviour: str
    does: World | Genesis
    image: bytes
    votes: tuple[str, ...]


def acts(guest: Guest) -> Iterator[Act]:
    for call in guest.calls:
        world, run = run_of(guest.name, 0, call.test, call.iterations)
        behaviour = f"test_{call.test}_times_{call.iterations}"
        yield Act(behaviour, World(world, [run]), run.image, call.votes)


def chain(name: str, behaviour: str, events: Iterable[Event], votes: tuple[str, ...]) -> Act:
    return Act(behaviour, Genesis(image(name), rich(events)), image(name), votes)


def store_events() -> list[Event]:
    """Puts, gets, replacements and a deletion; each payload names the file of the event before."""
    id, events = NO_FILE, []
    for key, value in ((5, b"five"), (1, b"one"), (9, b"n" * 32), (5, b"FIVE")):
        events.append(Event(words(id, key) + value, 0))
        id = 0 if id == NO_FILE else id + 1
    events += [Event(words(id, key), 1) for key in (1, 5, 9, 7)]
    events += [Event(words(id, 1), 2), Event(words(id + 1, 1), 1)]
    faults = ((words(id + 1, 1), 2), (words(99, 1), 1), (b"short", 1))
    return events + [Event(payload, endpoint, ends="trap") for payload, endpoint in faults]


def rich(events: Iterable[Event]) -> list[Event]:
    return [replace(event, gas=GAS, quota=GAS) for event in events]


def subjects() -> dict[str, list[Act]]:
    found = {guest.name: list(acts(guest)) for guest in GUESTS}
    found["store"] = [chain("store", "puts_gets_and_deletes", store_events(), ALL)]
    found["ledger"] = [chain("ledger", "creates_and_moves", transfers.events(2, seed=1), ENGINES)]
    return found


def text_of(name: str, entries: Iterable[Act]) -> str:
    """A vector file, as `fill` writes them."""
    lines: list[str] = []
    named: dict[bytes, str] = {}
    for act in entries:
        named[act.image] = act.behaviour
        head = {"id": f"{FOLDER}/{name}/{act.behaviour}", "rules": [], "against": [], "votes": list(act.votes)}
        lines.append(json.dumps(head | expect.done(act.does, named), separators=(",", ":")))
    head = {"schema": expect.SCHEMA, "area": FOLDER, "subject": name, "votes": list(ALL)}
    images = {"images": {behaviour: encoded.hex() for encoded, behaviour in named.items()}}
    return file_text({key: json.dumps(value) for key, value in (head | images).items()}, lines)


def fill(check: bool = False, jobs: int = 1) -> list[str]:
    """Writes (or compares) vectors/programs; the files that changed (or differ)."""
    folder = paths.VECTORS / FOLDER
    found = subjects()
    with workers.pool(jobs) as pool:
        texts = pool.starmap(text_of, found.items(), chunksize=1)
    wanted = {f"{name}.json": text.encode() for name, text in zip(found, texts, strict=True)}
    changed = files.changes(folder, wanted, (path.name for path in folder.glob("*.json")))
    if not check:
        files.replace(folder, changed, wanted)
    return changed
