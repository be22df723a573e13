"""Hostile bytes cost memory in proportion to their number, however their counts are chosen."""

import struct
import subprocess
from pathlib import Path

import kernel_images as images
import pytest
from kernel_images import REPLY, call, k
from kernel_images import image as image_of

from assay.engines import catalog
from assay.engines.process import ProcessEngine

SIZE = 2 << 20
TIMES = 24  # what decoding and hashing may take at most, in sizes of the input
NONE = struct.pack("<I", 0)
ENGINES = catalog.available(catalog.OURS)


def counted(count, elements):
    return struct.pack("<I", count) + elements


def image(mappings=NONE, gas=NONE, pinned=NONE, initial=NONE):
    return NONE + NONE + mappings + gas + NONE + pinned + initial + b"\0"


def state(files=NONE, payloads=NONE, codes=NONE, vaults=NONE, validators=NONE):
    return files + payloads + codes + vaults + validators + bytes(24)


def world(meters=NONE, catchers=NONE, stack=NONE):
    return state() + meters + NONE + catchers + stack


def nested(depth):
    """A CNode in a CNode in a CNode, each with one slot."""
    inner = b"\0" + NONE
    for _ in range(depth):
        inner = b"\0" + counted(1, NONE + b"\3" + inner)
    return inner


def cnode_of(cnode):
    """A CNode whose slots hold such a CNode each, as many as fit."""
    count = min(65536, SIZE // (5 + len(cnode)))
    return b"\x10" + counted(count, b"".join(struct.pack("<I", n) + b"\3" + cnode for n in range(count)))


def entry(cnode):
    return b"\0" + bytes(64) + counted(len(SMALLEST), SMALLEST) + cnode


def numbered(size, element, width):
    """A map whose elements are as short as can be."""
    count = SIZE // size
    return counted(count, b"".join(n.to_bytes(width, element[0]) + element[1] for n in range(count)))


SMALLEST = image()
INPUTS = {
    "mappings": ("image", image(mappings=counted(SIZE // 20, bytes(20 * (SIZE // 20))))),
    "path": ("image", image(mappings=counted(1, bytes(16) + counted(SIZE // 4, bytes(SIZE))))),
    "gas slots": ("image", image(gas=counted(SIZE // 4, bytes(SIZE)))),
    "pinned": ("image", image(pinned=numbered(17, ("little", bytes(13)), 4))),
    "initial": ("image", image(initial=numbered(16, ("little", bytes(12)), 4))),
    "files": ("state", state(files=numbered(60, ("little", bytes(52)), 8))),
    "payloads": ("state", state(payloads=numbered(36, ("big", NONE), 32))),
    "codes": ("state", state(codes=numbered(12, ("little", NONE), 8))),
    "vaults": ("state", state(vaults=numbered(72, ("little", bytes(64)), 8))),
    "validators": ("state", state(validators=counted(SIZE // 32, bytes(SIZE)))),
    "empty CNodes": ("cnode", cnode_of(b"\0" + NONE)),
    "nested CNodes": ("cnode", cnode_of(nested(2))),
    "deeply nested CNodes": ("cnode", cnode_of(nested(14))),
    "CNodes of a slot": ("cnode", cnode_of(b"\0" + counted(1, NONE + b"\4" + bytes(32)))),
    "meters": ("world", world(meters=numbered(16, ("little", bytes(8)), 8))),
    "catchers": ("world", world(catchers=numbered(36, ("big", NONE), 32))),
    "markers": ("world", world(catchers=counted(1, bytes(32) + counted(SIZE // 32, bytes(SIZE))))),
    "references": ("world", world(stack=counted(SIZE // 5, (b"\1" + NONE) * (SIZE // 5)))),
    "entries": ("world", world(stack=counted(SIZE // 120, entry(b"\0" + NONE) * (SIZE // 120)))),
    "slots": (
        "cnode",
        b"\x10" + counted(65536, b"".join(struct.pack("<I", n) + b"\4" + bytes(32) for n in range(65536))),
    ),
}


def high_water(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.parametrize("what", INPUTS)
@pytest.mark.parametrize("name", ENGINES)
def test_decoding_takes_memory_in_proportion(name, what):
    kind, data = INPUTS[what]
    engine = catalog.parse(name)
    argv = (str(engine.harness), "serve", "--engine", str(engine.path))
    with ProcessEngine(argv, name, timeout=60.0) as opened:
        opened.hash("bytes", data)  # so that the message itself is not counted
        before = high_water(opened.child.process)
        if kind == "world":
            assert opened.decode(kind, data).verdict == "decoded"
        else:
            assert len(opened.hash(kind, data)) == 64
        taken = (high_water(opened.child.process) - before) / len(data)
        assert taken <= TIMES, f"{taken:.1f} times its size"


@pytest.mark.parametrize("count", [2**32 - 1, 2**31, 10**6])
@pytest.mark.parametrize("name", ENGINES)
def test_a_huge_count_takes_none(name, count):
    engine = catalog.parse(name)
    argv = (str(engine.harness), "serve", "--engine", str(engine.path))
    with ProcessEngine(argv, name, timeout=60.0) as opened:
        opened.hash("bytes", bytes(100))
        before = high_water(opened.child.process)
        for data in (counted(count, bytes(100)), image(gas=counted(count, b"")), b"\x10" + counted(count, b"")):
            for kind in ("image", "state", "cnode"):
                assert opened.hash(kind, data).startswith("image/decode/")
        assert high_water(opened.child.process) - before <= 1 << 20


@pytest.mark.parametrize("place", ["front", "back", "everywhere"])
@pytest.mark.parametrize("name", ENGINES)
def test_keys_that_look_alike_take_no_longer(name, place):
    """Of 32 bytes all but a few are equal. An engine that compares each with each needs minutes."""
    keys = {
        "front": [bytes(24) + n.to_bytes(8, "big") for n in range(150_000)],
        "back": [n.to_bytes(8, "big") + bytes(24) for n in range(150_000)],
        "everywhere": [bytes(n >> bit & 1 for bit in range(31, -1, -1)) for n in range(150_000)],
    }[place]
    data = state(payloads=counted(len(keys), b"".join(key + NONE for key in sorted(keys))))
    with catalog.parse(name).open(20.0) as engine:
        decoded = engine.decode("state", data)
    assert decoded.verdict == "decoded" and decoded.again == data


@pytest.mark.parametrize("name", ENGINES)
def test_a_large_cnode_is_not_hashed_for_every_copy(name):
    """With records, an operation says the hash of what it moves. An engine that hashes anew needs a minute."""
    full = images.k.CNode(16, {slot: images.k.TypeCap(slot.to_bytes(32, "little")) for slot in range(65536)})
    root = images.k.CNode(8, {1: images.k.CNodeCap(full)})
    copies = [*images.call(1, r7=1, r8=2), *images.call(3, r7=2)] * 250
    what = images.k.encode(images.image(*copies, images.REPLY))
    with catalog.parse(name).open(20.0) as engine:
        engine.world_open(world())
        called = engine.world_run(bytes(64), what, images.k.encode(root), 0, images.RICH)
    assert called.outcome == "halt" and len(called.records) > 500


@pytest.mark.parametrize("name", ENGINES)
def test_a_copied_cnode_is_shared(name):
    """200 copies of a full CNode, each operation observed: no second one is made, none is hashed a second time."""
    full = INPUTS["slots"][1]
    copies = range(21, 221)
    code = [part for to in copies for part in call(1, r7=20, r8=to)] + [
        part for at in copies for part in call(3, r7=at)
    ]
    root = b"\x08" + counted(1, struct.pack("<I", 20) + b"\3" + full)
    program = k.encode(image_of(*code, REPLY))
    engine = catalog.parse(name)
    argv = (str(engine.harness), "serve", "--engine", str(engine.path))
    with ProcessEngine(argv, name, timeout=20.0) as opened:
        assert opened.decode("cnode", root).verdict == "decoded"
        opened.world_open(world())
        before = high_water(opened.child.process)
        called = opened.world_run(bytes(64), program, root, 0, 10**6)
        assert called.result.outcome == "halt" and len(called.records) == 2 * len(copies) + 3
        assert (high_water(opened.child.process) - before) / len(root) <= TIMES


@pytest.mark.parametrize("name", ENGINES)
def test_catchers_that_look_alike_take_no_longer(name):
    """Their ids share the low 64 bits."""
    ids = [bytes(8) + n.to_bytes(16, "big") + bytes(8) for n in range(100_000)]
    data = world(catchers=counted(len(ids), b"".join(one + NONE for one in ids)))
    with catalog.parse(name).open(20.0) as engine:
        assert engine.decode("world", data).verdict == "decoded"
        engine.world_open(data)


def test_serve_is_what_is_measured():
    assert ENGINES and subprocess.run([catalog.harness(), "serve", "--help"], capture_output=True).returncode == 0
