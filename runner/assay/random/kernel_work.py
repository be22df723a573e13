"""Random kernel work: worlds with a guest that does operation after operation, and chains.

Sequence I of a seed is always the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from assay.random.kernel_guest import BASE, LOW, PAGE, Area, Cap, Guest, Slots, kind_of
from assay.suite.case import Event
from cases.kernel import build
from cases.machine.code import Code
from model import kernel as k

OPS_MIN, OPS_MAX = 20, 36
EVENTS = 22
MARKERS = (build.A, build.B, k.KERNEL_IMAGE["oog_marker"])
CONTENTS = [bytes([n % 251]) * n for n in (0, 1, 5, 40, 300)] + [
    b"\0",
    b"ab\0\0",
    b"x" * PAGE,
    b"y" * (PAGE + 7),
]
IMAGES = [
    build.image(),
    build.image(pinned_slots={65: k.PinnedData(b"abc", PAGE)}),
    build.image(pinned_slots={70: k.PinnedImage(build.C)}, yield_marker_slot=9),
    build.image(gas_slots=[7], initial_slots={60: k.InitialData(b"init", PAGE)}),
    build.image(
        pinned_slots={65: k.PinnedData(b"one", 9), 66: k.PinnedImage(build.C), 67: k.PinnedData(b"", 0)},
        initial_slots={60: k.InitialData(b"I", PAGE), 61: k.InitialData(b"", 7), 90: k.InitialData(b"far", PAGE)},
        gas_slots=[9, 7],
        memory_mappings=[build.mapping(2**31, PAGE, 60), build.mapping(2**32 - PAGE, PAGE, 65)],
    ),
    build.image(pinned_slots={64: k.PinnedData(b"x", 1), 70: k.PinnedData(b"y", 2)}, yield_marker_slot=20),
]
ALIKE = ("gas", "quota", "file", "host_open", "yield_catcher", "oog_marker")
AREAS = (BASE, 0x2000_0000, 0x7FFF_C000, 0x8000_0000, 0xC000_0000, 2**32 - 8 * PAGE)  # where memory may begin
CATCHER_SLOTS = (9, 20, 255)


@dataclass(frozen=True)
class WorldWork:
    """A run in an encoded World, and what it is resumed with."""

    world: bytes
    image: bytes
    cnode: bytes
    gas: int
    scratchpads: Sequence[bytes | None]


def caps(chance: Random, files: int = 0) -> dict[int, Cap]:
    """A root CNode's slots; file handles name the first files."""
    pool: list[Cap] = [
        k.Instance(build.A, build.B),
        k.Instance(build.B, build.ZERO),
        *(build.image_cap(image) for image in IMAGES),
        *(build.data(content, chance.choice([len(content), PAGE, 0])) for content in CONTENTS),
        k.TypeCap(build.A),
        k.CNodeCap(k.CNode(3, {1: k.TypeCap(build.B)})),
        build.handle("file", chance.randrange(max(1, files))),
        build.kernel_instance("host_open"),
        k.TypeCap(k.KERNEL_IMAGE[chance.choice(ALIKE)]),
        k.Instance(build.C, k.KERNEL_IMAGE[chance.choice(ALIKE)]),
    ]
    slots: dict[int, Cap] = {slot: chance.choice(pool) for slot in chance.sample(range(17, 60), 18)}
    fixed: dict[int, Cap] = {
        1: k.Instance(build.A, build.B),
        2: build.image_cap(chance.choice(IMAGES)),
        3: build.data(chance.choice(CONTENTS)),
        7: build.handle("gas", chance.randrange(2)),
        8: build.handle("quota", chance.randrange(2)),
        60: build.data(chance.choice(CONTENTS), PAGE),
        61: build.data(chance.choice(CONTENTS), PAGE),
        62: build.data(chance.choice(CONTENTS), PAGE),
    }
    if chance.random() < 0.1:
        fixed[7] = k.TypeCap(k.KERNEL_IMAGE["gas"])
    return slots | fixed


def program(chance: Random, slots: Slots, areas: Sequence[Area], pinned: Iterable[int] = (), files: int = 0) -> Code:
    guest = Guest(chance, slots, pinned=pinned, files=files, areas=areas)
    for _ in range(chance.randrange(OPS_MIN, OPS_MAX)):
        guest.operation()
    return guest.finish()


def mappings(chance: Random) -> list[k.MemoryMapping]:
    """One to five mappings in any order, some side by side, low and high; some in slots that nobody fills."""
    found = []
    starts = chance.sample(AREAS, chance.randrange(1, 4))
    slots = iter(chance.sample(range(60, 68), 8))
    for start in starts:
        for _ in range(chance.choice([1, 1, 2])):
            size = chance.choice([1, 1, 2]) * PAGE
            found.append(build.mapping(start, size, next(slots)))
            start += size
    chance.shuffle(found)
    return found


def areas_of(mapped: Iterable[k.MemoryMapping], pinned: Collection[int] = ()) -> list[Area]:
    """What may be written."""
    return [(one.start, one.size) for one in mapped if one.source[0] not in pinned]


def image_for(chance: Random, image: k.Image) -> bytes:
    """The encoding of an Image, sometimes with a meter, sometimes with one that is no meter before it."""
    image.gas_slots = chance.choice([[], [7], [7], [1, 7], [7, 1]])
    return k.encode(image)


