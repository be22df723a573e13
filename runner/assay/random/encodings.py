"""Random encodings: whole values with a few bytes wrong, or any bytes."""

from random import Random

from assay.random.kernel_guest import BASE, PAGE
from assay.random.kernel_work import CONTENTS, IMAGES, caps
from cases.kernel import build
from model import kernel as k

HASHED = ("image", "state", "cap", "cnode")  # the types that have a hash
TYPES = ("image", "state", "cap", "cnode", "world")


def whole_values() -> dict[str, list[bytes]]:
    slots = caps(Random(1))
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


def encoding(seed: int, index: int) -> tuple[str, bytes]:
    """A type and bytes: a whole value with a few bytes wrong, or any bytes."""
    chance = Random(f"bytes {seed} {index}")
    kind = chance.choice(TYPES)
    if chance.random() < 0.1:
        return kind, chance.randbytes(chance.randrange(80))
    data = bytearray(chance.choice(WHOLE[kind]))
    for _ in range(chance.choice([0, 1, 1, 1, 2, 4])):
        mutate(chance, data)
    return kind, bytes(data)


def mutate(chance: Random, data: bytearray) -> None:
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
