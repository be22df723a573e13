"""image.md: the state σ and its root."""

from dataclasses import dataclass, field, replace

from model.kernel.hash import H, data_hash
from model.kernel.scale import HASH, U32, U64, Bytes, Map, Struct, Vec
from model.reach import rule


@dataclass(frozen=True)
class DataBlob:
    content_hash: bytes
    size: int
    refcount: int
    backing_quota: int


@dataclass(frozen=True)
class VaultRecord:
    image_hash_chain: bytes
    content_hash: bytes


@dataclass(frozen=True)
class IdCounters:
    next_file_id: int = 0
    next_code_id: int = 0
    next_vault_id: int = 0


@dataclass
class State:
    data_blobs: dict[int, DataBlob] = field(default_factory=dict)
    data_payloads: dict[bytes, bytes] = field(default_factory=dict)
    code_blobs: dict[int, bytes] = field(default_factory=dict)
    vaults: dict[int, VaultRecord] = field(default_factory=dict)
    validators: list[bytes] = field(default_factory=list)
    counters: IdCounters = IdCounters()

    def copy(self) -> "State":
        """A state of its own; what the maps hold never changes in place."""
        return replace(
            self,
            data_blobs=dict(self.data_blobs),
            data_payloads=dict(self.data_payloads),
            code_blobs=dict(self.code_blobs),
            vaults=dict(self.vaults),
            validators=list(self.validators),
        )

    def store(self, data: bytes) -> bytes:
        """Keeps a payload under its hash, which is the answer."""
        hash = data_hash(data)
        self.data_payloads[hash] = bytes(data)
        return hash


BLOB = Struct(DataBlob, content_hash=HASH, size=U64, refcount=U32, backing_quota=U64)
VAULT = Struct(VaultRecord, image_hash_chain=HASH, content_hash=HASH)
COUNTERS = Struct(IdCounters, next_file_id=U64, next_code_id=U64, next_vault_id=U64)
STATE = Struct(
    State,
    data_blobs=Map(U64, BLOB),
    data_payloads=Map(HASH, Bytes()),
    code_blobs=Map(U64, Bytes()),
    vaults=Map(U64, VAULT),
    validators=Vec(HASH),
    counters=COUNTERS,
)


def state_root(state: State) -> bytes:
    rule("image/hash/state")
    return H(STATE.write(state))