def pins(chance: Random) -> dict[int, build.Pinned]:
    """Up to four slots, of mappings or not."""
    found: dict[int, build.Pinned] = {}
    for slot in chance.sample(range(62, 72), chance.randrange(5)):
        content = chance.choice(CONTENTS).rstrip(b"\0")
        is_image = chance.random() < 0.4
        found[slot] = k.PinnedImage(build.C) if is_image else k.PinnedData(content, len(content) + chance.randrange(9))
    return found


def stack(chance: Random) -> list[k.InstanceEntry | k.ReferenceEntry]:
    """Catchers anywhere: under and above entries that catch nothing, references, and what only looks like one."""
    found: list[k.InstanceEntry | k.ReferenceEntry] = []
    for position in range(chance.randrange(1, 8)):
        instances = [at for at, entry in enumerate(found) if isinstance(entry, k.InstanceEntry)]
        kind = chance.choices(["catcher", "nobody", "alike", "reference"], [8, 2, 2, 2])[0]
        slot = chance.choice(CATCHER_SLOTS)
        image = build.image(yield_marker_slot=slot)
        key = build.catcher(chance.choice([1, 1, 2, 3]))[1]
        instance = bytes([position]) * 64
        if kind == "catcher":
            found.append(build.entry(image, {slot: build.kernel_instance("yield_catcher", key)}, instance))
        elif kind == "alike":
            alike: list[Cap] = [k.TypeCap(k.KERNEL_IMAGE["yield_catcher"]), k.Instance(build.A, key)]
            found.append(build.entry(image, {slot: chance.choice(alike)}, instance))
        elif kind == "reference" and instances:
            found.append(k.ReferenceEntry(chance.choice(instances)))
        else:
            found.append(build.entry(chance.choice([build.image(), image]), {}, instance))
    while found and isinstance(found[-1], k.ReferenceEntry):
        found.pop()
    return found


def world(seed: int, index: int) -> WorldWork:
    chance = Random(f"world {seed} {index}")
    count = chance.randrange(4)
    slots = caps(chance, count)
    if not count:
        slots = {slot: cap for slot, cap in slots.items() if kind_of(cap) != "file"}
    pinned, mapped = pins(chance), mappings(chance)
    code = program(chance, slots, areas_of(mapped, pinned) or LOW, pinned, count)
    image = image_for(chance, build.image_of(code, pinned_slots=pinned, memory_mappings=mapped))
    lists = {bytes([n]) * 32: [*chance.sample(MARKERS, chance.randrange(3)), build.A] for n in (1, 2)}
    files = {n: k.DataBlob(build.digest(CONTENTS[n]), len(CONTENTS[n]), 1, 0) for n in range(count)}
    next_id = chance.choice([count, count + 1, 2**64 - 9, 0])
    state = build.sigma(*CONTENTS, *IMAGES, files=files, next_file_id=next_id)
    rich = chance.random() < 0.9
    meters = {0: 10**6 if rich else chance.choice([0, 900]), 1: 10**6}
    quotas = {0: 10**9 if rich else chance.choice([0, 500]), 1: 10**9}
    scratchpads = [chance.choice([None, k.encode(chance.choice(list(slots.values())))]) for _ in range(6)]
    gas = chance.choice([10**6, 10**6, 10**6, 10**6, 3000])
    start = build.start(stack(chance), state, meters=meters, quotas=quotas, catchers=lists)
    return WorldWork(start, image, build.cnode(slots), gas, scratchpads)


def chain(seed: int, index: int) -> tuple[bytes, list[Event]]:
    """An Image and events."""
    chance = Random(f"chain {seed} {index}")
    kernel = {slot: k.Instance(k.KERNEL_IMAGE[name], build.ZERO) for name, slot in k.table.KERNEL_SLOT.items()}
    slots = kernel | {0: build.data(b"payload")}
    pinned, mapped = pins(chance), mappings(chance)
    free = [slot for slot in range(60, 72) if slot not in pinned]
    initial = {slot: k.InitialData(b"initial"[: slot % 8], PAGE) for slot in chance.sample(free, chance.randrange(7))}
    slots |= {slot: build.data() for slot in initial}
    areas = areas_of(mapped, pinned) or LOW
    code, points = Code(), {}
    for endpoint in range(2):
        registers = {number: chance.randrange(2**64) for number in chance.sample(range(15), chance.randrange(4))}
        points[endpoint] = k.EndpointDef(len(code), initial_regs=registers)
        guest = Guest(chance, slots, pinned=pinned, code=code, areas=areas)
        for _ in range(chance.randrange(4, 12)):
            guest.operation()
        guest.finish()
        code.trap()
    whole = build.image_of(
        code,
        pinned_slots=pinned,
        initial_slots=initial,
        memory_mappings=mapped,
        endpoints=points,
        quota_slots=[8],
    )
    image = image_for(chance, whole)
    events = [
        Event(
            chance.randrange(3),
            chance.choice([chance.randbytes(chance.randrange(20)), chance.choice(IMAGES)]),
            chance.choice([10**6, 10**6, 2000]),
            chance.choice([10**6, 100]),
        )
        for _ in range(EVENTS)
    ]
    return image, events
