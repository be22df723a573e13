"""Random kernel work: worlds with a guest that does operation after operation, and chains.

Sequence I of a seed is always the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from assay.random.kernel_guest import BASE, PAGE, Cap, Guest, Slots, kind_of
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
]


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
    return slots | fixed


def program(chance: Random, slots: Slots, pinned: Iterable[int] = (), files: int = 0) -> Code:
    guest = Guest(chance, slots, pinned=pinned, files=files)
    for _ in range(chance.randrange(OPS_MIN, OPS_MAX)):
        guest.operation()
    return guest.finish()


def image_for(chance: Random, image: k.Image) -> bytes:
    """The encoding of an Image, with three pages mapped and sometimes a meter."""
    image.memory_mappings = [build.mapping(BASE + n * PAGE, PAGE, 60 + n) for n in range(3)]
    if chance.random() < 0.5:
        image.gas_slots = [7]
    return k.encode(image)


def world(seed: int, index: int) -> WorldWork:
    chance = Random(f"world {seed} {index}")
    count = chance.randrange(4)
    slots = caps(chance, count)
    if not count:
        slots = {slot: cap for slot, cap in slots.items() if kind_of(cap) != "file"}
    pinned = chance.sample(range(62, 65), chance.randrange(3))
    code = program(chance, slots, pinned, count)
    image = image_for(chance, build.image_of(code, pinned_slots=build.pins(*pinned)))
    lists = {bytes([n]) * 32: [*chance.sample(MARKERS, chance.randrange(3)), build.A] for n in (1, 2)}
    stack = [build.catching_entry(chance.choice([1, 2])) for _ in range(chance.randrange(6))]
    files = {n: k.DataBlob(build.digest(CONTENTS[n]), len(CONTENTS[n]), 1, 0) for n in range(count)}
    next_id = chance.choice([count, count + 1, 2**64 - 9, 0])
    state = build.sigma(*CONTENTS, *IMAGES, files=files, next_file_id=next_id)
    rich = chance.random() < 0.9
    meters = {0: 10**6 if rich else chance.choice([0, 900]), 1: 10**6}
    quotas = {0: 10**9 if rich else chance.choice([0, 500]), 1: 10**9}
    scratchpads = [chance.choice([None, k.encode(chance.choice(list(slots.values())))]) for _ in range(6)]
    gas = chance.choice([10**6, 10**6, 10**6, 10**6, 3000])
    start = build.start(stack, state, meters=meters, quotas=quotas, catchers=lists)
    return WorldWork(start, image, build.cnode(slots), gas, scratchpads)


def chain(seed: int, index: int) -> tuple[bytes, list[Event]]:
    """An Image and events."""
    chance = Random(f"chain {seed} {index}")
    kernel = {slot: k.Instance(k.KERNEL_IMAGE[name], build.ZERO) for name, slot in k.table.KERNEL_SLOT.items()}
    slots = kernel | {0: build.data(b"payload")}
    initial = {60 + n: k.InitialData(b"initial"[: n * 3], PAGE) for n in range(3)}
    slots |= {60 + n: build.data() for n in range(3)}
    code, points = Code(), {}
    for endpoint in range(2):
        points[endpoint] = k.EndpointDef(len(code))
        guest = Guest(chance, slots, code=code)
        for _ in range(chance.randrange(4, 12)):
            guest.operation()
        guest.finish()
        code.trap()
    image = image_for(chance, build.image_of(code, initial_slots=initial, endpoints=points, quota_slots=[8]))
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
