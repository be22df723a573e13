"""Hashes of given values: tags, Merkle roots, CNodes, chains, state roots."""

from collections.abc import Iterator

from cases.kernel.build import KINDS, ZERO, A, B, C, data, digest, handle, nested
from cases.kernel.case import Hash, KernelCase, KernelSubject, gathered
from cases.kernel.golden import (
    BMT_ABC,
    CAP,
    CHAIN_EMPTY_R,
    CNODE,
    HASH,
    IMAGE_B,
    IMAGE_C,
    IMAGE_EMPTY,
    IMAGE_HASH,
    IMAGE_K,
    IMAGE_R,
    STATE_EMPTY,
    STATE_ROOT,
    STATE_S,
)
from cases.machine.case import Rules
from model import kernel as k

RULES = (
    "image/hash/blake2b",
    "image/hash/bmt",
    "image/hash/cap",
    "image/hash/cnode",
    "image/hash/image",
    "image/hash/chain",
    "image/hash/state",
)


def case(
    name: str, kind: str, value: bytes, rules: Rules = (), digest: bytes | None = None, note: str = ""
) -> KernelCase:
    return KernelCase(name, tuple(rules), Hash(kind, value, digest), probes=RULES, note=note)


def of_bytes() -> Iterator[KernelCase]:
    """Lengths around the block of the hash, and what is known of them."""
    for size in (0, 1, 3, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4096):
        yield case(f"of_{size}_bytes", "bytes", bytes(i % 251 for i in range(size)))
    yield case("abc", "bytes", b"abc")
    yield case("zeros", "bytes", bytes(4096))
    for name, label in k.table.LABEL.items():
        yield case(f"label_{name}", "bytes", label, digest=k.KERNEL_IMAGE[name])


def of_leaves() -> Iterator[KernelCase]:
    for count in (*range(10), 15, 16, 17, 31, 32, 33, 255, 256, 257):
        leaves = b"".join(bytes([i % 256]) * 32 for i in range(1, count + 1))
        yield case(f"of_{count}_leaves", "bmt", leaves)
    yield case("odd_leaf_twice", "bmt", A + B + C + C)
    yield case("odd_leaf_alone", "bmt", A + B + C)


def of_caps() -> Iterator[KernelCase]:
    for name, cap in KINDS.items():
        yield case(name, "cap", k.encode(cap))
    yield case("data_of_size_0", "cap", k.encode(k.Data(0, ZERO)))
    yield case("data_of_largest_size", "cap", k.encode(k.Data(2**64 - 1, A)))
    yield case("instance_of_kernel_gas", "cap", k.encode(k.Instance(k.KERNEL_IMAGE["gas"], ZERO)))
    yield case("type_and_image_of_one_hash", "cap", k.encode(k.TypeCap(B)))
    yield case("cut_instance", "cap", k.encode(KINDS["instance"])[:-1])
    yield case("unknown_kind", "cap", b"\x05")
    yield case("left_over", "cap", k.encode(KINDS["type"]) + b"\0")


def of_cnodes() -> Iterator[KernelCase]:
    for size_log in range(17):
        yield case(f"empty_of_2_to_the_{size_log}", "cnode", k.encode(k.CNode(size_log)))
    for size_log in (0, 1, 2, 3, 8, 16):
        last = 2**size_log - 1
        for name, slots in (
            ("first", {0: data()}),
            ("last", {last: data()}),
            ("first_and_last", {0: data(), last: KINDS["type"]}),
        ):
            cnode = k.CNode(size_log, dict(slots))
            yield case(f"{name}_of_2_to_the_{size_log}", "cnode", k.encode(cnode))
    every = k.CNode(8, {slot: k.Data(slot, A) for slot in range(256)})
    yield case("all_256_full", "cnode", k.encode(every))
    x, y, z = k.TypeCap(A), k.TypeCap(B), k.TypeCap(C)
    alike: dict[str, dict[int, k.Capability]] = {
        "the_right_ones_are_alike": {0: x, 1: z, 2: y, 3: z},
        "the_left_ones_are_alike": {0: z, 1: x, 2: z, 3: y},
        "the_right_ones_are_empty": {0: x, 2: y, 4: z},
        "the_left_ones_are_empty": {1: x, 3: y, 5: z},
        "the_right_halves_are_alike": {0: x, 2: z, 4: y, 6: z},
        "the_left_halves_are_alike": {0: z, 2: x, 4: z, 6: y},
    }
    for name, some in alike.items():
        yield case(name, "cnode", k.encode(k.CNode(3, some)))
    yield case("every_kind", "cnode", k.encode(k.CNode(3, dict(enumerate(KINDS.values())))))
    for depth in (1, 2, 14, 15, 16):
        yield case(f"with_{depth}_others_inside", "cnode", k.encode(nested(depth)))
    yield case("with_15_large_ones_inside", "cnode", k.encode(nested(15, 16)))
    yield case("with_17_others_inside", "cnode", k.encode(nested(17)))
    yield case("slot_beyond_its_end", "cnode", b"\x01\x01\x00\x00\x00\x02\x00\x00\x00\x04" + A)


