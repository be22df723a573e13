"""An admitted Image of up to 16 MiB plays an event in time on both engines, with the same outcome (chain/event)."""

import random
from collections.abc import Iterable

import pytest
from kernel_images import REPLY, code, image, k, mapping, set_reg, store_u32

from assay.engines import catalog
from assay.engines.engine import Applied

MIB = 1 << 20
SECONDS = 20.0  # a request; two are needed at most where nothing else runs
LARGE = 14 * MIB  # bytes of code; a bitmask comes on top
PAGE = 4096
PAGES = 65_536
SMALL_PAYLOAD, LARGE_PAYLOAD = b"event", b"\5" * (16 * MIB)


def blob(text: bytes, starts: Iterable[int] | None = None) -> bytes:
    """Code whose bytes all start an instruction, or only those named."""
    mask = bytearray(b"\xff" * (len(text) // 8) + bytes([(1 << len(text) % 8) - 1] if len(text) % 8 else []))
    if starts is not None:
        mask = bytearray(len(mask))
        for start in starts:
            mask[start // 8] |= 1 << start % 8
    return bytes(4) + b"\1" + len(text).to_bytes(4, "little") + text + bytes(mask)


def of_code(given: bytes, **fields: object) -> bytes:
    return k.encode(k.Image(code=given, endpoints={0: k.EndpointDef()}, **fields))


def runs(count: int, seed: int) -> list[object]:
    """Mappings of all the pages an Image may have, in runs and gaps of random lengths, shuffled."""
    drawn = random.Random(seed)
    cuts = sorted(drawn.sample(range(1, PAGES), count - 1))
    sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, PAGES], strict=True)]
    found, at = [], 0
    for size in sizes:
        at += drawn.randrange(1, 15)
        found.append(mapping(at * PAGE, size * PAGE, drawn.randrange(17, 256)))
        at += size
    drawn.shuffle(found)
    return found


def stores_in_a_loop() -> list[bytes]:
    """Ever again to the last of 65,536 pages, each of them alone."""
    return [set_reg(7, 1), store_u32(7, 2 * (PAGES - 1) * PAGE), b"\x28" + (-7 % 2**32).to_bytes(4, "little")]


ALONE = [mapping(2 * page * PAGE, PAGE, 17 + page % 200) for page in range(PAGES)]
JUMP_0 = b"\x28\0\0\0\0"
IMAGES = {
    "each byte a trap": lambda: of_code(blob(bytes(LARGE))),
    "each byte stores": lambda: of_code(blob(b"\x3b" * LARGE)),
    "bytes at random": lambda: of_code(blob(random.Random(7).randbytes(LARGE))),
    "a block without end": lambda: of_code(blob(JUMP_0 + b"\x64" * LARGE, [0])),
    "an answer, then no start": lambda: of_code(blob(REPLY + b"\x64" * LARGE, [0])),
    "pages alone": lambda: of_code(code(REPLY), memory_mappings=ALONE),
    "pages alone, stores": lambda: of_code(code(*stores_in_a_loop()), memory_mappings=ALONE),
    "pages in a row": lambda: of_code(code(REPLY), memory_mappings=[mapping(2**32 - PAGES * PAGE, PAGES * PAGE, 20)]),
    "pages in 30 runs": lambda: of_code(code(REPLY), memory_mappings=runs(30, 1)),
    "pages in 33,000 runs": lambda: of_code(code(REPLY), memory_mappings=runs(33_000, 3)),
    "long paths": lambda: of_code(
        code(REPLY), memory_mappings=[mapping(2 * page * PAGE, PAGE, *range(1, 60)) for page in range(60_000)]
    ),
    "a long content": lambda: of_code(
        code(REPLY),
        initial_slots={20: k.InitialData(b"\7" * (15 * MIB), 15 * MIB)},
        memory_mappings=[mapping(0, 16 * MIB, 20), mapping(2**31, 64 * MIB, 20)],
    ),
}


def play(name: str, given: bytes, payload: bytes) -> tuple[list[Applied], bytes]:
    with catalog.parse(name).open(SECONDS) as engine:
        assert engine.chain_genesis(given) == "admitted"
        applied = [engine.chain_apply(0, payload, 10**6, 10**6) for _ in range(2)]
        return applied, engine.chain_root()


@pytest.mark.parametrize("what", IMAGES)
def test_an_event_ends_in_time(what: str) -> None:
    given = IMAGES[what]()
    assert len(given) <= 16 * MIB + 64
    assert play("ref", given, SMALL_PAYLOAD) == play("fast", given, SMALL_PAYLOAD)


@pytest.mark.parametrize("what", ["each byte a trap", "pages alone"])
def test_with_the_longest_payload(what: str) -> None:
    given = IMAGES[what]()
    assert play("ref", given, LARGE_PAYLOAD) == play("fast", given, LARGE_PAYLOAD)


def test_the_next_image_is_not_worse_off() -> None:
    small = k.encode(image(REPLY))
    for name in ("ref", "fast"):
        with catalog.parse(name).open(SECONDS) as engine:
            engine.chain_genesis(IMAGES["pages alone"]())
            engine.chain_apply(0, SMALL_PAYLOAD, 10**6, 0)
            assert engine.chain_genesis(small) == "admitted"
            assert engine.chain_apply(0, SMALL_PAYLOAD, 10**6, 0).result.outcome == "halt"
