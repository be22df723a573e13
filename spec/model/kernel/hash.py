"""image.md, "Hashes": those over plain bytes; those over values stand beside the values."""

from hashlib import blake2b

from model.kernel.table import LABEL, TAG
from model.reach import rule


def H(data: bytes) -> bytes:
    rule("image/hash/blake2b")
    return blake2b(data, digest_size=32).digest()


def bmt(leaves: list[bytes]) -> bytes:
    """The Merkle root of leaves of 32 bytes."""
    rule("image/hash/bmt")
    if len(leaves) < 2:
        rule("image/hash/bmt/" + ("one" if leaves else "none"))
    if not leaves:
        return H(b"")
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            rule("image/hash/bmt/odd")
            level.append(level[-1])
        level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def node(left: bytes, right: bytes) -> bytes:
    return H(TAG["bmt_node"] + left + right)


def data_hash(data: bytes) -> bytes:
    rule("image/hash/data")
    return H(data)


def chain_extend(chain: bytes, image_hash: bytes) -> bytes:
    rule("image/hash/chain")
    return H(chain + image_hash)


def strip(data: bytes) -> bytes:
    stripped = data.rstrip(b"\0")
    if len(stripped) < len(data):
        rule("image/strip")
    return stripped


KERNEL_IMAGE = {name: H(label) for name, label in LABEL.items()}
