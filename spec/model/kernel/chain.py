"""chain.md: genesis and events."""

from dataclasses import dataclass

from model.kernel import call
from model.kernel.cap import CNode, Data, Instance, handle
from model.kernel.exchange import Tables
from model.kernel.hash import KERNEL_IMAGE, data_hash
from model.kernel.host import pinned_caps
from model.kernel.image import Image, admit, datas, image_hash
from model.kernel.stack import Kernel
from model.kernel.state import STATE, IdCounters, State, VaultRecord, state_root
from model.kernel.table import KERNEL_SLOT, LIMIT
from model.machine.exit import Observer, Refused
from model.reach import rule

CHAIN_CODE = CHAIN_VAULT = ROOT_METER = ROOT_QUOTA = 0


@dataclass
class EventResult:
    outcome: str
    exit: str
    argument: int
    value: int
    gas_used: int


class Chain:
    def __init__(self, image: bytes) -> None:
        """Genesis; raises DecodeError or NotAdmitted."""
        rule("chain/genesis")
        self.image = admit(image)
        rule("cap/created_content")
        self.chain_instance = Instance(image_hash(self.image))
        self.sigma = State(counters=IdCounters(next_file_id=0, next_code_id=1, next_vault_id=1))
        self.commit()
        for _, data in datas(self.image):
            rule("chain/genesis/contents")
            self.sigma.store(data.content)

    def commit(self) -> None:
        """Writes the chain Instance and the chain Image into σ."""
        self.sigma.code_blobs[CHAIN_CODE] = self.image.code
        self.sigma.vaults[CHAIN_VAULT] = VaultRecord(self.chain_instance.chain, self.chain_instance.content)

    def apply(
        self, endpoint: int, payload: bytes, gas: int, quota: int, observer: Observer | None = None
    ) -> EventResult:
        """Applies one event."""
        if not 0 <= endpoint < 2**8 or not 0 <= gas < 2**64 or not 0 <= quota < 2**64:
            raise Refused("an endpoint is a u8, gas and quota are u64")
        if gas == 0 or quota == 0:
            rule("chain/event/zero_budgets")
        rule("chain/event/payload")
        payload_cap = Data(len(payload), self.sigma.store(payload))
        before = self.sigma.copy()

        rule("chain/event/fresh")
        cnode = root_cnode(self.image)
        cnode.write(LIMIT["payload_slot"], payload_cap)
        rule("chain/event/tables")
        kernel = Kernel(self.sigma, Tables(meters={ROOT_METER: gas}, quotas={ROOT_QUOTA: quota}))
        activation, ending = call.run(kernel, self.chain_instance, self.image, cnode, endpoint, gas, observer)

        rule("chain/event/outcome")
        value = 0
        if ending.outcome == "halt":
            rule("chain/event/halt")
            self.chain_instance, self.image = activation.instance, activation.image
            self.commit()
            value = activation.regs[7]
        else:
            rule("chain/event/rollback")
            self.sigma = before
        return EventResult(ending.outcome, ending.exit, ending.argument, value, activation.gas_used)

    def state(self) -> bytes:
        return STATE.write(self.sigma)

    def root(self) -> bytes:
        rule("chain/root")
        return state_root(self.sigma)

    @property
    def instance(self) -> bytes:
        return call.instance_bytes(self.chain_instance)


def root_cnode(image: Image) -> CNode:
    """The root CNode of a chain Instance: kernel capabilities, then what the Image says."""
    rule("chain/kernel_caps")
    cnode = CNode(LIMIT["root_size_log"])
    for name, slot in KERNEL_SLOT.items():
        cnode.write(slot, kernel_cap(name))
    caps = pinned_caps(image)
    for slot, data in image.initial_slots.items():
        caps[slot] = Data(data.size, data_hash(data.content))
    if caps:
        rule("chain/image_slots")
    for slot, cap in caps.items():
        cnode.write(slot, cap)
    return cnode


def kernel_cap(name: str) -> Instance:
    """Gas 0, Quota 0, or a kernel Instance without content."""
    if name in ("gas", "quota"):
        return handle(name, {"gas": ROOT_METER, "quota": ROOT_QUOTA}[name])
    return Instance(KERNEL_IMAGE[name])
