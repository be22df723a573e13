"""Random kernel work: worlds with a guest that does operation after operation, chains, encodings.

Sequence I of a seed is always the same. Operands are mostly right, so that most operations go on;
now and then one is anything.
"""

import random

from cases.kernel import build as build
from cases.machine.code import Code
from model import kernel as k

PAGE = 4096
BASE = 0x10000
OPS_MIN, OPS_MAX = 20, 36
ODD = 0.008  # how often an operand is anything
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
PLACES = ["instance", "image", "data", "cnode", "type", "gas", "quota", "file", "host_open"]
WEIGHTS = {
    "copy": 4,
    "move": 4,
    "drop": 2,
    "swap": 3,
    "mint_cnode": 2,
    "yield": 1,
    "set_image": 2,
    "derive_spawn": 3,
    "same_type": 2,
    "type_of": 3,
    "read_data": 4,
    "mint_data": 4,
    "open": 2,
    "save": 3,
    "silent": 1,
    "store": 3,
}


class Guest:
    """Writes a program and keeps in mind what the slots hold."""

    def __init__(self, chance, slots, size_log, pinned, files=0):
        self.chance = chance
        self.caught = chance.random() < 0.7  # it expects that somebody catches what it yields
        self.files = files  # how many there are, from id 0 on
        self.kinds = {slot: kind_of(cap) for slot, cap in slots.items()}
        self.count = 1 << size_log
        self.pinned = set(pinned)
        self.code = Code()

    def slot(self, *kinds, pinned=True):
        """A slot that holds one of the kinds, or any slot when there is none."""
        found = [
            slot
            for slot, kind in self.kinds.items()
            if kind in kinds and (pinned or slot not in self.pinned) and slot < self.count
        ]
        if not found or self.chance.random() < ODD:
            return self.chance.choice([self.chance.randrange(256), self.chance.randrange(2**64)])
        return self.chance.choice(found) + (self.chance.randrange(2**20) << 8 if self.chance.random() < 0.1 else 0)

    def free(self):
        """An empty slot that is not pinned."""
        if self.chance.random() < ODD:
            return self.chance.randrange(256)
        while True:
            slot = self.chance.randrange(min(self.count, 100))
            if slot not in self.kinds and slot not in self.pinned:
                return slot

    def target(self):
        """A destination that may be full."""
        return self.free() if self.chance.random() < 0.8 else self.slot(*PLACES, pinned=False)

    def put(self, slot, kind):
        slot %= 256
        if slot < self.count and slot not in self.pinned:
            self.kinds[slot] = kind

    def do(self, name, **registers):
        build.do(self.code, name, **registers)

    def operation(self):
        name = self.chance.choices(list(WEIGHTS), WEIGHTS.values())[0]
        getattr(self, f"do_{name}")()

    def do_copy(self):
        source, target = self.slot(*PLACES, pinned=False), self.free()
        self.do("copy", r7=source, r8=target)
        self.put(target, self.kinds.get(source % 256, "data"))

    def do_move(self):
        source, target = self.slot(*PLACES, pinned=False), self.free()
        self.do("move", r7=source, r8=target)
        self.put(target, self.kinds.pop(source % 256, "data"))

    def do_drop(self):
        if len(self.kinds) > 8:
            source = self.slot("cnode", "type", "instance", pinned=False)
            self.do("drop", r7=source)
            self.kinds.pop(source % 256, None)

    def do_swap(self):
        a, b = self.slot(*PLACES, pinned=False), self.slot(*PLACES, pinned=False)
        self.do("swap", r7=a, r8=b)
        x, y = self.kinds.get(a % 256), self.kinds.get(b % 256)
        if x and y:
            self.kinds[a % 256], self.kinds[b % 256] = y, x

    def do_mint_cnode(self):
        target = self.free()
        self.do(
            "mint_cnode",
            r7=target,
            r8=self.chance.choice([0, 1, 2, 3, 5, 8, 8, 16, 16 + 256, 3, 2, 17 if self.chance.random() < 0.2 else 4]),
        )
        self.put(target, "cnode")

    def do_yield(self):
        if self.caught:
            self.do("yield", r7=1 if self.chance.random() < 0.95 else self.slot("instance"))

    def do_set_image(self):
        if self.chance.random() < 0.3:
            self.do("set_image", r7=self.slot("image"))

    def do_derive_spawn(self):
        target = self.target()
        self.do("derive_spawn", r7=self.slot("image"), r8=target, r9=0)
        self.put(target, "instance")

    def do_same_type(self):
        self.do(
            "same_type",
            r7=self.slot("instance", "type", "gas", "file"),
            r8=self.slot("instance", "type", "quota"),
        )

    def do_type_of(self):
        target = self.target()
        self.do("type_of", r7=self.slot("instance", "type", "gas"), r8=target)
        self.put(target, "type")

    def address(self, size):
        if self.chance.random() < ODD:
            return self.chance.choice([0, BASE - 1, BASE + 3 * PAGE, 2**32 - 2, self.chance.randrange(2**64)])
        return BASE + self.chance.randrange(max(1, 3 * PAGE - size))

    def do_read_data(self):
        size = self.chance.choice([0, 1, 9, 100, PAGE, 2**64 - 1] if self.chance.random() < 0.3 else [3, 30])
        self.do("read_data", r7=self.slot("data"), r8=self.address(min(size, 2 * PAGE)), r9=size)

    def do_mint_data(self):
        size, target = self.chance.choice([0, 1, 7, 64, 500]), self.target()
        self.do("mint_data", r7=self.address(size), r8=size, r9=self.slot("quota"), r10=target)
        self.put(target, "data")

    def do_open(self):
        target = self.target()
        by_id = self.chance.random() < 0.5
        if not self.files and self.chance.random() > ODD:
            return
        self.do(
            "open",
            r7=self.slot("host_open" if by_id else "file"),
            r8=target,
            r9=self.chance.randrange(max(1, self.files)),
        )
        self.put(target, "data")

    def do_save(self):
        target = self.target()
        self.do("save", r7=self.slot("data"), r8=self.slot("quota"), r9=target)
        self.put(target, "file")

    def do_silent(self):
        self.do(self.chance.choice([64, 1000, 2**32 - 1]))

    def do_store(self):
        build.set_reg(self.code, 1, self.chance.randrange(2**64))
        self.code.op("store_u64", a=1, x=build.selected(self.address(8) & ~7))

    def finish(self):
        end = self.chance.random()
        if end < 0.9:
            build.do(self.code, "reply")
        elif end < 0.95:
            self.code.trap()
        return self.code