def of_images() -> Iterator[KernelCase]:
    golden = {"empty": IMAGE_EMPTY, "r": IMAGE_R, "b": IMAGE_B, "c": IMAGE_C, "k": IMAGE_K}
    for name, encoded in golden.items():
        yield case(f"golden_{name}", "image", encoded, digest=IMAGE_HASH[name])
        for at in (0, len(encoded) // 2, len(encoded) - 1):
            spoilt = bytearray(encoded)
            spoilt[at] ^= 1
            yield case(f"golden_{name}_with_byte_{at}_changed", "image", bytes(spoilt))


def of_chains() -> Iterator[KernelCase]:
    yield case("chain_of_two", "chain", A + B)
    yield case("chain_the_other_way", "chain", B + A)
    yield case("chain_of_zeros", "chain", bytes(64))
    yield case("chain_of_golden_b_and_c", "chain", k.hash("image", IMAGE_B) + k.hash("image", IMAGE_C))


def of_states() -> Iterator[KernelCase]:
    yield case("state_empty", "state", STATE_EMPTY, digest=STATE_ROOT["empty"])
    yield case("state_golden", "state", STATE_S, digest=STATE_ROOT["s"])
    yield case("state_cut", "state", STATE_S[:-1])


def golden() -> Iterator[KernelCase]:
    """What is known from elsewhere."""
    for value, known in HASH.items():
        yield case(f"golden_bytes_{len(value)}_{value.hex()[:2] or 'none'}", "bytes", value, digest=known)
    leaves = b"".join(digest(text) for text in (b"a", b"b", b"c"))
    yield case("golden_bmt", "bmt", leaves, digest=BMT_ABC)
    chained = IMAGE_HASH["empty"] + IMAGE_HASH["r"]
    yield case("golden_chain", "chain", chained, digest=CHAIN_EMPTY_R)
    with_abc = k.CNode(2, {1: data()})
    caps: dict[str, k.Capability] = {
        "image_empty": k.ImageCap(IMAGE_HASH["empty"]),
        "data_of_nothing": data(b""),
        "data_abc": data(),
        "gas_0": handle("gas", 0),
        "file_0": handle("file", 0),
        "instance": k.Instance(A, B),
        "type": k.TypeCap(A),
        "cnode_of_1": k.CNodeCap(k.CNode(0)),
        "cnode_of_4_with_abc": k.CNodeCap(with_abc),
    }
    for name, cap in caps.items():
        yield case(f"golden_cap_{name}", "cap", k.encode(cap), digest=CAP[name])
    kernel: dict[int, k.Capability] = {
        slot: k.Instance(k.KERNEL_IMAGE[name], ZERO) for name, slot in k.table.KERNEL_SLOT.items()
    }
    cnodes = {
        "empty_of_1": k.CNode(0),
        "empty_of_4": k.CNode(2),
        "empty_of_256": k.CNode(8),
        "of_4_with_abc": with_abc,
        "genesis": k.CNode(8, kernel),
    }
    for name, cnode in cnodes.items():
        yield case(f"golden_cnode_{name}", "cnode", k.encode(cnode), digest=CNODE[name])


def subjects() -> list[KernelSubject]:
    return [
        gathered("image", "hash_bytes", of_bytes, of_leaves),
        gathered("image", "hash_cap", of_caps, of_cnodes),
        gathered("image", "hash_image", of_images, of_chains, of_states, golden),
    ]