def kind_of(cap):
    if isinstance(cap, k.Instance):
        for name in ("gas", "quota", "file", "host_open"):
            if cap.chain == k.KERNEL_IMAGE[name]:
                return name
    return {
        k.Instance: "instance",
        k.ImageCap: "image",
        k.Data: "data",
        k.CNodeCap: "cnode",
        k.TypeCap: "type",
    }[type(cap)]


def caps(chance, files=0):
    """A root CNode's slots; file handles name the first files."""
    pool = [
        k.Instance(build.A, build.B),
        k.Instance(build.B, build.ZERO),
        *(build.image_cap(image) for image in IMAGES),
        *(build.data(content, chance.choice([len(content), PAGE, 0])) for content in CONTENTS),
        k.TypeCap(build.A),
        k.CNodeCap(k.CNode(3, {1: k.TypeCap(build.B)})),
        build.handle("file", chance.randrange(max(1, files))),
        build.kernel_instance("host_open"),
    ]
    slots = {slot: chance.choice(pool) for slot in chance.sample(range(17, 60), 18)}
    fixed = {
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


def program(chance, slots, size_log=8, pinned=(), files=0):
    guest = Guest(chance, slots, size_log, pinned, files)
    for _ in range(chance.randrange(OPS_MIN, OPS_MAX)):
        guest.operation()
    return guest.finish()


def image_for(chance, code, **more):
    mapped = [build.mapping(BASE + n * PAGE, PAGE, 60 + n) for n in range(3)]
    more = {"memory_mappings": mapped, **more}
    if chance.random() < 0.5:
        more["gas_slots"] = [7]
    return build.image(code, **more)


def world(seed, index):
    """A World's encoding, an Image, a CNode, gas, and what to resume with."""
    chance = random.Random(f"world {seed} {index}")
    count = chance.randrange(4)
    slots = caps(chance, count)
    if not count:
        slots = {slot: cap for slot, cap in slots.items() if kind_of(cap) != "file"}
    pinned = chance.sample(range(62, 65), chance.randrange(3))
    code = program(chance, slots, 8, pinned, count)
    image = image_for(chance, code, pinned_slots=build.pins(*pinned))
    lists = {bytes([n]) * 32: [*chance.sample(MARKERS, chance.randrange(3)), build.A] for n in (1, 2)}
    stack = [build.catching_entry(chance.choice([1, 2])) for _ in range(chance.randrange(6))]
    files = {n: k.DataBlob(build.digest(CONTENTS[n]), len(CONTENTS[n]), 1, 0) for n in range(count)}
    next_id = chance.choice([count, count + 1, 2**64 - 9, 0])
    state = build.sigma(*CONTENTS, *IMAGES, files=files, next_file_id=next_id)
    rich = chance.random() < 0.9
    tables = {
        "meters": {0: 10**6 if rich else chance.choice([0, 900]), 1: 10**6},
        "quotas": {0: 10**9 if rich else chance.choice([0, 500]), 1: 10**9},
        "catchers": lists,
    }
    scratchpads = [chance.choice([None, k.encode(chance.choice(list(slots.values())))]) for _ in range(6)]
    gas = chance.choice([10**6, 10**6, 10**6, 10**6, 3000])
    return build.start(stack, state, **tables), image, build.cnode(slots), gas, scratchpads


def chain(seed, index):
    """An Image and events."""
    chance = random.Random(f"chain {seed} {index}")
    kernel = {slot: k.Instance(k.KERNEL_IMAGE[name], build.ZERO) for name, slot in k.table.KERNEL_SLOT.items()}
    slots = kernel | {0: build.data(b"payload")}
    initial = {60 + n: k.InitialData(b"initial"[: n * 3], PAGE) for n in range(3)}
    slots |= {60 + n: build.data() for n in range(3)}
    code, points = Code(), {}
    for endpoint in range(2):
        points[endpoint] = k.EndpointDef(len(code))
        guest = Guest(chance, slots, 8, ())
        guest.code = code
        for _ in range(chance.randrange(4, 12)):
            guest.operation()
        guest.finish()
        code.trap()
    image = image_for(chance, code, initial_slots=initial, endpoints=points, quota_slots=[8])
    events = [
        (
            chance.randrange(3),
            chance.choice([chance.randbytes(chance.randrange(20)), chance.choice(IMAGES)]),
            chance.choice([10**6, 10**6, 2000]),
            chance.choice([10**6, 100]),
        )
        for _ in range(EVENTS)
    ]
    return image, events


# Encodings

KINDS = ("bytes", "bmt", "cap", "cnode", "image", "chain", "state")
TYPES = ("image", "state", "cap", "cnode", "world")


def whole_values():
    slots = caps(random.Random(1))
    state = build.sigma(*CONTENTS[:6], files={3: k.DataBlob(build.A, 7, 1, 2)}, next_file_id=4)
    image = build.image(
        pinned_slots={65: k.PinnedData(b"abc", PAGE), 66: k.PinnedImage(build.C)},
        initial_slots={70: k.InitialData(b"xyz", PAGE)},
        memory_mappings=[build.mapping(BASE, PAGE, 70), build.mapping(BASE + PAGE, PAGE, 65, 2)],
        gas_slots=[7],
        quota_slots=[8],
        yield_marker_slot=9,
    )
    small = dict(list(slots.items())[:6])
    return {
        "image": [image, *IMAGES],
        "state": [k.encode(state), k.encode(k.State())],
        "cap": [k.encode(cap) for cap in build.KINDS.values()],
        "cnode": [build.cnode(small), k.encode(build.nested(15))],
        "world": [build.start([build.catching_entry()], state, meters={1: 2}, catchers={build.A: [build.B]})],
    }


WHOLE = whole_values()


def encoding(seed, index):
    """A type and bytes: a whole value with a few bytes wrong, or any bytes."""
    chance = random.Random(f"bytes {seed} {index}")
    type = chance.choice(TYPES)
    if chance.random() < 0.1:
        return type, chance.randbytes(chance.randrange(80))
    data = bytearray(chance.choice(WHOLE[type]))
    for _ in range(chance.choice([0, 1, 1, 1, 2, 4])):
        mutate(chance, data)
    return type, bytes(data)


def mutate(chance, data):
    at = chance.randrange(len(data) + 1)
    way = chance.randrange(6)
    if way == 0 and data:
        data[at % len(data)] ^= 1 << chance.randrange(8)
    elif way == 1:
        del data[at:]
    elif way == 2:
        data[at:at] = chance.randbytes(chance.randrange(1, 9))
    elif way == 3:
        del data[at : at + chance.randrange(1, 9)]
    elif way == 4:
        count = chance.choice([0, 1, 255, 2**31, 2**32 - 1, len(data) - at])
        data[at : at + 4] = count.to_bytes(4, "little")
    else:
        data[at : at + 8] = chance.choice([0, 1, 2**32, 2**63, 2**64 - 1]).to_bytes(8, "little")
